"""Whether a provider's hosts answer, what time they think it is, and whether they take the key. Costs nothing.

Hosts are asked for their front page, without a key; the key is tried by polling an operation that does not exist,
which a provider that takes it answers with 404.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

import httpx

from veo_nb import catalog, errors
from veo_nb.api.body import words
from veo_nb.api.client import AsyncClient, _trusted
from veo_nb.config import Settings, is_private

SECONDS = 6.0
"""How long one question may take."""
NO_OPERATION = "veonbdoctor0"
"""The id of an operation that no provider has."""

Trouble = Literal["", "name", "certificate", "refused", "slow", "broken"]


@dataclass(frozen=True)
class Reached:
    """How a host answered: in what the way broke, if it did, and how far our clock is ahead of its."""

    host: str
    trouble: Trouble = ""
    said: str = ""
    ahead: float | None = None
    """Seconds; None where it did not tell its time."""


@dataclass(frozen=True)
class Tried:
    """What the provider says to the key: that it is good, that it is not, or nothing that tells."""

    verdict: Literal["good", "refused", "unknown"]
    said: str = ""


def bases(settings: Settings) -> list[str]:
    """The addresses that these settings lead to, each once; none for a sandbox that is ours to start."""
    if settings.base_url:
        return [settings.base_url]
    where = "" if settings.location in ("", "global") or not settings.project else f"{settings.location}-"
    found = (settings.provider.submit_base, settings.provider.poll_base)
    return [*dict.fromkeys(base.replace("{location}-", where) for base in found if base)]


async def reach(base: str, transport: httpx.AsyncBaseTransport | None, clock: Callable[[], float]) -> Reached:
    """How the host behind an address answers, whatever it answers."""
    host = httpx.URL(base).host
    try:
        # The same certificates and proxies as the client has, or the doctor would look at another way.
        async with httpx.AsyncClient(
            transport=transport,
            trust_env=not is_private(host),
            verify=_trusted() if base.startswith("https:") and transport is None else False,
            timeout=SECONDS,
        ) as http:
            began = clock()
            async with http.stream("GET", base) as answer:
                return Reached(host, ahead=_ahead(answer.headers, (began + clock()) / 2))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return Reached(host, _trouble(error), words(str(error)) or type(error).__name__)


async def try_key(client: AsyncClient, settings: Settings) -> Tried:
    """What the provider says to the key, or to the credentials that stand in for one."""
    place = f"projects/{settings.project}/locations/{settings.location}/publishers/google/"
    name = f"{place if settings.project else ''}models/{settings.model}/operations/{NO_OPERATION}"
    known = catalog.MODELS.get(settings.model)
    if known is not None and settings.provider.dialect_of(known) not in catalog.VEO:
        # Only Veo's names have a place in them.
        name = NO_OPERATION
    try:
        await asyncio.wait_for(client.poll(settings.model, name), SECONDS)
    except errors.AuthenticationError as error:
        return Tried("refused", error.message)
    except errors.PermissionDenied as error:
        return Tried("refused", error.message)
    except errors.NotFound:
        return Tried("good")
    except errors.InvalidRequest as error:
        return Tried("good", error.message)
    except errors.VeoError as error:
        return Tried("unknown", error.message)
    except TimeoutError:
        return Tried("unknown", "It took too long.")
    return Tried("good")


def _ahead(headers: httpx.Headers, now: float) -> float | None:
    """How far our clock is ahead; a page from a cache says how old it is."""
    try:
        sent = parsedate_to_datetime(headers["date"]).timestamp()
        # A whole second was cut off; half of it on the average.
        return now - (sent + 0.5 + float(headers.get("age", "0")))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _trouble(error: BaseException) -> Trouble:
    causes = [*_causes(error)]
    if any(isinstance(one, socket.gaierror) for one in causes):
        return "name"
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return "certificate"
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        return "refused"
    return "slow" if isinstance(error, httpx.TimeoutException) else "broken"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
