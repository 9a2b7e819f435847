"""What Google's client sends for Gemini Omni and what ours sends for the same intent, as the sandbox received them."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from tests.kernel.sandbox import Sandbox, submits
from tests.sdk.conftest import KEY, play
from tests.sdk.test_bodies import differences
from veo_nb.api.client import AsyncClient
from veo_nb.api.dialects.interactions import PREVIOUS
from veo_nb.errors import SubmissionUncertain, VeoError
from veo_nb.request import Source, make_request

pytestmark = pytest.mark.sdk

# Nothing is rendered for it.
PROMPT = "A quiet lake. sandbox:filter"
SHORT: dict[str, Any] = {"duration_seconds": 3, "resolution": "360p"}
GONE = Source(f"{PREVIOUS}v1_0", "v1_0")
REQUESTS: dict[str, dict[str, Any]] = {
    "bare": {},
    "text": {**SHORT, "aspect_ratio": "16:9"},
    "image": {**SHORT, "image": "first"},
    "frames": {**SHORT, "image": "first", "last_frame": "last"},
    "references": {**SHORT, "reference_images": ["first", "last"]},
    "seeded": {"seed": 7, "duration_seconds": 3, "aspect_ratio": "9:16"},
    "edit_of_one_that_is_gone": {"prompt": "At night", "edit": GONE, "resolution": "360p"},
    "extension_of_one_that_is_gone": {**SHORT, "prompt": "At night", "video": GONE},
}
HOMES = {"key": ("/v1", "/v1beta"), "express": ("/v1beta1", "/v1beta1")}
FAILS_ONCE = '[[fault]]\nkind = "status"\ncall = "submit"\nnth = 1\nstatus = 500\ncarried_out = true\n'


def ours(mode, url):
    return AsyncClient("gemini" if mode == "key" else "vertex", KEY, url)


@pytest.fixture(scope="module", params=["key", "express"])
def bodies(request, tmp_path_factory):
    """Two entries of the sandbox's journal for each request: Google's and ours."""
    mode = request.param
    folder = tmp_path_factory.mktemp(mode)

    async def send(url):
        async with ours(mode, url) as client:
            for given in REQUESTS.values():
                fields = {"prompt": PROMPT, "model": "omni", **given}
                for name in fields.keys() & {"image", "last_frame"}:
                    fields[name] = folder / f"{fields[name]}.png"
                if "reference_images" in fields:
                    fields["reference_images"] = [folder / f"{one}.png" for one in given["reference_images"]]
                # One that goes on from what is gone is refused, and was sent all the same.
                gone = GONE in fields.values()
                with pytest.raises(VeoError, match="v1_0") if gone else nullcontext():
                    await client.submit(make_request(client.provider, **fields))

    with Sandbox(folder / "data", 0.0, "--in-flight", "0") as sandbox:
        play(mode, sandbox.url, folder, *REQUESTS, prompt=PROMPT, driver="omni.py")
        asyncio.run(send(sandbox.url))
        arrived = submits(folder / "data")
    theirs, mine = arrived[: len(REQUESTS)], arrived[len(REQUESTS) :]
    return SimpleNamespace(mode=mode, pairs=dict(zip(REQUESTS, zip(theirs, mine, strict=True), strict=True)))


def parts(body):
    """The input's parts: Google's client passes a text on as it is, and wraps a list into a turn of the person's."""
    given = body["input"]
    if isinstance(given, str):
        return [{"type": "text", "text": given}]
    (turn,) = given
    assert turn["type"] == "user_input"
    return turn["content"]


@pytest.mark.parametrize("name", REQUESTS)
def test_these_requests_mean_the_same(bodies, name):
    theirs, mine = bodies.pairs[name]
    # Both forms of the input are taken (live reports), and of the two the flat list is the one that Google's pages show.
    expected: list[tuple[str, Any, Any]] = []
    if bodies.mode == "express":
        # Of Vertex AI it is the default; to name it says nothing.
        expected.append((".response_format.delivery", "inline", "absent"))
    if name == "bare":
        # Left out it is inferred; named, a picture can't be taken for a reference. It is what Google's samples show.
        expected.insert(0, (".generation_config", "absent", {"video_config": {"task": "text_to_video"}}))
    assert differences({**theirs["body"], "input": parts(theirs["body"])}, mine["body"]) == expected


def test_the_paths_differ_by_the_version_alone(bodies):
    """With a key this client's default is `v1`; Google's pages and all who report of it live say `v1beta`, so do we."""
    homes = HOMES[bodies.mode]
    for pair in bodies.pairs.values():
        assert tuple(entry["path"] for entry in pair) == tuple(f"{home}/interactions" for home in homes)


def test_what_may_have_arrived_is_sent_again_by_google_and_not_by_us(tmp_path):
    """Google's client repeats the POST after a 5xx, 429 or 408, whatever became of the first: a clip more, and paid."""
    table = tmp_path / "faults.toml"
    table.write_text(FAILS_ONCE)
    folders = {name: tmp_path / name for name in ("theirs", "mine")}

    async def send(url):
        async with ours("key", url) as client:
            with pytest.raises(SubmissionUncertain):
                await client.submit(make_request(client.provider, prompt=PROMPT, model="omni"))

    for name, folder in folders.items():
        folder.mkdir()
        with Sandbox(folder / "data", 0.0, "--faults", str(table)) as sandbox:
            if name == "mine":
                asyncio.run(send(sandbox.url))
            else:
                told = play("key", sandbox.url, folder, "bare", prompt=PROMPT, driver="omni.py")
                assert told["bare"]["status"] == "completed"
    assert [len(submits(folder / "data")) for folder in folders.values()] == [2, 1]
