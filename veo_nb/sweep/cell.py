"""A cell of a sweep's grid: one combination of values, and its job."""

from __future__ import annotations

from typing import Any

from veo_nb.engine.job import Job
from veo_nb.engine.video import Video
from veo_nb.request import VideoRequest
from veo_nb.sweep.combinations import Combination
from veo_nb.sweep.summary import FORBIDDEN, MISSING


class Cell:
    """One combination. It has a `request` and mostly a `job`; or a `reason` why it can't be made, and a `hint`.

    `position` is its place in the order of the sweep. A rerun gives it another job.
    """

    def __init__(
        self,
        position: int,
        chosen: Combination,
        take: int,
        request: VideoRequest | None,
        *,
        reason: str = "",
        hint: str = "",
        job: Job | None = None,
    ) -> None:
        self.position = position
        self.chosen = chosen
        self.take = take
        self.request = request
        self.reason = reason
        self.hint = hint
        self.job = job

    @property
    def values(self) -> dict[str, Any]:
        """Its value on each axis, by the axis's name."""
        return {name: value.value for name, value in self.chosen.items()}

    @property
    def labels(self) -> dict[str, str]:
        """How each value is shown."""
        return {name: value.label for name, value in self.chosen.items()}

    @property
    def state(self) -> str:
        """Its job's state in one word, `missing` before it has a job, `forbidden` where it can't be made."""
        if self.request is None:
            return FORBIDDEN
        return self.job.status if self.job is not None else MISSING

    @property
    def why(self) -> str:
        """Why it can't be made, and what can; empty where it can."""
        return f"{self.reason} {self.hint}".strip()

    @property
    def videos(self) -> tuple[Video, ...]:
        """The finished videos, one a sample."""
        return self.job.videos if self.job is not None else ()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={label}" for name, label in self.labels.items())
        return f"<Cell {shown}: {self.reason or self.state}>"
