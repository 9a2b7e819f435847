"""The doctor: looks at everything a clip needs and says what to do where something is wrong."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from veo_nb.errors import VeoError
from veo_nb.jobs.studio import Studio

ENOUGH_DISK = 1_000_000_000
"""Bytes; twenty of the largest clips."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: whether it is well, what was found, what to do if not."""

    name: str
    ok: bool
    found: str
    hint: str = ""


def report(studio: Studio) -> str:
    """Every check, a line each, with what to do under those that failed."""
    return format_checks(examine(studio))


def format_checks(checks: list[Check]) -> str:
    """The checks as text: `ok` or `!!`, the name, what was found, and the hint below."""
    width = max(len(check.name) for check in checks) + 2
    lines = []
    for check in checks:
        lines.append(f"{'ok' if check.ok else '!!'}  {check.name:<{width}}{check.found}")
        if not check.ok and check.hint:
            lines.append(f"    {'':<{width}}-> {check.hint}")
    return "\n".join(lines)


def examine(studio: Studio) -> list[Check]:
    """What is well and what is not; writes nothing but a file that it takes away again."""
    return [
        _versions(),
        _kernel(),
        _front_end(),
        _codecs(),
        _provider(studio),
        _library(studio),
        _disk(studio),
        _jobs(studio),
    ]


def _versions() -> Check:
    names = ("veo-nb", "httpx", "ipython", "ipywidgets", "anywidget", "av")
    found = ", ".join(f"{name} {_version(name)}" for name in names)
    missing = [name for name in names if _version(name) == "missing"]
    return Check(
        "versions",
        not missing,
        f"Python {platform.python_version()}, {found}",
        "Run pip install veo-nb again.",
    )


def _kernel() -> Check:
    version = _version("ipykernel")
    return Check(
        "kernel",
        not version.startswith("7.0.") and version != "missing",
        f"ipykernel {version}",
        "Run pip install --upgrade ipykernel: 7.0 loses updates from the background.",
    )


def _front_end() -> Check:
    static = Path(__file__).parent / "static"
    missing = [name for name in ("widget.js", "widget.css") if not (static / name).exists()]
    found = f"{', '.join(missing)} missing" if missing else "the card's bundle is there"
    return Check("front end", not missing, found, "Run pip install again; in a clone, npm run build in js/.")


def _codecs() -> Check:
    try:
        import av

        av.Codec("libx264", "w")
        av.Codec("aac", "w")
    except (ImportError, ValueError) as error:
        return Check("codecs", False, str(error), "Run pip install --force-reinstall av.")
    return Check("codecs", True, "H.264 and AAC")


def _provider(studio: Studio) -> Check:
    settings = studio.settings
    chosen = settings.sources.get("provider", "default")
    where = f" at {settings.base_url} ({settings.sources['base_url']})" if settings.base_url else ""
    found = f"{settings.provider.title} ({chosen}){where}"
    if not settings.provider.key_variables:
        return Check("provider", True, f"{found}, needs no key")
    try:
        key = settings.key_or_raise()
    except VeoError as error:
        return Check("provider", False, f"{found}, no key", error.hint)
    return Check(
        "provider", True, f"{found}, key {key.tail()} from {settings.sources.get('api_key', 'configure()')}"
    )


def _library(studio: Studio) -> Check:
    folder = studio.settings.library
    if not folder.exists():
        return Check("library", True, f"{folder} (made with the first clip)")
    try:
        studio.library.prepare()
    except VeoError as error:
        return Check("library", False, error.message, error.hint)
    return Check("library", True, str(folder))


def _disk(studio: Studio) -> Check:
    folder = studio.settings.library
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return Check(
        "disk", free > ENOUGH_DISK, f"{free / 1e9:.1f} GB free", "Make room: a clip takes 2 to 50 MB."
    )


def _jobs(studio: Studio) -> Check:
    try:
        jobs = studio.history(1000)
    except VeoError as error:
        return Check("jobs", False, error.message, error.hint)
    running = [job for job in jobs if not job.now.state.final]
    lost = [job.id for job in jobs if job.status == "uncertain"]
    found = f"{len(jobs)} in the library, {len(running)} under way"
    hint = "Look at your provider's dashboard; %veo resubmit ID sends it again."
    return Check("jobs", not lost, found + (f", uncertain: {', '.join(lost)}" if lost else ""), hint)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"
