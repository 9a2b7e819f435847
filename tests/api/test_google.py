"""This machine's Google token: where it comes from, how long it is kept, and who sees it.

The account and its signature are real; its token server and Vertex AI are on this machine.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest

from tests.api.account import TOKEN, token, write_key_file
from tests.api.service import KEY, MP4, Loopback, answer, closed_port, refusal, silence
from tests.api.test_vertex import MODEL, NAME
from veo_nb import catalog, errors
from veo_nb.api import google as module
from veo_nb.api.client import AsyncClient
from veo_nb.api.errors import of_age
from veo_nb.api.google import GoogleAccount
from veo_nb.api.retry import is_passing
from veo_nb.request import make_request

REQUEST = make_request(catalog.PROVIDERS["vertex"], prompt="A fox", model=MODEL)
CALL = f"/v1/projects/my-project/locations/us-central1/publishers/google/models/{MODEL}"
GCS = "gs://bucket/folder/a.mp4"
BEARER = f"Bearer {TOKEN}"
PROJECT = {"project": "my-project"}
STORE = "storage.googleapis.com"


@pytest.fixture
def signed_in(monkeypatch, tmp_path):
    """Make a token server's account the one of this machine."""

    def sign_in(server: Loopback | str, **changes) -> None:
        url = server if isinstance(server, str) else server.url
        path = write_key_file(tmp_path / "account.json", url, **changes)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))

    return sign_in


