"""What a panel answers: each command of `commands` done, on whichever thread it is asked."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from veo_nb.decisions.comparisons import QUESTION
from veo_nb.engine.fields import fields_again
from veo_nb.engine.job import Job
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest, NotFound, VeoError
from veo_nb.media.picture import Picture, read_picture
from veo_nb.notebook.clip.pieces import piece_of
from veo_nb.notebook.compare.open import OpenComparisons
from veo_nb.notebook.compare.view import ComparisonView
from veo_nb.notebook.panel import commands as asked
from veo_nb.notebook.panel.draft import check_draft, draft_again, read_draft, submit
from veo_nb.notebook.panel.entries import make_details, make_items
from veo_nb.notebook.panel.protocol import Check, Choice, Details, GalleryView, PictureState
from veo_nb.notebook.panel.state import PanelState
from veo_nb.notebook.panel.validation import LABELS
from veo_nb.notebook.protocol import Bytes, Exchanged, Nothing, OfClips, OfJob, Posters
from veo_nb.store.queries import Query

QUIET = frozenset(
    {"check", "picture", "browse", "count", "posters", "video", "details", "vary", "select"}
    | {"contest", "compare-bundle", "turn", "outcome"}
)
"""Commands that change nothing which other panels show."""

Answer = Exchanged | tuple[Exchanged, list[bytes]]
"""What a command is answered with, and bytes that go along."""


class Handlers:
    """Does what the page of one panel asks for, on the state that all panels share."""

    def __init__(
        self, panel_state: PanelState, choose: Callable[[Callable[[list[str]], list[str]]], None]
    ) -> None:
        self._panel_state = panel_state
        self._choose = choose
        self.opened = ""
        """The key of the clip that was opened last."""
        self._comparisons = OpenComparisons(lambda: panel_state.studio, panel_state.place)
        self._ways: dict[str, Callable[[Any], Answer | None]] = {
            "draft": lambda it: panel_state.keep_draft(it.draft, it.by),
            "check": self._check,
            "generate": self._generate,
            "frame": self._frame,
            "crop": self._crop,
            "picture": lambda it: panel_state.pictures.state(panel_state.studio, self._picture(it.picture)),
            "cancel": lambda it: panel_state.studio.job(it.job).cancel(),
            "retry": lambda it: self._go_on(panel_state.studio.jobs.retry(it.job)),
            "rerun": self._rerun,
            "resubmit": lambda it: self._go_on(panel_state.studio.jobs.resubmit(it.job)),
            "dismiss": lambda it: panel_state.dismiss(it.job),
            "move": lambda it: panel_state.studio.jobs.move(it.job, it.before or None),
            "browse": self._browse,
            "count": self._count,
            "posters": self._posters,
            "video": self._video,
            "details": self._details,
            "select": lambda it: self._choose(lambda _: list(dict.fromkeys(it.clips))),
            "view": lambda it: panel_state.keep_view(it.view),
            "another": self._another,
            "finalize": self._finalize,
            "measure": self._measure,
            "vary": self._vary,
            "rate": lambda it: self._rate(it, rating=it.rating or None),
            "star": lambda it: self._rate(it, star=it.star),
            "note": lambda it: self._rate(it, note=it.note),
            "delete": self._delete,
            "restore": lambda it: all_or_none(
                it.clips, panel_state.studio.library.restore, panel_state.studio.library.delete
            ),
            "join": self._join,
            "contest": self._contest,
            "blind": lambda it: self._comparisons.begin(it.clips, it.by, it.question),
            "compare-bundle": lambda _: ComparisonView.bundle(),
            **{
                kind: functools.partial(self._comparisons.answer, kind)
                for kind in ("turn", "vote", "undo", "outcome")
            },
        }

    def give(self, kind: str, payload: Any, buffers: Sequence[Any] = ()) -> Answer:
        """Do it, and say what came of it.

        Raises:
            VeoError: it can't be done.
        """
        if kind == "upload":
            data = bytes(buffers[0]) if buffers else b""
            answer: Answer = self._panel_state.pictures.read(self._panel_state.studio, data, payload.name)
        else:
            answer = self._ways[kind](payload) or Nothing()
        if kind not in QUIET:
            self._panel_state.wake()
        return answer

    # Compose

    def _check(self, payload: asked.OfDraft) -> Check:
        return check_draft(self._panel_state.studio, payload.draft, self._picture, self._source)

    def _generate(self, payload: asked.Generate) -> asked.Generated:
        draft = read_draft(payload.draft, self._picture, self._source, self._panel_state.studio.settings)
        try:
            jobs, sweep = submit(self._panel_state.studio, draft, confirm=payload.confirm)
        except InvalidRequest as error:
            if error.facts.get("field") != "confirm":
                raise
            return asked.Generated(jobs=[], sweep="", question=error.message)
        return asked.Generated(jobs=[job.id for job in jobs], sweep=sweep, question="")

    def _frame(self, payload: asked.Frame) -> PictureState:
        clip = self._clip(payload.clip)
        image = clip.last_frame() if payload.seconds is None else clip.frame(payload.seconds)
        name = f"{clip.job_id} {'end' if payload.seconds is None else f'{payload.seconds:.1f} s'}.png"
        picture = replace(read_picture(image), name=name)
        return self._panel_state.pictures.keep(self._panel_state.studio, picture)

    def _crop(self, payload: asked.Crop) -> PictureState:
        box = (payload.x, payload.y, payload.width, payload.height)
        return self._panel_state.pictures.crop(self._panel_state.studio, payload.picture, box)

    def _picture(self, key: str) -> Picture:
        return self._panel_state.pictures.get(self._panel_state.studio, key)

    def _source(self, key: str) -> Video | str:
        """The clip of a draft by its key, or its address where it is none of the library."""
        return key if "://" in key or Path(key).is_absolute() else self._clip(key)

    def _clip(self, key: str) -> Video:
        return self._panel_state.studio.library.clip(key)

    # Watch

    def _rerun(self, payload: OfJob) -> OfJob:
        """A job in place of one that ended badly, which then needs no attention any more."""
        new = self._panel_state.studio.jobs.rerun(payload.job)
        self._panel_state.dismiss(payload.job)
        return OfJob(job=new.id)

    def _go_on(self, job: Job) -> None:
        """Show a job again that was put aside: it is not over."""
        self._panel_state.recall(job.id)

    # Find

    def _browse(self, payload: asked.Browse) -> asked.Found:
        studio = self._panel_state.studio
        part = replace(self._query(payload), offset=payload.offset, limit=payload.limit, counted=False)
        found = studio.library.browse(part)
        items = make_items(found.rows, studio.library.folder, self._panel_state.place)
        return asked.Found(total=found.total, uncounted=not found.counted, items=items)

    def _count(self, payload: asked.OfView) -> asked.Counted:
        return asked.Counted(total=self._panel_state.studio.library.count(self._query(payload.view)))

    def _query(self, view: GalleryView) -> Query:
        return Query(
            search=view.search,
            models=tuple(view.models),
            states=tuple(state for state in view.states if state != "starred"),
            starred="starred" in view.states,
            rating=view.rating,
            sweep=view.sweep,
            # To the minute, so that what was counted for one page holds for the next.
            since=self._panel_state.clock() // 60 * 60 - view.days * 86_400 if view.days else None,
            order=view.order,
        )

    def _posters(self, payload: OfClips) -> Posters:
        studio, found = self._panel_state.studio, {}
        for key in payload.clips:
            try:
                row = studio.library.find(key)
            except NotFound:
                # Deleted while the page was scrolled.
                continue
            if still := self._panel_state.stills.get(row):
                found[key] = still
        return Posters(posters=found)

    def _video(self, payload: Bytes) -> Answer:
        studio = self._panel_state.studio
        row = studio.library.find(payload.clip)
        if not row.path:
            raise NotFound(f"Job {row.job_id} has no clip.", hint=f"It is {row.state}.")
        path = studio.library.folder / row.path
        return piece_of(path, payload.offset, path.name)

    def _details(self, payload: asked.OfClip) -> Details:
        studio = self._panel_state.studio
        row = studio.library.find(payload.clip)
        self.opened = row.key

        def state(picture: Picture) -> PictureState:
            return self._panel_state.pictures.state(studio, picture)

        return make_details(studio, row, self._panel_state.place, state, self._panel_state.clock())

    # Decide

    def _contest(self, payload: OfClips) -> asked.Contest:
        fields = self._comparisons.fields(payload.clips)
        return asked.Contest(
            by=[Choice(value=name, label=LABELS.get(name, name)) for name in fields], question=QUESTION
        )

    # Go on

    def _vary(self, payload: asked.OfClip) -> asked.OfDraft:
        studio = self._panel_state.studio
        job = studio.job(studio.library.find(payload.clip).job_id)
        return asked.OfDraft(draft=draft_again(job, studio.library.key_at))

    def _another(self, payload: asked.OfClip) -> OfJob:
        """Another sample of the same request: the first take that nobody has asked for yet."""
        studio = self._panel_state.studio
        job = studio.job(studio.library.find(payload.clip).job_id)
        fields = fields_again(job, studio.settings.provider)
        if job.request.unseeded(job.provider, job.take).seed is None:
            # A final has the seed of its draft's take, and another take another one.
            fields.pop("seed", None)
        take = job.take + 1
        while studio.preview(take=take, **fields).stored is not None:
            take += 1
        return OfJob(job=studio.submit(take=take, **fields)[0].id)

    def _finalize(self, payload: asked.OfClip) -> OfJob:
        studio = self._panel_state.studio
        return OfJob(job=studio.job(studio.library.find(payload.clip).job_id).finalize().id)

    def _measure(self, payload: asked.OfClip) -> None:
        (found,) = self._panel_state.studio.measure(self._clip(payload.clip))
        if found.problem:
            raise VeoError(
                f"It can't be measured: {found.problem}",
                hint="Fetch the clip again, while its provider has it.",
            )

    def _rate(self, payload: asked.OfClip, **changes: Any) -> None:
        self._panel_state.studio.library.rate(payload.clip, **changes)

    def _delete(self, payload: OfClips) -> None:
        all_or_none(
            payload.clips, self._panel_state.studio.library.delete, self._panel_state.studio.library.restore
        )
        self._choose(lambda chosen: [key for key in chosen if key not in payload.clips])

    def _join(self, payload: asked.Join) -> asked.OfClip:
        pieces = [self._clip(piece.clip).trim(piece.start, piece.end) for piece in payload.pieces]
        video = self._panel_state.studio.join(pieces, title=payload.title)
        return asked.OfClip(clip=f"{video.job_id}/0")


def all_or_none(keys: Sequence[str], act: Callable[[str], None], back: Callable[[str], None]) -> None:
    """Do it with each, or with none: where one can't be done, those before it are taken back.

    Raises:
        VeoError: what was wrong with that one.
    """
    done: list[str] = []
    for key in dict.fromkeys(keys):
        try:
            act(key)
        except VeoError:
            for one in reversed(done):
                back(one)
            raise
        done.append(key)
