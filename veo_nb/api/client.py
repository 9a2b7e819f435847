"""The async client: submit, poll and download over httpx, with the key going nowhere it should not.

Which call of it may be repeated is told by the error it raises: `SubmissionUncertain` never, `RateLimited`,
`TransportError` and `ServiceError` after a pause (`is_passing`), anything else never.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import httpx
import msgspec

from veo_nb import catalog, errors
from veo_nb.api import wire
from veo_nb.config import SANDBOX_KEY, Secret
from veo_nb.request import VideoRequest

Progress = Callable[[int, "int | None"], None]
"""Called with the bytes that have arrived and the bytes there are in all, None where the server didn't say."""

CALLS_AT_ONCE = 4
"""More would queue inside httpx, whose pool walks its whole queue at each start and end of a request."""
DOWNLOADS_AT_ONCE = 4
LONGEST_ANSWER = 128 * 2**20
"""Bytes; an answer may hold a video inline, so this is generous, but it is a bound."""
LONGEST_ERROR = 64 * 2**10
SUBMIT_SECONDS = 300.0
POLL_SECONDS = 60.0
CHUNK = 64 * 2**10
REDIRECTS = 5

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_BROKEN = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL)
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class AsyncClient:
    """Speaks to one provider: `await submit(request)`, `await poll(model, name)`, `await download(uri, path)`.

    Use it on one event loop, as `async with AsyncClient("gptproto", api_key=…) as client:`. `base_url` puts a
    gateway in front of all three calls, and then only the gateway sees the key. `transport` is httpx's, `clock`
    gives seconds since the epoch.
    """

    def __init__(
        self,
        provider: str | catalog.Provider = "gptproto",
        api_key: str | Secret = "",
        base_url: str = "",
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if isinstance(provider, str):
            if provider not in catalog.PROVIDERS:
                hint = catalog.did_you_mean(provider, list(catalog.PROVIDERS))
                raise errors.InvalidRequest(f"There is no provider {provider!r}.", hint=hint)
            provider = catalog.PROVIDERS[provider]
        if provider.name == "sandbox" and not api_key:
            api_key = SANDBOX_KEY
        if not (base_url or provider.submit_base):
            raise errors.InvalidRequest(
                f"The {provider.title} has no address of its own.",
                hint="Give base_url=, as `veo-nb sandbox` prints it.",
            )
        self.provider = provider
        self._key = api_key if isinstance(api_key, Secret) else Secret(api_key)
        self._base = base_url.rstrip("/")
        self._submit_base = self._base or provider.submit_base
        self._poll_base = self._base or provider.poll_base
        self._key_origins = {origin(self._base)} if self._base else set(provider.key_origins)
        self._clock = clock
        self._calls = asyncio.Semaphore(CALLS_AT_ONCE)
        self._downloads = asyncio.Semaphore(DOWNLOADS_AT_ONCE)
        local = _is_local(urlsplit(self._submit_base).hostname or "")
        common: dict[str, Any] = {
            "transport": transport,
            # A proxy has no business between this process and its own sandbox.
            "trust_env": not local,
            "verify": ssl.create_default_context() if self._submit_base.startswith("https:") else False,
            "timeout": httpx.Timeout(30.0, connect=10.0),
        }
        self._http = httpx.AsyncClient(**common)
        # A kept connection may die in the instant it is used again. For a GET that costs a retry; a POST
        # would become uncertain for nothing. So each submit gets a connection of its own.
        self._submit_http = httpx.AsyncClient(**common, limits=httpx.Limits(max_keepalive_connections=0))

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncClient({self.provider.name!r}, base_url={self._base!r})"

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
        await self._submit_http.aclose()

    async def submit(self, request: VideoRequest) -> wire.Operation:
        """Send a request once and get its operation.

        Raises:
            TransportError, RateLimited, ServiceError: it was certainly not accepted and may be sent again.
            SubmissionUncertain: it went out and no usable answer came back; never send it again by yourself.
            AuthenticationError, PermissionDenied, NotFound, InvalidRequest, ContentBlocked: it was refused.
        """
        url = f"{self._submit_base}/v1beta/models/{request.model}:predictLongRunning"
        body = await asyncio.to_thread(msgspec.json.encode, wire.submit_body(request, self.provider))
        headers = {**self._key_header(url), "content-type": "application/json"}
        try:
            async with self._calls:
                status, answer_headers, answer = await asyncio.wait_for(
                    self._read(self._submit_http, "POST", url, headers, body), SUBMIT_SECONDS
                )
        except _NOT_SENT as error:
            raise _unreachable(url, error) from None
        except (*_BROKEN, asyncio.TimeoutError, _TooLong) as error:
            raise _uncertain(f"no answer ({_reason(error)})") from None
        if status >= 300:
            refusal = wire.parse_error(status, answer_headers, answer, self._clock())
            # Of all 5xx, only a 503 in the provider's own words says that nothing was accepted.
            said_no = isinstance(refusal, errors.ContentBlocked) or (
                status == 503 and refusal.facts.get("provider_code")
            )
            if status >= 500 and not said_no:
                raise _uncertain(f"the provider answered {status}")
            raise _with_successor(refusal, request.model)
        try:
            return wire.parse_submitted(answer)
        except errors.ServiceError as error:
            raise _uncertain(error.message) from None

    async def poll(self, model: str, name: str) -> wire.Operation:
        """Ask once for the state of an operation.

        Raises:
            TransportError, RateLimited, ServiceError: ask again later.
            NotFound, AuthenticationError, PermissionDenied, InvalidRequest: asking again won't help.
        """
        url = f"{self._poll_base}/v1beta/models/{model}/operations/{wire.operation_id(name)}"
        try:
            async with self._calls:
                status, headers, answer = await asyncio.wait_for(
                    self._read(self._http, "GET", url, self._key_header(url)), POLL_SECONDS
                )
        except _TooLong:
            raise errors.ServiceError("The provider's answer is too long to read.", hint="") from None
        except (*_BROKEN, asyncio.TimeoutError) as error:
            raise _unreachable(url, error) from None
        if status >= 300:
            raise wire.parse_error(status, headers, answer, self._clock())
        return wire.parse_operation(answer)

    async def download(self, uri: str, path: Path, on_progress: Progress | None = None) -> int:
        """Bring a video to `path`, going on where an earlier try stopped, and get its size in bytes.

        The file is written as it comes; never is more than a chunk of it in memory. What has arrived stays
        there when the way breaks, so that the next call asks for the rest only.

        Raises:
            TransportError, RateLimited, ServiceError: try again later.
            VideoExpired: the provider no longer has it.
            DownloadError: the address is refused, or what is there is not a video.
        """
        async with self._downloads:
            have = path.stat().st_size if path.exists() else 0
            headers = {"accept-encoding": "identity", **({"range": f"bytes={have}-"} if have else {})}
            try:
                async with self._follow(self._located(uri), headers) as response:
                    return await self._receive(response, path, have, on_progress)
            except _BROKEN as error:
                raise _unreachable(uri, error) from None

    async def _receive(
        self, response: httpx.Response, path: Path, have: int, on_progress: Progress | None
    ) -> int:
        status = response.status_code
        if status == 416:
            # What is here is not the beginning of what is there: begin again.
            path.unlink(missing_ok=True)
            raise errors.TransportError("The file changed on its way.", hint="It is fetched again.")
        if status >= 300:
            raise _download_refusal(
                wire.parse_error(status, response.headers, await _head(response), self._clock()), status
            )
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind and not (
            kind.startswith("video/") or kind in ("application/octet-stream", "application/mp4")
        ):
            raise errors.DownloadError(
                f"The provider sent {kind} in place of a video.",
                hint="%veo retry looks again.",
                content_type=kind,
            )
        start, total = _extent(response, have)
        with path.open("r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            done = start
            async for chunk in response.aiter_raw(CHUNK):
                file.write(chunk)
                done += len(chunk)
                if on_progress is not None:
                    on_progress(done, total)
        if total is not None and done != total:
            raise errors.TransportError(
                f"The video stopped at {done} of {total} bytes.", hint="It is fetched again."
            )
        return done

    @asynccontextmanager
    async def _follow(self, url: str, headers: dict[str, str]) -> AsyncIterator[httpx.Response]:
        """The answer at the end of the redirects; the key goes along to the provider's own origins only."""
        for _ in range(REDIRECTS + 1):
            self._check_address(url)
            sent = {**headers, **self._key_header(url)}
            async with self._http.stream("GET", url, headers=sent, follow_redirects=False) as response:
                target = response.headers.get("location")
                if not (300 <= response.status_code < 400 and target):
                    yield response
                    return
                url = urljoin(url, target)
        raise errors.DownloadError("The video's address leads in a circle.", hint="Ask the provider.")

    def _key_header(self, url: str) -> dict[str, str]:
        if origin(url) in self._key_origins and self._key:
            return {self.provider.key_header: self._key.reveal()}
        return {}

    def _located(self, uri: str) -> str:
        """The address of a video, moved onto the gateway where one stands in front of the provider."""
        if self._base and origin(uri) in self.provider.key_origins:
            path = urlunsplit(urlsplit(uri)._replace(scheme="", netloc=""))
            return self._base + path
        return uri

    def _check_address(self, url: str) -> None:
        """Refuse an address that a provider has no reason to name: a server's answer is not to be trusted."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if origin(url) in self._key_origins:
            return
        if parts.scheme != "https" or not host or parts.username or _is_local(host):
            raise errors.DownloadError(
                f"The video's address is refused: {parts.scheme}://{host}.",
                hint="Videos come over https from public hosts only.",
                uri=url,
            )

    async def _read(
        self,
        http: httpx.AsyncClient,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None = None,
    ) -> tuple[int, httpx.Headers, bytes]:
        async with http.stream(method, url, headers=headers, content=body) as response:
            if response.status_code >= 300:
                return response.status_code, response.headers, await _head(response)
            parts = bytearray()
            async for chunk in response.aiter_bytes(CHUNK):
                parts += chunk
                if len(parts) > LONGEST_ANSWER:
                    raise _TooLong
            return response.status_code, response.headers, bytes(parts)


class _TooLong(Exception):  # noqa: N818
    """The answer went over `LONGEST_ANSWER`."""

    def __str__(self) -> str:
        return "the answer is too long"


def is_passing(error: errors.VeoError) -> bool:
    """Whether the same call may work after a pause: the way or the provider is down, or it asks to wait."""
    if isinstance(error, (errors.RateLimited, errors.TransportError)):
        return True
    status = error.facts.get("status")
    return isinstance(error, errors.ServiceError) and (status is None or status in _PASSING)


def origin(url: str) -> str:
    """`https://host:port` of an address, with the port always named; empty for anything but http(s)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port or (443 if parts.scheme == 'https' else 80)}"


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


async def _head(response: httpx.Response) -> bytes:
    """The beginning of a body: enough for an error's words, however long the page is."""
    found = bytearray()
    async for chunk in response.aiter_bytes(CHUNK):
        found += chunk
        if len(found) >= LONGEST_ERROR:
            break
    return bytes(found[:LONGEST_ERROR])


def _extent(response: httpx.Response, have: int) -> tuple[int, int | None]:
    """Where the answer's bytes begin and how many the whole file has; None where the server didn't say."""
    if response.status_code == 206:
        span, _, whole = response.headers.get("content-range", "").removeprefix("bytes ").partition("/")
        first = span.partition("-")[0]
        if first.isdecimal() and int(first) == have:
            return have, int(whole) if whole.isdecimal() else None
        raise errors.TransportError("The provider sent another part than asked.", hint="It is fetched again.")
    length = response.headers.get("content-length", "")
    return 0, int(length) if length.isdecimal() else None


def _reason(error: BaseException) -> str:
    if isinstance(error, (asyncio.TimeoutError, httpx.TimeoutException)):
        return "it took too long"
    return wire.words(str(error)) or type(error).__name__


def _unreachable(url: str, error: BaseException) -> errors.TransportError:
    host = urlsplit(url).hostname or url
    return errors.TransportError(
        f"{host} can't be reached: {_reason(error)}.", hint="Look at your connection and proxy.", host=host
    )


def _uncertain(why: str) -> errors.SubmissionUncertain:
    return errors.SubmissionUncertain(
        f"Sent, but the answer was lost: {why.rstrip('.')}. It may have been accepted and charged.",
        hint="Look at your provider's dashboard before you send it again.",
    )


def _with_successor(refusal: errors.VeoError, model: str) -> errors.VeoError:
    successor = catalog.MODELS[model].successor
    if isinstance(refusal, errors.NotFound) and successor:
        return errors.NotFound(refusal.message, hint=f"Use model={successor!r}.", **refusal.facts)
    return refusal


def _download_refusal(refusal: errors.VeoError, status: int) -> errors.VeoError:
    if status in (404, 410):
        return errors.VideoExpired(
            "The provider no longer has this video.",
            hint="They are kept for two days; ask anew with fresh.",
            **refusal.facts,
        )
    return refusal
