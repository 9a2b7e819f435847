"""Finding clips: each query against a filter in plain Python over the same rows."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_nb.store.ledger import Ledger
from veo_nb.store.queries import ENDED, FoundRow, Query, browse, find, summarize
from veo_nb.store.rows import JobRow, VideoRow

MODELS = ("veo-3.1-fast-generate-preview", "veo-3.1-generate-preview")
WORDS = ("fox", "Owl", "lake", "ÄRGER", "dusk", '"quoted"', "100%", "a_b")
STATES = ("succeeded", "succeeded", "succeeded", "running", *ENDED)


def execute(ledger: Ledger, query: str, values: tuple[object, ...]) -> None:
    ledger.write(lambda db: db.execute(query, values))


def fill(ledger: Ledger, count: int) -> None:
    """Jobs of all kinds, as a library of some weeks has them."""
    for n in range(3):
        execute(
            ledger,
            "INSERT INTO sweeps VALUES (?, ?, 'sandbox', ?, '[{\"name\": \"seed\"}]', '[]', NULL, NULL, '{}', 0, 0, 0, 1, ?)",
            (f"sw{n}", f"i{n}", None if n == 2 else f"A fox {n}", float(n)),
        )
    chance = random.Random(7)
    for n in range(count):
        job_id, state = f"j{n:04}", STATES[n % len(STATES)]
        prompt = " ".join(chance.sample(WORDS, 3)) + f" {n}"
        made = 1_800_000_000.0 + (n * 7919 % count) * 60
        row = JobRow(
            id=job_id,
            fingerprint=f"f{n}",
            take=1,
            provider="sandbox",
            model=MODELS[n % 2],
            request={"prompt": prompt, "model": MODELS[n % 2]},
            state=state,
            created_at=made,
            finished_at=made + 5 if state != "running" else None,
        )
        ledger.add_job(row)
        for sample in range(2 if state == "succeeded" and n % 5 == 0 else int(state == "succeeded")):
            ledger.add_video(
                VideoRow(
                    job_id=job_id,
                    sample=sample,
                    uri="",
                    path=f"2027-01-15/{job_id}-{sample}.mp4",
                    bytes=1000,
                    sha256="0" * 64,
                    width=1280,
                    height=720,
                    duration=4.0,
                    fps=24.0,
                    has_audio=True,
                )
            )
            if n % 3 == 0:
                ledger.put(
                    "ratings",
                    {
                        "job_id": job_id,
                        "sample": sample,
                        "rating": n % 5 + 1,
                        "star": int(n % 2 == 0),
                        "note": "Zu dunkel" if n % 4 == 0 else "",
                        "rated_at": made,
                    },
                )
        if n % 11 == 0:
            ledger.put("deleted", {"job_id": job_id, "sample": 0, "deleted_at": made if n % 2 else None})
    for n in range(4):
        ledger.put(
            "joined",
            {
                "id": f"x{n}",
                "title": f"Fox and lake {n}",
                "pieces": "[]",
                "path": f"2027-01-15/x{n}.mp4",
                "bytes": 5,
                "sha256": "",
                "width": 720,
                "height": 1280,
                "duration": 9.0,
                "fps": 24.0,
                "has_audio": 1,
                "created_at": 1_800_000_100.0 + n,
                "rating": n or None,
            },
        )
    for n in range(0, count, 4):
        execute(
            ledger,
            "INSERT INTO sweep_jobs VALUES (?, ?, '{}', ?, 1, NULL, '', '')",
            (f"sw{n % 3}", n, f"f{n}"),
        )


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    ledger = Ledger(tmp_path_factory.mktemp("browse") / "ledger.sqlite")
    fill(ledger, 160)
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def everything(ledger) -> list[FoundRow]:
    """All that is in the library and not deleted, taken from the tables one by one."""
    found = browse(ledger, Query(states=("made", "joined", *ENDED), limit=10_000))
    return list(found.rows)


def matches(row: FoundRow, query: Query) -> bool:
    kind = {"clip": "made", "joined": "joined", "none": row.state}[row.kind]
    text = f"{row.prompt} {row.note} {row.job_id}".casefold()
    return (
        kind in (query.states or ("made", "joined"))
        and all(word in text for word in query.search.casefold().split())
        and (not query.models or row.model in query.models)
        and row.rating >= query.rating
        and (row.star or not query.starred)
        and (query.since is None or row.made_at >= query.since)
        and (not query.sweep or row.sweep_id == query.sweep)
    )


def test_all_that_is_not_deleted_is_there_once(ledger, everything):
    videos = ledger.read("SELECT job_id, sample FROM videos")
    gone = {
        (row["job_id"], row["sample"]) for row in ledger.read("SELECT * FROM deleted WHERE deleted_at > 0")
    }
    ended = ledger.read(f"SELECT id FROM jobs WHERE state IN ({', '.join('?' * len(ENDED))})", ENDED)
    keys = {(row["job_id"], row["sample"]) for row in videos} | {(row["id"], 0) for row in ended}
    keys |= {(f"x{n}", 0) for n in range(4)}
    assert sorted((row.job_id, row.sample) for row in everything) == sorted(keys - gone)
    assert gone
    assert len(gone) < len(ledger.read("SELECT * FROM deleted")), "one that was brought back is there"


queries = st.builds(
    Query,
    search=st.lists(
        st.sampled_from(["FOX", "owl", "ärger", '"', "%", "_", "dunkel", "x1", "zebra"]), max_size=2
    ).map(" ".join),
    models=st.lists(st.sampled_from(MODELS), max_size=1).map(tuple),
    states=st.lists(st.sampled_from(["made", "joined", *ENDED]), max_size=3, unique=True).map(tuple),
    rating=st.integers(0, 5),
    starred=st.booleans(),
    sweep=st.sampled_from(["", "sw0", "sw1", "none"]),
    since=st.none() | st.floats(1_800_000_000.0, 1_800_010_000.0),
    order=st.sampled_from(["newest", "oldest", "rating"]),
)


@given(query=queries)
def test_a_query_finds_what_a_plain_filter_finds(ledger, everything, query):
    wanted = {row.key for row in everything if matches(row, query)}
    found = browse(ledger, Query(**{**vars(query), "limit": 10_000}))
    assert found.total == len(wanted)
    assert {row.key for row in found.rows} == wanted
    order = {
        "newest": lambda row: -row.made_at,
        "oldest": lambda row: row.made_at,
        "rating": lambda row: -row.rating,
    }[query.order]
    assert [order(row) for row in found.rows] == sorted(map(order, found.rows))


def test_pages_hold_each_clip_once_and_in_order(ledger):
    whole = browse(ledger, Query(limit=10_000))
    pages = [browse(ledger, Query(offset=offset, limit=7)) for offset in range(0, whole.total, 7)]
    assert [row.key for row in itertools.chain(*(page.rows for page in pages))] == [
        row.key for row in whole.rows
    ]
    assert {page.total for page in pages} == {whole.total}


def test_one_clip_is_found_by_its_id_and_sample(ledger, everything):
    for row in (everything[0], everything[-1], next(row for row in everything if row.kind == "joined")):
        assert find(ledger, row.job_id, row.sample) == row
    gone = ledger.read("SELECT * FROM deleted WHERE deleted_at > 0")[0]
    assert find(ledger, gone["job_id"], gone["sample"]) is None
    assert find(ledger, "nope", 0) is None


def test_the_summary_counts_clips_and_names_models_and_sweeps(ledger):
    summary = summarize(ledger)
    assert summary.total == browse(ledger, Query()).total
    assert summary.models == tuple(sorted(MODELS))
    assert summary.sweeps == (("sw2", "seed"), ("sw1", "A fox 1"), ("sw0", "A fox 0"))


def test_an_empty_library_has_nothing(tmp_path: Path):
    ledger = Ledger(tmp_path / "empty.sqlite")
    assert browse(ledger, Query()).total == 0
    assert summarize(ledger).total == 0
    ledger.close()


def test_a_search_counts_anew_what_another_kernel_has_changed(tmp_path: Path):
    ours, others = Ledger(tmp_path / "ledger.sqlite"), Ledger(tmp_path / "ledger.sqlite")
    fill(others, 40)
    wanted = Query(search="owl", limit=1)
    before = browse(ours, wanted)
    assert before.total > 1
    gone = before.rows[0]
    others.put("deleted", {"job_id": gone.job_id, "sample": gone.sample, "deleted_at": 1.0})
    assert browse(ours, wanted).total == before.total - 1
    other = next(
        row
        for row in browse(others, Query(states=("made",))).rows
        if "owl" not in row.prompt.casefold() and not row.rating
    )
    note = {"note": "no owl here", "rating": None, "star": 0, "rated_at": 1.0}
    others.put("ratings", {"job_id": other.job_id, "sample": other.sample, **note})
    assert browse(ours, wanted).total == before.total
    ours.close()
    others.close()
