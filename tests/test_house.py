"""The house rules of the package: which way imports point, what importing does, what is public."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import textwrap
from collections import Counter
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.rooms import FLOORS, MODULES, ROOT, SANDBOX, TOP, imports, part


def allowed(module: str, target: str) -> bool:
    here, there = part(module), part(target)
    if here in TOP or here == there:
        return True
    if here == "sandbox":
        return there in SANDBOX
    return there in FLOORS and FLOORS.index(here) < FLOORS.index(there)


def test_the_reader_of_imports_sees_them():
    assert "veo_nb.errors" in imports("veo_nb.request")


def test_arrows_point_one_way():
    """In each pair the first may not import the second."""
    assert [
        (module, target)
        for module in sorted(MODULES)
        for target in sorted(imports(module))
        if not allowed(module, target)
    ] == []


def test_there_is_no_cycle_of_imports():
    graph = {module: imports(module) & MODULES.keys() for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a cycle: {' -> '.join(error.args[1])}")


MOST = 12
"""Modules that a room holds beside the one that says what the room is for."""


def test_a_room_can_be_seen_at_a_glance():
    rooms = Counter(path.parent for path in MODULES.values() if path.name != "__init__.py")
    assert {str(room.relative_to(ROOT)): size for room, size in rooms.items() if size > MOST} == {}


def test_a_room_says_what_lives_there():
    silent = [
        str(path.relative_to(ROOT))
        for path in MODULES.values()
        if path.name == "__init__.py" and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


SOURCES = sorted([*MODULES.values(), *(path for path in (ROOT / "js" / "src").rglob("*") if path.is_file())])
WRITTEN = {"protocol.gen.ts"}
"""Those that nobody reads in one go, since a program wrote them."""


def test_a_file_can_be_read_in_one_go():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in SOURCES
        if path.name not in WRITTEN
    }
    assert {path: lines for path, lines in lengths.items() if lines > 600} == {}


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.name)
def test_a_notebook_is_kept_as_if_it_had_never_run(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]


def test_what_is_to_be_typed_in_a_terminal_is_read_alike_by_every_one():
    """That of Windows takes single quotes for a part of what is installed."""
    quoted = [
        str(path.relative_to(ROOT))
        for path in [*SOURCES, *ROOT.glob("*.md"), *(ROOT / "notebooks").glob("*.ipynb")]
        if path.suffix in (".py", ".ts", ".tsx", ".md", ".ipynb") and "install '" in path.read_text("utf-8")
    ]
    assert quoted == []


def test_no_query_numbers_what_it_is_given():
    """Python 3.12.0 to 3.12.3 take `?1` for a name, and warn of each."""
    numbered = re.compile(r"\b(SELECT|WHERE|VALUES|SET|IN)\b.*\?\d")
    sources = {path: path.read_text("utf-8") for path in SOURCES if path.suffix == ".py"}
    assert [str(path.relative_to(ROOT)) for path, text in sources.items() if numbered.search(text)] == []


def test_a_file_is_named_by_a_plain_noun():
    vague = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}
    assert [module for module in sorted(MODULES) if vague & set(module.split("."))] == []


PROBE = """
    import json, sys, threading

    opened, environment = [], []

    def watch(event, args):
        if event in ("open", "os.mkdir", "os.rename", "os.remove", "sqlite3.connect", "subprocess.Popen"):
            reads_code = event == "open" and str(args[0]).endswith((".py", ".pyc")) or "__pycache__" in str(args[0])
            # Python writes its own byte code; listing a folder is how it looks for modules.
            if not reads_code:
                opened.append([event, str(args[0])])
        if event.startswith("socket."):
            opened.append([event, ""])

    class Environment(type(__import__("os").environ)):
        def __getitem__(self, key):
            environment.append(key)
            return super().__getitem__(key)

    import os, _frozen_importlib_external
    os.environ.__class__ = Environment
    before = threading.enumerate()
    sys.addaudithook(watch)
    import veo_nb
    names = [*veo_nb.__all__]
    print(json.dumps({
        "threads": len(threading.enumerate()) - len(before),
        "opened": opened,
        "environment": [key for key in environment if not key.startswith("PYTHON")],
        "modules": sorted({name.partition(".")[0] for name in sys.modules}),
        "names": names,
    }))
