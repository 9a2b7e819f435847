"""A shell of IPython without a kernel, whose outputs a test can look at."""

from __future__ import annotations

import atexit
from typing import Any

import pytest
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


class Publisher(DisplayPublisher):  # type: ignore[misc]
    """Keeps what is displayed, as (data, update)."""

    outputs: list[tuple[dict[str, Any], bool]]

    def publish(self, data, metadata=None, *, update=False, **_):
        self.outputs.append((data, update))


class Hook(DisplayHook):  # type: ignore[misc]
    def flush(self):
        """Nothing is left to flush in a shell that ends, and IPython's way collects the garbage of all tests for it."""


class Shell(InteractiveShell):  # type: ignore[misc]
    displayhook_class = Hook


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    Shell.clear_instance()
    shell = Shell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.display_pub = Publisher(parent=shell)
    shell.display_pub.outputs = []
    yield shell
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()
    Shell.clear_instance()
