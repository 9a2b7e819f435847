"""The bill of a library: what a request costs at list price, what the jobs cost or may cost, and whether one more fits.

Every figure is an estimate, and says so where it is shown.

A budget is for a library: the jobs of all kernels and sessions count, each with the estimate it was sent with. What a
provider charges for and what the sandbox only makes believe are added up apart: clips of the sandbox never use up the
money for real ones, and a budget can be tried without a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from veo_nb import catalog
from veo_nb.config import FILE, Settings
from veo_nb.errors import BudgetExceeded, InvalidRequest
from veo_nb.records.late import dataclass
from veo_nb.records.shown import html_of
from veo_nb.request import VideoRequest
from veo_nb.store.rows import is_fetchable

_FREE = (
    r"(?i)(?:\b(?:not|never|nothing)|n['’]t)(?:\s+(?:will|be|been|is|was|are))*\s+(?:charged|billed)\b"  # noqa: RUF001
    r"|\b(?:no|without|free\s+of)\s+charge\b"
)
EXTENSION_SECONDS = 7
"""What an extension adds to its source, and all that is billed of it."""
_ENDED_WITHOUT = ("failed", "blocked", "cancelled")
_CENT = 0.005


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What a request costs by estimate: `usd`, or None where no price is known."""

    usd: float | None = None
    note: str = ""
    """What has to be said beside the figure: it is the list price of somebody else. Empty where it is not."""

    @property
    def firm(self) -> float | None:
        """The figure that a budget goes by: of another's list price nobody knows how far off it is."""
        return None if self.note else self.usd


def quote(
    request: VideoRequest, provider: catalog.Provider, prices: Sequence[catalog.Price] = catalog.PRICES
) -> Quote:
    """What a request costs at this provider.

    `prices` are those of the settings, in which a person may have put figures of their own. A price by the call is
    for the request as a whole, whatever its length and its samples.
    """
    price = catalog.find_price(
        prices, provider, request.model, resolution=request.lines, sound=not request.silent
    )
    if price is None:
        return Quote()
    seconds = _seconds(request, provider)
    usd = price.usd_per_call + price.usd_per_second * seconds * (request.sample_count or 1)
    return Quote(usd=usd, note=price.note)


@dataclass(frozen=True, kw_only=True)
class Saving:
    """What a draft has: the cheapest resolution, and its share of the price in full, None where that is unknown."""

    resolution: str
    share: float | None


def find_saving(
    values: catalog.Values, provider: catalog.Provider, prices: Sequence[catalog.Price]
) -> Saving | None:
    """What a draft of these fields would have; None where nothing is cheaper than what they ask for.

    Only the resolution differs. Sound and length are as asked, since they are part of what is judged by a draft.

    Raises:
        InvalidRequest: no price is known, so nobody can say what is cheapest.
    """
    provider, name = catalog.find_served(str(values.get("model") or provider.default_model), provider)
    model = catalog.find_model(name, provider)
    if model is None:
        return None
    asked = str(values.get("resolution") or model.default_resolution)
    length = values.get("duration_seconds")
    # Of a draft in the panel nothing was checked yet.
    seconds = length if isinstance(length, int) and length > 0 else model.default_duration
    usd: dict[str, float] = {}
    wrong = {one.message for one in catalog.check(values, provider)}
    # The largest first: of those that cost the same it is most like the final.
    for lines in reversed(model.resolutions or (asked,)):
        sound = values.get("generate_audio") is not False
        price = catalog.find_price(prices, provider, model.id, resolution=lines, sound=sound)
        other = catalog.check({**values, "model": model.id, "resolution": lines}, provider)
        if price is not None and (lines == asked or {one.message for one in other} <= wrong):
            usd[lines] = price.usd_per_call + price.usd_per_second * seconds
    if not usd:
        raise InvalidRequest(
            f"Nobody knows what the cheapest clip of {model.title} is: it has no known price at {provider.title}.",
            hint=f"Ask for a resolution in place of a draft. {ask_price(provider, model.id)}",
            field="draft",
        )
    cheapest = min(usd, key=usd.__getitem__)
    full = usd.get(asked)
    if cheapest == asked or (full is not None and usd[cheapest] > full - _LEAST_SAVED):
        return None
    return Saving(resolution=cheapest, share=None if full is None else usd[cheapest] / full)


_LEAST_SAVED = 1e-6


def make_draft(
    request: VideoRequest, take: int, provider: catalog.Provider, prices: Sequence[catalog.Price]
) -> VideoRequest:
    """The draft of a request, with a seed that its final has too; the request itself where nothing is cheaper.

    Raises:
        InvalidRequest: no price is known, so nobody can say what is cheapest.
    """
    values = {"prompt": request.prompt, "model": request.model, **request.settings()}
    saving = find_saving(values, provider, prices)
    return request.seeded(provider, take).as_draft(saving.resolution) if saving else request


