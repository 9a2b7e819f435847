"""Our client and the sandbox, which share no code, over a real socket: each scene, each field, each no."""

from __future__ import annotations

import asyncio
import hashlib
import io
import itertools
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from veo_nb import catalog, errors
from veo_nb.api.client import AsyncClient
from veo_nb.media.picture import Picture
from veo_nb.media.probe import probe
from veo_nb.request import Source, make_request

# Nothing is rendered for it.
PROMPT = "A fox. sandbox:filter"
PROVIDERS = ("gptproto", "gemini", "vertex")
KEY = "sk-test"


def client_of(name, server, key=KEY, **settings):
    return AsyncClient(name, key, server.url, **settings)


def veo(client, **fields):
    """A request for Veo; Gemini Omni has scenes of its own below."""
    return make_request(client.provider, **{"model": "fast", **fields})


async def finished(client, request):
    """An operation once it is done."""
    operation = await client.submit(request)
    for _ in range(600):
        found = await client.poll(request.model, operation.name)
        if found.done:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("it does not end")


async def clip_of(client, path, **fields):
    """The file of a clip that was asked for, and the address that it came from, if any."""
    found = await finished(client, veo(client, **fields))
    assert found.error is None
    [sample] = found.samples
    if sample.uri:
        await client.download(sample.uri, path)
    else:
        path.write_bytes(sample.data)
    return path, sample.uri


# The scenes.


@pytest.mark.parametrize("provider", ["gptproto", "vertex"])
async def test_three_scenes_are_made(sandbox, photo, tmp_path, provider):
    async with client_of(provider, sandbox) as client:
        text, uri = await clip_of(client, tmp_path / "a.mp4", prompt="A quiet lake", duration_seconds=4)
        # Where there is no address that a server knows, the file goes along.
        source = Source(uri or text.as_uri(), "text")
        still = {"image": photo(180, 320), "aspect_ratio": "9:16", "duration_seconds": 4}
        upright, _ = await clip_of(client, tmp_path / "b.mp4", prompt="A slow camera", **still)
        longer, _ = await clip_of(client, tmp_path / "c.mp4", prompt="It begins to snow", video=source)
    assert probe(text).duration == pytest.approx(4, abs=0.01)
    assert (probe(upright).width, probe(upright).height) == (720, 1280)
    assert probe(longer).duration == pytest.approx(11, abs=0.05)


@pytest.mark.parametrize("provider", ["gemini", "vertex"])
async def test_gemini_omni_makes_a_clip_changes_it_and_goes_on_from_it(sandbox, photo, tmp_path, provider):
    async with client_of(provider, sandbox) as client:
        small: dict[str, Any] = {"model": "omni", "resolution": "360p"}
        asked = make_request(
            client.provider, prompt="A lake", image=photo(640, 360), duration_seconds=3, **small
        )
        found = await finished(client, asked)
        assert (found.error, len(found.samples)) == (None, 1)
        source = Source(f"interaction:{found.name}", "a")
        changed, _ = await clip_of(client, tmp_path / "b.mp4", prompt="Make it snow", edit=source, **small)
        longer, _ = await clip_of(
            client, tmp_path / "c.mp4", prompt="It goes on", video=source, duration_seconds=3, **small
        )
        sent, _ = await clip_of(
            client, tmp_path / "d.mp4", prompt="At night", edit=Source(changed.as_uri(), "b"), **small
        )
    lengths = [probe(path).duration for path in (changed, longer, sent)]
    assert lengths == pytest.approx([3, 6, 3], abs=0.1)


async def test_a_clip_is_fetched_from_the_bucket_that_it_was_put_into(sandbox, tmp_path):
    async with client_of("vertex", sandbox, storage_uri="gs://my-bucket/clips") as client:
        path, uri = await clip_of(client, tmp_path / "a.mp4", prompt="Dunes", duration_seconds=4)
    assert uri.startswith("gs://my-bucket/clips/")
    assert probe(path).duration == pytest.approx(4, abs=0.01)


