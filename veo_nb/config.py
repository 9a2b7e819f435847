"""Settings: which provider, with which key, and where clips are kept.

Each value is taken from the first place that has it: an argument of `configure()` or `Studio(...)`,
`%config VeoMagics.name = …`, the environment (`VEO_NB_NAME`), the file `veo_nb.toml` in the working folder (for the
functions of `veo_nb` that of their first use), the default. A key has places of its own (`veo_nb.credentials.keys`) and is never read from that file: such files get committed.

`base_url`, `max_in_flight`, `requests_per_minute` and `model` are those of the provider that is set. A model may be
another's (`vertex:standard`), which has its own: of `VEO_NB_VERTEX_BASE_URL` and the like, or of a table of the file,

    [providers.vertex]
    max_in_flight = 4

which hold for it when it is the one that is set, too. Project, location and bucket are Vertex AI's, whoever is set.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from operator import index
from pathlib import Path
from typing import Any

from veo_nb import catalog
from veo_nb.credentials.addresses import base_address
from veo_nb.credentials.keys import (
    SANDBOX_KEY,
    Environment,
    Secret,
    Stores,
    kept_key,
    key_of_environment,
    missing_key,
    named_provider,
    provider_and_key,
    unsendable_key,
)
from veo_nb.errors import InvalidRequest
from veo_nb.records.late import dataclass

FILE = "veo_nb.toml"
_PATHS = "a path has / in it, or stands between single quotes: library = 'C:\\clips'."
NAMES = (
    "provider",
    "base_url",
    "library",
    "model",
    "max_in_flight",
    "requests_per_minute",
    "budget",
    "project",
    "location",
    "storage_uri",
    "store",
    "embed",
)
"""Settings that may come from the environment and the file; `api_key` has rules of its own."""
OF_A_PROVIDER = (
    "base_url",
    "model",
    "max_in_flight",
    "requests_per_minute",
    "project",
    "location",
    "storage_uri",
)
"""Those that a provider may have for itself: in its table of the file, and in variables with its name."""
_OF_ANY_PROVIDER = tuple(f"_{name}" for name in OF_A_PROVIDER)
GOOGLE_VARIABLES = {"project": "GOOGLE_CLOUD_PROJECT", "location": "GOOGLE_CLOUD_LOCATION"}
"""What Google's own tools read, after ours."""


