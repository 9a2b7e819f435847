"""Whether a provider's hosts answer, what time they think it is, whether they take the key, and what it opens. Costs nothing.

Hosts are asked for their front page, without a key; the key is tried by polling an operation that does not exist,
which a provider that takes it answers with 404. Which models a key opens is in the provider's list, where it has one.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Literal, TypeVar
from urllib.parse import quote

import httpx2
import msgspec

from veo_nb import catalog, errors
from veo_nb.api.body import words
from veo_nb.api.client import AsyncClient, _trusted
from veo_nb.api.retry import is_passing
from veo_nb.config import Settings
from veo_nb.credentials.addresses import is_private
from veo_nb.records.late import dataclass

SECONDS = 6.0
"""How long one question may take."""
NO_OPERATION = "veonbdoctor0"
"""The id of an operation that no provider has."""

MOST_PAGES = 5
"""Of a list of models, a thousand on each."""
_NAME = re.compile(r"[A-Za-z0-9][\w.:/@-]{0,99}", re.ASCII)
"""What a model can be called that is shown."""
_VIDEO = re.compile(r"veo|omni|video|sora|kling|seedance|hailuo|\bwan", re.IGNORECASE)
"""Names of models that make videos, where nothing else tells."""

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


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Which of a provider's models a key opens, and what else there is; all by id."""

    open: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """Models that make videos and are not known to be served there."""
    why: str = ""
    """Why it can't be told of those that are `untold`, without a full stop."""
    failed: bool = False
    """Whether it may be told later: the way or the provider was down."""


def bases(settings: Settings) -> list[str]:
    """The addresses that these settings lead to, each once; none for a sandbox that is ours to start."""
    if settings.base_url:
        return [settings.base_url]
    where = "" if settings.location in ("", "global") or not settings.project else f"{settings.location}-"
    found = (settings.provider.submit_base, settings.provider.poll_base)
    return [*dict.fromkeys(base.replace("{location}-", where) for base in found if base)]


async def reach(
    base: str, transport: httpx2.AsyncBaseTransport | None, clock: Callable[[], float]
) -> Reached:
    """How the host behind an address answers, whatever it answers."""
    host = httpx2.URL(base).host
    try:
        # The same certificates and proxies as the client has, or the doctor would look at another way.
        async with httpx2.AsyncClient(
            transport=transport,
            trust_env=not is_private(host),
            verify=_trusted() if base.startswith("https:") and transport is None else False,
            timeout=SECONDS,
        ) as http:
            began = clock()
            async with http.stream("GET", base) as answer:
                return Reached(host, ahead=_ahead(answer.headers, (began + clock()) / 2))
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        return Reached(host, _trouble(error), words(str(error)) or type(error).__name__)


async def try_key(client: AsyncClient, settings: Settings) -> Tried:
    """What the provider says to the key, or to the credentials that stand in for one."""
    served, name = catalog.find_served(settings.model, settings.provider)
    model = name if served.name == settings.provider.name else settings.provider.models[0]
    place = f"projects/{settings.project}/locations/{settings.location}/publishers/google/"
    operation = f"{place if settings.project else ''}models/{model}/operations/{NO_OPERATION}"
    known = catalog.MODELS.get(model)
    if known is not None and settings.provider.dialect_of(known) not in catalog.VEO:
        # Only Veo's names have a place in them.
        operation = NO_OPERATION
    # A gateway may ask somebody else about what it does not know, and pass on what that says to its own key.
    lists = settings.provider.any_model
    try:
        async with asyncio.timeout(SECONDS):
            await (client.look(_openai_url(settings)) if lists else client.poll(model, operation))
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


async def list_models(client: AsyncClient, settings: Settings) -> Offer:
    """Which models the key opens, as far as the provider tells; each page of a list is asked for once."""
    provider = settings.provider
    if not provider.lists:
        return Offer(untold=provider.models, why=f"{provider.title} has no list of them that is known")
    try:
        async with asyncio.timeout(SECONDS):
            return await _list(client, settings)
    except errors.VeoError as error:
        return Offer(untold=provider.models, why=error.message.rstrip("."), failed=is_passing(error))
    except TimeoutError:
        return Offer(untold=provider.models, why="it took too long", failed=True)


