"""A finished video in the library: still images out of it, parts of it, and whether it can be gone on from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from veo_nb import catalog
from veo_nb.api.wire import UNSTORED
from veo_nb.config import Settings
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.media.kind import KINDS
from veo_nb.media.measures import Found
from veo_nb.media.shape import deviation, shape_name
from veo_nb.records.late import dataclass
from veo_nb.records.shown import html_of, live_of
from veo_nb.request import Source, VideoRequest
from veo_nb.store.evidence.measures import Key
from veo_nb.store.rows import VideoRow

if TYPE_CHECKING:
    from PIL.Image import Image


LAST_FRAME = "start a new clip from its last frame, which .last_frame() gives"
DAY = 24 * 3600.0
INTERACTION = "interaction"
"""How an address begins that names what made a clip, in place of its file."""


def resolution_of(lines: int) -> str:
    """What a picture of so many lines is called: `720p`, `4k`."""
    return "4k" if lines == 2160 else f"{lines}p"


class Maker(Protocol):
    """What a clip knows of the job that made it."""

    @property
    def provider(self) -> catalog.Provider:
        """Who has the clip."""

    @property
    def now(self) -> Any:
        """The job's `Snapshot`, which says when the clip was made."""

    @property
    def request(self) -> VideoRequest:
        """What was asked for."""

    def extend(self, prompt: str, *, sample: int = 0, **fields: Any) -> Any:
        """The `Job` that goes on from this sample."""

    def edit(self, prompt: str, *, sample: int = 0, **fields: Any) -> Any:
        """The `Job` that changes this sample."""


class Measured(Protocol):
    """What a clip knows of where its measures are kept."""

    def of(self, job_ids: Iterable[str]) -> Mapping[Key, Found]:
        """What was measured of the clips of these jobs."""


@dataclass(frozen=True, kw_only=True)
class Video:
    """One finished clip: its file and what is in it.

    `duration` is in seconds, `fps` in frames a second, `bytes` the file's size; `uri` is the provider's own
    address of it, good for two days.
    """

    path: Path
    uri: str
    width: int
    height: int
    duration: float
    fps: float
    has_audio: bool
    sha256: str
    bytes: int
    job_id: str
    sample: int = 0
    job: Maker | None = field(default=None, repr=False, compare=False)
    """The job that it came from; None for one that was built by hand."""
    measured: Measured | None = field(default=None, repr=False, compare=False)
    """What its library keeps of measures; None for one that was built by hand."""

    @property
    def measures(self) -> Found:
        """What was measured of it, by name: `motion`, `loudness`, …; None where one can't be said.

        Empty while it was not measured: `veo.measure(video)` does that. What each is says `help(veo.Measure)`.
        """
        known = self.measured.of([self.job_id]) if self.measured is not None else {}
        return known.get((self.job_id, self.sample), {})

    def _repr_html_(self) -> str | None:
        return html_of(self)

    def _display_(self) -> Any:
        return live_of(self)

    @property
    def original(self) -> Path:
        """The file as it came: this one, or one beside it that no browser plays, of which this one was made."""
        beside = (self.path.with_suffix(f".original.{kind}") for kind in KINDS)
        return next((path for path in beside if path.exists()), self.path)

    def extend(self, prompt: str, **fields: Any) -> Any:
        """The `Job` that goes on from this clip's end: 7 s more, joined to what is there. Returns at once.

        Fields are those of `veo.generate`.

        Raises:
            InvalidRequest: it can't be gone on from: too old, too long, of lines that are not taken, or not at this
                provider.
        """
        if self.job is None:
            raise InvalidRequest(
                "This clip does not know its job.", hint="Use veo.generate(…, video=clip).", field="video"
            )
        return self.job.extend(prompt, sample=self.sample, **fields)

    def edit(self, prompt: str, **fields: Any) -> Any:
        """The `Job` that changes this clip as the prompt says, such as "Make it snow". Returns at once.

        Fields are those of `veo.generate`.

        Raises:
            InvalidRequest: it can't be changed: too long, or the model has no edits; Gemini Omni has.
        """
        if self.job is None:
            raise InvalidRequest(
                "This clip does not know its job.", hint="Use veo.generate(…, edit=clip).", field="edit"
            )
        return self.job.edit(prompt, sample=self.sample, **fields)

    def frame(self, seconds: float) -> Image:
        """The frame shown at this time, after the end the last one, as a PIL image: good as `image=` of a clip.

        Raises:
            NotFound: the file is no longer there.
        """
        from veo_nb.media.frames import frame

        return self._marked(frame(self._file(), seconds), seconds)

    def last_frame(self) -> Image:
        """The last frame, as a PIL image.

        Raises:
            NotFound: the file is no longer there.
        """
        from veo_nb.media.frames import last_frame

        return self._marked(last_frame(self._file()), None)

    def trim(self, start: float = 0.0, end: float | None = None) -> Trimmed:
        """A part of this clip for `veo.join`, from `start` to `end` in seconds; without an end up to its own.

        Raises:
            InvalidRequest: there is nothing between them.
        """
        last = self.duration if end is None else min(end, self.duration)
        if not 0.0 <= start < last:
            raise InvalidRequest(
                f"Nothing is left of a clip of {self.duration:.1f} s from {start:g} to {last:g} s.",
                hint="Use 0 <= start < end.",
            )
        return Trimmed(self, start, None if end is None or end >= self.duration else end)

    def _marked(self, image: Image, seconds: float | None) -> Image:
        """The image, which knows where it comes from: a clip that begins with it is shown beside this one."""
        from veo_nb.media.picture import ORIGIN, Origin

        image.info[ORIGIN] = Origin(self.job_id, self.sample, seconds)
        return image

    def _file(self) -> Path:
        if not self.path.exists():
            raise NotFound(
                f"The file {self.path.name} is no longer there.", hint="Run its cell again to fetch it."
            )
        return self.path


