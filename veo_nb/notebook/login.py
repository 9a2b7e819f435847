"""`%veo login` and `%veo logout`: a key typed where nobody sees it, and kept in the keyring if the person says so."""

from __future__ import annotations

import getpass
import warnings
from collections.abc import Callable, Mapping

from IPython.core.error import StdinNotImplementedError

from veo_nb import catalog
from veo_nb.config import Settings
from veo_nb.credentials.keys import LOGIN, Secret, unsendable_key
from veo_nb.credentials.stores import KeyStores
from veo_nb.errors import Cancelled, InvalidRequest
from veo_nb.notebook import text
from veo_nb.studio import Studio

SetKey = Callable[[str, Secret | None], Studio]
"""Gives a provider this key from now on, or with None takes away the one that `login` gave it."""


def ask_hidden(question: str) -> str:
    """What is typed into the front end's password field, or in a terminal without being shown."""
    with warnings.catch_warnings():
        # Where the typing can't be hidden, getpass warns and shows it.
        warnings.simplefilter("error", getpass.GetPassWarning)
        return getpass.getpass(question)


def ask(question: str) -> str:
    """What is typed after a question."""
    return input(question)


def login(
    name: str | None,
    settings: Settings,
    stores: KeyStores | None,
    environ: Mapping[str, str],
    set_key: SetKey,
    *,
    hidden: Callable[[str], str] = ask_hidden,
    shown: Callable[[str], str] = ask,
) -> str:
    """Ask for a provider's key, use it from now on, and offer to keep it; a sentence on what was done.

    Raises:
        InvalidRequest: the provider takes no key, none was typed, or nobody can be asked here.
        AuthenticationError: what was typed can't be a key.
    """
    provider = _provider(name, settings)
    key = Secret(_answer(hidden, f"Key for {provider.title} (it is not shown): ", provider), LOGIN)
    if not key:
        raise InvalidRequest("No key was typed; nothing has changed.", hint=f"%veo login {provider.name}")
    if not key.can_be_sent():
        raise unsendable_key(LOGIN)
    set_key(provider.name, key)
    if stores:
        # So that it stays when another provider is logged in to after it.
        stores.give(provider, key)
    said = (
        f"{provider.title} gets the key {key.tail()} from now on. %veo doctor tries it, which costs nothing."
    )
    if wanted := text.wanted_price(provider, settings.prices):
        said += f" {wanted}"
    title = stores.keyring.title() if stores else ""
    if stores and title:
        question = f"Keep it in the keyring of this machine ({title}) for the next kernel? [y/N] "
        if _answer(shown, question, provider).strip().lower() in ("y", "yes"):
            stores.keyring.keep(provider, key)
            said += f" It is kept in the keyring: %veo logout {provider.name} takes it away."
        else:
            said += " It is not kept."
    else:
        why = f" ({stores.keyring.problem})" if stores and stores.keyring.problem else ""
        said += f" There is no keyring to keep it in{why}: the next kernel asks anew."
    for variable in provider.key_variables:
        if Secret(environ.get(variable, "")):
            said += f" {variable} is set as well, and goes first in the next kernel."
            break
    return said


def logout(
    name: str | None,
    settings: Settings,
    stores: KeyStores | None,
    environ: Mapping[str, str],
    set_key: SetKey,
) -> str:
    """Take a provider's key out of the keyring and out of this kernel; a sentence on what was done.

    Raises:
        InvalidRequest: the provider takes no key.
        VeoError: the keyring does not let go of it.
    """
    provider = _provider(name, settings)
    kept = stores.keyring.forget(provider) if stores else False
    given = stores.give(provider, None) if stores else False
    used = given or (settings.provider.name == provider.name and settings.api_key.source == LOGIN)
    if used or kept:
        set_key(provider.name, None)
    places = [*(["the keyring"] if kept else []), *(["this kernel"] if used else [])]
    if places:
        said = f"The key for {provider.title} is gone from {' and '.join(places)}."
    else:
        said = f"No key for {provider.title} was kept by %veo login."
    for variable in provider.key_variables:
        if Secret(environ.get(variable, "")):
            said += f" {variable} is still set in the environment."
    return said


def _provider(name: str | None, settings: Settings) -> catalog.Provider:
    takes_key = [one.name for one in catalog.PROVIDERS.values() if one.key_variables]
    if name is None:
        name = settings.provider.name if settings.provider.key_variables else takes_key[0]
    name = catalog.plain(name).lower()
    if name not in catalog.PROVIDERS:
        # Not quoted: it may be the key, and what a cell says is saved with the notebook.
        near = catalog.did_you_mean(name, takes_key)
        raise InvalidRequest(
            "That is no provider's name.",
            hint=near
            if near.startswith("Did you mean")
            else "If it is a key, take it out of the cell: %veo login asks for it where nobody sees it. "
            f"Providers: {catalog.listed(tuple(takes_key))}.",
        )
    if name not in takes_key:
        raise InvalidRequest(
            f"The {name} needs no key.", hint=f"Others do: {catalog.listed(tuple(takes_key))}."
        )
    return catalog.PROVIDERS[name]


def _answer(asking: Callable[[str], str], question: str, provider: catalog.Provider) -> str:
    try:
        return asking(question)
    except KeyboardInterrupt:
        raise Cancelled("The login was stopped; nothing more has changed.") from None
    except (StdinNotImplementedError, EOFError, OSError, getpass.GetPassWarning):
        raise InvalidRequest(
            "Nobody can be asked for a key here.",
            hint=f"Set {' or '.join(provider.key_variables)} in the environment instead.",
        ) from None
