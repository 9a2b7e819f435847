"""Settings: which provider, with which key, and where clips are kept.

Each value is taken from the first place that has it: an argument of `configure()` or `Studio(...)`,
`%config VeoMagics.name = …`, the environment (`VEO_NB_NAME`; keys under their provider's own variable),
the file `veo_nb.toml` in the working folder, the default. A key is never read from that file: such files get
committed.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import index
from pathlib import Path
from typing import Any, NoReturn
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

NAMES = (
    "provider",
    "base_url",
    "library",
    "model",
    "max_in_flight",
    "project",
    "location",
    "storage_uri",
)
"""Settings that may come from the environment and the file; `api_key` has rules of its own."""
GOOGLE_VARIABLES = {"project": "GOOGLE_CLOUD_PROJECT", "location": "GOOGLE_CLOUD_LOCATION"}
"""What Google's own tools read, after ours."""


class Secret:
    """A key that does not show itself: not in a repr, a log or a traceback, and that can't be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value.strip()

    def reveal(self) -> str:
        """The key itself; call it only where the header is written."""
        return self._value

    def tail(self) -> str:
        """The last four characters, for a person to tell two keys apart; nothing of a short key."""
        return f"…{self._value[-4:]}" if len(self._value) >= 12 else "…"

    def can_be_sent(self) -> bool:
        """Whether it fits in a header. What does not would be quoted, whole, in the error of whoever tries."""
        return re.fullmatch(r"[!-~]*", self._value) is not None

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret('****')"

    __str__ = __repr__

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("A key can't be pickled: it would be written down.")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Checked settings, and where each came from."""

    provider: catalog.Provider
    api_key: Secret
    base_url: str = ""
    """One base for submit, poll and download in place of the provider's own; empty for those."""
    library: Path
    """Folder of the ledger and the videos, absolute."""
    model: str
    """A full id that the provider serves."""
    max_in_flight: int
    """How many operations run at the provider at once."""
    project: str = ""
    """Google Cloud project, for Vertex AI."""
    location: str = "us-central1"
    """Google Cloud location, for Vertex AI; `global` for none in particular."""
    storage_uri: str = ""
    """`gs://bucket/folder` where Vertex AI puts the videos; empty to have them in its answers."""
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_access(self) -> bool:
        """Whether there is a key, or a project for which this machine's Google credentials stand in for one."""
        return bool(self.api_key) or (self.provider.keyless and bool(self.project))

    def key_or_raise(self) -> Secret:
        """The key, or a sentence on where to put one; empty where this machine's Google credentials stand in for it.

        Raises:
            AuthenticationError: this provider needs a key and none was found, or it can't be one.
        """
        if not self.api_key.can_be_sent():
            raise unsendable_key(self.sources.get("api_key", ""))
        if not self.has_access:
            raise missing_key(self.provider)
        return self.api_key


def missing_key(provider: catalog.Provider) -> AuthenticationError:
    """The error for a provider that needs a key where there is none."""
    name = " or ".join(provider.key_variables)
    if provider.keyless:
        return AuthenticationError(
            f"{provider.title} needs a project or a key and neither was found.",
            hint=f"Set GOOGLE_CLOUD_PROJECT to use this machine's Google credentials, or {name} for express mode.",
            variable=f"GOOGLE_CLOUD_PROJECT or {name}",
        )
    return AuthenticationError(
        f"{provider.title} needs a key and none was found.",
        hint=f"Set {name} and restart the kernel, or use VEO_NB_PROVIDER=sandbox to try without one.",
        variable=name,
    )


def unsendable_key(source: str) -> AuthenticationError:
    """The error for a key with characters that no header takes; `source` says where it was found."""
    return AuthenticationError(
        f"The key{f' from {source}' if source else ''} holds characters that no key has.",
        hint="Copy it again, without spaces, quotes or line breaks in it.",
    )


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
            (GOOGLE_VARIABLES.get(name, ""), environ.get(GOOGLE_VARIABLES.get(name, ""))),
            (FILE, file.get(name)),
        ):
            if value not in (None, ""):
                values[name], sources[name] = value, place
                break
    provider, key = _provider_and_key(arguments, environ, values, sources)
    return Settings(
        provider=provider,
        api_key=key,
        base_url=base_address(values.get("base_url", "")),
        library=_folder(values.get("library", "veo_library"), folder),
        model=_model(str(values.get("model", catalog.DEFAULT_MODEL)), provider),
        max_in_flight=_count(values.get("max_in_flight", provider.in_flight)),
        project=_cloud_name(values, "project", ""),
        location=_cloud_name(values, "location", "us-central1"),
        storage_uri=_storage_uri(values.get("storage_uri", "")),
        sources=sources,
    )


