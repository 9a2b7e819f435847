"""The functions of the package itself: one studio behind them, made late, remade by `configure`, ended with the extension."""

from __future__ import annotations

import threading
import traceback
from types import SimpleNamespace

import pytest

import veo_nb as veo
from tests.notebook.conftest import shell  # noqa: F401  a fixture
from tests.world import KEY, OWN, Held, Time
from veo_nb import errors, views


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("veo-nb")}


@pytest.fixture
def default(tmp_path, monkeypatch, service):
    """The package's own studio, speaking to a provider in memory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "veo_nb.toml").write_text(OWN)
    real, time = views.NotebookStudio, Time(stopped=service.holding)

    def make(**settings):
        return real(transport=service.transport, clock=time.clock, sleep=time.hurry, **settings)

    monkeypatch.setattr(views, "NotebookStudio", make)
    monkeypatch.setattr(veo, "_folder", None)
    veo._settings.clear()
    veo._options.clear()
    yield service
    veo._close()
    veo._settings.clear()
    veo._options.clear()
    assert threads() == set()


@pytest.fixture
def keyed(default):
    veo.configure(provider="gptproto", api_key=KEY)
    return default


def test_the_functions_share_one_studio(keyed):
    job = veo.generate("A fox.")
    assert veo.studio() is veo.studio()
    assert veo.history() == [job]
    job.wait(30)


def test_the_folder_of_the_first_use_stays_and_another_library_or_budget_is_said(
    default, tmp_path, monkeypatch, caplog
):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    (here / "veo_nb.toml").write_text("budget = 20")
    monkeypatch.chdir(here)
    first = veo.configure(max_in_flight=2).settings
    monkeypatch.chdir(there)
    for again in (veo.configure(max_in_flight=3).settings, veo.studio().settings):
        assert (again.library, again.budget, again.max_in_flight) == (here / "veo_library", 20.0, 3)
    veo._close()
    assert veo.studio().settings.library == first.library
    assert caplog.text == ""
    veo.configure(library="clips", budget=5)
    said = (
        f"From now on the library is {here / 'clips'} (it was {here / 'veo_library'}) "
        "and the budget is USD 5.00 (it was USD 20.00)."
    )
    assert caplog.messages == [said]
    (here / "veo_nb.toml").unlink()
    veo.configure(budget=None)
    assert caplog.messages[1] == "From now on the budget is none (it was USD 5.00)."


def test_in_a_notebook_another_budget_is_said_under_the_cell(default, shell, capsys):  # noqa: F811
    shell.extension_manager.load_extension("veo_nb")
    capsys.readouterr()
    shell.run_cell("%config VeoMagics.budget = 5")
    assert capsys.readouterr().out == "From now on the budget is USD 5.00 (it was none).\n"
    shell.extension_manager.unload_extension("veo_nb")


def test_a_sweep_is_one_call_and_is_found_again(keyed):
    axes = {"animal": "fox,owl", "seed": [1, 2, ..., 3]}
    sweep = veo.sweep("A {{animal}} at {{time}}.", axes=axes, time="dawn", rows="seed")
    assert isinstance(sweep, veo.Sweep)
    assert sweep.wait(60).summary().done == 6
    assert (veo.studio().sweeps.all()[0].id, sweep.rows, sweep.columns) == (sweep.id, "seed", "animal")
    assert len(keyed.posts) == 6


def test_a_sweep_of_a_former_studio_can_still_be_rated(keyed):
    sweep = veo.sweep("A fox.", axes={"seed": [1]}).wait(60)
    veo.configure(max_in_flight=1)
    sweep.rate(sweep.cells[0], 4)
    assert veo.studio().sweeps.all()[0].rating(sweep.cells[0]).rating == 4


def test_without_a_key_it_is_the_sandbox(default):
    assert veo.studio().settings.provider.name == "sandbox"


def test_an_unknown_name_is_said_as_python_says_it():
    with pytest.raises(AttributeError, match="no attribute 'generat'"):
        _ = veo.generat


def test_every_public_name_shows_in_dir():
    assert set(veo.__all__) <= set(dir(veo))


# Configure


def test_configure_changes_what_comes_after_and_none_takes_it_back(default, tmp_path):
    assert veo.configure(model="standard").settings.model == "veo-3.1-generate-preview"
    assert veo.configure(library="elsewhere").settings.library == tmp_path / "elsewhere"
    assert veo.studio().settings.model == "veo-3.1-generate-preview"
    assert veo.configure(model=None).settings.model == "veo-3.1-fast-generate-preview"


@pytest.mark.parametrize(
    "wrong", [{"provider": "nobody"}, {"model": "x"}, {"colour": 1}, {"max_in_flight": 0}]
)
def test_a_wrong_setting_leaves_the_old_ones(default, wrong):
    before = veo.configure(model="standard")
    with pytest.raises(errors.InvalidRequest):
        veo.configure(**wrong)
    assert veo.studio() is before
    assert veo.configure(library="elsewhere").settings.model == "veo-3.1-generate-preview"


def test_arguments_go_before_config(default):
    veo.configure(model="standard")
    assert veo._configure_options({"model": "fast"}).settings.model == "veo-3.1-generate-preview"
    assert veo.configure(model=None).settings.sources["model"] == "%config"


def test_jobs_that_run_go_on_as_they_were_started(keyed):
    held = Held()
    keyed.polls = [held]
    job = veo.generate("A fox.")
    assert held.asked.wait(10)
    veo.configure(max_in_flight=1)
    assert veo.studio().jobs.active() == []
    held.give()
    assert job.wait(30).status == "succeeded"
    assert len(keyed.posts) == 1


def test_a_job_of_the_former_studio_is_shown_and_cancelled_by_its_id(keyed):
    held = Held()
    keyed.polls = [held]
    job = veo.generate("A fox.")
    assert held.asked.wait(10)
    veo.configure(max_in_flight=1)
    veo.studio().job(job.id).cancel()
    with pytest.raises(errors.Cancelled):
        job.wait(30)


def test_wait_waits_for_the_jobs_of_former_studios_too(default, shell, capsys):  # noqa: F811
    """Else a batch run would end before their videos are in the notebook."""
    veo.configure(provider="gptproto", api_key=KEY)
    shell.extension_manager.load_extension("veo_nb")
    held = Held()
    default.polls = [held]
    job = veo.generate("A fox.")
    assert held.asked.wait(10)
    veo.configure(max_in_flight=1)
    same = veo.generate("A fox.")
    assert (same.id, same is job) == (job.id, False)
    assert veo._active() == [job]
    threading.Timer(0.1, held.give).start()
    shell.run_cell("%veo wait")
    assert job.status == "succeeded"
    assert same.wait(30).status == "succeeded"
    shell.extension_manager.unload_extension("veo_nb")


def test_a_former_studio_without_jobs_is_closed(keyed):
    veo.generate("A fox.").wait(30)
    old = veo.studio()
    veo.configure(max_in_flight=1)
    with pytest.raises(errors.VeoError, match="closed"):
        old.history()
    assert len(veo.history()) == 1


def test_a_key_is_nowhere_to_be_seen(keyed):
    try:
        veo.generate("A fox.", aspect_ratio="4:3")
    except errors.InvalidRequest as error:
        shown_text = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        assert "aspect_ratio" in shown_text
        assert KEY not in shown_text
    assert KEY not in repr(veo._settings) + repr(veo.studio()) + repr(veo.studio().settings)


def test_a_key_that_is_no_text_is_still_kept_secret(default):
    veo.configure(provider="gptproto", api_key=f"  {KEY}\n")
    assert veo.studio().settings.api_key.reveal() == KEY


def test_a_budget_is_for_what_comes_after_and_cost_says_what_is_left(keyed):
    veo.configure(budget=1)
    veo.generate("A fox.", duration_seconds=4).wait(30)
    with pytest.raises(errors.BudgetExceeded):
        veo.generate("An owl.", duration_seconds=4)
    bill = veo.cost()
    assert (round(bill.spent, 2), round(bill.left or 0, 2), bill.charges[0].jobs) == (0.6, 0.4, 1)
    assert veo.configure(budget=None).cost().left is None


# The extension


def test_loading_says_one_line_and_unloading_ends_everything(default, shell, capsys):  # noqa: F811
    veo.configure(provider="gptproto", api_key=KEY)
    shell.extension_manager.load_extension("veo_nb")
    assert capsys.readouterr().out == (
        f"veo_nb {veo.__version__} · GPTProto · library veo_library · nothing to resume\n"
    )
    assert "veo" in shell.magics_manager.magics["cell"]
    veo.generate("A fox.").wait(30)
    shell.extension_manager.unload_extension("veo_nb")
    assert "veo" not in shell.magics_manager.magics["cell"]
    assert threads() == set()


def test_loading_takes_on_what_was_left(default, shell, capsys):  # noqa: F811
    veo.configure(provider="gptproto", api_key=KEY)
    held = Held()
    default.polls = [held]
    job = veo.generate("A fox.")
    assert held.asked.wait(10)
    veo._close()
    shell.extension_manager.load_extension("veo_nb")
    assert f"resumed 1 job: {job.id}" in capsys.readouterr().out
    assert veo.studio().job(job.id).wait(30).status == "succeeded"
    assert len(default.posts) == 1
    shell.extension_manager.unload_extension("veo_nb")


def test_reloading_keeps_one_set_of_magics(default, shell, capsys):  # noqa: F811
    shell.extension_manager.load_extension("veo_nb")
    shell.extension_manager.reload_extension("veo_nb")
    assert [type(one).__name__ for one in shell.configurables].count("VeoMagics") == 1
    shell.extension_manager.unload_extension("veo_nb")
    assert shell.extension_manager.unload_extension("veo_nb") == "not loaded"


def test_a_setting_of_config_reaches_the_studio(default, shell, capsys):  # noqa: F811
    shell.extension_manager.load_extension("veo_nb")
    shell.run_cell("%config VeoMagics.model = 'standard'")
    assert veo.studio().settings.model == "veo-3.1-generate-preview"
    shell.extension_manager.unload_extension("veo_nb")


def test_wrong_settings_fail_the_loading_in_one_line(default, shell, monkeypatch, capsys):  # noqa: F811
    monkeypatch.setenv("VEO_NB_PROVIDER", "gptprto")
    shell.run_cell("%load_ext veo_nb")
    (line,) = capsys.readouterr().out.strip().splitlines()
    assert line == "InvalidRequest: There is no provider 'gptprto'. Did you mean gptproto?"
    assert "veo_nb" not in shell.extension_manager.loaded


def test_closing_bears_being_called_without_anything_open(default):
    veo._close()
    veo.unload_ipython_extension(
        SimpleNamespace(
            magics_manager=SimpleNamespace(magics={"line": {}, "cell": {}}, registry={}),
            configurables=[],
            display_formatter=SimpleNamespace(ipython_display_formatter={}),
        )
    )
