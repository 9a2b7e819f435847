"""How processes of our own are started, on each system: as each is told to, whichever this one is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from veo_nb.engine.providers import child

SAY = "import os, sys; print(os.environ.get('A_TOKEN'), os.environ['MORE'], sys.stdin.readline().strip())"


def test_on_windows_it_has_no_window_and_hears_no_interrupt():
    """On a console of its own it is in nobody's group; the kernel of VS Code has no console that it could share."""
    assert child.apart("nt") == {"creationflags": 0x08000000}
    assert child.apart("nt", humble=True) == {"creationflags": 0x08004000}
    assert child.apart("posix", humble=True) == {"start_new_session": True}


@pytest.mark.parametrize("name", ["CREATE_NO_WINDOW", "BELOW_NORMAL_PRIORITY_CLASS"])
@pytest.mark.skipif(os.name != "nt", reason="they have no names elsewhere")
def test_windows_has_the_same_numbers_for_them(name):
    assert child.apart("nt", humble=True)["creationflags"] & getattr(subprocess, name)


def test_it_is_told_nothing_that_is_secret_and_speaks_every_language(tmp_path, monkeypatch):
    monkeypatch.setenv("A_TOKEN", "secret")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    process = child.start([sys.executable, "-c", SAY], tmp_path, extra={"MORE": "more"})
    said, _ = process.communicate("狐 – Füchse\n", timeout=60)
    assert said == "None more 狐 – Füchse\n"