# The fields: what is set arrives under its name in API.md, and nothing else does.


def picture(colour):
    out = io.BytesIO()
    Image.new("RGB", (16, 9), colour).save(out, "PNG")
    return out.getvalue()


def arrived(data):
    """An image as the log has it."""
    told = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return {"mimeType": "image/png", "bytesBase64Encoded": told}


RED, BLUE = picture("red"), picture("blue")
THINGS = [{"image": arrived(data), "referenceType": "asset"} for data in (RED, BLUE)]
FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "prompt": ({}, {}, {}),
    "image": ({"image": RED}, {"image": arrived(RED)}, {}),
    "last_frame": (
        {"image": RED, "last_frame": BLUE},
        {"image": arrived(RED), "lastFrame": arrived(BLUE)},
        {},
    ),
    "reference_images": ({"reference_images": [RED, BLUE]}, {"referenceImages": THINGS}, {}),
    "aspect_ratio": ({"aspect_ratio": "9:16"}, {}, {"aspectRatio": "9:16"}),
    "resolution": ({"resolution": "1080p"}, {}, {"resolution": "1080p"}),
    "duration_seconds": ({"duration_seconds": 6}, {}, {"durationSeconds": 6}),
    "person_generation": ({"person_generation": "allow_all"}, {}, {"personGeneration": "allow_all"}),
    "enhance_prompt": ({"enhance_prompt": False}, {}, {"enhancePrompt": False}),
    "negative_prompt": ({"negative_prompt": "rain"}, {}, {"negativePrompt": "rain"}),
    "seed": ({"seed": 0}, {}, {"seed": 0}),
    "sample_count": ({"sample_count": 2}, {}, {"sampleCount": 2}),
    "generate_audio": ({"generate_audio": False}, {}, {"generateAudio": False}),
    "resize_mode": (
        {"image": RED, "resize_mode": "pad"},
        {"image": arrived(RED)},
        {"resizeMode": "pad"},
    ),
    "compression_quality": ({"compression_quality": "lossless"}, {}, {"compressionQuality": "lossless"}),
}
"""Of each field: what is asked, and what it adds to the instance and to the parameters."""


def takes(provider, field):
    one = catalog.PROVIDERS[provider]
    return one.takes(catalog.FIELD[field], catalog.find_model("fast", one))


def test_every_field_of_the_catalog_is_looked_at():
    # The model stands in the path, and the clips are looked at below.
    assert FIELDS.keys() | {"model", "video", "edit"} == catalog.FIELD.keys()


@pytest.mark.parametrize(
    ("provider", "field"),
    [pair for pair in itertools.product(PROVIDERS, FIELDS) if takes(*pair)],
)
async def test_a_field_that_is_set_arrives_and_no_other(sandbox, provider, field):
    asked, instance, parameters = FIELDS[field]
    if provider == "vertex" and field == "enhance_prompt":
        asked, parameters = {"enhance_prompt": True}, {"enhancePrompt": True}
    async with client_of(provider, sandbox) as client:
        await client.submit(veo(client, prompt=PROMPT, **asked))
    if provider == "gptproto" and field == "duration_seconds":
        parameters = {"durationSeconds": "6"}
    expected = {"instances": [{"prompt": PROMPT, **instance}]}
    assert sandbox.log()[-1]["body"] == {**expected, **({"parameters": parameters} if parameters else {})}


@pytest.mark.parametrize("provider", ["gemini", "vertex"])
async def test_every_field_that_goes_together_arrives(sandbox, provider):
    taken = [part for field, part in FIELDS.items() if takes(provider, field)]
    together = {name: value for asked, _, _ in taken for name, value in asked.items()}
    if provider == "vertex":
        together["enhance_prompt"] = True
    del together["reference_images"]
    together |= {"duration_seconds": 8, "aspect_ratio": "16:9"}
    async with client_of(provider, sandbox) as client:
        await client.submit(veo(client, prompt=PROMPT, **together))
    body = sandbox.log()[-1]["body"]
    assert body["instances"][0].keys() == {"prompt", "image", "lastFrame"}
    assert body["parameters"] == {
        **{name: value for _, _, part in taken for name, value in part.items()},
        "durationSeconds": 8,
        "aspectRatio": "16:9",
        **({"enhancePrompt": True} if provider == "vertex" else {}),
    }


