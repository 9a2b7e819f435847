"""Two thousand jobs: each page is what a filter in plain Python over the bare tables gives, in the same order."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.test_queries import MODELS, execute, fill
from veo_nb.store.ledger import Ledger
from veo_nb.store.queries import ENDED, Query, browse

COUNT = 2000
ORDERS = {
    "newest": lambda clip: (-clip["made_at"], clip["key"]),
    "oldest": lambda clip: (clip["made_at"], clip["key"]),
    "rating": lambda clip: (-clip["rating"], -clip["star"], -clip["made_at"], clip["key"]),
}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    ledger = Ledger(tmp_path_factory.mktemp("browse") / "ledger.sqlite")
    ledger.read("PRAGMA synchronous = OFF")
    fill(ledger, COUNT)
    # Jobs of a sweep may end at one moment: a page must not show one twice and leave another out.
    execute(ledger, "UPDATE jobs SET finished_at = ? WHERE finished_at AND rowid % 7 < 3", (1_800_000_500.0,))
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def clips(ledger):
    """All that may be found, put together without any of the queries that are tested."""
    gone = {
        (d["job_id"], d["sample"])
        for d in ledger.read("SELECT * FROM deleted")
        if d["deleted_at"] is not None
    }
    rated = {(r["job_id"], r["sample"]): r for r in ledger.read("SELECT * FROM ratings")}
    cells = [*ledger.read("SELECT sweep_id, fingerprint, take FROM sweep_jobs")]
    sweeps: dict[tuple[str, int], set[str]] = {}
    for cell in cells:
        sweeps.setdefault((cell["fingerprint"], cell["take"]), set()).add(cell["sweep_id"])
    samples: dict[str, list[int]] = {}
    for video in ledger.read("SELECT job_id, sample FROM videos"):
        samples.setdefault(video["job_id"], []).append(video["sample"])
    found = []
    for job in ledger.read("SELECT * FROM jobs"):
        done = job["state"] == "succeeded"
        for sample in samples.get(job["id"], []) if done else [0] * (job["state"] in ENDED):
            rating = rated.get((job["id"], sample)) if done else None
            found.append(
                {
                    "key": (job["id"], sample),
                    "state": "made" if done else job["state"],
                    "text": f"{json.loads(job['request'])['prompt']} {rating['note'] if rating else ''} {job['id']}",
                    "model": job["model"],
                    "rating": (rating["rating"] or 0) if rating else 0,
                    "star": rating["star"] if rating else 0,
                    "made_at": job["finished_at"] or job["created_at"],
                    "sweeps": sweeps.get((job["fingerprint"], job["take"]), set()),
                }
            )
    found += [
        {
            "key": (one["id"], 0),
            "state": "joined",
            "text": f"{one['title']} {one['note']} {one['id']}",
            "model": "",
            "rating": one["rating"] or 0,
            "star": one["star"],
            "made_at": one["created_at"],
            "sweeps": set(),
        }
        for one in ledger.read("SELECT * FROM joined")
    ]
    return [clip for clip in found if clip["key"] not in gone]


def is_asked_for(clip, query: Query) -> bool:
    text = clip["text"].casefold()
    return (
        clip["state"] in (query.states or ("made", "joined"))
        and all(word in text for word in query.search.casefold().split())
        and (not query.models or clip["model"] in query.models)
        and clip["rating"] >= query.rating
        and (bool(clip["star"]) or not query.starred)
        and (query.since is None or clip["made_at"] >= query.since)
        and (not query.sweep or query.sweep in clip["sweeps"])
    )


queries = st.builds(
    Query,
    search=st.lists(
        st.sampled_from(
            ["FOX", "owl", "ärger", "ÄRG", '"', "%", "_", "dunkel", "x1", "j1", "zebra", "\x00", "\ud800"]
        )
        | st.text(max_size=2),
        max_size=2,
    ).map(" ".join),
    models=st.lists(st.sampled_from([*MODELS, "none"]), max_size=2).map(tuple),
    states=st.lists(st.sampled_from(["made", "joined", "nonsense", *ENDED]), max_size=4).map(tuple),
    rating=st.sampled_from([0, 0, 0, 1, 3, 5]),
    starred=st.sampled_from([False, False, True]),
    sweep=st.sampled_from(["", "", "sw0", "sw1", "none"]),
    since=st.none() | st.floats(1_800_000_000.0, 1_800_130_000.0),
    order=st.sampled_from([*ORDERS]),
    offset=st.integers(0, COUNT),
    limit=st.integers(0, 120),
    counted=st.booleans(),
)


@given(query=queries)
@settings(deadline=None)
def test_a_page_is_what_a_plain_filter_gives(ledger, clips, query):
    wanted = sorted((clip for clip in clips if is_asked_for(clip, query)), key=ORDERS[query.order])
    found = browse(ledger, query)
    assert found.counted or not query.counted
    assert found.total == len(wanted) if found.counted else found.total <= len(wanted)
    page = wanted[query.offset : query.offset + query.limit]
    assert [(row.job_id, row.sample) for row in found.rows] == [clip["key"] for clip in page]
    assert [(row.rating, int(row.star), row.made_at) for row in found.rows] == [
        (clip["rating"], clip["star"], clip["made_at"]) for clip in page
    ]
    assert all(
        row.sweep_id in clip["sweeps"] for row, clip in zip(found.rows, page, strict=True) if clip["sweeps"]
    )


@pytest.mark.parametrize("order", [*ORDERS])
@pytest.mark.parametrize("search", ["j0", "j", "0", "fox 1"])
def test_a_page_of_what_is_everywhere_is_there_before_it_is_counted(ledger, clips, order, search):
    query = Query(search=search, order=order, limit=20, counted=False)
    wanted = sorted((clip for clip in clips if is_asked_for(clip, query)), key=ORDERS[order])
    before = browse(ledger, query)
    assert [(row.job_id, row.sample) for row in before.rows] == [clip["key"] for clip in wanted[:20]]
    assert (before.total, before.counted) in ((20, False), (len(wanted), True))
    assert browse(ledger, replace(query, limit=0, counted=True)).total == len(wanted)
    after = browse(ledger, query)
    assert (after.total, after.counted, after.rows) == (len(wanted), True, before.rows)
    execute(ledger, "UPDATE revision SET changes = changes + 1", ())
    assert browse(ledger, replace(query, search="j")).counted is False, (
        "what was counted before a change is old"
    )


@pytest.mark.parametrize("order", [*ORDERS])
def test_scrolling_through_all_of_it_shows_each_once(ledger, clips, order):
    query = Query(order=order)
    seen: list[tuple[str, int]] = []
    while rows := browse(ledger, replace(query, offset=len(seen), limit=120)).rows:
        seen += [(row.job_id, row.sample) for row in rows]
    asked = [clip for clip in clips if is_asked_for(clip, query)]
    assert len(asked) > COUNT / 3
    assert seen == [clip["key"] for clip in sorted(asked, key=ORDERS[order])]
