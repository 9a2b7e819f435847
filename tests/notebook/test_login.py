"""`%veo login` and `%veo logout`: what is asked, what is kept, and what is said."""

from __future__ import annotations

import getpass
import traceback
import warnings
from typing import Any

import pytest
from IPython.core.error import StdinNotImplementedError

import veo_nb as veo
from tests.credentials.test_stores import GPTPROTO, Vault
from tests.notebook.test_magics import Ran
from tests.test_public import default  # noqa: F401  a fixture
from veo_nb import errors
from veo_nb.credentials.keys import LOGIN, Secret
from veo_nb.credentials.stores import Colab, Keyring, KeyStores
from veo_nb.notebook.login import ask_hidden, login, logout
from veo_nb.studio import Studio

KEY = "sk-0123456789abcdef-WXYZ"


@pytest.fixture
def vault():
    return Vault()


class Person:
    """Somebody who types a key, answers the question after it, and whose studio takes it."""

    def __init__(self, folder, vault, environ=None) -> None:
        self.folder = folder
        self.ring = Keyring(folder / "logins", lambda: vault)
        self.stores = KeyStores(Colab(lambda: None), self.ring)
        self.environ = environ or {}
        self.given: dict[str, Any] = {}
        self.questions: list[str] = []

    def settings(self):
        return Studio(environ=self.environ, folder=self.folder, stores=self.stores, **self.given).settings

    def set_key(self, provider, key):
        if key or self.given.get("provider", provider) == provider:
            self.given = {"provider": provider, **({"api_key": key} if key else {})}

    def type(self, answer):
        def ask(question):
            self.questions.append(question)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return ask

    def login(self, name=None, key: object = KEY, keep: object = "n") -> str:
        answers = {"hidden": self.type(key), "shown": self.type(keep)}
        return login(name, self.settings(), self.stores, self.environ, self.set_key, **answers)

    def logout(self, name=None) -> str:
        return logout(name, self.settings(), self.stores, self.environ, self.set_key)


@pytest.fixture
def person(tmp_path, vault):
    return Person(tmp_path, vault)


def test_a_key_is_used_from_now_on_and_kept_only_if_the_person_says_so(person, vault):
    said = person.login()
    assert said == (
        "GPTProto gets the key …WXYZ from now on. %veo doctor tries it, which costs nothing. "
        "GPTProto publishes no price: what do you pay there? "
        "Put fast = { per_call = USD } under [prices.gptproto] in veo_nb.toml. It is not kept."
    )
    settings = person.settings()
    assert (settings.api_key, settings.sources["api_key"]) == (Secret(KEY), LOGIN)
    assert vault.kept == {}
    assert person.questions == [
        "Key for GPTProto (it is not shown): ",
        "Keep it in the keyring of this machine (Vault) for the next kernel? [y/N] ",
    ]


@pytest.mark.parametrize("yes", ["y", " YES "])
def test_a_key_that_was_kept_is_there_in_the_next_kernel(person, vault, tmp_path, yes):
    assert "It is kept in the keyring: %veo logout gptproto takes it away." in person.login(keep=yes)
    found = Person(tmp_path, vault).settings()
    assert (found.provider.name, found.api_key, found.sources["provider"]) == ("gptproto", Secret(KEY), LOGIN)
    assert found.sources["api_key"] == "the system's keyring (Vault)"


def test_logout_takes_it_from_the_keyring_and_the_kernel(person, vault):
    person.login(keep="y")
    assert person.logout() == "The key for GPTProto is gone from the keyring and this kernel."
    assert (vault.kept, person.settings().api_key) == ({}, Secret(""))
    assert person.logout() == "No key for GPTProto was kept by %veo login."


def test_logout_of_another_provider_leaves_this_ones_key(person):
    person.login()
    assert person.logout("gemini") == "No key for Gemini API was kept by %veo login."
    assert person.settings().api_key == Secret(KEY)


def test_a_second_login_leaves_the_first_providers_key_where_it_is(person):
    person.login()
    person.login("gemini", key="gm-0123456789-abcd")
    settings = person.settings()
    assert (settings.provider.name, settings.others()) == ("gemini", ["gptproto"])
    assert settings.at("gptproto").api_key == Secret(KEY)
    assert "this kernel" in person.logout("gptproto")
    assert person.settings().others() == []


