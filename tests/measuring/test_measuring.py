"""Clips of a library measured: here, by any executor, once; and what remains when one dies."""

from __future__ import annotations

import io
import json
import re
import sys
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import veo_nb
from tests.media.measures.conftest import pan, write_clip
from veo_nb import errors, notices
from veo_nb.engine.loop import block_on
from veo_nb.engine.providers import child
from veo_nb.measuring import Measuring
from veo_nb.measuring import measuring as module
from veo_nb.measuring.workers import Workers
from veo_nb.media.measures import MEASURES, VERSION
from veo_nb.media.measures.worker import measure_file
from veo_nb.notices import Line
from veo_nb.store.changes import Change

PROMPT = "A {{animal}} runs."
FOUND = {**dict.fromkeys(MEASURES), "motion": 6.5, "sharpness": 40.0}


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> bytes:
    """What the provider sends in these tests: a small one, that is quickly measured."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(path, pan(2, 6, 160, 90), movflags="+faststart")
    return bytes(path.read_bytes())


@pytest.fixture
def sweep(studio):
    return studio.sweep(
        PROMPT, axes={"animal": ["fox", "owl", "stag"]}, resolution="720p", duration_seconds=4
    ).wait(60)


class Fake(Executor):
    """Answers at once with `answers` in turn; an exception is what a future ends with, `None` what the last one is."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []

    def submit(self, function, *arguments):  # type: ignore[override]
        assert function is measure_file
        self.sent.append(json.loads(json.dumps(arguments)))
        future: Future[Any] = Future()
        answer = self.answers.pop(0) if self.answers else answer_of(FOUND)
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future


def answer_of(found=None, problem="", version=VERSION):
    return {"version": version, "found": found or {}, "problem": problem}


def test_clips_are_measured_in_processes_of_this_machine_and_that_once(sweep, make_studio):
    found = sweep.measure()
    assert [one.label for one in found] == ["fox", "owl", "stag"]
    assert found[0].found["motion"] == pytest.approx(26.1, rel=0.1)
    assert found[0].found["loudness"] is None
    assert sweep.jobs[0].video.measures == found[0].found
    # Another kernel reads what is stored, and asks nobody.
    other, nobody = make_studio(), Fake()
    assert [one.found for one in other.measure(sweep.id, nobody)] == [one.found for one in found]
    assert nobody.sent == []


def test_what_is_sent_to_a_worker_is_small_and_plain(sweep):
    fake = Fake()
    sweep.measure(fake)
    video = sweep.jobs[0].video
    assert fake.sent[0] == [str(video.path), video.sha256, []]


def test_the_first_frame_goes_along_by_its_path(studio, tmp_path):
    from PIL import Image

    Image.fromarray(pan(2, 6, 160, 90)[0]).save(tmp_path / "fox.png")
    job = studio.generate("A fox.", image=tmp_path / "fox.png", resolution="720p", duration_seconds=4).wait(
        60
    )
    fake = Fake()
    studio.measure(job, fake)
    (path,) = fake.sent[0][2]
    assert path.startswith(str(studio.library.folder))
    assert (measure_file(*fake.sent[0])["found"]["likeness"] or 0) > 95


def test_any_executor_will_do(sweep):
    with ThreadPoolExecutor(2) as threads:
        assert {one.found["cuts"] for one in sweep.measure(threads)} == {0}


def test_other_definitions_and_other_bytes_are_measured_anew(sweep, studio):
    sweep.measure(Fake())
    job_id = sweep.jobs[0].id
    ledger = studio.jobs.workspace.ledger()
    ledger.write(
        lambda db: db.execute("UPDATE measures SET version = version - 1 WHERE job_id = ?", (job_id,))
    )
    ledger.write(
        lambda db: db.execute("UPDATE measures SET sha256 = 'x' WHERE job_id = ?", (sweep.jobs[1].id,))
    )
    assert sweep.jobs[0].video.measures == sweep.jobs[1].video.measures == {}
    again = Fake()
    sweep.measure(again)
    assert len(again.sent) == 2
    assert sweep.jobs[0].video.measures == FOUND