async def _list(client: AsyncClient, settings: Settings) -> Offer:
    provider, base = settings.provider, _list_base(settings)
    if provider.lists == "publisher":
        pages = [f"{base}/v1beta1/publishers/google/models/{model}" for model in provider.models]
        found = await asyncio.gather(*(_page(client, page) for page in pages))
        states = dict(zip(provider.models, found, strict=True))
        return Offer(
            open=tuple(model for model, why in states.items() if why == ""),
            closed=tuple(model for model, why in states.items() if why is None),
            untold=tuple(model for model, why in states.items() if why),
            why=next((why for why in states.values() if why), ""),
        )
    openai = provider.lists == "openai"
    named = await (_openai_list(client, _openai_url(settings)) if openai else _google_list(client, base))
    if not named:
        return Offer(untold=provider.models, why="the provider's list of models is empty")
    if provider.any_model:
        # Which of its names mean a clip, nobody but the person who set one knows for sure.
        chosen = settings.model if settings.model in named else ""
        return Offer(
            open=tuple(model for model, makes_videos in named.items() if makes_videos or model == chosen),
            closed=() if chosen or not settings.model else (settings.model,),
        )
    return Offer(
        open=tuple(model for model in provider.models if model in named),
        closed=tuple(model for model in provider.models if model not in named),
        others=tuple(
            model for model, makes_videos in named.items() if makes_videos and model not in provider.models
        ),
    )


def _list_base(settings: Settings) -> str:
    # Whether a model is there at all is told at the location `global` too.
    return settings.base_url or settings.provider.submit_base.replace("{location}-", "")


async def _page(client: AsyncClient, url: str) -> str | None:
    """Empty where a model has a page, None where it has none, else why that can't be told."""
    try:
        await client.look(url)
    except errors.NotFound:
        return None
    except errors.VeoError as error:
        return error.message.rstrip(".")
    return ""


async def _google_list(client: AsyncClient, base: str) -> dict[str, bool]:
    """The models in a list as Google's, and whether each makes videos."""
    found: dict[str, bool] = {}
    token = ""
    for _ in range(MOST_PAGES):
        more = f"&pageToken={quote(token, safe='')}" if token else ""
        page = _read(await client.look(f"{base}/v1beta/models?pageSize=1000{more}"), _Page)
        for one in page.models:
            name = one.name.removeprefix("models/")
            found[name] = "predictLongRunning" in one.methods or bool(_VIDEO.search(name))
        if not page.next or page.next == token:
            break
        token = page.next
    return {name: videos for name, videos in found.items() if _NAME.fullmatch(name)}


def _openai_url(settings: Settings) -> str:
    """Where a list as OpenAI's is; the address of a gateway may end in `/v1` or not."""
    return f"{_list_base(settings).removesuffix('/v1')}/v1/models"


async def _openai_list(client: AsyncClient, url: str) -> dict[str, bool]:
    """The same in a list as OpenAI's, which is of one page."""
    page = _read(await client.look(url), _Data)
    return {one.id: bool(_VIDEO.search(one.id)) for one in page.data if _NAME.fullmatch(one.id)}


class _Named(msgspec.Struct):
    name: str
    methods: list[str] = msgspec.field(name="supportedGenerationMethods", default_factory=list)


class _Page(msgspec.Struct):
    models: list[_Named] = msgspec.field(default_factory=list)
    next: str = msgspec.field(name="nextPageToken", default="")


class _Id(msgspec.Struct):
    id: str


class _Data(msgspec.Struct):
    data: list[_Id]


_Shape = TypeVar("_Shape", _Page, _Data)


def _read(answer: bytes, kind: type[_Shape]) -> _Shape:
    try:
        return msgspec.json.decode(answer, type=kind)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise errors.ServiceError("The provider's list of models can't be read.", hint="") from None


def _ahead(headers: httpx2.Headers, now: float) -> float | None:
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
    return "slow" if isinstance(error, httpx2.TimeoutException) else "broken"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
