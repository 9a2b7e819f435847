"""A key is planted, everything is done and everything goes wrong, and then it is looked for everywhere."""

from __future__ import annotations

import json
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.kernel.echo import TRICKS, Echo
from tests.kernel.kernel import Kernel
from tests.kernel.leaks import Surfaces, forms, leaks

pytestmark = pytest.mark.kernel

KEY = "sk-Zq7/Lw3+Hx9Kd5Rt2Vb8Nm4Jp6/Gs1Fy0+Ce=="
TYPED = "sk-Typed8/Uo4+Ai6Ey2Xw9Zr5Tq7/Pl3Mk1+Bv=="
"""The one that is typed into `%veo login`."""

START = """
import dataclasses, faulthandler, logging, os
logging.basicConfig(level=logging.DEBUG, filename="debug.log", force=True)
import veo_nb as veo
from veo_nb import catalog
# As many a minute as this test wants, and asked about twice a second.
catalog.PROVIDERS["gptproto"] = dataclasses.replace(
    catalog.PROVIDERS["gptproto"], requests_per_minute=10_000, in_flight=100, typical_seconds=1.0
)
# IPython 7 shows with `%xmode Verbose` what each name in a cell's own line is, `os.environ` too.
def own_key():
    return os.environ["GPTPROTO_API_KEY"]
"""
SHOWN = """
studio, settings = veo.studio(), veo.studio().settings
for one in (studio, settings, settings.api_key, veo._settings, vars(studio), studio.jobs.workspace.parts, vars(settings),
            dataclasses.asdict(settings), veo.AsyncClient("gptproto", settings.api_key)):
    print(one, repr(one), str(one))
print(vars(veo.AsyncClient("gptproto", settings.api_key)))
for job in veo.history(100):
    print(job, vars(job), repr(job.error), job.error and job.error.facts)
for thing in (settings.api_key, settings, job):
    try:
        import pickle
        print(pickle.dumps(thing))
    except Exception as error:
        print(error)
faulthandler.dump_traceback(open("crash.txt", "w"), all_threads=True)
"""
SHOW = """
import sys, traceback
for frame, _ in traceback.walk_tb(sys.last_value.__traceback__):
    for name, value in frame.f_locals.items():
        try:
            print(frame.f_globals.get("__name__"), frame.f_code.co_name, name, repr(value))
        except AttributeError:
            pass  # half made when it went wrong
"""
"""The last error with every variable of every frame in full, as a logger of errors sends it away; IPython cuts them."""
BROKEN = [
    # Each goes wrong somewhere below one of our calls, in an error that is not ours.
    "class Evil:\n    def __str__(self): 1 / 0\n    __fspath__ = __str__\nveo.configure(base_url=Evil())",
    "veo.configure(library=Evil())",
    "veo.Studio(api_key=own_key(), base_url=Evil())",
    "veo.AsyncClient('gptproto', own_key(), Evil())",
    "veo.generate('A fox.', image=Evil())",
    "veo.generate(Evil())",
    # One of ours, and then another while it is handled: the first is then shown with its frames.
    "try:\n    veo.configure(provider='nobody')\nexcept veo.VeoError:\n    1 / 0",
    "try:\n    veo.configure(max_in_flight=0)\nexcept veo.VeoError as error:\n    raise RuntimeError from error",
    "try:\n    job.wait()\nexcept veo.VeoError as error:\n    raise RuntimeError(str(error)) from error",
    "veo.studio().settings.api_key + 'x'",
    "veo.studio().settings.provider = 1",
]


@pytest.fixture
def provider(clip):
    with Echo(clip) as provider:
        yield provider


@pytest.fixture
def kernel(folder, provider):
    (folder / "taken").write_text("a file where the library should be")
    environment = {"GPTPROTO_API_KEY": KEY, "VEO_NB_BASE_URL": provider.url}
    with Kernel(folder, PYTHONFAULTHANDLER="1", **environment) as kernel:
        ran = kernel.run(START + "%load_ext veo_nb")
        assert ran.failure is None, ran.failure
        yield kernel


