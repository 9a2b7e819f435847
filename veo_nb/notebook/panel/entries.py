"""What a panel is told of jobs and clips, in words: rows of the queue, items of the gallery, all that is known of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from veo_nb import catalog
from veo_nb.engine.job import Job
from veo_nb.engine.timing import seconds_at_all
from veo_nb.engine.video import Video, check_clip, own_model
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.media.measures import Found
from veo_nb.media.picture import Picture
from veo_nb.media.shape import frame_of
from veo_nb.notebook import text
from veo_nb.notebook.grid.state import short_line
from veo_nb.notebook.panel.code import cell_of, python_of
from veo_nb.notebook.panel.draft import model_for, say
from veo_nb.notebook.panel.protocol import (
    Change,
    Details,
    DetailsAction,
    Item,
    Lineage,
    PictureState,
    Row,
    RowAction,
    Step,
)
from veo_nb.notebook.panel.validation import LABELS
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Part, Until
from veo_nb.request import VideoRequest, restore_request
from veo_nb.store import lineage
from veo_nb.store.lineage import Link
from veo_nb.store.queries import FoundRow
from veo_nb.store.rows import State
from veo_nb.studio import Studio
from veo_nb.sweep.summary import left_of

LONGEST_IN_QUEUE, LONGEST_LINE, LONGEST_IN_GALLERY = 120, 120, 200
LONGEST_SETTINGS = 80
"""Of a row in the queue, which is pushed often."""
MOST_LINKS, MOST_STEPS = 24, 60
AT_WORK = (State.DOWNLOADING, State.RUNNING, State.SUBMITTING)


def make_row(job: Job, *, waits: bool) -> Row:
    """A job in the queue; `waits` says that its turn can still be changed."""
    return Row(
        job=job.id,
        state=job.now.state.value,
        prompt=_cut(job.request.prompt, LONGEST_IN_QUEUE),
        settings=_cut(" · ".join(text.settings_of(job)), LONGEST_SETTINGS),
        line=[_cut(part, LONGEST_LINE) if isinstance(part, str) else part for part in short_line(job)],
        progress=text.progress(job.now),
        actions=_row_actions(job, waits=waits),
    )


def _row_actions(job: Job, *, waits: bool) -> list[RowAction]:
    state = job.now.state
    if not state.final:
        actions: list[RowAction] = [] if job.stopping else ["cancel"]
        return ["move", *actions] if waits else actions
    if state is State.UNCERTAIN:
        return ["resubmit", "dismiss"]
    return ["retry", "dismiss"] if job.fetchable else ["rerun", "dismiss"]


def queue_line(jobs: Sequence[Job], studio: Studio, now: float) -> list[Part]:
    """`2 generating · 3 waiting · about 3 min left`; empty while nothing is on its way."""
    live = [job for job in jobs if not job.now.state.final]
    if not live:
        return []
    counts = Counter("waiting" if job.now.state is State.QUEUED else "generating" for job in live)
    line: list[Part] = [f"{counts[name]} {name}" for name in ("generating", "waiting") if counts[name]]
    seconds = seconds_at_all(
        [(job.provider.name, job.now.latency.quantile) for job in live if job.now.state is State.QUEUED],
        studio.settings.allowed,
        [(job.provider.name, left_of(job, now)) for job in live if job.now.state in AT_WORK],
    )
    # To five seconds, so that it stays the same for a while.
    line.append(Until(at=5 * round((now + seconds) / 5), text="about {} left", past="longer than most"))
    return line


def make_items(rows: Iterable[FoundRow], library: Path, place: Place) -> list[Item]:
    """What was found as the gallery shows it."""
    return [make_item(row, library, place) for row in rows]


def make_item(row: FoundRow, library: Path, place: Place) -> Item:
    """A clip in the gallery, or a job that has none."""
    path = library / row.path if row.path else None
    request = request_of(row)
    asked = frame_of(request.shape) if request is not None else "16:9"
    return Item(
        key=row.key,
        job=row.job_id,
        kind=row.kind,
        state=State(row.state).value,
        prompt=_cut(row.prompt, LONGEST_IN_GALLERY),
        settings=_cut(" · ".join(text.settings(request)), LONGEST_IN_GALLERY) if request else "joined",
        shape=("9:16" if row.height > row.width else "16:9") if row.width else asked,
        url=place.url(path) if path else "",
        path=place.shown(path) if path else "",
        bytes=row.bytes,
        duration=row.duration,
        fps=row.fps,
        here=path is not None and path.exists(),
        rating=row.rating,
        star=row.star,
        note=row.note,
        sweep=row.sweep_id,
        made=row.made_at,
    )


def request_of(row: FoundRow) -> VideoRequest | None:
    """The request of a clip, its pictures without their bytes; None of one that was joined."""
    return None if row.kind == "joined" else restore_request(row.request, lambda *_: b"", row.provider)


def make_details(
    studio: Studio,
    row: FoundRow,
    place: Place,
    picture: Callable[[Picture], PictureState],
    now: float,
) -> Details:
    """All that is known of a clip."""
    job = None if row.kind == "joined" else studio.job(row.job_id)
    kin = studio.library.lineage(row.key)
    steps, more = _steps(studio, row.key)
    line: list[Part] = [f"Joined {_day(row.made_at)}"] if job is None else text.line(job)
    actions: list[DetailsAction] = []
    if job is not None:
        same = studio.settings.opens(job.provider.name)
        if job.now.state is State.UNCERTAIN:
            actions = ["resubmit"]
        elif job.missed:
            actions = ["retry", "vary"]
        elif row.kind == "none":
            actions = ["rerun", "vary"]
        else:
            actions = ["another", "vary", "extend"] if same else ["vary"]
    drafted = job is not None and job.is_draft and job.final is None and "another" in actions
    return Details(
        item=make_item(row, studio.library.folder, place),
        prompt=row.prompt,
        line=line,
        recipe=_recipe(row, job, place, studio),
        measures=text.measured(_measures(studio, row)),
        pictures=[picture(one) for one in job.request.pictures()] if job is not None else [],
        came_from=_links(studio, kin.came_from),
        became=_links(studio, kin.became),
        steps=steps,
        more_steps=more,
        cell="" if job is None else cell_of(job, studio.library.files),
        python="" if job is None else python_of(job, studio.library.files, row.sample),
        actions=["finalize", *actions] if drafted else actions,
        final_cost=text.final_cost(job) if job is not None and drafted else "",
        cannot_extend=_cannot_extend(studio, row, job, now),
        extend_model=_extend_model(studio, row, job),
        change=_change(studio, row, job, now),
    )


def _measures(studio: Studio, row: FoundRow) -> Found:
    known = studio.jobs.workspace.measures.of([row.job_id])
    return known.get((row.job_id, row.sample), {})


def _cannot_extend(studio: Studio, row: FoundRow, job: Job | None, now: float) -> str:
    """Why a clip can't be gone on from; empty where it can."""
    if job is None:
        return "A joined clip is not at the provider, so it can't be extended. Use its last frame."
    for video in job.videos:
        if video.sample == row.sample:
            settings = studio.settings
            name = model_for(video, settings) or settings.model
            try:
                check_clip(video, *catalog.find_served(name, settings.provider), now)
            except InvalidRequest as error:
                return error.message
            return ""
    return "There is no clip."


