"""A POST costs money: it is sent once, and its error tells whether it may be sent again."""

from __future__ import annotations

import asyncio
import ssl

import httpx2
import pytest

from tests.api.service import (
    KEY,
    MODEL,
    NAME,
    REQUEST,
    Loopback,
    Step,
    answer,
    closed_port,
    cut,
    flow,
    local,
    played,
    raw,
    refusal,
    silence,
)
from veo_nb import catalog, errors
from veo_nb.api import client as module
from veo_nb.api.client import AsyncClient
from veo_nb.api.retry import is_passing
from veo_nb.request import VideoRequest


async def submitted(*steps: Step) -> tuple[errors.VeoError, int]:
    """The error that a submit ended in, and how many requests the server got."""
    async with Loopback(*steps) as server, local(server) as client:
        error = await refusal(client.submit(REQUEST))
    return error, len(server.calls)


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (cut(), "no answer ("),
        (raw(b""), "no answer ("),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"), "no answer ("),
        (raw(b"nonsense\r\n\r\n"), "no answer ("),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd"), "no answer ("),
        (answer(200, b""), "the provider's answer is not JSON"),
        (answer(200, b"<html>"), "the provider's answer is not JSON"),
        (answer(200, b"[]"), "the provider's answer is not of the documented shape"),
        (answer(200, {"name": "x"}), "the provider named its operation 'x', which can't be asked for"),
        (answer(204), "the provider's answer is not JSON"),
        (
            answer(200, {"error": {"message": "Try later"}}),
            "the provider's answer names no operation: Try later",
        ),
        (answer(500, {"error": {"message": "Internal error"}}), "the provider answered 500: Internal error"),
        (answer(502, b"<title>Bad Gateway</title>"), "the provider answered 502: Bad Gateway"),
        (answer(504), "the provider answered 504"),
        (answer(503, b"<title>No server</title>"), "the provider answered 503: No server"),
        (answer(503, b"<title>Blocked by policy</title>"), "the provider answered 503: Blocked by policy"),
        (answer(503), "the provider answered 503"),
        (answer(520), "the provider answered 520"),
        (answer(302, location="https://[::1/"), "the provider answered 302"),
        # A gateway says 408 when the model took too long, and 303 points to what was made.
        (answer(408), "the provider answered 408"),
        (answer(303, location="/there"), "the provider answered 303"),
    ],
)
async def test_what_may_have_arrived_is_uncertain_and_never_sent_again(step, why):
    error, calls = await submitted(step)
    assert type(error) is errors.SubmissionUncertain
    assert str(error).startswith(f"Sent, but the answer was lost: {why}")
    assert str(error).endswith(
        ". It may have been accepted and charged. Look at your provider's dashboard before you send it again."
    )
    assert ".." not in str(error)
    assert not is_passing(error)
    assert calls == 1


async def test_an_answer_that_never_comes_is_uncertain(monkeypatch):
    monkeypatch.setattr(module, "SUBMIT_SECONDS", 1.0)
    error, calls = await submitted(silence())
    assert type(error) is errors.SubmissionUncertain
    assert "no answer (it took too long)" in str(error)
    assert calls == 1


