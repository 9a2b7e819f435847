"""Bad input in a cell: one line that says what to do, the cell marked failed, and nothing sent."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tests.kernel.kernel import Cell, Kernel
from tests.kernel.sandbox import Sandbox
from veo_nb import errors

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def kernel(tmp_path_factory, sandbox):
    """One kernel for all: nothing is sent, so nothing is left behind."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "broken.png").write_text("this is no picture")
    (folder / "folder.png").mkdir()
    with Kernel(folder, **sandbox.environment) as kernel:
        kernel.run("%load_ext veo_nb")
        yield kernel


def one_line(cell: Cell) -> tuple[str, str]:
    """The error's name and its one line, as a person sees it."""
    assert cell.status == "error"
    assert cell.failure
    kind = getattr(errors, cell.failure.name, None)
    assert kind, f"not one of our errors: {cell.failure}"
    assert issubclass(kind, errors.VeoError)
    assert len(cell.failure.traceback) == 1
    (line,) = cell.failure.traceback
    assert len(line.splitlines()) == 1
    assert not cell.outputs
    return cell.failure.name, line


CASES = {
    "unknown option": ("%%veo --aspekt-ratio 9:16\nA fox.", "InvalidRequest", "aspect-ratio"),
    "unknown value": ("%%veo --aspect-ratio 4:3\nA fox.", "InvalidRequest", "16:9 or 9:16"),
    "unknown length": ("%%veo --duration 5\nA fox.", "InvalidRequest", "4, 6 or 8"),
    "a length that is no number": ("%%veo --duration long\nA fox.", "InvalidRequest", "4, 6 or 8"),
    "unknown resolution": ("%%veo --resolution 9000p\nA fox.", "InvalidRequest", "720p"),
    "unknown model": ("%%veo --model fsat\nA fox.", "InvalidRequest", "fast"),
    "an option without its value": ("%%veo --duration\nA fox.", "InvalidRequest", "duration"),
    "a quote that is not closed": ("%%veo --image 'fox.png\nA fox.", "InvalidRequest", ""),
    "empty prompt": ("%%veo\n   \n\n", "InvalidRequest", "prompt"),
    "missing image": ("%%veo --image nowhere.png\nA fox.", "InvalidRequest", "nowhere.png"),
    "broken image": ("%%veo --image broken.png\nA fox.", "InvalidRequest", "broken.png"),
    "a folder for an image": ("%%veo --image folder.png\nA fox.", "InvalidRequest", "folder.png"),
    "1080p with 4 s": ("%%veo -r 1080p -d 4\nA fox.", "InvalidRequest", "8"),
    "undefined name": ("%%veo\nA {{animal}}.", "InvalidRequest", "animal"),
    "an output that is no name": ("%%veo --out 1fox\nA fox.", "InvalidRequest", "1fox"),
    "a take that is no number": ("%%veo --take two\nA fox.", "InvalidRequest", "take"),
    "an unknown subcommand": ("%veo wiat", "InvalidRequest", "wait"),
    "an unknown job": ("%veo show zzzz", "NotFound", "zzzz"),
    "cancel of an unknown job": ("%veo cancel zzzz", "NotFound", "zzzz"),
}


@pytest.mark.parametrize(("code", "kind", "word"), CASES.values(), ids=CASES.keys())
def test_one_line_and_nothing_sent(kernel, sandbox, code, kind, word):
    name, line = one_line(kernel.run(code))
    assert name == kind
    assert word in line
    kernel.listen(0.2)
    assert sandbox.submits == []


def test_the_errors_stay_catchable(kernel):
    cell = kernel.run("""
        import veo_nb as veo
        try:
            veo.generate("A fox.", aspect_ratio="4:3")
        except ValueError as error:
            print(error.code, error.hint)
    """)
    assert "invalid_request" in cell.stdout


@pytest.mark.parametrize(
    ("environment", "kind", "word"),
    [
        ({"VEO_NB_PROVIDER": "gptproto"}, "AuthenticationError", "GPTPROTO_API_KEY"),
        ({"VEO_NB_PROVIDER": "gptprto"}, "InvalidRequest", "gptproto"),
        ({"VEO_NB_LIBRARY": "taken/library"}, None, "taken"),
    ],
    ids=["no key for a provider that needs one", "unknown provider", "a library that can't be written"],
)
def test_settings_that_cannot_work_say_what_to_do(tmp_path, environment, kind, word):
    (tmp_path / "taken").write_text("a file where the folder should be")
    with Kernel(tmp_path, **environment) as kernel:
        loading = kernel.run("%load_ext veo_nb")
        cell = loading if loading.failure else kernel.run("%%veo\nA fox.")
        name, line = one_line(cell)
        assert kind in (name, None)
        assert word in line


def test_a_port_in_use_is_said_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = subprocess.run(
            [sys.executable, "-m", "veo_nb", "sandbox", "--port", port],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert run.returncode
    assert port in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
