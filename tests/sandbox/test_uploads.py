"""Files sent beforehand, by our client to the real server over a socket on which things go wrong."""

from __future__ import annotations

import contextlib
import json
import os

import httpx2
import numpy as np
import pytest
from PIL import Image

from tests.sandbox.conftest import UNLIMITED
from veo_nb import errors
from veo_nb.api.client import AsyncClient
from veo_nb.api.files.upload import Upload
from veo_nb.api.retry import is_passing
from veo_nb.notebook import text
from veo_nb.notebook.protocol import format_line
from veo_nb.studio import Studio

DATA = os.urandom(3_000_000)


@pytest.fixture
def faulty(launch, tmp_path):
    """Start a server on which these faults happen to uploads."""

    def start(*table):
        path = tmp_path / "faults.json"
        path.write_text(json.dumps({"fault": [{"call": "upload", **fault} for fault in table]}))
        return launch(tmp_path / "data", "--latency", "0", "--faults", str(path), *UNLIMITED)

    return start


def photo(data: bytes = DATA) -> Upload:
    return Upload(data, title="fox.png", mime="image/png")


async def bring(client: AsyncClient, upload: Upload):
    """The file, and how often its upload broke off before."""
    for breaks in range(10):
        try:
            return await client.upload(upload), breaks
        except errors.VeoError as error:
            if not is_passing(error):
                raise
    raise AssertionError("it never comes through")


async def test_an_upload_comes_through_whatever_happens_on_its_way(faulty):
    server = faulty(
        {"kind": "reset", "nth": 1},
        {"kind": "reset", "bytes": 1_000_000, "nth": 3},
        {"kind": "status", "status": 503, "nth": 5},
        {"kind": "reset", "nth": 7},
        {"kind": "html", "nth": 9},
    )
    async with AsyncClient("sandbox", server.key, server.url) as client:
        file, breaks = await bring(client, photo())
        assert (file.state, breaks) == ("ACTIVE", 5)
        assert (await client.find_file(file.name)).uri == file.uri
    [whole] = (server.data / "uploads").glob("*.bin")
    assert whole.read_bytes() == DATA


async def test_after_a_break_only_the_rest_is_sent(faulty):
    server = faulty({"kind": "reset", "bytes": 2_000_000, "nth": 2})
    async with AsyncClient("sandbox", server.key, server.url) as client:
        upload = photo()
        with pytest.raises(errors.TransportError):
            await client.upload(upload)
        told = []
        await client.upload(upload, lambda come, _: told.append(come))
    assert 2_000_000 < told[0] < 2_000_000 + 200_000


async def test_a_file_whose_last_answer_was_lost_is_uploaded_anew(faulty):
    server = faulty({"kind": "reset", "nth": 2, "carried_out": True})
    async with AsyncClient("sandbox", server.key, server.url) as client:
        file, breaks = await bring(client, photo())
    assert (file.state, breaks) == ("ACTIVE", 2)


@pytest.mark.parametrize("state", ["PROCESSING", "FAILED"])
async def test_a_file_may_never_be_of_use(faulty, state):
    server = faulty({"kind": "unready", "state": state})
    async with AsyncClient("sandbox", server.key, server.url) as client:
        file = await client.upload(photo())
        assert file.state == (await client.find_file(file.name)).state == state
        assert bool(file.why) is (state == "FAILED")
    answer = server.http.post(
        "/v1beta/interactions",
        json={
            "model": "gemini-omni-1.2-flash",
            "input": [
                {"type": "image", "mime_type": "image/png", "uri": file.uri},
                {"type": "text", "text": "A fox. sandbox:filter"},
            ],
        },
    )
    assert answer.status_code == 400
    assert state in answer.text


def test_a_job_with_a_large_picture_comes_through_by_the_sandbox(faulty, tmp_path):
    server = faulty({"kind": "reset", "bytes": 3_000_000, "nth": 2})
    pixels = np.random.default_rng(1).integers(0, 255, (1600, 1920, 3), dtype=np.uint8)
    path = tmp_path / "fox.png"
    Image.fromarray(pixels).save(path, compress_level=1)
    lines = []
    studio = Studio(environ={}, folder=tmp_path, provider="sandbox", base_url=server.url, api_key=server.key)
    with contextlib.closing(studio):
        job = studio.generate("A fox. sandbox:filter", model="omni", image=str(path))
        job.on_change(lambda one: lines.append(format_line(text.line(one), 0.0)))
        with pytest.raises(errors.ContentBlocked):
            job.wait(60)
    assert any(line.startswith("Uploading fox.png") for line in lines)
    [submit] = [one for one in server.log() if one["path"].endswith("/interactions")]
    [picture, _] = submit["body"]["input"]
    assert picture["uri"].startswith(f"{server.url}/v1beta/files/")
    [whole] = (server.data / "uploads").glob("*.bin")
    assert whole.read_bytes() == path.read_bytes()


def test_the_address_of_an_upload_needs_no_key_and_the_rest_does(faulty):
    server = faulty()
    start = {
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": "4",
    }
    plain = httpx2.Client(base_url=server.url, trust_env=False)
    with plain:
        assert plain.post("/upload/v1beta/files", headers=start).status_code == 401
        begun = server.http.post("/upload/v1beta/files", headers=start)
        headers = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
        file = plain.post(begun.headers["x-goog-upload-url"], headers=headers, content=b"1234").json()["file"]
        assert plain.get(f"/v1beta/{file['name']}").status_code == 401