def test_who_listens_to_the_library_hears_of_it(sweep, studio):
    said: list[Change] = []
    end = studio.library.on_change(said.append)
    sweep.measure(Fake())
    end()
    assert {change.id for change in said if change.what == "evidence"} == {job.id for job in sweep.jobs}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BrokenProcessPool("A child process terminated abruptly"), "BrokenProcessPool: A child process"),
        (ModuleNotFoundError("No module named 'veo_nb'"), "ModuleNotFoundError"),
        (RuntimeError(), r"\(RuntimeError\)"),
    ],
)
def test_of_an_executor_that_dies_in_the_middle_all_is_kept_that_it_had_measured(sweep, error, said):
    with pytest.raises(errors.VeoError, match=said) as raised:
        sweep.measure(Fake(answer_of(FOUND), error, error))
    assert "2 of 3 clips are not measured" in raised.value.message
    assert "Measure again for the rest" in raised.value.hint
    assert ("same version of veo_nb" in raised.value.hint) is isinstance(error, ImportError)
    assert [bool(job.video.measures) for job in sweep.jobs] == [True, False, False]
    again = Fake()
    sweep.measure(again)
    assert len(again.sent) == 2


def test_one_that_takes_nothing_any_more_says_so(sweep):
    threads = ThreadPoolExecutor(1)
    threads.shutdown()
    with pytest.raises(errors.VeoError, match="cannot schedule new futures after shutdown"):
        sweep.measure(threads)


def test_workers_that_do_not_see_the_file_or_have_another_version_say_so_plainly(sweep):
    found = sweep.measure(
        Fake(answer_of(problem="fox.mp4 is not there, as node7 sees it."), answer_of(FOUND, version=0))
    )
    assert found[0].problem == "fox.mp4 is not there, as node7 sees it."
    assert "another version of veo_nb" in found[1].problem
    assert found[2].problem == ""
    assert [*found.problems] == [f"{job.id}/0" for job in sweep.jobs[:2]]


def test_an_interrupt_keeps_what_is_measured(sweep, monkeypatch):
    class Slow(Fake):
        def submit(self, function, *arguments):  # type: ignore[override]
            return super().submit(function, *arguments) if not self.sent else Future()

    def interrupted(future, timeout):
        if kept.wait(0):
            raise KeyboardInterrupt
        kept.wait(10)
        raise TimeoutError

    kept = threading.Event()
    monkeypatch.setattr(module, "block_on", interrupted)
    sweep.on_change(lambda cells: kept.set())
    with pytest.raises(KeyboardInterrupt, match="Stopped: 1 of 3 clips are measured, and kept"):
        sweep.measure(Slow())
    assert sweep.jobs[0].video.measures == FOUND


def test_a_clip_that_is_gone_damaged_or_another_one_says_why_and_stops_no_other(sweep):
    gone, damaged = (job.video for job in sweep.jobs[:2])
    gone.path.unlink()
    damaged.path.write_bytes(b"x" * 1000)
    found = sweep.measure()
    assert "is not there" in found[0].problem
    assert "is another file" in found[1].problem
    assert found[2].found["motion"] > 0
    shown = repr(found)
    assert "is not there" in shown
    assert 'colspan="' in found._repr_html_()


def test_whatever_breaks_over_a_clip_is_said_of_it_alone(sweep, monkeypatch):
    def breaks(*_):
        raise ValueError("Frame does not\nmatch")

    monkeypatch.setattr("veo_nb.media.measures.clip.measure", breaks)
    video = sweep.jobs[0].video
    said = measure_file(str(video.path), video.sha256, [])
    assert said == answer_of(problem=f"{video.path.name} can't be measured: Frame does not match.")


def test_a_clip_of_another_library_is_measured_and_not_kept(sweep, make_studio):
    stranger = make_studio(library="elsewhere")
    stranger.generate("An owl.", resolution="720p", duration_seconds=4).wait(60)
    found = stranger.measure(sweep.jobs[0].video, Fake())
    assert found[0].found == FOUND
    assert stranger.jobs.workspace.measures.of([sweep.jobs[0].id]) == {}


def test_a_joined_clip_is_measured_too(studio, sweep):
    joined = studio.join([sweep.jobs[0], sweep.jobs[1]])
    studio.measure(joined.job_id, Fake())
    assert studio.library.clip(joined.job_id).measures == FOUND


