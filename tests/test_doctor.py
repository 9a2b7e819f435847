"""The doctor: each thing that can be wrong is found, and the line below says what to do."""

from __future__ import annotations

import shutil
from dataclasses import replace
from types import SimpleNamespace

import av
import pytest

from tests.jobs.conftest import clip, make_studio, service, studio, tls  # noqa: F401  fixtures
from tests.jobs.test_ledger import ROW
from tests.jobs.world import KEY
from veo_nb import doctor
from veo_nb.doctor import Check, examine, format_checks, report
from veo_nb.jobs.ledger import Ledger


def check(studio, name: str) -> Check:  # noqa: F811
    (found,) = [check for check in examine(studio) if check.name == name]
    return found


def test_checks_are_lines_and_a_hint_stands_below_what_is_wrong():
    checks = [
        Check("disk", True, "81 GB free", "Make room."),
        Check("library", False, "/x", "Choose another."),
    ]
    assert format_checks(checks).splitlines() == [
        "ok  disk     81 GB free",
        "!!  library  /x",
        "             -> Choose another.",
    ]


def test_the_report_has_a_line_for_everything_a_clip_needs(studio):  # noqa: F811
    said = report(studio)
    for name in ("versions", "kernel", "front end", "codecs", "provider", "library", "disk", "jobs"):
        assert f"  {name} " in said


def test_looking_sends_nothing_and_makes_nothing(studio, service, tmp_path):  # noqa: F811
    examine(studio)
    assert service.requests == []
    assert [*tmp_path.iterdir()] == []


def versions(monkeypatch, **changed: str) -> None:
    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: changed.get(name) or real(name))


def test_a_package_that_is_missing_is_named(monkeypatch, studio):  # noqa: F811
    versions(monkeypatch, anywidget="missing")
    found = check(studio, "versions")
    assert not found.ok
    assert "anywidget missing" in found.found


def test_a_version_that_is_not_installed_is_missing():
    assert doctor._version("no-such-package-anywhere") == "missing"


@pytest.mark.parametrize(
    ("version", "ok"), [("6.29.5", True), ("7.0.1", False), ("7.4.0", True), ("missing", False)]
)
def test_a_kernel_that_loses_updates_is_found(monkeypatch, studio, version, ok):  # noqa: F811
    versions(monkeypatch, ipykernel=version)
    assert check(studio, "kernel").ok == ok


def test_a_bundle_that_was_not_built_is_found(monkeypatch, studio, tmp_path):  # noqa: F811
    monkeypatch.setattr(doctor, "__file__", str(tmp_path / "doctor.py"))
    found = check(studio, "front end")
    assert not found.ok
    assert "widget.js, widget.css missing" in found.found
    assert "npm run build" in found.hint


def test_a_codec_that_is_missing_is_found(monkeypatch, studio):  # noqa: F811
    def missing(name: str, mode: str) -> None:
        raise ValueError(f"no {name}")

    monkeypatch.setattr(av, "Codec", missing)
    assert check(studio, "codecs") == Check(
        "codecs", False, "no libx264", "Run pip install --force-reinstall av."
    )


def test_a_key_is_told_by_its_end_and_by_where_it_came_from(studio):  # noqa: F811
    found = check(studio, "provider")
    assert found.ok
    assert found.found == "GPTProto (configure()), key …6789 from configure()"
    assert KEY not in report(studio)


def test_a_key_that_is_missing_is_found(make_studio):  # noqa: F811
    found = check(make_studio(api_key=None), "provider")
    assert not found.ok
    assert "GPTPROTO_API_KEY" in found.hint


def test_the_sandbox_needs_no_key_and_a_gateway_is_named(make_studio):  # noqa: F811
    plain = make_studio(provider=None, api_key=None)
    assert check(plain, "provider").found == "sandbox (default), needs no key"
    behind = make_studio(provider="sandbox", api_key=None, base_url="http://127.0.0.1:9")
    assert "at http://127.0.0.1:9 (configure())" in check(behind, "provider").found


def test_a_library_that_cannot_be_written_is_found(make_studio, tmp_path):  # noqa: F811
    (tmp_path / "taken").write_text("a file")
    found = check(make_studio(library=str(tmp_path / "taken")), "library")
    assert not found.ok
    assert "can't be written" in found.found


def test_a_library_that_is_not_there_yet_is_fine(studio):  # noqa: F811
    assert check(studio, "library").found.endswith("library (made with the first clip)")


@pytest.mark.parametrize(("free", "ok"), [(5_000_000_000, True), (10_000_000, False)])
def test_a_disk_that_is_nearly_full_is_found(monkeypatch, studio, free, ok):  # noqa: F811
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    assert check(studio, "disk").ok == ok


def test_jobs_are_counted_and_an_uncertain_one_is_named(studio):  # noqa: F811
    studio.library.prepare()
    ledger = Ledger(studio.library.ledger_path)
    for number, state in enumerate(["succeeded", "running", "failed"]):
        ledger.add_job(replace(ROW, id=f"000{number}", state=state, operation="operations/x"), fresh=True)
    assert check(studio, "jobs") == replace(
        check(studio, "jobs"), ok=True, found="3 in the library, 1 under way"
    )
    ledger.add_job(replace(ROW, id="9c01", state="uncertain"), fresh=True)
    ledger.close()
    found = check(studio, "jobs")
    assert not found.ok
    assert "uncertain: 9c01" in found.found
    assert "%veo resubmit" in found.hint


def test_a_ledger_that_cannot_be_read_is_found(studio):  # noqa: F811
    studio.library.prepare()
    studio.library.ledger_path.mkdir()
    found = check(studio, "jobs")
    assert not found.ok
    assert "unable to open" in found.found
