"""Who votes: the name that a person gave, or that of their login."""

from __future__ import annotations

import getpass
import socket
import unicodedata
from contextlib import suppress
from typing import Any

from veo_nb import catalog
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.store.evidence.votes import VoteLedger

LONGEST_NAME = 60
NOBODY = "someone"


class Voters:
    """The name of whoever votes from this machine; what was given in this studio counts before what the library remembers."""

    def __init__(self, book: VoteLedger) -> None:
        self._book = book
        self._given: str | None = None

    @property
    def name(self) -> str:
        """The name that was given last, else the login's."""
        return self._given or self._remembered() or _login()

    @property
    def known(self) -> bool:
        """Whether a name was ever given."""
        return (self._given or self._remembered()) is not None

    def remember(self, name: str) -> None:
        """Have this be the name from now on, in the kernels to come as well."""
        if name == self._given:
            return
        self._given = name
        # A vote counts without it.
        with suppress(VeoError):
            if self._remembered() != name:
                self._book.remember_name(_person(), name)

    def _remembered(self) -> str | None:
        return self._book.name_of(_person())


def read_name(given: Any) -> str:
    """The name of a voter: one line, however its letters were typed.

    Raises:
        InvalidRequest: it is no name.
    """
    catalog.check_text("voter", given, "Type the name again.", be="kept")
    name = unicodedata.normalize("NFC", " ".join(given.split())) if isinstance(given, str) else ""
    name = catalog.bare(name)
    if not name or not name.isprintable():
        raise InvalidRequest(
            f"{catalog.shown(given)} is no name for a voter.", hint='Such as voter="ann".', field="voter"
        )
    if len(name) > LONGEST_NAME:
        raise InvalidRequest(
            f"The name of a voter has {LONGEST_NAME} letters at most; this one has {len(name)}.",
            hint="Give a shorter one.",
            field="voter",
        )
    return name


def _login() -> str:
    """The name of whoever is logged in, in the form of a voter's."""
    # Without an entry for the user there may be none.
    with suppress(OSError, KeyError, ImportError, InvalidRequest):
        return read_name(getpass.getuser())
    return NOBODY


def _person() -> str:
    return f"{_login()}@{socket.gethostname()}"