class Elsewhere:
    """Where the settings of other providers come from than the one that is set, looked up when they are asked for."""

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        stores: Stores | None = None,
        tables: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self._environ = environ or {}
        self._stores = stores
        self._tables = tables or {}
        self._keys: dict[str, Secret] = {}
        """What the stores gave; an empty one where they had none."""

    def key(self, provider: catalog.Provider, *, ask: bool) -> Secret:
        """A provider's key; without `ask` as far as it is known without asking the stores."""
        if provider.name == "sandbox":
            return Secret(SANDBOX_KEY, "")
        if found := key_of_environment(provider, self._environ) or self._keys.get(provider.name):
            return found
        if ask:
            self._keys[provider.name] = kept_key(provider, self._stores)
        return self._keys.get(provider.name) or Secret("", "")

    def logged_in(self, provider: catalog.Provider) -> bool:
        """Whether `%veo login` has kept a key of this provider that was not looked for in vain."""
        known = self._stores is not None and provider.name in self._stores.logins()
        return known and bool(self._keys.get(provider.name, True))

    def known_keys(self) -> list[Secret]:
        """Every key that is known without asking the stores."""
        found = (self.key(one, ask=False) for one in catalog.PROVIDERS.values() if one.key_variables)
        return [key for key in found if key]

    def values(self, name: str) -> tuple[dict[str, Any], dict[str, str]]:
        """What is set for this provider alone, and where each comes from."""
        return _first_of((setting, self.places(setting, name)) for setting in OF_A_PROVIDER)

    def places(self, setting: str, name: str) -> list[tuple[str, Any]]:
        """What is set for a provider alone: by its variable, and in its table of the file."""
        if setting not in OF_A_PROVIDER:
            return [("", None), ("", None)]
        variable = variable_of(name, setting)
        table = self._tables.get(name, {})
        return [
            (variable, _variable(self._environ, variable)),
            (f"{FILE} [providers.{name}]", table.get(setting)),
        ]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Checked settings, and where each came from."""

    provider: catalog.Provider
    api_key: Secret
    base_url: str = ""
    """One base for all three calls in place of the provider's own (`VEO_NB_BASE_URL`); empty for those."""
    library: Path
    """Folder of the ledger and the videos, absolute."""
    model: str
    """A full id that the provider serves; `vertex:veo-3.1-generate-001` where it is another's. Empty where each request has
    to name one."""
    max_in_flight: int
    """How many operations run at the provider at once."""
    requests_per_minute: int | None = None
    """How many requests for clips go out in a minute at most; None for as many as the provider takes."""
    budget: float | None = None
    """USD that the clips of the library may cost by estimate (`VEO_NB_BUDGET`); None for no limit."""
    prices: tuple[catalog.Price, ...] = field(default_factory=lambda: tuple(catalog.PRICES))
    """Those of the file, then the catalog's; the first that fits a clip is its price (`catalog.find_price`)."""
    project: str = ""
    """Google Cloud project, for Vertex AI."""
    location: str = "us-central1"
    """Google Cloud location, for Vertex AI; `global` for none in particular."""
    storage_uri: str = ""
    """`gs://bucket/folder` where Vertex AI puts the videos (`VEO_NB_STORAGE_URI`); empty to have them in its answers."""
    store: bool = True
    """Whether Google stores what Omni is asked (`VEO_NB_STORE`); else a request holds the line until its clip is made."""
    embed: bool = False
    """Whether clips go into the notebook itself (`VEO_NB_EMBED`), which then plays them anywhere and grows by 4/3 of their size."""
    sources: Mapping[str, str] = field(default_factory=dict)
    _elsewhere: Elsewhere = field(default_factory=Elsewhere, repr=False, compare=False)
    """What the other providers' settings are made of (`at`)."""
    _home: Settings | None = field(default=None, repr=False, compare=False)
    """Those from which these were asked for."""

    @property
    def needs_key(self) -> bool:
        """Whether nothing can be sent without a key: Google's own credentials do where a project is named."""
        return bool(self.provider.key_variables) and not (self.provider.keyless and self.project)

    @property
    def has_address(self) -> bool:
        """Whether it is known where the provider is. Of a gateway only its user knows; the sandbox is started."""
        return bool(self.base_url or self.provider.submit_base) or not self.provider.key_variables

    @property
    def has_access(self) -> bool:
        """Whether something can be sent: there is an address, and a key or none is needed."""
        return self.has_address and (bool(self.api_key) or not self.needs_key)

    def holds(self, model: str) -> bool:
        """Whether a request for this model is answered when its clip is made, and not with a name to ask for."""
        known = catalog.MODELS.get(model)
        return not self.store and known is not None and self.provider.dialect_of(known) == "interactions"

    def key_or_raise(self) -> Secret:
        """The key, or a sentence on where to put one; an empty one where none is needed.

        Raises:
            InvalidRequest: nobody said where the provider is.
            AuthenticationError: this provider needs a key and none was found, or it can't be one.
        """
        if not self.has_address:
            raise missing_address(self.provider)
        if not self.api_key.can_be_sent():
            raise unsendable_key(self.api_key.source)
        if not self.has_access:
            raise missing_key(self.provider)
        return self.api_key

    # Several providers

    @property
    def home(self) -> Settings:
        """The settings of the provider that is set: these, or those that these were asked for from."""
        return self._home or self

    def provider_of(self, name: str) -> catalog.Provider:
        """The provider with this name: the one that is set, wherever it is, or one of the catalog's.

        Raises:
            InvalidRequest: there is none.
        """
        return next(
            (one.provider for one in (self, self.home) if one.provider.name == name), None
        ) or named_provider(name)

    def at(self, name: str, *, ask: bool = True) -> Settings:
        """The settings for a provider by its name: its own key, address, limits and model, the same library, budget and prices.

        Its key is looked for in all places, so a keyring may ask for its password; not without `ask`.

        Raises:
            InvalidRequest: there is no such provider, or what is set for it is wrong.
        """
        return self._at(self.provider_of(name), ask=ask)

    def opens(self, name: str) -> bool:
        """Whether a provider can be sent to, as far as that is known without asking for a key; never raises."""
        try:
            provider = self.provider_of(name)
            found = self._at(provider, ask=False)
            return found.has_address and (found.has_access or self._elsewhere.logged_in(provider))
        except InvalidRequest:
            return False

    @property
    def keyed(self) -> tuple[str, ...]:
        """The providers that can be asked with the keys that are here, by name; no keyring is opened to find out."""
        return tuple(one.name for one in catalog.PROVIDERS.values() if one.bills and self.opens(one.name))

    def allowed(self, name: str) -> tuple[int, int | None]:
        """How many clips this provider makes at once, and how many requests go out to it in a minute; None for any number."""
        found = self.at(name, ask=False)
        return found.max_in_flight, found.requests_per_minute

    def reaches(self, name: str) -> bool:
        """As `opens`, with a key that `%veo login` has kept looked for now."""
        return self.opens(name) and self.at(name).has_access

    def others(self) -> list[str]:
        """The names of the other providers with a key, as far as that is known without asking for one."""
        return [name for name in self.keyed if name != self.provider.name]

    def known_keys(self) -> list[Secret]:
        """Every key that is known here, for a text that one may have got into."""
        return [self.api_key, self.home.api_key, *self._elsewhere.known_keys()]

    def _at(self, provider: catalog.Provider, *, ask: bool) -> Settings:
        if provider.name == self.provider.name:
            return self
        if provider.name == self.home.provider.name:
            return self.home
        values, sources = self._elsewhere.values(provider.name)
        key = self._elsewhere.key(provider, ask=ask)
        return replace(
            self,
            _home=self.home,
            provider=provider,
            api_key=key,
            base_url=base_address(values.get("base_url", "")),
            model=_model(str(values.get("model", provider.default_model)), provider),
            max_in_flight=_count("max_in_flight", values.get("max_in_flight", provider.in_flight)),
            requests_per_minute=_per_minute(values, provider),
            project=_cloud_name(values, "project", self.home.project),
            location=_cloud_name(values, "location", self.home.location),
            storage_uri=_storage_uri(values.get("storage_uri", self.home.storage_uri)),
            sources=sources | ({"api_key": key.source} if key.source else {}),
        )

    def whose(self, model: str) -> str:
        """Which other providers have a model that is not here, those with a key first, as a hint; empty where none has."""
        if ":" in model:
            return ""
        found = [
            one.name
            for one in catalog.PROVIDERS.values()
            if one.bills
            and not one.any_model
            and one.name != self.provider.name
            and catalog.find_model(model, one)
        ]
        able = [name for name in found if self.opens(name)]
        names = catalog.listed(tuple(f'"{name}:{model}"' for name in able or found))
        if able:
            return f"Say whose it is: model={names}."
        keys = tuple(variable for name in found for variable in catalog.PROVIDERS[name].key_variables[:1])
        return f"model={names} is, with a key in {catalog.listed(keys)}." if found else ""