"""


@pytest.fixture(scope="module")
def fresh():
    """What a fresh process did and loaded at `import veo_nb`, and nothing more."""
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROBE)], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return json.loads(run.stdout)


def test_importing_starts_no_thread(fresh):
    assert fresh["threads"] == 0


def test_importing_opens_no_file_socket_or_program(fresh):
    assert fresh["opened"] == []


def test_importing_reads_no_environment(fresh):
    assert fresh["environment"] == []


@pytest.mark.parametrize(
    "heavy", ["IPython", "anywidget", "ipywidgets", "psygnal", "httpx2", "av", "numpy", "PIL"]
)
def test_importing_stays_light(fresh, heavy):
    assert heavy not in fresh["modules"]


def test_loading_the_extension_needs_nothing_that_makes_fetches_or_judges_a_clip(tmp_path):
    """They are half of its time, and nobody has asked for a clip yet."""
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.instance().run_line_magic('load_ext', 'veo_nb')\n"
        "late = ('numpy', 'av', 'PIL', 'httpx2', 'anywidget', 'veo_nb.decisions', 'veo_nb.catalog.tips')\n"
        "print([name for name in late if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert run.stdout.splitlines()[-1] == "[]"


def test_the_public_names_are_these(fresh):
    """Adding or dropping one is a decision, made here as well."""
    errors = {
        "AuthenticationError",
        "BudgetExceeded",
        "Cancelled",
        "ContentBlocked",
        "DownloadError",
        "InvalidRequest",
        "NotFound",
        "OperationAbandoned",
        "OperationFailed",
        "PermissionDenied",
        "QuotaExceeded",
        "RateLimited",
        "ServiceError",
        "SubmissionUncertain",
        "TransportError",
        "VeoError",
        "VideoExpired",
        "WaitTimeout",
    }
    things = {
        "Agreement",
        "AsyncClient",
        "Awaited",
        "Axis",
        "Ballot",
        "Bill",
        "Cell",
        "Chance",
        "Change",
        "Charge",
        "Circle",
        "Comparison",
        "Comparisons",
        "Dissent",
        "Experiment",
        "Forecast",
        "Found",
        "FoundRow",
        "Job",
        "JobNote",
        "Jobs",
        "KeyStores",
        "Latency",
        "Library",
        "LibrarySummary",
        "Life",
        "Lineage",
        "Link",
        "Measure",
        "Measurement",
        "Measurements",
        "Operation",
        "Origin",
        "Pair",
        "Panel",
        "Picture",
        "Plan",
        "Planned",
        "PreferredSide",
        "Preview",
        "Price",
        "Progress",
        "Provider",
        "Query",
        "Quote",
        "Ranking",
        "Rating",
        "Received",
        "RemoteFile",
        "Repair",
        "Result",
        "Sample",
        "Secret",
        "Settings",
        "Snapshot",
        "Source",
        "Standing",
        "State",
        "Step",
        "Strength",
        "Studio",
        "Summary",
        "Sweep",
        "SweepPreview",
        "Sweeps",
        "Trimmed",
        "Unfetched",
        "Upload",
        "Usage",
        "Value",
        "Video",
        "VideoRequest",
        "Vote",
    }
    verbs = {
        "compare",
        "configure",
        "cost",
        "experiments",
        "generate",
        "history",
        "job",
        "join",
        "measure",
        "panel",
        "rank",
        "studio",
        "sweep",
        "sweeps",
    }
    modules = {"judges"}
    assert set(fresh["names"]) == errors | things | verbs | modules


def test_every_public_name_is_there():
    import veo_nb

    assert [name for name in veo_nb.__all__ if not hasattr(veo_nb, name)] == []


def test_a_public_function_stays_one_when_a_module_of_its_name_is_loaded():
    """Importing `veo_nb.studio` sets the attribute `studio` of the package."""
    code = """
        import veo_nb, veo_nb.studio, veo_nb.cli
        veo_nb.Studio
        assert all(callable(getattr(veo_nb, name)) for name in veo_nb.__all__ if name != "judges")
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, cwd=ROOT)


def test_importing_works_where_there_is_no_notebook_library():
    """As in a plain script on a server, until a notebook's part is asked for."""
    code = """
        import sys
        sys.modules.update(dict.fromkeys(["IPython", "ipywidgets", "anywidget", "ipykernel"]))
        import veo_nb
        veo_nb.VeoError, veo_nb.generate, veo_nb.Studio
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, cwd=ROOT)
