"""The client: each call to its own host, polls, and what this machine's settings do to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import subprocess
import sys
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.service import (
    FILE,
    KEY,
    MODEL,
    MP4,
    NAME,
    REQUEST,
    Loopback,
    answer,
    asking,
    cut,
    flow,
    local,
    played,
    raw,
    refusal,
    silence,
    video,
)
from veo_nb import catalog, errors
from veo_nb.api import client as module
from veo_nb.api.client import AsyncClient
from veo_nb.api.retry import is_passing
from veo_nb.credentials.keys import Secret
from veo_nb.request import make_request

# ---- the happy path, with the sandbox as another process


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sandbox")
    command = [sys.executable, "-m", "veo_nb.sandbox", "--port", "0", "--data", folder, "--latency", "0"]
    process = subprocess.Popen(
        [*command, "--stop-with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().removeprefix("READY ").strip()
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


async def test_a_request_becomes_a_video_on_disk(sandbox, tmp_path):
    provider = catalog.PROVIDERS["sandbox"]
    request = make_request(provider, prompt="A fox", duration_seconds=4, aspect_ratio="16:9")
    async with AsyncClient("sandbox", base_url=sandbox) as client:
        operation = await client.submit(request)
        for _ in range(1200):
            found = await client.poll(request.model, operation.name)
            if found.done:
                break
            await asyncio.sleep(0.05)
        assert (found.name, found.error) == (operation.name, None)
        size = await client.download(found.samples[0].uri, tmp_path / "fox.mp4")
    data = (tmp_path / "fox.mp4").read_bytes()
    assert len(data) == size
    assert data[4:8] == b"ftyp"


async def test_a_wrong_key_is_refused(sandbox):
    async with AsyncClient("sandbox", "sk-wrong", sandbox) as client:
        error = await refusal(client.submit(make_request(client.provider, prompt="A fox")))
    assert isinstance(error, errors.AuthenticationError)


# ---- which host is asked for what


async def test_each_call_goes_to_its_own_host(tmp_path):
    calls = []

    def play(request):
        calls.append(f"{request.method} {request.url}")
        assert request.headers["x-goog-api-key"] == KEY
        if request.method == "POST":
            assert request.headers["content-type"] == "application/json"
            assert json.loads(request.content)["parameters"] == {"durationSeconds": "8"}
            return httpx2.Response(200, json={"name": NAME})
        if "operations" in request.url.path:
            sample = {"video": {"uri": f"https://api.gptproto.com{FILE}"}}
            response = {"generateVideoResponse": {"generatedSamples": [sample]}}
            return httpx2.Response(200, json={"name": NAME, "done": True, "response": response})
        return httpx2.Response(200, content=MP4, headers={"content-type": "video/mp4"})

    async with played(play) as client:
        operation = await client.submit(REQUEST)
        found = await client.poll(MODEL, operation.name)
        assert await client.download(found.samples[0].uri, tmp_path / "a") == len(MP4)
    assert calls == [
        f"POST https://gptproto.com/v1beta/models/{MODEL}:predictLongRunning",
        f"GET https://api.gptproto.com/v1beta/models/{MODEL}/operations/abc123",
        f"GET https://api.gptproto.com{FILE}",
    ]


async def test_a_gateway_stands_in_front_of_all_three(tmp_path):
    steps = (answer(200, {"name": NAME}), answer(200, {"name": NAME}), video())
    async with Loopback(*steps) as server, AsyncClient("gptproto", KEY, f"{server.url}/veo/") as client:
        await client.submit(REQUEST)
        assert not (await client.poll(MODEL, "operations/abc123")).done
        await client.download(f"https://api.gptproto.com{FILE}", tmp_path / "a")
    assert [(call.method, call.target) for call in server.calls] == [
        ("POST", f"/veo/v1beta/models/{MODEL}:predictLongRunning"),
        ("GET", f"/veo/v1beta/models/{MODEL}/operations/abc123"),
        ("GET", f"/veo{FILE}"),
    ]
    assert {call.headers["x-goog-api-key"] for call in server.calls} == {KEY}


async def test_an_operation_is_asked_for_under_its_own_id_and_nothing_else():
    async with Loopback(answer(200, {"name": NAME})) as server, local(server) as client:
        await client.poll("../../x", "operations/a?b#c%2e:d")
    assert server.calls[0].target == "/v1beta/models/..%2F..%2Fx/operations/a%3Fb%23c%252e%3Ad"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"provider": "gptprot"}, "There is no provider 'gptprot'. Did you mean gptproto?"),
        (
            {"provider": "sandbox"},
            "The sandbox has no address of its own. Give base_url=, as `veo-nb sandbox` prints it.",
        ),
        (
            {"base_url": "gateway.example"},
            "'gateway.example' is no base address. Give one like https://gateway.example.com.",
        ),
        (
            {"base_url": "https://☃.example/"},
            "'https://☃.example' is no base address. Write its host in ASCII.",
        ),
        (
            {"base_url": "http://gateway.example.com"},
            (
                "base_url would send the key to gateway.example.com in the clear. "
                "Use https://; http:// is for this machine and its own network."
            ),
        ),
    ],
)
def test_an_address_that_can_not_be_used_is_refused_at_once(arguments, line):
    with pytest.raises(errors.InvalidRequest) as caught:
        AsyncClient(**arguments)
    assert str(caught.value) == line


# ---- polls


@pytest.mark.parametrize(
    "step",
    [
        cut(),
        raw(b""),
        raw(b"nonsense\r\n\r\n"),
        answer(500),
        answer(502, b"<title>x</title>"),
        answer(200, b"<html>"),
    ],
)
async def test_a_poll_that_broke_may_be_asked_again(step):
    async with Loopback(step) as server, local(server) as client:
        error = await refusal(client.poll(MODEL, NAME))
    assert is_passing(error)
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("https://login.hotel.example/?next=…", "login.hotel.example"),
        ("/elsewhere", "127.0.0.1"),
        ("https://[", "nowhere"),
        ("file:///etc/passwd", "nowhere"),
    ],
)
async def test_a_poll_that_is_sent_elsewhere_does_not_go_there_and_may_be_asked_again(location, there):
    """A hotel's network sends everything to its page until one has signed in."""
    async with (
        Loopback(answer(302, location=location.encode().decode("latin-1"))) as server,
        local(server) as client,
    ):
        error = await refusal(client.poll(MODEL, NAME))
    assert (type(error), str(error)) == (
        errors.TransportError,
        (
            f"127.0.0.1 can't be reached: it points to another address ({there}). "
            "Sign in to your network, or look at base_url."
        ),
    )
    assert len(server.calls) == 1