def resolve_settings(
    arguments: Mapping[str, Any],
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    folder: Path,
    stores: Stores | None = None,
) -> Settings:
    """Settings from the four places, first one first; `folder` is the working folder, `stores` keep keys.

    Without a provider it is the first whose key is set, else one that was logged in to, else the sandbox.

    Raises:
        InvalidRequest: a name or a value is not one that is known.
    """
    # From here on no variable of these frames shows a key, whatever prints them.
    environ = Environment(environ)
    for name in arguments:
        if name not in (*NAMES, "api_key"):
            raise InvalidRequest(
                f"There is no setting {name!r}.", hint=catalog.did_you_mean(name, [*NAMES, "api_key"])
            )
    _refuse_misspelt(environ)
    file = _read_file(folder / FILE)
    elsewhere = Elsewhere(environ, stores, _tables(file.get("providers", {})))

    def places(name: str, provider: str = "") -> list[tuple[str, Any]]:
        variable, googles = f"VEO_NB_{name.upper()}", GOOGLE_VARIABLES.get(name, "")
        own, table = elsewhere.places(name, provider)
        return [
            ("configure()", arguments.get(name)),
            ("%config", options.get(name)),
            own,
            (variable, _variable(environ, variable)),
            (googles, _variable(environ, googles)),
            table,
            (FILE, file.get(name)),
        ]

    chosen, source = _first_of([("provider", places("provider"))])
    provider, key, why = provider_and_key(chosen.get("provider"), arguments.get("api_key"), environ, stores)
    values, sources = _first_of((name, places(name, provider.name)) for name in NAMES)
    sources |= source
    if why:
        sources["provider"] = why
    if key.source:
        sources["api_key"] = key.source
    settings = Settings(
        provider=provider,
        api_key=key,
        base_url=base_address(values.get("base_url", "")),
        library=_folder(values.get("library", "veo_library"), folder),
        model="",
        max_in_flight=_count("max_in_flight", values.get("max_in_flight", provider.in_flight)),
        requests_per_minute=_per_minute(values, provider),
        budget=_budget(values.get("budget")),
        prices=_prices(file.get("prices", {})),
        project=_cloud_name(values, "project", ""),
        location=_cloud_name(values, "location", "us-central1"),
        storage_uri=_storage_uri(values.get("storage_uri", "")),
        store=_switch("store", values.get("store", True)),
        embed=_switch("embed", values.get("embed", False)),
        sources=sources,
        _elsewhere=elsewhere,
    )
    name = str(values.get("model", provider.default_model))
    return replace(settings, model=_model(name, provider, settings.whose))


