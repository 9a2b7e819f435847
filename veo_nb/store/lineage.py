"""Where a clip came from, and what came of it: frames that became first frames, clips that were gone on from, drafts that
were made final, joins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from veo_nb.media.picture import Origin
from veo_nb.records.late import dataclass
from veo_nb.request import as_drafted, fingerprint_of, full_form
from veo_nb.store.ledger import Ledger

FRAMES = ("image", "last_frame")
HOW = {"video": "goes on from it", "edit": "changes it"}
"""The fields that hold a clip, and what is made of it."""
FINAL = "makes it final"


@dataclass(frozen=True)
class Link:
    """Another clip by its key (`3f2a/0`), how they hang together, and what was asked for there."""

    key: str
    how: str
    prompt: str


@dataclass(frozen=True)
class Lineage:
    """The clips that one came from, and those that came of it; each once, in the order in which they were made."""

    came_from: tuple[Link, ...]
    became: tuple[Link, ...]


@dataclass(frozen=True)
class Step(Link):
    """A clip among those that were made of one another by changing it or by going on from it.

    `parent` is the key of the one before, empty for the first; `depth` how many are before it on its way from there;
    `draft` whether it is one.
    """

    parent: str = ""
    depth: int = 0
    draft: bool = False


def note_origin(ledger: Ledger, sha256: str, origin: Origin) -> None:
    """Remember of a picture which clip it is a frame of; what was said first holds."""
    values = {
        "sha256": sha256,
        "job_id": origin.job_id,
        "sample": origin.sample,
        "seconds": origin.seconds,
    }
    if not ledger.read("SELECT 1 FROM origins WHERE sha256 = ?", (sha256,)):
        ledger.put("origins", values)


def origin_of(ledger: Ledger, sha256: str) -> Origin | None:
    """The clip that a picture is a frame of, where that is known."""
    found = ledger.read("SELECT job_id, sample, seconds FROM origins WHERE sha256 = ?", (sha256,))
    return Origin(*found[0]) if found else None


def key_at(ledger: Ledger, address: str) -> str:
    """The key of the clip that its provider has at this address; empty where there is none."""
    for row in ledger.read("SELECT job_id, sample FROM videos WHERE uri = ? AND uri != ''", (address,)):
        return f"{row['job_id']}/{row['sample']}"
    return ""


def _key_of(ledger: Ledger, source: str) -> str:
    """The key of the clip that a request names so, by its job or by its address; empty for what is none of the library."""
    if source.startswith("job:"):
        return source.removeprefix("job:")
    return key_at(ledger, source) if "://" in source else ""


def find_lineage(ledger: Ledger, job_id: str, sample: int) -> Lineage:
    """What is known of where this clip came from and what came of it."""
    return Lineage(
        tuple(dict.fromkeys(_sources(ledger, job_id, sample))),
        tuple(dict.fromkeys(_results(ledger, job_id, sample))),
    )


def find_steps(ledger: Ledger, job_id: str, sample: int) -> tuple[Step, ...]:
    """The tree of steps in which this clip is one, each before those that were made of it; () where it stands alone.

    A final is a step from its draft, and not from what both were made of.
    """
    made: dict[str, list[tuple[str, str]]] = {}
    source: dict[str, str] = {}
    fields = ", ".join(f"json_extract(request, '$.{name}.key') AS {name}" for name in HOW)
    for row in ledger.read(f"SELECT id, {fields} FROM jobs ORDER BY created_at, rowid"):
        for name, how in HOW.items():
            if key := _key_of(ledger, str(row[name] or "")):
                source[row["id"]] = key
                made.setdefault(source[row["id"]], []).append((row["id"], how))
    # Of a job with several samples the one on the way to this clip, else the first.
    way = [f"{job_id}/{sample}"]
    while (before := _draft_of(ledger, way[-1]) or source.get(way[-1].partition("/")[0], "")) and (
        before not in way
    ):
        way.append(before)
    samples = {key.partition("/")[0]: key for key in way}
    found: list[Step] = []
    left = [(way[-1], "", "", 0)]
    while left:
        key, how, parent, depth = left.pop()
        finals = [(one, FINAL) for one in _finals_of(ledger, key)]
        of_key = [(samples.get(child, f"{child}/0"), how) for child, how in made.get(key, [])]
        made_of_it = [*finals, *(one for one in of_key if not _draft_of(ledger, one[0]))]
        link = _link(ledger, key, how)
        found.append(Step(key, how, link.prompt, parent, depth, draft=_is_draft(ledger, key)))
        left += [(child, how, key, depth + 1) for child, how in reversed(made_of_it)]
    return tuple(found) if len(found) > 1 else ()


def _finals_of(ledger: Ledger, key: str) -> list[str]:
    """The clips that are the final of this one, by their keys; none where it is no draft."""
    return _likewise(ledger, key, full_form) if _is_draft(ledger, key) else []


def _draft_of(ledger: Ledger, key: str) -> str:
    """The clip that this one is the final of; empty where there is none."""
    return next(iter(_likewise(ledger, key, as_drafted)), "")


def _likewise(ledger: Ledger, key: str, form: Callable[[dict[str, Any]], dict[str, Any]]) -> list[str]:
    """The clips whose request is another form of this one's, with the same take."""
    job_id, _, sample = key.partition("/")
    for row in ledger.read("SELECT request, provider, take FROM jobs WHERE id = ?", (job_id,)):
        wanted = fingerprint_of(form(json.loads(row["request"])), row["provider"])
        found = ledger.read(
            "SELECT id FROM jobs WHERE fingerprint = ? AND take = ? AND id != ? ORDER BY created_at, rowid",
            (wanted, row["take"], job_id),
        )
        return [f"{one['id']}/{sample}" for one in found]
    return []