def over(kernel: Kernel, *, within: float = 20) -> str:
    """Let the jobs end that will, and cancel those that only wait; their states."""
    kernel.run(
        f"import time; end = time.time() + {within}\n"
        "while veo._active() and time.time() < end: time.sleep(0.1)\n"
        "for one in veo._active(): one.cancel()\n"
        "while veo._active(): time.sleep(0.1)",
        within + 30,
    )
    return kernel.value("sorted((job.request.prompt, job.status) for job in veo.history(200))")


def test_a_key_gets_nowhere(kernel, provider, folder):
    surfaces = Surfaces(kernel)
    for trick in TRICKS:
        kernel.run(f"%%veo --out job\n{trick}.")
    ended = dict(eval(over(kernel, within=8)))
    assert len(ended) == len(TRICKS)
    assert {ended[f"{trick}."] for trick in TRICKS if "address" not in trick} <= {
        "failed",
        "blocked",
        "cancelled",
        "uncertain",
    }
    assert ended["address with the key."] == "succeeded"

    kernel.run("%%veo --out job --wait\nA fox.")
    for line in (
        "",
        "history",
        "config",
        "doctor",
        "help",
        "wait",
        "show {job.id}",
        "retry {job.id}",
        "wiat",
    ):
        kernel.run(f"get_ipython().run_line_magic('veo', f'{line}')")
    kernel.run("%%veo --dry-run\nAn owl.")
    kernel.run("%config VeoMagics.max_in_flight = 0")
    kernel.run("%config VeoMagics")
    kernel.run(
        "get_ipython().run_line_magic('veo', f'resubmit {[j for j in veo.history(200) if j.status == \"uncertain\"][0].id}')"
    )
    assert kernel.run(SHOWN).failure is None
    card = kernel.run("%%veo\npoll 500. Again.")
    comm, _ = kernel.widget(card)
    kernel.tell(comm, {"kind": "cancel", "id": "r1", "payload": {}})
    kernel.tell(comm, {"kind": "reveal", "id": "r2", "payload": {"key": 1}})
    kernel.listen(1)

    for mode in ("Verbose", "Context"):
        kernel.run(f"%xmode {mode}")
        kernel.run("job = [job for job in veo.history(100) if job.status == 'failed'][0]")
        for code in BROKEN:
            assert kernel.run(code).failure, code
            shown_text = kernel.run(SHOW)
            assert shown_text.failure is None, shown_text.failure
            assert "veo_nb" in shown_text.stdout or "settings.api_key" in code
        kernel.run("%tb")

    surfaces.save_notebook(folder / "saved.ipynb")
    assert any(asked.keyed for asked in provider.asked)
    assert surfaces.leaking(KEY) == {}
    assert provider.abroad == []
    assert "DEBUG:httpcore2" in (folder / "debug.log").read_text()
    assert not [*folder.parent.rglob("climbed*"), *Path("/tmp").glob("climbed*")]


SWEPT = (
    "A fox",
    "submit 401",
    "poll failed",
    "poll filtered",
    "poll 500",
    "download page",
    "address elsewhere",
)
SWEEP = f"""sweep = veo.sweep("{{{{what}}}}.", axes={{"what": {[*SWEPT]}}}, duration_seconds=4)
sweep.grid()"""
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("clock", {}),
    *(("details", {"cell": str(cell)}) for cell in range(len(SWEPT))),
    ("poster", {"cell": "0", "sample": 0}),
    ("rate", {"cell": "0", "sample": 0, "rating": 4}),
    ("star", {"cell": "0", "sample": 0, "star": True}),
    ("note", {"cell": "0", "sample": 0, "note": "The ears."}),
    ("pause", {}),
    ("resume", {}),
    ("rerun", {}),
    ("cancel-all", {}),
    # Wrong ones: another kind, no such cell, a clip that is not there.
    ("reveal", {"key": 1}),
    ("details", {"cell": "99"}),
    ("poster", {"cell": "1", "sample": 0}),
)
"""What a grid can be asked, in an order in which it makes sense."""
RATED = """
for one in (sweep, vars(sweep), sweep.cells, [vars(cell) for cell in sweep.cells], sweep.clips(),
            [one.error and one.error.facts for one in sweep.jobs]):
    print(one)
print(sweep.to_dataframe().to_csv())
"""
BILLED = """
veo.configure(budget=0.01)
veo.generate("Too dear.")
"""
DAMAGED = """
for path in veo.studio().settings.library.rglob("*.mp4"):
    path.write_bytes(path.read_bytes()[:1000])
report = veo.studio().library.repair()
print(report, vars(report))
"""


