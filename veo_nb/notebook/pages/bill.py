"""The bill that `%veo cost` shows: complete without a kernel, every text escaped, every figure an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from IPython.display import HTML
from markupsafe import Markup, escape

from veo_nb import catalog
from veo_nb.config import FILE
from veo_nb.notebook import text
from veo_nb.notebook.display import _TEXT, OUTLINE, SOFT, PlainHTML
from veo_nb.store.billing import Bill, Charge, Charges

Row = tuple[str, str, str, str, str]
HEAD: Row = ("day", "model", "state", "jobs", "about")
_STATES = {
    "queued": "waiting",
    "submitting": "being sent",
    "running": "generating",
    "succeeded": "made",
    "cancelled": "stopped",
}
_IN_DOUBT = ("failed", "blocked", "cancelled", "uncertain")
_NOTHING = "Nothing has been made in this library yet."
_MADE_UP = "On the sandbox, where nothing is charged, clips would have cost:"
_ESTIMATE = (
    "Every figure is an estimate, at the price when the clip was asked for; what was charged stands at your provider. "
    f"Prices of your own go under [prices] in {FILE}."
)


def bill_table(bill: Bill) -> HTML:
    """What the jobs of a library cost by day, model and state, what is left of the budget, and at which prices."""
    blocks: list[Markup] = []
    lines: list[str] = []
    # Of a large library the days are many: all below goes by their sums.
    charges_of = bill.charges if isinstance(bill.charges, Charges) else Charges(bill.charges)
    tables = charges_of.tables()
    for billed, charges in tables.items():
        if charges and not billed:
            blocks.append(_line(_MADE_UP))
            lines.append(_MADE_UP)
        if charges:
            rows, sums = _rows(charges)
            blocks.append(_table(rows, sums))
            lines += _columns([HEAD, *rows])
            if said := _by_provider(charges):
                blocks.append(_line(said))
                lines.append(said)
            for note in [*_counts(charges), *_notes(charges, bill.prices)]:
                blocks.append(_line(note))
                lines.append(note)
    if not bill.charges:
        blocks.append(_line(_NOTHING))
        lines.append(_NOTHING)
    if bill.budget is not None:
        said = text.budget(bill, noted=True)
        blocks.append(_line(stated := f"{said[:1].upper()}{said[1:]}."))
        lines.append(stated)
    for line in _small_print(bill, [*tables[True], *tables[False]]):
        blocks.append(_line(line, SOFT))
        lines.append(line)
    style = "font-size:13px;line-height:20px;font-variant-numeric:tabular-nums;margin:4px 0"
    page = f'<div style="{style}">{"".join(blocks)}</div>'
    return PlainHTML(page, "\n".join(lines))


def state_of(charge: Charge) -> str:
    """How these jobs stand, and whether they are charged, in plain words."""
    state = _STATES.get(charge.state, charge.state)
    if not charge.charged:
        return f"{state}, not charged"
    return f"{state}, may be charged" if charge.billed and charge.state in _IN_DOUBT else state


def _rows(charges: Sequence[Charge]) -> tuple[list[Row], set[int]]:
    """The lines of a table, and which of them are sums: of a day that has several lines, and of all."""
    rows: list[Row] = []
    sums: set[int] = set()
    days = [(day, list(group)) for day, group in groupby(charges, key=lambda charge: charge.day)]
    for day, of_day in days:
        for number, charge in enumerate(of_day):
            rows.append(
                (day if number == 0 else "", _who(charge), state_of(charge), str(charge.jobs), _usd(charge))
            )
        if len(of_day) > 1 and len(days) > 1:
            sums.add(len(rows))
            rows.append(_sum("", of_day))
    sums.add(len(rows))
    rows.append(_sum("total", charges))
    return rows, sums


def _who(charge: Charge) -> str:
    model, provider = catalog.model(charge.model), catalog.PROVIDERS.get(charge.provider)
    return f"{model.title}, {provider.title if provider else charge.provider}"


def _usd(charge: Charge) -> str:
    if not charge.charged:
        return "-"
    return "?" if charge.unpriced == charge.jobs else text.dollars(charge.usd)


def _sum(name: str, charges: Sequence[Charge]) -> Row:
    jobs, usd = sum(charge.jobs for charge in charges), sum(charge.usd for charge in charges)
    return (name, "", "", str(jobs), text.dollars(usd))


def _by_provider(charges: Sequence[Charge]) -> str:
    """`By provider: GPTProto $3.00, Vertex AI $1.80.`; empty where there is one alone."""
    sums: dict[str, float] = {}
    for charge in charges:
        provider = catalog.PROVIDERS.get(charge.provider)
        name = provider.title if provider else charge.provider
        sums[name] = sums.get(name, 0.0) + charge.usd
    dearest = sorted(sums.items(), key=lambda pair: -pair[1])
    said = ", ".join(f"{name} {text.dollars(usd)}" for name, usd in dearest)
    return f"By provider: {said}." if len(sums) > 1 else ""


def _counts(charges: Sequence[Charge]) -> list[str]:
    """What the provider's own count of tokens comes to, beside the estimate for the same jobs."""
    jobs = sum(charge.counted for charge in charges)
    if not jobs:
        return []
    usd, about = (sum(getattr(one, name) for one in charges) for name in ("counted_usd", "counted_estimate"))
    verb = "Charged by" if charges[0].billed else "By"
    source = f"{catalog.TOKENS_SOURCE}, {catalog.TOKENS_DATE}"
    compared = f"{text.counted(jobs, 'job')} of {text.dollars(about)} by estimate"
    return [f"{verb} the provider's count of tokens: {text.dollars(usd)} for {compared} ({source})."]