def _is_draft(ledger: Ledger, key: str) -> bool:
    found = ledger.read("SELECT request FROM jobs WHERE id = ?", (key.partition("/")[0],))
    return any("final_resolution" in json.loads(row["request"]) for row in found)


def _sources(ledger: Ledger, job_id: str, sample: int) -> Iterator[Link]:
    for row in ledger.read("SELECT request FROM jobs WHERE id = ?", (job_id,)):
        request = json.loads(row["request"])
        if draft := _draft_of(ledger, f"{job_id}/{sample}"):
            yield _link(ledger, draft, FINAL)
        for name, how in HOW.items():
            if key := _key_of(ledger, str((request.get(name) or {}).get("key", ""))):
                yield _link(ledger, key, how)
        for picture in _pictures(request):
            origin = origin_of(ledger, picture["sha256"])
            if origin is not None:
                yield _link(ledger, f"{origin.job_id}/{origin.sample}", _frame(origin.seconds))
    for row in ledger.read("SELECT pieces FROM joined WHERE id = ?", (job_id,)):
        for piece in json.loads(row["pieces"]):
            yield _link(ledger, f"{piece['job']}/{piece['sample']}", "part of it")


def _results(ledger: Ledger, job_id: str, sample: int) -> Iterator[Link]:
    key = f"{job_id}/{sample}"
    for final in _finals_of(ledger, key):
        yield _link(ledger, final, FINAL)
    found = ledger.read("SELECT uri FROM videos WHERE job_id = ? AND sample = ?", (job_id, sample))
    address = found[0]["uri"] if found else ""
    for name, how in HOW.items():
        for row in ledger.read(
            f"SELECT id, request FROM jobs WHERE json_extract(request, '$.{name}.key') IN (?, ?) ORDER BY created_at",
            (f"job:{key}", address or f"job:{key}"),
        ):
            yield Link(f"{row['id']}/0", how, json.loads(row["request"])["prompt"])
    for origin in ledger.read(
        "SELECT sha256, seconds FROM origins WHERE job_id = ? AND sample = ?", (job_id, sample)
    ):
        for row in ledger.read(
            "SELECT id, request FROM jobs WHERE instr(request, ?) > 0 ORDER BY created_at",
            (origin["sha256"],),
        ):
            request = json.loads(row["request"])
            # A prompt may say anything.
            if any(picture["sha256"] == origin["sha256"] for picture in _pictures(request)):
                yield Link(f"{row['id']}/0", _frame(origin["seconds"]), request["prompt"])
    for row in ledger.read(
        "SELECT id, title, pieces FROM joined WHERE instr(pieces, ?) > 0", (f'"{job_id}"',)
    ):
        if any(one["job"] == job_id and one["sample"] == sample for one in json.loads(row["pieces"])):
            yield Link(f"{row['id']}/0", "part of it", row["title"])


def _link(ledger: Ledger, key: str, how: str) -> Link:
    job_id = key.partition("/")[0]
    for row in ledger.read(
        "SELECT json_extract(request, '$.prompt') AS prompt FROM jobs WHERE id = ?", (job_id,)
    ):
        return Link(key, how, row["prompt"])
    for row in ledger.read("SELECT title FROM joined WHERE id = ?", (job_id,)):
        return Link(key, how, row["title"])
    return Link(key, how, "")


def _pictures(request: dict[str, Any]) -> list[dict[str, Any]]:
    frames = [request[name] for name in FRAMES if name in request]
    return [*frames, *request.get("reference_images", [])]


def _frame(seconds: float | None) -> str:
    return "its last frame" if seconds is None else f"its frame at {seconds:.1f} s"
