"""The async client: submit, poll and download over httpx, with the key going nowhere it should not.

Which call of it may be repeated is told by the error it raises: `SubmissionUncertain` never, `RateLimited`,
`TransportError` and `ServiceError` after a pause (`is_passing`), anything else never.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import httpx
import msgspec

from veo_nb import catalog, errors
from veo_nb.api import wire
from veo_nb.api.address import KeyHeader, checked, moved, origin
from veo_nb.api.logs import KeyFilter
from veo_nb.api.transfer import CHUNK, Progress, check_is_video, receive, resume_at_the_end
from veo_nb.config import base_address, is_private
from veo_nb.keys import SANDBOX_KEY, Secret, unsendable_key
from veo_nb.request import VideoRequest

CALLS_AT_ONCE = 4
"""More would queue inside httpx, whose pool walks its whole queue at each start and end of a request."""
DOWNLOADS_AT_ONCE = 4
LONGEST_ANSWER = 128 * 2**20
"""Bytes; an answer may hold a video inline, so this is generous, but it is a bound."""
LONGEST_ERROR = 64 * 2**10
SUBMIT_SECONDS = 300.0
POLL_SECONDS = 300.0
"""An answer with the video inline takes its time on a slow line."""
DOWNLOAD_SECONDS = 1800.0
"""For one try; the next goes on where it stopped."""
REDIRECTS = 5

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_BROKEN = (
    httpx.HTTPError,
    httpx.StreamError,
    httpx.InvalidURL,
    asyncio.TimeoutError,
    # These come through httpx as they are: a broken TLS record, a host name or a redirect that can't be encoded.
    ssl.SSLError,
    ValueError,
    OverflowError,
)
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class AsyncClient:
    """Speaks to one provider: `await submit(request)`, `await poll(model, name)`, `await download(uri, path)`.

    Use it on one event loop, as `async with AsyncClient("gptproto", api_key=…) as client:`. `base_url` puts a
    gateway in front of all three calls, and then only the gateway sees the key. `transport` is httpx's, `clock`
    gives seconds since the epoch.

    Raises:
        InvalidRequest: there is no such provider, or its address can't be used.
        AuthenticationError: the key can't be one.
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
        api_key = api_key if isinstance(api_key, Secret) else Secret(api_key)
        if not api_key.can_be_sent():
            raise unsendable_key("")
        if isinstance(provider, str):
            if provider not in catalog.PROVIDERS:
                hint = catalog.did_you_mean(provider, list(catalog.PROVIDERS))
                raise errors.InvalidRequest(f"There is no provider {provider!r}.", hint=hint)
            provider = catalog.PROVIDERS[provider]
        if provider.name == "sandbox" and not api_key:
            api_key = Secret(SANDBOX_KEY)
        if not (base_url or provider.submit_base):
            raise errors.InvalidRequest(
                f"The {provider.title} has no address of its own.",
                hint="Give base_url=, as `veo-nb sandbox` prints it.",
            )
        self.provider = provider
        self._key = api_key
        self._base = base_address(base_url)
        self._submit_base = self._base or provider.submit_base
        self._poll_base = self._base or provider.poll_base
        self._own = frozenset(map(origin, [self._base] if self._base else provider.key_origins))
        if "" in self._own:
            raise errors.InvalidRequest(
                f"{self._base!r} is no base address.", hint="Write its host in ASCII."
            )
        self._clock = clock
        self._transport = transport
        self._tls: ssl.SSLContext | None = None
        self._submits = asyncio.Semaphore(CALLS_AT_ONCE)
        self._polls = asyncio.Semaphore(CALLS_AT_ONCE)
        self._downloads = asyncio.Semaphore(DOWNLOADS_AT_ONCE)
        key = KeyHeader(provider.key_header, api_key, self._own)
        self._http = self._open(self._own, auth=key)
        # A kept connection may die in the instant it is used again. For a GET that costs a retry; a POST
        # would become uncertain for nothing. So each submit gets a connection of its own.
        single = httpx.Limits(max_keepalive_connections=0)
        # Giving up early on a POST costs a person a look at the provider's dashboard: be patient.
        patient = httpx.Timeout(30.0, connect=10.0, read=120.0)
        self._submit_http = self._open(self._own, auth=key, limits=single, timeout=patient)
        self._foreign_http: httpx.AsyncClient | None = None
        self._log = KeyFilter(lambda: [api_key])
        self._log.watch()

    def _open(self, origins: frozenset[str] = frozenset(), **options: Any) -> httpx.AsyncClient:
        """An HTTP client for these origins; for any public one where none are named."""
        # A proxy has no business between this process and its own sandbox.
        local = bool(origins) and all(is_private(httpx.URL(where).host) for where in origins)
        # Loading the certificates takes 30 ms, which the sandbox need not pay.
        plain = bool(origins) and all(where.startswith("http:") for where in origins)
        options.setdefault("timeout", httpx.Timeout(30.0, connect=10.0))
        try:
            if not plain and self._tls is None and self._transport is None:
                self._tls = _trusted()
            return httpx.AsyncClient(
                transport=self._transport,
                trust_env=not local,
                verify=False if plain or self._tls is None else self._tls,
                **options,
            )
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
            raise errors.InvalidRequest(
                f"This machine's proxy or certificate settings can't be used: {_reason(error)}.",
                hint="Look at HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE.",
            ) from None

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncClient({self.provider.name!r}, base_url={self._base!r})"

    async def aclose(self) -> None:
        """Close the connections; a call that waits its turn then ends with a TransportError."""
        for http in (self._http, self._submit_http, self._foreign_http):
            if http is not None:
                await http.aclose()
        self._log.leave()

    async def submit(self, request: VideoRequest) -> wire.Operation:
        """Send a request once and get its operation.

        Raises:
            TransportError, RateLimited, ServiceError: it was certainly not accepted and may be sent again.
            SubmissionUncertain: it went out and no usable answer came back; never send it again by yourself.
            AuthenticationError, PermissionDenied, NotFound, InvalidRequest, ContentBlocked: it was refused.
        """
        url = f"{self._submit_base}/v1beta/models/{quote(request.model, safe='')}:predictLongRunning"
        body = await asyncio.to_thread(_encoded, request, self.provider)
        async with self._submits:
            try:
                status, headers, answer = await asyncio.wait_for(
                    _read(self._submit_http, "POST", url, body), SUBMIT_SECONDS
                )
            except errors.VeoError:
                raise
            except _NOT_SENT as error:
                raise _unreachable(url, error) from None
            except Exception as error:  # noqa: BLE001  whatever it is, the request may have arrived
                raise _uncertain(f"no answer ({_reason(error)})") from None
        answer = self._without_key(answer)
        if status >= 300:
            refusal = wire.parse_error(status, headers, answer, self._clock())
            # Of all 5xx, only a 503 in the provider's own words says that nothing was accepted.
            said_no = isinstance(refusal, errors.ContentBlocked) or (
                status == 503 and refusal.facts.get("provider_code")
            )
            if status >= 500 and not said_no:
                raise _uncertain(refusal.message.replace("The", "the", 1), status=status)
            raise _with_successor(refusal, request.model)
        try:
            return wire.parse_submitted(answer)
        except errors.ServiceError as error:
            raise _uncertain(error.message.replace("The", "the", 1)) from None

    async def poll(self, model: str, name: str) -> wire.Operation:
        """Ask once for the state of an operation.

        Raises:
            TransportError, RateLimited, ServiceError: ask again later.
            NotFound, AuthenticationError, PermissionDenied, InvalidRequest: asking again won't help.
        """
        operation = quote(wire.operation_id(name), safe="")
        url = f"{self._poll_base}/v1beta/models/{quote(model, safe='')}/operations/{operation}"
        async with self._polls:
            try:
                status, headers, answer = await asyncio.wait_for(_read(self._http, "GET", url), POLL_SECONDS)
            except errors.VeoError:
                raise
            except _TooLong as error:
                raise errors.ServiceError(f"The provider's answer can't be used: {error}.", hint="") from None
            except _BROKEN as error:
                raise _unreachable(url, error) from None
        answer = self._without_key(answer)
        if status >= 300:
            raise wire.parse_error(status, headers, answer, self._clock())
        if len(answer) <= CHUNK:
            return wire.parse_operation(answer)
        # With the video inline: decoded off the loop, which goes on meanwhile.
        return await asyncio.to_thread(wire.parse_operation, answer)

    async def download(self, uri: str, path: Path, on_progress: Progress | None = None) -> int:
        """Bring a video to `path`, going on where an earlier try stopped, and get its size in bytes.

        The file is written as it comes; never is more than a chunk of it in memory. What has arrived stays
        there when the way breaks, so that the next call asks for the rest only.

        Raises:
            TransportError, RateLimited, ServiceError: try again later.
            VideoExpired: the provider no longer has it.
            DownloadError: the address is refused, or what is there is not a video.
            OSError: the file can't be written.
        """
        if self._base and origin(uri) in set(map(origin, self.provider.key_origins)):
            uri = moved(uri, self._base)
        async with self._downloads:
            try:
                return await asyncio.wait_for(self._fetch(uri, path, on_progress), DOWNLOAD_SECONDS)
            except errors.VeoError:
                raise
            except _BROKEN as error:
                raise _unreachable(uri, error) from None

    async def _fetch(self, uri: str, path: Path, on_progress: Progress | None) -> int:
        have = path.stat().st_size if path.exists() else 0
        headers = {"accept-encoding": "identity", **({"range": f"bytes={have}-"} if have else {})}
        async with self._follow(uri, headers) as response:
            if response.status_code == 416:
                return resume_at_the_end(response, path, have)
            if response.status_code >= 300:
                refusal = wire.parse_error(
                    response.status_code,
                    response.headers,
                    self._without_key(await _head(response)),
                    self._clock(),
                )
                raise _download_refusal(refusal)
            check_is_video(response)
            return await receive(response, path, have, on_progress)

    @asynccontextmanager
    async def _follow(self, url: str, headers: dict[str, str]) -> AsyncIterator[httpx.Response]:
        """The answer at the end of the redirects, each of which is checked before it is asked."""
        for _ in range(REDIRECTS + 1):
            target = checked(url, self._own)
            http = self._http if origin(target) in self._own else self._foreign()
            _check_open(http)
            async with http.stream("GET", target, headers=headers, follow_redirects=False) as response:
                onward = response.headers.get("location")
                if not (300 <= response.status_code < 400 and onward):
                    yield response
                    return
                url = urljoin(url, self._key.masked(onward))
        raise errors.DownloadError("The video's address leads in a circle.", hint="Ask the provider.")

    def _foreign(self) -> httpx.AsyncClient:
        """The client for addresses that are not the provider's: it knows no key."""
        if self._foreign_http is None:
            self._foreign_http = self._open()
        return self._foreign_http

    def _without_key(self, body: bytes) -> bytes:
        """An answer without the key in it: some servers quote the one they refuse, and it would be shown and kept."""
        return self._key.masked(body)