@pytest.mark.parametrize(
    ("provider", "uri", "video"),
    [
        *((name, "https://h/v1beta/files/gone:download", None) for name in ("gptproto", "gemini")),
        ("vertex", "gs://my-bucket/gone.mp4", {"gcsUri": "gs://my-bucket/gone.mp4", "mimeType": "video/mp4"}),
    ],
)
async def test_a_source_video_arrives(sandbox, provider, uri, video):
    async with client_of(provider, sandbox) as client:
        request = veo(client, prompt=PROMPT, video=Source(uri, "x"))
        with pytest.raises(errors.InvalidRequest, match="not here any more"):
            await client.submit(request)
    assert sandbox.log()[-1]["body"] == {"instances": [{"prompt": PROMPT, "video": video or {"uri": uri}}]}


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_every_model_arrives(sandbox, provider):
    async with client_of(provider, sandbox) as client:
        for model in client.provider.models:
            operation = await client.submit(make_request(client.provider, prompt=PROMPT, model=model))
            if model in catalog.OMNI:
                assert sandbox.log()[-1]["body"]["model"] == model
                assert operation.name.startswith("v1_")
                continue
            assert f"/{model}:" in sandbox.log()[-1]["path"]
            assert f"models/{model}/operations/" in operation.name


# The ways of saying no, each to its class.


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_each_no_is_understood(sandbox, provider, tmp_path):
    async with client_of(provider, sandbox) as client:
        fine = veo(client, prompt=PROMPT)

        async def refused(kind, **changes):
            with pytest.raises(kind) as caught:
                await client.submit(replace(fine, **changes))
            return caught.value

        # What the catalog would have refused is put past it.
        assert "policy" in (await refused(errors.ContentBlocked, prompt="sandbox:block")).message
        broken = Picture(b"no image", "image/png", 1, 1)
        assert "can't be read" in (await refused(errors.InvalidRequest, image=broken)).message
        together = {"sample_count": 9}
        assert "sampleCount can't be 9" in (await refused(errors.InvalidRequest, **together)).message
        await refused(errors.NotFound, model="veo-9")

        operation = await client.submit(fine)
        with pytest.raises(errors.NotFound):
            await client.poll(fine.model, operation.name[:-4] + "none")
        with pytest.raises(errors.NotFound):
            await client.download(f"{sandbox.url}/v1beta/files/none0:download", tmp_path / "clip.mp4")

        found = await finished(client, replace(fine, sample_count=2))
        assert isinstance(found.error, errors.ContentBlocked)
        assert "not charged" in found.error.message
        found = await finished(client, replace(fine, prompt="sandbox:fail"))
        assert isinstance(found.error, errors.OperationFailed)
    async with client_of(provider, sandbox, "sk-wrong-key") as stranger:
        with pytest.raises(errors.AuthenticationError):
            await stranger.submit(fine)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_partly_filtered_answer_has_samples_and_reasons(sandbox, provider):
    prompt = "A lake. sandbox:filter-one"
    async with client_of(provider, sandbox) as client:
        asked = veo(client, prompt=prompt, sample_count=2, duration_seconds=4)
        found = await finished(client, asked)
    assert len(found.samples) == len(found.filtered) == 1
    assert found.error is None


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_too_many_are_told_when_to_come_again(launch, tmp_path, provider):
    server = launch(tmp_path, "--per-minute", "1")
    async with client_of(provider, server) as client:
        request = make_request(client.provider, prompt=PROMPT)
        await client.submit(request)
        with pytest.raises(errors.RateLimited) as caught:
            await client.submit(request)
    assert 50 <= caught.value.facts["retry_after"] <= 60