def _seconds(request: VideoRequest, provider: catalog.Provider) -> float:
    """Seconds that are made: of an edit those of its clip, of Veo's extension what it always adds."""
    if request.edit is not None:
        return float(getattr(request.edit.clip, "duration", 0.0)) or request.seconds
    veo = provider.dialect_of(catalog.model(request.model)) in catalog.VEO
    return EXTENSION_SECONDS if request.video is not None and veo else request.seconds


@dataclass(frozen=True, kw_only=True)
class Charge:
    """Jobs that are alike on a bill: asked for on one day of one model, in one state."""

    day: str
    """The day they were asked for, local time: `2026-11-22`."""
    provider: str
    model: str
    state: str
    charged: bool
    """Whether they were or may be charged; on the sandbox, whether they would be."""
    jobs: int
    usd: float
    """The sum of their estimates; 0 for those that are not charged."""
    unpriced: int = 0
    """How many of those that are charged had no known price."""
    counted: int = 0
    """How many of those that are charged the provider told the tokens of."""
    counted_usd: float = 0.0
    """What these tokens cost, at the dated price of a million."""
    counted_estimate: float = 0.0
    """The sum of the estimates of the same jobs, to be compared with."""

    @property
    def billed(self) -> bool:
        """Whether it is a provider that takes money."""
        provider = catalog.PROVIDERS.get(self.provider)
        return provider is None or provider.bills


@dataclass(frozen=True, kw_only=True, repr=False)
class Bill:
    """What the jobs of a library cost by estimate: `charges` with the newest day first, `spent`, and what is `left`.

    The budget is one for all providers that charge. `spent` and `left` are money; or, where the sandbox is set or about to
    be asked, what its clips would cost.
    """

    charges: tuple[Charge, ...]
    provider: catalog.Provider
    budget: float | None
    prices: tuple[catalog.Price, ...]

    @property
    def spent(self) -> float:
        """USD that count against the budget."""
        return self.total(billed=self.provider.bills)

    @property
    def note(self) -> str:
        """What has to be said beside `spent`: it is counted at somebody else's price. Empty where it is not."""
        for name, model in dict.fromkeys((one.provider, one.model) for one in self.charges if one.usd):
            provider = catalog.PROVIDERS.get(name)
            if provider is not None and provider.price_note and provider.bills is self.provider.bills:
                price = catalog.find_price(self.prices, provider, model)
                if price is None or price.note:
                    return provider.price_note
        return ""

    @property
    def by_provider(self) -> dict[str, float]:
        """USD of each provider by its name, the one with most first, of those in `spent`."""
        found: dict[str, float] = {}
        for one in self.charges:
            if one.billed is self.provider.bills:
                found[one.provider] = found.get(one.provider, 0.0) + one.usd
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))

    def __repr__(self) -> str:
        """`<Bill: about $4.80 of $20.00; gptproto $3.00, vertex $1.80>`."""
        most = f" of ${self.budget:,.2f}" if self.budget is not None else ""
        parts = ", ".join(f"{name} ${usd:,.2f}" for name, usd in self.by_provider.items())
        would = "" if self.provider.bills else "would have cost "
        return f"<Bill: {would}about ${self.spent:,.2f}{most}{f'; {parts}' if parts else ''}>"

    def _repr_html_(self) -> str | None:
        return html_of(self)

    @property
    def left(self) -> float | None:
        """USD of the budget that are left, never below 0; None without a budget."""
        return None if self.budget is None else max(0.0, self.budget - self.spent)

    def total(self, *, billed: bool) -> float:
        """The sum of what providers charge, or of what the sandbox's clips would cost."""
        return sum(charge.usd for charge in self.charges if charge.billed is billed)

    def fits(self, usd: float | None) -> bool:
        """Whether one more clip of this estimate is within the budget; one of an unknown price is not.

        `usd` is a quote's `firm` figure.
        """
        if self.budget is None:
            return True
        # Sums of cents are not exact: a clip that costs just what is left fits.
        return usd is not None and self.spent + usd < self.budget + _CENT

    def admit(self, model: str, usd: float | None) -> None:
        """Let a clip through that fits the budget.

        Raises:
            BudgetExceeded: it does not.
        """
        if self.fits(usd):
            return
        assert self.budget is not None, "without a budget everything fits"
        facts = {"estimate": usd, "spent": self.spent, "left": self.left, "budget": self.budget}
        if usd is None:
            name, unsaid = self.provider.title, self.provider.price_note
            raise BudgetExceeded(
                (f"{name} publishes no price" if unsaid else f"{model} has no known price")
                + f", so nobody can say whether it fits the budget of ${self.budget:.2f}.",
                hint=f"Nothing was sent. {ask_price(self.provider, model)}",
                **facts,
            )
        left = f"about ${self.left:.2f}" if self.left else "nothing"
        smaller = "Make a shorter clip, take a cheaper model, or raise it" if self.left else "Raise it"
        raise BudgetExceeded(
            f"This would cost about ${usd:.2f}, and {left} of the library's budget of ${self.budget:.2f} is left.",
            hint=f"Nothing was sent. {smaller} with veo.configure(budget=…).",
            **facts,
        )