def _provider_and_key(
    arguments: Mapping[str, Any],
    environ: Mapping[str, str],
    values: Mapping[str, Any],
    sources: dict[str, str],
) -> tuple[catalog.Provider, Secret]:
    keys: dict[str, tuple[Secret, str]] = {}
    for provider in catalog.PROVIDERS.values():
        for variable in provider.key_variables:
            if environ.get(variable, "").strip() and provider.name not in keys:
                keys[provider.name] = (Secret(environ[variable]), variable)
    given = arguments.get("api_key") or ""
    given = given if isinstance(given, Secret) else Secret(str(given))
    name = values.get("provider")
    if name is None:
        # A key given by hand without a provider is meant for the one this project exists for.
        name = "gptproto" if given else next(iter(keys), "sandbox")
        sources["provider"] = "configure()" if given else keys.get(name, ("", "default"))[1]
    if not isinstance(name, str) or name not in catalog.PROVIDERS:
        hint = catalog.did_you_mean(str(name), list(catalog.PROVIDERS))
        raise InvalidRequest(f"There is no provider {catalog.shown(name)}.", hint=hint, field="provider")
    if given:
        sources["api_key"] = "configure()"
        return catalog.PROVIDERS[name], given
    if name == "sandbox":
        return catalog.PROVIDERS[name], Secret(SANDBOX_KEY)
    key, variable = keys.get(name, (Secret(""), ""))
    if variable:
        sources["api_key"] = variable
    return catalog.PROVIDERS[name], key


def _read_file(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, RecursionError, tomllib.TOMLDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidRequest(f"{FILE} can't be read: {reason}.", hint="Mend it or take it away.") from None
    for name in found:
        if "key" in name.lower():
            raise InvalidRequest(
                f"{FILE} holds a key, and such files get committed.",
                hint="Take it out and set the provider's variable instead, such as GPTPROTO_API_KEY.",
            )
        if name not in NAMES:
            raise InvalidRequest(
                f"{FILE} has an unknown setting {name!r}.", hint=catalog.did_you_mean(name, list(NAMES))
            )
    return found


def base_address(value: Any) -> str:
    """One base for all three calls, without a slash at its end; empty for the provider's own.

    Raises:
        InvalidRequest: it is no http(s) address, holds a password, or would send the key in the clear.
    """
    text = str(value).strip().rstrip("/")
    if not text:
        return ""
    if "@" in text:
        # Not quoted: what stands before the sign is a password.
        raise InvalidRequest(
            "base_url can't hold a user name or a password.", hint="Give the address alone.", field="base_url"
        )
    try:
        parts = urlsplit(text)
        host = parts.hostname if parts.port != 0 else None
        if "[" in text:
            # Only from Python 3.11 on does urlsplit look into the brackets.
            ipaddress.ip_address(host or "")
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or re.search(r"[?#\\\s]", text):
        raise InvalidRequest(
            f"{catalog.shown(value)} is no base address.",
            hint="Give one like https://gateway.example.com.",
            field="base_url",
        )
    if parts.scheme == "http" and not is_private(host):
        raise InvalidRequest(
            f"base_url would send the key to {host} in the clear.",
            hint="Use https://; http:// is for this machine and its own network.",
            field="base_url",
        )
    return text


def is_private(host: str) -> bool:
    """Whether a host is this machine or in its own network, as far as its name or address tells."""
    name = host.lower().rstrip(".").strip("[]")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        last = name.rpartition(".")[2]
        # Resolvers take 127.1, 0x7f.1 and 2130706433 for addresses; a name without a dot is a neighbour's.
        return (
            re.fullmatch(r"\d+|0x[0-9a-f]*", last) is not None
            or "." not in name
            or last in ("localhost", "local", "localdomain", "internal", "lan", "home", "arpa")
        )
    return not address.is_global or address.is_multicast


def _folder(value: Any, folder: Path) -> Path:
    try:
        return (folder / Path(value).expanduser()).resolve()
    except (TypeError, ValueError, RuntimeError, OSError):
        raise InvalidRequest(
            f"library can't be {catalog.shown(value)}.", hint="Give the path of a folder.", field="library"
        ) from None


def _model(name: str, provider: catalog.Provider) -> str:
    model = catalog.find_model(name, provider)
    if model is None:
        hint = catalog.did_you_mean(name, catalog.model_names(provider))
        raise InvalidRequest(f"{provider.title} has no model {name!r}.", hint=hint, field="model")
    return model.id


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


def _count(value: Any) -> int:
    try:
        count = int(value) if isinstance(value, str) else index(value)
    except (TypeError, ValueError):
        count = 0
    if isinstance(value, bool):
        count = 0
    if count < 1:
        raise InvalidRequest(
            f"max_in_flight can't be {catalog.shown(value)}.",
            hint="Give a whole number from 1.",
            field="max_in_flight",
        )
    return count
