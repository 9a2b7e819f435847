"""Sweeps from a `%%veo` cell: sent, shown, looked after by `%veo`, and refused in one line."""

from __future__ import annotations

import contextlib
import time

import httpx2
import pytest
from PIL import Image

from tests.notebook.test_magics import Ran, loaded, notebook, run, settings  # noqa: F401  fixtures
from tests.world import Held
from veo_nb import errors
from veo_nb.sweep import forecast
from veo_nb.sweep.sweep import Sweep

CELL = "%%veo --wait --sweep animal=fox,owl --sweep duration=4,8 --out grid\nA {{animal}}."


def sent(service) -> list[str]:
    return [post["instances"][0]["prompt"] for post in service.posts]


def test_a_cell_makes_a_sweep_and_binds_it(run, loaded, service):  # noqa: F811
    ran = run(CELL)
    assert ran.error is None
    sweep = loaded.user_ns["grid"]
    assert isinstance(sweep, Sweep)
    assert sorted(sent(service)) == ["A fox.", "A fox.", "A owl.", "A owl."]
    lines = [line.split() for line in ran.text.splitlines()]
    first, second = sweep.cells[0].job, sweep.cells[3].job
    assert first is not None
    assert second is not None
    assert (lines[0], lines[1][:3], lines[2][0]) == (["4", "8"], ["fox", first.id, "succeeded"], "owl")
    assert lines[2][-2:] == [second.id, "succeeded"]
    assert f"4 of 4 done · about $3.60 · {sweep.id}" in ran.text
    assert ran.html.count("<table") == 1


def test_without_wait_the_cell_returns_at_once(run, loaded, service):  # noqa: F811
    held = Held()
    service.submits = [held]
    run("%%veo --sweep seed=1,2 --out grid\nA fox.")
    sweep = loaded.user_ns["grid"]
    assert not sweep.summary().over
    held.give()
    sweep.wait(60)


def test_the_same_cell_sends_nothing_and_another_value_only_what_is_new(run, service):  # noqa: F811
    run(CELL)
    run(CELL)
    assert len(service.posts) == 4
    run(CELL.replace("fox,owl", "fox,owl,bear"))
    assert sorted(sent(service)[4:]) == ["A bear.", "A bear."]


def test_lists_images_and_names_are_those_of_the_notebook(run, loaded, service, tmp_path):  # noqa: F811
    Image.new("RGB", (32, 18), "red").save(tmp_path / "red.png")
    loaded.user_ns |= {
        "teal": Image.new("RGB", (32, 18), "teal"),
        "moods": ["calm", "wild"],
        "place": "a lake",
    }
    ran = run("%%veo --wait --sweep image=red.png,teal --sweep mood=@moods\nA fox at {{place}}, {{mood}}.")
    assert ran.error is None
    assert sorted(set(sent(service))) == ["A fox at a lake, calm.", "A fox at a lake, wild."]
    assert len({post["instances"][0]["image"]["bytesBase64Encoded"] for post in service.posts}) == 2
    assert "red.png" in ran.text
    assert "teal" in ran.text


def test_whole_prompts_stand_where_the_cell_says(run, loaded, service):  # noqa: F811
    loaded.user_ns["prompts"] = {"short": "A fox.", "long": "A fox crosses a frozen lake."}
    run("%%veo --wait --sweep prompt=@prompts\n{{prompt}} At night.")
    assert sorted(sent(service)) == ["A fox crosses a frozen lake. At night.", "A fox. At night."]


def test_paired_axes_and_their_sides(run, service):  # noqa: F811
    ran = run(
        "%%veo --wait --sweep animal=fox,owl --sweep time=dawn,dusk --zip animal,time --sweep seed=1,2 --rows seed\nA {{animal}} at {{time}}."
    )
    assert sorted(set(sent(service))) == ["A fox at dawn.", "A owl at dusk."]
    assert ran.text.splitlines()[0].split() == ["fox", "·", "dawn", "owl", "·", "dusk"]


def test_a_dry_run_shows_the_grid_and_sends_nothing(run, service, tmp_path):  # noqa: F811
    ran = run("%%veo --dry-run --sweep resolution=720p,1080p --sweep duration=4,8\nA fox.")
    assert "Nothing sent · 3 requests · 3 clips · about $3.00 · about 77 s · to GPTProto" in ran.text
    assert "1080p needs an 8 second clip; you asked for 4." in ran.html
    assert (service.requests, (tmp_path / "library").exists()) == ([], False)


def test_a_third_axis_makes_a_table_for_each_of_its_values(run):  # noqa: F811
    ran = run("%%veo --dry-run --sweep animal=fox,owl --sweep duration=4,8 --sweep seed=1,2\nA {{animal}}.")
    assert ran.html.count("<table") == 2
    assert "seed 1" in ran.text
    assert "seed 2" in ran.text


def test_hostile_values_are_shown_as_text(run, loaded):  # noqa: F811
    loaded.user_ns["bad"] = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>']
    ran = run("%%veo --dry-run --sweep mood=@bad --sweep seed=1,2\nA {{mood}} fox.")
    assert "<script" not in ran.html
    assert "<img" not in ran.html
    assert "&lt;script&gt;" in ran.html


