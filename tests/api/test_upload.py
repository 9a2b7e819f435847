"""A file on its way to the provider: in pieces, without a key, going on where it was broken off."""

from __future__ import annotations

import json

import httpx2
import pytest

from tests.api.service import KEY, Loopback, answer, cut, refusal
from veo_nb import errors
from veo_nb.api.client import AsyncClient
from veo_nb.api.files.calls import read_file
from veo_nb.api.files.upload import PIECE, Upload
from veo_nb.api.retry import is_passing

GOOGLE = "https://generativelanguage.googleapis.com"
DATA = bytes(range(256)) * 100
FILE = {
    "name": "files/abc",
    "uri": f"{GOOGLE}/v1beta/files/abc",
    "state": "ACTIVE",
    "expirationTime": "2026-12-01T10:00:00.123456789Z",
}
WHOLE = answer(200, {"file": FILE}, x_goog_upload_status="final")


def omni(server: Loopback) -> AsyncClient:
    return AsyncClient("gemini", KEY, server.url)


def begun(server_path: str = "/upload/v1beta/files?upload_id=1"):
    """An announcement is taken; the bytes go to Google's own address, in whose place the base stands."""
    return answer(200, x_goog_upload_url=f"{GOOGLE}{server_path}")


def come(size: int, status: str = "active"):
    return answer(200, x_goog_upload_status=status, x_goog_upload_size_received=str(size))


def fox(data: bytes = DATA) -> Upload:
    return Upload(data, title="fox.png", mime="image/png")


async def test_it_is_announced_with_the_key_and_sent_without():
    async with Loopback(begun(), WHOLE) as server, omni(server) as client:
        told = []
        file = await client.upload(fox(), lambda done, size: told.append((done, size)))
    first, second = server.calls
    assert (first.method, first.target) == ("POST", "/upload/v1beta/files")
    assert json.loads(first.body) == {
        "file": {"display_name": "fox.png", "mime_type": "image/png", "size_bytes": len(DATA)}
    }
    assert {name: value for name, value in first.headers.items() if name.startswith("x-goog")} == {
        "x-goog-api-key": KEY,
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": str(len(DATA)),
        "x-goog-upload-header-content-type": "image/png",
    }
    assert second.target == "/upload/v1beta/files?upload_id=1"
    assert second.body == DATA
    assert {name: value for name, value in second.headers.items() if name.startswith("x-goog")} == {
        "x-goog-upload-command": "upload, finalize",
        "x-goog-upload-offset": "0",
    }
    assert (file.name, file.uri, file.state, file.expires_at) == (*[*FILE.values()][:3], 1796119200.123456)
    assert told[-1] == (len(DATA), len(DATA))


async def test_a_large_file_goes_in_pieces_from_the_disk(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(PIECE) + b"the end")
    async with Loopback(begun(), answer(200), WHOLE) as server, omni(server) as client:
        await client.upload(Upload(path, title="clip.mp4", mime="video/mp4"))
    sent = [
        (call.headers["x-goog-upload-command"], call.headers["x-goog-upload-offset"], len(call.body))
        for call in server.calls[1:]
    ]
    assert sent == [("upload", "0", PIECE), ("upload, finalize", str(PIECE), 7)]


@pytest.mark.parametrize("broken", [cut(), answer(503), answer(429), answer(200, b"<html>")])
async def test_what_breaks_off_goes_on_where_it_was(broken):
    async with Loopback(begun(), broken, come(1000), WHOLE) as server, omni(server) as client:
        upload = fox()
        assert is_passing(await refusal(client.upload(upload)))
        assert (await client.upload(upload)).name == "files/abc"
    assert [call.headers["x-goog-upload-command"] for call in server.calls[1:]] == [
        "upload, finalize",
        "query",
        "upload, finalize",
    ]
    assert all("x-goog-api-key" not in call.headers for call in server.calls[1:])
    assert server.calls[-1].headers["x-goog-upload-offset"] == "1000"
    assert server.calls[-1].body == DATA[1000:]


@pytest.mark.parametrize(
    "lost", [come(0, "final"), come(0, "cancelled"), come(10**9), answer(404), answer(410), answer(200)]
)
async def test_what_can_not_go_on_begins_anew(lost):
    async with Loopback(begun(), cut(), lost, begun(), WHOLE) as server, omni(server) as client:
        upload = fox()
        for _ in range(2):
            assert is_passing(await refusal(client.upload(upload)))
        await client.upload(upload)
    assert [call.headers.get("x-goog-upload-command") for call in server.calls] == [
        *("start", "upload, finalize", "query", "start", "upload, finalize")
    ]
    assert server.calls[-1].body == DATA


async def test_a_file_whose_last_answer_was_lost_is_known_by_the_next():
    async with Loopback(begun(), cut(), WHOLE) as server, omni(server) as client:
        upload = fox()
        await refusal(client.upload(upload))
        assert (await client.upload(upload)).name == "files/abc"
    assert len(server.calls) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidRequest),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDenied),
        (429, errors.RateLimited),
        (500, errors.ServiceError),
        (302, errors.TransportError),
    ],
)
async def test_a_refusal_of_the_announcement_is_told_apart(status, kind):
    async with Loopback(answer(status)) as server, omni(server) as client:
        error = await refusal(client.upload(fox()))
    assert type(error) is kind
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        (f"{GOOGLE}/upload/v1beta/files?upload_id=1", True),
        ("https://elsewhere.example/upload", True),
        ("http://elsewhere.example/upload", False),
        ("https://127.0.0.1/upload", False),
        ("https://name:word@elsewhere.example/upload", False),
        ("ftp://elsewhere.example/upload", False),
        ("", False),
    ],
)
async def test_the_bytes_go_to_public_hosts_only_and_the_key_not_even_there(address, taken):
    seen = []

    def play(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.url.host, request.headers.get("x-goog-api-key")))
        if len(seen) == 1:
            return httpx2.Response(200, headers={"x-goog-upload-url": address})
        return httpx2.Response(200, json={"file": FILE})

    async with AsyncClient("gemini", KEY, transport=httpx2.MockTransport(play)) as client:
        if taken:
            await client.upload(fox())
        else:
            error = await refusal(client.upload(fox()))
            assert "address for uploads is refused" in str(error)
            assert not is_passing(error)
    assert seen[0] == ("generativelanguage.googleapis.com", KEY)
    assert [key for _, key in seen[1:]] == ([None] if taken else [])


async def test_a_file_is_looked_at_with_the_key():
    looked = {**FILE, "state": "FAILED", "error": {"code": 3, "message": f"No picture, {KEY}."}}
    async with Loopback(answer(200, looked)) as server, omni(server) as client:
        file = await client.find_file("files/abc")
    assert (server.calls[0].method, server.calls[0].target) == ("GET", "/v1beta/files/abc")
    assert server.calls[0].headers["x-goog-api-key"] == KEY
    assert (file.state, KEY in file.why, "No picture" in file.why) == ("FAILED", False, True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"file": {}},
        {"file": {**FILE, "name": "files/../x"}},
        {"file": {**FILE, "name": 3}},
        {"file": {**FILE, "uri": ""}},
    ],
)
def test_an_answer_that_names_no_file_is_none(body):
    with pytest.raises(errors.ServiceError, match="names no file"):
        read_file(json.dumps(body).encode())


async def test_an_empty_file_is_refused():
    async with Loopback(begun(), WHOLE) as server, omni(server) as client:
        error = await refusal(client.upload(fox(b"")))
    assert "empty" in str(error)