@dataclass(frozen=True)
class Trimmed:
    """A part of a clip; without an end up to the clip's own. Times are in seconds."""

    video: Video
    start: float = 0.0
    end: float | None = None


def video_from_row(row: VideoRow, folder: Path) -> Video:
    """The video that the ledger describes, in the library at `folder`."""
    return Video(**{**vars(row), "path": folder / row.path})


def source_of(clip: Video, provider: catalog.Provider, model: str, now: float | None = None) -> Source:
    """A clip of a library as the source in a request to this provider's model, by id or alias.

    Without `now` the provider still knows all that it ever made.
    """
    named = shape_name(clip.width, clip.height)
    shape = named if ":" in named else "9:16" if clip.height > clip.width else "16:9"
    limits, known = source_limits(provider, model), _Known(provider, now)
    uri = clip.path.as_uri() if known.goes_along(clip, limits) else known.address(clip, limits)
    lines = resolution_of(min(clip.width, clip.height))
    key = f"job:{clip.job_id}/{clip.sample}" if clip.job_id else f"file:{clip.sha256}"
    return Source(uri=uri, key=key, shape=shape, lines=lines, clip=clip)


def with_clip(source: Source, find: Callable[[str], Any]) -> Source:
    """A stored source with the clip that it names, whose length is an edit's, and so its price.

    `find(id)` gives the job, or None.
    """
    job_id, _, sample = source.key.removeprefix("job:").partition("/")
    job = find(job_id) if source.key.startswith("job:") else None
    videos = job.videos if job is not None else ()
    return replace(source, clip=next((one for one in videos if str(one.sample) == sample), None))


def own_model(clip: Video, settings: Settings, *, edits: bool = False) -> dict[str, str]:
    """The model that made a clip, as a field, where that is the one to go on from it, or to change it.

    That is one that goes on talking about what it made, and one of another provider, which alone has the clip.
    """
    if clip.job is None:
        return {}
    model, maker = clip.job.request.model, clip.job.provider
    away = maker.name != settings.provider.name
    if away and settings.opens(maker.name) and (model in catalog.OMNI or not edits):
        return {"model": f"{maker.name}:{model}"}
    return {"model": model} if model in catalog.OMNI else {}


