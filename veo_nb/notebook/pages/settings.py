"""The page that `%veo config` shows: each setting, its value, and where it came from. Never the key."""

from __future__ import annotations

from dataclasses import fields

from IPython.display import HTML
from markupsafe import Markup

from veo_nb import catalog
from veo_nb.config import Settings
from veo_nb.credentials.keys import Secret
from veo_nb.notebook import text
from veo_nb.notebook.display import PlainHTML


def settings_page(settings: Settings, now: float) -> HTML:
    """A row a setting, whatever settings there are; `now` in seconds since 1970."""
    rows = setting_rows(settings, now)
    first, second = (max(len(row[at]) for row in rows) + 2 for at in (0, 1))
    text = "\n".join(f"{name:<{first}}{value:<{second}}{source}" for name, value, source in rows)
    row = Markup(
        '<tr><td style="text-align:left;padding:2px 16px 2px 0"><code>{}</code></td>'
        '<td style="text-align:left;padding:2px 16px 2px 0">{}</td>'
        '<td style="text-align:left;padding:2px 0">{}</td></tr>'
    )
    body = Markup("").join(row.format(*cells) for cells in rows)
    return PlainHTML(Markup('<table style="font-size:13px;margin:4px 0">{}</table>').format(body), text)


def setting_rows(settings: Settings, now: float) -> list[tuple[str, str, str]]:
    """The name, the value and the source of each setting."""
    names = [item.name for item in fields(settings) if item.name != "sources" and item.repr] + ["keyed"]
    rows = [(name, _shown(getattr(settings, name)), settings.sources.get(name, "default")) for name in names]
    wanted = text.wanted_price(settings.provider, settings.prices)
    served, model = catalog.find_served(settings.model, settings.provider)
    ending = catalog.ending(model, served, now)
    chosen = settings.sources.get("model", f"the default of {settings.provider.title}")
    more = {
        "prices": (_prices(settings), wanted or settings.sources.get("prices", "default")),
        "keyed": (_shown(settings.keyed), "the keys that are here"),
        "model": (settings.model, f"{chosen}. {ending}" if ending else chosen),
    }
    return [(name, *more.get(name, (shown, source))) for name, shown, source in rows]


def _shown(value: object) -> str:
    if isinstance(value, Secret):
        return "set, not shown" if value else "not set"
    if isinstance(value, catalog.Provider):
        return value.name
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "not set" if value in ("", None) else str(value)


def _prices(settings: Settings) -> str:
    """What the provider's models cost; those that cost the same by the same name are one entry."""
    provider = settings.provider
    shown = (
        f"{model.alias} {stated}{f' ({provider.price_note})' if provider.price_note and provider.price_note in where else ''}"
        for model in (catalog.model(name) for name in provider.models)
        for where, stated in text.prices(model, provider, settings.prices).items()
    )
    return "; ".join(dict.fromkeys(shown)) or "none"
