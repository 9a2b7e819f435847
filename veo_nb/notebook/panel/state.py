"""What all panels of a kernel share: one truth about draft, queue and library, gathered on a thread of its own.

Nothing of it happens on the kernel's main thread. Whoever changes something wakes it; it looks at what there is
now, at most four times a second, and hands each panel the state, of which only what is new goes to the page.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from msgspec.structs import replace

from veo_nb import catalog
from veo_nb.engine.job import Job
from veo_nb.errors import VeoError
from veo_nb.notebook import text
from veo_nb.notebook.grid.previews import prune_previews
from veo_nb.notebook.live import PROGRESS_SECONDS, PUSH_SECONDS
from veo_nb.notebook.pages.notebooks import find_notebooks
from veo_nb.notebook.panel.draft import make_setup
from veo_nb.notebook.panel.entries import AT_WORK, make_row, queue_line
from veo_nb.notebook.panel.images import Pictures
from veo_nb.notebook.panel.protocol import (
    ROWS,
    Choice,
    Draft,
    GalleryView,
    LibraryState,
    Queue,
    Row,
    SharedDraft,
    Shelves,
    SweepName,
)
from veo_nb.notebook.panel.stills import Stills
from veo_nb.notebook.panel.store import PanelStore, empty_draft
from veo_nb.notebook.place import Place
from veo_nb.store.changes import EVERYTHING, Change
from veo_nb.store.queries import Query
from veo_nb.store.rows import State
from veo_nb.studio import Studio

log = logging.getLogger("veo_nb")

ENDED_SECONDS = 2 * 24 * 3600.0
"""A job that ended without a clip stays in the queue for so long, or until it is put aside."""
BADLY = ("failed", "blocked", "uncertain")
MOST_ENDED = 12

OnFinished = Callable[[Job], object]


class Shown(Protocol):
    """A panel, as the panel state knows it."""

    def take(self, state: dict[str, Any]) -> None:
        """Write these traits."""


class PanelState:
    """Gathers what panels show. `studio` gives the studio of now, which `veo.configure` may have changed."""

    def __init__(
        self, studio: Callable[[], Studio], place: Place, clock: Callable[[], float] = time.time
    ) -> None:
        self._current = studio
        self.place = place
        self.clock = clock
        self.pictures = Pictures()
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._panels: list[Shown] = []
        self._thread: threading.Thread | None = None
        self._studio: Studio | None = None
        self._forget: Callable[[], None] | None = None
        self._changed: set[str] = set()
        self._changing = threading.Lock()
        """Of `_changed` alone: who tells of a change must not wait for who waits for the loop that tells."""
        self._finished_callbacks: dict[object, OnFinished] = {}
        self._caller: ThreadPoolExecutor | None = None
        self._announced: set[str] = set()
        self._began = 0.0
        self._slots: list[str] = [""] * ROWS
        self._state: tuple[object, ...] | None = None
        self._library: tuple[LibraryState, Shelves] | None = None
        self._version = 0
        self._kept: list[Job] = []
        """The jobs that are shown: one that nobody holds would be read anew at each look, with its pictures."""
        self._ended: list[Job] | None = None
        self._complaint = ""
        self._handed: tuple[float, list[object]] = 0.0, []
        """When panels were last told of something, and what."""
        self._use_library(studio().library.folder)

    # Who shows it

    def join(self, panel: Shown) -> dict[str, Any]:
        """Keep a panel up to date from now on; the state of now."""
        with self._lock:
            self._panels.append(panel)
            state = self._gather()
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, name="veo_nb-panel", daemon=True)
                self._thread.start()
            return state

    def leave(self, panel: Shown) -> None:
        """Let a panel be as it is; without any it rests."""
        with self._lock:
            self._panels = [one for one in self._panels if one is not panel]
            if not self._panels:
                if self._forget is not None:
                    self._forget()
                self._forget, self._studio, self._thread = None, None, None
                self._kept, self._ended = [], None
                if self._caller is not None:
                    self._caller.shutdown(wait=False, cancel_futures=True)
                    self._caller = None
                self._wake.set()

    @property
    def shown(self) -> bool:
        """Whether any panel shows it."""
        return bool(self._panels)

    def on_finished(self, listener: OnFinished) -> Callable[[], None]:
        """Have `listener(job)` called for each job that is done; call what is returned to end it."""
        key = object()
        self._finished_callbacks[key] = listener

        def remove() -> None:
            self._finished_callbacks.pop(key, None)

        return remove

    @property
    def studio(self) -> Studio:
        """The studio of now; the panel state listens to it."""
        with self._lock:
            now = self._current()
            if now is not self._studio and self._panels:
                if self._forget is not None:
                    self._forget()
                if now.library.folder != self._folder:
                    self._use_library(now.library.folder)
                self._studio, self._state, self._ended = now, None, None
                self._began = self.clock()
                self._forget = now.library.on_change(self._note_change)
            return now

    def _use_library(self, folder: Path) -> None:
        self._folder = folder
        self.store, self.stills = PanelStore(folder), Stills(folder)
        self._tidied = False
        # Whoever composed last did so for another library.
        self._by = ""

    # What panels write

    def keep_draft(self, draft: Draft, by: str) -> None:
        """Take over what a view has composed."""
        with self._lock:
            self.store.draft, self._by = draft, by
            self.store.save()
        self.wake()

    def keep_view(self, view: GalleryView) -> None:
        """Remember how the gallery is shown."""
        with self._lock:
            self.store.view = view
            self.store.save()
        self.wake()

    def dismiss(self, job_id: str) -> None:
        """Put a job that ended without a clip aside.

        Raises:
            NotFound: there is no such job.
        """
        job = self.studio.job(job_id)
        with self._lock:
            self.store.dismissed.append(job.id)
            self.store.save()
            self._ended = None
        self.wake()

    def recall(self, job_id: str) -> None:
        """Let a job be shown that was put aside."""
        with self._lock:
            if job_id in self.store.dismissed:
                self.store.dismissed = [one for one in self.store.dismissed if one != job_id]
                self.store.save()
        self.wake()

    def wake(self) -> None:
        """Look at everything anew, soon."""
        self._wake.set()

    def _note_change(self, change: Change) -> None:
        # No job is done by a vote.
        if change.what != "evidence":
            with self._changing:
                self._changed.add(change.id if change != EVERYTHING else "")
        self._wake.set()

    # What there is

    def _live(self) -> None:
        me = threading.current_thread()
        while True:
            # Now and then by itself: `veo.configure` says nothing.
            self._wake.wait(2.0)
            self._wake.clear()
            with self._lock:
                if self._thread is not me:
                    return
                panels = [*self._panels]
            try:
                state = self._gather()
                if self._is_worth_a_push(state, panels):
                    for panel in panels:
                        _hand(panel, state)
                self._announce_finished()
                self._tidy()
                self._complaint = ""
            except VeoError as error:
                if str(error) != self._complaint:
                    log.warning("The panel can't be brought up to date: %s", error)
                self._complaint = str(error)
            except Exception:
                # Whatever broke, the next look may do; without the thread nothing would ever change again.
                log.exception("the panel could not be brought up to date")
            time.sleep(PUSH_SECONDS)

    def _is_worth_a_push(self, state: dict[str, Any], panels: list[Shown]) -> bool:
        """Whether panels are told of it now; later where jobs have only got a little further."""
        now, bare = self.clock(), [*panels, {name: _without_progress(one) for name, one in state.items()}]
        if bare == self._handed[1] and 0 <= now - self._handed[0] < PROGRESS_SECONDS:
            self._wake.set()
            return False
        self._handed = now, bare
        return True

    def _gather(self) -> dict[str, Any]:
        with self._lock:
            studio = self.studio
            state = studio.library.state()
            if state != self._state or self._library is None:
                self._state, self._ended = state, None
                self._library = self._make_library(studio)
            if self.store.fresh:
                self.store.fresh = False
                self.store.draft = self._example(studio)
            return {
                "panel": make_setup(studio, self.place),
                "draft": SharedDraft(by=self._by, draft=self.store.draft),
                "view": self.store.view,
                "library": self._library[0],
                "shelves": self._library[1],
                **self._make_queue(studio),
            }

    def _make_library(self, studio: Studio) -> tuple[LibraryState, Shelves]:
        found, bill = studio.library.summary(), studio.cost()
        self._version += 1
        state = LibraryState(
            version=self._version,
            total=found.total,
            cost=text.budget(bill) if bill.spent or bill.budget is not None else "",
        )
        shelves = Shelves(
            models=[Choice(value=name, label=catalog.model(name).title) for name in found.models],
            sweeps=[SweepName(id=sweep_id, title=title[:80]) for sweep_id, title in found.sweeps],
        )
        return state, shelves

    def _make_queue(self, studio: Studio) -> dict[str, Any]:
        """The traits of the queue: each job keeps its own for as long as it is shown, so that a change is one row."""
        waiting = studio.jobs.waiting()
        if self._ended is None:
            self._ended = self._find_ended(studio)
        ended = self._ended
        live = studio.jobs.unfinished()
        place = {job_id: at for at, job_id in enumerate(waiting)}
        live.sort(key=lambda job: _order(job, place))
        shown = [*ended, *live][:ROWS]
        self._kept = shown
        ids = [job.id for job in shown]
        for at, kept in enumerate(self._slots):
            if kept not in ids:
                self._slots[at] = ""
        rows: dict[str, Row] = {}
        for job in shown:
            if job.id not in self._slots:
                self._slots[self._slots.index("")] = job.id
            rows[f"row_{self._slots.index(job.id)}"] = make_row(job, waits=job.id in place)
        queue = Queue(
            order=ids,
            more=len(ended) + len(live) - len(shown),
            line=queue_line(live, studio, self.clock()),
        )
        return {"queue": queue, **{f"row_{at}": rows.get(f"row_{at}", {}) for at in range(ROWS)}}

    def _find_ended(self, studio: Studio) -> list[Job]:
        """The jobs that ended badly of late and were not put aside, newest first."""
        since = self.clock() - ENDED_SECONDS
        dismissed = set(self.store.dismissed)
        # Of those that were put aside some may be among the newest.
        most = min(60, MOST_ENDED + len(dismissed))
        found = studio.library.browse(Query(states=BADLY, since=since, limit=most, counted=False))
        ids = [row.job_id for row in found.rows if row.job_id not in dismissed][:MOST_ENDED]
        return [studio.job(job_id) for job_id in ids]

    def _announce_finished(self) -> None:
        """Have those called who want to hear of a job that is done, once for each."""
        with self._changing:
            changed, self._changed = self._changed, set()
        with self._lock:
            studio, began = self._studio, self._began
        if studio is None or not changed:
            return
        if "" in changed:
            changed |= {
                row.job_id
                for row in studio.library.browse(Query(states=("made",), since=began, counted=False)).rows
            }
        for job_id in sorted(changed - self._announced - {""}):
            try:
                job = studio.job(job_id)
            except VeoError:
                # A joined clip, or a job that has just been deleted.
                continue
            if job.now.state is not State.SUCCEEDED or (job.now.finished_at or 0.0) < began:
                continue
            self._announced.add(job_id)
            for listener in [*self._finished_callbacks.values()]:
                self._call(listener, job)

    def _tidy(self) -> None:
        """Once for each library, after all is shown: make it ready for a search, take away the stills of lost clips."""
        if not self._tidied:
            self._tidied = True
            self.studio.library.index_words()
            self.stills.prune(self.studio.library.find)
            prune_previews(self.studio.library.folder, self.studio.library.find)

    def _call(self, listener: OnFinished, job: Job) -> None:
        """Call somebody on a thread for that: they may take their time, and what panels show goes on."""
        with self._lock:
            if self._caller is None and self._panels:
                self._caller = ThreadPoolExecutor(1, thread_name_prefix="veo_nb-panel-finished")
            if self._caller is not None:
                self._caller.submit(_notify, listener, job)

    def _example(self, studio: Studio) -> Draft:
        """What an empty library begins with: a prompt and a photograph; a used one with nothing."""
        draft = empty_draft()
        if studio.library.summary().total or studio.jobs.unfinished():
            return draft
        draft = replace(
            draft,
            prompt="Steam curls from the espresso. A slow push in, morning light. SFX: a spoon, quiet voices.",
            fields={"duration_seconds": [4]},
        )
        try:
            path = find_notebooks() / "coffee.jpg"
            state = self.pictures.read(studio, path.read_bytes(), path.name)
        except (VeoError, OSError):
            return draft
        return replace(draft, image=[state.key], fit="crop")


def _without_progress(shown: object) -> object:
    """What a panel shows, without how far jobs are that are on their way."""
    if isinstance(shown, Queue):
        return replace(shown, order=sorted(shown.order), line=[])
    if isinstance(shown, Row) and shown.state in AT_WORK:
        return shown.job
    return shown


def _hand(panel: Shown, state: dict[str, Any]) -> None:
    try:
        panel.take(state)
    except Exception:
        # The others are no worse for it.
        log.exception("a panel could not take what is new")


def _notify(listener: OnFinished, job: Job) -> None:
    try:
        listener(job)
    except Exception:
        log.exception("what hears of finished jobs broke at %s", job.id)


def _order(job: Job, place: dict[str, int]) -> tuple[int, float]:
    """Those at the provider first, then those that wait, in the order of their turn."""
    if job.now.state in AT_WORK:
        return AT_WORK.index(job.now.state), job.now.created_at
    return len(AT_WORK), place.get(job.id, -1) if place else job.now.created_at