def _extend_model(studio: Studio, row: FoundRow, job: Job | None) -> str:
    """The name of the model that made a clip, where that is to go on from it."""
    clips = job.videos if job is not None else ()
    clip = next((one for one in clips if one.sample == row.sample), None)
    own = model_for(clip, studio.settings)
    provider, name = catalog.find_served(own, studio.settings.provider)
    return catalog.short_name(name, provider, studio.settings.provider) if own else ""


def _change(studio: Studio, row: FoundRow, job: Job | None, now: float) -> Change:
    """Whether a clip can be changed by saying how, and by which model."""
    settings = studio.settings
    clip = next((one for one in job.videos if one.sample == row.sample), None) if job is not None else None
    if clip is None:
        joined = "A joined clip can't be changed. Change one of its clips, and join them again."
        return Change(model="", reason=joined if job is None else "There is no clip.", other="")
    typed = own_model(clip, settings, edits=True).get("model", settings.model)
    provider, name = catalog.find_served(typed, settings.provider)
    model, edit = catalog.find_model(name, provider), catalog.FIELD["edit"]
    own = catalog.short_name(model.id, provider, settings.provider) if model is not None else ""
    if model is None or not provider.takes(edit, model):
        title = "The model that is set" if model is None else model.title
        able = (
            catalog.short_name(one, where, settings.provider)
            for where in (settings.provider, *(catalog.PROVIDERS[other] for other in settings.others()))
            for one in where.models
            if where.takes(edit, catalog.MODELS[one])
        )
        return Change(
            model=own,
            reason=f"{title} can't change a clip; Gemini Omni can.",
            other=next((one for one in able if not _cannot_change(studio, clip, one, now)), ""),
        )
    return Change(model=own, reason=_cannot_change(studio, clip, own, now), other="")


