"""The panel opened from a cell: by `%veo panel` and by `veo.panel()`."""

from __future__ import annotations

import pytest

import veo_nb
from tests.notebook.test_magics import loaded, notebook, run, settings
from veo_nb import errors
from veo_nb.notebook.pages.help import COMMANDS
from veo_nb.notebook.panel import panel as panel_module
from veo_nb.notebook.panel.panel import NO_PAGE, WHERE

__all__ = ["loaded", "notebook", "run", "settings"]

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def closed():
    """What a cell has opened is closed in the end."""
    yield
    for panel in [*panel_module._living]:
        panel.close()


def test_a_cell_opens_it_where_there_is_a_page(notebook):
    ran = notebook("%veo panel")
    assert ran.error is None
    (output,) = ran.outputs
    assert WIDGET in output
    assert "Run this cell to open it" in ran.html
    (panel,) = panel_module._living
    assert output[WIDGET]["model_id"] == panel.model_id


def test_panels_of_cells_share_their_desk(notebook):
    notebook("%veo panel")
    notebook("%veo panel")
    one, two = panel_module._living
    assert one._panel_state is two._panel_state


def test_in_a_terminal_one_line_says_where_it_works(run):
    ran = run("%veo panel")
    assert isinstance(ran.error, errors.InvalidRequest)
    assert str(ran.error) == f"{NO_PAGE} {WHERE}"
    assert ran.outputs == []
    assert [*panel_module._living] == []


def test_python_makes_one_and_the_cell_shows_its_last_value(notebook, loaded, studio, monkeypatch):
    monkeypatch.setattr(veo_nb, "studio", lambda: studio)
    assert notebook("import veo_nb as veo\npanel = veo.panel()").outputs == []
    # What IPython does with the last value of a cell.
    shown, _ = loaded.display_formatter.format(loaded.user_ns["panel"])
    assert WIDGET in shown
    assert loaded.user_ns["panel"].selected == ()


def test_nothing_may_stand_behind_it(notebook):
    assert "takes nothing after it" in str(notebook("%veo panel now").error)


def test_the_help_names_it():
    assert "%veo panel" in [name for name, _ in COMMANDS]
