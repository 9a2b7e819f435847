"""The sandbox as a process of ours: there when needed, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import httpx2
import psutil  # type: ignore[import-untyped]  # comes with ipykernel
import pytest

from veo_nb.engine.providers import connection as local_server
from veo_nb.engine.providers.connection import LocalServer
from veo_nb.errors import VeoError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(tmp_path):
    server = LocalServer(tmp_path / "sandbox", latency=0)
    yield server
    server.stop()


def gone(pid: int, within: float = 10) -> bool:
    """Whether a process that is not our child ends soon."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


def test_it_starts_once_answers_and_stops(server):
    assert not server.alive
    base = server.start()
    assert server.start() == base
    assert httpx2.get(base, headers={"x-goog-api-key": "sk-sandbox"}, trust_env=False).status_code == 404
    process = server._process
    server.stop()
    server.stop()
    assert process.returncode == 0
    assert not server.alive
    with pytest.raises(VeoError, match="was stopped"):
        server.start()


def test_it_knows_none_of_our_keys(server, monkeypatch):
    """Whatever it were to log, or whoever were to look into its process."""
    secret = "AIza-0123456789abcdef"
    names = [
        "GPTPROTO_API_KEY",
        "GEMINI_API_KEY",
        "GOOGLE_API_KEY",
        "VERTEX_API_KEY",
        "OPENAI_KEY",
        "hf_token",
    ]
    for name in (*names, "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.setenv(name, secret)
    monkeypatch.setenv("HARMLESS", "stays")
    server.start()
    environ = psutil.Process(server._process.pid).environ()
    assert [name for name, value in environ.items() if secret in value] == []
    assert (environ["HARMLESS"], environ["VEO_NB_SANDBOX_KEY"]) == ("stays", "sk-sandbox")


def test_one_that_died_is_started_again(server):
    server.start()
    server._process.kill()
    server._process.wait()
    assert not server.alive
    assert httpx2.get(server.start(), trust_env=False).status_code == 401
    assert server.alive


def test_it_is_not_reached_by_an_interrupt_of_the_kernel(server):
    server.start()
    assert os.getpgid(server._process.pid) != os.getpgid(0)


def test_it_ends_with_the_process_that_started_it_however_that_ends(tmp_path):
    code = f"""
        import os, signal
        from pathlib import Path
        from veo_nb.engine.providers.connection import LocalServer
        server = LocalServer(Path({str(tmp_path)!r}))
        server.start()
        print(server._process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    assert gone(int(done.stdout))


def test_a_module_of_the_persons_in_the_working_folder_is_not_imported(server, tmp_path, monkeypatch):
    (tmp_path / "uvicorn.py").write_text("raise SystemExit('mine')")
    monkeypatch.chdir(tmp_path)
    assert server.start().startswith("http://127.0.0.1:")


def test_one_that_does_not_start_says_its_last_words(server, tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho first >&2\necho 'No module named uvicorn' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(VeoError, match="did not start: No module named uvicorn") as caught:
        server.start()
    assert "doctor" in caught.value.hint
    assert not server.alive


def test_a_python_that_cannot_be_run_is_named(server, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(VeoError, match="did not start: /nowhere/python can't be run: No such file"):
        server.start()


@pytest.fixture
def silent(tmp_path, monkeypatch):
    """A program that neither answers nor ends."""
    program = tmp_path / "silent"
    program.write_text("#!/bin/sh\nexec sleep 3600\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


def test_one_that_stays_silent_is_given_up_and_ended(server, silent, monkeypatch):
    monkeypatch.setattr(local_server, "START_SECONDS", 0.1)
    with pytest.raises(VeoError, match="it said nothing"):
        server.start()
    assert not server.alive


def test_stopping_does_not_wait_for_one_that_is_just_starting(server, silent):
    said: list[str] = []

    def start() -> None:
        try:
            server.start()
        except VeoError as error:
            said.append(error.message)

    thread = threading.Thread(target=start)
    thread.start()
    while not server.alive:
        time.sleep(0.01)
    began = time.monotonic()
    server.stop()
    thread.join(60)
    # Far less than a start is waited for.
    assert time.monotonic() - began < local_server.START_SECONDS / 2
    assert said == ["The sandbox did not start: it said nothing"]
    assert not server.alive
