"""What Google's client sends and what ours sends for the same request, side by side, as the sandbox received them."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from tests.kernel.sandbox import Sandbox, submits
from tests.sdk.conftest import KEY, play
from veo_nb import catalog
from veo_nb.api.client import AsyncClient
from veo_nb.errors import InvalidRequest
from veo_nb.request import Source, make_request

pytestmark = pytest.mark.sdk

# Nothing is rendered for it.
PROMPT = "A quiet lake. sandbox:filter"
REQUESTS: dict[str, dict[str, Any]] = {
    "bare": {},
    "text": {"duration_seconds": 4, "resolution": "720p", "aspect_ratio": "16:9"},
    "image": {"image": "first", "duration_seconds": 4, "person_generation": "allow_adult"},
    "frames": {"image": "first", "last_frame": "last", "duration_seconds": 4},
    "references": {"reference_images": ["first", "last"], "duration_seconds": 8},
    "everything": {
        "sample_count": 2,
        "duration_seconds": 8,
        "aspect_ratio": "9:16",
        "resolution": "1080p",
        "person_generation": "allow_all",
        "negative_prompt": "rain",
    },
    "gone": {"video": True},
}
SAME = ("bare", "text", "image", "frames", "everything")
PLACES = {
    "key": "https://h/v1beta/files/gone0:download?alt=media",
    "express": "gs://my-bucket/gone.mp4",
}


async def sent(client, fields):
    """Send a request; one that goes on from a clip that is gone is refused, and was sent all the same."""
    request = make_request(client.provider, prompt=PROMPT, model="fast", **fields)
    if request.video is None:
        await client.submit(request)
    else:
        with pytest.raises(InvalidRequest, match="not here any more"):
            await client.submit(request)


@pytest.fixture(scope="module", params=["key", "express"])
def bodies(request, tmp_path_factory):
    """Two entries of the sandbox's journal for each request: Google's and ours."""
    mode = request.param
    folder = tmp_path_factory.mktemp(mode)

    async def send(url):
        async with AsyncClient("gemini" if mode == "key" else "vertex", KEY, url) as client:
            for given in REQUESTS.values():
                fields = {
                    name: [folder / f"{item}.png" for item in value]
                    if name == "reference_images"
                    else folder / f"{value}.png"
                    if name in ("image", "last_frame")
                    else Source(PLACES[mode], "gone")
                    if name == "video"
                    else value
                    for name, value in given.items()
                }
                # Google's client sends these two in Vertex mode only.
                if mode == "express" and "negative_prompt" in given:
                    fields |= {"seed": 7, "enhance_prompt": True}
                await sent(client, fields)

    with Sandbox(folder / "data", 0.0, "--in-flight", "0") as sandbox:
        play(mode, sandbox.url, folder, *REQUESTS, prompt=PROMPT)
        asyncio.run(send(sandbox.url))
        arrived = [
            entry for entry in submits(folder / "data") if entry["path"].endswith(":predictLongRunning")
        ]
    theirs, ours = arrived[: len(REQUESTS)], arrived[len(REQUESTS) :]
    return SimpleNamespace(mode=mode, pairs=dict(zip(REQUESTS, zip(theirs, ours, strict=True), strict=True)))


def differences(theirs, ours, where=""):
    """Where two bodies differ: the place, Google's value, ours."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = []
        for name in sorted(theirs.keys() | ours.keys()):
            found += differences(theirs.get(name, "absent"), ours.get(name, "absent"), f"{where}.{name}")
        return found
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        pairs = enumerate(zip(theirs, ours, strict=True))
        return [item for index, pair in pairs for item in differences(*pair, f"{where}[{index}]")]
    return [] if theirs == ours else [(where, theirs, ours)]


@pytest.mark.parametrize("name", SAME)
def test_these_requests_are_the_same(bodies, name):
    theirs, ours = bodies.pairs[name]
    assert differences(theirs["body"], ours["body"]) == []
    assert theirs["path"] == ours["path"]


def test_a_reference_is_called_asset_in_other_letters(bodies):
    """Google's client writes the name of its enum. Its REST pages, and the provider's, write it small, and so do we."""
    theirs, ours = bodies.pairs["references"]
    assert differences(theirs["body"], ours["body"]) == [
        (f".instances[0].referenceImages[{index}].referenceType", "ASSET", "asset") for index in range(2)
    ]


def test_a_source_video_is_named_without_its_encoding(bodies):
    """The Developer API's page shows the address alone, and the server knows the file; Google's client hands the whole
    object back that the server once gave it. On Vertex AI the type is documented, and both send it."""
    theirs, ours = bodies.pairs["gone"]
    expected = [(".instances[0].video.encoding", "video/mp4", "absent")] if bodies.mode == "key" else []
    assert differences(theirs["body"], ours["body"]) == expected


@pytest.mark.parametrize("name", ["seed", "enhance_prompt"])
def test_what_googles_client_refuses_to_send_with_a_key_we_do_send(name):
    """Whether a service takes it is for the service to say: a gateway may, and its own words explain why not."""
    fields: dict[str, Any] = {name: {"seed": 7, "enhance_prompt": False}[name]}
    request = make_request(catalog.PROVIDERS["gemini"], prompt=PROMPT, model="fast", **fields)
    assert request.settings() == fields
