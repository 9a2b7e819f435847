"""Where a video's file is, for a saved page and for a live one."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_nb.notebook.place import Place, find_place

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
    lambda name: name not in (".", "..")
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


def test_links_are_followed_as_the_server_follows_them(served, tmp_path):
    root, runtime = served
    link = tmp_path / "link"
    link.symlink_to(root / "deep")
    environ = {"JPY_SESSION_NAME": str(link / "a.ipynb"), "JPY_PARENT_PID": "77"}
    assert find_place(environ, tmp_path, runtime).folder == root / "deep"
