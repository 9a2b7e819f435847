"""The doctor: looks at everything a clip needs and says what to do where something is wrong."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import platform
import shutil
import sqlite3
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

from veo_nb import catalog
from veo_nb.api.client import AsyncClient
from veo_nb.api.dialects.plugins import load_plugins
from veo_nb.api.reach import Offer, Reached, Tried, bases, list_models, reach, try_key
from veo_nb.config import Settings
from veo_nb.engine.providers.connection import open_client
from veo_nb.errors import VeoError
from veo_nb.records.late import dataclass
from veo_nb.studio import Studio

_Answer = TypeVar("_Answer")

ENOUGH_DISK = 1_000_000_000
"""Bytes; twenty of the largest clips."""
NETWORK_SECONDS = 10.0
"""For all questions together, which are asked at once."""
CLOCK_SECONDS = 30.0
"""How far off the clock may be before it matters."""
MOST_MODELS = 8
"""Named in one line."""
OLDEST = {"jupyterlab": 4, "notebook": 6, "ipywidgets": 7}
"""Major versions that show the live card; older ones do not."""

TROUBLES = {
    "name": "its name is not known here: is this machine online? Look at its DNS and at HTTPS_PROXY.",
    "certificate": "its certificate is not trusted: a company's proxy has its own, name it in SSL_CERT_FILE; "
    "a clock that is far off does this too.",
    "refused": "nobody listens there: look at base_url, at HTTPS_PROXY and at a firewall.",
    "slow": "it took too long: a firewall may be in the way; a proxy is named in HTTPS_PROXY.",
    "broken": "the connection broke: look at HTTPS_PROXY and at a firewall.",
}


@dataclass(frozen=True)
class Examined:
    """One thing that was looked at: whether it is well, what was found, what to do if not."""

    name: str
    ok: bool
    found: str
    hint: str = ""


def report(studio: Studio) -> str:
    """Every check, a line each, with what to do under those that failed."""
    return format_checks(examine(studio))


def format_checks(checks: list[Examined]) -> str:
    """The checks as text: `ok` or `!!`, the name, what was found, and the hint below."""
    width = max(len(check.name) for check in checks) + 2
    lines = []
    for check in checks:
        lines.append(f"{'ok' if check.ok else '!!'}  {check.name:<{width}}{check.found}")
        if not check.ok and check.hint:
            lines.append(f"    {'':<{width}}-> {check.hint}")
    return "\n".join(lines)


def examine(studio: Studio) -> list[Examined]:
    """What is well and what is not; costs nothing, and writes nothing but a file that it takes away again."""
    return [
        _versions(),
        _kernel(),
        _front_end(),
        _codecs(),
        *_plugins(),
        _provider(studio),
        *_network(studio),
        _library(studio),
        _disk(studio),
        _jobs(studio),
        *_ledger(studio),
    ]


def _versions() -> Examined:
    needed = ("veo-nb", "httpx2", "ipython", "ipywidgets", "anywidget", "av", "nest-asyncio2")
    found = {name: _version(name) for name in (*needed, "jupyterlab", "notebook")}
    shown = {name: version for name, version in found.items() if version != "missing" or name in needed}
    text = ", ".join(f"{name} {version}" for name, version in shown.items())
    missing = [name for name in needed if found[name] == "missing"]
    old = [
        name
        for name, least in OLDEST.items()
        if (major := found[name].partition(".")[0]).isdigit() and int(major) < least
    ]
    hint = "Run pip install veo-nb again."
    if old:
        least = ", ".join(f"{name}>={OLDEST[name]}" for name in old)
        hint = f"The card is live only with {least}: pip install --upgrade {' '.join(old)}"
    return Examined("versions", not missing and not old, f"Python {platform.python_version()}, {text}", hint)


def _kernel() -> Examined:
    version = _version("ipykernel")
    return Examined(
        "kernel",
        not version.startswith("7.0.") and version != "missing",
        f"ipykernel {version}",
        "Run pip install --upgrade ipykernel: 7.0 loses updates from the background.",
    )


BUNDLES = ("widget.js", "widget.css", "panel.js", "panel.css")
"""What the live views need."""


def _front_end() -> Examined:
    package = Path(__file__).parent
    files = [package / "static" / name for name in BUNDLES]
    hint = "Run pip install again; in a clone, npm run build in js/."
    if missing := [path.name for path in files if not path.exists()]:
        return Examined("front end", False, f"{', '.join(missing)} missing", hint)
    recorded = {path.name: _recorded(path) for path in files}
    if changed := [path.name for path in files if recorded[path.name] not in ("", _digest(path))]:
        return Examined("front end", False, f"{', '.join(changed)}: not what this version came with", hint)
    sources = package.parent / "js" / "src"
    newest = max((path.stat().st_mtime for path in sources.rglob("*") if path.is_file()), default=0.0)
    if not any(recorded.values()) and newest > min(path.stat().st_mtime for path in files):
        return Examined("front end", False, "the card's bundle is older than its sources", hint)
    return Examined("front end", True, "the card's bundle is there")


def _digest(path: Path) -> str:
    """A file's fingerprint in the form that an installation records."""
    return base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()