async def test_a_poll_without_an_answer_ends(monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0.05)
    async with Loopback(silence()) as server, local(server) as client:
        error = await refusal(client.poll(MODEL, NAME))
    assert type(error) is errors.TransportError
    assert str(error).startswith("127.0.0.1 can't be reached: it took too long.")


async def test_a_poll_without_end_ends(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_ANSWER", 100_000)
    async with Loopback(flow(10**8)) as server, local(server) as client:
        error = await refusal(client.poll(MODEL, NAME))
    assert str(error) == "The provider's answer can't be used: it is too long."


async def test_an_error_page_of_gigabytes_is_read_in_part():
    page = b"HTTP/1.1 500 No\r\ncontent-length: 4000000000\r\n\r\n<title>Oh</title>" + b"x" * 200_000
    async with Loopback(raw(page)) as server, local(server) as client:
        assert str(await refusal(client.poll(MODEL, NAME))) == "The provider answered 500: Oh."


async def test_a_name_that_can_not_be_asked_for_is_not():
    async with Loopback(answer(200)) as server, local(server) as client:
        assert isinstance(await refusal(client.poll(MODEL, "../../secrets")), errors.ServiceError)
    assert server.calls == []


@pytest.mark.parametrize("call", ["submit", "poll", "download"])
async def test_a_closed_client_says_so_and_nothing_was_sent(call, tmp_path):
    async with Loopback(answer(200, {"name": NAME})) as server:
        client = local(server)
        await client.aclose()
        error = await refusal(asking(client, call, f"{server.url}/v", tmp_path / "a"))
    assert (type(error), str(error)) == (errors.TransportError, "This client is closed. Make another one.")
    assert server.calls == []


async def test_a_client_that_is_closed_while_polls_wait_breaks_them_in_our_words():
    async with Loopback(silence()) as server:
        client = local(server)
        polls = [asyncio.create_task(client.poll(MODEL, NAME)) for _ in range(6)]
        await server.called(lambda calls: len(calls) == module.CALLS_AT_ONCE)
        await client.aclose()
        found = await asyncio.gather(*polls, return_exceptions=True)
    assert {type(error) for error in found} == {errors.TransportError}


# ---- proxies and certificates


@pytest.fixture
def environment(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_proxy_gets_nothing_of_what_stays_on_this_machine(environment, name):
    async with Loopback(answer(502)) as proxy, Loopback(answer(200, {"name": NAME})) as server:
        environment.setenv(name, proxy.url)
        async with local(server) as client:
            await client.submit(REQUEST)
            await client.poll(MODEL, NAME)
    assert proxy.calls == []
    assert len(server.calls) == 2


async def test_a_proxy_carries_what_goes_out_and_does_not_see_the_key(environment):
    async with Loopback(answer(502)) as proxy:
        environment.setenv("HTTPS_PROXY", proxy.url)
        async with AsyncClient("gptproto", KEY) as client:
            error = await refusal(client.submit(REQUEST))
    assert type(error) is errors.TransportError
    [call] = proxy.calls
    assert (call.method, call.target) == ("CONNECT", "gptproto.com:443")
    assert KEY not in str(call)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "nonsense://proxy:1"),
        ("HTTPS_PROXY", "http://[::1"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem"),
    ],
)
def test_settings_of_this_machine_that_can_not_be_used_are_named(environment, name, value):
    environment.setenv(name, value)
    with pytest.raises(errors.InvalidRequest) as caught:
        AsyncClient("gptproto", KEY)
    assert str(caught.value).startswith("This machine's proxy or certificate settings can't be used: ")
    assert str(caught.value).endswith(". Look at HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE.")


