"""Keeps the key out of what httpx and httpcore write to the log.

They log the addresses that are asked and, at DEBUG, the headers of the answers. A server may quote the key in both.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from veo_nb.credentials.keys import Secret

LOGGERS = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))


class KeyFilter(logging.Filter):
    """Writes `[key]` in place of these keys; between `watch()` and `leave()`."""

    def __init__(self, keys: Callable[[], Iterable[Secret]]) -> None:
        super().__init__()
        self._keys = keys

    def watch(self) -> None:
        """Look at every record from now on."""
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)

    def leave(self) -> None:
        """Look at no more of them."""
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, without a key in it."""
        said = text = record.getMessage()
        for key in self._keys():
            text = key.masked(text)
        if text != said:
            record.msg, record.args = text, ()
        return True
