"""Where keys are kept outside of this process: Colab's secrets and the system's keyring.

Both are there or not, locked or not, and may ask the person something. Looking never raises: what is in the way
stands in `problem`, for the doctor. The libraries behind them are loaded at the first look.
"""

from __future__ import annotations

import functools
import importlib
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from veo_nb import catalog
from veo_nb.credentials.keys import Secret
from veo_nb.errors import VeoError

SERVICE = "veo-nb"
"""What the keys are filed under in the keyring; the user name is the provider's."""
ANSWER_SECONDS = 30.0
"""How long a keyring may take: it may be asking for a password."""

WORDS = {
    "NotebookAccessError": "this notebook may not read them: switch on its access in Colab's panel of secrets",
    "TimeoutException": "Colab did not answer",
    "SecretNotFoundError": "",
    "KeyringLocked": "it is locked",
    "NoKeyringError": "this machine has none",
    "InitError": "it can't be opened",
    "TimeoutError": "it did not answer",
}
"""What the libraries' errors say, in words. Their own are not passed on: nobody knows what they quote."""


class Colab:
    """The secrets of a Colab account, which each notebook must be allowed to read."""

    def __init__(self, load: Callable[[], Any] | None = None) -> None:
        self._load = load or _colab
        self.problem = ""

    def find(self, provider: catalog.Provider) -> Secret:
        """The secret under one of the provider's variables; an empty one outside of Colab."""
        self.problem = ""
        try:
            userdata = self._load()
        except Exception as error:  # noqa: BLE001  a broken installation is no reason to have no sandbox
            self.problem = _words(error)
            return Secret("", "")
        for variable in provider.key_variables if userdata is not None else ():
            try:
                key = Secret(str(userdata.get(variable) or ""), f"Colab's secrets ({variable})")
            except Exception as error:  # noqa: BLE001  they derive from Exception alone
                self.problem = _words(error) or self.problem
                continue
            if key:
                return key
        return Secret("", "")


class Keyring:
    """The system's keyring: Keychain, Credential Locker, Secret Service, KWallet.

    `names` is a file with the names of the providers that a key was kept of, one a line. It tells that without
    opening the keyring, which may ask for a password.
    """

    def __init__(
        self, names: Path, load: Callable[[], Any] | None = None, seconds: float = ANSWER_SECONDS
    ) -> None:
        self._names = names
        self._load = load or _keyring
        self._seconds = seconds
        self._found: dict[str, Secret] = {}
        self._stuck = False
        self.problem = ""

    def logins(self) -> list[str]:
        """The providers that a key was kept of, the last one first."""
        try:
            lines = self._names.read_text("utf-8").split()
        except (OSError, UnicodeDecodeError):
            return []
        return list(dict.fromkeys(reversed(lines)))

    def title(self) -> str:
        """What this machine's keyring is called; empty where there is none that keeps a key safely."""
        try:
            backend = self._ask(self._load)
        except Exception as error:  # noqa: BLE001  each backend has errors of its own
            self.problem = _words(error)
            return ""
        if backend is None:
            self.problem = "there is none on this machine"
            return ""
        self.problem = ""
        return _title(backend)

    def find(self, provider: catalog.Provider) -> Secret:
        """The key that is kept for a provider; an empty one where there is none, or it can't be read."""
        if provider.name in self._found:
            return self._found[provider.name]
        if not (title := self.title()):
            return Secret("", "")
        try:
            value = self._ask(lambda: self._load().get_password(SERVICE, provider.name))
        except Exception as error:  # noqa: BLE001  each backend has errors of its own
            self.problem = _words(error)
            return Secret("", "")
        key = Secret(value or "", f"the system's keyring ({title})")
        if key:
            self._found[provider.name] = key
        return key

    def keep(self, provider: catalog.Provider, key: Secret) -> None:
        """Put a key into the keyring.

        Raises:
            VeoError: the keyring does not take it.
        """
        try:
            self._ask(lambda: self._load().set_password(SERVICE, provider.name, key.reveal()))
            self._write([name for name in reversed(self.logins()) if name != provider.name] + [provider.name])
        except Exception as error:  # noqa: BLE001  each backend has errors of its own
            raise _refused("does not take the key", error) from None
        self._found.pop(provider.name, None)

    def forget(self, provider: catalog.Provider) -> bool:
        """Take a provider's key away; whether there was one.

        Raises:
            VeoError: the keyring does not let go of it.
        """
        self._found.pop(provider.name, None)
        there = bool(self.find(provider))
        self._found.pop(provider.name, None)
        if not there and self.problem and provider.name in self.logins():
            raise VeoError(f"The keyring can't be read: {self.problem}.", hint="Open it and log out again.")
        try:
            if there:
                self._ask(lambda: self._load().delete_password(SERVICE, provider.name))
            if provider.name in self.logins():
                self._write([name for name in reversed(self.logins()) if name != provider.name])
        except Exception as error:  # noqa: BLE001  each backend has errors of its own
            raise _refused("does not let go of the key", error) from None
        return there

    def _write(self, names: Sequence[str]) -> None:
        self._names.parent.mkdir(parents=True, exist_ok=True)
        self._names.write_text("".join(f"{name}\n" for name in names), "utf-8")

    def _ask(self, call: Callable[[], Any]) -> Any:
        """The answer of a call that may be waiting for a person, or for a service that hangs."""
        if self._stuck:
            raise TimeoutError
        answers: queue.Queue[tuple[Any, Exception | None]] = queue.Queue()

        def work() -> None:
            try:
                answers.put((call(), None))
            except Exception as error:  # noqa: BLE001  it is raised where it is waited for
                answers.put((None, error))

        threading.Thread(target=work, name="veo-nb-keyring", daemon=True).start()
        try:
            answer, error = answers.get(timeout=self._seconds)
        except queue.Empty:
            # Its thread can't be ended: a second one would only hang beside it.
            self._stuck = True
            raise TimeoutError from None
        if error is not None:
            raise error
        return answer


