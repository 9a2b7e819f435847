"""Where a video's file is, for a saved page and for a live one."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.world import Time
from veo_nb.config import resolve_settings
from veo_nb.notebook.place import KNOWN_SECONDS, JupyterServer, Place, find_place


@dataclass
class Says:
    """A server that says this when it is asked."""

    folder: Path | None = None
    serves_all: bool = False

    def notebook_folder(self) -> Path | None:
        return self.folder

    def serves(self, address: str) -> bool:
        return self.serves_all


ROOT = Path("/srv/notes")
PLACE = Place(ROOT / "notebooks", ROOT, "/user/me/")


@pytest.mark.parametrize(
    ("path", "relative", "url"),
    [
        (
            "notebooks/veo_library/fox.mp4",
            "veo_library/fox.mp4",
            "/user/me/files/notebooks/veo_library/fox.mp4",
        ),
        ("library/fox.mp4", "../library/fox.mp4", "/user/me/files/library/fox.mp4"),
        (
            "notebooks/a b/fox #1?.mp4",
            "a%20b/fox%20%231%3F.mp4",
            "/user/me/files/notebooks/a%20b/fox%20%231%3F.mp4",
        ),
        ("notebooks/100%.mp4", "100%25.mp4", "/user/me/files/notebooks/100%25.mp4"),
        (
            "notebooks/Füchse/狐.mp4",
            "F%C3%BCchse/%E7%8B%90.mp4",
            "/user/me/files/notebooks/F%C3%BCchse/%E7%8B%90.mp4",
        ),
        ("notebooks/a:b.mp4", "a%3Ab.mp4", "/user/me/files/notebooks/a%3Ab.mp4"),
        ("notebooks/\"'<>&.mp4", "%22%27%3C%3E%26.mp4", "/user/me/files/notebooks/%22%27%3C%3E%26.mp4"),
    ],
)
def test_a_file_has_an_address_for_the_saved_page_and_one_on_the_server(path, relative, url):
    assert PLACE.relative(ROOT / path) == relative
    assert PLACE.url(ROOT / path) == url


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1).filter(
    # What is hidden the server does not serve.
    lambda name: not name.startswith(".")
)


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_a_browser_that_reads_the_address_finds_the_same_file(names):
    path = ROOT / "notebooks" / Path(*names)
    relative = PLACE.relative(path)
    assert relative is not None
    for address in (relative, PLACE.url(path)):
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
        assert not set("\"'<>& ") & set(address)
    assert ROOT / "notebooks" / unquote(relative) == path
    assert ROOT / unquote(PLACE.url(path).removeprefix("/user/me/files/")) == path


def test_a_file_outside_what_the_server_serves_has_none():
    assert PLACE.relative(Path("/elsewhere/fox.mp4")) is None
    assert PLACE.url(Path("/elsewhere/fox.mp4")) == ""


def test_where_no_server_is_known_the_relative_address_still_works():
    place = Place(Path("/home/me"))
    assert place.relative(Path("/home/me/veo_library/fox.mp4")) == "veo_library/fox.mp4"
    assert place.url(Path("/home/me/veo_library/fox.mp4")) == ""


def test_a_person_reads_the_path_from_the_notebooks_folder():
    assert PLACE.shown(ROOT / "notebooks/veo_library/fox #1.mp4") == "veo_library/fox #1.mp4"
    assert PLACE.shown(ROOT / "library/fox.mp4") == "/srv/notes/library/fox.mp4"


# Finding it


@pytest.fixture
def served(tmp_path):
    """A folder that a server with process number 77 serves, with a notebook in a folder below."""
    root, runtime = tmp_path / "root", tmp_path / "runtime"
    (root / "deep").mkdir(parents=True)
    runtime.mkdir()
    note = {"root_dir": str(root), "base_url": "/base/"}
    (runtime / "jpserver-77.json").write_text(json.dumps(note))
    return root, runtime


def test_the_server_says_where_the_notebook_is(served):
    root, runtime = served
    environ = {"JPY_SESSION_NAME": str(root / "deep" / "a.ipynb"), "JPY_PARENT_PID": "77"}
    assert find_place(environ, root, runtime) == Place(root / "deep", root, "/base/")


def test_nbclassic_names_the_folder_alone(served):
    root, runtime = served
    environ = {"JPY_SESSION_NAME": f"{root / 'deep'}/", "JPY_PARENT_PID": "77"}
    assert find_place(environ, root, runtime) == Place(root / "deep", root, "/base/")


def test_on_windows_the_server_is_named_by_a_handle(served):
    """1234 is a handle there, for the process with number 77; jupyter_client writes it where others write the number."""
    root, runtime = served
    environ = {"JPY_SESSION_NAME": str(root / "deep" / "a.ipynb"), "JPY_PARENT_PID": "1234"}
    found = find_place(environ, root, runtime, process={1234: 77}.__getitem__)
    assert found == Place(root / "deep", root, "/base/")
    # Windows gives 0 for what is none.
    assert find_place(environ, root, runtime, process=lambda _: 0) == Place(root / "deep")


@pytest.mark.parametrize("session", ["", "a-uuid-1234", "relative/a.ipynb", "/no/such/folder/a.ipynb"])
def test_without_the_notebooks_path_the_working_folder_stands_in(served, session):
    root, runtime = served
    environ = {"JPY_SESSION_NAME": session, "JPY_PARENT_PID": "77"}
    assert find_place(environ, root / "deep", runtime) == Place(root / "deep", root, "/base/")


@pytest.mark.parametrize("pid", [None, "78", "x", "../77", "-1"])
def test_without_a_server_there_is_no_root(served, pid):
    root, runtime = served
    environ = {"JPY_PARENT_PID": pid} if pid else {}
    assert find_place(environ, root, runtime) == Place(root)


@pytest.mark.parametrize("note", ["", "{", "[]", "7", '{"root_dir": 7}', '{"root_dir": "/x"}', "\x00"])
def test_a_note_that_cannot_be_read_is_no_note(served, note):
    root, runtime = served
    (runtime / "jpserver-77.json").write_text(note)
    assert find_place({"JPY_PARENT_PID": "77"}, root, runtime) == Place(root)


def test_a_folder_that_the_server_knows_by_another_name_has_that_one(served, tmp_path):
    root, runtime = served
    link = tmp_path / "link"
    link.symlink_to(root / "deep")
    environ = {"JPY_SESSION_NAME": str(link / "a.ipynb"), "JPY_PARENT_PID": "77"}
    assert find_place(environ, tmp_path, runtime).folder == root / "deep"


@pytest.fixture
def scratch(served, tmp_path):
    """A folder on another disk, which a link below the root leads to: `root/scratch` is `disk`, and has notebooks."""
    root, _ = served
    disk = tmp_path / "disk"
    (disk / "project" / "veo_library").mkdir(parents=True)
    (root / "scratch").symlink_to(disk)
    return disk


@pytest.mark.parametrize(
    ("session", "relative", "shown"),
    [
        ("scratch/project/a.ipynb", "veo_library/fox.mp4", "veo_library/fox.mp4"),
        ("scratch/a.ipynb", "project/veo_library/fox.mp4", "project/veo_library/fox.mp4"),
        ("scratch/other/a.ipynb", "../project/veo_library/fox.mp4", None),
    ],
)
def test_a_notebook_behind_a_link_names_its_clips_as_the_server_does(
    served, scratch, session, relative, shown
):
    """As on a cluster: the kernel's working folder has the link's target as its name."""
    root, runtime = served
    (scratch / "other").mkdir()
    environ = {"JPY_SESSION_NAME": str(root / session), "JPY_PARENT_PID": "77"}
    found = find_place(environ, (root / session).parent.resolve(), runtime)
    place = replace(found, server=Says(serves_all=True))
    for path in (
        scratch / "project/veo_library/fox.mp4",
        root / "scratch/project/veo_library/fox.mp4",
    ):
        assert place.relative(path) == relative
        assert place.url(path) == "/base/files/scratch/project/veo_library/fox.mp4"
        assert place.shown(path) == (shown or str(path))
        assert place.trouble(path) == ""
    strict = replace(found, server=Says(serves_all=False))
    assert (strict.relative(path), strict.url(path), strict.trouble(path)) == (None, "", "link")


def test_a_library_that_is_a_link_is_served_under_its_name(served, tmp_path):
    root, runtime = served
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "deep" / "veo_library").symlink_to(elsewhere)
    environ = {"JPY_SESSION_NAME": str(root / "deep" / "a.ipynb"), "JPY_PARENT_PID": "77"}
    place = replace(find_place(environ, root, runtime), server=Says(serves_all=True))
    library = resolve_settings({}, {}, {}, root / "deep").library
    assert place.relative(library / "fox.mp4") == "veo_library/fox.mp4"
    assert place.trouble(elsewhere / "fox.mp4") == "outside"


def test_the_root_itself_may_be_reached_by_a_link(served, tmp_path):
    root, runtime = served
    (tmp_path / "home").symlink_to(root)
    note = {"root_dir": str(tmp_path / "home"), "base_url": "/"}
    (runtime / "jpserver-77.json").write_text(json.dumps(note))
    for session in (str(tmp_path / "home" / "deep" / "a.ipynb"), "no-path"):
        environ = {"JPY_SESSION_NAME": session, "JPY_PARENT_PID": "77"}
        place = find_place(environ, root / "deep", runtime)
        assert place.relative(root / "deep" / "fox.mp4") == "fox.mp4"
        assert place.url(root / "deep" / "fox.mp4") == "/files/deep/fox.mp4"


@pytest.mark.parametrize("path", [".veo/fox.mp4", "notebooks/.cache/veo/fox.mp4", "a/.b/c/fox.mp4"])
def test_what_lies_in_a_hidden_folder_is_not_served(path):
    assert PLACE.relative(ROOT / path) is None
    assert PLACE.url(ROOT / path) == ""
    assert PLACE.trouble(ROOT / path) == "hidden"
    # `ContentsManager.allow_hidden`
    shows = replace(PLACE, server=Says(serves_all=True))
    assert shows.url(ROOT / path) == f"/user/me/files/{path}"
    assert shows.trouble(ROOT / path) == ""


def test_a_root_that_is_hidden_itself_hides_nothing():
    place = Place(Path("/home/me/.work/notes"), Path("/home/me/.work"))
    assert place.relative(Path("/home/me/.work/library/fox.mp4")) == "../library/fox.mp4"


def test_where_no_server_is_known_nothing_is_hidden():
    assert Place(Path("/home/me")).relative(Path("/home/me/.veo/fox.mp4")) == ".veo/fox.mp4"


# A notebook that is moved


def moving(tmp_path, now) -> Place:
    """A place whose notebook is no longer where it was; `now` is where the server says that it is."""
    return Place(tmp_path / "old", tmp_path, "/", tmp_path / "old" / "a.ipynb", Says(now))


def test_a_notebook_that_was_moved_names_its_clips_from_where_it_is(tmp_path):
    place = moving(tmp_path, tmp_path / "new" / "deep")
    assert place.relative(tmp_path / "old/veo_library/fox.mp4") == "../../old/veo_library/fox.mp4"
    assert place.trouble(tmp_path / "old/veo_library/fox.mp4") == ""


def test_a_notebook_that_is_where_it_was_asks_nobody(tmp_path):
    (tmp_path / "a.ipynb").touch()
    place = Place(tmp_path, tmp_path, "/", tmp_path / "a.ipynb", Says(tmp_path / "elsewhere"))
    assert place.relative(tmp_path / "fox.mp4") == "fox.mp4"


def test_of_a_notebook_that_nobody_finds_no_address_is_made_up(tmp_path):
    place = moving(tmp_path, None)
    assert place.relative(tmp_path / "fox.mp4") is None
    assert place.trouble(tmp_path / "fox.mp4") == "moved"
    # The page that is open goes by the server's own address.
    assert place.url(tmp_path / "fox.mp4") == "/files/fox.mp4"


@pytest.fixture
def server(tmp_path):
    """A Jupyter server that has sessions: `.sessions`; `.asked` are the paths and tokens that were asked with."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            here.asked.append((self.path, self.headers["authorization"]))
            self.send_response(here.status)
            self.end_headers()

        def do_GET(self):
            here.asked.append((self.path, self.headers["authorization"]))
            body = here.sessions if isinstance(here.sessions, bytes) else json.dumps(here.sessions).encode()
            self.send_response(here.status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    here = SimpleNamespace(sessions=[], status=200, asked=[])
    url = f"http://127.0.0.1:{listening.server_port}/base/"
    here.note = {"url": url, "base_url": "/base/", "token": "t0ken"}
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    yield here
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_the_server_says_where_the_notebook_of_a_kernel_is(server, tmp_path):
    server.sessions = [
        {"path": "other.ipynb", "kernel": {"id": "k1"}},
        {"path": "new/deep/a.ipynb", "kernel": {"id": "k2"}},
    ]
    time = Time(0.0)
    ask = JupyterServer(server.note, tmp_path, "k2", time.clock).notebook_folder
    assert ask() == ask() == tmp_path / "new/deep"
    assert server.asked == [("/base/api/sessions", "token t0ken")]
    server.sessions[1]["path"] = "a.ipynb"
    time.now += KNOWN_SECONDS + 1
    assert ask() == tmp_path


@pytest.mark.parametrize(
    ("sessions", "status"),
    [
        ([], 200),
        ([{"path": "a.ipynb"}], 200),
        ([{"path": "a.ipynb", "kernel": {"id": "x"}}], 200),
        (b"{", 200),
        (b"", 403),
    ],
)
def test_a_server_that_does_not_say_it_is_not_believed(server, tmp_path, sessions, status):
    server.sessions, server.status = sessions, status
    assert JupyterServer(server.note, tmp_path, "k2").notebook_folder() is None
    assert JupyterServer(server.note, tmp_path, "").notebook_folder() is None


def test_without_a_server_nobody_says_it(tmp_path):
    for note in ({}, {"url": "http://127.0.0.1:9", "token": ""}, {"url": 7, "token": 7}):
        nobody = JupyterServer(note, tmp_path, "k2")
        assert nobody.notebook_folder() is None
        assert not nobody.serves("/files/fox.mp4")


@pytest.mark.parametrize(("status", "serves"), [(200, True), (403, False), (404, False)])
def test_the_server_says_whether_it_serves_a_file_once_for_its_folder(server, tmp_path, status, serves):
    server.status = status
    asked = JupyterServer(server.note, tmp_path, "k2")
    assert asked.serves("/base/files/scratch/a.mp4") is asked.serves("/base/files/scratch/b.mp4") is serves
    assert server.asked == [("/base/files/scratch/a.mp4", "token t0ken")]