def test_a_key_gets_nowhere_by_sweeps_budgets_and_repairs(kernel, provider, folder):
    surfaces = Surfaces(kernel)
    shown = kernel.run(SWEEP)
    assert shown.failure is None, shown.failure
    comm, widget = kernel.widget(shown)
    ended = dict(eval(over(kernel, within=8)))
    assert ended["A fox."] == "succeeded"
    assert {ended["submit 401."], ended["poll failed."], ended["poll filtered."]} <= {"failed", "blocked"}
    for number, (kind, payload) in enumerate(ASKED):
        kernel.tell(comm, {"kind": kind, "id": f"r{number}", "payload": payload})
    replies: dict[str, dict[str, Any]] = {}

    def answered() -> bool:
        replies.update((one["id"], one) for one in widget.messages if one.get("kind") == "reply")
        return len(replies) == len(ASKED)

    kernel.until(answered, why="not every wish is answered")
    asked = {f"r{number}": kind for number, (kind, _) in enumerate(ASKED)}
    refused = {one for one in replies if "error" in replies[one]}
    assert refused == {*[*asked][-3:]}, {asked[one]: replies[one] for one in refused}
    assert "[key]" in json.dumps(replies, ensure_ascii=False), "no server's words are among the details"
    over(kernel, within=8)

    for line in (
        "sweeps",
        "cost",
        "show {sweep.id}",
        "rerun {sweep.id}",
        "pause {sweep.id}",
        "resume {sweep.id}",
    ):
        ran = kernel.run(f"get_ipython().run_line_magic('veo', f'{line}')")
        assert ran.failure is None, (line, ran.failure)
    over(kernel, within=8)
    kernel.run("%%veo --dry-run --sweep animal=fox,owl\nA {{animal}}.")
    kernel.run("%%veo --sweep animal=@nothing\nA {{animal}}.")
    judged = kernel.run(RATED)
    assert judged.failure is None, judged.failure
    for code in ("[one for one in sweep.jobs if one.status == 'failed'][0].wait()", BILLED):
        assert kernel.run(code).failure, code
        assert kernel.run(SHOW).failure is None
    kernel.run("veo.configure(budget=None)")
    repaired = kernel.run(DAMAGED)
    assert repaired.failure is None, repaired.failure
    kernel.run("%veo doctor --repair")
    assert kernel.run(SHOWN).failure is None

    surfaces.save_notebook(folder / "saved.ipynb")
    assert any(asked.keyed for asked in provider.asked)
    assert surfaces.leaking(KEY) == {}
    assert provider.abroad == []


def test_a_key_that_is_typed_gets_nowhere_and_a_sandbox_of_ours_knows_none(kernel, folder):
    surfaces = Surfaces(kernel)
    login = kernel.begin("%veo login", TYPED)
    kernel.until(lambda: login.done)
    assert login.failure is None, login.failure
    assert login.stdout.startswith("GPTProto gets the key …Bv== from now on.")
    assert [
        message["content"]["password"]
        for message in kernel.messages
        if message["header"]["msg_type"] == "input_request"
    ] == [True]
    assert kernel.value("veo.studio().settings.api_key.tail()") == "…Bv=="
    kernel.run("%veo doctor")
    kernel.run("%veo config")
    kernel.run("%xmode Verbose")
    for code in BROKEN[:3]:
        kernel.run(code)
    nobody = kernel.run("%veo login")
    assert nobody.failure
    assert nobody.failure.traceback == [
        "InvalidRequest: Nobody can be asked for a key here. Set GPTPROTO_API_KEY in the environment instead."
    ]
    kernel.run("os.environ.pop('VEO_NB_BASE_URL'); veo.configure(provider='sandbox', api_key=None)")
    made = kernel.run("%%veo -d 4 --wait\nA fox.", 90)
    assert made.failure is None, made.failure
    assert "environment of child 0" in surfaces.all()
    surfaces.save_notebook(folder / "saved.ipynb")
    for key in (KEY, TYPED):
        assert surfaces.leaking(key) == {}


