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

    `position` is its place in the order of the sweep. A rerun gives it another job, and so does making a draft final:
    then `draft` is the job that it had before.
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
    ) -> None:
        self.position = position
        self.chosen = chosen
        self.take = take
        self.request = request
        self.reason = reason
        self.hint = hint
        self.job: Job | None = None
        self.draft: Job | None = None

    def take_up(self, job: Job | None, final: Job | None = None) -> bool:
        """Let this be its job, or where that is a draft with a final, the final; whether it is another one now."""
        before, self.job = self.job, final or job
        if final is not None:
            self.draft = job
        elif self.request is not None and self.request.is_draft and job is not None and not job.is_draft:
            # The final itself: what was there before is its draft.
            self.draft = self.draft or before
        else:
            self.draft = None
        return self.job is not before

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
    def wanted(self) -> VideoRequest | None:
        """The request of its job: its own, or its draft's final."""
        return self.job.request if self.job is not None and self.draft is not None else self.request

    @property
    def videos(self) -> tuple[Video, ...]:
        """The finished videos, one a sample."""
        return self.job.videos if self.job is not None else ()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={label}" for name, label in self.labels.items())
        return f"<Cell {shown}: {self.reason or self.state}>"
