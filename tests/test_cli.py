"""The command `veo-nb`: exit codes, and errors in one line."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import veo_nb
from veo_nb import cli, demo, doctor
from veo_nb.doctor import Examined
from veo_nb.engine.repair import Repair
from veo_nb.errors import OperationFailed

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("arguments", [[], ["dance"], ["demo", "--colour"], ["sandbox", "--port", "x"]])
def test_wrong_usage_is_said_and_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: veo-nb" in capsys.readouterr().err


def test_it_knows_its_version(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"veo-nb {veo_nb.__version__}\n"


@pytest.mark.parametrize("command", ["demo", "sandbox", "doctor"])
def test_each_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert caught.value.code == 0
    assert command in capsys.readouterr().out


def test_the_sandbox_explains_itself_to_who_uses_it(capsys):
    with pytest.raises(SystemExit):
        cli.main(["sandbox", "--help"])
    said = capsys.readouterr().out
    assert "sandbox:block" in said
    assert "How it is built" not in said
    assert "`server`" not in said


def test_demo_opens_the_lab_with_what_was_asked(monkeypatch, tmp_path):
    asked = []

    def open_lab(folder, **options):
        asked.append((folder, options))
        return 7

    monkeypatch.setattr(demo, "open_lab", open_lab)
    assert cli.main(["demo", "--folder", str(tmp_path), "--no-browser", "--port", "8899"]) == 7
    assert cli.main(["demo"]) == 7
    assert asked == [
        (tmp_path, {"browser": False, "port": 8899}),
        (Path("veo_demo"), {"browser": True, "port": None}),
    ]


def test_demo_headless_prints_the_path_of_each_video(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(demo, "run_headless", lambda folder: [folder / "a.mp4", folder / "b.mp4"])
    assert cli.main(["demo", "--headless", "--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/a.mp4\n{tmp_path}/b.mp4\n"


def test_demo_headless_fails_with_the_reason(monkeypatch, capsys):
    def fail(folder):
        raise OperationFailed("Job 3f2a is failed.", hint="Look at it.")

    monkeypatch.setattr(demo, "run_headless", fail)
    assert cli.main(["demo", "--headless"]) == 1
    assert capsys.readouterr().err == "veo-nb: Job 3f2a is failed. Look at it.\n"


@pytest.mark.parametrize(("well", "code"), [(True, 0), (False, 1)])
def test_doctor_prints_its_checks_and_fails_where_one_does(monkeypatch, capsys, well, code):
    checks = [Examined("provider", True, "sandbox"), Examined("library", well, "/x", "Choose another.")]
    monkeypatch.setattr(doctor, "examine", {"the studio": checks}.__getitem__)
    monkeypatch.setattr(veo_nb, "studio", lambda: "the studio")
    assert cli.main(["doctor"]) == code
    assert "ok  provider" in capsys.readouterr().out


@pytest.mark.parametrize(("left", "code"), [([], 0), (["3f2a: gone"], 1)])
def test_doctor_repairs_and_fails_where_something_is_left(monkeypatch, capsys, left, code):
    studio = SimpleNamespace(
        library=SimpleNamespace(repair=lambda: Repair(done=["9c24: fetched again."], left=left))
    )
    monkeypatch.setattr(veo_nb, "studio", lambda: studio)
    assert cli.main(["doctor", "--repair"]) == code
    assert "++  9c24: fetched again." in capsys.readouterr().out


def test_settings_that_cannot_work_are_one_line(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VEO_NB_PROVIDER", "nobody")
    assert cli.main(["doctor"]) == 1
    assert capsys.readouterr().err.startswith("veo-nb: There is no provider 'nobody'.")


def test_sandbox_is_that_of_the_package(tmp_path, capsys):
    """A port in use is the quickest way to see that it gets there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert cli.main(["sandbox", "--port", port, "--data", str(tmp_path)]) == 2
    assert port in capsys.readouterr().err


def test_demo_says_that_its_port_is_in_use(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert cli.main(["demo", "--port", port, "--folder", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"veo-nb: Port {port} can't be used: Address already in use.")


@pytest.mark.parametrize("module", ["veo_nb", "veo_nb.cli"])
def test_it_runs_as_a_module(module, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", module, "--version"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == (f"veo-nb {veo_nb.__version__}\n", 0)


def test_a_letter_that_the_output_has_not_is_no_error(monkeypatch, tmp_path):
    """As of `veo-nb demo --headless > videos.txt` on Windows, in a folder with a Japanese name."""
    monkeypatch.setattr(demo, "run_headless", lambda _: [tmp_path / "狐.mp4"])
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "cp1252", newline="\n"))
    assert cli.main(["demo", "--headless"]) == 0
    sys.stdout.flush()
    assert written.getvalue().decode("cp1252") == f"{tmp_path / '?.mp4'}\n"
