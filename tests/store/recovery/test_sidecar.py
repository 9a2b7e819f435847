"""The recipe beside a video: it brings the rows of a ledger back, and whatever else lies there does no harm."""

from __future__ import annotations

import json
from typing import Any

import pytest

from veo_nb.engine.download import keep_video
from veo_nb.store.recovery.sidecar import find_sidecars, read_sidecar


@pytest.fixture
async def sidecar(world, clip):
    """The sidecar of a clip with everything in it, the job and the video's row."""
    job = world.job(
        "A fox 🦊 crosses.",
        {"duration_seconds": 8, "aspect_ratio": "9:16", "seed": 7},
        take=2,
        state="downloading",
        operation="models/m/operations/op7",
        submitted_at=world.time.now + 1,
        generated_at=world.time.now + 42,
    )
    part = world.library.part_path(job.id, 0)
    part.write_bytes(clip)
    row = await keep_video(world.library, job, 0, "https://x/1", part)
    return world.library.folder.joinpath(row.path).with_suffix(".json"), job, row


def read(path, world) -> Any:
    return read_sidecar(path, world.library.folder)


async def test_it_holds_all_that_the_ledger_had(world, sidecar):
    path, job, video = sidecar
    stored = world.row(job)
    back, film = read(path, world)
    assert film == video
    same = (
        "id",
        "fingerprint",
        "take",
        "provider",
        "model",
        "request",
        "operation",
        "estimate",
        "created_at",
    )
    for name in (*same, "submitted_at", "generated_at"):
        assert getattr(back, name) == getattr(stored, name), name
    assert (back.state, back.owner, back.error) == ("succeeded", None, None)
    assert [*find_sidecars(world.library.folder)] == [path]


async def test_the_file_is_looked_for_beside_it_whatever_it_says(world, sidecar):
    path, _, _ = sidecar
    stored = json.loads(path.read_text("utf-8"))
    stored["video"]["path"] = "../../etc/passwd"
    path.write_text(json.dumps(stored), "utf-8")
    _, film = read(path, world)
    assert world.library.folder / film.path == path.with_suffix(".mp4")


@pytest.mark.parametrize(
    "change",
    [
        {"job": "../../x"},
        {"job": "3f2a/.."},
        {"job": 7},
        {"provider": "no body"},
        {"provider": 7},
        {"request": {"prompt": "x", "model": "none"}},
        {"request": {"prompt": "x", "model": "veo-3.1-generate-preview", "colour": "red"}},
        {"request": "x"},
        {"video": {"sample": 0}},
        {"video": None},
        {"take": "x"},
        {"created_at": None},
    ],
)
async def test_one_that_was_changed_by_hand_is_none(world, sidecar, change):
    path, _, _ = sidecar
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **change}), "utf-8")
    assert read(path, world) is None


async def test_one_of_a_provider_whose_package_is_gone_is_one(world, sidecar):
    path, _, _ = sidecar
    change = {"provider": "lumen", "request": {"prompt": "x", "model": "lumen-2"}}
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **change}), "utf-8")
    row, _ = read(path, world)
    assert (row.provider, row.model) == ("lumen", "lumen-2")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\x00"])
async def test_another_file_is_none(world, sidecar, text):
    path, _, _ = sidecar
    path.write_text(text)
    assert read(path, world) is None


async def test_a_sidecar_of_a_version_that_wrote_less_is_one_too(world, sidecar):
    path, job, _ = sidecar
    stored = json.loads(path.read_text("utf-8"))
    for name in ("estimate", "submitted_at", "generated_at"):
        del stored[name]
    path.write_text(json.dumps(stored), "utf-8")
    assert read(path, world)[0].id == job.id
