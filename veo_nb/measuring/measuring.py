"""Have clips measured, here or wherever an executor works, and keep what comes back as it comes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future, as_completed
from contextlib import contextmanager
from typing import Protocol

from veo_nb.engine.job import WaitInterrupted
from veo_nb.engine.jobs import Jobs
from veo_nb.engine.loop import block_on
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.measuring.measurements import Measurement, Measurements, key_of
from veo_nb.measuring.workers import Workers, most_workers
from veo_nb.media.measures import VERSION, Found
from veo_nb.media.measures.worker import Answer, measure_file
from veo_nb.notices import Line
from veo_nb.request import VideoRequest
from veo_nb.store.evidence.measures import Key, MeasureLedger

SAY_SECONDS = 0.5
"""How often it is said how far it is."""
AGAIN = "Measure again for the rest: what is measured is kept."
HERE = "Without an executor it is done on this machine."


class Submit(Protocol):
    """Has a file measured somewhere, as `measure_file` does it."""

    def __call__(self, path: str, sha256: str, references: Sequence[str]) -> Future[Answer]:
        """The answer, once it is there."""


class Measuring:
    """Measures the clips of a library: `found(keys)` is what is stored, `measure(videos)` sees to the rest.

    `workers(most)` makes those that are used where no executor is given.
    """

    def __init__(self, jobs: Jobs, workers: Callable[[int], Workers] = Workers) -> None:
        self._jobs = jobs
        self._ledger: MeasureLedger = jobs.workspace.measures
        self._workers = workers

    def found(self, keys: Iterable[Key]) -> dict[Key, Found]:
        """What is stored of these clips, by job and sample; only of those that were measured as they are now."""
        wanted = [*keys]
        known = self._ledger.of(job_id for job_id, _ in wanted)
        return {key: known[key] for key in wanted if key in known}

    def measure(
        self,
        videos: Iterable[Video],
        executor: Executor | None = None,
        *,
        labels: Mapping[str, str] | None = None,
    ) -> Measurements:
        """What there is to be measured of these clips; what is not stored yet is measured now, and kept.

        It blocks until the last is there, says how far it is, and lets the kernel's other tasks go on. `executor` is any
        `concurrent.futures.Executor` whose workers have veo_nb and see the library's folder, such as a Dask client's
        `client.get_executor()`; without one it is done in processes of this machine, one a core at most. A clip that can't
        be measured says why, and raises nothing. `labels` are what clips are called, by their keys.

        Raises:
            InvalidRequest: there is no clip, or this is no executor.
            VeoError: the executor gave up; what it had measured by then is kept.
        """
        clips = list({key_of(video): video for video in videos}.values())
        if not clips:
            raise InvalidRequest("There is no clip to be measured yet.", hint="Wait until one is made.")
        if executor is not None and not isinstance(executor, Executor):
            raise InvalidRequest(
                f"Measuring takes a concurrent.futures.Executor, not {type(executor).__name__}.",
                hint="Of a Dask client it is client.get_executor().",
                field="executor",
            )
        known = self.found(_place(video) for video in clips)
        run = _Run(self._jobs, [video for video in clips if _place(video) not in known])
        if run.videos:
            with self._submitting(executor, len(run.videos)) as submit:
                run.finish(submit)
        said = labels or {}
        return Measurements(
            [
                Measurement(
                    video=video,
                    label=said.get(key_of(video)) or key_of(video).removesuffix("/0"),
                    found=known.get(_place(video)) or run.found.get(_place(video), {}),
                    problem=run.problems.get(_place(video), ""),
                )
                for video in clips
            ]
        )

    @contextmanager
    def _submitting(self, executor: Executor | None, count: int) -> Iterator[Submit]:
        """What has files measured, for so many of them."""
        if executor is None:
            with self._workers(min(count, most_workers())) as workers:
                yield workers.submit
        else:
            # One that is given is not ours to end.
            yield lambda path, sha256, references: executor.submit(measure_file, path, sha256, references)


class _Run:
    """One round of measuring: what was found, what could not be, and why it ended before its end."""

    def __init__(self, jobs: Jobs, videos: Sequence[Video]) -> None:
        self.videos = videos
        self.found: dict[Key, Found] = {}
        self.problems: dict[Key, str] = {}
        self._jobs = jobs
        self._ledger: MeasureLedger = jobs.workspace.measures
        self._futures: dict[Future[Answer], Video] = {}
        self._broken: BaseException | None = None
        self._stopped = threading.Event()

    def finish(self, submit: Submit) -> None:
        """Measure all, and say how far it is.

        Raises:
            VeoError: the executor gave up, or nothing could be kept.
            WaitInterrupted: a person did not want to wait any longer.
        """
        done: Future[None] = Future()
        # A thread of its own: what comes back is kept at once, whoever waits and is interrupted.
        driver = threading.Thread(target=self._drive, args=(submit, done), name="veo_nb-measure", daemon=True)
        driver.start()
        begun, line = time.monotonic(), Line()
        try:
            while not done.done():
                line.say(self._progress(time.monotonic() - begun))
                with contextlib.suppress(TimeoutError):
                    block_on(done, SAY_SECONDS)
            done.result()
        except KeyboardInterrupt:
            self._stop()
            raise WaitInterrupted(
                f"Stopped: {len(self.found)} of {len(self.videos)} clips are measured, and kept. {AGAIN}"
            ) from None
        finally:
            line.end()
        if self._broken is not None:
            raise self._failure(self._broken)

    def _drive(self, submit: Submit, done: Future[None]) -> None:
        try:
            for video in self.videos:
                if self._stopped.is_set():
                    break
                future = submit(str(video.path.absolute()), video.sha256, self._references(video))
                self._futures[future] = video
            for future in as_completed(self._futures):
                self._take(self._futures[future], future)
        except Exception as error:  # noqa: BLE001  it is told to who waits
            # It takes nothing any more; what it has taken may still come.
            self._broken = error
            for future in as_completed(self._futures):
                self._take(self._futures[future], future)
        finally:
            done.set_result(None)

    def _take(self, video: Video, future: Future[Answer]) -> None:
        """Keep what came of a clip."""
        place = _place(video)
        try:
            answer = future.result()
        except (Exception, CancelledError) as error:  # noqa: BLE001  whatever an executor dies of
            self._broken = self._broken or error
            return
        if answer["version"] != VERSION:
            self.problems[place] = (
                "It was measured by another version of veo_nb. Install this one on the workers."
            )
        elif answer["problem"]:
            self.problems[place] = answer["problem"]
        else:
            self.found[place] = answer["found"]
            # A library that can only be read keeps nothing: it is said all the same.
            with contextlib.suppress(VeoError):
                self._ledger.keep(place, video.sha256, answer["found"])

    def _stop(self) -> None:
        self._stopped.set()
        for future in [*self._futures]:
            future.cancel()

    def _progress(self, seconds: float) -> str:
        """`12 of 40 clips measured, about 20 s left`."""
        over, count = len(self.found) + len(self.problems), len(self.videos)
        said = f"{over} of {count} clips measured"
        if 0 < over < count:
            said += f", about {max(1, round(seconds / over * (count - over)))} s left"
        return said

    def _failure(self, error: BaseException) -> VeoError:
        """What to say of an executor that gave up."""
        kind = type(error).__name__
        why = " ".join(str(error).split())[:200]
        left = len(self.videos) - len(self.found) - len(self.problems)
        hint = f"{AGAIN} {HERE}"
        if isinstance(error, ImportError):
            hint = f"Its workers need the same version of veo_nb as this kernel has. {hint}"
        return VeoError(
            f"The executor gave up ({kind}{f': {why}' if why else ''}): "
            f"{left} of {len(self.videos)} clips are not measured.",
            hint=hint,
        )

    def _references(self, video: Video) -> list[str]:
        """The files of the pictures that a clip was made from: its first frame, or else its references."""
        request = video.job.request if video.job is not None else None
        files = self._jobs.workspace.files
        return [
            str(path.absolute())
            for picture in _pictures(request)
            if (path := files.picture_path(picture[0], picture[1])).exists()
        ]


def _pictures(request: VideoRequest | None) -> list[tuple[str, str]]:
    """By digest and type."""
    if request is None:
        return []
    pictures = [request.image] if request.image is not None else [*request.reference_images]
    return [(picture.sha256, picture.mime) for picture in pictures]


def _place(video: Video) -> Key:
    return video.job_id, video.sample
