"""What a refusal means for the call that met it: a model that is gone names what came after it."""

from __future__ import annotations

import socket
import ssl

import httpx
import pytest

from tests.api.service import KEY, Loopback, answer, refusal
from tests.api.test_wire import cases
from veo_nb import catalog, errors
from veo_nb.api import errors as refusals
from veo_nb.api.client import AsyncClient, is_passing
from veo_nb.catalog.models import PREVIEWS
from veo_nb.request import make_request


@cases("retired")
async def test_a_model_that_is_gone_names_its_successor(case):
    async with (
        Loopback(answer(case["status"], case["body"].encode())) as server,
        AsyncClient(case["provider"], KEY, server.url) as client,
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


@pytest.mark.parametrize("model", PREVIEWS)
def test_every_preview_names_a_successor_that_someone_serves(model):
    gone = refusals.of_submit(errors.NotFound("Gone."), model, catalog.PROVIDERS["gemini"])
    successor = gone.facts["successor"]
    assert f'veo.configure(provider="vertex", model="{successor}")' in gone.hint
    assert successor in catalog.PROVIDERS["vertex"].models


def test_a_successor_at_the_same_provider_is_named_alone(monkeypatch):
    old = catalog.Model(id="veo-2", title="Veo 2", alias="old", successor="veo-3.1-generate-001")
    monkeypatch.setitem(catalog.MODELS, "veo-2", old)
    gone = refusals.of_submit(errors.NotFound("Gone."), "veo-2", catalog.PROVIDERS["vertex"])
    assert gone.hint == "Use model='veo-3.1-generate-001'."


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
        (httpx.ReadTimeout(""), "it took too long"),
        (httpx.ReadError(""), "the connection broke"),
        (httpx.WriteError("[Errno 32] Broken pipe"), "the connection broke"),
        (httpx.ConnectError(""), "the connection broke"),
        (
            behind(httpx.ConnectError("x"), OSError("x"), OSError(101, "Network is unreachable")),
            "network is unreachable",
        ),
        (
            behind(httpx.ConnectError("x"), OSError("x"), ConnectionRefusedError(111, "x")),
            "it refuses the connection",
        ),
        (behind(httpx.ConnectError("x"), OSError("x"), Several()), "it refuses the connection"),
        (behind(httpx.ConnectError("x"), socket.gaierror(-2, "[Errno -2] x")), "its name can't be found"),
        (
            behind(httpx.ConnectError("x"), distrusted()),
            "its certificate can't be trusted (certificate has expired)",
        ),
        (behind(httpx.ConnectError("x"), ssl.SSLError(1, "x")), "no secure connection could be made"),
        (httpx.DecodingError("Error -3"), "its answer can't be unpacked"),
        (
            httpx.RemoteProtocolError("Server disconnected without sending a response."),
            "it hung up without an answer",
        ),
        (
            httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
            "it was cut off",
        ),
        (httpx.RemoteProtocolError("illegal status line: bytearray(b'x')"), "it does not speak HTTP"),
        (httpx.ProxyError("403 Forbidden"), "403 Forbidden"),
    ],
)
def test_a_broken_way_is_told_in_words_and_not_in_names_of_classes(error, words):
    assert refusals.reason(error) == words
