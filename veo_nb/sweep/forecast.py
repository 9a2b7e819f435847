"""What starting a sweep would do: how many requests, for how much, until when; and whether it may be started."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from veo_nb.engine.jobs import Jobs
from veo_nb.engine.providers.latency import Latency
from veo_nb.engine.timing import seconds_at_all
from veo_nb.engine.video import check_source
from veo_nb.errors import InvalidRequest
from veo_nb.records.late import dataclass
from veo_nb.request import VideoRequest
from veo_nb.store.billing import Quote

ASK_ABOVE = 100
"""Clips that one sweep makes unasked; from there on a person says that it is meant."""


Key = tuple[str, int]
"""What a request is stored under: its fingerprint and its take."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request of a sweep; `stored` says that its clip is there, or on its way, and nothing would be sent."""

    request: VideoRequest
    quote: Quote
    latency: Latency
    stored: bool
    bills: bool = True
    """False where its provider charges nothing."""
    in_full: Quote | None = None
    """What the final of a draft costs; None where it is no draft."""


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
    note: str = ""
    """What has to be said beside the price: it is not that of who makes the clips."""
    drafts: int = 0
    """Requests for drafts, those whose clip is there among them."""
    usd_in_full: float | None = None
    """List price of the finals of all these; None where it is not known of each."""

    @property
    def in_full(self) -> str:
        """What the finals of the drafts would cost: `all 8 in full about $9.60`; empty where there are no drafts."""
        if not self.drafts:
            return ""
        which = f"all {self.drafts} in full" if self.drafts > 1 else "in full"
        return f"{which} {'at an unknown price' if self.usd_in_full is None else f'about ${self.usd_in_full:,.2f}'}"

    @property
    def firm(self) -> float | None:
        """The figure that a budget goes by."""
        return None if self.note else self.usd

    @property
    def price(self) -> str:
        """`about $4.80`, and what is not known of it."""
        if self.usd is None:
            return "price unknown" if self.requests else "about $0.00"
        some = f" and {self.unpriced} of unknown price" if self.unpriced else ""
        return f"about ${self.usd:,.2f}{some}{f' ({self.note})' if self.note else ''}"


def forecast(asked: Sequence[Asked], allowed: Callable[[str], tuple[int, int | None]]) -> Forecast:
    """What these requests come to; `allowed(name)` says how many a provider makes at once, and takes in a minute.

    Beside clips that are charged those of the sandbox cost nothing.
    """
    new = [one for one in asked if not one.stored]
    paid = [one for one in new if one.bills] or new
    priced = [one.quote.usd for one in paid if one.quote.usd is not None]
    finals = [one.in_full.usd for one in asked if one.in_full is not None]
    return Forecast(
        requests=len(new),
        clips=sum(one.request.sample_count or 1 for one in new),
        stored=len(asked) - len(new),
        usd=sum(priced) if priced else None,
        unpriced=len(paid) - len(priced),
        seconds=seconds_at_all([(one.request.provider, one.latency.quantile) for one in new], allowed),
        note=next((one.quote.note for one in paid if one.quote.note), ""),
        drafts=len(finals),
        usd_in_full=sum(usd for usd in finals if usd is not None) if None not in finals else None,
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


def asked_for(
    jobs: Jobs, wanted: Iterable[tuple[VideoRequest, int]], *, fresh: bool = False
) -> dict[Key, Asked]:
    """What each request and take comes to, each once: two cells may be the same."""
    found: dict[Key, Asked] = {}
    for request, take in wanted:
        found[request.fingerprint(), take] = Asked(
            request=request,
            quote=jobs.quote(request),
            latency=jobs.latency(request),
            stored=not fresh and jobs.is_standing(request, take),
            bills=jobs.provider_of(request).bills,
            in_full=jobs.quote(request.in_full()) if request.is_draft else None,
        )
    return found


def foresee(jobs: Jobs, asked: Iterable[Asked]) -> Forecast:
    """What these requests come to within this studio's limits."""
    return forecast([*asked], jobs.settings.allowed)


def check(jobs: Jobs, asked: Iterable[Asked], *, confirmed: bool) -> None:
    """The one place where a sweep as a whole is let through or not, before anything is written or sent.

    Raises:
        InvalidRequest: it is large and not `confirmed`, or the provider does not have a clip that it goes on from.
        AuthenticationError: a provider needs a key and there is none.
        BudgetExceeded: together they would go over the budget.
    """
    asked = [*asked]
    jobs.check_access(one.request for one in asked)
    ask(foresee(jobs, asked), confirmed=confirmed)
    new = [one for one in asked if not one.stored]
    for one in new:
        check_source(one.request, jobs.provider_of(one.request), jobs.workspace.clock())
    for one in new:
        if one.quote.firm is None:
            jobs.cost(jobs.provider_of(one.request)).admit(one.request.model, None)
    for bills in (True, False):
        # What the sandbox only makes believe is counted for itself.
        alike = [one for one in new if one.bills is bills]
        if alike:
            bill = jobs.cost(jobs.provider_of(alike[0].request))
            bill.admit("This sweep", sum(one.quote.usd or 0.0 for one in alike))
