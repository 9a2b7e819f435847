"""The prices: one dated table with its sources, in which a person can put figures of their own; and those of tokens.

A price belongs to a provider, a model, a resolution and, where the provider says so, to sound or silence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from veo_nb.catalog.lookup import find_model
from veo_nb.catalog.models import MODELS, Model
from veo_nb.catalog.phrases import did_you_mean, shown
from veo_nb.catalog.providers import PROVIDERS, Provider
from veo_nb.catalog.rules import Problem
from veo_nb.records.late import dataclass

PRICES_DATE = "2026-11-29"
PRICES_SOURCE = "Google's list prices, as four public tables of 2026-08 to 2026-10 give them"
_DOUBT = f"{PRICES_SOURCE}; two of them say less"


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a clip costs in USD, for each second of it or for each call, and for which clips that holds.

    What is empty or None of the last four is for all.
    """

    usd_per_second: float = 0.0
    usd_per_call: float = 0.0
    provider: str = ""
    model: str = ""
    resolution: str = ""
    sound: bool | None = None
    source: str = PRICES_SOURCE
    date: str = ""
    """When it was read, `2026-11-29`; empty for a person's own."""
    note: str = ""
    """What has to be said wherever it is shown: it is not the price of who makes the clip. Empty where it is."""

    @property
    def origin(self) -> str:
        """Where it is from, and when it was read there."""
        return f"{self.source}, {self.date}" if self.date else self.source


def _listed(
    provider: str, model: str, figures: Mapping[str, float], sound: bool | None = None
) -> list[Price]:
    return [
        Price(
            provider=provider,
            model=model,
            resolution=resolution,
            sound=sound,
            usd_per_second=usd,
            date=PRICES_DATE,
        )
        for resolution, usd in figures.items()
    ]


_STANDARD = {"720p": 0.40, "1080p": 0.40, "4k": 0.60}
_FAST = {"720p": 0.10, "1080p": 0.12, "4k": 0.30}
_LITE = {"720p": 0.05, "1080p": 0.08}
_OMNI = {"360p": 0.0232, "720p": 0.0695, "1080p": 0.1043, "4k": 0.2085}
_OMNI_SOURCE = "resellers who quote Google's list or match it"

PRICES: list[Price] = [
    *_listed("gemini", "veo-3.1-generate-preview", _STANDARD),
    *_listed("gemini", "veo-3.1-fast-generate-preview", _FAST),
    *_listed("gemini", "veo-3.1-lite-generate-preview", _LITE),
    *_listed("vertex", "veo-3.1-generate-001", _STANDARD, sound=True),
    *_listed("vertex", "veo-3.1-generate-001", {"720p": 0.20, "1080p": 0.20, "4k": 0.40}, sound=False),
    *_listed("vertex", "veo-3.1-fast-generate-001", _FAST, sound=True),
    *(
        # Of two figures for one thing the higher one: 0.08 and 0.10 are said as well.
        replace(price, source=_DOUBT)
        for price in _listed(
            "vertex", "veo-3.1-fast-generate-001", {"720p": 0.10, "1080p": 0.12}, sound=False
        )
    ),
    *_listed("vertex", "veo-3.1-fast-generate-001", {"4k": 0.25}, sound=False),
    *_listed("vertex", "veo-3.1-lite-generate-001", _LITE, sound=True),
    *_listed("vertex", "veo-3.1-lite-generate-001", {"720p": 0.03, "1080p": 0.05}, sound=False),
    *(
        replace(price, source=_OMNI_SOURCE)
        for price in (
            *_listed("gemini", "gemini-omni-1.2-flash", _OMNI),
            *_listed("vertex", "gemini-omni-1.2-flash", _OMNI),
            *_listed(
                "gemini", "gemini-omni-1.1-flash", {"360p": 0.03, "720p": 0.10, "1080p": 0.15, "4k": 0.30}
            ),
        )
    ),
]
"""Google's, and those that other packages bring. GPTProto publishes none (`Provider.price_note`), and the sandbox takes no
money: there it is Google's that a clip would cost."""


def find_price(
    prices: Iterable[Price],
    provider: Provider,
    model: str,
    *,
    resolution: str = "720p",
    sound: bool = True,
) -> Price | None:
    """The price of such a clip, a person's own before a list's; None where none is known.

    Of a provider that publishes none it is Google's, and says so in its `note`.
    """
    fitting = [
        one
        for one in prices
        if one.model in ("", model)
        and one.resolution in ("", resolution)
        and (one.sound is None or one.sound is sound)
    ]
    own = next((one for one in fitting if one.provider in ("", provider.name)), None)
    if own is not None or (provider.bills and not provider.price_note):
        return own
    # A figure that a person gave for another provider is for that one alone.
    lent = next((one for one in fitting if one.date), None)
    return lent and replace(lent, note=provider.price_note)


_UNITS = ("per_second", "per_call")
_EXAMPLE = "Give USD for a second, such as 0.15, or {per_call = 0.6}; or one for each resolution, such as {720p = 0.10, 4k = 0.30}."