async def test_an_answer_without_end_is_uncertain(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_NAMING", 100_000)
    error, calls = await submitted(flow(10**8))
    assert type(error) is errors.SubmissionUncertain
    assert str(error).startswith("Sent, but the answer was lost: it is too long. It may")
    assert calls == 1


@pytest.mark.parametrize(
    "problem", [httpx2.ReadTimeout, httpx2.WriteTimeout, httpx2.WriteError, httpx2.CloseError, ssl.SSLError]
)
async def test_what_breaks_after_connecting_is_uncertain(problem):
    def play(request):
        raise problem("broken")

    async with played(play) as client:
        assert type(await refusal(client.submit(REQUEST))) is errors.SubmissionUncertain


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (answer(429, {"error": {"message": "Slow down"}}, retry_after="7"), errors.RateLimited),
        (answer(425), errors.ServiceError),
        (
            answer(503, {"error": {"code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}}),
            errors.ServiceError,
        ),
    ],
)
async def test_what_was_not_accepted_may_be_sent_again_but_not_by_the_client(step, kind):
    error, calls = await submitted(step)
    assert type(error) is kind
    assert is_passing(error)
    assert calls == 1


async def test_a_refused_connection_may_be_tried_again():
    port = closed_port()
    async with AsyncClient("gptproto", KEY, f"http://127.0.0.1:{port}") as client:
        for call in (client.submit(REQUEST), client.poll(MODEL, NAME)):
            error = await refusal(call)
            assert type(error) is errors.TransportError
            assert str(error).startswith("127.0.0.1 can't be reached: ")
            assert is_passing(error)


async def test_a_broken_handshake_may_be_tried_again():
    async def hang_up(reader, writer):
        writer.transport.abort()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with AsyncClient("gptproto", KEY, f"https://127.0.0.1:{port}") as client:
            error = await refusal(client.submit(REQUEST))
    assert type(error) is errors.TransportError


@pytest.mark.parametrize(
    "problem", [httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError, httpx2.ConnectError]
)
async def test_what_never_left_may_be_tried_again(problem):
    def play(request):
        raise problem("unreachable")

    async with played(play) as client:
        error = await refusal(client.submit(REQUEST))
    assert type(error) is errors.TransportError
    assert str(error).startswith("gptproto.com can't be reached: ")


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (
            answer(400, {"error": {"code": 400, "message": "Bad", "status": "INVALID_ARGUMENT"}}),
            errors.InvalidRequest,
        ),
        (answer(401, {"error": {"message": "Invalid signature", "type": "401"}}), errors.AuthenticationError),
        (answer(403, {"error": {"message": "Insufficient balance"}}), errors.PermissionDenied),
        (answer(404, {"error": {"message": "No such model"}}), errors.NotFound),
        (answer(400, {"error": {"message": "Violates our content policy"}}), errors.ContentBlocked),
        (answer(503, {"error": {"message": "Content policy violation"}}), errors.ContentBlocked),
    ],
)
async def test_a_refusal_is_final(step, kind):
    error, calls = await submitted(step)
    assert type(error) is kind
    assert not is_passing(error)
    assert calls == 1


async def test_each_post_has_a_connection_of_its_own_and_polls_share_one():
    """A kept connection may die in the instant it is used again, and a POST would be uncertain for nothing."""
    async with Loopback(answer(200, {"name": NAME})) as server, local(server) as client:
        for _ in range(3):
            await client.submit(REQUEST)
        assert server.connections == 3
        for _ in range(3):
            await client.poll(MODEL, NAME)
        assert server.connections == 4


async def test_a_retired_model_names_its_successor(monkeypatch):
    old = catalog.Model(id=MODEL, title="Old", alias="fast", successor="veo-3.1-generate-preview")
    monkeypatch.setitem(catalog.MODELS, MODEL, old)
    error, _ = await submitted(answer(404, {"error": {"message": "No longer available."}}))
    assert str(error) == ("The provider does not know this: No longer available. Use model='standard'.")


@pytest.mark.parametrize(
    "request_",
    [
        VideoRequest(prompt="half \ud83e", model=MODEL, provider="gptproto"),
        VideoRequest(prompt="x", model=MODEL, provider="gptproto", seed=object()),  # type: ignore[arg-type]
    ],
)
async def test_a_request_that_is_no_json_is_not_sent(request_):
    async with Loopback(answer(200, {"name": NAME})) as server, local(server) as client:
        assert isinstance(await refusal(client.submit(request_)), errors.InvalidRequest)
    assert server.calls == []


async def test_polls_do_not_wait_for_posts_that_hang():
    async with Loopback(silence()) as stuck, local(stuck) as client:
        posts = [asyncio.create_task(client.submit(REQUEST)) for _ in range(8)]
        await stuck.called(lambda calls: len(calls) == module.CALLS_AT_ONCE)
        poll = asyncio.create_task(client.poll(MODEL, NAME))
        await stuck.called(lambda calls: any(call.method == "GET" for call in calls))
        for task in (*posts, poll):
            task.cancel()
        await asyncio.gather(*posts, poll, return_exceptions=True)