def ask_price(provider: catalog.Provider, model: str) -> str:
    """How a person says what a model costs at this provider."""
    known = catalog.MODELS.get(model)
    figure = "{ per_call = USD }" if provider.price_note else "USD per second"
    name = known.alias if known else model
    # With a dot or a slash in it TOML wants quotes around it.
    name = name if re.fullmatch(r"[\w-]+", name, re.ASCII) else f'"{name}"'
    return f"Put {name} = {figure} under [prices.{provider.name}] in {FILE}."


Admit = Callable[[tuple[Charge, ...]], None]
"""Raises where what was charged so far leaves no room for one more."""


def make_bill(
    settings: Settings, charges: tuple[Charge, ...], provider: catalog.Provider | None = None
) -> Bill:
    """The bill of these charges under the settings of now, for who is about to ask this provider, or the one that is set."""
    return Bill(
        charges=charges,
        provider=provider or settings.provider,
        budget=settings.budget,
        prices=settings.prices,
    )


def make_gate(settings: Settings, provider: catalog.Provider, model: str, usd: float | None) -> Admit | None:
    """What keeps a clip out that would go over the budget, for the moment its row is written; None without a budget."""
    if settings.budget is None:
        return None
    return lambda charges: make_bill(settings, charges, provider).admit(model, usd)


def may_be_charged(state: str, *, accepted: bool, sent: bool, error: Mapping[str, Any] | None) -> bool:
    """Whether a job was or may be charged, as far as the ledger knows; in doubt it is.

    Not one that the provider refused, nor one of which it says itself that it is free, as the safety filter does.
    """
    if state not in _ENDED_WITHOUT:
        return True
    stated = error or {}
    if is_fetchable(state, "accepted" if accepted else None, stated.get("code")):
        # It stands, whatever was said on the way.
        return True
    if re.search(_FREE, str(stated.get("message", ""))):
        return False
    # Of what was stopped or broke between the sending and the answer nobody knows.
    lost = sent and (state == "cancelled" or stated.get("code") == "error")
    return accepted or lost


_SUMS = ("jobs", "usd", "unpriced", "counted", "counted_usd", "counted_estimate")
_figures = attrgetter(*_SUMS)


def gather(charges: Iterable[Charge], named: Callable[[str], str] = lambda day: day) -> tuple[Charge, ...]:
    """The charges with those that are alike put together: newest day first, then by provider, model and state.

    `named` gives a day another name, such as that of its month; those of one name are put together.
    """
    found: dict[tuple[Any, ...], list[Charge]] = {}
    for one in charges:
        found.setdefault((named(one.day), one.provider, one.model, one.state, one.charged), []).append(one)
    put = []
    for (day, *_), alike in found.items():
        # Column by column: of a large library a call for each figure of each row would take most of the time.
        sums: dict[str, Any] = dict(
            zip(_SUMS, map(sum, zip(*map(_figures, alike), strict=True)), strict=True)
        )
        put.append(replace(alike[0], day=day, **sums))
    rows = sorted(put, key=lambda one: (one.provider, one.model, one.state, not one.charged))
    return tuple(sorted(rows, key=lambda one: one.day, reverse=True))


DAYS = 7
"""So many days have lines of their own, the newest; those before are added up by month: nobody reads a year day by day."""


def by_month(charges: Sequence[Charge]) -> tuple[Charge, ...]:
    """The charges with those of older days added up: `2026-09`, or `2026-11, earlier` of a month whose last days stand above."""
    days = sorted({charge.day for charge in charges}, reverse=True)
    begun = {day[:7] for day in days[:DAYS]}
    named = {day: f"{day[:7]}, earlier" if day[:7] in begun else day[:7] for day in days[DAYS:]}
    newest = (charge for charge in charges if charge.day not in named)
    return (*newest, *gather((charge for charge in charges if charge.day in named), named.__getitem__))


class Charges(tuple[Charge, ...]):  # noqa: SLOT001  a tuple takes no slots
    """What all jobs of a library cost; what is added up of them is added up once, for as long as nothing changes."""

    _tables: tuple[object, dict[bool, tuple[Charge, ...]]] = (None, {})

    def tables(self) -> dict[bool, tuple[Charge, ...]]:
        """As `by_month`: those of providers that take money, under True, and the others."""
        # A package may bring one that bills nothing, at any time.
        free = [name for name, provider in catalog.PROVIDERS.items() if not provider.bills]
        if self._tables[0] != free:
            parts = {
                billed: by_month([one for one in self if one.billed is billed]) for billed in (True, False)
            }
            self._tables = free, parts
        return self._tables[1]
