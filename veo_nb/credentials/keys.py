"""The key: where one is looked for, in which order, and a wrapping that does not show it.

    1. what this kernel was told: `veo.configure(api_key=…)`, `Studio(api_key=…)`, `%veo login`
    2. the environment, under the provider's own variables (`GPTPROTO_API_KEY` and the like)
    3. Colab's secrets, under the same names
    4. the system's keyring, where `%veo login` put it (the extra `[keyring]`)

The nearest to the running code goes first, so that a key set for one run beats the one that is always there. A
file of settings and a notebook are not in the list: both get shared.

The last two may open a dialog or take seconds. So they are asked for one provider only, and only when the first
two have nothing: for the provider that was chosen, or, where none was, for one that `%veo login` kept a key of on
this machine; and for another when a clip is asked of it. Who never logged in gets the sandbox, and no dialog.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn, Protocol

from veo_nb import catalog
from veo_nb.credentials.masking import pattern_of
from veo_nb.errors import AuthenticationError, InvalidRequest

SANDBOX_KEY = "sk-sandbox"
"""The key of a sandbox that was started without one; it opens nothing else."""
GIVEN = "configure()"
LOGIN = "%veo login"
LONGEST_NAME = 16
"""Characters of a provider's name; keys are longer."""


class Secret:
    """A key that does not show itself: not in a repr, a log or a traceback, and that can't be pickled."""

    __slots__ = ("_pattern", "_value", "source")

    def __init__(self, value: str, source: str = GIVEN) -> None:
        # A file of variables keeps its quotes, and what is copied from a page brings blanks along.
        self._value = catalog.unquoted(value)
        self._pattern: re.Pattern[str] | None = None
        self.source = source
        """Where it was found, for a person to go and look."""

    def reveal(self) -> str:
        """The key itself; call it only where the header is written."""
        return self._value

    def tail(self) -> str:
        """The last four characters, for a person to tell two keys apart; nothing of a short key."""
        return f"…{self._value[-4:]}" if len(self._value) >= 12 else "…"

    def masked(self, said: str) -> str:
        """What somebody said, with `[key]` in place of the key; one too short to be told from a word stays.

        As it is, and in every encoding of `masking`.
        """
        if len(self._value) < 8:
            return said
        if self._pattern is None:
            self._pattern = pattern_of(self._value)
        return self._pattern.sub("[key]", said)

    def stands_in(self, values: Mapping[str, Any]) -> str:
        """The name of the first of these values that is a text with the key in it; empty where none has."""
        texts = {name: value for name, value in values.items() if isinstance(value, str)}
        return next((name for name, text in texts.items() if self.masked(text) != text), "")

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


class Environment(Mapping[str, str]):
    """The environment's variables without their values in the repr, which a traceback prints."""

    __slots__ = ("_variables",)

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> str:
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __repr__(self) -> str:
        return "Environment(…)"


class Stores(Protocol):
    """Places outside of this process that keep keys; see `veo_nb.credentials.stores`."""

    def logins(self) -> Sequence[str]:
        """The providers that `%veo login` kept a key of on this machine, told without asking for any."""
        ...

    def find(self, provider: catalog.Provider) -> Secret:
        """The key that is kept for a provider; an empty one where there is none or it can't be read."""
        ...


def missing_key(provider: catalog.Provider) -> AuthenticationError:
    """The error for a provider that needs a key where there is none, with where to put one."""
    name = " or ".join(provider.key_variables)
    if provider.keyless:
        return AuthenticationError(
            f"{provider.title} needs a project or a key and neither was found.",
            hint="Set GOOGLE_CLOUD_PROJECT to use this machine's Google credentials; for express mode "
            f"%veo login {provider.name} asks for a key, or set {name}.",
            variable=f"GOOGLE_CLOUD_PROJECT or {name}",
        )
    return AuthenticationError(
        f"{provider.title} needs a key and none was found.",
        hint=f"%veo login {provider.name} asks for it, or set {name} and restart the kernel; "
        "VEO_NB_PROVIDER=sandbox tries without one.",
        variable=name,
    )


def unsendable_key(source: str) -> AuthenticationError:
    """The error for a key with characters that no header takes; `source` says where it was found."""
    return AuthenticationError(
        f"The key{f' from {source}' if source else ''} holds characters that no key has.",
        hint="Copy it again, without spaces, quotes or line breaks in it.",
    )


def wrap_key(settings: dict[str, Any]) -> None:
    """Put the key among these settings into a `Secret`, in place: no traceback that prints variables shows it then."""
    if isinstance(settings.get("api_key"), str):
        settings["api_key"] = Secret(settings["api_key"])


def provider_and_key(
    chosen: Any, given: Secret | str | None, environ: Mapping[str, str], stores: Stores | None
) -> tuple[catalog.Provider, Secret, str]:
    """The provider, its key (which may be empty), and what decided on the provider where `chosen` is None.

    Raises:
        InvalidRequest: there is no such provider.
    """
    given = given if isinstance(given, Secret) else Secret(str(given or ""))
    if chosen is not None:
        provider = named_provider(chosen)
        if provider.name == "sandbox":
            return provider, given or Secret(SANDBOX_KEY, ""), ""
        return provider, given or key_of_environment(provider, environ) or kept_key(provider, stores), ""
    if given:
        # A key given by hand without a provider is meant for the one this project exists for.
        return catalog.PROVIDERS["gptproto"], given, given.source
    for provider in catalog.PROVIDERS.values():
        if key := key_of_environment(provider, environ):
            return provider, key, key.source
    for name in stores.logins() if stores else ():
        if name in catalog.PROVIDERS and (key := kept_key(catalog.PROVIDERS[name], stores)):
            return catalog.PROVIDERS[name], key, LOGIN
    return catalog.PROVIDERS["sandbox"], Secret(SANDBOX_KEY, ""), "default"


def named_provider(name: Any) -> catalog.Provider:
    """The provider with this name.

    Raises:
        InvalidRequest: there is none.
    """
    if isinstance(name, catalog.Provider):
        # One of the catalog's at other addresses: a gateway, or the local network of a test.
        return name
    if not isinstance(name, str) or name not in catalog.PROVIDERS:
        hint = catalog.did_you_mean(str(name), list(catalog.PROVIDERS))
        raise InvalidRequest(f"There is no provider{_quoted_name(name)}.", hint=hint, field="provider")
    return catalog.PROVIDERS[name]


def _quoted_name(name: Any) -> str:
    """A wrong name of a provider as a message quotes it; one as long as a key may be one."""
    return (
        f" {catalog.shown(name)}"
        if not isinstance(name, str) or len(name) <= LONGEST_NAME
        else " of that name"
    )


def key_of_environment(provider: catalog.Provider, environ: Mapping[str, str]) -> Secret:
    """The key in one of a provider's variables; an empty one where there is none."""
    for variable in provider.key_variables:
        if key := Secret(environ.get(variable, ""), variable):
            return key
    return Secret("", "")


def kept_key(provider: catalog.Provider, stores: Stores | None) -> Secret:
    """The key that the stores have of a provider; an empty one where there is none or nobody is asked."""
    # Google's own credentials do without a key: no dialog then for who never kept one.
    asked = stores is not None and (not provider.keyless or provider.name in stores.logins())
    return stores.find(provider) if stores and asked and provider.key_variables else Secret("", "")