def _first_of(
    settings: Iterable[tuple[str, Iterable[tuple[str, Any]]]],
) -> tuple[dict[str, Any], dict[str, str]]:
    """The value of each setting, of its first place that has one, and which place that is."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name, places in settings:
        for place, value in places:
            if value not in (None, ""):
                values[name], sources[name] = value, place
                break
    return values, sources


def missing_address(provider: catalog.Provider) -> InvalidRequest:
    """The error for a provider of which nobody said where it is."""
    return InvalidRequest(
        f"Nobody said where the {provider.title.lower()} is.",
        hint=f"Set VEO_NB_BASE_URL, such as https://gateway.example.com; beside other providers "
        f"VEO_NB_{provider.name.upper()}_BASE_URL.",
        field="base_url",
    )


_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def _switch(name: str, value: Any) -> bool:
    said = str(value).strip().lower() if isinstance(value, (bool, str)) else ""
    if said not in _ON + _OFF:
        raise InvalidRequest(f"{name} can't be {catalog.shown(value)}.", hint="True or false.", field=name)
    return said in _ON


def variable_of(provider: str, setting: str) -> str:
    """The variable that has a setting for one provider: `VEO_NB_VERTEX_BASE_URL`."""
    return f"VEO_NB_{re.sub(r'[^A-Z0-9]', '_', provider.upper())}_{setting.upper()}"


def _refuse_misspelt(environ: Iterable[str]) -> None:
    """Refuse a variable that is nearly a setting's: a budget that is not read is none."""
    for variable in environ:
        name = variable.removeprefix("VEO_NB_").lower()
        if not variable.startswith("VEO_NB_") or name in NAMES or name.endswith(_OF_ANY_PROVIDER):
            continue
        if meant := catalog.nearest(name, NAMES):
            hint = f"Did you mean VEO_NB_{meant.upper()}?"
            raise InvalidRequest(f"There is no setting {variable}.", hint=hint)


def _variable(environ: Mapping[str, str], name: str) -> str:
    """A variable's value; a file of variables may have left its quotes around it."""
    return catalog.unquoted(environ.get(name, ""))


def _read_file(path: Path) -> dict[str, Any]:
    text = ""
    try:
        text = _decoded(path.read_bytes())
        # Few have the file: nobody else loads what reads it.
        import tomllib

        found: dict[str, Any] = tomllib.loads(text)
    except FileNotFoundError:
        hidden = path.with_name(f"{path.name}.txt")
        if hidden.exists():
            # Where endings are hidden it looks like the right one, and its budget would not hold.
            raise InvalidRequest(
                f"{hidden.name} is not read: it must be called {FILE}.",
                hint="Rename it, with the endings of files shown.",
            ) from None
        return {}
    except (OSError, RecursionError, ValueError) as error:
        reason, hint = getattr(error, "strerror", None) or str(error), "Mend it or take it away."
        if isinstance(error, UnicodeDecodeError):
            reason, hint = "it is no text in UTF-8", "Save it as UTF-8."
        elif "\\" in text:
            hint = f"Mend it: {_PATHS}"
        raise InvalidRequest(f"{FILE} can't be read: {reason}.", hint=hint) from None
    for name in found:
        _refuse_key(name)
        if name not in (*NAMES, "prices", "providers"):
            raise InvalidRequest(
                f"{FILE} has an unknown setting {name!r}.",
                hint=catalog.did_you_mean(name, [*NAMES, "prices", "providers"]),
            )
    return found


