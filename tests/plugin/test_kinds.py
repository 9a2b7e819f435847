"""Packages of other kinds: one that takes nothing but a prompt, one that goes on from clips, one that speaks a wire of ours."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest
from PIL import Image

from tests.plugin.service import KEY
from tests.world import Time
from veo_nb import AsyncClient, catalog, errors
from veo_nb.api.dialects.foreign import Foreign
from veo_nb.api.dialects.plugins import load_plugins
from veo_nb.api.wire import Operation
from veo_nb.notebook import text
from veo_nb.notebook.pages.help import page
from veo_nb.notebook.panel.draft import make_setup
from veo_nb.notebook.place import Place
from veo_nb.request import make_request
from veo_nb.views import NotebookStudio

BEGIN = """
from veo_nb.providers import *

class Jobs(Dialect):
    name = "tiny-jobs"
    fields = {fields}
    sources = {sources}

    def submit(self, request, clip=b""):
        source = request.source.uri if request.source else "nothing"
        look = {{"from": source, "bytes": len(clip)}}
        return Call("POST", "/jobs", {{"model": "m", "text": request.prompt, "seconds": request.seconds, "look": look}})

    def read_submitted(self, answer):
        return Operation(answer["ticket"])

    def poll(self, model, name):
        return Call("GET", f"/jobs/{{name}}")

    def read_operation(self, answer):
        if answer["phase"] == "shot":
            return Operation(done=True, samples=[Sample(uri=answer["clipFile"])])
        return Operation()

    def locate(self, uri):
        return f"/clips/{{uri}}"

plugin = Plugin(
    protocol=1,
    dialects=[Jobs()],
    providers=[Provider(
        name="tiny", title="Tiny", dialects=["tiny-jobs"], submit_base="https://tiny.example",
        poll_base="https://tiny.example", key_origins=["https://tiny.example"], key_header="x-lumen-key",
        key_variables=["TINY_API_KEY"], models=["Tiny/One"], default_model="tiny",
    )],
    models=[Model(
        id="Tiny/One", title="Tiny One", alias="tiny", dialects=["tiny-jobs"],
        aspect_ratios={shapes}, resolutions=[], durations=[], default_duration=6,
    )],
    prices=[Price(
        provider="tiny", model="Tiny/One", usd_per_call=0.25, source="https://tiny.example", date="2026-11-29",
    )],
)
"""


@pytest.fixture
def tiny(install, lumen, tmp_path, tls):
    studios = []
    time = Time()

    def make(fields=(), sources=None, shapes=()):
        install("veo-nb-tiny", BEGIN.format(fields=fields, sources=sources, shapes=shapes))
        environ = {"TINY_API_KEY": KEY, "VEO_NB_BASE_URL": lumen.url, "VEO_NB_LIBRARY": "library"}
        studios.append(NotebookStudio(environ=environ, folder=tmp_path, clock=time.clock, sleep=time.hurry))
        return studios[-1]

    yield make
    for studio in studios:
        studio.close()


def test_one_that_takes_nothing_but_a_prompt(tiny, lumen, tmp_path):
    studio = tiny()
    job = studio.generate("A fox.", model="Tiny/One")
    job.wait(30)
    assert (job.estimate, lumen.jobs[0]["seconds"]) == (0.25, 6)
    assert text.settings(job.request) == ["tiny"]
    for name, value in (("resolution", "720p"), ("duration_seconds", 6), ("image", "x"), ("fit", "crop")):
        with pytest.raises(errors.InvalidRequest):
            studio.generate("A fox.", **{name: value})
    provider = studio.settings.provider
    assert text.prices(catalog.MODELS["Tiny/One"], provider, studio.settings.prices) == {
        "https://tiny.example, 2026-11-29": "$0.25 a call"
    }
    form = {one.name: one for one in make_setup(studio, Place(tmp_path)).fields}
    assert [one.value for one in form["model"].choices if ":" not in str(one.value)] == ["tiny"]
    assert form["aspect_ratio"].unset == ""
    assert "--resolution" in page().data


def test_a_picture_keeps_its_shape_where_no_shape_can_be_asked_for(tiny, lumen, tmp_path):
    Image.new("RGB", (200, 300), "red").save(tmp_path / "upright.png")
    job = tiny(fields=("image",)).generate("A fox.", image=tmp_path / "upright.png")
    job.wait(30)
    assert (job.request.image.width, job.request.image.height) == (200, 300)
    assert job.request.aspect_ratio is None


@pytest.mark.parametrize(("inline", "schemes", "sent"), [(False, ("https",), False), (True, ("gs",), True)])
def test_one_that_goes_on_from_a_clip_and_changes_one(inline, schemes, sent, tiny, lumen, clip):
    limits = (
        f"SourceLimits(schemes={schemes}, inline={inline}, least_seconds=0, most_seconds=60, lines=(108, 720), "
        "edited_seconds=20)"
    )
    studio = tiny(fields=("video", "edit"), sources=limits)
    first = studio.generate("A fox.").wait(30)
    second = first.video.extend("It runs.").wait(30)
    third = first.video.edit("In snow.").wait(30)
    for job, body in zip((second, third), lumen.jobs[1:], strict=True):
        assert body["look"]["bytes"] == (len(clip) if sent else 0)
        assert sent or body["look"]["from"] == "1.mp4"
        assert job.request.source.key == f"job:{first.id}/0"


OURS = """
from veo_nb.providers import Plugin, Provider

plugin = Plugin(protocol=1, providers=[Provider(
    name="mirror", title="Mirror", dialects=["gemini"], submit_base="https://mirror.example",
    poll_base="https://mirror.example", key_origins=["https://mirror.example"], key_variables=["MIRROR_API_KEY"],
    models=["veo-3.1-fast-generate-preview"], price_note="Google's list price; Mirror has its own",
)])
"""


async def test_one_that_speaks_a_wire_of_ours_is_one_entry(install):
    install("veo-nb-mirror", OURS)
    assert [one.trouble for one in load_plugins()] == [""]
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((str(request.url), request.headers["x-goog-api-key"]))
        return httpx2.Response(200, json={"name": "models/m/operations/7"})

    async with AsyncClient("mirror", KEY, transport=httpx2.MockTransport(answer)) as client:
        await client.submit(make_request(client.provider, prompt="A fox.", negative_prompt="rain"))
    place = "https://mirror.example/v1beta/models/veo-3.1-fast-generate-preview:predictLongRunning"
    assert asked == [(place, KEY)]


@pytest.mark.parametrize(
    ("size", "shape"), [((400, 300), "4:3"), ((300, 400), "3:4"), ((600, 300), "16:9"), ((300, 300), "16:9")]
)
def test_a_picture_leads_to_the_nearest_of_its_models_shapes(size, shape, tiny, tmp_path):
    Image.new("RGB", size, "red").save(tmp_path / "first.png")
    studio = tiny(fields=("image", "aspect_ratio"), shapes=("4:3", "16:9", "3:4"))
    assert studio.preview("A fox.", image=tmp_path / "first.png", fit="crop").request.shape == shape


@pytest.mark.parametrize(
    ("told", "shown"), [(0.25, 0.25), (1, 1.0), (0, None), (7, None), ("half", None), (None, None)]
)
def test_what_a_dialect_tells_of_progress_is_taken_where_it_is_a_share(told, shown):
    dialect = SimpleNamespace(read_operation=lambda answer: Operation(progress=told))
    spoken = Foreign(dialect=cast("Any", dialect), package="acme 1", submit_base="", poll_base="")
    assert spoken.read_operation(b"{}").progress == shown
