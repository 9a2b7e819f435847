"""How long a kind of clip takes, from submit to ready: how likely each time is, when to look, and what is left. Pure.

Each clip of the past, and what the catalog says before there are any, is a log-logistic curve around its time: it looks
like the log-normal that such times follow, bears those that take ten times as long, and all that is asked of it is a
formula without a library.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property

from veo_nb.records.late import dataclass

SLOPE = 3.0
"""How steep the catalog's curve is: eight of ten clips take from half to twice as long as it says."""
PRIOR = 5.0
"""So many clips is what was known before weighs, the catalog's figure and clips of another resolution or duration."""
NARROWER = 0.7
"""Of the width that would be best for one heap of clips that are like each other; there are several."""
NARROWEST = 0.08
FLATTEST, STEEPEST = 1.0, 20.0
"""Slopes that are told: below it what is left would grow faster than time passes."""
NOTICED = 0.088
"""Seconds of delay that one more look is worth where one clip is at the provider; with several, as much more."""
MOST = 0.9
"""The same however many there are: then it is sooner than a loop that sleeps ten seconds, and with no more looks."""
SOON = 30.0
"""Seconds; of clips that usually take less, a second of delay is the more the less they take."""
SHORTEST, LONGEST = 0.5, 15.0
"""Seconds between two looks."""
FEWEST = 4
"""So many looks at least in what a clip usually takes; what is refused or fails does so early, and is seen then."""
BEGUN = 0.05
"""Before that share, and after what is left beside it, a progress that is told says nothing of the time."""
POINTS = 96

Part = tuple[float, float, float]
"""A curve: its weight, the logarithm of its middle in seconds, and its slope."""


@dataclass(frozen=True)
class Latency:
    """How long a clip takes, as a mixture of log-logistic curves whose weights add up to 1."""

    parts: tuple[Part, ...]

    @classmethod
    def around(cls, seconds: float, slope: float = SLOPE) -> Latency:
        """One curve: half of the clips take longer than `seconds`."""
        return cls(((1.0, math.log(max(seconds, 0.1)), slope),))

    @cached_property
    def usual(self) -> float:
        """Seconds that half of the clips take."""
        return self._time_of(0.5)

    @cached_property
    def slope(self) -> float:
        """How steep the one curve is through the tenths at either end; it and `usual` are all that a page is told."""
        slope = 2 * math.log(9) / math.log(self._time_of(0.9) / self._time_of(0.1))
        return min(max(slope, FLATTEST), STEEPEST)

    def quantile(self, share: float) -> float:
        """Seconds in which this share of the clips is ready."""
        return self.rest(0.0, share)

    def rest(self, elapsed: float, share: float = 0.5) -> float:
        """Seconds in which this share of those clips is ready that were not after `elapsed`, counted from then."""
        gone = math.pow(max(0.0, elapsed) / self.usual, self.slope)
        until = self.usual * math.pow((1 + gone) / (1 - share) - 1, 1 / self.slope)
        return until - max(0.0, elapsed)

    def next_look(self, elapsed: float, worth: float) -> float:
        """When the next look pays, in seconds since the submit, if a look is worth so many seconds of delay.

        For a given number of looks the delay is smallest where they lie as densely as the root of the hazard: the
        share of those clips that become ready in a second, of all that are not yet.
        """
        times, _, phases = self._table
        step = math.sqrt(2 * worth)
        if elapsed >= times[-1]:
            # What is left is the tail of the widest curve.
            return elapsed + step * math.sqrt(elapsed / min(slope for _, _, slope in self.parts))
        return _interpolate(phases, times, _interpolate(times, phases, elapsed) + step)

    def _survival(self, seconds: float) -> tuple[float, float]:
        """The share of clips that take longer, and of those that become ready in that second."""
        left = ready = 0.0
        at = math.log(seconds)
        for weight, middle, slope in self.parts:
            later = weight / (1 + math.exp(min(700.0, slope * (at - middle))))
            left += later
            ready += later * (1 - later / weight) * slope / seconds
        return left, ready

    @cached_property
    def _table(self) -> tuple[list[float], list[float], list[float]]:
        """At some times the share of clips that are ready, and the root of the hazard added up until then."""
        first = min(middle - 7 / slope for _, middle, slope in self.parts)
        last = max(middle + 9 / slope for _, middle, slope in self.parts)
        times, shares, phases, before = [0.0], [0.0], [0.0], 0.0
        for point in range(POINTS):
            time = math.exp(first + (last - first) * point / (POINTS - 1))
            left, ready = self._survival(time)
            root = math.sqrt(ready / left)
            phases.append(phases[-1] + (time - times[-1]) * (before + root) / 2)
            times.append(time)
            shares.append(1 - left)
            before = root
        return times, shares, phases

    def _time_of(self, share: float) -> float:
        times, shares, _ = self._table
        return _interpolate(shares, times, share)