def _recorded(path: Path) -> str:
    """The fingerprint a file was installed with; empty where it was not, as in a clone."""
    try:
        installed = metadata.files("veo-nb") or []
    except metadata.PackageNotFoundError:
        return ""
    same = (one for one in installed if one.name == path.name and Path(str(one.locate())) == path)
    return next((one.hash.value for one in same if one.hash), "")


def _codecs() -> Examined:
    try:
        import av

        av.Codec("libx264", "w")
        av.Codec("aac", "w")
    except (ImportError, ValueError) as error:
        return Examined("codecs", False, str(error), "Run pip install --force-reinstall av.")
    return Examined("codecs", True, "H.264 and AAC")


def _plugins() -> list[Examined]:
    """The packages that bring providers, with those that can't be used; nothing where there is none."""
    found = load_plugins()
    good = [f"{one.name} {one.version} ({', '.join(one.providers)})" for one in found if not one.trouble]
    bad = [
        Examined("plugins", False, f"{one.name} {one.version}: {one.trouble}", "Update or uninstall it.")
        for one in found
        if one.trouble
    ]
    return [*([Examined("plugins", True, ", ".join(good))] if good else []), *bad]


def _provider(studio: Studio) -> Examined:
    settings = studio.settings
    chosen = settings.sources.get("provider", "default")
    where = f" at {settings.base_url} ({settings.sources['base_url']})" if settings.base_url else ""
    found = f"{settings.provider.title} ({chosen}){where}"
    problems = "; ".join(studio.stores.problems()) if studio.stores else ""
    if not settings.provider.key_variables:
        kept = studio.stores.logins() if studio.stores and chosen == "default" else []
        if kept and problems:
            hint = f"Make it readable, then run %veo login {kept[0]} or start the kernel anew."
            return Examined(
                "provider", False, f"{found}; the key kept for {kept[0]} can't be read: {problems}", hint
            )
        return Examined("provider", True, f"{found}, needs no key")
    try:
        key = settings.key_or_raise()
    except VeoError as error:
        stated = f" ({problems})" if problems else ""
        missing = "key" if settings.has_address else "address"
        return Examined("provider", False, f"{found}, no {missing}{stated}", error.hint)
    if not key:
        return Examined("provider", True, f"{found}, Google's credentials for project {settings.project}")
    return Examined("provider", True, f"{found}, key {key.tail()} from {key.source}")


