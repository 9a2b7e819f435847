"""The line that loading the extension prints."""

from __future__ import annotations

from pathlib import Path

from veo_nb.config import Settings
from veo_nb.engine.job import Job
from veo_nb.notebook import text
from veo_nb.studio import Studio


def greeting(studio: Studio, resumed: list[Job], version: str) -> str:
    """The one line that `%load_ext veo_nb` prints: which provider, which library, what was taken on."""
    settings = studio.settings
    who = _who(settings)
    folder = settings.library
    shown = folder.relative_to(Path.cwd()).as_posix() if folder.is_relative_to(Path.cwd()) else str(folder)
    lost = [job.id for job in resumed if job.status == "uncertain"]
    going = [job.id for job in resumed if job.id not in lost]
    parts = [f"veo_nb {version}", who, f"library {shown}"]
    if going:
        parts.append(f"resumed {len(going)} job{'s' if len(going) > 1 else ''}: {', '.join(going)}")
    if lost:
        parts.append(f"being sent when the kernel ended: {', '.join(lost)}, see %veo show {lost[0]}")
    parts += (waits := text.awaited(studio.jobs.awaited()))
    if not resumed and not waits:
        parts.append("nothing to resume")
    # Asked once: from the first job on it stands in the bill and beside each figure.
    wanted = text.wanted_price(settings.provider, settings.prices)
    if wanted and not any(charge.provider == settings.provider.name for charge in studio.cost().charges):
        parts.append(wanted.rstrip("."))
    parts += studio.library.notices
    if waiting := studio.jobs.unfetched():
        parts.append(text.expiry(waiting[0]))
        if len(waiting) > 1:
            parts.append(f"{len(waiting) - 1} more like it: %veo")
    return " · ".join(parts)


def _who(settings: Settings) -> str:
    """The provider that is set, what it lacks, and the others with a key."""
    who = settings.provider.title
    if not settings.has_address:
        who += " (no address: set VEO_NB_BASE_URL)"
    elif not settings.has_access:
        who += f" (no key: %veo login, or set {' or '.join(settings.provider.key_variables)})"
    elif settings.sources.get("provider") == "default":
        who += " (no key set, nothing is charged)"
    others = settings.others()
    return f"{who}, also {', '.join(others)}" if others else who
