"""What a refusal means for the call that met it: a model that is gone names what came after it."""

from __future__ import annotations

import socket
import ssl

import httpx2
import pytest

from tests.api.service import KEY, Loopback, answer, refusal
from tests.api.test_wire import cases
from veo_nb import catalog, errors
from veo_nb.api import errors as refusals
from veo_nb.api import transport
from veo_nb.api.client import AsyncClient
from veo_nb.api.retry import is_passing
from veo_nb.catalog.models import PREVIEWS
from veo_nb.request import make_request

LATER = 1_800_000_000.0
"""After all ends that are known today: 2027-01-15."""


@cases("retired")
async def test_a_model_that_is_gone_names_its_successor(case):
    async with (
        Loopback(answer(case["status"], case["body"].encode())) as server,
        AsyncClient(case["provider"], KEY, server.url, clock=lambda: LATER) as client,
    ):
        request = make_request(client.provider, prompt="A fox", model="standard")
        if case["call"] == "submit":
            values = {**vars(request), "model": case["model"]}
            error = await refusal(client.submit(type(request)(**values)))
        else:
            error = await refusal(client.poll(case["model"], "operations/abc"))
    assert (error.code, str(error)) == (case["error"], case["line"])
    assert not is_passing(error)
    assert len(server.calls) == 1


def gone(model: str, provider: str, *keyed: str, now: float = LATER) -> errors.VeoError:
    elsewhere = refusals.Elsewhere(now, keyed)
    return refusals.of_submit(errors.NotFound("Gone."), model, catalog.PROVIDERS[provider], elsewhere)


@pytest.mark.parametrize("model", PREVIEWS)
def test_every_preview_names_a_successor_that_is_served_there(model):
    found = gone(model, "gemini")
    assert found.hint.endswith("(Gemini API) is reported to be off since 2026-10-22. Use model='omni'.")
    assert found.facts["successor"] in catalog.PROVIDERS["gemini"].models


def test_what_serves_the_same_elsewhere_is_named_where_its_key_is_here():
    found = gone("veo-3.1-generate-preview", "gemini", "gptproto", "gemini", "vertex")
    assert found.hint.endswith(
        "Use model='omni' or 'gptproto:standard' or 'vertex:standard' or 'vertex:omni'."
    )
    assert "'gptproto:" not in gone("veo-3.1-generate-preview", "gemini", "vertex").hint


def test_what_is_gone_itself_or_plays_only_is_not_named():
    found = gone("veo-3.1-fast-generate-001", "vertex", "gemini", "sandbox")
    assert found.hint.endswith("Use model='omni' or 'gemini:omni'.")
    before = 1_790_000_000.0
    assert "'gemini:fast'" in gone("veo-3.1-fast-generate-001", "vertex", "gemini", now=before).hint


def test_where_no_key_opens_anything_a_provider_is_named():
    found = gone("veo-3.1-generate-preview", "gptproto")
    assert found.hint == 'Use veo.configure(provider="gemini", model="omni").'


def test_what_nothing_came_after_is_refused_as_it_is():
    assert gone("gemini-omni-1.2-flash", "gemini").hint == ""
    assert gone("some-model", "gemini").hint == ""


def behind(error: Exception, *causes: Exception) -> Exception:
    """An error with what lies behind it, the nearest first."""
    for before, cause in zip((error, *causes), causes, strict=False):
        before.__cause__ = cause
    return error


class Several(Exception):  # noqa: N818
    """As Python's own group, which there is since 3.11."""

    exceptions = (ConnectionRefusedError(111, "refused"), OSError(101, "unreachable"))


def distrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] failed (_ssl.c:1006)")
    error.verify_message = "certificate has expired"
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx2.ReadTimeout(""), "it took too long"),
        (httpx2.ReadError(""), "the connection broke"),
        (httpx2.WriteError("[Errno 32] Broken pipe"), "the connection broke"),
        (httpx2.ConnectError(""), "the connection broke"),
        (
            behind(httpx2.ConnectError("x"), OSError("x"), OSError(101, "Network is unreachable")),
            "network is unreachable",
        ),
        (
            behind(httpx2.ConnectError("x"), OSError("x"), ConnectionRefusedError(111, "x")),
            "it refuses the connection",
        ),
        (behind(httpx2.ConnectError("x"), OSError("x"), Several()), "it refuses the connection"),
        (behind(httpx2.ConnectError("x"), socket.gaierror(-2, "[Errno -2] x")), "its name can't be found"),
        (
            behind(httpx2.ConnectError("x"), distrusted()),
            "its certificate can't be trusted (certificate has expired)",
        ),
        (behind(httpx2.ConnectError("x"), ssl.SSLError(1, "x")), "no secure connection could be made"),
        (httpx2.DecodingError("Error -3"), "its answer can't be unpacked"),
        (
            httpx2.RemoteProtocolError("Server disconnected without sending a response."),
            "it hung up without an answer",
        ),
        (
            httpx2.RemoteProtocolError("peer closed connection without sending complete message body"),
            "it was cut off",
        ),
        (httpx2.RemoteProtocolError("illegal status line: bytearray(b'x')"), "it does not speak HTTP"),
        (httpx2.ProxyError("403 Forbidden"), "403 Forbidden"),
    ],
)
def test_a_broken_way_is_told_in_words_and_not_in_names_of_classes(error, words):
    assert transport.reason(error) == words