class _TooLong(Exception):  # noqa: N818
    """The answer went over `LONGEST_ANSWER`."""

    def __str__(self) -> str:
        return "it is too long"


def is_passing(error: errors.VeoError) -> bool:
    """Whether the same call may work after a pause: the way or the provider is down, or it asks to wait."""
    if isinstance(error, (errors.RateLimited, errors.TransportError)):
        return True
    status = error.facts.get("status")
    return isinstance(error, errors.ServiceError) and (status is None or status in _PASSING)


def _trusted() -> ssl.SSLContext:
    """This machine's certificates, to which a company adds its own; httpx's bundle where there are none."""
    context = ssl.create_default_context()
    return context if context.cert_store_stats()["x509_ca"] else httpx.create_ssl_context()


def _encoded(request: VideoRequest, provider: catalog.Provider) -> bytes:
    try:
        return msgspec.json.encode(wire.submit_body(request, provider))
    except (TypeError, ValueError) as error:
        raise errors.InvalidRequest(
            f"The request can't be written as JSON: {type(error).__name__}.",
            hint="Build it with veo.generate.",
        ) from None


async def _read(
    http: httpx.AsyncClient, method: str, url: str, body: bytes | None = None
) -> tuple[int, httpx.Headers, bytes]:
    _check_open(http)
    headers = {"content-type": "application/json"} if body is not None else {}
    async with http.stream(method, url, headers=headers, content=body) as response:
        if response.status_code >= 300:
            return response.status_code, response.headers, await _head(response)
        parts = bytearray()
        async for chunk in response.aiter_bytes(CHUNK):
            parts += chunk
            if len(parts) > LONGEST_ANSWER:
                raise _TooLong
        return response.status_code, response.headers, bytes(parts)


