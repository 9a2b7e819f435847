"""Which addresses are asked, and which of them see the key. What a server names is not to be trusted.

Every decision is made on the `httpx.URL` that is then requested: two parsers would read a hostile address in
two ways.
"""

from __future__ import annotations

from collections.abc import Generator

import httpx

from veo_nb import catalog, errors
from veo_nb.config import is_private
from veo_nb.keys import Secret


class KeyHeader(httpx.Auth):
    """Writes the key into requests to these origins, and into no other.

    It does so inside httpx, so that no variable of a traceback in this package holds the key.
    """

    def __init__(self, name: str, key: Secret, origins: frozenset[str]) -> None:
        self.name = name
        self.key = key
        self.origins = origins

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The request, with the key where it may go."""
        if self.key and origin(request.url) in self.origins:
            request.headers[self.name] = self.key.reveal()
        yield request


def origin(url: str | httpx.URL) -> str:
    """`https://host:port` of an address, with the port always named; empty for anything but http(s)."""
    try:
        parts = httpx.URL(url)
        host, port = parts.host, parts.port
    except (httpx.InvalidURL, ValueError):
        return ""
    if parts.scheme not in ("http", "https") or not host or (port is not None and not 0 < port < 2**16):
        return ""
    return f"{parts.scheme}://{host}:{port or (443 if parts.scheme == 'https' else 80)}"


def checked(url: str, own: frozenset[str]) -> httpx.URL:
    """The address of a video, when a provider may name such a one: its own, or a public one over https.

    Raises:
        DownloadError: it may not.
    """
    where = origin(url)
    parts = httpx.URL(url) if where else httpx.URL()
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
    return base + httpx.URL(uri).raw_path.decode("ascii")
