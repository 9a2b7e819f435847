"""Who sees the key, and which addresses are asked at all."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.service import (
    KEY,
    MODEL,
    MP4,
    NAME,
    REQUEST,
    Loopback,
    answer,
    asking,
    fetched,
    local,
    played,
    refusal,
    video,
)
from veo_nb import errors
from veo_nb.api import client as module
from veo_nb.api.auth import KeyHeader, Origins, origin
from veo_nb.api.client import AsyncClient
from veo_nb.api.retry import is_passing
from veo_nb.credentials.keys import Secret


async def asked(
    uri: str, tmp_path: Path, redirects: dict[str, str] | None = None
) -> tuple[list[tuple[str, bool]], str]:
    """The hosts that a download asked, each with whether it saw the key, and the error if it came to one."""
    seen = []

    def play(request):
        assert "authorization" not in request.headers
        seen.append((request.url.host, KEY in str(request.headers.raw)))
        target = (redirects or {}).get(request.url.host)
        if target:
            return httpx2.Response(302, headers={"location": target})
        return httpx2.Response(200, content=MP4, headers={"content-type": "video/mp4"})

    async with played(play) as client:
        try:
            await client.download(uri, tmp_path / "a")
        except errors.DownloadError as error:
            return seen, str(error)
    return seen, ""


@pytest.mark.parametrize(
    "host", ["gptproto.com", "api.gptproto.com", "API.GPTPROTO.COM", "api.gptproto.com:443"]
)
async def test_the_providers_own_hosts_see_the_key(host, tmp_path):
    seen, error = await asked(f"https://{host}/v", tmp_path)
    assert (seen, error) == ([(host.lower().removesuffix(":443"), True)], "")


@pytest.mark.parametrize(
    "host",
    [
        "storage.example.com",
        "evil-gptproto.com",
        "gptproto.com.evil.example",
        "api.gptproto.com.",
        "api.gptproto.com:8443",
        "8.8.8.8",
    ],
)
async def test_a_video_elsewhere_is_fetched_without_the_key(host, tmp_path):
    seen, error = await asked(f"https://{host}/v", tmp_path)
    assert (len(seen), seen[0][1], error) == (1, False, "")


async def test_the_key_does_not_go_along_a_redirect(tmp_path):
    away = {"api.gptproto.com": "https://cdn.example.com/v?signature=1"}
    seen, error = await asked("https://api.gptproto.com/v", tmp_path, away)
    assert (seen, error) == ([("api.gptproto.com", True), ("cdn.example.com", False)], "")


@pytest.mark.parametrize("written", [KEY, quote(KEY, safe="")])
async def test_a_redirect_takes_no_key_along_in_its_address(written, tmp_path):
    """Some stores are handed the key by the provider itself; ours then fails there, and says so."""
    urls = []

    def play(request):
        urls.append(str(request.url))
        if request.url.host == "api.gptproto.com":
            return httpx2.Response(302, headers={"location": f"https://storage.example.com/v?key={written}"})
        return httpx2.Response(403)

    async with played(play) as client:
        error = await refusal(client.download("https://api.gptproto.com/v", tmp_path / "a"))
    assert urls[1].startswith("https://storage.example.com/v?key=")
    assert KEY not in "".join(urls) + str(error) + str(error.facts)


@pytest.mark.parametrize("host", ["api.gptproto.com", "storage.example.com"])
async def test_an_address_with_the_key_in_it_is_kept_without_and_asked_with_it_where_it_belongs(
    host, tmp_path
):
    asked = []

    def play(request):
        if "/operations/" in request.url.path:
            video = {"uri": f"https://{host}/v?alt=media&key={KEY}"}
            return httpx2.Response(200, json={"name": "n", "done": True, "response": {"videos": [video]}})
        asked.append(request.url.params["key"])
        return httpx2.Response(200, content=MP4, headers={"content-type": "video/mp4"})

    async with played(play) as client:
        uri = (await client.poll(MODEL, NAME)).samples[0].uri
        assert await client.download(uri, tmp_path / "a") == len(MP4)
    assert KEY not in uri
    assert asked == [KEY if host.endswith("gptproto.com") else "[key]"]


async def test_a_refused_redirect_is_kept_without_the_key(tmp_path):
    def play(request):
        return httpx2.Response(302, headers={"location": f"http://169.254.169.254/v?key={KEY}"})

    async with played(play) as client:
        error = await refusal(client.download("https://api.gptproto.com/v", tmp_path / "a"))
    assert error.facts["uri"] == "http://169.254.169.254/v?key=[key]"


async def test_a_redirect_within_the_provider_keeps_the_key(tmp_path):
    within = {"api.gptproto.com": "https://gptproto.com/v"}
    assert await asked("https://api.gptproto.com/v", tmp_path, within) == (
        [("api.gptproto.com", True), ("gptproto.com", True)],
        "",
    )


async def test_the_developer_apis_key_does_not_go_along_its_redirects(tmp_path):
    """Each download there is answered with redirects, within Google and out of it."""
    seen = []
    hops = {
        "/v1beta/files/a:download": "https://generativelanguage.googleapis.com/download/a",
        "/download/a": "https://storage.googleapis.com/signed/a",
        "/signed/a": "https://cdn.example.com/a",
    }

    def play(request):
        seen.append((request.url.host, KEY in str(request.headers.raw)))
        target = hops.get(request.url.path)
        if target:
            return httpx2.Response(302, headers={"location": target})
        return httpx2.Response(200, content=MP4, headers={"content-type": "video/mp4"})

    async with AsyncClient("gemini", KEY, transport=httpx2.MockTransport(play)) as client:
        uri = "https://generativelanguage.googleapis.com/v1beta/files/a:download?alt=media"
        assert await client.download(uri, tmp_path / "a") == len(MP4)
    home = ("generativelanguage.googleapis.com", True)
    assert seen == [home, home, ("storage.googleapis.com", False), ("cdn.example.com", False)]


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("https://us-central1-aiplatform.googleapis.com", True),
        ("https://aiplatform.googleapis.com:443", True),
        ("https://-aiplatform.googleapis.com", False),
        ("http://us-central1-aiplatform.googleapis.com", False),
        ("https://us-central1-aiplatform.googleapis.com:8443", False),
        ("https://us-central1-aiplatform.googleapis.com.evil.example", False),
        ("https://evil.example/-aiplatform.googleapis.com", False),
        ("https://a.b-aiplatform.googleapis.com", False),
        ("https://storage.googleapis.com", False),
        ("nonsense", False),
    ],
)
def test_a_location_in_an_address_stands_for_any_and_for_nothing_else(address, inside):
    origins = Origins(["https://{location}-aiplatform.googleapis.com"])
    assert (origin(address) in origins) == inside


FORBIDDEN = [
    "http://api.gptproto.com/v",
    "http://storage.example.com/v",
    "file:///etc/passwd",
    "ftp://storage.example.com/v",
    "gs://bucket/v.mp4",
    "data:video/mp4;base64,AAAA",
    "javascript:alert(1)",
    "/upload/v1beta/files/abc",
    "//storage.example.com/v",
    "",
    "https://",
    "https:///v",
    "https://localhost/v",
    "https://localhost./v",
    "https://LOCALHOST/v",
    "https://a.localhost/v",
    "https://router/v",
    "https://nas.local/v",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://127.0.0.1/v",
    "https://127.1/v",
    "https://2130706433/v",
    "https://0x7f000001/v",
    "https://0177.0.0.1/v",
    "https://0/v",
    "https://10.0.0.1/v",
    "https://192.168.1.1/v",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/v",
    "https://[::ffff:127.0.0.1]/v",
    "https://[fe80::1]/v",
    "https://[fe80::1%25eth0]/v",
    "https://[::1/v",
    "https://[nonsense]/v",
    "https://xn--/v",
    "https://℀.com/v",
    "https://half\ud83e.example/v",
    "https://example.com/\ud83e",
    "https://example.com:0/v",
    "https://example.com:99999/v",
    "https://example.com:port/v",
    "https://me:secret@storage.example.com/v",
    "https://me:secret@api.gptproto.com/v",
    "https://" + "a" * 64 + ".example.com/v",
    "https://" + "a." * 200 + "com/v",
    "https://example.com/" + "a" * 70_000,
    "https://exam\nple.com/v",
]


@pytest.mark.parametrize("uri", FORBIDDEN, ids=[repr(uri[:40]) for uri in FORBIDDEN])
async def test_an_address_that_no_provider_has_a_reason_to_name_is_not_asked(uri, tmp_path):
    seen, error = await asked(uri, tmp_path)
    assert seen == []
    assert error.startswith("The video's address is refused: ")
    assert error.endswith(". Videos come over https from public hosts only.")
    assert len(error) < 250
    assert "secret" not in error


@pytest.mark.parametrize("uri", FORBIDDEN, ids=[repr(uri[:40]) for uri in FORBIDDEN])
async def test_a_redirect_to_such_an_address_is_not_followed(uri, tmp_path):
    """Some of them mean a place on the provider's own host, or nothing at all; no other host is asked in any case."""
    seen = []

    def play(request):
        seen.append(request.url.host)
        headers = [(b"location", uri.encode("utf-8", "surrogatepass"))]
        return httpx2.Response(302, headers=headers)

    async with played(play) as client:
        error = await refusal(client.download("https://api.gptproto.com/v", tmp_path / "a"))
    assert isinstance(error, (errors.DownloadError, errors.TransportError, errors.ServiceError))
    assert set(seen) <= {"api.gptproto.com", "storage.example.com", "example.com"}
    assert KEY not in str(error)