def read_prices(table: Any, source: str) -> tuple[tuple[Price, ...], list[Problem]]:
    """The table with a person's own figures before the list's, and what is wrong with those.

    `table` maps models, by id or by alias, to USD for a second, to `{"per_second": usd}` or `{"per_call": usd}`; or to
    one of these for each resolution, `{"720p": …}`; or for clips with and without sound, `{"sound": …, "silent": …}`. The
    name of a provider leads to such a table for it alone. What is said of less goes before what is said of more.
    `source` says where the figures come from.
    """
    if not isinstance(table, Mapping):
        return tuple(PRICES), [
            Problem(
                field="prices", message=f"prices can't be {shown(table)}.", hint="It is a table: [prices]"
            )
        ]
    problems: list[Problem] = []
    found: list[tuple[tuple[bool, ...], Price]] = []
    for provider, name, value in _entries(table):
        models = _priced(provider, name)
        figures = [*_read_figures(value)]
        if name in PROVIDERS:
            text = f"The price of {name} can't be {shown(value)}."
            hint = f"It is a table of models: [prices.{name}]"
            problems.append(Problem(field="prices", message=text, hint=hint))
        elif not models:
            known = [*dict.fromkeys(model.alias for model in MODELS.values()), *MODELS]
            hint = did_you_mean(str(name), known if provider else [*known, *PROVIDERS])
            text = f"There is no model {shown(name)} to have a price."
            problems.append(Problem(field="prices", message=text, hint=hint))
        elif not figures or any(figure is None for figure in figures):
            text = f"The price of {name} can't be {shown(value)}."
            problems.append(Problem(field="prices", message=text, hint=_EXAMPLE))
        else:
            found += [
                (_weight(provider, name == model.id, figure), figure)
                for model in models
                for one in figures
                if one is not None
                for figure in [replace(one, provider=provider, model=model.id, source=source)]
            ]
    found.sort(key=lambda entry: entry[0], reverse=True)
    return (*(price for _, price in found), *PRICES), problems


def _priced(provider: str, name: Any) -> list[Model]:
    """The models that a name in a table of prices means."""
    found = [model for model in MODELS.values() if name in (model.id, model.alias)]
    served = PROVIDERS.get(provider)
    if served is not None and served.any_model and isinstance(name, str):
        own = find_model(name, served)
        return [*found, *([own] if own is not None and own not in found else [])]
    return found


def _weight(provider: str, by_id: bool, price: Price) -> tuple[bool, ...]:
    return bool(provider), by_id, bool(price.resolution), price.sound is not None


def _entries(table: Mapping[Any, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Provider, model and value of each entry; the provider is empty where it is for all."""
    for name, value in table.items():
        if name in PROVIDERS and isinstance(value, Mapping):
            for model, inner in value.items():
                yield str(name), model, inner
        else:
            yield "", name, value


def _read_figures(value: Any, places: tuple[str, ...] = ("resolution", "sound")) -> Iterator[Price | None]:
    """The figures of one model, each for the clips that it is for; None for one that is none.

    `places` are what they may still be told apart by.
    """
    entry = value if isinstance(value, Mapping) else {"per_second": value}
    for place in places:
        keys = _keys(place)
        if entry and all(key in keys for key in entry):
            others = tuple(one for one in places if one != place)
            for key, inner in entry.items():
                for price in _read_figures(inner, others):
                    yield price and replace(price, **{place: keys[key]})
            return
    [(unit, usd)] = entry.items() if len(entry) == 1 else [("", None)]
    amount = read_amount(usd) if unit in _UNITS and not isinstance(usd, str) else None
    if amount is None:
        yield None
    else:
        yield Price(usd_per_second=amount) if unit == "per_second" else Price(usd_per_call=amount)


def _keys(place: str) -> dict[str, Any]:
    """What clips are told apart by in a table of prices, and what each key means."""
    if place == "sound":
        return {"sound": True, "silent": False}
    return {one: one for model in MODELS.values() for one in model.resolutions}


def read_amount(value: Any) -> float | None:
    """An amount of money as a number or a text such as `20` or `$0.60`; None for what is none."""
    try:
        amount = float(value.strip().removeprefix("$") if isinstance(value, str) else value)
    except (TypeError, ValueError, OverflowError):
        return None
    is_number = isinstance(value, (int, float, str)) and not isinstance(value, bool)
    return amount if is_number and math.isfinite(amount) and amount >= 0 else None


TOKENS_DATE = "2026-11-29"
TOKENS_SOURCE = "Google's price of a million tokens, as resellers quote it"
INPUT_USD, TEXT_USD = 1.50, 9.00
"""USD for a million tokens that go in, and for a million of text and thought that come out."""
VIDEO_USD = {"gemini-omni-1.2-flash": 12.00, "gemini-omni-1.1-flash": 17.50}
"""USD for a million tokens of video, by model."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The tokens that a provider says it took for a clip; `text` are those of words and of thought that came out."""

    input: int = 0
    video: int = 0
    text: int = 0

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.input + self.video + self.text

    def usd(self, model: str) -> float | None:
        """What they cost of this model, in USD; None where no price is known."""
        video = VIDEO_USD.get(model)
        if video is None:
            return None
        return (self.input * INPUT_USD + self.video * video + self.text * TEXT_USD) / 1e6


def read_usage(counted: Mapping[str, Any] | None) -> Usage | None:
    """The tokens in a usage as it is kept; None where there is none that can be read."""
    names = [item.name for item in fields(Usage)]
    found = {name: (counted or {}).get(name) for name in names}
    if not any(found.values()) or not all(_is_count(value or 0) for value in found.values()):
        return None
    return Usage(**{name: value or 0 for name, value in found.items()})


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
