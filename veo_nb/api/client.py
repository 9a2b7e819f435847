"""The async client: submit, poll and download over httpx2, with the key going nowhere it should not.

Which call of it may be repeated is told by the error it raises: `SubmissionUncertain` never, `RateLimited`,
`TransportError` and `ServiceError` after a pause (`retry.is_passing`), anything else never.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin

import httpx2
import msgspec

from veo_nb import catalog, errors
from veo_nb.api import answers, wire
from veo_nb.api import errors as refusals
from veo_nb.api.auth import KeyFilter, KeyHeader, Origins, checked, moved, origin
from veo_nb.api.dialects.dialect import Form, dialects_of
from veo_nb.api.dialects.plugins import load_plugins
from veo_nb.api.dialects.vertex import STORAGE
from veo_nb.api.download import CHUNK, Progress, Received, doubt_of, receive, resume_at_the_end
from veo_nb.api.files import calls as files
from veo_nb.api.files.upload import Upload
from veo_nb.api.google import Bearer, GoogleAccount
from veo_nb.api.network import with_network
from veo_nb.api.transport import (
    JSON,
    TooLongError,
    beginning,
    check_open,
    head,
    pointed_away,
    read,
    reason,
    unreachable,
)
from veo_nb.credentials.addresses import base_address, is_private
from veo_nb.credentials.keys import SANDBOX_KEY, Secret, unsendable_key
from veo_nb.media.kind import kind_of_file
from veo_nb.request import VideoRequest

CALLS_AT_ONCE = 4
"""More would queue inside httpx2, whose pool walks its whole queue at each start and end of a request."""
DOWNLOADS_AT_ONCE = 4
UPLOADS_AT_ONCE = 2
"""Lines are slower upwards, and each of them is to arrive."""
LONGEST_NAMING = 2**20
"""Bytes of the answer to a submit, which only names the operation."""
LONGEST_ANSWER = 384 * 2**20
"""Bytes of the answer to a poll; it may hold four videos of 50 MB inline, a third larger as text, so this is generous, but it is a bound."""
CONNECT_SECONDS = 10.0
SUBMIT_SECONDS = 300.0
HELD_SECONDS = 900.0
"""For a submit that is answered with the clip itself."""
POLL_SECONDS = 300.0
"""An answer with the video inline takes its time on a slow line."""
PIECE_SECONDS = 600.0
"""For one piece of an upload; a line that takes longer brings none of it."""
DOWNLOAD_SECONDS = 1800.0
"""For one try; the next goes on where it stopped."""
REDIRECTS = 5

_HELD = httpx2.Timeout(30.0, connect=CONNECT_SECONDS, read=HELD_SECONDS)
_NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)
_BROKEN = (
    httpx2.HTTPError,
    httpx2.StreamError,
    httpx2.InvalidURL,
    TimeoutError,
    # These come through httpx2 as they are: a broken TLS record, a host name or a redirect that can't be encoded.
    ssl.SSLError,
    ValueError,
    OverflowError,
)
_NOT_KNOWN = frozenset({300, 302, 303, 408})
"""What a submit may be answered with after it was taken: 303 points to what it made, and so do those who say 302 in its
place, as most frameworks do after a POST (301, 307 and 308 ask for the same elsewhere); gateways to models say 408 when
theirs took too long (Amazon Bedrock's ModelTimeoutException, OpenRouter), whatever HTTP means by it."""


class AsyncClient:
    """Speaks to one provider: `await submit(request)`, `await poll(model, name)`, `await download(uri, path)`.

    Use it on one event loop, as `async with AsyncClient("gptproto", api_key=…) as client:`. `base_url` puts a
    gateway in front of all three calls, and then only the gateway sees the key. Vertex AI takes a key (express
    mode), or a `project` and this machine's Google credentials; `storage_uri` is the `gs://bucket/folder` where it
    puts the videos. Without `store` nothing of a request to Gemini Omni is kept there: a submit is answered when the clip
    is made, with the clip in it. `keyed` are the providers whose key is here: what they serve is named where a model is gone,
    and `home` the one whose models need no provider before their names.
    `transport` is httpx2's, `clock` gives seconds since the epoch.

    Raises:
        InvalidRequest: there is no such provider, or its address can't be used.
        AuthenticationError: the key can't be one, or Vertex AI has neither a key nor a project.
    """

    def __init__(
        self,
        provider: str | catalog.Provider = "gptproto",
        api_key: str | Secret = "",
        base_url: str = "",
        *,
        project: str = "",
        location: str = "us-central1",
        storage_uri: str = "",
        store: bool = True,
        keyed: tuple[str, ...] = (),
        home: str = "",
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        api_key = api_key if isinstance(api_key, Secret) else Secret(api_key, "api_key=")
        if not api_key.can_be_sent():
            raise unsendable_key(api_key.source)
        if isinstance(provider, str):
            load_plugins()
            if provider not in catalog.PROVIDERS:
                hint = catalog.did_you_mean(provider, list(catalog.PROVIDERS))
                raise errors.InvalidRequest(f"There is no provider {provider!r}.", hint=hint)
            provider = catalog.PROVIDERS[provider]
        if provider.name == "sandbox" and not api_key:
            api_key = Secret(SANDBOX_KEY, "")
        self.provider = provider
        self._keyed = keyed
        self._home = home
        self._key = api_key
        self._base = base_address(base_url)
        if self._base and not origin(self._base):
            raise errors.InvalidRequest(
                f"{self._base!r} is no base address.", hint="Write its host in ASCII."
            )
        self._dialects = dialects_of(
            provider,
            self._base,
            has_key=bool(api_key),
            project=project,
            location=location,
            storage_uri=storage_uri,
            store=store,
        )
        self._hosts = Origins(provider.key_origins)
        self._own = Origins([self._base]) if self._base else self._hosts
        self._account = GoogleAccount()
        self._storage = Bearer(self._account, Origins([STORAGE]))
        self._auth: KeyHeader | Bearer = (
            Bearer(self._account, self._own)
            if provider.keyless and not api_key
            else KeyHeader(provider.key_header, api_key, self._own, provider.key_scheme)
        )
        self._clock = clock
        self._transport = transport
        self._tls: ssl.SSLContext | None = None
        self._submits = asyncio.Semaphore(CALLS_AT_ONCE)
        self._polls = asyncio.Semaphore(CALLS_AT_ONCE)
        self._downloads = asyncio.Semaphore(DOWNLOADS_AT_ONCE)
        self._uploads = asyncio.Semaphore(UPLOADS_AT_ONCE)
        home = self._base or provider.submit_base.replace("{location}-", "")
        self._http = self._open(home, auth=self._auth)
        # A kept connection may die in the instant it is used again. For a GET that costs a retry; a POST
        # would become uncertain for nothing. So each submit gets a connection of its own.
        single = httpx2.Limits(max_keepalive_connections=0)
        # Giving up early on a POST costs a person a look at the provider's dashboard: be patient.
        patient = httpx2.Timeout(30.0, connect=CONNECT_SECONDS, read=120.0)
        self._submit_http = self._open(home, auth=self._auth, limits=single, timeout=patient)
        self._foreign_http: httpx2.AsyncClient | None = None
        self._log = KeyFilter(lambda: [self._key, *self._account.tokens])
        self._log.watch()

    def _open(self, base: str = "", **options: Any) -> httpx2.AsyncClient:
        """An HTTP client for what is behind this base; for any public host where there is none."""
        # A proxy has no business between this process and its own sandbox.
        local = bool(base) and is_private(httpx2.URL(base).host)
        # Loading the certificates takes 30 ms, which the sandbox need not pay.
        plain = base.startswith("http:")
        options.setdefault("timeout", httpx2.Timeout(30.0, connect=CONNECT_SECONDS))
        try:
            if not plain and self._tls is None and self._transport is None:
                self._tls = _trusted()
            return with_network(
                httpx2.AsyncClient(
                    transport=self._transport,
                    trust_env=not local,
                    verify=False if plain or self._tls is None else self._tls,
                    **options,
                )
            )
        except (ImportError, OSError, ValueError, httpx2.InvalidURL) as error:
            raise errors.InvalidRequest(
                f"This machine's proxy or certificate settings can't be used: {reason(error)}.",
                hint="Look at HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE.",
            ) from None

    async def __aenter__(self) -> Self:
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
        dialect = self._dialect(request.model)
        # Pictures and clips take their time to be read and written as text, and words take none.
        light = request.source is None and not request.pictures()
        encoded = _encoded(request, dialect) if light else await asyncio.to_thread(_encoded, request, dialect)
        call, body, kind = encoded
        url = call.url
        longest, seconds = (LONGEST_ANSWER, HELD_SECONDS) if call.held else (LONGEST_NAMING, SUBMIT_SECONDS)
        options: dict[str, Any] = {"timeout": _HELD} if call.held else {}
        # One that is held is many times as long as another, and would keep all others from being sent.
        async with contextlib.nullcontext() if call.held else self._submits:
            try:
                async with asyncio.timeout(seconds):
                    status, headers, answer = await read(
                        self._submit_http, "POST", url, body, longest, kind=kind, **options
                    )
            except errors.VeoError:
                raise
            except _NOT_SENT as error:
                raise unreachable(url, error) from None
            except Exception as error:  # noqa: BLE001  whatever it is, the request may have arrived
                came = self._without_key(beginning(error))
                # Of what nobody stored the name alone is worth nothing.
                if not call.held and (operation := dialect.find_name(came, self._masked)) is not None:
                    return operation
                long = isinstance(error, TooLongError)
                why = str(error) if long else f"no answer ({reason(error)})"
                raise refusals.uncertain(why) from None
        answer = self._without_key(answer)
        if status >= 300:
            refusal = self._refusal(status, headers, answer, self._auth, dialect, asks=True)
            # Of all 5xx, only a 503 in the provider's own words says that nothing was accepted: whoever names an
            # operation later answers at once, and Google charges nothing for what it answers with an error (its page on
            # billing). Of what was held until it was made, a 503 may come at the end of the work.
            said_no = isinstance(refusal, errors.ContentBlocked) or (
                status == 503 and refusal.facts.get("provider_code") and not call.held
            )
            if (status >= 500 and not said_no) or status in _NOT_KNOWN:
                raise refusals.uncertain(refusal.message.replace("The", "the", 1), status=status)
            raise refusals.of_submit(refusal, request.model, self.provider, self._elsewhere())
        try:
            if len(answer) > CHUNK:
                return await asyncio.to_thread(dialect.read_submitted, answer, self._masked)
            return dialect.read_submitted(answer, self._masked)
        except errors.ServiceError as error:
            raise refusals.uncertain(error.message.replace("The", "the", 1), **error.facts) from None

    async def poll(self, model: str, name: str, *, other: bool = False) -> wire.Operation:
        """Ask once for the state of an operation; with `other` in the form of a provider's other page.

        Raises:
            TransportError, RateLimited, ServiceError: ask again later.
            NotFound, PermissionDenied, InvalidRequest, ContentBlocked: it is denied, which says nothing of its end: a
                server behind a balancer may not have heard of it yet. NotFound also where there is no other form.
            AuthenticationError: asking again won't help.
        """
        dialect = self._dialect(model)
        call = dialect.other_poll(model, name) if other else dialect.poll(model, name)
        if call is None:
            raise errors.NotFound(f"{self.provider.title} is asked in one form only.", hint="")
        url, body = call.url, None if call.body is None else msgspec.json.encode(call.body)
        status, headers, answer = await self._ask(call.method, url, body)
        if status >= 400:
            refusal = self._refusal(status, headers, answer, self._auth, dialect)
            raise refusals.of_poll(refusal, model, self.provider, self._elsewhere())
        if status >= 300:
            raise pointed_away(url, self._masked(headers.get("location", "")))
        if len(answer) <= CHUNK:
            return dialect.read_operation(answer, self._masked, url)
        # With the video inline: decoded off the loop, which goes on meanwhile.
        return await asyncio.to_thread(dialect.read_operation, answer, self._masked, url)

    async def upload(self, upload: Upload, on_progress: Progress | None = None) -> files.RemoteFile:
        """Send a file to the provider, and get how it stands there; after an error that passes it goes on. Free.

        Raises:
            TransportError, RateLimited, ServiceError: call it again later.
            AuthenticationError, PermissionDenied, NotFound, InvalidRequest: the provider takes no such file.
            OSError: the file can't be read.
        """
        async with self._uploads:
            answer = await upload.send(self._exchange, self._files(), on_progress)
        return files.read_file(answer, self._masked)

    async def find_file(self, name: str) -> files.RemoteFile:
        """How a file stands that was uploaded, by what the provider calls it.

        Raises:
            TransportError, RateLimited, ServiceError: ask again later.
            NotFound, PermissionDenied, InvalidRequest: the provider does not have it, or not for this key.
            AuthenticationError: asking again won't help.
        """
        return files.read_file(await self.look(files.look(self._files(), name).url), self._masked)

    def _files(self) -> str:
        return self._base or self.provider.submit_base

    async def _exchange(
        self, url: str, headers: Mapping[str, str], content: bytes | AsyncIterator[bytes], *, keyed: bool
    ) -> tuple[Mapping[str, str], bytes]:
        """One call of an upload. The address to which the bytes go is the server's word, and gets no key."""
        if keyed:
            return await self._sent(url, headers, content)
        try:
            named = moved(url, self._base) if self._base and origin(url) in self._hosts else url
            target = checked(named, self._own)
        except errors.DownloadError:
            raise errors.ServiceError(
                f"The provider's address for uploads is refused: {catalog.shown(origin(url) or url)}.",
                hint="Files go over https to public hosts only.",
                status=200,
            ) from None
        return await self._sent(str(target), headers, content, auth=None)

    async def _sent(
        self,
        url: str,
        headers: Mapping[str, str],
        content: bytes | AsyncIterator[bytes],
        **options: Any,
    ) -> tuple[httpx2.Headers, bytes]:
        """Headers and body of an answer of 2xx to a POST; anything else is raised as what it means."""
        http = self._http if origin(url) in self._own else self._foreign()
        try:
            async with asyncio.timeout(PIECE_SECONDS):
                status, found, answer = await read(
                    http, "POST", url, content, LONGEST_NAMING, headers=headers, **options
                )
        except errors.VeoError:
            raise
        except TooLongError as error:
            raise errors.ServiceError(f"The provider's answer can't be used: {error}.", hint="") from None
        except _BROKEN as error:
            raise unreachable(url, error) from None
        answer = self._without_key(answer)
        if status >= 400:
            raise self._refusal(status, found, answer, self._auth)
        if status >= 300:
            raise pointed_away(url, self._masked(found.get("location", "")))
        return found, answer

    async def look(self, url: str) -> bytes:
        """A page of the provider's that costs nothing, such as its list of models; asked for once, with the key.

        Raises:
            VeoError: it is not there, not handed out, or can't be reached.
        """
        status, headers, answer = await self._ask("GET", url, None)
        if status >= 400:
            raise self._refusal(status, headers, answer, self._auth)
        if status >= 300:
            raise pointed_away(url, self._masked(headers.get("location", "")))
        return answer

    async def _ask(self, method: str, url: str, body: bytes | None) -> tuple[int, httpx2.Headers, bytes]:
        """What a call that costs nothing is answered with, without the key in it."""
        async with self._polls:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    status, headers, answer = await read(self._http, method, url, body, LONGEST_ANSWER)
            except errors.VeoError:
                raise
            except TooLongError as error:
                raise errors.ServiceError(f"The provider's answer can't be used: {error}.", hint="") from None
            except _BROKEN as error:
                raise unreachable(url, error) from None
        return status, headers, self._without_key(answer)

    async def download(self, uri: str, path: Path, on_progress: Progress | None = None) -> int:
        """Bring a video to `path`, going on where an earlier try stopped, and get its size in bytes.

        The file is written as it comes; never is more than a chunk of it in memory. What has arrived stays
        there when the way breaks, so that the next call asks for the rest only.

        Raises: as `fetch`.
        """
        return (await self.fetch(uri, path, on_progress)).size

    async def fetch(self, uri: str, path: Path, on_progress: Progress | None = None) -> Received:
        """As `download`, and with the digest of what came, where all of it came in this call.

        Raises:
            TransportError, RateLimited, ServiceError: try again later.
            NotFound, PermissionDenied, InvalidRequest, ContentBlocked: it is denied. Whether it was deleted is told by its age.
            DownloadError: the address is refused, or what is there is not a video.
            OSError: the file can't be written.
        """
        address = uri
        for dialect in self._dialects.values():
            address = dialect.address(address)
        if self._base and origin(address) in self._hosts:
            address = moved(address, self._base)
        async with self._downloads:
            try:
                async with asyncio.timeout(DOWNLOAD_SECONDS):
                    return await self._fetch(uri, address, path, on_progress)
            except errors.VeoError:
                raise
            except _BROKEN as error:
                raise unreachable(address, error) from None

    async def _fetch(self, uri: str, address: str, path: Path, on_progress: Progress | None) -> Received:
        # What lies in a bucket is fetched with the token, whichever key the calls are made with.
        auth = self._storage if uri.startswith("gs://") and not self._base else self._auth
        try:
            have = path.stat().st_size
        except FileNotFoundError:
            have = 0
        headers = {"accept-encoding": "identity", **({"range": f"bytes={have}-"} if have else {})}
        async with self._follow(address, headers, auth) as response:
            if response.status_code == 416:
                return resume_at_the_end(response, path, have)
            if response.status_code >= 300:
                body = self._without_key(await head(response))
                raise self._refusal(response.status_code, response.headers, body, auth)
            doubt = doubt_of(response, self._masked)
            found = await receive(response, path, have, on_progress, doubt=doubt)
        if doubt is not None and not kind_of_file(path):
            path.unlink()
            raise doubt
        return found

    @asynccontextmanager
    async def _follow(
        self, url: str, headers: dict[str, str], auth: KeyHeader | Bearer
    ) -> AsyncIterator[httpx2.Response]:
        """The answer at the end of the redirects, each of which is checked before it is asked."""
        for _ in range(REDIRECTS + 1):
            target = checked(url, self._own)
            where = origin(target)
            http = self._http if where in self._own else self._foreign()
            check_open(http)
            async with http.stream(
                "GET",
                target,
                headers=headers,
                auth=auth if where in auth.origins else None,
                follow_redirects=False,
            ) as response:
                onward = response.headers.get("location")
                if not (300 <= response.status_code < 400 and onward):
                    yield response
                    return
                url = urljoin(url, self._masked(onward))
        raise errors.DownloadError("The video's address leads in a circle.", hint="Ask the provider.")

    def _elsewhere(self) -> refusals.Elsewhere:
        return refusals.Elsewhere(self._clock(), self._keyed, self._home)

    def _dialect(self, model: str) -> Form:
        """The form of the wire over which this model is asked for; one that nobody knows over the provider's first."""
        known = catalog.MODELS.get(model)
        return self._dialects[self.provider.dialects[0] if known is None else self.provider.dialect_of(known)]

    def _foreign(self) -> httpx2.AsyncClient:
        """The client for addresses that are not the provider's: it knows no key."""
        if self._foreign_http is None:
            self._foreign_http = self._open()
        return self._foreign_http

    def _refusal(
        self,
        status: int,
        headers: httpx2.Headers,
        body: bytes,
        auth: KeyHeader | Bearer,
        dialect: Form | None = None,
        *,
        asks: bool = False,
    ) -> errors.VeoError:
        """What an answer other than 2xx means, from whom this key or this account was shown.

        With `asks` it is that to a submit; all else is about what was accepted.
        """
        own = dialect.read_refusal(status, body, self._masked) if dialect is not None else None
        refusal = own or answers.parse_error(status, headers, body, self._clock(), self._masked)
        if isinstance(refusal, errors.AuthenticationError) and isinstance(auth, Bearer):
            self._account.forget()
            return refusals.of_account(refusal)
        if isinstance(refusal, errors.AuthenticationError):
            return refusals.of_key(refusal, self._key.source, self.provider)
        if isinstance(refusal, errors.QuotaExceeded) and not asks:
            return refusals.of_accepted(refusal)
        return refusal

    def _without_key(self, body: bytes) -> bytes:
        """An answer without the key as it stands there, so that no traceback that prints variables shows it."""
        start = body[:LONGEST_NAMING].decode("latin-1")
        clean = self._masked(start)
        return body if clean == start else clean.encode("latin-1") + body[LONGEST_NAMING:]

    def _masked(self, text: str) -> str:
        """A server's text without the key in it: some quote the one they refuse, and it would be shown and kept."""
        for secret in (self._key, *self._account.tokens):
            text = secret.masked(text)
        return text


def _trusted() -> ssl.SSLContext:
    """This machine's certificates, to which a company adds its own; httpx2's bundle where there are none."""
    context = ssl.create_default_context()
    return context if context.cert_store_stats()["x509_ca"] else httpx2.create_ssl_context()


def _encoded(request: VideoRequest, dialect: Form) -> tuple[wire.Call, bytes, str]:
    """The call of a submit, its body and the type of that, with the source video in it where that is a file of ours."""
    path = request.source.path if request.source is not None else None
    try:
        clip = b"" if path is None else path.read_bytes()
        call = dialect.submit(request, clip)
        if call.attachments:
            files = {name: (one.name, one.data, one.mime) for name, one in call.attachments.items()}
            form = httpx2.Request("POST", call.url, data=dict(call.body or {}), files=files)
            return call, form.read(), form.headers["content-type"]
        return call, msgspec.json.encode(call.body), JSON
    except OSError as error:
        raise errors.InvalidRequest(
            f"The source video can't be read: {error.strerror}.", hint="Make it anew.", field="video"
        ) from None
    except errors.VeoError:
        raise
    except (TypeError, ValueError) as error:
        raise errors.InvalidRequest(
            f"The request can't be written as JSON: {type(error).__name__}.",
            hint="Build it with veo.generate.",
        ) from None