def _cannot_change(studio: Studio, clip: Video, model: str, now: float) -> str:
    try:
        check_clip(clip, *catalog.find_served(model, studio.settings.provider), now, edits=True)
    except InvalidRequest as error:
        return f"{error.message} {error.hint}".strip()
    return ""


def _steps(studio: Studio, key: str) -> tuple[list[Step], int]:
    """The steps of which a clip is one, those nearest to it where they are many; and how many more there are."""
    steps = studio.library.steps(key)
    parents = {step.key: step.parent for step in steps}
    near = {key}
    while parents.get(key):
        near.add(key := parents[key])
    near |= {step.key for step in steps if step.parent in near}
    kept = sorted(steps, key=lambda step: step.key not in near)[:MOST_STEPS]
    shown = [step for step in steps if step in kept]
    made = [
        Step(
            **{**msgspec.structs.asdict(link), "how": _step_words(step)}, parent=step.parent, depth=step.depth
        )
        for link, step in zip(_links(studio, shown, most=MOST_STEPS), shown, strict=True)
    ]
    return made, len(steps) - len(made)


def _step_words(step: lineage.Step) -> str:
    """`changes 3f2a`, `goes on from 3f2a`, `Draft, changes 3f2a`, `Final of 3f2a`; of the first that it is that."""
    before = step.parent.partition("/")[0]
    if step.how == lineage.FINAL:
        return f"Final of {before}"
    how = f"{step.how.removesuffix('it')}{before}" if step.parent else "the first"
    return f"Draft, {how}" if step.draft else how


def _links(studio: Studio, links: Sequence[Link], *, most: int = MOST_LINKS) -> list[Lineage]:
    found: list[Lineage] = []
    for link in links[:most]:
        try:
            row = studio.library.find(link.key)
            here = bool(row.path) and (studio.library.folder / row.path).exists()
        except VeoError:
            here = False
        found.append(
            Lineage(
                key=link.key,
                how=link.how,
                prompt=_cut(link.prompt, LONGEST_IN_QUEUE),
                here=here,
                note="" if here else _missing(studio.jobs.find(link.key.partition("/")[0])),
            )
        )
    return found


def _missing(job: Job | None) -> str:
    """Why a clip that is named is not there, in a word or two."""
    if job is None or job.now.state is State.SUCCEEDED:
        return "gone"
    return job.now.state.value if job.now.state.final else "on its way"


def _recipe(row: FoundRow, job: Job | None, place: Place, studio: Studio) -> list[tuple[str, str]]:
    """What was set and what came of it, in reading order."""
    lines: list[tuple[str, str]] = []
    if job is not None:
        request = job.request
        lines.append(("Model", catalog.model(request.model).title))
        lines += _set(request)
        if job.take > 1:
            lines.append(("Take", str(job.take)))
        lines.append(("Provider", job.provider.title))
    lines.append(("Made", _day(row.made_at)))
    if job is not None and (took := text.made_in(job.now)) is not None:
        lines.append(("Took", took))
    if job is not None:
        counted = "" if job.usage is None else text.tokens(job.usage)
        lines += [(name, said) for name, said in (("Cost", text.cost_of(job)), ("Tokens", counted)) if said]
    if row.width:
        facts = f"{row.width} x {row.height} · {row.fps:.3g} fps · {row.duration:.1f} s · {row.bytes / 1e6:.1f} MB"
        lines.append(("Video", facts))
        lines.append(("File", place.shown(studio.library.folder / row.path)))
    if row.sweep_id:
        lines.append(("Sweep", row.sweep_id))
    if job is not None and job.operation:
        lines.append(("Operation", job.operation))
    lines.append(("Job" if job is not None else "Clip", row.job_id))
    return lines


def _set(request: VideoRequest) -> list[tuple[str, str]]:
    """What was set beside the model, and of a draft what its final has."""
    found = [
        (label, say(name, value))
        for name, label in LABELS.items()
        if name != "model" and (value := getattr(request, name)) is not None
    ]
    return [*found, ("Draft", f"its final has {request.in_full().lines}")] if request.is_draft else found


def _cut(text: str, longest: int) -> str:
    """The text on one line, at most so many letters, and twice as many bytes where letters take several."""
    plain = " ".join(text.split())
    if len(plain) <= longest and len(plain.encode(errors="replace")) <= 2 * longest:
        return plain
    short = plain[: longest - 1]
    while len(short.encode(errors="replace")) > 2 * longest - 3:
        short = short[:-1]
    return f"{short}…"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")
