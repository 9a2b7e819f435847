"""Which videos are warned about: paid for, not here, and still at the provider."""

from __future__ import annotations

import pytest

from veo_nb import errors
from veo_nb.engine.jobs import unfetched
from veo_nb.store.rows import error_to_json

HOUR = 3600.0
NAME = "models/m/operations/op7"
BROKEN = errors.TransportError("api.gptproto.com can't be reached.", hint="Look at your connection.")
GIVEN_UP = errors.OperationAbandoned(
    "It has not finished.", hint=f"Operation {NAME} is kept: %veo retry 3f2a"
)


def ended(world, state: str = "failed", error: errors.VeoError | None = BROKEN, **row):
    values = {"operation": NAME, "submitted_at": world.time.now, **row}
    return world.job(state=state, error=error and error_to_json(error), **values)


@pytest.mark.parametrize(
    ("state", "error", "row", "there"),
    [
        ("failed", BROKEN, {}, True),
        ("failed", GIVEN_UP, {}, True),
        ("failed", errors.DownloadError("not a playable video"), {}, True),
        ("cancelled", errors.Cancelled("Stopped."), {}, True),
        ("failed", errors.OperationFailed("The provider broke.", hint="Try again."), {}, False),
        ("failed", errors.VideoExpired("gone"), {}, False),
        ("blocked", errors.ContentBlocked("no"), {}, False),
        ("failed", BROKEN, {"operation": None}, False),
        ("uncertain", errors.SubmissionUncertain("lost"), {"operation": None}, False),
        ("running", None, {}, False),
        ("downloading", None, {}, False),
        ("succeeded", None, {}, False),
    ],
)
async def test_it_is_one_that_ended_with_a_name_and_without_the_last_word(world, state, error, row, there):
    job = ended(world, state, error, **row)
    assert (job.fetchable, world.row(job).fetchable) == (there, there)


@pytest.mark.parametrize("kind", [*errors.KINDS.values()])
async def test_only_the_last_word_on_an_operation_ends_what_stands(world, kind):
    last = kind in (errors.OperationFailed, errors.ContentBlocked, errors.VideoExpired)
    row = world.row(ended(world, error=kind("No.")))
    standing = world.ledger.standing(row.fingerprint, row.take)
    assert (row.fetchable, standing) == (not last, None if last else row)


async def test_one_that_the_version_before_gave_up_stands(world):
    """It was written as if the provider had failed."""
    as_before = {**error_to_json(GIVEN_UP), "code": "failed"}
    job = world.job(state="failed", operation=NAME, error=as_before, submitted_at=world.time.now)
    assert isinstance(job.error, errors.OperationAbandoned)
    assert world.ledger.standing(world.row(job).fingerprint, job.take) == world.row(job)


async def test_the_time_that_is_left_counts_from_when_it_was_ready(world):
    now = world.time.now
    job = ended(world, submitted_at=now - 10 * HOUR, generated_at=now - 9 * HOUR)
    (found,) = unfetched([job], now)
    assert (found.job, found.left) == (job, "39 h")


async def test_the_most_urgent_comes_first_and_what_is_deleted_is_not_said(world):
    now = world.time.now
    ages = [1, 47, 30, 48, 100]
    jobs = [ended(world, submitted_at=now - age * HOUR) for age in ages]
    found = unfetched(jobs, now)
    assert [one.job for one in found] == [jobs[1], jobs[2], jobs[0]]


@pytest.mark.parametrize(
    ("seconds", "words"), [(48 * HOUR, "48 h"), (HOUR, "1 h"), (3599, "59 min"), (61, "1 min"), (1, "1 min")]
)
async def test_the_time_that_is_left_in_words(world, seconds, words):
    job = ended(world, submitted_at=world.time.now - 48 * HOUR + seconds)
    assert unfetched([job], world.time.now)[0].left == words
