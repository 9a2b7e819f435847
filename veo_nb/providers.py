"""What another package needs to bring a provider to veo_nb: this page, and nothing else of veo_nb.

A package that names a `Plugin` under the entry point group `veo_nb.providers` is found where it is installed. From its
entries come the options of `%%veo`, Tab, `%veo help`, sweeps with their empty cells and reasons, the panel's form, prices,
budget and bill; from its dialect what goes over the wire. Jobs, retries, downloads, the ledger and the key are veo_nb's.
A provider is chosen as any other: by its key in the environment, `veo.configure(provider="lumen")`, `%veo login lumen`.

The whole of one, for a service that takes `POST /jobs` and answers `{"ticket": "7"}`, and under `GET /jobs/7`
`{"phase": "waiting"}` until it is `{"phase": "shot", "clipFile": "7.mp4"}`; first its `pyproject.toml`:

    [project]
    name = "veo-nb-lumen"
    version = "1.0"
    dependencies = ["veo-nb"]

    [project.entry-points."veo_nb.providers"]
    lumen = "veo_nb_lumen:plugin"

    [build-system]
    requires = ["hatchling"]
    build-backend = "hatchling.build"

and `veo_nb_lumen.py` beside it:

    # Lumen, a service that nobody runs, in veo_nb.

    import base64
    from urllib.parse import quote

    from veo_nb import ContentBlocked, OperationFailed
    from veo_nb.providers import Call, Dialect, Model, Operation, Plugin, Price, Provider, Rule, Sample


    class LumenJobs(Dialect):
        name = "lumen-jobs"
        fields = ("image", "aspect_ratio", "resolution", "duration_seconds", "seed")

        def submit(self, request, clip=b""):
            body = {"model": request.model, "text": request.prompt, "seconds": request.seconds}
            body["look"] = {"shape": request.shape, "lines": request.lines}
            if request.image is not None:
                body["still"] = base64.b64encode(request.image.data).decode()
            if request.seed is not None:
                body["seed"] = request.seed
            return Call("POST", "/jobs", body)

        def read_submitted(self, answer):
            return Operation(answer["ticket"])

        def poll(self, model, name):
            return Call("GET", f"/jobs/{quote(name, safe='')}")

        def read_operation(self, answer):
            if answer["phase"] == "shot":
                return Operation(done=True, samples=(Sample(uri=answer["clipFile"]),))
            if answer["phase"] == "censored":
                return Operation(done=True, error=ContentBlocked(answer["why"], hint="Change the prompt."))
            if answer["phase"] == "broken":
                return Operation(done=True, error=OperationFailed(answer["why"], hint="Ask again."))
            return Operation()

        def locate(self, uri):
            return f"/clips/{uri}"

        def read_refusal(self, status, answer):
            if status == 422 and answer["kind"] == "censored":
                return ContentBlocked(answer["why"], hint="Change the prompt.")
            return None


    def price(model, resolution, usd):
        return Price(
            provider="lumen",
            model=model,
            resolution=resolution,
            usd_per_second=usd,
            source="https://lumen.example/prices",
            date="2026-11-29",
        )


    plugin = Plugin(
        protocol=1,
        dialects=(LumenJobs(),),
        providers=(
            Provider(
                name="lumen",
                title="Lumen",
                dialects=("lumen-jobs",),
                submit_base="https://api.lumen.example",
                poll_base="https://api.lumen.example",
                key_origins=("https://api.lumen.example",),
                key_header="x-lumen-key",
                key_variables=("LUMEN_API_KEY",),
                requests_per_minute=30,
                in_flight=4,
                retention_seconds=7 * 24 * 3600,
                models=("lumen-2", "lumen-2-quick"),
                default_model="quick",
            ),
        ),
        models=(
            Model(
                id="lumen-2",
                title="Lumen 2",
                alias="lumen",
                dialects=("lumen-jobs",),
                aspect_ratios=("16:9", "9:16", "1:1"),
                resolutions=("480p", "720p"),
                durations=(5, 10),
                default_duration=5,
            ),
            Model(
                id="lumen-2-quick",
                title="Lumen 2 Quick",
                alias="quick",
                dialects=("lumen-jobs",),
                aspect_ratios=("16:9", "1:1"),
                resolutions=("480p", "540p"),
                durations=(5, 10),
                default_duration=5,
                typical_seconds=20.0,
            ),
        ),
        prices=(
            price("lumen-2", "480p", 0.04),
            price("lumen-2", "720p", 0.09),
            price("lumen-2-quick", "480p", 0.01),
            price("lumen-2-quick", "540p", 0.02),
        ),
        rules=(
            Rule(
                field="duration_seconds",
                values=(10,),
                beside={"resolution": ("720p",)},
                dialects=("lumen-jobs",),
                message="{title} makes 10 s at 480p only.",
                hint='Use duration_seconds=5 or resolution="480p".',
            ),
        ),
    )

Dialect. Its methods are pure: they get values and give values, and open nothing. A `Call` names a path; veo_nb puts
`submit_base` or `poll_base` in front of it, or the `base_url` that a person has set, a server for tests on this machine say.
Bodies and answers are JSON. An answer comes as the service wrote it, but without the key where one is quoted. A picture has
its bytes in `data` and its type in `mime`, one of the provider's `image_types`; a clip to go on from is `request.source.uri`,
which is the `uri` that a `Sample` had. Statuses of HTTP mean what they usually do (401 the key, 402 the balance, 404, 429 with
its Retry-After, 5xx), unless `read_refusal` says otherwise.

Money. A submit is sent once. Where its answer is lost, broken, a 5xx or not to be read, the job is *uncertain*, and only a
person sends it again: so `read_submitted` should find the name in whatever the service may answer. Whether a name is still
being worked on is asked until the service says that it is over: `read_operation` gives `Operation()` for all that it does not
know.

Key. It goes into `key_header`, behind a `key_scheme` such as `Bearer`, to `key_origins` and nowhere else; clips elsewhere are fetched without it.

Model. `aspect_ratios`, `resolutions` and `durations` are what it takes; where nothing is set a clip is 16:9 and 720p, or the
first of those where it has not these, and `default_duration` long; `sound=False` says that its clips are silent. Send `request.shape`, `request.lines` and
`request.seconds`: what is shown and priced is then what is made. What can't be combined is a `Rule`, and so is a prompt that
may not be empty beside a picture. A request has no fields but those of `veo_nb.VideoRequest`.

Provider. `lives` are the days since when and until when it serves its models: one that ends soon is warned of.

Life. `Provider.lives` may say since when it serves its models and until when, who says so and where that was read; a person
is warned 30 days before such an end, and named the `successor` of the model. Nothing is refused for it.

Price. In USD, with the day and the place where it was read. Without one a clip has no estimate, and a budget refuses it.

A package that breaks any of this is left out as a whole, with a warning that says why; `%veo doctor` lists what was found.
"""

from veo_nb.api.dialects.foreign import PROTOCOL, Dialect, Plugin
from veo_nb.api.wire import Call, Operation, Sample
from veo_nb.catalog import Life, Mode, Model, Price, Provider, Rule, SourceLimits
from veo_nb.request import VideoRequest

__all__ = [
    "PROTOCOL",
    "Call",
    "Dialect",
    "Life",
    "Mode",
    "Model",
    "Operation",
    "Plugin",
    "Price",
    "Provider",
    "Rule",
    "Sample",
    "SourceLimits",
    "VideoRequest",
]