def test_settings_for_the_internet_do_not_keep_the_sandbox_from_running(environment):
    environment.setenv("ALL_PROXY", "nonsense://proxy:1")
    AsyncClient("sandbox", base_url="http://127.0.0.1:1")


async def test_certificates_are_checked_wherever_https_is_spoken():
    """Also for a video elsewhere when the gateway itself speaks plain http."""
    for client in (AsyncClient("gptproto", KEY), AsyncClient("gptproto", KEY, "http://127.0.0.1:1")):
        async with client:
            for http in {client._http, client._submit_http} if not client._base else {client._foreign()}:
                transport: Any = http._transport
                context = transport._pool._ssl_context
                assert context.verify_mode is ssl.CERT_REQUIRED
                assert context.check_hostname


# ---- hostile headers

HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "content-length",
            "content-range",
            "content-type",
            "content-encoding",
            "location",
            "retry-after",
            "set-cookie",
        ]
    ),
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=12)
    | st.sampled_from(
        [
            "bytes 5-9/10",
            "bytes */5",
            "identity",
            "gzip",
            "video/mp4",
            "https://[",
            "https://xn--/",
            "//",
            "9" * 5000,
            "5",
        ]
    ),
    max_size=4,
)


@settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.sampled_from(["gptproto", "gemini", "vertex"]),
    st.sampled_from([200, 204, 206, 302, 308, 400, 404, 416, 429, 500, 503]),
    HEADERS,
    st.binary(max_size=30),
)
async def test_any_answer_becomes_a_result_or_one_of_our_errors(tmp_path, provider, status, headers, body):
    def play(request):
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        return httpx2.Response(status, headers=encoded, stream=httpx2.ByteStream(body))

    path = tmp_path / "a"
    path.write_bytes(b"12345")
    async with AsyncClient(
        provider, KEY, "http://127.0.0.1:1", transport=httpx2.MockTransport(play)
    ) as client:
        for call in (
            client.submit(REQUEST),
            client.poll(MODEL, NAME),
            client.download("http://127.0.0.1:1/v", path),
            client.download("gs://bucket/v", path),
        ):
            with contextlib.suppress(errors.VeoError):
                await call


def test_the_key_may_be_given_as_text_or_as_a_secret():
    assert {KEY in repr(AsyncClient("gptproto", key)) for key in (KEY, Secret(KEY))} == {False}