def test_what_is_meant_may_be_said_in_many_ways(studio, sweep):
    job = sweep.jobs[0]
    for what in (job, job.video, job.id, f"{job.id}/0", sweep.cells[0], sweep.clips()[0], [job, job.id]):
        assert [one.video.job_id for one in studio.measure(what, Fake())] == [job.id]
    assert len(studio.measure([sweep, job], Fake())) == 3
    for wrong in (3, None, {"a": job}):
        with pytest.raises(errors.InvalidRequest, match="can be measured, not"):
            studio.measure(wrong)
    with pytest.raises(errors.NotFound):
        studio.measure("zzzz")
    with pytest.raises(errors.InvalidRequest, match="no clip to be measured"):
        studio.measure([])
    with pytest.raises(errors.InvalidRequest, match=r"concurrent\.futures\.Executor, not int") as raised:
        studio.measure(job, 3)
    assert "client.get_executor()" in raised.value.hint


def test_a_library_that_takes_nothing_is_measured_all_the_same(sweep, monkeypatch):
    def refuse(*_):
        raise errors.VeoError("The disk is full.", hint="")

    monkeypatch.setattr(type(sweep._jobs.workspace.measures), "keep", refuse)
    assert sweep.measure(Fake())[0].found == FOUND


def test_hostile_names_are_text(sweep):
    found = sweep.measure(Fake(answer_of(problem="<script>alert(1)</script>")))
    found = type(found)([replace(found[0], label="<b>fox</b>"), found[1]])
    html = found._repr_html_()
    assert "<script>" not in html
    assert "<b>" not in html
    assert "6.5" in html


class TestWorkers:
    """The processes of this machine, with others in their place."""

    def of(self, code, most=1):
        return Workers(most, [sys.executable, "-c", code])

    ANSWERS = "import sys, json\nfor line in sys.stdin:\n print(json.dumps(dict(version=1, found={}, problem=json.loads(line)[0])), flush=True)"

    def test_one_that_ends_over_a_clip_is_followed_by_another(self):
        dies = "import sys, json\nfor line in sys.stdin:\n p = json.loads(line)[0]\n if p == 'bad.mp4': sys.exit(3)\n print(json.dumps(dict(version=1, found={}, problem=p)), flush=True)"
        with self.of(dies) as workers:
            futures = [workers.submit(name, "", []) for name in ("a.mp4", "bad.mp4", "b.mp4")]
            said = [future.result(60)["problem"] for future in futures]
        assert said == ["a.mp4", "The process that measured bad.mp4 ended over it.", "b.mp4"]

    def test_windows_calls_a_pipe_without_a_reader_an_invalid_argument(self, monkeypatch):
        def refuse(_: str) -> None:
            raise OSError(22, "Invalid argument")

        class Ended:
            stdin = SimpleNamespace(write=refuse, close=lambda: None)
            stdout = io.StringIO()

            def kill(self) -> None:
                """It has ended."""

            wait = kill

        monkeypatch.setattr(child, "start", lambda *_, **__: Ended())
        with Workers(1) as workers:
            said = workers.submit("a.mp4", "", []).result(60)["problem"]
        assert said == "The process that measured a.mp4 ended over it."

    def test_none_is_left_at_the_end(self):
        workers = self.of(self.ANSWERS, 2)
        workers.submit("a.mp4", "", []).result(60)
        (process,) = workers._running
        workers.end()
        assert process.poll() is not None

    def test_one_that_hangs_is_ended_with_the_work(self):
        workers = self.of("import sys; sys.stdin.read()")
        future = workers.submit("a.mp4", "", [])
        while not workers._running:
            threading.Event().wait(0.01)
        workers.end()
        assert "ended over it" in future.result(10)["problem"]

    def test_where_none_can_be_started_it_says_so(self):
        with Workers(1, ["/no/such/program"]) as workers:
            assert "can be started" in workers.submit("a.mp4", "", []).result(60)["problem"]

    def test_no_key_goes_along(self, monkeypatch):
        monkeypatch.setenv("GEMINI_API_KEY", "AIzaSecret")
        code = "import sys, os, json\nfor line in sys.stdin:\n print(json.dumps(dict(version=1, found={}, problem=str('AIzaSecret' in str(os.environ)))), flush=True)"
        with self.of(code) as workers:
            assert workers.submit("a.mp4", "", []).result(60)["problem"] == "False"