def test_a_notebook_that_was_run_by_nbclient_holds_no_key(folder, provider, monkeypatch):
    monkeypatch.setenv("GPTPROTO_API_KEY", KEY)
    monkeypatch.setenv("VEO_NB_BASE_URL", provider.url)
    cells = [
        START + "%load_ext veo_nb",
        *(f"%%veo --wait\n{trick}." for trick in ("A fox", "submit 401", "poll failed")),
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(
        notebook,
        timeout=60,
        allow_errors=True,
        store_widget_state=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    nbformat.write(notebook, folder / "ran.ipynb")
    text = (folder / "ran.ipynb").read_text()
    assert "<video" in text
    assert "refused the key" in text
    assert "widget-state" in text
    assert [path.name for path in folder.rglob("*") if path.is_file() and leaks(path.read_bytes(), KEY)] == []


# ---- the search itself: each way out was seen to be watched


LEAKS = {
    "message stream": "print(KEY)",
    "message display_data": "display({'text/html': KEY[:9]}, raw=True)",
    "message execute_result": "KEY[5:]",
    "message error": "raise ValueError(KEY)",
    "message comm_open": "import ipywidgets; box = ipywidgets.Text(KEY)",
    "message comm_msg": "box.send({'key': KEY})",
    "message input_request": "input(KEY)",
    "file veo_library/side.json": "open('veo_library/side.json', 'w').write(json.dumps({'uri': quote(KEY, safe='')})) and None",
    "file veo_library/x.db-wal": (
        "db = sqlite3.connect('veo_library/x.db'); db.execute('PRAGMA journal_mode = WAL'); "
        "db.execute('CREATE TABLE t (k)'); db.execute('INSERT INTO t VALUES (?)', [KEY]); db.commit()"
    ),
    "file debug.log": "logging.debug('%s', base64.b64encode(b'user:' + KEY.encode()))",
    "names of files": "open(KEY.replace('/', '_'), 'w').close()",
    "arguments of child 0": "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)', KEY], env={})",
    "environment of child 1": "other = subprocess.Popen(['sleep', '60'])",
    "file .home/kernel.log": "os.write(2, KEY.encode()) and None",
}


def test_the_search_finds_a_key_wherever_it_gets_out(folder):
    """In a kernel that does all of it wrong, one after the other."""
    (folder / "veo_library").mkdir()
    with Kernel(folder, PLANTED=KEY) as kernel:
        kernel.run(
            "import base64, json, logging, os, sqlite3, subprocess, sys\nfrom urllib.parse import quote\n"
            "KEY = os.environ['PLANTED']\n"
            "logging.basicConfig(level=logging.DEBUG, filename='debug.log', force=True)"
        )
        surfaces = Surfaces(kernel)
        assert surfaces.leaking(KEY) == {}
        for place, code in LEAKS.items():
            assert place not in surfaces.leaking(KEY), place
            cell = kernel.begin(code, *(["typed"] if "input" in code else []))
            kernel.until(partial(attrgetter("done"), cell))
            kernel.listen(0.2)
            assert place in surfaces.leaking(KEY), f"{place} is not watched: {cell.failure}"
        surfaces.save_notebook(folder / "saved.ipynb")
        assert "file saved.ipynb" in surfaces.leaking(KEY)
        kernel.run("for one in (child, other): one.kill(), one.wait()")


@pytest.mark.parametrize("form", forms(KEY))
def test_a_key_is_found_however_it_is_written(form):
    (piece, *_) = sorted(forms(KEY)[form])
    assert form in leaks(b"before" + piece + b"after", KEY)


def test_four_characters_are_no_find():
    assert leaks(f"key …{KEY[-4:]} from GPTPROTO_API_KEY".encode(), KEY) == []
    assert leaks(json.dumps(TRICKS).encode(), KEY) == []
