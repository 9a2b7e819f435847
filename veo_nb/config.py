"""Settings: which provider, with which key, and where clips are kept.

Each value is taken from the first place that has it: an argument of `configure()` or `Studio(...)`,
`%config VeoMagics.name = …`, the environment (`VEO_NB_NAME`; keys under their provider's own variable),
the file `veo_nb.toml` in the working folder, the default. A key is never read from that file: such files get
committed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from veo_nb import catalog
from veo_nb.errors import AuthenticationError, InvalidRequest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "veo_nb.toml"
SANDBOX_KEY = "sk-sandbox"
"""The key of a sandbox that was started without one; it opens nothing else."""

NAMES = ("provider", "base_url", "library", "model", "max_in_flight")
"""Settings that may come from the environment and the file; `api_key` has rules of its own."""


class Secret:
    """A key that does not show itself: not in a repr, a log or a traceback."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself; call it only where the header is written."""
        return self._value

    def tail(self) -> str:
        """The last four characters, for a person to tell two keys apart; nothing of a short key."""
        return f"…{self._value[-4:]}" if len(self._value) >= 12 else "…"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret('****')"

    __str__ = __repr__


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Checked settings, and where each came from."""

    provider: catalog.Provider
    api_key: Secret
    base_url: str = ""
    """One base for submit, poll and download in place of the provider's own; empty for those."""
    library: Path
    """Folder of the ledger and the videos, absolute."""
    model: str = catalog.DEFAULT_MODEL
    max_in_flight: int
    """How many operations run at the provider at once."""
    sources: Mapping[str, str] = field(default_factory=dict)

    def key_or_raise(self) -> Secret:
        """The key, or a sentence on where to put one.

        Raises:
            AuthenticationError: this provider needs a key and none was found.
        """
        if not self.api_key:
            name = " or ".join(self.provider.key_variables)
            raise AuthenticationError(
                f"{self.provider.title} needs a key and none was found.",
                hint=f"Set {name} and restart the kernel, or use VEO_NB_PROVIDER=sandbox to try without one.",
                variable=name,
            )
        return self.api_key


def resolve_settings(
    arguments: Mapping[str, Any],
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    folder: Path,
) -> Settings:
    """Settings from the four places, first one first; `folder` is the working folder.

    Without a provider it is GPTProto where its key is set, and the sandbox otherwise.

    Raises:
        InvalidRequest: a name or a value is not one that is known.
    """
    for name in arguments:
        if name not in (*NAMES, "api_key"):
            raise InvalidRequest(
                f"There is no setting {name!r}.", hint=catalog.did_you_mean(name, [*NAMES, "api_key"])
            )
    file = _read_file(folder / FILE)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name in NAMES:
        variable = f"VEO_NB_{name.upper()}"
        for place, value in (
            ("configure()", arguments.get(name)),
            ("%config", options.get(name)),
            (variable, environ.get(variable)),
            (FILE, file.get(name)),
        ):
            if value not in (None, ""):
                values[name], sources[name] = value, place
                break
    provider, key = _provider_and_key(arguments, environ, values, sources)
    return Settings(
        provider=provider,
        api_key=key,
        base_url=_base_url(values.get("base_url", "")),
        library=(folder / Path(values.get("library", "veo_library")).expanduser()).resolve(),
        model=_model(str(values.get("model", catalog.DEFAULT_MODEL)), provider),
        max_in_flight=_count(values.get("max_in_flight", provider.in_flight)),
        sources=sources,
    )


def _provider_and_key(
    arguments: Mapping[str, Any],
    environ: Mapping[str, str],
    values: Mapping[str, Any],
    sources: dict[str, str],
) -> tuple[catalog.Provider, Secret]:
    keys: dict[str, tuple[str, str]] = {}
    for provider in catalog.PROVIDERS.values():
        for variable in provider.key_variables:
            if environ.get(variable, "").strip() and provider.name not in keys:
                keys[provider.name] = (environ[variable].strip(), variable)
    name = values.get("provider")
    if name is None:
        # A key given by hand without a provider is meant for the one this project exists for.
        name = "gptproto" if arguments.get("api_key") else next(iter(keys), "sandbox")
        sources["provider"] = (
            "configure()" if arguments.get("api_key") else keys.get(name, ("", "default"))[1]
        )
    if name not in catalog.PROVIDERS:
        hint = catalog.did_you_mean(str(name), list(catalog.PROVIDERS))
        raise InvalidRequest(f"There is no provider {name!r}.", hint=hint, field="provider")
    if arguments.get("api_key"):
        key = arguments["api_key"]
        sources["api_key"] = "configure()"
        return catalog.PROVIDERS[name], key if isinstance(key, Secret) else Secret(str(key).strip())
    if name == "sandbox":
        return catalog.PROVIDERS[name], Secret(SANDBOX_KEY)
    value, variable = keys.get(name, ("", ""))
    if variable:
        sources["api_key"] = variable
    return catalog.PROVIDERS[name], Secret(value)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidRequest(f"{FILE} can't be read: {error}.", hint="Mend it or take it away.") from None
    for name in found:
        if name == "api_key":
            raise InvalidRequest(
                f"{FILE} holds a key, and such files get committed.",
                hint="Take it out and set the provider's variable instead, such as GPTPROTO_API_KEY.",
            )
        if name not in NAMES:
            raise InvalidRequest(
                f"{FILE} has an unknown setting {name!r}.", hint=catalog.did_you_mean(name, list(NAMES))
            )
    return found


def _base_url(value: Any) -> str:
    text = str(value).rstrip("/")
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query):
        raise InvalidRequest(
            f"{value!r} is no base address.",
            hint="Give one like https://gateway.example.com.",
            field="base_url",
        )
    return text


def _model(name: str, provider: catalog.Provider) -> str:
    model = catalog.find_model(name, provider)
    if model is None:
        hint = catalog.did_you_mean(name, catalog.model_names(provider))
        raise InvalidRequest(f"{provider.title} has no model {name!r}.", hint=hint, field="model")
    return model.id


def _count(value: Any) -> int:
    try:
        count = int(value)
    except (TypeError, ValueError):
        count = 0
    if count < 1:
        raise InvalidRequest(
            f"max_in_flight can't be {value!r}.", hint="Give a whole number from 1.", field="max_in_flight"
        )
    return count
