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
