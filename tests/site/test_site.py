"""The site of the documentation: whole, without a broken link, and readable by everybody."""

from __future__ import annotations

import shutil

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import ViewportSize

from tests.browser.axe import violations
from tests.browser.lab import browser
from tests.site import books
from tests.site.build import build, missing, show_living, stills_of, tidy
from tests.site.links import broken
from tests.site.pages import linked, sections
from tests.site.reference import as_rst

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def ran():
    """Where the notebooks lie that have run: those that their own tests have left, the others from now on."""
    return {name: books.find(name, draft=True) for name in books.NAMES}


@pytest.fixture(scope="module")
def built(tmp_path_factory, ran):
    """The site, and what its own look through it found; without the list of attributes in its margin, a third of the time."""
    return build(tmp_path_factory.mktemp("site"), ran, {"toc_object_entries": 0})


@pytest.fixture
def copy(built, tmp_path):
    """A copy of the site that a test may break."""
    return shutil.copytree(built[0], tmp_path / "html", ignore=shutil.ignore_patterns("*.mp4"))


def test_nothing_in_it_is_broken_or_missing(built):
    assert built[1] == []


def test_every_section_of_the_readme_is_a_page_that_the_first_one_leads_to(built):
    first = (built[0] / "index.html").read_text("utf-8")
    titles = [part for part in sections((books.ROOT / "README.md").read_text("utf-8")) if part.title]
    assert [part.title for part in titles if f'href="{part.page}.html"' not in first] == []


def test_what_is_broken_is_named_with_its_page(copy):
    house = copy / "house.html"
    whole = house.read_text("utf-8")
    wrong = {
        '<a href="nowhere.html">x</a>': "house.html: nowhere.html (is not there)",
        '<a href="index.html#nothing">x</a>': "house.html: index.html#nothing (has no such anchor)",
        '<a href="#nothing">x</a>': "house.html: #nothing (has no such anchor)",
        '<a href="../../secret">x</a>': "house.html: ../../secret (is not there)",
        '<a href="http://example.org">x</a>': "house.html: http://example.org (is not https)",
        '<video src="gone.mp4"></video>': "house.html: gone.mp4 (is not there)",
        '<script src="https://example.org/a.js"></script>': "house.html: https://example.org/a.js (is loaded from elsewhere)",
    }
    house.write_text(whole.replace("</article>", f"{''.join(wrong)}</article>"), "utf-8")
    assert set(wrong.values()) <= set(broken(copy))


def test_a_name_a_page_and_a_still_that_is_missing_is_named(copy, ran):
    wire = copy / "reference" / "api.html"
    wire.write_text(wire.read_text("utf-8").replace('id="veo_nb.AsyncClient"', ""), "utf-8")
    (copy / "notebooks" / "01_first_video" / "index.html").unlink()
    grids = copy / "notebooks" / "03_sweeps_and_grids" / "index.html"
    stills = stills_of(ran["03_sweeps_and_grids"])
    grids.write_text(grids.read_text("utf-8").replace(next(iter(stills)), ""), "utf-8")
    broken(copy)
    assert missing(copy, ran) == [
        "veo_nb.AsyncClient is in no page",
        "01_first_video has no page",
        f"03_sweeps_and_grids shows {len(stills) - 1} of {len(stills)} stills",
    ]


def test_a_notebook_that_shows_nothing_is_named(built, ran, tmp_path):
    shutil.copyfile(books.NOTEBOOKS / "05_panel.ipynb", tmp_path / "index.ipynb")
    assert missing(built[0], ran | {"05_panel": tmp_path}) == ["05_panel shows 0 of 0 stills"]


def test_a_run_is_kept_with_its_clips_and_without_where_it_was(tmp_path):
    folder, shelf = tmp_path / "run", tmp_path / "shelf"
    (folder / "clips").mkdir(parents=True)
    (folder / "clips" / "a b.mp4").write_bytes(b"clip")
    html = f'<video src="clips/a%20b.mp4"></video><a href="/etc/hostname">{folder}</a><a href="../x">x</a>'
    cell = new_code_cell("1", outputs=[new_output("display_data", {"text/html": html})])
    for _ in range(3):
        place = books.keep("05_panel", new_notebook(cells=[cell]), folder, shelf)
    assert sorted(path.name for path in place.rglob("*") if path.is_file()) == ["a b.mp4", "index.ipynb"]
    text = (place / "index.ipynb").read_text("utf-8")
    assert str(folder) not in text
    assert "/home/you/notebooks" in text
    assert len([*(shelf / "05_panel").iterdir()]) == 2, "the one before may be read at this moment"


def test_a_page_that_leads_to_a_file_that_is_gone_is_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        linked("See [this](veo_nb/gone.py).", tmp_path)


def test_headings_in_code_are_no_sections():
    parts = sections("a\n\n## One thing\n\n```toml\n## no\n```\n\n### Below\n\n## Two\n")
    assert [(part.title, part.page) for part in parts] == [
        ("", ""),
        ("One thing", "one-thing"),
        ("Two", "two"),
    ]
    assert parts[1].text == "# One thing\n\n```toml\n## no\n```\n\n## Below"


def test_a_docstring_keeps_its_code_its_lists_and_its_stars():
    lines = [
        "`a_` of *args:",
        "- one",
        "- `two`",
        "",
        "As in",
        "",
        "    x = 1",
        "",
        "Raises:",
        "    E: see `Job`.",
    ]
    assert as_rst(lines) == [
        r"``a_``\  of \*args:",
        "",
        "- one",
        r"- ``two``\ ",
        "",
        "As in",
        "",
        ".. code-block:: python",
        "",
        "   x = 1",
        "",
        "Raises:",
        r"    E: see :py:obj:`Job <veo_nb.Job>`\ .",
        "",
    ]


def test_a_view_that_needs_a_kernel_has_its_picture_below_the_words_that_are_left_of_it():
    output = {"data": {"text/html": "<p>The veo_nb panel: run this cell.</p>"}}
    show_living(output)
    words, _, picture = output["data"]["text/html"].partition("</p>")
    assert words == "<p>The veo_nb panel: run this cell."
    assert picture.startswith('<p><img src="../../_static/panel.png" alt="The panel in JupyterLab')


@pytest.mark.browser
def test_everybody_can_read_it_in_light_and_dark_on_a_phone_and_a_wide_screen(built):
    pages = ("index", "house", "reference/request", "notebooks/03_sweeps_and_grids/index")
    found = []
    with browser() as chromium:
        for at, page in enumerate(pages):
            view = ViewportSize(width=1600 if at % 2 else 600, height=1000)
            with chromium.new_context(viewport=view, color_scheme="dark" if at < 2 else "light") as tab:
                opened = tab.new_page()
                opened.goto((built[0] / f"{page}.html").as_uri())
                wide = opened.evaluate("document.documentElement.scrollWidth - innerWidth")
                found += [f"{page} is {wide} px too wide"] if wide > 0 else []
                found += [f"{page}: {one}" for one in violations(opened, "body")]
    assert found == []


def test_the_lines_of_a_long_signature_are_no_list_of_definitions():
    assert tidy("f(<dl>\n<dd>a,</dd>\n<dd>b,</dd>\n</dl>)") == (
        'f(<span class="sig-params"><span class="sig-line">a,</span>\n<span class="sig-line">b,</span>\n</span>)'
    )