def check_source(request: VideoRequest, provider: catalog.Provider, now: float) -> None:
    """Nothing, where this provider can make of the clip what is asked at this moment; addresses are for it to judge.

    Raises:
        InvalidRequest: it can't, and why.
    """
    clip = request.source.clip if request.source is not None else None
    if isinstance(clip, Video):
        edits = request.edit is not None
        check_clip(clip, provider, request.model, now, edits=edits, seconds=request.seconds)


def check_clip(
    clip: Video,
    provider: catalog.Provider,
    model: str,
    now: float,
    *,
    edits: bool = False,
    seconds: int = 0,
) -> None:
    """Nothing, where this provider's model can go on from a clip at this moment, or change it.

    `seconds` is what it is to add; 0 for as little as it can.

    Raises:
        InvalidRequest: it can't, and why.
    """
    found = _obstacle(clip, provider, source_limits(provider, model), now, edits=edits)
    if found is None and not edits:
        found = _in_all(clip, provider, source_limits(provider, model), seconds)
    if found is not None:
        what, hint = found
        field = "edit" if edits else "video"
        which = f"The clip of job {clip.job_id}" if clip.job_id else clip.path.name
        raise InvalidRequest(f"{which} {what}.", hint=hint, field=field, job=clip.job_id)


def source_limits(provider: catalog.Provider, model: str) -> catalog.SourceLimits:
    """What a clip must be to be gone on from or changed by this provider's model, by id or alias."""
    known = catalog.find_model(model, provider)
    if known is None:
        # It is refused in better words.
        return catalog.SOURCES[provider.dialects[0]]
    limits = catalog.SOURCES[provider.dialect_of(known)]
    if not limits.total_seconds:
        return limits
    total = provider.total_seconds or limits.total_seconds
    return replace(
        limits,
        edited_seconds=known.edited_seconds,
        total_seconds=total,
        most_seconds=total - limits.added_seconds,
    )


@dataclass(frozen=True)
class _Known:
    """What a provider knows clips by at a moment; without one, all that it ever made."""

    provider: catalog.Provider
    now: float | None

    def address(self, clip: Video, limits: catalog.SourceLimits) -> str:
        """Its own address, or over the newer wire what made it and nothing else; empty where it knows neither."""
        if INTERACTION not in limits.schemes:
            return clip.uri
        name = self._interaction(clip)
        return f"{INTERACTION}:{name}" if name else ""

    def goes_along(self, clip: Video, limits: catalog.SourceLimits) -> bool:
        """Whether the clip's bytes are sent: its address is none that the provider looks into, but it takes them."""
        return limits.inline and self.address(clip, limits).partition(":")[0] not in limits.schemes

    def _interaction(self, clip: Video) -> str:
        """The interaction that made a clip at this provider; empty where none did, or it is forgotten by now."""
        job = clip.job
        if job is None or job.provider.name != self.provider.name:
            return ""
        made_by = catalog.MODELS.get(job.request.model)
        if made_by is None or self.provider.dialect_of(made_by) != "interactions":
            return ""
        name, asked = job.now.operation or "", job.now.submitted_at or job.now.created_at
        forgotten = self.now is not None and self.now - asked > self.provider.interaction_seconds
        return "" if forgotten or name.startswith(UNSTORED) else name


def _obstacle(
    clip: Video, provider: catalog.Provider, limits: catalog.SourceLimits, now: float, *, edits: bool
) -> tuple[str, str] | None:
    """Why this clip can't be gone on from, or be changed, and what to do."""
    otherwise = f"{LAST_FRAME[0].upper()}{LAST_FRAME[1:]}."
    along = _Known(provider, now).goes_along(clip, limits)
    if not limits.lines:
        return f"can't be sent: {provider.title} takes no clip", otherwise
    if along:
        if not clip.path.exists():
            hint = "Run its cell again to fetch it." if clip.job_id else "Give it anew."
            return "is no longer there as a file, and would be sent along", hint
    elif (away := _out_of_reach(clip, provider, limits, now, otherwise)) is not None:
        return away
    return _too_long(clip, limits) if edits else _misfit(clip, limits, otherwise, along=along)


