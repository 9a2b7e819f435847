"""What the clips of a library teach about how long others take."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.world import PROVIDER, World
from veo_nb import catalog
from veo_nb.engine.providers.latency import Latency, learn
from veo_nb.engine.providers.past import LEARN_SECONDS, READ_SECONDS, RECENT, Latencies

MODEL = catalog.MODELS["veo-3.1-fast-generate-preview"]


class Clips:
    """A library of a few clips, and what is learnt from it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.known = Latencies(world.ledger, world.time.clock)

    def make(self, seconds: float, **fields: object) -> None:
        now = self.world.time.now
        self.world.job(
            fields=fields, state="succeeded", submitted_at=now, generated_at=now + seconds, finished_at=now
        )

    def of(self, resolution: str | None = None, duration: int | None = None) -> Latency:
        return self.known.of(PROVIDER, MODEL.id, resolution, duration)


@pytest.fixture
def clips(make_world, tmp_path: Path) -> Clips:
    return Clips(make_world())


def test_before_any_clip_it_is_the_providers_or_the_models(clips):
    assert clips.of() == learn([], [], MODEL.typical_seconds)
    sandbox = catalog.PROVIDERS["sandbox"]
    assert sandbox.typical_seconds is not None
    assert clips.known.of(sandbox, MODEL.id, None, None) == learn([], [], sandbox.typical_seconds)


def test_it_is_told_apart_by_what_was_asked_and_what_was_not_is_the_providers_own(clips):
    clips.make(20.0)
    clips.make(30.0, resolution="720p", duration_seconds=8)
    clips.make(90.0, resolution="1080p", duration_seconds=8)
    assert clips.of() == clips.of("720p", 8) == learn([30.0, 20.0], [90.0], MODEL.typical_seconds)
    assert clips.of("1080p", 8) == learn([90.0], [30.0, 20.0], MODEL.typical_seconds)
    assert clips.of("720p", 4) == learn([], [90.0, 30.0, 20.0], MODEL.typical_seconds)


def test_what_another_kernel_made_is_known_a_while_later(clips):
    assert clips.of() == learn([], [], MODEL.typical_seconds)
    clips.make(20.0)
    assert clips.of() == learn([], [], MODEL.typical_seconds), "it is not read each time"
    clips.world.time.now += READ_SECONDS
    assert clips.of() == learn([20.0], [], MODEL.typical_seconds)


async def test_what_is_made_here_is_known_to_those_that_are_sent_after_it(make_world):
    world = make_world()
    world.service.on_poll = world.service.running
    first = await world.drive()
    assert first.now.latency == learn([], [], MODEL.typical_seconds)
    await world.time.advance(20.0)
    world.service.on_poll = world.service.finished
    await world.finish(first)
    second = await world.drive("An owl.")
    took = first.now.generated_at - first.now.submitted_at
    assert took < READ_SECONDS, "it is not read"
    assert second.now.latency == learn([took], [], MODEL.typical_seconds)
    assert second.now.latency.usual < first.now.latency.usual


def test_of_many_that_become_ready_in_a_moment_no_more_is_learnt_before_a_second_is_over(clips):
    job = clips.world.job()
    for _ in range(RECENT):
        clips.known.note(PROVIDER.name, job.request, 20.0)
    before = clips.of()
    assert before == learn([20.0] * RECENT, [], MODEL.typical_seconds)
    for _ in range(5):
        clips.known.note(PROVIDER.name, job.request, 40.0)
    assert clips.of() is before
    clips.world.time.now += LEARN_SECONDS
    for _ in range(5):
        clips.known.note(PROVIDER.name, job.request, 40.0)
    assert clips.of() == learn([40.0] * 10 + [20.0] * (RECENT - 10), [], MODEL.typical_seconds)
