"""What was measured of some clips, as an object that shows itself as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from markupsafe import Markup

from veo_nb.engine.video import Video
from veo_nb.media.measures import MEASURES, Found, shown
from veo_nb.records.late import dataclass


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was measured of one clip: `found` by the name of the measure, None where one can't be said."""

    video: Video
    label: str
    """What it is called in a table: its key, and in a sweep its values."""
    found: Found
    """Empty where it could not be measured."""
    problem: str = ""
    """Why it could not; empty where it could."""


class Measurements(Sequence[Measurement]):
    """What was measured of some clips, in their order: `found[0].found["motion"]`. It shows itself as a table."""

    def __init__(self, measured: Sequence[Measurement]) -> None:
        self._measured = tuple(measured)

    @overload
    def __getitem__(self, at: int) -> Measurement: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Measurement, ...]: ...
    def __getitem__(self, at: int | slice) -> Measurement | tuple[Measurement, ...]:
        return self._measured[at]

    def __len__(self) -> int:
        return len(self._measured)

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self._measured)

    @property
    def problems(self) -> dict[str, str]:
        """Why some clips could not be measured, by their key."""
        return {key_of(one.video): one.problem for one in self._measured if one.problem}

    def _rows(self) -> tuple[list[str], list[list[str]]]:
        """The heads and the lines of the table; of a clip that could not be measured the reason alone."""
        # What can be said of none of them is no column.
        names = [name for name in MEASURES if any(one.found.get(name) is not None for one in self._measured)]
        heads = ["clip", *(f"{MEASURES[name].label.lower()} {MEASURES[name].unit}".strip() for name in names)]
        lines = [
            [
                one.label,
                *([one.problem] if one.problem else [_number(name, one.found.get(name)) for name in names]),
            ]
            for one in self._measured
        ]
        return heads, lines

    def __repr__(self) -> str:
        heads, lines = self._rows()
        whole = [line for line in (heads, *lines) if len(line) == len(heads)]
        widths = [max(len(line[at]) for line in whole) for at in range(len(heads))]
        widths[0] = max(len(line[0]) for line in (heads, *lines))
        return "\n".join(
            "  ".join(
                [
                    line[0].ljust(widths[0]),
                    *(word.rjust(width) for word, width in zip(line[1:], widths[1:], strict=False)),
                ]
            )
            for line in (heads, *lines)
        )

    def _repr_html_(self) -> str:
        heads, lines = self._rows()
        rows = [_ROW.format(Markup("").join(map(_HEAD.format, ("left", *["right"] * len(heads)), heads)))]
        for line, one in zip(lines, self._measured, strict=True):
            first, *words = line
            # A reason goes over all columns.
            rest = (
                [_REASON.format(max(1, len(heads) - 1), one.problem)]
                if one.problem
                else map(_NUMBER.format, words)
            )
            rows.append(_ROW.format(_LABEL.format(first) + Markup("").join(rest)))
        return str(_TABLE.format(Markup("").join(rows)))


_TABLE = Markup(
    '<table style="font-size:13px;line-height:20px;font-variant-numeric:tabular-nums;margin:4px 0">{}</table>'
)
_ROW = Markup("<tr>{}</tr>")
_HEAD = Markup('<th style="text-align:{};padding:2px 16px 2px 0;font-weight:600">{}</th>')
_LABEL = Markup('<td style="text-align:left;padding:2px 16px 2px 0">{}</td>')
_NUMBER = Markup('<td style="text-align:right;padding:2px 16px 2px 0">{}</td>')
_REASON = Markup('<td style="text-align:left;padding:2px 16px 2px 0" colspan="{}">{}</td>')


def key_of(video: Video) -> str:
    """A clip's key: `3f2a/0`."""
    return f"{video.job_id}/{video.sample}"


def _number(name: str, value: float | None) -> str:
    """A value without its unit, which stands in the head."""
    return shown(name, value).removesuffix(MEASURES[name].unit).rstrip()
