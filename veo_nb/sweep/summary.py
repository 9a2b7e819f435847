"""How a sweep stands, in numbers and in one line. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from veo_nb import catalog
from veo_nb.engine.job import Job
from veo_nb.engine.providers.latency import Latency
from veo_nb.engine.timing import Left, seconds_at_all
from veo_nb.records.late import dataclass
from veo_nb.store.billing import Quote, may_be_charged
from veo_nb.store.rows import State, error_to_json

FORBIDDEN = "forbidden"
"""The state of a cell that can't be made."""
MISSING = "missing"
"""The state of a cell that has no job yet."""

WAITING = (MISSING, State.QUEUED.value)
AT_WORK = (State.SUBMITTING.value, State.RUNNING.value, State.DOWNLOADING.value)
_WORDS = (
    ("failed", "failed"),
    ("blocked", "blocked"),
    ("cancelled", "stopped"),
    ("uncertain", "uncertain"),
    (FORBIDDEN, "can't be made"),
)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A sweep at one moment. Money is USD at list price."""

    counts: Mapping[str, int]
    """Cells by state: those of a job, `missing` and `forbidden`. A state that no cell is in is left out."""
    paused: bool
    seconds_left: float | None
    """Until the last clip is there, by what clips usually take; None while it is paused, 0 at the end."""
    usd_so_far: float | None
    """Of what the provider took and may charge."""
    usd_in_all: float | None
    bills: bool
    """False where nothing is charged, and the figures are what it would cost."""

    note: str = ""
    """What has to be said beside the money: it is not the price of who makes the clips."""

    @property
    def total(self) -> int:
        """Cells that are to be made."""
        return sum(self.counts.values()) - self.counts.get(FORBIDDEN, 0)

    @property
    def done(self) -> int:
        """Cells whose clip is here."""
        return self.counts.get(State.SUCCEEDED.value, 0)

    @property
    def running(self) -> int:
        """Cells that are at the provider or on the way from there."""
        return sum(self.counts.get(state, 0) for state in AT_WORK)

    @property
    def waiting(self) -> int:
        """Cells that are not sent yet."""
        return sum(self.counts.get(state, 0) for state in WAITING)

    @property
    def over(self) -> bool:
        """Whether nothing more happens by itself."""
        return not self.running and not self.waiting

    def __str__(self) -> str:
        """`3 of 8 done · 2 generating · 2 waiting · 1 blocked · about 3 min left · about $4.80 so far of $9.60`."""
        parts = self.counted
        if self.seconds_left:
            parts.append(f"{in_time(self.seconds_left)} left")
        return " · ".join([*parts, *self.money])

    @property
    def counted(self) -> list[str]:
        """How many cells are how: `3 of 8 done`, `2 generating`, `1 blocked`."""
        parts = [f"{self.done} of {self.total} done"]
        if self.running:
            parts.append(f"{self.running} generating")
        if self.waiting:
            parts.append(f"{self.waiting} {'paused' if self.paused else 'waiting'}")
        return parts + [f"{self.counts[state]} {word}" for state, word in _WORDS if self.counts.get(state)]

    @property
    def money(self) -> list[str]:
        """`about $4.80 so far of $9.60`; empty where no price is known."""
        if self.usd_in_all is None:
            return []
        would = "about" if self.bills else "would cost about"
        so_far = self.usd_so_far or 0.0
        said = f" ({self.note})" if self.note else ""
        if self.over:
            return [f"{would} ${so_far:.2f}{said}"]
        return [f"{would} ${so_far:.2f} so far of ${self.usd_in_all:.2f}{said}"]


def in_time(seconds: float) -> str:
    """`about 40 s` or `about 3 min`."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 100 else f"about {seconds / 3600:.1f} h"


def summarize(
    states: Sequence[str],
    jobs: Sequence[Job],
    *,
    missing: Sequence[tuple[catalog.Provider, Latency, Quote]] = (),
    paused: bool,
    now: float,
    allowed: Callable[[str], tuple[int, int | None]],
) -> Summary:
    """The summary of cells in these states, and of their jobs, each once.

    `missing` are provider, latency and quote of each cell without a job; `now` is in epoch seconds. `allowed(name)`
    says how many clips a provider makes at once, and how many requests it takes in a minute.
    """
    waiting = [(job.provider.name, job.now.latency.quantile) for job in jobs if job.now.state is State.QUEUED]
    waiting += [(provider.name, latency.quantile) for provider, latency, _ in missing]
    running = [(job.provider.name, left_of(job, now)) for job in jobs if job.status in AT_WORK]
    held = paused and waiting
    seconds = seconds_at_all(waiting, allowed, running)
    bills = any(one.bills for one in (*(job.provider for job in jobs), *(one for one, _, _ in missing)))
    # Beside clips that are charged those of the sandbox cost nothing.
    jobs = [job for job in jobs if job.provider.bills is bills]
    missing = [one for one in missing if one[0].bills is bills]
    known = [job.estimate for job in jobs] + [one.usd for _, _, one in missing]
    notes = (*(job.price_note for job in jobs), *(one.note for _, _, one in missing))
    return Summary(
        counts=dict(Counter(states)),
        paused=paused,
        seconds_left=None if held else seconds,
        usd_so_far=_sum([job.estimate for job in jobs if _costs(job)]),
        usd_in_all=_sum(known),
        note=next(filter(None, notes), ""),
        bills=bills,
    )


def _costs(job: Job) -> bool:
    """Whether a job was sent and was or may be charged."""
    now = job.now
    error = None if now.error is None else error_to_json(now.error)
    sent = now.submitted_at is not None
    charged = may_be_charged(now.state.value, accepted=now.operation is not None, sent=sent, error=error)
    return charged and now.state is not State.QUEUED


def left_of(job: Job, now: float) -> Left:
    """In how many seconds a job at the provider is ready, as it was not until `now`."""
    if job.now.state is State.DOWNLOADING:
        return lambda _: 1.0
    elapsed = now - (job.now.submitted_at or now)
    return lambda share: max(1.0, job.now.latency.rest(elapsed, share))


def _sum(amounts: Sequence[float | None]) -> float | None:
    known = [usd for usd in amounts if usd is not None]
    return sum(known) if known else None if amounts else 0.0
