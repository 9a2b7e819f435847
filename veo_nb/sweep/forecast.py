"""What starting a sweep would do: how many requests, for how much, until when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from veo_nb.engine.timing import seconds_in_all
from veo_nb.errors import InvalidRequest
from veo_nb.request import VideoRequest

ASK_ABOVE = 100
"""Clips that one sweep makes unasked; from there on a person says that it is meant."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request of a sweep; `stored` says that its clip is there, or on its way, and nothing would be sent."""

    request: VideoRequest
    usd: float | None
    seconds: float
    stored: bool


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What would be sent, what that costs at list price and how long it takes; nothing was sent."""

    requests: int
    """Requests that would be sent."""
    clips: int
    """Clips that they would make: one request may make several."""
    stored: int
    """Requests whose clip is there, or on its way, and would be shown."""
    usd: float | None
    """List price of all that would be sent; None where no price is known."""
    unpriced: int
    """Requests whose price is not known, and not in the sum."""
    seconds: float
    """Until the last clip is there."""

    @property
    def price(self) -> str:
        """`about $4.80`, and what is not known of it."""
        if self.usd is None:
            return "price unknown" if self.requests else "about $0.00"
        some = f" and {self.unpriced} of unknown price" if self.unpriced else ""
        return f"about ${self.usd:,.2f}{some}"


def forecast(asked: Sequence[Asked], most: int, per_minute: int) -> Forecast:
    """What these requests come to, with `most` at the provider at once and `per_minute` going out."""
    new = [one for one in asked if not one.stored]
    priced = [one.usd for one in new if one.usd is not None]
    return Forecast(
        requests=len(new),
        clips=sum(one.request.sample_count or 1 for one in new),
        stored=len(asked) - len(new),
        usd=sum(priced) if priced else None,
        unpriced=len(new) - len(priced),
        seconds=seconds_in_all([one.seconds for one in new], most, per_minute),
    )


def ask(found: Forecast, *, confirmed: bool) -> None:
    """Let a sweep through that is small, or meant to be large.

    Raises:
        InvalidRequest: it is large, and nobody has said that it is meant.
    """
    if found.clips > ASK_ABOVE and not confirmed:
        raise InvalidRequest(
            f"This sweep asks for {found.clips:,} clips, {found.price}.",
            hint="Nothing was sent. confirm=True goes ahead (--yes in a cell).",
            field="confirm",
            clips=found.clips,
            estimate=found.usd,
        )