def _network(studio: Studio) -> list[Examined]:
    """The provider's hosts, the key, the models and the clock, all asked at once; nothing for a sandbox of our own."""
    if not bases(studio.settings):
        return []
    found = _apart(_ask(studio))
    if found is None:
        return [Examined("hosts", False, f"no answer in {NETWORK_SECONDS:.0f} s", TROUBLES["slow"])]
    hosts, key, offers = found
    checks = [_host(one) for one in hosts]
    if hosts and all(one.trouble in ("name", "broken") for one in hosts):
        names = ", ".join(one.host for one in hosts)
        hint = "Look at this machine's connection and at HTTPS_PROXY; jobs at the provider go on meanwhile."
        return [Examined("hosts", False, f"offline: {names} can't be reached ({hosts[0].said})", hint)]
    if key is not None and key.verdict == "refused":
        offers.pop(studio.settings.provider.name)
        models = [Examined("models", False, "what it opens can't be told before the provider takes the key")]
    else:
        models = []
    for name, offer in offers.items():
        models += _models(studio, studio.settings.provider_of(name), offer)
    return [*checks, *([_key(key)] if key else []), *models, *_clock(hosts)]


async def _ask(studio: Studio) -> tuple[list[Reached], Tried | None, dict[str, Offer]]:
    settings, transport, clock = studio.settings, studio.jobs.workspace.transport, studio.jobs.workspace.clock
    asking = [reach(base, transport, clock) for base in bases(settings)]
    # No keyring is opened for providers that were not chosen.
    others = [settings.at(name, ask=False) for name in settings.keyed if name != settings.provider.name]
    async with contextlib.AsyncExitStack() as clients:
        ways: list[tuple[Settings, AsyncClient]] = []
        for one in (settings, *(other for other in others if other.has_access)):
            with contextlib.suppress(VeoError):
                if one.provider.key_variables:
                    one.key_or_raise()
                client = open_client(one, one.base_url, transport, clock)
                ways.append((one, await clients.enter_async_context(client)))
        trying = [try_key(client, one) for one, client in ways if one is settings]
        hosts, keys, offers = await asyncio.gather(
            asyncio.gather(*asking),
            asyncio.gather(*trying),
            asyncio.gather(*(list_models(client, one) for one, client in ways)),
        )
    found = {one.provider.name: offer for (one, _), offer in zip(ways, offers, strict=True)}
    return hosts, keys[0] if keys else None, found


def _apart(asking: Coroutine[Any, Any, _Answer]) -> _Answer | None:
    """What a coroutine gives, run on a thread: the kernel's own loop is busy with this cell. None after too long."""
    answer: Future[_Answer] = Future()

    def run() -> None:
        try:
            # `asyncio.run` leaves its loop open once nest_asyncio2 was applied.
            with asyncio.Runner() as runner:
                answer.set_result(runner.run(asking))
        except BaseException as error:  # noqa: BLE001  it comes out where the answer is waited for
            answer.set_exception(error)

    # A name that does not resolve can hold its thread for long; it is not waited for.
    threading.Thread(target=run, name="veo-nb-doctor", daemon=True).start()
    try:
        return answer.result(NETWORK_SECONDS)
    except FutureTimeout:
        return None


def _host(one: Reached) -> Examined:
    if not one.trouble:
        return Examined("host", True, f"{one.host} answers")
    return Examined("host", False, f"{one.host} can't be reached: {one.said}", TROUBLES[one.trouble])


def _key(key: Tried) -> Examined:
    if key.verdict == "good":
        return Examined("key", True, "the provider takes it")
    if key.verdict == "unknown":
        return Examined("key", False, f"it can't be told whether it is taken: {key.said}", "Try again later.")
    return Examined(
        "key", False, key.said, "Copy the key anew from the provider's dashboard, then %veo login."
    )


