"""Small copies of clips for the cells of a grid, made by a process of their own while nobody waits for them.

Until a copy is there, and wherever none can be made, a cell plays the clip itself.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import field
from pathlib import Path

from veo_nb.engine.providers import child
from veo_nb.engine.video import Video
from veo_nb.errors import NotFound
from veo_nb.media.preview.shrink import MADE, is_larger
from veo_nb.media.probe import UnreadableVideo
from veo_nb.records.late import dataclass
from veo_nb.store.files import PREVIEWS, Files, replacing

log = logging.getLogger("veo_nb")

IDLE_SECONDS = 20.0
"""A process with nothing to do is let go after so long."""
LONGEST_SECONDS = 300.0
"""One that is at a clip for longer is ended, and the clip goes without."""
TRIES = 2
"""How often a clip is tried at which the process ends."""
MOST_ENDS = 3 * TRIES
"""After so many ends in a row there is none that works here, and no more are started."""
COMMAND = (sys.executable, "-m", "veo_nb.media.preview")


def preview_path(video: Video) -> Path:
    """Where the small copy of a clip lies, in the clip's own library."""
    return Files(video.path.parents[1]).preview_path(video.job_id, video.sample, video.sha256)


@dataclass
class Task:
    """A copy that is to be made, and whom to tell."""

    video: Video
    ready: list[Callable[[], None]] = field(default_factory=list)


class Previews:
    """Has small copies of clips made, one after another, by one process at a time."""

    def __init__(
        self,
        command: Sequence[str] = COMMAND,
        *,
        idle: float = IDLE_SECONDS,
        longest: float = LONGEST_SECONDS,
    ) -> None:
        self._command = [*command]
        self._idle, self._longest = idle, longest
        self._tasks: OrderedDict[Path, Task] = OrderedDict()
        self._without: set[Path] = set()
        """Those of which none can be made."""
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[str] | None = None
        self._off = False
        self._ends = 0
        """How often in a row the process has ended over a clip."""

    def ask(self, video: Video, ready: Callable[[], None]) -> None:
        """Have the small copy of a clip made, if it needs one; `ready()` is called on a background thread once it is there."""
        out = preview_path(video)
        if not is_larger(video.width, video.height) or out.exists():
            return
        with self._changed:
            if self._off or out in self._without:
                return
            self._tasks.setdefault(out, Task(video)).ready.append(ready)
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="veo_nb-previews", daemon=True)
                self._thread.start()

    def leave_to_the_parent(self) -> None:
        """Know nothing of what is being made, in a forked child: the thread is not here, the process is the parent's."""
        self._changed = threading.Condition()
        self._tasks.clear()
        process, self._process, self._thread = self._process, None, None
        if process is not None:
            # Nobody here waits for it, and it ends with the parent.
            process.returncode = 0
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()

    def _work(self) -> None:
        try:
            while (task := self._next()) is not None:
                try:
                    made = self._make(task)
                except Exception:
                    # The next one may do.
                    log.exception("the small copy of %s could not be made", task.video.path.name)
                    made = False
                self._settle(task, made=made)
        finally:
            self._end_process()

    def _next(self) -> Task | None:
        """What is to be made next; None where nothing has come for a while, and this thread is over."""
        with self._changed:
            if not self._tasks:
                self._changed.wait_for(lambda: self._tasks, self._idle)
            if not self._tasks:
                self._thread = None
                return None
            return next(iter(self._tasks.values()))

    def _settle(self, task: Task, *, made: bool) -> None:
        out = preview_path(task.video)
        with self._changed:
            self._tasks.pop(out, None)
            if not made:
                self._without.add(out)
            ready = task.ready
            if self._off:
                self._tasks.clear()
        if made:
            for tell in ready:
                try:
                    tell()
                except Exception:
                    log.exception("who waits for the small copy of %s broke", task.video.path.name)

    def _make(self, task: Task) -> bool:
        """Make a copy; whether it is there."""
        video, out = task.video, preview_path(task.video)
        try:
            if not video.path.exists():
                return False
            out.parent.mkdir(exist_ok=True)
            with replacing(out) as part:
                self._have_made(video.path, part)
                # Of a file that was there before.
                Files(out.parents[1]).drop_previews(video.job_id, video.sample)
            if not video.path.exists():
                # Deleted meanwhile.
                out.unlink(missing_ok=True)
                return False
        except (UnreadableVideo, OSError) as error:
            # It does not play, the library can't be written or is full, or there is no process.
            log.info("There is no small copy of %s: %s", video.path.name, error)
            return False
        return True

    def _have_made(self, clip: Path, part: Path) -> None:
        """Have the process write a copy.

        Raises:
            UnreadableVideo: it could not.
            OSError: there is no process.
        """
        for _ in range(TRIES):
            process = self._running()
            # One that hangs is ended, and says nothing.
            watch = threading.Timer(self._longest, process.kill)
            watch.daemon = True
            watch.start()
            try:
                assert process.stdin is not None, "a pipe was asked for"
                assert process.stdout is not None, "a pipe was asked for"
                process.stdin.write(json.dumps([str(clip), str(part)]) + "\n")
                process.stdin.flush()
                said = process.stdout.readline().strip()
            except OSError:
                # It has ended.
                said = ""
            finally:
                watch.cancel()
            if said:
                self._ends = 0
                if said != MADE:
                    raise UnreadableVideo(said)
                return
            self._end_process()
            self._ends += 1
        if self._ends >= MOST_ENDS:
            self._off = True
        raise UnreadableVideo("the process ended over it")

    def _running(self) -> subprocess.Popen[str]:
        """The process.

        Raises:
            OSError: none can be started.
        """
        if self._process is None:
            try:
                self._process = child.start(self._command, child.ROOT, humble=True)
            except OSError:
                self._off = True
                raise
        return self._process

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def prune_previews(library: Path, find: Callable[[str], object]) -> None:
    """Take away the small copies of all clips that `find` does not find."""
    with contextlib.suppress(OSError):
        for path in (library / PREVIEWS).glob("*.mp4"):
            job_id, _, rest = path.stem.partition("-")
            try:
                find(f"{job_id}/{rest.partition('-')[0]}")
            except NotFound:
                path.unlink(missing_ok=True)


PREVIEWS_HERE = Previews()
"""Those of this process."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=PREVIEWS_HERE.leave_to_the_parent)