def _decoded(data: bytes) -> str:
    """The text of a file of settings, in the forms in which editors save one.

    Raises:
        UnicodeDecodeError: it is in none of them.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    if b"\0" in data:
        raise UnicodeDecodeError("utf-8", data, data.index(b"\0"), len(data), "no text has this")
    return data.decode("utf-8-sig")


def _folder(value: Any, folder: Path) -> Path:
    if isinstance(value, str) and re.search(r"[\x07-\x0d]", value):
        # `"C:\new"` holds the end of a line.
        raise InvalidRequest(
            f"library can't be {catalog.shown(value)}.",
            hint=f"{_PATHS[:1].upper()}{_PATHS[1:]}",
            field="library",
        )
    try:
        path = folder / Path(value).expanduser()
        real = path.resolve()
    except (TypeError, ValueError, RuntimeError, OSError):
        raise InvalidRequest(
            f"library can't be {catalog.shown(value)}.", hint="Give the path of a folder.", field="library"
        ) from None
    # By the name that was given: a Jupyter server serves what a link leads to under the link's name alone.
    return real if ".." in path.parts else path.absolute()


def _model(name: str, default: catalog.Provider, whose: Callable[[str], str] = lambda _: "") -> str:
    """The full name of a model; `whose` gives the hint for one that others have."""
    if not name and default.any_model:
        return ""
    provider, alias = catalog.find_served(name, default)
    model = catalog.find_model(alias, provider)
    if model is None:
        hint = whose(name) or catalog.did_you_mean(alias, catalog.model_names(provider))
        raise InvalidRequest(f"{provider.title} has no model {alias!r}.", hint=hint, field="model")
    return catalog.qualified(model.id, provider, default)


def _tables(found: Any) -> dict[str, dict[str, Any]]:
    """The tables of the providers in the file.

    Raises:
        InvalidRequest: one is of no provider, or holds what can't be set for one.
    """
    tables = found if isinstance(found, dict) else {}
    for name, table in tables.items():
        if name not in catalog.PROVIDERS:
            hint = catalog.did_you_mean(name, [*catalog.PROVIDERS])
            raise InvalidRequest(f"{FILE}: [providers.{name}] is no provider's.", hint=hint)
        for setting in table if isinstance(table, dict) else ():
            _refuse_key(setting)
            if setting not in OF_A_PROVIDER:
                hint = catalog.did_you_mean(setting, [*OF_A_PROVIDER])
                raise InvalidRequest(f"{FILE}: [providers.{name}] has no setting {setting!r}.", hint=hint)
    if not isinstance(found, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise InvalidRequest(
            f"{FILE}: providers must be tables.",
            hint='Write [providers.vertex], and under it location = "global".',
        )
    return tables


def _refuse_key(name: str) -> None:
    if "key" in name.lower():
        raise InvalidRequest(
            f"{FILE} holds a key, and such files get committed.",
            hint="Take it out and set the provider's variable instead, such as GPTPROTO_API_KEY.",
        )


def _cloud_name(values: Mapping[str, Any], name: str, default: str) -> str:
    """A project's or location's name; it becomes part of an address, so nothing else may."""
    value = str(values.get(name, default))
    if value and not re.fullmatch(r"[a-z0-9][a-z0-9:.-]{0,98}", value):
        example = "my-project" if name == "project" else "us-central1"
        raise InvalidRequest(
            f"{name} can't be {catalog.shown(value)}.", hint=f"It looks like {example}.", field=name
        )
    return value


def _storage_uri(value: Any) -> str:
    text = str(value).rstrip("/")
    if text and not re.fullmatch(r"gs://[a-z0-9][a-z0-9._-]{1,220}(/[^\s?#]*)?", text):
        raise InvalidRequest(
            f"storage_uri can't be {catalog.shown(value)}.",
            hint="It looks like gs://bucket/folder.",
            field="storage_uri",
        )
    return text


def _per_minute(values: Mapping[str, Any], provider: catalog.Provider) -> int | None:
    name = "requests_per_minute"
    return _count(name, values[name]) if name in values else provider.requests_per_minute


def _count(name: str, value: Any) -> int:
    try:
        count = int(value) if isinstance(value, str) else index(value)
    except (TypeError, ValueError):
        count = 0
    if isinstance(value, bool):
        count = 0
    if count < 1:
        raise InvalidRequest(
            f"{name} can't be {catalog.shown(value)}.", hint="Give a whole number from 1.", field=name
        )
    return count


def _budget(value: Any) -> float | None:
    amount = None if value is None else catalog.read_amount(value)
    if amount is None and value is not None:
        raise InvalidRequest(
            f"budget can't be {catalog.shown(value)}.",
            hint="Give an amount in USD, such as 20.",
            field="budget",
        )
    return amount


def _prices(table: Any) -> tuple[catalog.Price, ...]:
    prices, problems = catalog.read_prices(table, f"your {FILE}")
    if problems:
        raise InvalidRequest(f"{FILE}: {problems[0].message}", hint=problems[0].hint, field="prices")
    return prices