def test_a_large_sweep_asks_and_yes_goes_ahead(run, service, monkeypatch):  # noqa: F811
    monkeypatch.setattr(forecast, "ASK_ABOVE", 3)
    ran = run(CELL)
    (line,) = ran.printed.strip().splitlines()
    assert line == (
        "InvalidRequest: This sweep asks for 4 clips, about $3.60. "
        "Nothing was sent. confirm=True goes ahead (--yes in a cell)."
    )
    assert service.requests == []
    assert run(CELL.replace("--wait", "--wait --yes")).error is None
    assert len(service.posts) == 4


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("%%veo --sweep animl=fox\nA {{animal}}.", "animl is neither a field of the request nor a {{animl}} in the prompt."),
        ("%%veo --sweep animal=\nA {{animal}}.", "The axis animal has no values."),
        ("%%veo --sweep seed=1,2,...,5000 --sweep take=1,2,...,10\nA fox.", "These axes make 50,000 combinations;"),
        ("%%veo --sweep seed=1,2,...,5000\nA fox.", "This sweep asks for 5,000 clips, about $6,000.00."),
        ("%%veo --sweep seed=1,2\nA {{animal}}.", "{{animal}} is not defined in this notebook."),
        ("%%veo --sweep duration=4 --sweep duration=8\nA fox.", "The axis duration_seconds comes twice."),
        ("%%veo --sweep resolution=720p,8k --sweep seed=1\nA fox.", "Nothing can be made with --resolution 8k: --resolution can't be '8k'."),
        ("%%veo --sweep seed=1 --seed 2\nA fox.", "seed is set, and is an axis as well."),
        ("%%veo --sweep animal=@nothing\nA {{animal}}.", "@nothing is not defined in this notebook."),
        ("%%veo --sweep animal=@text\nA {{animal}}.", "@text is a text, not a list of values."),
        ("%%veo --sweep seed=1,2 --sweep take=1 --zip seed,take\nA fox.", "Paired axes need as many values each:"),
        ("%%veo --sweep image=none.png --sweep seed=1\nA fox.", "There is no image file none.png."),
        ("%%veo --sweep prompt=a,b\nA fox.", "The prompt is given, and is an axis as well."),
        ("%%veo --sweep seed=1\n \n", "The prompt is empty."),
        ("%veo show s0000", "There is no sweep 's0000' in this library."),
        ("%veo pause", "%veo pause needs a sweep's ID, such as s3f2a."),
        ("%veo retry s0000", "There is no sweep 's0000' in this library."),
        ("%veo rerun s0000", "There is no sweep 's0000' in this library."),
    ],
)  # fmt: skip
def test_wrong_input_is_one_line_and_nothing_is_sent(run, loaded, service, code, words):  # noqa: F811
    loaded.user_ns["text"] = "fox,owl"
    ran = run(code)
    assert isinstance(ran.error, errors.VeoError)
    (line,) = ran.printed.strip().splitlines()
    name = type(ran.error).__name__
    assert line.removeprefix(f"{name}: ").replace("--seed", "seed").startswith(words)
    assert (service.requests, ran.outputs) == ([], [])


# Looking after sweeps


def test_the_list_and_show_name_the_sweep(run, loaded):  # noqa: F811
    assert "No sweep has been made" in run("%veo sweeps").text
    run(CELL)
    sweep = loaded.user_ns["grid"]
    assert run("%veo sweeps").text.splitlines()[0].startswith(f"{sweep.id}  2 animal")
    assert "4 of 4 done" in run(f"%veo show {sweep.id}").text
    assert "4 of 4 done" in run("grid").text


def test_cancel_pause_resume_and_retry_take_the_whole(run, loaded, service):  # noqa: F811
    held = Held()
    service.submits = [held, *[httpx2.Response(400, json={"error": {"message": "no"}})] * 3]
    run(CELL.replace("--wait ", ""))
    sweep = loaded.user_ns["grid"]
    end = time.monotonic() + 60
    while len(service.posts) < 4 or [cell.state for cell in sweep.cells].count("failed") < 3:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert run(f"%veo cancel {sweep.id}").error is None
    held.give()
    end = time.monotonic() + 60
    while not sweep.summary().over:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert sorted(cell.state for cell in sweep.cells) == ["cancelled", "failed", "failed", "failed"]
    assert run(f"%veo pause {sweep.id}").error is None
    assert sweep.paused
    assert run(f"%veo resume {sweep.id}").error is None
    assert not sweep.paused
    assert run(f"%veo retry {sweep.id}").error is None
    with contextlib.suppress(errors.VeoError):
        sweep.wait(60)
    assert (sweep.summary().done, len(service.posts)) == (1, 4)
    refused = run(f"%veo retry {sweep.id}").error
    assert f"%veo rerun {sweep.id} asks anew for what failed or was blocked" in str(refused)
    assert run(f"%veo rerun {sweep.id}").error is None
    again = loaded.magics_manager.registry["VeoMagics"]._studio().sweeps.get(sweep.id)
    assert again.wait(60).summary().done == 4


def test_wait_does_not_wait_for_what_is_paused(run, loaded, service):  # noqa: F811
    slots = [Held() for _ in range(10)]
    service.submits = [*slots]
    run("%%veo --sweep seed=1,2,...,12 --out grid\nA fox.")
    sweep = loaded.user_ns["grid"]
    sweep.pause()
    for held in slots:
        held.give()
    ran = run("%veo wait")
    assert ran.error is None
    assert "2 jobs are held back by a paused sweep: %veo sweeps lists it." in ran.printed
    sweep.resume()
    assert run("%veo wait").error is None
    assert sweep.summary().done == 12
