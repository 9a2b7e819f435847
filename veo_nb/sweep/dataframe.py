"""The clips of a sweep as a pandas table and as a chart; both libraries come with the extra `data`."""

from __future__ import annotations

import importlib
import io
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from veo_nb.errors import VeoError
from veo_nb.media.measures import MEASURES
from veo_nb.sweep.axes import SETTABLE, Axis
from veo_nb.sweep.results import Result, ranking

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

PLAIN = (str, int, float, bool, type(None))
LINE, LONGEST_LABEL = 13, 39
"""Letters under a bar of a chart: in a line as wide as the bar, and in all."""


def rows(found: Sequence[Result], axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """One row a clip: its values by axis, what else was set, and what became of it, as plain values."""
    on_axes = [axis.name for axis in axes]
    measured = [*MEASURES] if any(clip.measures for clip in found) else []
    return [_row(clip, on_axes) | _measures(clip, measured, on_axes) for clip in found]


def to_dataframe(found: Sequence[Result], axes: Sequence[Axis]) -> pd.DataFrame:
    """The rows as a pandas table; an axis keeps the order of its values when it is sorted by or grouped.

    Raises:
        VeoError: pandas is missing.
    """
    pandas = need("pandas")
    frame: pd.DataFrame = pandas.DataFrame(rows(found, axes))
    for axis in axes:
        frame[axis.name] = pandas.Categorical(frame[axis.name], list(_shown(axis)), ordered=True)
    for name in ("sample", "rating", "take"):
        # A column of whole numbers with gaps, that pandas would else turn into decimals.
        if name in frame.columns and name not in {axis.name for axis in axes}:
            frame[name] = frame[name].astype("Int64")
    return frame


def chart(found: Sequence[Result], axis: Axis, measure: str) -> Figure:
    """A bar for each value of an axis, the mean over its clips, and a dot for each of them.

    Raises:
        VeoError: matplotlib is missing.
        InvalidRequest: there is no such measure.
    """
    standings = {one.label: one for one in ranking(found, measure, axis)}
    figure = self_showing(need("matplotlib.figure").Figure)(figsize=(max(4.0, 1.2 * len(axis.values)), 3.2))
    plot = figure.add_subplot()
    labels = [
        textwrap.fill(label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…", LINE)
        for label in axis.labels
    ]
    means = [standings[label].mean or 0.0 for label in axis.labels]
    plot.bar(range(len(labels)), means, color="#1567b8", alpha=0.35)
    for at, label in enumerate(axis.labels):
        mine = [clip for clip in found if clip.cell.labels[axis.name] == label and clip.video is not None]
        dots = [float(value) for clip in mine if (value := clip.value(measure)) is not None]
        plot.scatter([at] * len(dots), dots, color="#1567b8", zorder=3)
        plot.annotate(str(len(dots)), (at, 0), (0, 2), textcoords="offset points", ha="center", fontsize=8)
    # Prompts are text, whatever matplotlib would make of their dollar signs.
    plot.set_xticks(range(len(labels)), labels, parse_math=False)
    plot.set_xlabel(axis.name, parse_math=False)
    plot.set_ylabel({"usd": "cost in USD", "seconds": "seconds", **_titles()}.get(measure, measure))
    if min(means, default=0.0) < 0:
        # Loudness is below zero: its bars hang, and reach down to what is quieter.
        plot.axhline(0, color="#888", linewidth=0.8)
    else:
        plot.set_ylim(0, {"rating": 5.3, "star": 1.05}.get(measure))
    plot.spines[["top", "right"]].set_visible(False)
    figure.set_layout_engine("constrained")
    return figure  # type: ignore[no-any-return]


def _row(clip: Result, on_axes: Sequence[str]) -> dict[str, Any]:
    request = clip.cell.wanted
    chosen = {name: _value(clip.cell.chosen[name].value, clip.cell.labels[name]) for name in on_axes}
    fields = [name for name in SETTABLE if name not in on_axes]
    asked = {**request.settings(), "prompt": request.prompt, "model": request.model} if request else {}
    if request is not None and request.is_draft:
        asked["draft"] = True
    return {
        **chosen,
        **{name: _set(asked[name]) for name in fields if name in asked},
        **({} if "take" in on_axes else {"take": clip.cell.take}),
        "provider": clip.provider,
        "job": clip.job.id if clip.job is not None else None,
        "sample": clip.sample,
        "state": clip.state,
        "reason": clip.cell.why or (clip.job.error.message if clip.job and clip.job.error else ""),
        "seconds": clip.seconds,
        "usd": clip.usd,
        "usd_counted": clip.usd_counted,
        "rating": clip.rating,
        "star": clip.star,
        "note": clip.note,
        "path": str(clip.path) if clip.path is not None else None,
    }


def _measures(clip: Result, names: Sequence[str], on_axes: Sequence[str]) -> dict[str, float | None]:
    """What was measured, in columns; an axis that is called so keeps its name."""
    return {f"measured_{name}" if name in on_axes else name: clip.measures.get(name) for name in names}


def _titles() -> dict[str, str]:
    """What stands beside the bars of a measure, with its unit."""
    return {name: f"{one.label.lower()} {one.unit}".strip() for name, one in MEASURES.items()}


def _shown(axis: Axis) -> dict[Any, None]:
    return dict.fromkeys(_value(one.value, one.label) for one in axis.values)


def _value(value: Any, label: str) -> Any:
    """A number as it is, so that it can be counted with; all else by its name."""
    return value if isinstance(value, (int, float)) else label


def _set(value: Any) -> Any:
    """A setting as plain text or number: a picture by its name."""
    if isinstance(value, tuple):
        return ", ".join(str(_set(one)) for one in value)
    return value if isinstance(value, PLAIN) else getattr(value, "name", "") or getattr(value, "key", "image")


def self_showing(kind: Any) -> Any:
    """The class of figure that shows itself in a notebook, whether or not pyplot was ever imported."""

    class Chart(kind):  # type: ignore[misc]
        """A chart of clips."""

        def _repr_png_(self) -> bytes:
            out = io.BytesIO()
            self.savefig(out, format="png", dpi=120)
            return out.getvalue()

    return Chart


def need(module: str) -> Any:
    """A library of the extra `data`.

    Raises:
        VeoError: it is missing.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        name = module.partition(".")[0]
        raise VeoError(f"This needs {name}.", hint='Run pip install "veo-nb[data]".') from None
