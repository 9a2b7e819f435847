"""A studio whose provider is a `Line`, the time in which it lives, and what a person reads meanwhile.

Time passes as fast as a job sleeps, so that pauses take nothing; the sockets are real.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.faults.conftest import leaks
from tests.faults.network.line import CALLS, Line
from tests.faults.network.table import BLOCKED, FAILED, OK, UNCERTAIN, Case
from tests.faults.provider import KEY
from tests.faults.rows import Row
from tests.faults.wires import WIRES
from tests.world import Time
from veo_nb import catalog
from veo_nb.engine.job import Job
from veo_nb.errors import VeoError
from veo_nb.notebook import text as words
from veo_nb.notebook.protocol import format_line
from veo_nb.studio import Studio

PROMPT = "A fox crosses a frozen lake."
PAUSES = 2
"""After so many pauses of a job the network works again."""
NOT_FOR_PEOPLE = re.compile(
    r"Traceback|\b[A-Z]\w*(Error|Exception|Timeout)\b|\bNone\b|\bErrno\b|_ssl\.c|\[SSL|\bhttp(x|core)2?\b|bytearray|b'|\.\.|\(\)"
)
"""Class names, numbers of errors and remains of code, which no sentence has."""


@dataclass
class World:
    """A studio whose provider is a `Line`, and the time in which it lives."""

    line: Line
    folder: Path
    time: Time = field(default_factory=Time)
    mends_after: int | None = PAUSES
    pauses: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """Each reason that was given for a pause."""
    lines: list[str] = field(default_factory=list)
    """What the card said then."""
    job: Job | None = None
    hurry: float = 1.0
    """How many seconds pass for one that is slept."""

    async def sleep(self, seconds: float) -> None:
        job, note = self.job, self.job.now.note if self.job is not None else None
        if job is not None and note is not None and note.kind in ("offline", "down", "asked"):
            self.pauses.append(seconds)
            self.said.append(note.why)
            self.lines.append(format_line(words.line(job), self.time.now))
            if self.mends_after is not None and len(self.pauses) >= self.mends_after:
                self.line.mend()
        await self.time.hurry(seconds * self.hurry)

    def make_studio(self) -> Studio:
        self.line.now = self.time.clock
        bases = [self.line.base(kind) for kind in CALLS]
        provider = replace(
            catalog.PROVIDERS[self.line.wire.provider],
            submit_base=bases[0],
            poll_base=bases[1],
            key_origins=tuple(bases),
        )
        return Studio(
            environ={},
            folder=self.folder,
            clock=self.time.clock,
            sleep=self.sleep,
            provider=provider,
            api_key=KEY,
        )

    def start(self, studio: Studio, prompt: str = PROMPT) -> Job:
        self.job = studio.generate(prompt)
        return self.job


def ended(job: Job, seconds: float = 120) -> str:
    """The state in which a job ends; it has real seconds for that."""
    with contextlib.suppress(VeoError):
        job.wait(seconds)
    assert job.now.state.final, f"still {job.status} after {seconds} s"
    return job.status


def shown_text(job: Job) -> str:
    return words.ending(job) if job.error is not None else ""


def arrived(job: Job, clip: bytes) -> bool:
    return job.status == "succeeded" and [video.path.read_bytes() for video in job.videos] == [clip]


@dataclass(frozen=True)
class Tried:
    """What came of a case: its row, what the error said, and how often its call was asked until the network was mended."""

    row: Row
    state: str
    error: str
    asked: int


def tried(case: Case, world: World, matrix: Callable[[Row], Row], log: Callable[[], str] = str) -> Tried:
    """One case from the cell to its end and, where no video came, to what a person does then."""
    line = world.line
    line.wire = WIRES[case.wire]
    line.open(case.fault, case.call)
    began = time.monotonic()
    studio = world.make_studio()
    try:
        job = world.start(studio)
        state, shown, error = ended(job), shown_text(job), str(job.error or "")
        took = time.monotonic() - began
        asked, posts, taken = len(line.asked[case.call]), len(line.asked["submit"]), line.taken
        line.mend()
        if state in (FAILED, BLOCKED) and job.operation:
            ended(studio.jobs.retry(job.id))
        # Without an operation there is nothing that could be lost.
        lost = state == OK or job.operation is not None
        lost = lost and not arrived(job, line.clip)
        doubled = max(0, taken - 1) + len(line.asked["submit"]) - posts
        if state == UNCERTAIN:
            ended(studio.jobs.resubmit(job.id))
            lost = not arrived(job, line.clip)
        reasons = [*dict.fromkeys(world.said[:1]), *([shown] if shown else [])]
        row = matrix(
            Row(
                "network",
                str(case),
                ended=" · ".join([state, *reasons]),
                submits=taken,
                lost=int(lost),
                doubled=doubled,
                leaked=leaks(world.folder)
                + sum(KEY in str(call.headers) for call in line.abroad)
                + (KEY in "".join([*reasons, *world.lines, error, log()])),
            )
        )
        assert took < 60, "a fault must not take minutes"
        return Tried(row, state, f"{shown} {error}", asked)
    finally:
        line.mend()
        studio.close()