def test_found_says_what_is_stored_of_some_clips(studio, sweep):
    measuring = Measuring(studio.jobs)
    keys = [(job.id, 0) for job in sweep.jobs]
    assert measuring.found(keys) == {}
    studio.measure(sweep.jobs[1], Fake())
    assert measuring.found(keys) == {keys[1]: FOUND}


def test_the_help_of_measuring_says_what_each_is_and_in_which_unit():
    said = veo_nb.measure.__doc__ or ""
    for one in MEASURES.values():
        assert f"- `{one.name}`{f', {one.unit}' if one.unit else ''}: " in said


class TestProgress:
    def test_it_is_said_while_the_cell_is_held_by_what_keeps_its_loop_going(self, sweep, monkeypatch):
        """`block_on` does, and is tested in a process of its own: nest_asyncio2 changes asyncio for good."""
        answers: list[Future[Any]] = []
        said: list[str] = []
        held: list[float | None] = []

        class Later(Fake):
            def submit(self, function, *arguments):  # type: ignore[override]
                answers.append(Future())
                return answers[-1]

        def hold(done, timeout=None):
            held.append(timeout)
            at = int(said[-1].partition(" of ")[0]) if said else 0
            # Each has been told of before the next one comes.
            if at < len(answers) and not answers[at].done():
                answers[at].set_result(answer_of(FOUND))
            return block_on(done, timeout)

        monkeypatch.setattr(Line, "say", lambda _, text: said.append(text))
        monkeypatch.setattr(module, "SAY_SECONDS", 0.01)
        monkeypatch.setattr(module, "block_on", hold)
        assert len(sweep.measure(Later())) == 3
        assert held
        assert said[0] == "0 of 3 clips measured"
        assert re.fullmatch(
            r"1 of 3 clips measured, about \d+ s left", next(one for one in said if one[0] == "1")
        )

    def test_in_a_terminal_it_is_a_line_that_goes_at_the_end(self, monkeypatch):
        class Terminal(io.StringIO):
            def isatty(self):
                return True

        monkeypatch.setattr(sys, "stderr", out := Terminal())
        monkeypatch.setattr(notices, "sys", SimpleNamespace(stderr=out, modules={}))
        line = Line()
        line.say("1 of 2")
        line.say("1 of 2")
        thread = threading.Thread(target=line.say, args=("from elsewhere",))
        thread.start()
        thread.join()
        line.end()
        assert out.getvalue() == "\r1 of 2\r      \r"

    @pytest.mark.parametrize(
        ("former", "text", "written"),
        [
            ("", "1 of 2", "\r1 of 2"),
            ("10 of 12", "1 s", "\r1 s     "),
            ("狐 is sent", "done", "\rdone      "),
            ("", "", "\r\r"),
        ],
    )
    def test_what_is_left_of_the_former_line_is_written_over(self, former, text, written):
        """With blanks: a console of Windows may show the escape codes for it."""
        notices.write_over(out := io.StringIO(), former, text)
        assert out.getvalue() == written

    def test_where_nobody_looks_nothing_is_said(self, capsys):
        line = Line()
        line.say("1 of 2")
        line.end()
        assert capsys.readouterr() == ("", "")

    def test_in_a_notebook_it_is_one_output_that_is_empty_at_the_end(self, monkeypatch):
        shown: list[Any] = []

        class Handle:
            def update(self, bundle, **_):
                shown.append(bundle["text/plain"])

        def display(bundle, **_):
            Handle().update(bundle)
            return Handle()

        monkeypatch.setattr("IPython.display.display", display)
        kernel = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1))
        monkeypatch.setattr(notices, "sys", SimpleNamespace(modules={"IPython": kernel}, stderr=None))
        line = Line()
        line.say("1 of 2")
        line.say("2 of 2")
        line.end()
        assert shown == ["1 of 2", "2 of 2", ""]
