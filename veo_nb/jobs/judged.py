"""What a person does with the clips of a sweep: rates, stars and notes them, and asks which are the best."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, overload

from veo_nb import catalog
from veo_nb.engine.job import Job
from veo_nb.errors import InvalidRequest
from veo_nb.store.ratings import Rating, Ratings
from veo_nb.sweep import dataframe as table
from veo_nb.sweep import results
from veo_nb.sweep.axes import Axis
from veo_nb.sweep.cell import Cell
from veo_nb.sweep.results import Clip, Standing

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Judged(ABC):
    """Cells whose clips are rated. The ratings are in the ledger, with the clip: any other sweep with it has them."""

    exporter: ClassVar[Callable[..., Path] | None] = None
    """What writes an export: jobs know nothing of pages, so it is given from above."""

    axes: tuple[Axis, ...]
    _ratings: Ratings

    @property
    @abstractmethod
    def cells(self) -> tuple[Cell, ...]:
        """A cell for each combination."""

    @property
    @abstractmethod
    def jobs(self) -> tuple[Job, ...]:
        """The jobs, each once."""

    def rate(self, what: Any, rating: int | None, *, sample: int = 0) -> Rating:
        """Give a clip one to five, or None to take it back; `what` is a cell, a job, its id, a video or a `Clip`."""
        return self._judge(what, sample, rating=rating)

    def star(self, what: Any, on: bool = True, *, sample: int = 0) -> Rating:
        """Star a clip, or take its star away."""
        return self._judge(what, sample, star=bool(on))

    def note(self, what: Any, text: str, *, sample: int = 0) -> Rating:
        """Write something down about a clip, in place of what was there."""
        return self._judge(what, sample, note=str(text))

    def rating(self, what: Any, *, sample: int = 0) -> Rating:
        """What is thought of a clip."""
        job, sample = results.place(what, sample, self.jobs)
        return results.rating_of(self._ratings.of([job]), job, sample)

    def ratings(self, job_ids: Iterable[str]) -> dict[tuple[str, int], Rating]:
        """What is thought of the clips of these jobs, by job and sample; only of those that were judged."""
        return self._ratings.of(job_ids)

    def _judge(self, what: Any, sample: int, **changes: Any) -> Rating:
        job_id, sample = results.place(what, sample, self.jobs)
        return self._ratings.change(job_id, sample, **changes)

    def clips(
        self, where: Callable[[Clip], bool] | None = None, *, sort: str | None = None, **equal: Any
    ) -> list[Clip]:
        """A `Clip` for each sample, and one for each cell without any: `sweep.clips(style="noir", sort="-rating")`.

        `equal` are values of axes or of a clip's own facts; `sort` is one of them, from the highest with a minus.
        """
        found = results.clips(self.cells, self._ratings.of(job.id for job in self.jobs))
        return results.select(found, self.axes, where=where, sort=sort, equal=equal)

    @overload
    def best(self, measure: str = ..., *, by: None = None) -> Clip | None: ...
    @overload
    def best(self, measure: str = ..., *, by: str) -> list[Standing]: ...
    def best(self, measure: str = "rating", *, by: str | None = None) -> Clip | list[Standing] | None:
        """The best clip by `rating`, `star`, `seconds` or `usd`; None while there is nothing to go by.

        With `by` the values of that axis from the best to the worst: of each the mean, how many clips it is over,
        and the best of them.
        """
        found = self.clips()
        return results.best(found, measure) if by is None else results.ranking(found, measure, self._axis(by))

    def to_dataframe(self) -> pd.DataFrame:
        """A pandas table, one row a sample: axes, parameters, state, seconds, cost, rating, star, note, path."""
        return table.to_dataframe(self.clips(), self.axes)

    def chart(self, by: str | None = None, *, measure: str = "rating") -> Figure:
        """The ratings by the values of an axis, as a matplotlib figure."""
        return table.chart(self.clips(), self._axis(by or self.axes[0].name), measure)

    def export(
        self,
        to: str | PathLike[str],
        *,
        embed: bool | None = None,
        sound: Any = None,
        rows: str | None = None,
        columns: str | None = None,
    ) -> Path:
        """Take the sweep away, and return where it was written; its ending says as what.

        `grid.html` is one page with the grid and its clips, that opens from disk; `embed=False` puts the clips beside
        it. `grid.mp4` is a video of all clips side by side in step, silent or with the `sound` of one of them, and
        `grid.png` a still of it. `grid.csv` is the table of results, and `results/` a folder with it, all clips and
        their recipes. `rows` and `columns` are as in `grid()`. A file that is there is replaced in one step.

        Raises:
            InvalidRequest: there is no such kind, or it can't be made or written.
        """
        for name in (rows, columns):
            if name is not None:
                self._axis(name)
        if Judged.exporter is None:
            raise InvalidRequest(
                "There is nothing here to write an export with.", hint="import veo_nb first."
            )
        return Judged.exporter(self, to, embed=embed, sound=sound, rows=rows, columns=columns)

    def _axis(self, name: str) -> Axis:
        for axis in self.axes:
            if axis.name == name:
                return axis
        hint = catalog.did_you_mean(name, [axis.name for axis in self.axes])
        raise InvalidRequest(f"{name} is no axis of this sweep.", hint=hint, field=name)
