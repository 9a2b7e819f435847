"""Large inputs of a request to Gemini Omni: brought to the provider first, once, and nothing is paid for before."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image

from tests.world import KEY, Held
from veo_nb import catalog, errors
from veo_nb.engine.inputs.uploads import too_large
from veo_nb.notebook import text
from veo_nb.notebook.protocol import Transfer, format_line
from veo_nb.request import Source, VideoRequest, make_request

GEMINI = catalog.PROVIDERS["gemini"]
URI = "https://generativelanguage.googleapis.com/v1beta/files/"


def noise(width: int, height: int, seed: int = 1) -> bytes:
    """A PNG of as many bytes as its pixels have."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """A picture of more than is sent inside a request."""
    path: Path = tmp_path_factory.mktemp("pictures") / "fox.png"
    path.write_bytes(noise(1920, 1600))
    assert path.stat().st_size > catalog.INLINE_BYTES
    return path


@pytest.fixture
def world(make_world):
    return make_world(provider=GEMINI)


def sent(world):
    """The pictures and the clip of the last request that went out, without the text."""
    return [part for part in world.service.posts[-1]["input"] if part["type"] != "text"]


async def test_a_large_picture_is_uploaded_and_named_by_its_address(world, large):
    job = await world.drive("A fox.", {"model": "omni", "image": str(large)})
    await world.finish(job)
    assert job.status == "succeeded"
    assert bytes(world.service.files["up0"]) == large.read_bytes()
    assert sent(world) == [{"type": "image", "mime_type": "image/png", "uri": f"{URI}up0"}]
    # What is asked for is the same as if it had gone along.
    assert world.row(job).request["image"]["sha256"] == job.request.image.sha256
    assert "uri" not in world.row(job).request["image"]


async def test_it_is_uploaded_while_the_job_waits_and_the_card_says_how_far_it_is(world, large):
    held = Held()
    world.service.uploads = [None, held]
    job = await world.drive("A fox.", {"model": "omni", "image": str(large)})
    size = large.stat().st_size
    assert (job.status, job.now.submitted_at, world.row(job).state) == ("queued", None, "queued")
    assert (job.now.note.kind, job.now.note.why, job.now.total) == ("uploading", "fox.png", size)
    job.change(received=int(5.5e6))
    assert format_line(text.line(job), 0.0) == f"Uploading fox.png: 5.5 of {size / 1e6:.1f} MB"
    assert text.progress(job.now) == Transfer(done=5_500_000, total=size)
    job.change(received=size)
    assert format_line(text.line(job), 0.0) == "fox.png is uploaded, and the provider reads it"
    held.give()
    await world.finish(job)
    assert job.now.received == len(world.service.clip)


async def test_the_same_picture_is_uploaded_once_by_all_jobs_and_kernels(world, large):
    jobs = [await world.drive(said, {"model": "omni", "image": str(large)}) for said in ("A fox.", "An owl.")]
    await world.finish(*jobs)
    other = world.make_engine()
    third = world.job("A bear.", {"model": "omni", "image": str(large)})
    other.drive(third)
    await world.finish(third)
    await other.stop()
    assert len(world.service.files) == 1
    assert [post["input"][0]["uri"] for post in world.service.posts] == [f"{URI}up0"] * 3


async def test_what_is_about_to_be_deleted_or_denied_is_uploaded_again(world, large):
    await world.finish(await world.drive("A fox.", {"model": "omni", "image": str(large)}))
    # As for another key, or after somebody has deleted it.
    del world.service.files["up0"]
    world.service.files["up7"] = bytearray()
    await world.finish(await world.drive("An owl.", {"model": "omni", "image": str(large)}))
    assert sent(world)[0]["uri"] == f"{URI}up1"
    await world.time.advance(47.5 * 3600)
    await world.finish(await world.drive("A bear.", {"model": "omni", "image": str(large)}))
    assert sent(world)[0]["uri"] == f"{URI}up2"


async def test_a_request_that_is_refused_for_its_file_is_sent_again_with_another_once(world, large):
    await world.finish(await world.drive("A fox.", {"model": "omni", "image": str(large)}))
    said = {"error": {"code": "permission_denied", "message": "No permission for the file up0."}}
    world.service.submits = [httpx2.Response(403, json=said)]
    job = await world.drive("An owl.", {"model": "omni", "image": str(large)})
    await world.finish(job)
    assert job.status == "succeeded"
    assert [post["input"][0]["uri"] for post in world.service.posts[1:]] == [f"{URI}up0", f"{URI}up1"]
    said["error"]["message"] = "No permission for the file up1 or up2."
    world.service.submits = [httpx2.Response(403, json=said)] * 3
    job = await world.drive("A bear.", {"model": "omni", "image": str(large)})
    await world.finish(job)
    assert (job.status, len(world.service.posts)) == ("failed", 5)


async def test_a_refusal_for_another_reason_is_the_end(world, large):
    world.service.submits = [httpx2.Response(403, json={"error": {"message": "Not from here."}})]
    job = await world.drive("A fox.", {"model": "omni", "image": str(large)})
    await world.finish(job)
    assert (job.status, len(world.service.posts)) == ("failed", 1)


async def test_an_upload_that_breaks_goes_on_and_the_card_says_why_it_waits(world, large):
    world.service.uploads = [None, httpx2.ReadError("broken")]
    job = await world.drive("A fox.", {"model": "omni", "image": str(large)})
    assert (job.status, job.now.note.kind) == ("queued", "offline")
    await world.finish(job)
    assert job.status == "succeeded"
    commands = [one.headers.get("x-goog-upload-command") for one in world.service.requests[:5]]
    assert commands == ["start", "upload", "query", "upload", "upload, finalize"]


async def test_what_never_comes_through_ends_the_job_and_nothing_is_charged(world, large):
    world.service.uploads = [httpx2.ConnectError("no way")] * 100
    job = await world.drive("A fox.", {"model": "omni", "image": str(large)})
    await world.finish(job)
    assert (job.status, job.error.code) == ("failed", "transport")
    assert world.service.posts == []
    assert [charge.charged for charge in world.ledger.charges()] == [False]


async def test_it_is_named_once_the_provider_has_made_it_ready(world, large):
    service = world.service
    service.uploads = [None, None, *[lambda request: service.upload(request, "PROCESSING")] * 3]
    job = await world.drive("A fox.", {"model": "omni", "image": str(large)})
    assert (job.status, job.now.note.kind, service.posts) == ("queued", "uploading", [])
    await world.finish(job)
    assert job.status == "succeeded"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("FAILED", "The provider can't use fox.png: No picture. Save it anew as a PNG or a JPEG."),
        ("PROCESSING", "fox.png was uploaded, and the provider has not made it ready in 10 min."),
    ],
)
async def test_a_file_that_is_of_no_use_is_told_before_anything_is_sent(world, large, state, said):
    file = {"name": "files/up0", "uri": f"{URI}up0", "state": state, "error": {"message": "No picture."}}
    world.service.uploads = [None, *[httpx2.Response(200, json={"file": file})] * 200]
    job = await world.drive("A fox.", {"model": "omni", "image": str(large)})
    await world.finish(job, within=3600)
    assert job.status == "failed"
    assert said in str(job.error)
    assert world.service.posts == []
    assert world.ledger.upload(job.request.image.sha256, "gemini") is None


async def test_one_that_is_stopped_in_its_upload_costs_nothing(world, large):
    world.service.uploads = [None, Held()]
    job = await world.drive("A fox.", {"model": "omni", "image": str(large)})
    world.engine.cancel(job)
    await world.time.settle()
    assert job.status == "cancelled"
    assert "nothing is charged" in str(job.error)
    assert world.service.posts == []


async def test_a_kernel_that_ends_in_an_upload_leaves_a_job_that_is_just_queued(world, large):
    world.service.uploads = [None, Held()]
    job = await world.drive("A fox.", {"model": "omni", "image": str(large)})
    await world.engine.stop()
    row = world.row(job)
    assert (row.state, row.submitted_at) == ("queued", None)
    other = world.make_engine()
    other.drive(job)
    await world.finish(job)
    await other.stop()
    assert (job.status, len(world.service.posts)) == ("succeeded", 1)


async def test_elsewhere_it_goes_along_as_before(make_world, large):
    vertex = make_world(provider=catalog.PROVIDERS["vertex"])
    job = await vertex.drive("A fox.", {"model": "omni", "image": str(large)})
    assert (vertex.service.files, job.operation) == ({}, "v1_op1")
    assert "data" in sent(vertex)[0]


async def test_what_tells_of_the_person_is_not_in_what_is_sent(world, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "Camera-0815"
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (640, 360), "red").save(path, exif=exif)
    assert b"Camera-0815" in path.read_bytes()
    await world.finish(await world.drive("A fox.", {"model": "omni", "image": str(path)}))
    assert b"Camera-0815" not in world.service.requests[0].content
    assert b"Camera-0815" not in base64.b64decode(sent(world)[0]["data"])


# What goes beforehand


def request_of(**fields) -> VideoRequest:
    return make_request(GEMINI, prompt="A fox.", model="omni", **fields)


def test_of_many_pictures_the_largest_go_first_until_the_rest_is_light_enough(large):
    small = [noise(930, 900, seed) for seed in range(3)]
    request = request_of(reference_images=[*small, str(large)])
    assert [one.title for one in too_large(request, GEMINI)] == ["fox.png"]
    many = [noise(1100, 1000, seed) for seed in range(4)]
    assert [one.size for one in too_large(request_of(reference_images=many), GEMINI)] == [
        max(len(one) for one in many),
        sorted(len(one) for one in many)[-2],
    ]
    assert too_large(request_of(reference_images=many[:2]), GEMINI) == []


def test_a_clip_of_this_machine_goes_beforehand_and_a_named_one_does_not(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(catalog.INLINE_BYTES + 1))
    here = Source(uri=path.as_uri(), key="job:3f2a/0")
    request = replace(request_of(), edit=here)
    [one] = too_large(request, GEMINI)
    assert (one.title, one.mime, one.source) == ("clip.mp4", "video/mp4", path)
    assert too_large(replace(request, edit=Source(uri="interaction:v1_a", key="job:3f2a/0")), GEMINI) == []
    assert too_large(replace(request_of(), model="veo-3.1-fast-generate-preview"), GEMINI) == []


def test_a_picture_may_have_as_many_bytes_as_its_way_takes():
    picture = noise(2900, 2500)
    assert [len(one.data) for one in request_of(image=picture).pictures()] == [len(picture)]
    for provider, model in (("gemini", "fast"), ("vertex", "omni")):
        with pytest.raises(errors.InvalidRequest, match=r"has 21 MB, and .* takes up to 20"):
            make_request(catalog.PROVIDERS[provider], prompt="A fox.", model=model, image=picture)


def test_the_studio_needs_nothing_more_for_it(make_studio, service, large):
    studio = make_studio(provider="gemini")
    job = studio.generate("A fox.", image=str(large)).wait(30)
    again = make_studio(provider="gemini").generate("An owl.", image=str(large)).wait(30)
    assert (job.status, again.status, len(service.files)) == ("succeeded", "succeeded", 1)
    pieces = [one for one in service.requests if "upload_id" in str(one.url)]
    assert [KEY in [*one.headers.values()] for one in pieces] == [False, False]