def _check_open(http: httpx.AsyncClient) -> None:
    if http.is_closed:
        raise errors.TransportError("This client is closed.", hint="Make another one.")


async def _head(response: httpx.Response) -> bytes:
    """The beginning of a body: enough for an error's words, however long the page is."""
    found = bytearray()
    async for chunk in response.aiter_bytes(CHUNK):
        found += chunk
        if len(found) >= LONGEST_ERROR:
            break
    return bytes(found[:LONGEST_ERROR])


def _reason(error: BaseException) -> str:
    if isinstance(error, (asyncio.TimeoutError, httpx.TimeoutException)):
        return "it took too long"
    return wire.words(str(error)) or type(error).__name__


def _unreachable(url: str, error: BaseException) -> errors.TransportError:
    host = origin(url).rpartition("://")[2].rpartition(":")[0] or catalog.shown(url)
    return errors.TransportError(
        f"{host} can't be reached: {_reason(error)}.", hint="Look at your connection and proxy.", host=host
    )


def _uncertain(why: str, **facts: Any) -> errors.SubmissionUncertain:
    return errors.SubmissionUncertain(
        f"Sent, but the answer was lost: {why.rstrip('.')}. It may have been accepted and charged.",
        hint="Look at your provider's dashboard before you send it again.",
        **facts,
    )


def _with_successor(refusal: errors.VeoError, model: str) -> errors.VeoError:
    known = catalog.MODELS.get(model)
    if isinstance(refusal, errors.NotFound) and known is not None and known.successor:
        return errors.NotFound(refusal.message, hint=f"Use model={known.successor!r}.", **refusal.facts)
    return refusal


def _download_refusal(refusal: errors.VeoError) -> errors.VeoError:
    if isinstance(refusal, errors.NotFound):
        return errors.VideoExpired(
            "The provider no longer has this video.",
            hint="They are kept for two days; ask anew with fresh.",
            **refusal.facts,
        )
    return refusal
