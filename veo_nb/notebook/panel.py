"""`Panel`, the small studio inside a notebook: compose, watch, find and go on, with the mouse or the keyboard alone.

What syncs are the facts of `panel_protocol`, written by the desk's thread alone. Wishes are messages
(`panel_wishes`); each is answered, from a thread of its own, so that nothing here holds the kernel up.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar

import msgspec
import traitlets
from markupsafe import Markup

from veo_nb.errors import InvalidRequest, NotFound, VeoError
from veo_nb.jobs.browse import Query
from veo_nb.jobs.job import Job
from veo_nb.jobs.repeat import fields_again
from veo_nb.jobs.studio import Studio
from veo_nb.jobs.video import Trimmed, Video
from veo_nb.media.picture import Picture
from veo_nb.notebook import panel_wishes as asked
from veo_nb.notebook.display import ROOT, poster
from veo_nb.notebook.live import LiveView
from veo_nb.notebook.panel_desk import Desk, draft_again
from veo_nb.notebook.panel_draft import check_draft, read_draft, submit
from veo_nb.notebook.panel_facts import make_details, make_items
from veo_nb.notebook.panel_protocol import ROWS, Draft, View
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Message, Payloads
from veo_nb.notebook.showing import find_place_here

LIVING = 4
"""Panels that live at once: an older one, whose cell was run again, is at rest from then on."""
PIECE = 1_000_000
"""Bytes of a video in one message."""
STILL_WIDTH = 320
SLOW = frozenset({"posters", "video", "upload", "frame", "crop", "picture"})
"""Wishes that decode something."""
LONG = frozenset({"join"})

_living: deque[Panel] = deque()
_desks: dict[int, Desk] = {}
"""By the identity of what gives the studio, which the desk keeps alive."""
_lock = threading.Lock()


class Panel(LiveView):
    """The panel, as the last value of a cell: `veo.panel()`.

    `studio` gives the studio of now. Several panels of a kernel, its cards and its grids show the same.
    """

    _kind = traitlets.Unicode("panel").tag(sync=True)
    _wishes: ClassVar[Payloads] = asked.WISHES
    panel = traitlets.Dict().tag(sync=True)
    draft = traitlets.Dict().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    queue = traitlets.Dict().tag(sync=True)
    library = traitlets.Dict().tag(sync=True)
    chosen = traitlets.List().tag(sync=True)
    for _at in range(ROWS):
        locals()[f"row_{_at}"] = traitlets.Dict().tag(sync=True)
    del _at

    def __init__(
        self,
        studio: Callable[[], Studio],
        place: Place | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        with _lock:
            # One desk for each way to a studio: all panels of `veo.panel()` share theirs.
            self._key = id(studio)
            desk = _desks.get(self._key)
            if desk is None:
                desk = _desks[self._key] = Desk(studio, place or find_place_here(), clock)
        self._desk = desk
        self._hands = {
            name: ThreadPoolExecutor(1, thread_name_prefix=f"veo_nb-panel-{name}")
            for name in ("quick", "slow", "long")
        }
        self._buffers: dict[str, list[bytes]] = {}
        self._opened = ""
        self._closed = False
        super().__init__(clock, **self._desk.join(self))
        with _lock:
            _living.append(self)
            old = [_living.popleft() for _ in range(len(_living) - LIVING)]
        for one in old:
            one.close()

    @property
    def selected(self) -> tuple[Video, ...]:
        """The clips that are chosen in the gallery, in the order in which they were; else the one that is open."""
        studio, found = self._desk.studio, []
        for key in self.chosen or ([self._opened] if self._opened else []):
            try:
                found.append(studio.clip(key))
            except NotFound:
                # Deleted since.
                continue
        return tuple(found)

    def on_finished(self, callback: Callable[[Job], object]) -> Callable[[], None]:
        """Have `callback(job)` called for each job of the library that is done; call what is returned to end it.

        It is called on a background thread: what it prints shows up under whichever cell ran last.
        """
        return self._desk.hear(callback)

    def close(self) -> None:
        """Take the panel away; all jobs go on."""
        if self._closed:
            return
        self._closed = True
        self._desk.leave(self)
        for hands in self._hands.values():
            hands.shutdown(wait=False, cancel_futures=True)
        with _lock:
            if self in _living:
                _living.remove(self)
            if not self._desk.shown:
                _desks.pop(self._key, None)
        super().close()

    def push(self) -> None:
        """Have the desk look at what there is."""
        self._desk.wake()

    def take(self, facts: dict[str, Any]) -> None:
        """Write the traits that are new."""
        with self.hold_sync():
            for name, value in facts.items():
                if getattr(self, name) != value:
                    setattr(self, name, value)

    def _repr_mimebundle_(self, **how: Any) -> Any:
        """The widget, and for a page without a kernel a sentence that says what it is."""
        found = super()._repr_mimebundle_(**how)
        data, metadata = found if isinstance(found, tuple) else (found, {})
        words = (
            "The veo_nb panel: make, compare and find clips. Run this cell to open it; "
            f"the clips are in {self.panel['folder']}."
        )
        html = Markup('<p style="{}">{}</p>').format(ROOT, words)
        return {**(data or {}), "text/html": str(html), "text/plain": words}, metadata

    # Wishes

    def _receive(self, view: Any, content: Any, buffers: Any) -> None:
        """Hand a message over: the kernel's main thread has better things to do."""
        if self._closed:
            return
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "upload" and buffers and isinstance(content.get("id"), str):
            self._buffers[content["id"]] = [bytes(one) for one in buffers]
        name = "long" if kind in LONG else "slow" if kind in SLOW else "quick"
        self._hands[name].submit(super()._receive, view, content, buffers)

    def obey(self, message: Message, wish: Any) -> dict[str, Any]:
        """Do what a page asks for."""
        kind = message.kind
        found: dict[str, Callable[[Any], dict[str, Any] | None]] = {
            "draft": lambda it: self._desk.keep_draft(_draft(it.draft), it.by),
            "check": lambda it: {**check_draft(self._studio, _draft(it.draft), self._picture, self._clip)},
            "generate": self._generate,
            "frame": self._frame,
            "crop": lambda it: {
                **self._pictures.crop(self._studio, it.picture, (it.x, it.y, it.width, it.height))
            },
            "picture": lambda it: {**self._pictures.facts(self._studio, self._picture(it.picture))},
            "cancel": lambda it: self._studio.job(it.job).cancel(),
            "again": lambda it: self._replace(it.job, self._studio.again(it.job)),
            "fetch": lambda it: _job(self._studio.retry(it.job)),
            "resubmit": lambda it: _job(self._studio.resubmit(it.job)),
            "dismiss": lambda it: self._desk.dismiss(it.job),
            "move": lambda it: self._studio.move(it.job, it.before or None),
            "browse": self._browse,
            "posters": lambda it: {"posters": self._posters(it.clips)},
            "video": self._video,
            "details": self._details,
            "select": self._select,
            "view": lambda it: self._desk.keep_view(_view(it.view)),
            "another": self._another,
            "vary": lambda it: {"draft": draft_again(self._studio.job(self._studio.found(it.clip).job_id))},
            "rate": lambda it: _done(self._studio.rate(it.clip, rating=it.rating or None)),
            "star": lambda it: _done(self._studio.rate(it.clip, star=it.star)),
            "note": lambda it: _done(self._studio.rate(it.clip, note=it.note)),
            "delete": lambda it: self._each(it.clips, self._studio.delete),
            "restore": lambda it: self._each(it.clips, self._studio.restore),
            "join": self._join,
        }
        if kind == "upload":
            (data, *_) = self._buffers.pop(message.id, [b""])
            answer = {**self._pictures.read(self._studio, data, wish.name)}
        else:
            answer = found[kind](wish) or {}
        self._desk.wake()
        return answer

    @property
    def _studio(self) -> Studio:
        return self._desk.studio

    @property
    def _pictures(self) -> Any:
        return self._desk.pictures

    def _picture(self, key: str) -> Picture:
        return self._desk.pictures.get(self._studio, key)

    def _clip(self, key: str) -> Video:
        return self._studio.clip(key)

    def _generate(self, wish: asked.Generate) -> dict[str, Any]:
        draft = read_draft(_draft(wish.draft), self._picture, self._clip)
        jobs, sweep = submit(self._studio, draft, confirm=wish.confirm)
        return {"jobs": [job.id for job in jobs], "sweep": sweep}

    def _replace(self, old: str, new: Job) -> dict[str, Any]:
        """A job in place of one that ended badly, which then needs no attention any more."""
        self._desk.dismiss(old)
        return _job(new)

    def _frame(self, wish: asked.Frame) -> dict[str, Any]:
        from veo_nb.media.picture import read_picture

        clip = self._clip(wish.clip)
        image = clip.last_frame() if wish.seconds is None else clip.frame(wish.seconds)
        picture = read_picture(image)
        name = f"{clip.job_id} {'end' if wish.seconds is None else f'{wish.seconds:.1f} s'}.png"
        return {**self._pictures.keep(self._studio, replace(picture, name=name))}

    def _browse(self, wish: asked.Browse) -> dict[str, Any]:
        studio = self._studio
        found = studio.browse(
            Query(
                search=wish.search,
                models=tuple(wish.models),
                states=tuple(state for state in wish.states if state != "starred"),
                starred="starred" in wish.states,
                rating=wish.rating,
                sweep=wish.sweep,
                since=self._desk.clock() - wish.days * 86_400 if wish.days else None,
                order=wish.order,
                offset=wish.offset,
                limit=wish.limit,
            )
        )
        return {
            "total": found.total,
            "items": make_items(found.rows, studio.library.folder, self._desk.place),
        }

    def _posters(self, keys: list[str]) -> dict[str, str]:
        found = {}
        for key in keys:
            try:
                found[key] = poster(self._clip(key).path, STILL_WIDTH)
            except VeoError:
                continue
        return {key: still for key, still in found.items() if still}

    def _video(self, wish: asked.Bytes) -> dict[str, Any]:
        path = self._clip(wish.clip).path
        try:
            with path.open("rb") as file:
                file.seek(wish.offset)
                piece = file.read(PIECE)
            size = path.stat().st_size
        except OSError:
            raise NotFound(
                f"The file {path.name} is no longer there.", hint="Fetch it again while the provider has it."
            ) from None
        return {"size": size, "next": min(size, wish.offset + len(piece)), "buffers": [piece]}

    def _details(self, wish: asked.OfClip) -> dict[str, Any]:
        studio = self._studio
        row = studio.found(wish.clip)
        self._opened = row.key

        def facts(picture: Picture) -> Any:
            return self._pictures.facts(studio, picture)

        return {**make_details(studio, row, self._desk.place, facts, self._desk.clock())}

    def _select(self, wish: asked.OfClips) -> None:
        self.chosen = list(dict.fromkeys(wish.clips))

    def _another(self, wish: asked.OfClip) -> dict[str, Any]:
        """Another sample of the same request: the first take that nobody has asked for yet."""
        studio = self._studio
        job = studio.job(studio.found(wish.clip).job_id)
        fields = fields_again(job, studio.settings.provider)
        take = job.take + 1
        while studio.preview(take=take, **fields).stored is not None:
            take += 1
        return _job(studio.generate(take=take, **fields))

    def _each(self, keys: list[str], act: Callable[[str], None]) -> None:
        for key in dict.fromkeys(keys):
            act(key)
        self.chosen = [key for key in self.chosen if key not in keys]

    def _join(self, wish: asked.Join) -> dict[str, Any]:
        pieces: list[Trimmed] = []
        for piece in wish.pieces:
            clip = self._clip(piece.clip)
            pieces.append(clip.trim(piece.start, piece.end))
        video = self._studio.join(pieces, title=wish.title)
        return {"clip": f"{video.job_id}/0"}


def _draft(given: asked.GivenDraft) -> Draft:
    found: Draft = msgspec.to_builtins(given)
    return found


def _view(given: asked.GivenView) -> View:
    found: View = msgspec.to_builtins(given)
    return found


def _job(job: Job) -> dict[str, Any]:
    return {"job": job.id}


def _done(_: object) -> dict[str, Any]:
    return {}


def check_place(shell: Any) -> None:
    """Nothing, where there is a page that can show a panel.

    Raises:
        InvalidRequest: this is a terminal.
    """
    from veo_nb.notebook.showing import is_terminal

    if is_terminal(shell):
        raise InvalidRequest("A terminal can't show the panel.", hint="Open it in JupyterLab or a notebook.")