def test_a_variable_that_wins_the_next_time_is_named(tmp_path, vault):
    person = Person(tmp_path, vault, {"GPTPROTO_API_KEY": "sk-environment"})
    assert person.login().endswith("GPTPROTO_API_KEY is set as well, and goes first in the next kernel.")
    assert person.settings().api_key == Secret(KEY)
    assert person.logout().endswith("from this kernel. GPTPROTO_API_KEY is still set in the environment.")


def test_the_provider_is_the_one_named_else_the_one_in_use(person):
    person.login("gemini")
    assert person.settings().provider.name == "gemini"
    assert "Gemini API" in person.login()


def test_without_a_keyring_it_says_so_and_asks_nothing_more(person):
    person.ring._load = lambda: None
    assert person.login().endswith(
        "There is no keyring to keep it in (there is none on this machine): the next kernel asks anew."
    )
    assert len(person.questions) == 1


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("gptprto", "That is no provider's name. Did you mean gptproto?"),
        (
            KEY,
            "That is no provider's name. If it is a key, take it out of the cell: %veo login asks for it where nobody sees it. "  # noqa: ISC004
            "Providers: gptproto, gemini, vertex or gateway.",
        ),
        ("sandbox", "The sandbox needs no key. Others do: gptproto, gemini, vertex or gateway."),
    ],
)
def test_a_wrong_name_is_said(person, name, line):
    for act in (person.login, person.logout):
        with pytest.raises(errors.InvalidRequest) as caught:
            act(name)
        assert str(caught.value) == line
    assert person.questions == []


@pytest.mark.parametrize(
    ("typed", "kind", "words"),
    [
        ("  ", errors.InvalidRequest, "No key was typed; nothing has changed."),
        ("sk-0123 4567", errors.AuthenticationError, "The key from %veo login holds characters"),
        (KeyboardInterrupt(), errors.Cancelled, "The login was stopped"),
        (StdinNotImplementedError(), errors.InvalidRequest, "Nobody can be asked for a key here"),
        (EOFError(), errors.InvalidRequest, "Set GPTPROTO_API_KEY in the environment"),
    ],
)
def test_what_is_no_key_changes_nothing(person, typed, kind, words):
    with pytest.raises(kind, match=words) as caught:
        person.login(key=typed)
    shown_text = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert "4567" not in shown_text.replace(repr(typed), "")  # pytest's own frame has what the test passed in
    assert person.given == {}


def test_a_terminal_that_would_show_the_key_is_not_asked(monkeypatch):
    def showing(question):
        warnings.warn("echo", getpass.GetPassWarning, stacklevel=2)
        return KEY

    monkeypatch.setattr(getpass, "getpass", showing)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(getpass.GetPassWarning):
            ask_hidden("Key: ")


def test_the_magics_do_it_for_the_packages_own_studio(default, shell, monkeypatch):  # noqa: F811
    monkeypatch.setattr(getpass, "getpass", lambda question: KEY)
    shell.extension_manager.load_extension("veo_nb")
    ran = Ran(shell, "%veo login gemini")
    assert ran.printed.startswith("Gemini API gets the key …WXYZ from now on.")
    settings = veo.studio().settings
    assert (settings.provider.name, settings.api_key, settings.api_key.source) == (
        "gemini",
        Secret(KEY),
        LOGIN,
    )
    assert Ran(shell, "%veo logout gemini").printed == "The key for Gemini API is gone from this kernel.\n"
    assert not veo.studio().settings.api_key
    veo.configure(api_key=KEY)
    Ran(shell, "%veo logout gemini")
    assert veo.studio().settings.api_key == Secret(KEY)
    assert "takes one provider's name" in str(Ran(shell, "%veo login gemini vertex").error)
    shell.extension_manager.unload_extension("veo_nb")


def test_kept_for_which_provider_is_what_the_keyring_is_asked(person, vault):
    person.login(keep="y")
    assert vault.kept == {("veo-nb", GPTPROTO.name): KEY}
