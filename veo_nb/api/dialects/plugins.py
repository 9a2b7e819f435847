"""The packages that bring providers: found by their entry points, checked, and added; one that is broken is left out.

Nothing is looked for at import, but when the first studio or client is made, and then once in a process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import fields
from importlib import metadata

from veo_nb import catalog
from veo_nb.api.body import words
from veo_nb.api.dialects.dialect import FORMS, Place
from veo_nb.api.dialects.foreign import PROTOCOL, Dialect, Foreign, Plugin
from veo_nb.notices import tell
from veo_nb.records.late import dataclass

GROUP = "veo_nb.providers"


@dataclass(frozen=True)
class Package:
    """A package that brings providers: their names, or why it was left out."""

    name: str
    version: str
    providers: tuple[str, ...] = ()
    trouble: str = ""


_lock = threading.RLock()
_packages: list[Package] | None = None


def load_plugins() -> tuple[Package, ...]:
    """The packages that bring providers, which are in the catalog from then on."""
    global _packages  # noqa: PLW0603  one catalog a process
    with _lock:
        if _packages is None:
            # A package that makes a studio while it is imported finds none yet.
            _packages = []
            for point in _entry_points():
                package = _load(point)
                _packages.append(package)
                if package.trouble:
                    tell(
                        f"{package.name} {package.version} brings no provider: {package.trouble.rstrip('.')}. "
                        "Everything else works; update or uninstall it."
                    )
        return tuple(_packages)


def _entry_points() -> list[metadata.EntryPoint]:
    """Those of our group, each package's once: the first on Python's path is the one that is imported."""
    found: dict[str, metadata.EntryPoint] = {}
    for installed in metadata.distributions():
        try:
            # Half the time of asking for the group, which reads the entry points of every package.
            if GROUP not in (installed.read_text("entry_points.txt") or ""):
                continue
            for point in installed.entry_points.select(group=GROUP):
                found.setdefault(f"{installed.name.lower().replace('_', '-')} {point.name}", point)
        except Exception as error:  # noqa: BLE001  of whatever else is installed, something may be broken
            tell(f"The entry points of an installed package can't be read: {words(str(error))}")
    return [found[name] for name in sorted(found)]


def _load(point: metadata.EntryPoint) -> Package:
    name = point.dist.name if point.dist else point.name
    version = point.dist.version if point.dist else ""
    try:
        plugin = point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001  it may do anything
        return Package(name, version, trouble=f"{type(error).__name__}: {words(str(error))}")
    try:
        providers = _add(plugin, f"{name} {version}".strip())
    except Exception as error:  # noqa: BLE001  a value in it may be anything
        ours = isinstance(error, ValueError)
        said = words(str(error))
        return Package(name, version, trouble=said if ours else f"{type(error).__name__}: {said}")
    return Package(name, version, providers)


def _add(plugin: object, package: str) -> tuple[str, ...]:
    """Add what a package brings, and give the names of its providers.

    Raises:
        ValueError: something is wrong with it; nothing was added.
    """
    if not isinstance(plugin, Plugin):
        raise ValueError(f"its entry point names {catalog.shown(plugin)}, which is no Plugin")  # noqa: TRY004
    if plugin.protocol != PROTOCOL:
        raise ValueError(
            f"it was written for version {catalog.shown(plugin.protocol)} of the plugin protocol, and this veo_nb knows "
            f"{PROTOCOL}"
        )
    for one in fields(plugin):
        if one.name != "protocol" and not isinstance(getattr(plugin, one.name), (tuple, list)):
            raise ValueError(f"{one.name} is no tuple")
    dialects: dict[str, Dialect] = {}
    for dialect in plugin.dialects:
        _check_dialect(dialect)
        if dialect.name in dialects:
            raise ValueError(f"the dialect {dialect.name} is there twice")
        dialects[dialect.name] = dialect
    catalog.register(
        catalog.Entries(
            providers=plugin.providers,
            models=plugin.models,
            prices=plugin.prices,
            rules=plugin.rules,
            dialects={
                name: catalog.Spoken(fields=tuple(one.fields), sources=one.sources)
                for name, one in dialects.items()
            },
        )
    )
    for name, dialect in dialects.items():
        FORMS[name] = _maker(dialect, package)
    return tuple(one.name for one in plugin.providers)


def _maker(dialect: Dialect, package: str) -> Callable[[Place], Foreign]:
    def make(at: Place) -> Foreign:
        return Foreign(
            dialect=dialect,
            package=package,
            submit_base=at.base or at.provider.submit_base,
            poll_base=at.base or at.provider.poll_base,
        )

    return make


def _check_dialect(dialect: object) -> None:
    if not isinstance(dialect, Dialect):
        raise ValueError(f"{catalog.shown(dialect)} is no Dialect")  # noqa: TRY004
    kind = type(dialect)
    for name in ("submit", "read_submitted", "poll", "read_operation"):
        if getattr(kind, name) is getattr(Dialect, name):
            raise ValueError(f"the dialect {kind.__name__} has no {name}")
    if not isinstance(dialect.fields, (tuple, list)):
        raise ValueError(f"the fields of the dialect {kind.__name__} are no tuple")  # noqa: TRY004