class KeyStores:
    """What this process was given, Colab's secrets, then the keyring."""

    def __init__(self, colab: Colab, keyring: Keyring) -> None:
        self.colab = colab
        self.keyring = keyring
        self._given: dict[str, Secret] = {}

    def give(self, provider: catalog.Provider, key: Secret | None) -> bool:
        """Have a provider's key for as long as this process lives, or with None no more; whether there was one."""
        had = self._given.pop(provider.name, None) is not None
        if key is not None:
            self._given[provider.name] = key
        return had

    def logins(self) -> list[str]:
        """The providers that a key was kept of on this machine or given, the last one first."""
        return list(dict.fromkeys([*reversed(self._given), *self.keyring.logins()]))

    def find(self, provider: catalog.Provider) -> Secret:
        """The key that is kept for a provider; an empty one where there is none or it can't be read."""
        given = self._given.get(provider.name)
        return given or self.colab.find(provider) or self.keyring.find(provider)

    def problems(self) -> list[str]:
        """What was in the way at the last look, in words."""
        return [
            f"{name}: {store.problem}"
            for name, store in (("Colab's secrets", self.colab), ("keyring", self.keyring))
            if store.problem
        ]


@functools.cache
def machine_stores() -> KeyStores:
    """Those of this machine; one for the process, so that a person is asked once."""
    import platformdirs

    return KeyStores(Colab(), Keyring(platformdirs.user_config_path("veo_nb") / "logins"))


def _colab() -> Any:
    # A kernel of Colab has it loaded; elsewhere, and in a process that such a kernel starts, there is nobody to ask.
    return importlib.import_module("google.colab.userdata") if "google.colab" in sys.modules else None


def _keyring() -> Any:
    """The keyring's backend; None where there is none that is meant for passwords."""
    try:
        import keyring
    except ImportError:
        return None
    backend = keyring.get_keyring()
    # A priority below 1 is keyring's mark for none at all and for those that write plain text.
    return backend if backend.priority >= 1 else None


def _title(backend: Any) -> str:
    # `keyring.backends.SecretService.Keyring` and `keyring.backends.macOS.Keyring` differ in their module.
    kind = type(backend)
    if kind.__name__ == "WinVaultKeyring":
        return "Windows Credential Manager"
    return str(kind.__module__.rpartition(".")[2]) if kind.__name__ == "Keyring" else kind.__name__


def _words(error: Exception) -> str:
    return WORDS.get(type(error).__name__, type(error).__name__)


def _refused(what: str, error: Exception) -> VeoError:
    return VeoError(
        f"The system's keyring {what}: {_words(error)}.",
        hint="Set the provider's variable in the environment instead.",
    )
