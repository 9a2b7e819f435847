"""A provider from another package, which its author wrote from `help(veo_nb.providers)` alone."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace
from PIL import Image

import veo_nb
import veo_nb.providers
from tests.notebook.conftest import shell  # noqa: F401  a fixture
from tests.plugin.conftest import HOME, lay_out_lumen, until
from tests.plugin.service import KEY
from tests.test_request import RED
from tests.world import Time
from veo_nb import catalog, doctor, errors, views
from veo_nb.api.errors import of_age
from veo_nb.notebook.completion import Known, complete
from veo_nb.notebook.panel.draft import check_draft, make_setup
from veo_nb.notebook.panel.entries import make_item
from veo_nb.notebook.panel.store import empty_draft
from veo_nb.notebook.place import Place
from veo_nb.notebook.text import settings as said
from veo_nb.request import make_request
from veo_nb.store.queries import Query
from veo_nb.studio import Studio

ROOT = Path(__file__).parents[2]
NONE: dict[str, Any] = {}


def test_the_page_has_the_package_that_is_tested_here():
    page = textwrap.dedent(veo_nb.providers.__doc__ or "")
    for name in ("pyproject.toml", "veo_nb_lumen.py"):
        assert textwrap.indent((HOME / name).read_text("utf-8"), "    ") in page


def test_whatever_the_page_names_is_there():
    assert [name for name in veo_nb.providers.__all__ if not hasattr(veo_nb.providers, name)] == []


def test_nothing_is_loaded_before_a_studio_is_made(tmp_path):
    lay_out_lumen(tmp_path / "site")
    code = """
        import sys
        import veo_nb as veo, veo_nb.notebook.magics
        before = "veo_nb_lumen" in sys.modules
        veo.studio()
        print(before, veo.studio().settings.provider.title, veo.studio().settings.api_key)
    """
    path = os.pathsep.join([str(tmp_path / "site"), str(ROOT)])
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        check=False,
        env={**os.environ, "PYTHONPATH": path, "LUMEN_API_KEY": KEY},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (run.stdout, run.stderr) == ("False Lumen Secret('****')\n", "")


# A clip


def test_a_clip_is_made_by_its_own_wire(make_studio, lumen, clip):
    job = make_studio().generate("A fox.", image=RED, duration_seconds=10, seed=7)
    assert job.wait(30).video.path.read_bytes() == clip
    [body] = lumen.jobs
    assert body.pop("still") == base64.b64encode(job.request.image.data).decode()
    assert body == {
        "model": "lumen-2-quick",
        "text": "A fox.",
        "seconds": 10,
        "look": {"shape": "16:9", "lines": "480p"},
        "seed": 7,
    }
    assert job.operation == "1"
    assert {path for path, _ in lumen.keys} == {"/jobs", "/jobs/1", "/clips/1.mp4"}
    assert {key for _, key in lumen.keys} == {KEY}


def test_a_square_picture_makes_a_square_clip(make_studio, lumen, tmp_path):
    square = tmp_path / "square.png"
    Image.new("RGB", (200, 200), "red").save(square)
    job = make_studio().generate("A fox.", image=square)
    assert job.request.shape == "1:1"
    assert said(job.request) == ["quick", "1:1, as the first frame", "from square.png"]
    job.wait(30)
    assert lumen.jobs[0]["look"]["shape"] == "1:1"


@pytest.mark.parametrize(
    ("ending", "kind", "words"),
    [
        ({"phase": "censored", "why": "No foxes\x1b[31m."}, errors.ContentBlocked, "No foxes [31m."),
        ({"phase": "broken", "why": "The lamp died."}, errors.OperationFailed, "The lamp died."),
    ],
)
def test_how_a_job_ends_is_its_dialects_to_say(make_studio, lumen, ending, kind, words):
    lumen.endings["A fox."] = ending
    job = make_studio().generate("A fox.")
    with pytest.raises(kind) as caught:
        job.wait(30)
    assert caught.value.message == words


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ((422, {"kind": "censored", "why": "No foxes."}), "blocked"),
        ((422, {"kind": "odd", "why": "No."}), "failed"),
        ((201, {"number": "7"}), "uncertain"),
        ((201, {"ticket": ["7"]}), "uncertain"),
        ((500, {"why": "Oh."}), "uncertain"),
    ],
)
def test_a_refusal_is_told_from_an_answer_that_is_lost_and_nothing_is_sent_twice(
    make_studio, lumen, answer, status
):
    lumen.answers = [answer]
    studio = make_studio()
    job = studio.generate("A fox.")
    with pytest.raises(errors.VeoError):
        job.wait(30)
    assert (job.status, len(lumen.jobs)) == (status, 1)
    if status == "uncertain":
        # The same again is the job that is there.
        assert studio.generate("A fox.").id == job.id
        assert len(lumen.jobs) == 1


def test_a_refused_key_is_not_shown(make_studio, lumen):
    job = make_studio(provider="lumen", api_key="lumen-key-9876543210").generate("A fox.")
    with pytest.raises(errors.AuthenticationError, match=r"Who is \[key\]") as caught:
        job.wait(30)
    assert "9876543210" not in str(caught.value)


def test_a_clip_goes_on_after_a_restart_and_is_asked_for_once(make_studio, lumen):
    lumen.looks = 10_000
    first = make_studio()
    job = first.generate("A fox.")
    until(job, lambda now: now.operation)
    first.close()
    lumen.looks = 0
    second = make_studio()
    [again] = second.resume()
    assert again.wait(30).video.path.exists()
    assert (again.id, len(lumen.jobs)) == (job.id, 1)


# Money


def test_its_prices_are_those_of_the_estimate_the_budget_and_the_bill(make_studio, lumen, tmp_path):
    studio = make_studio(budget=0.2)
    job = studio.generate("A fox.", resolution="540p")
    job.wait(30)
    assert job.estimate == pytest.approx(0.10)
    with pytest.raises(errors.BudgetExceeded, match=r"about \$0.45, and about \$0.10"):
        studio.generate("An owl.", model="lumen")
    assert studio.cost().spent == pytest.approx(0.10)
    assert len(lumen.jobs) == 1
    # A person's own figures are read in its resolutions too.
    (tmp_path / "veo_nb.toml").write_text("[prices.lumen]\nquick = {480p = 0.5, 540p = 0.001}\n")
    assert make_studio().preview("A fox.", resolution="540p").usd == pytest.approx(0.005)


def test_its_prices_stand_in_for_nobody_elses(make_studio):
    make_studio()
    gptproto = catalog.PROVIDERS["gptproto"]
    assert catalog.find_price(catalog.PRICES, gptproto, "lumen-2") is not None
    lent = catalog.find_price(catalog.PRICES, gptproto, "veo-3.1-fast-generate-preview")
    assert lent is not None
    assert lent.source == catalog.PRICES_SOURCE


# What a person writes


def offers(line: str, provider: str = "lumen") -> list[str]:
    found = complete(f"%%veo {line}", Known({}, list, lambda _: [], catalog.PROVIDERS[provider]))
    assert found is not None
    return [one.text.strip() for one in found[1]]


def test_its_models_and_values_complete(make_studio):
    make_studio()
    assert offers("--model ") == ["lumen", "quick", "lumen-2", "lumen-2-quick"]
    assert offers("--model quick --resolution ") == ["480p", "540p"]
    assert offers("--model quick --aspect-ratio ") == ["16:9", "1:1"]
    assert offers("--duration ") == ["5", "10"]
    assert "--seed" in offers("--")
    assert not {"--negative-prompt", "--video", "--edit", "--reference"} & {*offers("--")}
    assert "lumen" not in offers("--model ", "gemini")


def test_what_it_does_not_take_is_refused_in_words(make_studio, lumen):
    studio = make_studio()
    with pytest.raises(
        errors.InvalidRequest,
        match=r"resolution can't be '540p'. Did you mean 480p\? Lumen 2 takes 480p or 720p",
    ):
        studio.generate("A fox.", model="lumen", resolution="540p")
    with pytest.raises(errors.InvalidRequest, match="negative_prompt is for GPTProto"):
        studio.generate("A fox.", negative_prompt="rain")
    with pytest.raises(
        errors.InvalidRequest, match=r"Lumen 2 makes 10 s at 480p only. Use duration_seconds=5"
    ):
        studio.generate("A fox.", model="lumen", resolution="720p", duration_seconds=10)
    with pytest.raises(errors.InvalidRequest, match="video is for"):
        studio.generate("A fox.", video=studio.generate("An owl.").wait(30).video)
    assert len(lumen.jobs) == 1


def test_a_sweep_over_its_models_says_which_cells_it_cannot_make(make_studio, lumen):
    axes = {"model": ["quick", "lumen"], "resolution": ["540p", "720p"], "duration_seconds": [5, 10]}
    sweep = make_studio().sweep("A fox.", axes=axes)
    sweep.wait(60)
    refused = "resolution can't be {!r}."
    assert Counter(cell.reason for cell in sweep.cells) == {
        "": 3,
        refused.format("720p"): 2,
        refused.format("540p"): 2,
        "Lumen 2 makes 10 s at 480p only.": 1,
    }
    made = [(one["model"], one["look"]["lines"], one["seconds"]) for one in lumen.jobs]
    assert sorted(made) == [
        ("lumen-2", "720p", 5),
        ("lumen-2-quick", "540p", 5),
        ("lumen-2-quick", "540p", 10),
    ]


def test_a_cell_makes_a_clip(make_studio, install, lumen, shell, monkeypatch, capsys):  # noqa: F811
    install("veo-nb-acme", "1 / 0")
    monkeypatch.setattr(views, "NotebookStudio", lambda **settings: make_studio())
    monkeypatch.setattr(veo_nb, "_folder", None)
    shell.run_line_magic("load_ext", "veo_nb")
    said_at_once = capsys.readouterr().out
    assert "Lumen" in said_at_once
    assert said_at_once.startswith(
        "veo-nb-acme 0.1 brings no provider: ZeroDivisionError: division by zero. "
    )
    line = "%%veo --model lumen --aspect-ratio 1:1 --duration 10 --out fox --wait"
    shell.run_cell(f"{line}\nA fox.\n").raise_error()
    assert shell.user_ns["fox"].video.path.exists()
    [job] = lumen.jobs
    assert (job["model"], job["seconds"], job["look"]["shape"]) == ("lumen-2", 10, "1:1")
    shell.run_line_magic("unload_ext", "veo_nb")


# What a person sees


def test_the_panel_has_its_form(make_studio, tmp_path):
    studio = make_studio()
    setup = make_setup(studio, Place(tmp_path))
    forms = {one.name: one for one in setup.fields}
    values = {name: [one.value for one in form.choices] for name, form in forms.items()}
    own = [value for value in values["model"] if ":" not in str(value)]
    assert (setup.title, own) == ("Lumen", ["lumen", "quick"])
    assert values["aspect_ratio"] == ["16:9", "9:16", "1:1"]
    assert {"480p", "720p", "540p"} <= {*values["resolution"]}
    assert (forms["model"].unset, forms["resolution"].unset, forms["duration_seconds"].unset) == (
        "quick",
        "480p",
        "5 s",
    )
    draft = replace(empty_draft(), prompt="A fox.", fields={"model": ["lumen"], "resolution": ["720p"]})
    check = check_draft(studio, draft, NONE.__getitem__, NONE.__getitem__)
    assert check.line == "1 clip · about $0.45 · about 75 s"


def test_the_doctor_names_the_package(make_studio):
    checks = {one.name: one for one in doctor.examine(make_studio())}
    assert checks["plugins"] == doctor.Examined("plugins", True, "veo-nb-lumen 1.0 (lumen)")
    assert checks["key"].ok
    assert checks["provider"].found.startswith("Lumen (LUMEN_API_KEY) at http://127.0.0.1")


# The key


async def test_the_key_goes_to_its_origins_only(installed, tmp_path, clip, monkeypatch):
    seen: list[tuple[str, str]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append((str(request.url), request.headers.get("x-lumen-key", "")))
        if request.method == "GET":
            return httpx2.Response(200, content=clip)
        return httpx2.Response(201, json={"ticket": "1"})

    transport = httpx2.MockTransport(answer)
    async with veo_nb.AsyncClient("lumen", KEY, transport=transport) as client:
        operation = await client.submit(make_request(client.provider, prompt="A fox."))
        await client.download("1.mp4", tmp_path / "clip.mp4")
        monkeypatch.setattr(sys.modules["veo_nb_lumen"].LumenJobs, "locate", lambda self, uri: uri)
        await client.download("https://elsewhere.example/1.mp4", tmp_path / "other.mp4")
    assert operation.name == "1"
    assert seen == [
        ("https://api.lumen.example/jobs", KEY),
        ("https://api.lumen.example/clips/1.mp4", KEY),
        ("https://elsewhere.example/1.mp4", ""),
    ]


def test_a_clip_that_is_too_old_is_said_to_be_by_its_providers_own_time(make_studio, lumen):
    studio = make_studio()
    provider = studio.settings.provider
    assert provider.retention_seconds == 7 * 24 * 3600
    gone = errors.NotFound("The provider does not know this.")
    assert "kept for 7 days" in of_age(gone, "1.mp4", provider).hint


def test_without_its_key_it_asks_for_one(installed, tmp_path):
    studio = Studio(provider="lumen", environ={}, folder=tmp_path)
    with pytest.raises(errors.AuthenticationError, match=r"Lumen needs a key .* or set LUMEN_API_KEY"):
        studio.generate("A fox.")
    assert make_setup(studio, Place(tmp_path)).title == "Lumen"


def test_a_sweep_goes_over_its_models_and_those_of_others(installed, lumen, service, tmp_path, clip, tls):
    async def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.host != "api.lumen.example":
            response: httpx2.Response = await service.transport.handle_async_request(request)
            return response
        assert request.headers["x-lumen-key"] == KEY
        if request.method == "POST":
            status, told = lumen.take(json.loads(request.content))
        elif request.url.path.startswith("/clips/"):
            return httpx2.Response(200, content=clip)
        else:
            status, told = lumen.tell(request.url.path.rpartition("/")[2])
        return httpx2.Response(status, json=told)

    time = Time()
    studio = views.NotebookStudio(
        environ={"GEMINI_API_KEY": "gemini-key-0123456789", "LUMEN_API_KEY": KEY},
        folder=tmp_path,
        clock=time.clock,
        sleep=time.hurry,
        transport=httpx2.MockTransport(answer),
        provider="gemini",
    )
    axes = {"model": ["omni", "lumen:quick"], "duration_seconds": [5, 7]}
    sweep = studio.sweep("A fox.", axes=axes)
    sweep.wait(60)
    made = [(job.provider.name, job.status) for job in sweep.jobs]
    assert sorted(made) == [("gemini", "succeeded"), ("gemini", "succeeded"), ("lumen", "succeeded")]
    [reason] = [cell.reason for cell in sweep.cells if cell.reason]
    assert reason == "duration_seconds can't be 7."
    assert {one.provider for one in studio.cost().charges} == {"gemini", "lumen"}
    studio.close()


# Without it


def test_a_library_stays_open_where_the_package_is_gone(make_studio, tmp_path, shell, monkeypatch):  # noqa: F811
    former = make_studio()
    job = former.generate("A fox.").wait(30)
    sweep = former.sweep("An owl.", axes={"model": ["quick", "lumen"]}).wait(30)
    former.close()
    for table in (catalog.PROVIDERS, catalog.MODELS):
        for name in [one for one in table if one.startswith("lumen")]:
            del table[name]
    studio = views.NotebookStudio(environ={"VEO_NB_LIBRARY": "library"}, folder=tmp_path)
    again = studio.job(job.id)
    assert (again.video.path, again.provider.title, said(again.request)) == (
        job.video.path,
        "lumen",
        ["lumen-2-quick"],
    )
    rows = studio.library.browse(Query()).rows
    items = [make_item(one, studio.library.folder, Place(tmp_path)) for one in rows]
    assert sorted(one.settings for one in items) == ["lumen-2", "lumen-2-quick", "lumen-2-quick"]
    monkeypatch.setattr(views, "NotebookStudio", lambda **settings: studio)
    monkeypatch.setattr(veo_nb, "_folder", None)
    shell.run_line_magic("load_ext", "veo_nb")
    for command in ("", f"show {job.id}", f"show {sweep.id}", "history", "sweeps", "cost", "config"):
        shell.run_cell(f"%veo {command}").raise_error()
    with pytest.raises(errors.InvalidRequest, match="There is no provider 'lumen'"):
        again.rerun()
    shell.run_line_magic("unload_ext", "veo_nb")
