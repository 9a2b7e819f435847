"""What the library's own clips have taught about how long others take, by provider, model, resolution and duration."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import field

from veo_nb import catalog
from veo_nb.engine.providers.latency import Latency, learn
from veo_nb.records.late import dataclass
from veo_nb.request import VideoRequest
from veo_nb.store.ledger import Ledger

RECENT = 50
"""So many clips of a kind, the newest, are what a provider is like today."""
READ_SECONDS = 60.0
"""After these the ledger is read again: other kernels make clips too."""
LEARN_SECONDS = 1.0
"""Before these have passed a curve is not made anew, once there are many clips: hundreds may become ready in a moment."""

Kind = tuple[str, int]
"""Resolution and duration."""


@dataclass
class _Past:
    """The clips of a model at a provider, newest first, and what they come to for each kind."""

    read_at: float
    clips: list[tuple[float, Kind]]
    known: dict[Kind, Latency] = field(default_factory=dict)
    learnt_at: float = float("-inf")
    """When what is known was last thrown away for newer clips."""


class Latencies:
    """How long each kind of clip takes, as far as this library knows. From any thread; `clock` is in seconds."""

    def __init__(self, ledger: Ledger | None, clock: Callable[[], float] = time.time) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lock = threading.Lock()
        self._past: dict[tuple[str, str], _Past] = {}

    def of(
        self, provider: catalog.Provider, model: str, resolution: str | None, duration: int | None
    ) -> Latency:
        """How long such a clip takes, from submit to ready."""
        served = catalog.model(model)
        kind = _kind(served, resolution, duration)
        with self._lock:
            past = self._read(provider.name, served)
            if kind not in past.known:
                alike = [seconds for seconds, one in past.clips if one == kind]
                others = [seconds for seconds, one in past.clips if one != kind]
                typical = provider.typical_seconds or served.typical_seconds
                past.known[kind] = learn(alike[:RECENT], others[:RECENT], typical)
            return past.known[kind]

    def note(self, provider: str, request: VideoRequest, seconds: float) -> None:
        """The clip of a request became ready after so many seconds."""
        if seconds <= 0:
            return
        served = catalog.model(request.model)
        with self._lock:
            past = self._read(provider, served)
            past.clips.insert(0, (seconds, _kind(served, request.resolution, request.duration_seconds)))
            now, few = self._clock(), len(past.clips) < RECENT
            # Of many, one more changes little.
            if few or (len(past.clips) % 5 == 0 and not 0 <= now - past.learnt_at < LEARN_SECONDS):
                past.known.clear()
                past.learnt_at = now

    def _read(self, provider: str, model: catalog.Model) -> _Past:
        now = self._clock()
        past = self._past.get((provider, model.id))
        if past is None or not 0 <= now - past.read_at < READ_SECONDS:
            rows = self._ledger.generation_times(provider, model.id, 2 * RECENT) if self._ledger else []
            clips = [
                (row.seconds, _kind(model, row.resolution, row.duration)) for row in rows if row.seconds > 0
            ]
            known = past.known if past is not None and past.clips == clips else {}
            past = self._past[provider, model.id] = _Past(now, clips, known)
        return past


def _kind(model: catalog.Model, resolution: str | None, duration: int | None) -> Kind:
    """What was asked, or what the provider makes where nothing was."""
    return resolution or model.default_resolution, duration or model.default_duration