def _notes(charges: Sequence[Charge], prices: Sequence[catalog.Price]) -> list[str]:
    """Whose prices the figures of a table are, where they are not those of who made the clips."""
    noted: dict[str, None] = {}
    for name, model in dict.fromkeys((one.provider, one.model) for one in charges if one.usd):
        provider = catalog.PROVIDERS.get(name)
        if provider is not None:
            price = catalog.find_price(prices, provider, model)
            if provider.price_note and (price is None or price.note):
                noted[f"{provider.title}'s figures: {provider.price_note}."] = None
    return [*noted]


def _small_print(bill: Bill, charges: Sequence[Charge]) -> list[str]:
    """What is not in the sums, the prices with a line for each place that they come from, and that all is a guess."""
    by_source: dict[str, list[str]] = {}
    unknown: list[str] = []
    for provider, model in _models(bill, charges):
        found = text.prices(model, provider, bill.prices)
        name = catalog.qualified(model.alias, provider, bill.provider)
        if not found and name not in unknown:
            unknown.append(name)
        for source, stated in found.items():
            if (line := f"{name} {stated}") not in by_source.setdefault(source, []):
                by_source[source].append(line)
    lines = [f"Prices: {'; '.join(known)} ({source})." for source, known in by_source.items()]
    if unknown:
        lines.append(f"No price is known for {catalog.listed(tuple(unknown))}.")
    if wanted := text.wanted_price(bill.provider, bill.prices):
        lines.append(wanted)
    unpriced = sum(charge.unpriced for charge in charges)
    if unpriced:
        lines.append(f"Jobs without a known price, which are not in the sums: {unpriced}.")
    return [*lines, _ESTIMATE]


def _models(bill: Bill, charges: Sequence[Charge]) -> list[tuple[catalog.Provider, catalog.Model]]:
    """Those whose prices are told: all of the provider that is set, and of others those that were asked."""
    found = [(bill.provider, catalog.MODELS[name]) for name in bill.provider.models]
    for name, model in dict.fromkeys((charge.provider, charge.model) for charge in charges):
        provider = catalog.PROVIDERS.get(name)
        if provider is not None and provider.bills and name != bill.provider.name and model in catalog.MODELS:
            found.append((provider, catalog.MODELS[model]))
    return found


def _table(rows: Sequence[Row], sums: set[int]) -> Markup:
    body = (
        _line_of("td", row, f"border-top:{OUTLINE};font-weight:600;" if number in sums else "")
        for number, row in enumerate(rows)
    )
    return Markup(  # noqa: S704  lines whose cells are escaped
        '<table style="font-size:13px;border-collapse:collapse;margin:4px 0">'
        f"<thead>{_line_of('th', HEAD, '')}</thead><tbody>{''.join(body)}</tbody></table>"
    )


def _line_of(tag: str, row: Row, style: str) -> str:
    # Of hundreds of lines a format of Markup's own for each cell would take most of the time of a bill.
    left, right = (
        f'<{tag} style="text-align:{side};padding:4px 16px 4px 0;{style}">' for side in ("left", "right")
    )
    day, who, state, jobs, usd = map(escape, row)
    after = f"</{tag}>"
    return f"<tr>{left}{day}{after}{left}{who}{after}{left}{state}{after}{right}{jobs}{after}{right}{usd}{after}</tr>"


def _line(line: str, colour: str = _TEXT) -> Markup:
    style = f"margin:4px 0;max-width:640px;overflow-wrap:anywhere;color:{colour}"
    return Markup('<p style="{}">{}</p>').format(style, line)


def _columns(rows: Sequence[Row]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return [
        "  ".join(
            line.ljust(width) if column < 3 else line.rjust(width)
            for column, (line, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
