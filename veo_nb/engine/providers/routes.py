"""A route to each provider, made at the first job that goes there. Everything here runs on the background loop."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from veo_nb.config import Settings
from veo_nb.engine.inputs.uploads import Uploads
from veo_nb.engine.job import Job
from veo_nb.engine.providers.connection import Connection, LocalServer
from veo_nb.engine.providers.queue import Limits, Pace
from veo_nb.errors import VeoError
from veo_nb.records.late import dataclass
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import LimitsRow

if TYPE_CHECKING:
    import httpx2


@dataclass(frozen=True)
class Route:
    """The way to one provider: what is sent over, within which limits."""

    connection: Connection
    limits: Limits
    uploads: Uploads
    settings: Settings
    """Those of this provider."""

    @property
    def retention(self) -> float:
        """Seconds for which the provider keeps a finished video."""
        return self.settings.provider.retention_seconds


class Routes:
    """Those of a library: `settings` are of the provider that is set, and give those of the others.

    `server` is the sandbox that is ours to start, where no other is named.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        server: LocalServer | None,
        *,
        transport: httpx2.AsyncBaseTransport | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        chance: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._server = server
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._routes: dict[str, Route] = {}
        self._held: set[str] = set()

    def of(self, job: Job) -> Route:
        """The way to the provider of a job.

        Raises:
            InvalidRequest: what is set for that provider is wrong.
        """
        name = job.provider.name
        if name not in self._routes:
            self._routes[name] = self._make(self._settings.at(name))
        return self._routes[name]

    def hold(self, job_ids: AbstractSet[str], *, back: bool) -> None:
        """Keep jobs from being sent, or let them be sent again; those at a provider go on."""
        self._held = self._held | job_ids if back else self._held - job_ids
        for route in self._routes.values():
            (route.limits.hold if back else route.limits.release)(job_ids)

    def move(self, job_id: str, before: str | None) -> bool:
        """Send a job that waits before another one, or last; False where it doesn't wait any more.

        Before one that waits for another provider means before those for its own that come after that one.
        """
        line = self.waiting()
        for route in self._routes.values():
            own = route.limits.waiting()
            if job_id in own:
                if before in line and before not in own:
                    after = line[line.index(before) :]
                    before = next((one for one in after if one in own), None)
                return route.limits.move(job_id, before)
        return False

    def waiting(self) -> list[str]:
        """The jobs that wait to be sent, the next one first; of several providers the first of each, then the second."""
        lines = [route.limits.waiting() for route in self._routes.values()]
        return [one for together in itertools.zip_longest(*lines) for one in together if one is not None]

    async def close(self) -> None:
        """Close every connection."""
        for route in self._routes.values():
            await route.connection.close()

    def _make(self, settings: Settings) -> Route:
        place = settings.base_url or settings.provider.name
        known = self._ledger.limits(place)
        limits = Limits(
            settings.max_in_flight,
            settings.requests_per_minute,
            self._clock,
            self._sleep,
            pace=Pace(known.share, known.refused_at, known.per_minute).after(self._clock())
            if known
            else None,
            learnt=lambda pace: self._remember(place, pace),
        )
        limits.hold(self._held)
        ours = settings.provider.name == "sandbox" and not settings.base_url
        connection = Connection(
            settings,
            self._server if ours else None,
            transport=self._transport,
            clock=self._clock,
            sleep=self._sleep,
            chance=self._chance,
        )
        return Route(connection, limits, Uploads(self._ledger, connection, place, self._sleep), settings)

    def _remember(self, place: str, pace: Pace) -> None:
        """Have the kernels to come begin with what the provider's refusals have taught."""
        with contextlib.suppress(VeoError):
            self._ledger.remember_limits(LimitsRow(place, pace.share, pace.per_minute, pace.refused_at))
