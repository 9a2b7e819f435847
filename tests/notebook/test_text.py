"""What a person is told, as UX.md has it, for every state a job can be in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from tests.store.test_billing import bill_of, charge
from tests.world import PROVIDER, NoActions
from veo_nb import catalog, errors
from veo_nb.engine.job import Job, JobNote, Snapshot
from veo_nb.engine.lease import Awaited
from veo_nb.engine.providers.latency import Latency
from veo_nb.notebook import text as words
from veo_nb.notebook.protocol import format_line
from veo_nb.request import make_request
from veo_nb.store.rows import State

NOW = 1_800_000_000.0


def make_job(state: State = State.QUEUED, provider: catalog.Provider = PROVIDER, **now) -> Job:
    return Job(
        id="3f2a",
        request=make_request(provider, prompt="A fox.", duration_seconds=8),
        provider=provider,
        take=1,
        estimate=3.2,
        now=Snapshot(**{"state": state, "created_at": NOW, **now}),
        actions=NoActions(),
    )


def said(state: State, at: float = NOW, **now) -> str:
    return format_line(words.line(make_job(state, **now)), at)


OFFLINE = JobNote(kind="offline", since=NOW - 20, until=NOW + 5)


@pytest.mark.parametrize(
    ("state", "now", "line"),
    [
        (State.QUEUED, {}, "Waiting to be sent"),
        (State.QUEUED, {"note": JobNote(kind="slot", count=3)}, "Waiting for a free slot · 3 ahead"),
        (State.QUEUED, {"note": JobNote(kind="slot")}, "Waiting for a free slot · next in line"),
        (
            State.QUEUED,
            {"note": JobNote(kind="rate", count=10, until=NOW + 12)},
            "Waiting: 10 requests a minute is the limit, next in 12 s",
        ),
        (State.QUEUED, {"note": JobNote(kind="rate", count=10, until=NOW)}, "Sending"),
        (
            State.QUEUED,
            {"note": JobNote(kind="asked", until=NOW + 12)},
            "Waiting: rate limited, next try in 12 s",
        ),
        (State.QUEUED, {"note": OFFLINE}, "No connection for 0:20 · Next try in 5 s"),
        (
            State.QUEUED,
            {"note": replace(OFFLINE, why="veo.example can't be reached: its name can't be found.")},
            "No connection for 0:20 · veo.example can't be reached: its name can't be found · Next try in 5 s",
        ),
        (
            State.DOWNLOADING,
            {
                "note": JobNote(
                    kind="down", since=NOW - 20, until=NOW + 5, why="The provider answered 503: {}."
                )
            },
            "No usable answer for 0:20 · The provider answered 503: {} · Next try in 5 s",
        ),
        (State.QUEUED, {"note": JobNote(kind="starting")}, "Starting the sandbox"),
        (State.SUBMITTING, {}, "Sending"),
        (State.SUBMITTING, {"note": JobNote(kind="stopping")}, "Stopping"),
        (
            State.RUNNING,
            {"submitted_at": NOW - 42, "latency": Latency.around(82.0, 20.0)},
            "Generating · 0:42 · about 40 s left",
        ),
        (
            State.RUNNING,
            {"submitted_at": NOW, "latency": Latency.around(60.0)},
            "Generating · 0:00 · 40 to 90 s left",
        ),
        (
            State.RUNNING,
            {"submitted_at": NOW - 130, "latency": Latency.around(60.0)},
            "Generating · 2:10 · longer than 9 of 10 · up to 2 min left",
        ),
        (
            State.RUNNING,
            {"note": OFFLINE, "operation": "op"},
            "No connection for 0:20 · The provider goes on; next try in 5 s",
        ),
        (
            State.RUNNING,
            {"note": JobNote(kind="elsewhere")},
            "Being made by another notebook that uses this library",
        ),
        (State.DOWNLOADING, {}, "Downloading"),
        (State.DOWNLOADING, {"received": 3_100_000}, "Downloading · 3.1 MB so far"),
        (State.DOWNLOADING, {"received": 3_100_000, "total": 4_800_000}, "Downloading · 3.1 of 4.8 MB"),
        (State.SUCCEEDED, {"submitted_at": NOW, "generated_at": NOW + 72}, "Made in 1:12"),
        (State.SUCCEEDED, {"submitted_at": NOW}, "Made"),
        (
            State.BLOCKED,
            {"error": errors.ContentBlocked("You are not charged.")},
            (
                'Blocked by the provider\'s safety filter: "You are not charged". The filter varies: '
                "run the cell again, or change the prompt"
            ),
        ),
        (
            State.FAILED,
            {"error": errors.InvalidRequest("The provider refused it.", hint="Use 8 s.")},
            "Failed: The provider refused it. Use 8 s.",
        ),
        (
            State.FAILED,
            {"error": errors.NotFound("Gone."), "operation": "operations/x"},
            "Failed: Gone. Operation operations/x is kept: %veo retry 3f2a",
        ),
        (
            State.FAILED,
            {"error": errors.OperationFailed("The sky fell.", hint="Ask anew."), "operation": "operations/x"},
            "Failed: The sky fell. Ask anew.",
        ),
        (
            State.UNCERTAIN,
            {"error": errors.SubmissionUncertain("x")},
            (
                "Sent, but the answer was lost. It may have been accepted and charged. "
                "Look at your provider's dashboard; %veo resubmit 3f2a sends it again"
            ),
        ),
        (
            State.CANCELLED,
            {"error": errors.Cancelled("Stopped. The provider may still finish it and charge.")},
            "Stopped. The provider may still finish it and charge",
        ),
    ],
)
def test_each_state_has_its_words(state, now, line):
    assert said(state, **now) == line


@pytest.mark.parametrize("state", State)
def test_every_state_says_something_even_where_nothing_is_known(state):
    assert said(state)


def test_an_old_note_is_not_shown_beside_an_end():
    assert (
        said(State.CANCELLED, note=JobNote(kind="stopping"), error=errors.Cancelled("Stopped.")) == "Stopped"
    )


# What was set


def chosen(**fields) -> list[str]:
    # This provider takes every field, but leaves no prompt as it is.
    provider = PROVIDER if "enhance_prompt" in fields else catalog.PROVIDERS["vertex"]
    return words.settings(make_request(provider, prompt="A fox.", **fields))


def test_what_was_left_to_the_provider_is_not_shown():
    assert chosen() == ["fast"]


SET: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"model": "standard", "aspect_ratio": "9:16", "resolution": "1080p", "duration_seconds": 8},
        ["standard", "9:16", "1080p", "8 s"],
    ),
    ({"image": Image.new("RGB", (320, 180))}, ["fast", "from an image"]),
    (
        {"image": Image.new("RGB", (640, 427))},
        ["fast", "from an image (3:2, the provider makes it 16:9)"],
    ),
    ({"image": Image.new("RGB", (640, 427)), "fit": "pad"}, ["fast", "from an image"]),
    ({"image": Image.new("RGB", (64, 36))}, ["fast", "from an image (only 64 x 36 pixels)"]),
    (
        {"image": Image.new("RGB", (96, 64))},
        ["fast", "from an image (3:2, the provider makes it 16:9; only 96 x 64 pixels)"],
    ),
    (
        {"image": Image.new("RGB", (320, 180)), "last_frame": Image.new("RGB", (300, 300))},
        ["fast", "from an image", "to an image (1:1, the provider makes it 16:9)"],
    ),
    ({"video": "gs://bucket/a.mp4"}, ["fast", "goes on from a clip"]),
    ({"reference_images": [Image.new("RGB", (8, 8))]}, ["fast", "1 reference image"]),
    ({"reference_images": [Image.new("RGB", (8, 8))] * 2}, ["fast", "2 reference images"]),
    ({"person_generation": "allow_adult"}, ["fast", "allow adult"]),
    ({"enhance_prompt": True}, ["fast", "prompt enhanced"]),
    ({"enhance_prompt": False}, ["fast", "prompt as written"]),
    ({"negative_prompt": "rain"}, ["fast", "without rain"]),
    ({"negative_prompt": ""}, ["fast"]),
    ({"seed": 0}, ["fast", "seed 0"]),
    ({"sample_count": 1}, ["fast", "1 sample"]),
    ({"sample_count": 3}, ["fast", "3 samples"]),
    ({"model": "omni", "edit": "https://x.example/a.mp4"}, ["omni", "changes a clip"]),
    ({"compression_quality": "lossless"}, ["fast", "lossless compression"]),
    ({"generate_audio": True}, ["fast", "with sound"]),
    ({"generate_audio": False}, ["fast", "silent"]),
    (
        {"image": Image.new("RGB", (320, 180)), "resize_mode": "pad"},
        ["fast", "from an image", "resized by pad"],
    ),
]
"""What was set, and how it is shown."""


@pytest.mark.parametrize(("fields", "shown"), SET)
def test_what_was_set_is_shown_in_short_words(fields, shown):
    assert chosen(**fields) == shown


def test_every_field_is_among_them():
    assert {name for fields, _ in SET for name in fields} == (catalog.FIELD.keys() - {"prompt"}) | {"fit"}


@pytest.mark.parametrize(
    ("asked", "came", "filtered", "line"),
    [
        (None, 1, (), ""),
        (2, 2, (), ""),
        (2, 1, ("Loud noise.",), '1 of 2 samples was blocked: "Loud noise."'),
        (4, 1, ("Loud noise.", "A face."), '3 of 4 samples were blocked: "Loud noise. A face."'),
        # After a restart the reasons are gone.
        (4, 3, (), "1 of 4 samples did not come"),
        (None, 1, ("Loud noise.",), 'some samples were blocked: "Loud noise."'),
    ],
)
def test_samples_that_did_not_come_are_counted(asked, came, filtered, line):
    job = make_job(State.SUCCEEDED, videos=(object(),) * came, filtered=filtered)
    job.request = make_request(PROVIDER, prompt="A fox.", sample_count=asked)
    assert words.missing(job) == line


def test_beside_a_button_the_words_name_it():
    job = make_job(State.BLOCKED, error=errors.ContentBlocked("Loud noise."))
    assert words.ending(job).endswith("The filter varies: run the cell again, or change the prompt")
    assert words.ending(job, button=True).endswith("The filter varies: Try again, or change the prompt")


def test_an_image_is_named_by_its_file(tmp_path):
    Image.new("RGB", (320, 180)).save(tmp_path / "fox.png")
    assert chosen(image=tmp_path / "fox.png") == ["fast", "from fox.png"]
    both = {"image": tmp_path / "fox.png", "last_frame": tmp_path / "fox.png"}
    assert chosen(**both) == ["fast", "from fox.png", "to fox.png"]


def test_a_clip_that_follows_a_frame_says_so(tmp_path):
    Image.new("RGB", (180, 320)).save(tmp_path / "fox.png")
    Image.new("RGB", (320, 320)).save(tmp_path / "square.png")
    image = {"image": tmp_path / "fox.png"}
    assert chosen(**image) == ["fast", "9:16, as the first frame", "from fox.png"]
    assert chosen(**image, aspect_ratio="9:16") == ["fast", "9:16", "from fox.png"]
    both = chosen(image=tmp_path / "square.png", last_frame=tmp_path / "fox.png")
    assert both[1] == "9:16, as the last frame"


@pytest.mark.parametrize(("ratio", "word"), [(None, "wide"), ("16:9", "wide"), ("9:16", "upright")])
def test_a_shape_has_a_word(ratio, word):
    assert words.shape(make_request(PROVIDER, prompt="A fox.", aspect_ratio=ratio)) == word


# Money and time


@pytest.mark.parametrize(
    ("usd", "provider", "text"),
    [
        (3.2, "gptproto", "about $3.20"),
        (0.0, "gptproto", "about $0.00"),
        (3.2, "sandbox", "would cost about $3.20"),
        (None, "gptproto", ""),
    ],
)
def test_every_price_is_an_estimate(usd, provider, text):
    assert words.cost(usd, catalog.PROVIDERS[provider]) == text


def test_a_price_that_is_somebody_elses_says_so():
    note = "Google's list price; GPTProto bills per call"
    assert words.cost(3.2, PROVIDER, note) == f"about $3.20 ({note})"
    assert words.cost(None, PROVIDER, note) == ""
    said = make_job()
    assert words.cost_of(said) == "about $3.20"
    said._actions = None
    assert words.cost_of(said) == f"about $3.20 ({note})"


def test_what_was_spent_at_somebody_elses_price_says_so():
    note = PROVIDER.price_note
    own = bill_of(charge(usd=3.2), budget=20)
    assert words.budget(own) == "so far about $3.20 of the budget of $20.00, $16.80 left"
    listed = replace(own, prices=tuple(catalog.PRICES))
    assert words.budget(listed) == f"so far about $3.20 ({note}) of the budget of $20.00, $16.80 left"
    assert words.budget(listed, noted=True) == words.budget(own)
    assert "Google" not in words.budget(replace(listed, charges=()))
    assert "Google" not in words.budget(replace(listed, provider=catalog.PROVIDERS["sandbox"]))


@pytest.mark.parametrize(
    ("provider", "model", "said"),
    [
        (
            "gemini",
            "veo-3.1-fast-generate-preview",
            ["$0.10 a second, 1080p $0.12 a second, 4k $0.30 a second"],
        ),
        ("gemini", "veo-3.1-lite-generate-preview", ["$0.05 a second, 1080p $0.08 a second"]),
        ("gptproto", "veo-3.1-generate-preview", ["$0.40 a second, 4k $0.60 a second"]),
        (
            "vertex",
            "veo-3.1-generate-001",
            ["$0.40 a second, 4k $0.60 a second; silent $0.20 a second, 4k $0.40 a second"],
        ),
    ],
)
def test_what_a_model_costs_is_one_line_for_each_source(provider, model, said):
    found = words.prices(catalog.MODELS[model], catalog.PROVIDERS[provider], catalog.PRICES)
    assert [*found.values()] == said
    for where in found:
        assert catalog.PRICES_DATE in where


def test_where_no_price_is_published_ones_own_is_asked_for_once():
    wanted = words.wanted_price(PROVIDER, catalog.PRICES)
    assert wanted == (
        "GPTProto publishes no price: what do you pay there? "
        "Put fast = { per_call = USD } under [prices.gptproto] in veo_nb.toml."
    )
    own, _ = catalog.read_prices({"gptproto": {"fast": {"per_call": 0.6}}}, "your veo_nb.toml")
    assert words.wanted_price(PROVIDER, own) == ""
    assert words.wanted_price(catalog.PROVIDERS["gemini"], catalog.PRICES) == ""
    assert words.wanted_price(catalog.PROVIDERS["sandbox"], catalog.PRICES) == ""


AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (datetime(2026, 11, 22, 10, 32, tzinfo=UTC), "today 10:32"),
        (datetime(2026, 11, 21, 23, 59, tzinfo=UTC), "yesterday 23:59"),
        (datetime(2026, 11, 20, 10, 32, tzinfo=UTC), "2026-11-20 10:32"),
    ],
)
def test_a_day_is_named_as_a_person_names_it(made, text):
    job = make_job(State.SUCCEEDED, finished_at=made.timestamp())
    assert words.made_when(job.now, AT) == text
    assert words.shown_again(job.now, AT) == (
        f"Made {text} · shown again, nothing sent · --take 2 for another sample, --fresh to ask anew"
    )


def test_a_job_that_is_not_done_is_dated_by_its_beginning():
    job = make_job(created_at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC).timestamp())
    assert words.made_when(job.now, AT) == "today 09:00"


def test_whom_jobs_wait_for_is_said_once_for_those_that_wait_for_the_same():
    many = [Awaited(f"000{number}", "notebook", "gpu-7") for number in range(6)]
    others = [
        Awaited("3f2a", "silence", "gpu-7"),
        Awaited("9c01", "provider", "veomax"),
        Awaited("9c02", "provider", "veomax"),
        Awaited("9c03", "key", "gptproto"),
        Awaited("9c04", "address", "gateway"),
    ]
    assert words.awaited(many + others) == [
        "being made by another notebook on gpu-7: 0000, 0001, 0002, 0003 and 2 more",
        "3f2a waits for a kernel on gpu-7 that may be gone: taken on once it has said nothing for a minute",
        "9c01, 9c02 wait for veomax, a provider that is not known here: install its package",
        "9c03 waits for a key: %veo login gptproto",
        "9c04 waits for the address of the gateway: set VEO_NB_BASE_URL",
    ]
