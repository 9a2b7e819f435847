"""A shell of IPython without a kernel, whose outputs a test can look at."""

from __future__ import annotations

import atexit
from typing import Any

import pytest
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


class Publisher(DisplayPublisher):  # type: ignore[misc]
    """Keeps what is displayed, as (data, update)."""

    outputs: list[tuple[dict[str, Any], bool]]

    def publish(self, data, metadata=None, *, update=False, **_):
        self.outputs.append((data, update))


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.display_pub = Publisher(parent=shell)
    shell.display_pub.outputs = []
    yield shell
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()
    InteractiveShell.clear_instance()
