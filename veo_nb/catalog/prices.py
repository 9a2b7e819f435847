"""The prices: one dated table with its source, in which a person can put figures of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from veo_nb.catalog.models import MODELS
from veo_nb.catalog.phrases import did_you_mean, shown
from veo_nb.catalog.rules import Problem

PRICES_DATE = "2026-11-22"
PRICES_SOURCE = "Gemini API list prices; GPTProto bills per call and may differ"


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a model costs in USD: for each second of video, or for each call whatever comes of it."""

    usd_per_second: float = 0.0
    usd_per_call: float = 0.0
    source: str = f"{PRICES_SOURCE}, {PRICES_DATE}"


PRICES: dict[str, Price] = {
    "veo-3.1-generate-preview": Price(usd_per_second=0.40),
    "veo-3.1-fast-generate-preview": Price(usd_per_second=0.15),
    "veo-3.1-generate-001": Price(usd_per_second=0.40),
    "veo-3.1-fast-generate-001": Price(usd_per_second=0.15),
}
"""None is known for the lite models."""

_UNITS = {"per_second": "usd_per_second", "per_call": "usd_per_call"}
_EXAMPLE = "Give USD for a second, such as 0.15, or {per_call = 0.6}."


def read_prices(table: Any, source: str) -> tuple[dict[str, Price], list[Problem]]:
    """The table with a person's own figures in it, and what is wrong with those.

    `table` maps models, by id or by alias, to USD for a second, or to `{"per_second": usd}` or
    `{"per_call": usd}`. An id goes before an alias. `source` says where the figures come from.
    """
    if not isinstance(table, Mapping):
        return dict(PRICES), [
            Problem(
                field="prices", message=f"prices can't be {shown(table)}.", hint="It is a table: [prices]"
            )
        ]
    problems: list[Problem] = []
    by_name: dict[str, Price] = {}
    for name, value in table.items():
        price = _read_price(value, source)
        if not any(name in (model.id, model.alias) for model in MODELS.values()):
            known = [*dict.fromkeys(model.alias for model in MODELS.values()), *MODELS]
            hint = did_you_mean(str(name), known)
            problems.append(
                Problem(
                    field="prices", message=f"There is no model {shown(name)} to have a price.", hint=hint
                )
            )
        elif price is None:
            text = f"The price of {name} can't be {shown(value)}."
            problems.append(Problem(field="prices", message=text, hint=_EXAMPLE))
        else:
            by_name[name] = price
    prices = dict(PRICES)
    for model in MODELS.values():
        own = by_name.get(model.id) or by_name.get(model.alias)
        if own is not None:
            prices[model.id] = own
    return prices, problems


def _read_price(value: Any, source: str) -> Price | None:
    entry = value if isinstance(value, Mapping) else {"per_second": value}
    if len(entry) != 1:
        return None
    ((unit, usd),) = entry.items()
    amount = read_amount(usd) if unit in _UNITS and not isinstance(usd, str) else None
    return None if amount is None else Price(**{_UNITS[unit]: amount}, source=source)


def read_amount(value: Any) -> float | None:
    """An amount of money as a number or a text such as `20` or `$0.60`; None for what is none."""
    try:
        amount = float(value.strip().removeprefix("$") if isinstance(value, str) else value)
    except (TypeError, ValueError, OverflowError):
        return None
    is_number = isinstance(value, (int, float, str)) and not isinstance(value, bool)
    return amount if is_number and math.isfinite(amount) and amount >= 0 else None
