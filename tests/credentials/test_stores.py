"""Colab's secrets and the system's keyring: found, missing, locked, hanging, and never in the way."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace

import keyring
import keyring.backend
import keyring.errors
import pytest

from tests.credentials.test_keys import KEY
from veo_nb import catalog
from veo_nb.credentials import stores as keystores
from veo_nb.credentials.keys import Secret
from veo_nb.credentials.stores import Colab, Keyring, KeyStores, machine_stores
from veo_nb.errors import VeoError

GPTPROTO, GEMINI = catalog.PROVIDERS["gptproto"], catalog.PROVIDERS["gemini"]


class Vault(keyring.backend.KeyringBackend):  # type: ignore[misc,unused-ignore]
    """A keyring in memory; `failing` is raised in place of an answer."""

    priority = 5  # type: ignore[assignment,unused-ignore]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.failing: Exception | None = None
        self.asked = 0

    def _may_fail(self) -> None:
        self.asked += 1
        if self.failing:
            raise self.failing

    def get_password(self, service, username):
        self._may_fail()
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self._may_fail()
        self.kept[service, username] = password

    def delete_password(self, service, username):
        self._may_fail()
        del self.kept[service, username]


@pytest.fixture
def vault():
    return Vault()


@pytest.fixture
def names(tmp_path):
    return tmp_path / "config" / "logins"


@pytest.fixture
def ring(names, vault):
    return Keyring(names, lambda: vault)


# ---- the keyring


def test_a_key_that_is_kept_is_found_in_the_next_kernel_and_taken_away(ring, names, vault):
    assert ring.logins() == []
    ring.keep(GPTPROTO, Secret(KEY))
    later = Keyring(names, lambda: vault)
    found = later.find(GPTPROTO)
    assert (found.reveal(), found.source) == (KEY, "the system's keyring (Vault)")
    assert later.logins() == ["gptproto"]
    assert later.forget(GPTPROTO)
    assert (later.logins(), vault.kept, later.find(GPTPROTO)) == ([], {}, Secret(""))
    assert not later.forget(GPTPROTO)


def test_the_names_of_those_who_logged_in_are_told_without_opening_it(ring, names):
    ring.keep(GPTPROTO, Secret(KEY))
    ring.keep(GEMINI, Secret(KEY))
    ring.keep(GPTPROTO, Secret(f"{KEY}2"))

    def never():
        raise AssertionError("it was opened")

    assert Keyring(names, never).logins() == ["gptproto", "gemini"]


def test_no_key_stands_in_the_file_of_names(ring, names):
    ring.keep(GPTPROTO, Secret(KEY))
    assert names.read_text() == "gptproto\n"


def test_it_is_asked_once(ring, vault):
    ring.keep(GPTPROTO, Secret(KEY))
    vault.asked = 0
    assert [ring.find(GPTPROTO) for _ in range(3)] == [Secret(KEY)] * 3
    assert vault.asked == 1


def test_a_new_key_takes_the_place_of_the_old_one(ring):
    ring.keep(GPTPROTO, Secret("sk-old-old-old"))
    ring.find(GPTPROTO)
    ring.keep(GPTPROTO, Secret(KEY))
    assert ring.find(GPTPROTO) == Secret(KEY)


@pytest.mark.parametrize(
    ("failing", "words"),
    [
        (keyring.errors.KeyringLocked(f"quoting {KEY}"), "it is locked"),
        (keyring.errors.NoKeyringError(), "this machine has none"),
        (RuntimeError(f"D-Bus said {KEY}"), "RuntimeError"),
    ],
)
def test_one_that_fails_gives_no_key_and_its_reason(ring, vault, failing, words):
    vault.kept["veo-nb", "gptproto"] = KEY
    vault.failing = failing
    assert not ring.find(GPTPROTO)
    assert ring.problem == words
    with pytest.raises(VeoError) as caught:
        ring.keep(GPTPROTO, Secret(KEY))
    assert str(caught.value).startswith(f"The system's keyring does not take the key: {words}.")
    assert (KEY in str(caught.value), ring.logins()) == (False, [])
    vault.failing = None
    assert ring.find(GPTPROTO) == Secret(KEY)


def test_a_key_is_not_said_to_be_gone_while_the_keyring_is_locked(ring, vault):
    ring.keep(GPTPROTO, Secret(KEY))
    vault.failing = keyring.errors.KeyringLocked()
    with pytest.raises(VeoError, match="can't be read: it is locked"):
        ring.forget(GPTPROTO)
    assert ring.logins() == ["gptproto"]


def test_one_that_never_answers_is_given_up_and_left_alone(names):
    held, calls = threading.Event(), []

    def hang():
        calls.append(1)
        held.wait(60)

    ring = Keyring(names, hang, seconds=0.05)
    assert not ring.find(GPTPROTO)
    assert ring.problem == "it did not answer"
    assert not ring.find(GPTPROTO)
    assert len(calls) == 1
    held.set()


def test_without_one_nothing_is_found(names):
    ring = Keyring(names, lambda: None)
    assert (ring.find(GPTPROTO), ring.title(), ring.problem) == (
        Secret(""),
        "",
        "there is none on this machine",
    )


def test_names_that_cannot_be_read_are_none(names):
    names.mkdir(parents=True)
    assert Keyring(names, lambda: None).logins() == []
    (names.parent / "binary").write_bytes(b"\xff\xfe")
    assert Keyring(names.parent / "binary", lambda: None).logins() == []


def test_the_library_is_asked_for_the_keyring_it_has_chosen(names, vault):
    keyring.set_keyring(vault)
    try:
        Keyring(names).keep(GPTPROTO, Secret(KEY))
        assert vault.kept == {("veo-nb", "gptproto"): KEY}
        assert Keyring(names).find(GPTPROTO) == Secret(KEY)
        vault.priority = 0.5
        assert Keyring(names).title() == ""
    finally:
        keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call,unused-ignore]
    assert Keyring(names).title() == ""


def test_without_the_library_nothing_is_found(names, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert not Keyring(names).find(GPTPROTO)


def test_a_keyring_is_called_by_its_kind(names):
    kind = type("Keyring", (), {"__module__": "keyring.backends.macOS"})
    assert Keyring(names, kind).title() == "macOS"
    assert Keyring(names, type("WinVaultKeyring", (), {})).title() == "Windows Credential Manager"


# ---- Colab


def secrets(answer):
    return Colab(lambda: SimpleNamespace(get=answer))


def test_a_secret_of_colab_is_found_under_the_providers_variables():
    colab = secrets({"GOOGLE_API_KEY": KEY}.get)
    found = colab.find(GEMINI)
    assert (found.reveal(), found.source) == (KEY, "Colab's secrets (GOOGLE_API_KEY)")
    assert not colab.find(GPTPROTO)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SecretNotFoundError", ""),
        ("NotebookAccessError", keystores.WORDS["NotebookAccessError"]),
        ("TimeoutException", "Colab did not answer"),
        ("Strange", "Strange"),
    ],
)
def test_a_secret_that_is_not_given_is_borne(name, words):
    def refuse(variable):
        raise type(name, (Exception,), {})(f"{variable} {KEY}")

    colab = secrets(refuse)
    assert not colab.find(GPTPROTO)
    assert colab.problem == words


def test_outside_of_colab_nobody_is_asked(monkeypatch):
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    colab = Colab()
    assert (colab.find(GPTPROTO), colab.problem) == (Secret(""), "")


def test_inside_of_colab_its_own_module_is_asked(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "google.colab.userdata", SimpleNamespace(get=lambda name: KEY))
    assert Colab().find(GPTPROTO) == Secret(KEY)
    monkeypatch.setitem(sys.modules, "google.colab.userdata", None)
    colab = Colab()
    assert not colab.find(GPTPROTO)
    assert colab.problem == "ModuleNotFoundError"


# ---- both


def test_colab_goes_before_the_keyring(ring, vault):
    ring.keep(GPTPROTO, Secret("sk-of-the-keyring"))
    vault.asked = 0
    both = KeyStores(secrets({"GPTPROTO_API_KEY": KEY}.get), ring)
    assert both.find(GPTPROTO) == Secret(KEY)
    assert vault.asked == 0
    assert KeyStores(secrets({}.get), ring).find(GPTPROTO) == Secret("sk-of-the-keyring")
    assert both.logins() == ["gptproto"]


def test_what_was_in_the_way_is_told(names):
    stores = KeyStores(Colab(lambda: 1 / 0), Keyring(names, lambda: None))
    stores.find(GPTPROTO)
    assert stores.problems() == [
        "Colab's secrets: ZeroDivisionError",
        "keyring: there is none on this machine",
    ]


def test_the_machine_has_one_set_of_stores():
    assert machine_stores() is machine_stores()