UNKNOWN = Latency.around(60.0)
"""Of what nobody asks for."""


def learn(alike: Sequence[float], others: Sequence[float], typical: float) -> Latency:
    """What clips take of which so many are `alike`, from the seconds of those, of `others` and of the catalog's figure.

    The fewer there are that are like it, the more the others and the catalog say.
    """
    known = PRIOR / (PRIOR + len(others))
    parts = [
        (PRIOR * known, math.log(typical), SLOPE),
        *_curves(alike, 1.0),
        *_curves(others, known),
    ]
    whole = sum(weight for weight, _, _ in parts)
    return Latency(tuple((weight / whole, middle, slope) for weight, middle, slope in parts))


def with_progress(known: Latency, elapsed: float, share: float) -> Latency:
    """What is known once the provider has said, after `elapsed` seconds, that this share of the clip is made.

    Half of it is believed: nobody says that it goes evenly.
    """
    if elapsed <= 0 or not BEGUN <= share <= 1 - BEGUN:
        return known
    halves = [(weight / 2, middle, slope) for weight, middle, slope in known.parts]
    return Latency(((0.5, math.log(elapsed / share), 2 * SLOPE), *halves))


def look_pause(latency: Latency, elapsed: float, at_once: int, chance: float) -> float:
    """Seconds until the next look at an operation that was submitted `elapsed` seconds ago, spread by 10 %.

    A person who waits for one clip sees it soon. Of many `at_once` each is looked at less often, so that together they
    ask the provider for little more than a few do, and yet no later and no more often than a loop of ten seconds.
    """
    elapsed = max(0.0, elapsed)
    calm = min(1.0, latency.usual / SOON)
    worth = min(MOST, NOTICED * max(1, at_once)) * calm
    pause = latency.next_look(elapsed, worth) - elapsed
    longest = min(max(latency.usual * math.sqrt(calm) / FEWEST, elapsed / 8, SHORTEST), LONGEST)
    return min(max(pause, SHORTEST), longest) * (0.9 + 0.2 * chance)


def evenly(count: int) -> list[float]:
    """So many shares between 0 and 1, evenly spread and well mixed: what several clips take, the slow ones among them."""
    mixed = sorted(range(count), key=lambda number: (0.5 + number * (math.sqrt(5) - 1) / 2) % 1)
    shares = [0.0] * count
    for rank, number in enumerate(mixed):
        shares[number] = (rank + 0.5) / count
    return shares


def _curves(past: Sequence[float], weight: float) -> list[Part]:
    """A curve around each clip of the past, narrower the more there are."""
    middles = [math.log(seconds) for seconds in past]
    usual = math.pi / math.sqrt(3) / SLOPE
    count = len(middles)
    # As if three had been seen before that are spread as the catalog's.
    middle_of_all = math.fsum(middles) / max(count, 1)
    spread = math.fsum((one - middle_of_all) ** 2 for one in middles) + 3 * usual**2
    width = max(NARROWEST, NARROWER * 1.06 * math.sqrt(spread / (count + 3)) * max(count, 1) ** -0.2)
    return [(weight, middle, math.pi / math.sqrt(3) / width) for middle in middles]


def _interpolate(known: Sequence[float], values: Sequence[float], at: float) -> float:
    """The value at `at`, straight on between those that are known and beyond their ends."""
    place = min(max(bisect_right(known, at), 1), len(known) - 1)
    before, after = known[place - 1], known[place]
    if after <= before:
        return values[place]
    return values[place - 1] + (values[place] - values[place - 1]) * (at - before) / (after - before)
