"""When to try again and when to ask next: schedules as functions of values. Nothing here sleeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime

from veo_nb import errors

LONGEST_PAUSE = 60.0
"""Seconds; a `Retry-After` beyond this is cut to it, since nobody should wait an hour on a typing error."""

DOUBTS = 13
"""So often is a provider that denies what it accepted asked again: 300 seconds in all."""

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


def is_passing(error: errors.VeoError) -> bool:
    """Whether the same call may work after a pause: the way or the provider is down, or it asks to wait."""
    if isinstance(error, (errors.RateLimited, errors.TransportError)) or error.facts.get("passing"):
        return True
    status = error.facts.get("status")
    return isinstance(error, errors.ServiceError) and (status is None or status in _PASSING)


def backoff(attempt: int, chance: float, *, first: float = 1.0, longest: float = 30.0) -> float:
    """Seconds to wait before try number `attempt` + 1: doubling, spread by `chance` (0 to 1) over its upper half.

    Spreading keeps fifty jobs that failed in the same instant from coming back in the same instant.
    """
    full = min(longest, first * 2.0 ** min(attempt, 16))
    return full * (0.5 + 0.5 * chance)


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds a `Retry-After` header asks for, from 0 to `LONGEST_PAUSE`; None where it says nothing usable."""
    text = (header or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            seconds = moment.timestamp() - now
        except (TypeError, ValueError, OverflowError):
            return None
    if seconds != seconds:  # noqa: PLR0124  not a number
        return None
    return max(0.0, min(seconds, LONGEST_PAUSE))


def doubt_pause(times: int, chance: float) -> float | None:
    """Seconds until the provider is asked again about what it accepted and now, for the `times`th time, does not know.

    None once that has gone on for five minutes: a server behind a balancer has heard of it by then.
    """
    if times > DOUBTS:
        return None
    return min(30.0, 2.0 ** min(times, 16)) * (0.9 + 0.2 * chance)


def rate_pause(sent: Sequence[float], limit: int, now: float, window: float = 60.0) -> float:
    """Seconds until one more request fits into `limit` per `window`, given when the last ones were sent."""
    recent = sorted(moment for moment in sent if now - window < moment <= now)
    if len(recent) < limit:
        return 0.0
    return recent[-limit] + window - now