async def test_a_redirect_to_another_port_of_this_machine_is_not_followed(tmp_path):
    async with Loopback(video()) as other:
        error, _ = await fetched(tmp_path / "a", answer(302, location=f"{other.url}/v"))
    assert str(error) == (
        f"The video's address is refused: '{other.url}'. Videos come over https from public hosts only."
    )
    assert other.calls == []


async def test_a_circle_of_redirects_ends(tmp_path):
    async with Loopback(answer(302, location="/v")) as server, local(server) as client:
        error = await refusal(client.download(f"{server.url}/v", tmp_path / "a"))
    assert str(error) == "The video's address leads in a circle. Ask the provider."
    assert len(server.calls) == module.REDIRECTS + 1


async def test_a_gateway_that_moved_does_not_get_the_post_again():
    async with Loopback(answer(308, location="/elsewhere")) as server, local(server) as client:
        error = await refusal(client.submit(REQUEST))
    assert str(error) == "The provider answered 308. It points to another address: look at base_url."
    assert not is_passing(error)
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("https://api.gptproto.com/v", KEY),
        ("https://cdn.example.com/v", None),
        ("http://api.gptproto.com/v", None),
    ],
)
def test_the_key_is_written_for_its_own_origins_only(url, seen):
    """Whichever client the request should ever go through."""
    writer = KeyHeader("x-goog-api-key", Secret(KEY), frozenset({"https://api.gptproto.com:443"}))
    [request] = writer.auth_flow(httpx2.Request("GET", url))
    assert request.headers.get("x-goog-api-key") == seen