def _in_all(
    clip: Video, provider: catalog.Provider, limits: catalog.SourceLimits, seconds: int
) -> tuple[str, str] | None:
    """Why a clip can't be made longer by so much."""
    added = max(seconds, limits.added_seconds)
    # A clip is a frame or two longer than its seconds.
    if not limits.total_seconds or clip.duration + added <= limits.total_seconds + 0.1:
        return None
    what = (
        f"is {clip.duration:.0f} s long, and with {added} s more it would be longer than the "
        f"{limits.total_seconds:g} s that {provider.title} makes"
    )
    return what, f"Use duration_seconds={int(limits.total_seconds + 0.1 - clip.duration)} or less."


def _too_long(clip: Video, limits: catalog.SourceLimits) -> tuple[str, str] | None:
    """Why a clip can't be changed."""
    if clip.duration <= limits.edited_seconds + 0.1:
        return None
    what = f"is {clip.duration:.0f} s long, and up to {limits.edited_seconds:g} s can be changed"
    return what, "Change the clip that it went on from, or a shorter one."


def _misfit(
    clip: Video, limits: catalog.SourceLimits, otherwise: str, *, along: bool
) -> tuple[str, str] | None:
    """Why a clip that can be had is none of those that the provider goes on from."""
    # A clip is a frame or two longer than its seconds.
    if clip.duration > limits.most_seconds + 0.1:
        return (
            f"is {clip.duration:.0f} s long, and up to {limits.most_seconds:g} s can be extended",
            otherwise,
        )
    if clip.duration < limits.least_seconds - 0.1:
        what = f"is {clip.duration:.1f} s long, and from {limits.least_seconds:g} s on it can be extended"
        return what, otherwise
    lines = min(clip.width, clip.height)
    if lines > max(limits.lines):
        taken = f"{resolution_of(max(limits.lines))} can be extended"
        if len(limits.lines) > 1:
            return f"has {lines} lines, and up to {taken}", otherwise
        hint = f'Make it with resolution="{resolution_of(limits.lines[0])}", or {LAST_FRAME}.'
        return f"is {lines}p, and only {taken}", hint
    if not along:
        # It was made there.
        return None
    if clip.path.suffix != ".mp4":
        return f"is a {clip.path.suffix} file, and an MP4 can be extended", otherwise
    if limits.fps and abs(clip.fps - limits.fps) > 0.1:
        return f"has {clip.fps:g} frames a second, and {limits.fps} can be extended", otherwise
    if all(deviation(clip.width, clip.height, shape) > catalog.IMAGE.tolerance for shape in limits.shapes):
        shape = shape_name(clip.width, clip.height)
        return f"is {shape}, and {catalog.listed(limits.shapes)} can be extended", otherwise
    return None


def _out_of_reach(
    clip: Video, provider: catalog.Provider, limits: catalog.SourceLimits, now: float, otherwise: str
) -> tuple[str, str] | None:
    """Why the provider doesn't have this clip any more, or never had it."""
    made_by = clip.job.provider if clip.job is not None else provider
    if made_by.name != provider.name:
        hint = f'Use veo.configure(provider="{made_by.name}"), or {LAST_FRAME}.'
        return f"was made with {made_by.title}, and {provider.title} does not have it", hint
    if _Known(provider, now).address(clip, limits).startswith(f"{INTERACTION}:"):
        # It is remembered for longer than its file.
        return None
    if not clip.uri:
        return "has no address at the provider, since it came inside the answer", otherwise
    made = (clip.job.now.generated_at or clip.job.now.finished_at) if clip.job is not None else None
    if made is not None and now - made > provider.retention_seconds:
        days = provider.retention_seconds / DAY
        return f"is older than the {days:g} days for which {provider.title} keeps it", otherwise
    return None
