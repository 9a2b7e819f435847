"""Which addresses are asked, which of them see the key, and that no log does. What a server names is not to be trusted.

Every decision is made on the `httpx2.URL` that is then requested: two parsers would read a hostile address in
two ways.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Container, Generator, Iterable
from functools import lru_cache
from urllib.parse import quote

import httpx2

from veo_nb import catalog, errors
from veo_nb.credentials.addresses import is_private
from veo_nb.credentials.keys import Secret

LOGGERS = ("httpx2", *(f"httpcore2.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))
"""They log the addresses that are asked and, at DEBUG, the headers of the answers. A server may quote the key in both."""


LONGEST_NAMED = 2048
"""Letters of an address whose parts are remembered."""
_PLACE = re.compile(r"(?<=[=/])(?:\[|%5B)key(?:\]|%5D)", re.IGNORECASE)


class Origins(Container[str]):
    """The origins of these addresses; `{location}-` in one stands for any location and for none."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._named: set[str] = set()
        self._regional: list[re.Pattern[str]] = []
        for address in addresses:
            where = origin(address.replace("{location}-", ""))
            self._named.add(where)
            if "{location}-" in address:
                scheme, _, rest = where.partition("://")
                self._regional.append(re.compile(rf"{scheme}://[a-z0-9-]{{1,40}}-{re.escape(rest)}"))

    def __contains__(self, where: object) -> bool:
        return (
            isinstance(where, str)
            and where != ""
            and (where in self._named or any(pattern.fullmatch(where) for pattern in self._regional))
        )


class KeyHeader(httpx2.Auth):
    """Writes the key into requests to these origins, and into no other.

    It does so inside httpx2, so that no variable of a traceback in this package holds the key.
    """

    def __init__(self, name: str, key: Secret, origins: Container[str], scheme: str = "") -> None:
        self.name = name
        self.scheme = scheme
        self.key = key
        self.origins = origins

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """The request, with the key where it may go."""
        if self.key and origin(request.url) in self.origins:
            request.headers[self.name] = f"{self.scheme} {self.key.reveal()}".lstrip()
            # An address that an answer gave with the key in it is kept without, and works only with it.
            if _PLACE.search(str(request.url)):
                request.url = httpx2.URL(_PLACE.sub(quote(self.key.reveal(), safe=""), str(request.url)))
        yield request


def parsed(url: str | httpx2.URL) -> httpx2.URL:
    """The parts of an address.

    Raises:
        httpx2.InvalidURL: it is none.
    """
    # What a server names may be as long as it likes.
    return _parsed(url) if isinstance(url, str) and len(url) <= LONGEST_NAMED else httpx2.URL(url)


# On its way to a request an address is asked about several times, and httpx2 looks at each of its letters.
_parsed = lru_cache(1024)(httpx2.URL)


def origin(url: str | httpx2.URL) -> str:
    """`https://host:port` of an address, with the port always named; empty for anything but http(s)."""
    try:
        parts = parsed(url)
        host, port = parts.host, parts.port
    except (httpx2.InvalidURL, ValueError):
        return ""
    if parts.scheme not in ("http", "https") or not host or (port is not None and not 0 < port < 2**16):
        return ""
    return f"{parts.scheme}://{host}:{port or (443 if parts.scheme == 'https' else 80)}"


def checked(url: str, own: Container[str]) -> httpx2.URL:
    """The address of a video, when a provider may name such a one: its own, or a public one over https.

    Raises:
        DownloadError: it may not.
    """
    where = origin(url)
    parts = parsed(url) if where else httpx2.URL()
    # A resolver refuses longer names in errors of its own.
    fits = len(parts.host) <= 253 and all(len(label) <= 63 for label in parts.host.split("."))
    public = where.startswith("https:") and not is_private(parts.host)
    if where and fits and not parts.userinfo and (where in own or public):
        return parts
    raise errors.DownloadError(
        f"The video's address is refused: {catalog.shown(where or url)}.",
        hint="Videos come over https from public hosts only.",
        uri=url[:500],
    )


def moved(uri: str, base: str) -> str:
    """An address with its path and query kept and everything before them replaced."""
    return base + parsed(uri).raw_path.decode("ascii")


class KeyFilter(logging.Filter):
    """Writes `[key]` in place of these keys; between `watch()` and `leave()`."""

    def __init__(self, keys: Callable[[], Iterable[Secret]]) -> None:
        super().__init__()
        self._keys = keys

    def watch(self) -> None:
        """Look at every record from now on."""
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)

    def leave(self) -> None:
        """Look at no more of them."""
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, without a key in it."""
        said = text = record.getMessage()
        for key in self._keys():
            text = key.masked(text)
        if text != said:
            record.msg, record.args = text, ()
        return True