@pytest.fixture
def signed_out(monkeypatch, tmp_path):
    """A machine that has no Google credentials and is not in Google's cloud."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


def vertex(server: Loopback, **settings) -> AsyncClient:
    return AsyncClient("vertex", base_url=server.url, project="my-project", **settings)


def inline(*clips: bytes) -> dict[str, Any]:
    videos = [
        {"bytesBase64Encoded": base64.b64encode(clip).decode(), "mimeType": "video/mp4"} for clip in clips
    ]
    return {"name": NAME, "done": True, "response": {"videos": videos}}


# ---- the whole way


async def test_a_clip_is_made_with_a_token_of_this_machine(signed_in):
    async with (
        Loopback(token()) as tokens,
        Loopback(
            answer(200, {"name": NAME}), answer(200, {"name": NAME}), answer(200, inline(MP4, b"two"))
        ) as server,
        vertex(server) as client,
    ):
        signed_in(tokens)
        operation = await client.submit(REQUEST)
        assert not (await client.poll(MODEL, operation.name)).done
        found = await client.poll(MODEL, operation.name)
    assert [sample.data for sample in found.samples] == [MP4, b"two"]
    assert [(call.method, call.target) for call in server.calls] == [
        ("POST", f"{CALL}:predictLongRunning"),
        ("POST", f"{CALL}:fetchPredictOperation"),
        ("POST", f"{CALL}:fetchPredictOperation"),
    ]
    assert [json.loads(call.body) for call in server.calls[1:]] == [{"operationName": NAME}] * 2
    assert {call.headers["authorization"] for call in server.calls} == {f"Bearer {TOKEN}"}
    assert not any("x-goog-api-key" in call.headers for call in server.calls)
    # The account signed for the scope that is needed, once; nobody else heard of it.
    [asked] = tokens.calls
    claims = parse_qs(asked.body.decode())["assertion"][0].split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["scope"] == module.SCOPE


async def test_with_a_key_no_token_is_asked_for(signed_out):
    async with (
        Loopback(answer(200, {"name": NAME})) as server,
        AsyncClient("vertex", KEY, server.url) as client,
    ):
        await client.submit(REQUEST)
        await client.poll(MODEL, NAME)
    assert [call.target for call in server.calls] == [
        f"/v1beta1/publishers/google/models/{MODEL}:predictLongRunning",
        f"/v1beta1/projects/my-project/locations/us-central1/publishers/google/models/{MODEL}:fetchPredictOperation",
    ]
    assert {call.headers["x-goog-api-key"] for call in server.calls} == {KEY}
    assert not any("authorization" in call.headers for call in server.calls)


async def test_a_video_in_a_bucket_is_gone_on_with_after_a_break(signed_in, tmp_path):
    part = tmp_path / "a"
    part.write_bytes(MP4[:1000])
    rest = answer(
        206, MP4[1000:], content_range=f"bytes 1000-{len(MP4) - 1}/{len(MP4)}", content_type="video/mp4"
    )
    async with Loopback(token()) as tokens, Loopback(rest) as server, vertex(server) as client:
        signed_in(tokens)
        assert await client.download(GCS, part) == len(MP4)
    assert part.read_bytes() == MP4
    [call] = server.calls
    assert call.target == "/storage/v1/b/bucket/o/folder%2Fa.mp4?alt=media"
    assert (call.headers["range"], call.headers["authorization"]) == ("bytes=1000-", f"Bearer {TOKEN}")


# ---- how long it is kept


async def test_a_token_is_fetched_once_however_many_ask_and_again_when_it_runs_out(signed_in):
    # Google's own library takes a token for old 3 minutes and 45 seconds before its end.
    async with (
        Loopback(token(lasts=100), token("ya29.second")) as tokens,
        Loopback(answer(200, {"name": NAME})) as server,
        vertex(server) as client,
    ):
        signed_in(tokens)
        await client.poll(MODEL, NAME)
        await asyncio.gather(*[client.poll(MODEL, NAME) for _ in range(5)])
    assert len(tokens.calls) == 2
    seen = [call.headers["authorization"] for call in server.calls]
    assert seen == [f"Bearer {TOKEN}", *["Bearer ya29.second"] * 5]


async def test_the_loop_goes_on_while_a_token_is_fetched(signed_in, monkeypatch):
    """The token server answers on this very loop: were it blocked, nothing would ever come."""
    threads = []
    fetched = module._fetched

    def watched(credentials):
        threads.append(threading.current_thread())
        return fetched(credentials)

    monkeypatch.setattr(module, "_fetched", watched)
    async with (
        Loopback(token()) as tokens,
        Loopback(answer(200, {"name": NAME})) as server,
        vertex(server) as client,
    ):
        signed_in(tokens)
        await client.poll(MODEL, NAME)
    assert threads[0] is not threading.main_thread()


# ---- where there is none


async def test_a_machine_without_credentials_says_what_to_do_and_nothing_is_sent(signed_out):
    async with Loopback(answer(200, {"name": NAME})) as server, vertex(server) as client:
        error = await refusal(client.submit(REQUEST))
    assert type(error) is errors.AuthenticationError
    assert str(error) == (
        "No Google credentials were found on this machine. Run `gcloud auth application-default login`, or set "
        "GOOGLE_APPLICATION_CREDENTIALS to a key file; or set VERTEX_API_KEY."
    )
    assert server.calls == []


async def test_a_machine_without_the_package_says_how_to_get_it_and_nothing_is_sent(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.auth", None)
    async with Loopback(answer(200, {"name": NAME})) as server, vertex(server) as client:
        error = await refusal(client.submit(REQUEST))
    assert type(error) is errors.AuthenticationError
    assert str(error) == (
        "This machine's Google credentials can't be read: google-auth is not installed. "
        'Run `pip install "veo-nb[vertex]"`, or set VERTEX_API_KEY.'
    )
    assert server.calls == []


@pytest.mark.parametrize(
    "content", ["", "{}", "nonsense", '{"type": "service_account"}', '{"type": "x"}', "[]"]
)
async def test_a_key_file_that_is_none_is_told(content, monkeypatch, tmp_path):
    path = tmp_path / "account.json"
    path.write_text(content, "utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    async with Loopback(answer(200, {"name": NAME})) as server, vertex(server) as client:
        error = await refusal(client.submit(REQUEST))
    assert type(error) is errors.AuthenticationError
    assert str(error).startswith("This machine's Google credentials can't be ")
    assert server.calls == []


async def test_a_refused_account_says_so_in_googles_words(signed_in):
    said = {"error": "invalid_grant", "error_description": "Account has been deleted"}
    async with (
        Loopback(answer(400, said, content_type="application/json")) as tokens,
        Loopback(answer(200, {"name": NAME})) as server,
        vertex(server) as client,
    ):
        signed_in(tokens)
        error = await refusal(client.submit(REQUEST))
    assert type(error) is errors.AuthenticationError
    assert str(error) == (
        "Google refused this machine's credentials: invalid_grant: Account has been deleted. "
        "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file."
    )
    assert not is_passing(error)
    assert server.calls == []


async def test_a_token_that_vertex_refuses_says_how_to_sign_in_and_is_not_used_again(signed_in):
    said = {"error": {"code": 401, "message": "Invalid credentials", "status": "UNAUTHENTICATED"}}
    async with (
        Loopback(token(), token("ya29.second")) as tokens,
        Loopback(answer(401, said), answer(200, {"name": NAME})) as server,
        vertex(server) as client,
    ):
        signed_in(tokens)
        error = await refusal(client.submit(REQUEST))
        await client.submit(REQUEST)
    assert type(error) is errors.AuthenticationError
    assert str(error) == (
        "The provider refused this machine's Google credentials (GOOGLE_APPLICATION_CREDENTIALS): "
        "Invalid credentials. Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file."
    )
    assert [call.headers["authorization"] for call in server.calls] == [BEARER, "Bearer ya29.second"]


async def test_who_signs_in_again_is_heard_without_another_start(signed_in):
    said = {"error": "invalid_grant", "error_description": "Gone"}
    async with (
        Loopback(token(lasts=1), answer(400, said, content_type="application/json")) as old,
        Loopback(token("ya29.new")) as new,
        Loopback(answer(200, {"name": NAME})) as server,
        vertex(server) as client,
    ):
        signed_in(old)
        await client.poll(MODEL, NAME)
        assert isinstance(await refusal(client.poll(MODEL, NAME)), errors.AuthenticationError)
        signed_in(new)
        await client.poll(MODEL, NAME)
    assert [call.headers["authorization"] for call in server.calls] == [BEARER, "Bearer ya29.new"]


async def test_a_refused_key_is_still_a_key(signed_out):
    async with Loopback(answer(401)) as server, AsyncClient("vertex", KEY, server.url) as client:
        error = await refusal(client.submit(REQUEST))
    assert str(error).startswith(
        "The provider refused the key from api_key=. Put another one there, or log in"
    )


async def test_a_video_that_is_gone_from_its_bucket_says_so(signed_in, tmp_path):
    async with Loopback(token()) as tokens, Loopback(answer(404)) as server, vertex(server) as client:
        signed_in(tokens)
        error = await refusal(client.download(GCS, tmp_path / "a"))
    assert type(error) is errors.NotFound
    assert str(of_age(error, GCS, catalog.PROVIDERS["vertex"])) == (
        "The video is no longer in its bucket: 'gs://bucket/folder/a.mp4'. Ask anew with fresh."
    )


async def test_a_token_server_out_of_reach_may_be_asked_again_and_nothing_was_sent(signed_in, monkeypatch):
    monkeypatch.setattr("google.auth._exponential_backoff.time.sleep", lambda _: None)
    async with Loopback(answer(200, {"name": NAME})) as server, vertex(server) as client:
        signed_in(f"http://127.0.0.1:{closed_port()}")
        error = await refusal(client.submit(REQUEST))
    assert type(error) is errors.TransportError
    assert str(error).startswith("Google's token service can't be reached: ")
    assert is_passing(error)
    assert server.calls == []


async def test_a_token_server_that_never_answers_ends(signed_in, monkeypatch):
    monkeypatch.setattr(module, "TOKEN_SECONDS", 0.2)
    async with Loopback(silence()) as tokens:
        signed_in(tokens)
        async with Loopback(answer(200, {"name": NAME})) as server, vertex(server) as client:
            error = await refusal(client.submit(REQUEST))
    assert type(error) is errors.TransportError
    assert str(error).startswith("Google's token service can't be reached: it took too long.")
    assert server.calls == []


# ---- who sees it


async def seen_by(
    client_settings: dict[str, Any], call, answers: dict[str, httpx2.Response]
) -> list[tuple[str, str, str]]:
    """Each host that was asked, with the token and the key that it saw."""
    seen = []

    def play(request):
        headers = request.headers
        seen.append((request.url.host, headers.get("authorization", ""), headers.get("x-goog-api-key", "")))
        return answers.get(request.url.host) or httpx2.Response(200, json={"name": NAME})

    async with AsyncClient("vertex", **client_settings, transport=httpx2.MockTransport(play)) as client:
        await call(client)
    return seen


def sent() -> httpx2.Response:
    return httpx2.Response(200, content=MP4, headers={"content-type": "video/mp4"})


def away(to: str) -> httpx2.Response:
    return httpx2.Response(302, headers={"location": to})


@pytest.mark.parametrize(
    ("settings", "uri", "answers", "seen"),  # the answer of each host, and what each saw
    [
        (PROJECT, GCS, {STORE: sent()}, [(STORE, BEARER, "")]),
        # In express mode too: a key opens no bucket, and the storage is not to have it.
        ({"api_key": KEY}, GCS, {STORE: sent()}, [(STORE, BEARER, "")]),
        (
            PROJECT,
            GCS,
            {STORE: away("https://cdn.example.com/a"), "cdn.example.com": sent()},
            [(STORE, BEARER, ""), ("cdn.example.com", "", "")],
        ),
        (
            {"api_key": KEY},
            GCS,
            {
                STORE: away("https://us-central1-aiplatform.googleapis.com/a"),
                "us-central1-aiplatform.googleapis.com": sent(),
            },
            [(STORE, BEARER, ""), ("us-central1-aiplatform.googleapis.com", "", "")],
        ),
        (PROJECT, "https://evil.example.com/a", {"evil.example.com": sent()}, [("evil.example.com", "", "")]),
        # Signed addresses there need no token, and are refused with one.
        (PROJECT, f"https://{STORE}/bucket/a.mp4?X-Goog-Signature=1", {STORE: sent()}, [(STORE, "", "")]),
        (
            PROJECT,
            "https://us-central1-aiplatform.googleapis.com/a",
            {
                "us-central1-aiplatform.googleapis.com": away(
                    "https://us-central1-aiplatform.googleapis.com.evil.example/a"
                ),
                "us-central1-aiplatform.googleapis.com.evil.example": sent(),
            },
            [
                ("us-central1-aiplatform.googleapis.com", BEARER, ""),
                ("us-central1-aiplatform.googleapis.com.evil.example", "", ""),
            ],
        ),
    ],
)
async def test_each_host_sees_what_is_its_own(signed_in, tmp_path, settings, uri, answers, seen):
    async with Loopback(token()) as tokens:
        signed_in(tokens)
        found = await seen_by(settings, lambda client: client.download(uri, tmp_path / "a"), answers)
    assert found == seen


async def test_an_operation_elsewhere_in_google_is_asked_for_with_the_token(signed_in):
    """It was begun in another location than the settings have now."""
    async with Loopback(token()) as tokens:
        signed_in(tokens)
        settings = {**PROJECT, "location": "europe-west4"}
        seen = await seen_by(settings, lambda client: client.poll(MODEL, NAME), {})
    assert seen == [("us-central1-aiplatform.googleapis.com", BEARER, "")]


@pytest.mark.parametrize("location", ["evil.example", "a.b"])
async def test_a_location_that_is_none_does_not_get_the_token(signed_in, location):
    async with Loopback(token()) as tokens:
        signed_in(tokens)
        settings = {**PROJECT, "location": location}
        seen = await seen_by(settings, lambda client: client.submit(REQUEST), {})
    assert seen == [(f"{location}-aiplatform.googleapis.com", "", "")]
    assert tokens.calls == []


async def test_at_the_end_of_the_process_nothing_is_taken_for_sent(signed_in):
    ended = ThreadPoolExecutor(1)
    ended.shutdown()
    asyncio.get_running_loop().set_default_executor(ended)
    with pytest.raises(errors.TransportError, match=r"No token can be fetched: .*after shutdown"):
        await GoogleAccount().freshen()


async def test_the_token_shows_nowhere(signed_in, caplog):
    caplog.set_level("DEBUG")
    said = {"error": {"code": 401, "message": f"Bad token {TOKEN}", "status": "UNAUTHENTICATED"}}
    async with (
        Loopback(token()) as tokens,
        Loopback(answer(401, said)) as server,
        vertex(server) as client,
    ):
        signed_in(tokens)
        error = await refusal(client.submit(REQUEST))
        shown = [
            repr(client),
            repr(client._account),
            repr(client._account.tokens),
            repr(client._auth),
            str(error),
        ]
        shown += traceback.TracebackException.from_exception(error, capture_locals=True).format()
        shown += [repr(vars(client._account)), caplog.text]
    assert "[key]" in str(error)
    assert TOKEN not in "".join(shown)


async def test_a_token_is_known_after_another_call_had_it_refused(signed_in):
    """Answers to calls that were under way with it may quote it yet."""
    async with (
        Loopback(token()) as tokens,
        Loopback(answer(200, {"name": NAME})) as server,
        vertex(server) as client,
    ):
        signed_in(tokens)
        await client.poll(MODEL, NAME)
        client._account.forget()
        assert client._without_key(f"Bad token {TOKEN}".encode()) == b"Bad token [key]"


async def test_an_account_is_not_looked_for_before_it_is_needed(monkeypatch):
    monkeypatch.setattr(module, "_fetched", lambda _: pytest.fail("asked"))
    async with AsyncClient("vertex", project="my-project"), AsyncClient("gptproto", KEY):
        assert not GoogleAccount().tokens
