"""Where clips come from and what came of them, by the rows of a ledger."""

from __future__ import annotations

import json

import pytest

from tests.world import row_of
from veo_nb.catalog import PROVIDERS
from veo_nb.media.picture import Origin, Picture
from veo_nb.request import Source, make_request
from veo_nb.store.ledger import Ledger
from veo_nb.store.lineage import Link, find_lineage, find_steps, note_origin, origin_of

FRAME, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


def picture(sha256: str) -> Picture:
    return Picture(b"x", "image/png", 1280, 720, "", sha256)


def enter(ledger, job_id: str, prompt: str, **fields) -> None:
    request = make_request(PROVIDERS["gptproto"], prompt=prompt, duration_seconds=8, **fields)
    count = ledger.read("SELECT count(*) FROM jobs")[0][0]
    assert ledger.add_job(row_of(request, id=job_id, created_at=1000.0 + count), fresh=True)


def join(ledger, joined_id: str, *pieces: tuple[str, int]) -> None:
    listed = [{"job": job, "sample": sample, "start": 0.0, "end": None} for job, sample in pieces]
    facts = {"path": "p", "bytes": 1, "sha256": "", "width": 1, "height": 1, "duration": 1.0, "fps": 24.0}
    row = {
        "id": joined_id,
        "title": "Both",
        "pieces": json.dumps(listed),
        **facts,
        "has_audio": 0,
        "created_at": 1.0,
    }
    assert ledger.put("joined", row)


def test_both_ends_of_a_frame_know_of_each_other(ledger):
    enter(ledger, "fox2", "A fox.")
    note_origin(ledger, FRAME, Origin("fox2", 1, 2.54))
    note_origin(ledger, OTHER, Origin("fox2", 1, None))
    enter(ledger, "ow1a", "An owl.", image=picture(FRAME), last_frame=picture(OTHER))
    assert find_lineage(ledger, "ow1a", 0).came_from == (
        Link("fox2/1", "its frame at 2.5 s", "A fox."),
        Link("fox2/1", "its last frame", "A fox."),
    )
    assert find_lineage(ledger, "fox2", 1).became == (
        Link("ow1a/0", "its frame at 2.5 s", "An owl."),
        Link("ow1a/0", "its last frame", "An owl."),
    )


def test_another_sample_has_nothing_to_do_with_it(ledger):
    enter(ledger, "fox2", "A fox.")
    note_origin(ledger, FRAME, Origin("fox2", 1, None))
    enter(ledger, "ow1a", "An owl.", image=picture(FRAME))
    enter(ledger, "9c24", "It looks back.", video=Source("https://x/1", "job:fox2/1"))
    join(ledger, "x7k2", ("fox2", 1), ("ow1a", 0))
    assert find_lineage(ledger, "fox2", 0).became == ()
    assert [link.key for link in find_lineage(ledger, "fox2", 1).became] == ["9c24/0", "ow1a/0", "x7k2/0"]


def test_a_reference_is_a_frame_too_and_said_once(ledger):
    enter(ledger, "fox2", "A fox.")
    note_origin(ledger, FRAME, Origin("fox2", 0, None))
    enter(ledger, "ow1a", "An owl.", reference_images=[picture(FRAME), picture(FRAME)])
    assert find_lineage(ledger, "ow1a", 0).came_from == (Link("fox2/0", "its last frame", "A fox."),)
    assert find_lineage(ledger, "fox2", 0).became == (Link("ow1a/0", "its last frame", "An owl."),)


def test_a_prompt_that_names_a_frame_or_a_source_is_only_a_prompt(ledger):
    enter(ledger, "fox2", "A fox.")
    note_origin(ledger, FRAME, Origin("fox2", 0, None))
    enter(ledger, "ow1a", f'An owl. {FRAME} "video": {{"key": "job:fox2/0"}}', image=picture(OTHER))
    assert find_lineage(ledger, "fox2", 0).became == ()
    assert find_lineage(ledger, "ow1a", 0).came_from == ()


def test_an_address_as_source_is_no_clip_of_ours(ledger):
    enter(ledger, "ow1a", "An owl.", video="https://example.com/a.mp4")
    assert find_lineage(ledger, "ow1a", 0).came_from == ()


def test_a_joined_clip_is_made_of_its_parts_and_may_be_part_of_another(ledger):
    enter(ledger, "fox2", "A fox.")
    join(ledger, "x7k2", ("fox2", 0), ("fox2", 0), ("gone", 0))
    join(ledger, "x9m4", ("x7k2", 0))
    assert find_lineage(ledger, "x7k2", 0).came_from == (
        Link("fox2/0", "part of it", "A fox."),
        Link("gone/0", "part of it", ""),
    )
    assert find_lineage(ledger, "x7k2", 0).became == (Link("x9m4/0", "part of it", "Both"),)
    assert find_lineage(ledger, "x9m4", 0).came_from == (Link("x7k2/0", "part of it", "Both"),)


def test_what_was_said_first_of_a_picture_holds(ledger):
    note_origin(ledger, FRAME, Origin("fox2", 0, 1.0))
    note_origin(ledger, FRAME, Origin("ow1a", 0, None))
    assert origin_of(ledger, FRAME) == Origin("fox2", 0, 1.0)
    assert origin_of(ledger, OTHER) is None


def test_a_clip_that_nobody_knows_has_no_lineage(ledger):
    assert find_lineage(ledger, "none", 0) == find_lineage(ledger, "", 0)
    assert not find_lineage(ledger, "none", 0).came_from


def test_steps_are_a_tree_in_which_each_comes_before_what_was_made_of_it(ledger):
    enter(ledger, "fox2", "A fox.")
    for job, of, field, words in (
        ("snow", "fox2/0", "video", "On."),
        ("grey", "fox2/0", "video", "Back."),
        ("dark", "snow/1", "video", "At night."),
        ("alone", "other/0", "video", "Alone."),
    ):
        enter(ledger, job, words, **{field: Source(uri="https://x.example/v", key=f"job:{of}")})
    # The second sample of one was gone on from: it is that which is on the way.
    assert [(step.key, step.parent, step.depth) for step in find_steps(ledger, "dark", 0)] == [
        ("fox2/0", "", 0),
        ("snow/1", "fox2/0", 1),
        ("dark/0", "snow/1", 2),
        ("grey/0", "fox2/0", 1),
    ]
    assert [(step.key, step.how, step.prompt) for step in find_steps(ledger, "fox2", 0)] == [
        ("fox2/0", "", "A fox."),
        ("snow/0", "goes on from it", "On."),
        ("grey/0", "goes on from it", "Back."),
    ]
    # Of one that is of no library all that is known is its key.
    assert [(step.key, step.prompt) for step in find_steps(ledger, "alone", 0)] == [
        ("other/0", ""),
        ("alone/0", "Alone."),
    ]
    assert find_steps(ledger, "fox2", 1) == ()
    assert find_steps(ledger, "none", 0) == ()