def _models(studio: Studio, provider: catalog.Provider, offer: Offer) -> list[Examined]:
    """Which models the key for a provider opens, a line for those of which the same is true."""
    settings, now = studio.settings, studio.jobs.workspace.clock()
    own = provider.name == settings.provider.name

    def names(models: tuple[str, ...]) -> str:
        more = f" and {len(models) - MOST_MODELS} more" if len(models) > MOST_MODELS else ""
        whose = "" if own else f"{provider.name}:"
        return f"{', '.join(f'{whose}{_typed(one, provider)}' for one in models[:MOST_MODELS])}{more}"

    found = []
    if offer.open:
        # A page in Google's garden is everyone's.
        listed = "listed by the provider" if provider.lists == "publisher" else "open to this key"
        found.append(Examined("models", True, f"{listed}: {names(offer.open)}"))
        # Of one that is there after all, whoever said it was off was wrong.
        there = [model for model in offer.open if not provider.life_of(model).is_over(now)]
        endings = filter(None, (catalog.ending(model, provider, now) for model in there))
        found += [Examined("models", True, ending.rstrip(".")) for ending in endings]
    if offer.closed:
        chosen = own and settings.model in offer.closed
        usable = (
            f"veo.configure(model={_typed(offer.open[0], provider)!r}) takes one that is open."
            if offer.open
            else ""
        )
        said = f"not open: {names(offer.closed)}"
        found.append(
            Examined("models", not chosen, said, f"{settings.model} is the one that is set. {usable}")
        )
    if offer.untold:
        said = f"it can't be told whether these are open: {names(offer.untold)} ({offer.why})"
        found.append(Examined("models", not offer.failed, said, "Try again later." if offer.failed else ""))
    if offer.others:
        found.append(Examined("models", True, f"also there, not known to veo_nb: {names(offer.others)}"))
    return found


def _typed(model: str, provider: catalog.Provider) -> str:
    """A model as a person types it: its alias, where that means it at this provider."""
    known = catalog.MODELS.get(model)
    meant = catalog.find_model(known.alias, provider) if known is not None else None
    return known.alias if known is not None and meant is known else model


def _clock(hosts: list[Reached]) -> list[Examined]:
    stated = [one.ahead for one in hosts if one.ahead is not None]
    if not stated:
        return []
    ahead = min(stated, key=abs)
    if abs(ahead) < CLOCK_SECONDS:
        return [Examined("clock", True, "right to within some seconds" if abs(ahead) >= 2 else "right")]
    off = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'}"
    hint = "Set it: when a video expires is told by it, and Google and TLS refuse who is far off."
    return [Examined("clock", False, f"{off} the provider's", hint)]


def _library(studio: Studio) -> Examined:
    folder = studio.settings.library
    if not folder.exists():
        return Examined("library", True, f"{folder} (made with the first clip)")
    try:
        studio.library.files.prepare()
    except VeoError as error:
        return Examined("library", False, error.message, error.hint)
    return Examined("library", True, str(folder))


def _disk(studio: Studio) -> Examined:
    folder = studio.settings.library
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return Examined(
        "disk", free > ENOUGH_DISK, f"{free / 1e9:.1f} GB free", "Make room: a clip takes 2 to 50 MB."
    )


def _jobs(studio: Studio) -> Examined:
    try:
        jobs = studio.history(1000)
    except VeoError as error:
        return Examined("jobs", False, error.message, error.hint)
    running = [job for job in jobs if not job.now.state.final]
    lost = [job.id for job in jobs if job.status == "uncertain"]
    found = f"{len(jobs)} in the library, {len(running)} under way"
    hint = "Look at your provider's dashboard; %veo resubmit ID sends it again."
    return Examined("jobs", not lost, found + (f", uncertain: {', '.join(lost)}" if lost else ""), hint)


def _ledger(studio: Studio) -> list[Examined]:
    path = studio.library.files.ledger_path
    if not path.exists():
        return []
    parts = studio.jobs.workspace.parts
    if parts is not None and parts.ledger.read_only:
        return [Examined("ledger", True, "can only be read")]
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=5)) as db:
            (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        said = str(error)
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    hint = f"%veo doctor --repair sets {path.name} aside and makes it anew from what lies beside the videos."
    return [Examined("ledger", said == "ok", f"{size}, {'sound' if said == 'ok' else said}", hint)]


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"