@given(st.text() | st.from_regex(r"\Ahttps?://[^/]{0,20}(gptproto\.com|@|\\|:)[^/]{0,20}/.{0,5}\Z"))
def test_an_origin_is_that_of_the_address_that_httpx_would_ask(url):
    found = origin(url)
    if found:
        asked_for = httpx2.URL(url)
        assert found.startswith(f"{asked_for.scheme}://{asked_for.host}:")
        assert found.rpartition(":")[2].isdecimal()


def texts(error: BaseException) -> list[str]:
    """All that a person, a log or a debugger that shows variables is told of an error."""
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    return [str(error), repr(error), repr(vars(error)), "".join(trace.format())]


@pytest.mark.parametrize("call", ["submit", "poll", "download"])
@pytest.mark.parametrize(
    "play",
    [
        lambda request: httpx2.Response(
            401, json={"error": {"message": f"Incorrect API key provided: {KEY}."}}
        ),
        lambda request: httpx2.Response(500, text=f"<title>bad key {KEY}</title>"),
        lambda request: httpx2.Response(200, json={"message": f"bad key {KEY}"}),
        lambda request: httpx2.Response(200, json={"done": True, "error": {"message": KEY}}),
        lambda request: (_ for _ in ()).throw(httpx2.ReadError("reset", request=request)),
        lambda request: (_ for _ in ()).throw(httpx2.ConnectError("refused", request=request)),
    ],
    ids=["told in JSON", "told in a page", "told in a 200", "told in an operation", "reset", "refused"],
)
async def test_no_error_and_no_traceback_shows_the_key(call, play, tmp_path):
    secret = Secret(KEY)
    async with played(play, key=secret) as client:
        try:
            found: Any = await asking(client, call, "https://api.gptproto.com/v", tmp_path / "a")
        except errors.VeoError as error:
            shown = texts(error)
        else:
            shown = [repr(found), *texts(found.error)]
        assert [text for text in [*shown, repr(client)] if KEY in text or "abcdef-WXYZ" in text] == []


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (
            Secret("sk-0123456789", "GEMINI_API_KEY"),
            "refused the key from GEMINI_API_KEY: No. Put another one there",
        ),
        (
            Secret("sk-0123456789", "the system's keyring (macOS)"),
            "the key from the system's keyring (macOS): No.",
        ),
        ("'sk-0123456789'", "The provider refused the key from api_key=: No."),
        (Secret("sk-0123456789", ""), "The provider refused the key: No."),
    ],
)
async def test_a_refused_key_says_where_it_came_from(key, words):
    async with (
        Loopback(answer(401, {"error": {"message": "No"}})) as server,
        AsyncClient("gemini", key, server.url) as client,
    ):
        with pytest.raises(errors.AuthenticationError) as caught:
            await client.poll("veo-3.1-generate-preview", "operations/x")
    assert words in str(caught.value)
    assert server.calls[0].headers["x-goog-api-key"] == "sk-0123456789"


@pytest.mark.parametrize("key", ["sk-0123456\n789", "sk-0123 456789", "sk-012345…"])
def test_a_key_that_no_header_takes_is_refused_without_showing_it(key):
    with pytest.raises(errors.AuthenticationError) as caught:
        AsyncClient("gptproto", key)
    assert str(caught.value) == (
        "The key from api_key= holds characters that no key has. Copy it again, without spaces, quotes or line breaks in it."
    )
