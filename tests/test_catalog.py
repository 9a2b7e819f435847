"""The catalog's checks, in the words that a person reads."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veo_nb import catalog
from veo_nb.api.wire import submit_body
from veo_nb.catalog import rules
from veo_nb.notebook.completion import Known, complete
from veo_nb.notebook.options import option_rows, parse_cell
from veo_nb.notebook.pages.help import page, readme_table
from veo_nb.request import make_request

GPTPROTO, VERTEX = catalog.PROVIDERS["gptproto"], catalog.PROVIDERS["vertex"]


def said(provider: catalog.Provider = GPTPROTO, **values: Any) -> list[str]:
    """What a person reads about these fields, a line for each problem."""
    problems = catalog.check({"prompt": "A fox", **values}, provider)
    return [f"{p.field}: {p.message} {p.hint}".strip() for p in problems]


# ---- one field


@pytest.mark.parametrize("prompt", [None, "", "   \n\t"])
def test_an_empty_prompt_is_refused(prompt):
    assert said(prompt=prompt) == ["prompt: The prompt is empty. Say what the clip should show."]


def test_a_prompt_of_any_length_and_script_is_taken():
    assert said(prompt="<script>'\"🦊 שועל\x00" + "x" * 20_000) == []


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("prompt", 5, "prompt must be text, not 5."),
        ("prompt", b"fox", "prompt must be text, not b'fox'."),
        (
            "prompt",
            "half \ud83e",
            "prompt holds half a character, which can't be sent. Type the emoji or sign in it anew.",
        ),
        ("negative_prompt", ["rain"], "negative_prompt must be text, not ['rain']."),
        ("aspect_ratio", "4:3", "aspect_ratio can't be '4:3'. Veo 3.1 Fast takes 16:9 or 9:16."),
        ("resolution", "9000p", "resolution can't be '9000p'. Veo 3.1 Fast takes 720p, 1080p or 4k."),
        ("resolution", 720, "resolution can't be 720. Veo 3.1 Fast takes 720p, 1080p or 4k."),
        ("duration_seconds", 5, "duration_seconds can't be 5. Veo 3.1 Fast takes 4, 6 or 8."),
        (
            "duration_seconds",
            "8",
            "duration_seconds can't be '8'. Did you mean 8? Veo 3.1 Fast takes 4, 6 or 8.",
        ),
        ("duration_seconds", True, "duration_seconds can't be True. Veo 3.1 Fast takes 4, 6 or 8."),
        ("duration_seconds", [8], "duration_seconds can't be [8]. Veo 3.1 Fast takes 4, 6 or 8."),
        (
            "person_generation",
            "everyone",
            "person_generation can't be 'everyone'. Veo 3.1 Fast takes allow_all or allow_adult.",
        ),
        ("enhance_prompt", "yes", "enhance_prompt can't be 'yes'. It takes True or False."),
        ("enhance_prompt", 1, "enhance_prompt can't be 1. It takes True or False."),
        ("seed", -1, "seed can't be -1. It takes a whole number from 0 to 4294967295."),
        ("seed", 2**32, "seed can't be 4294967296. It takes a whole number from 0 to 4294967295."),
        ("seed", 1.5, "seed can't be 1.5. It takes a whole number from 0 to 4294967295."),
        ("seed", False, "seed can't be False. It takes a whole number from 0 to 4294967295."),
        ("sample_count", 0, "sample_count can't be 0. It takes a whole number from 1 to 4."),
        ("sample_count", 5, "sample_count can't be 5. It takes a whole number from 1 to 4."),
        ("reference_images", "a.png", "reference_images can't be 'a.png'. It takes a list of images."),
        ("reference_images", 3, "reference_images can't be 3. It takes a list of images."),
    ],
)
def test_a_bad_value_is_named_with_what_would_be_good(field, value, line):
    assert said(**{field: value}) == [f"{field}: {line}"]


@pytest.mark.parametrize(
    ("field", "value", "meant"),
    [
        ("resolution", "720", "720p"),
        ("resolution", "1080", "1080p"),
        ("resolution", "4K", "4k"),
        ("aspect_ratio", "16x9", "16:9"),
        ("aspect_ratio", "9/16", "9:16"),
        ("person_generation", "allow-all", "allow_all"),
        ("person_generation", "allow_adults", "allow_adult"),
    ],
)
def test_a_mistyped_value_gets_the_nearest_one(field, value, meant):
    [line] = said(**{field: value})
    assert line.startswith(f"{field}: {field} can't be {value!r}. Did you mean {meant}? Veo 3.1 Fast takes ")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("aspect_ratio", value) for value in ("16:9", "9:16")],
        *[("resolution", value) for value in ("720p", "1080p", "4k")],
        *[("duration_seconds", value) for value in (4, 6, 8)],
        *[("person_generation", value) for value in ("allow_all", "allow_adult")],
        *[("enhance_prompt", value) for value in (True, False)],
        *[("seed", value) for value in (0, 2**32 - 1)],
        *[("sample_count", value) for value in (1, 4)],
        ("negative_prompt", ""),
        ("model", "fast"),
        ("model", "STANDARD"),
        ("model", "veo-3.1-generate-preview"),
    ],
)
def test_every_documented_value_is_taken(field, value):
    assert said(**{field: value}) == []


def test_compression_is_for_vertex_ai_and_elsewhere_the_way_out_is_said():
    # A gateway has a model only where one is named.
    for provider in (one for one in catalog.PROVIDERS.values() if not one.any_model):
        lines = [said(provider, compression_quality=value) for value in ("optimized", "lossless")]
        refused = (
            "compression_quality: compression_quality is for Vertex AI only. "
            "Leave it out, or use the provider vertex."
        )
        assert lines == [[] if provider is VERTEX else [refused]] * 2
    [line] = said(VERTEX, compression_quality="lossles")
    assert line.endswith("can't be 'lossles'. Did you mean lossless? It takes optimized or lossless.")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("fats", "There is no model 'fats'. Did you mean fast?"),
        (
            "veo-3.1-fast-generate",
            "There is no model 'veo-3.1-fast-generate'. Did you mean veo-3.1-fast-generate-preview?",
        ),
        (
            "sora",
            "There is no model 'sora'. Known: standard, fast, veo-3.1-generate-preview, veo-3.1-fast-generate-preview.",
        ),
    ],
)
def test_a_mistyped_model_gets_the_nearest_one(name, line):
    assert said(model=name) == [f"model: {line}"]


def test_a_value_of_megabytes_does_not_fill_the_screen():
    [line] = said(aspect_ratio="9" * 10_000_000)
    assert len(line) < 200


def test_several_mistakes_are_told_together():
    lines = said(prompt="", aspect_ratio="1:1", sample_count=9)
    assert [line.partition(":")[0] for line in lines] == ["prompt", "aspect_ratio", "sample_count"]


# ---- fields together

LARGE = (
    'resolution: {} needs an 8 second clip; you asked for {}. Use duration_seconds=8 or resolution="720p".'
)
ALONE = (
    "reference_images: Reference images can't be combined with a first frame, a last frame or a source video. "
    "Leave out reference_images or the others."
)
LONG = "reference_images: Reference images work with 8 seconds only; you asked for 4. Use duration_seconds=8."
SOURCE = (
    "video: A source video can't be combined with a first or a last frame. Leave out video= or the images."
)
EXTENDED = 'resolution: A clip can be extended at 720p only; you asked for {}. Use resolution="720p" or leave it out.'
FIRST = (
    "last_frame: A last frame needs a first one. Give image= as well; the clip moves from one to the other."
)
TOO_MANY = "reference_images: Veo 3.1 Fast takes at most 3 reference images. Leave some out."


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        *[
            ({"resolution": lines, "duration_seconds": seconds}, [LARGE.format(lines, seconds)])
            for lines in ("1080p", "4k")
            for seconds in (4, 6)
        ],
        ({"last_frame": "b.png"}, [FIRST]),
        ({"reference_images": ["a"] * 4}, [TOO_MANY]),
        ({"reference_images": ["a"], "image": "b"}, [ALONE]),
        ({"reference_images": ["a"], "video": "https://x/v"}, [ALONE]),
        ({"reference_images": ["a"], "duration_seconds": 4}, [LONG]),
        ({"video": "https://x/v", "image": "a"}, [SOURCE]),
        ({"video": "https://x/v", "image": "a", "last_frame": "b"}, [SOURCE]),
        ({"video": "https://x/v", "resolution": "1080p"}, [EXTENDED.format("1080p")]),
        ({"video": "https://x/v", "resolution": "4k"}, [EXTENDED.format("4k")]),
    ],
)
def test_what_can_not_be_combined(values, lines):
    assert said(**values) == lines


@pytest.mark.parametrize(
    "values",
    [
        {"resolution": "4k", "duration_seconds": 8},
        {"resolution": "1080p"},
        {"resolution": "720p", "duration_seconds": 4},
        {"image": "a", "last_frame": "b"},
        {"reference_images": ["a", "b", "c"], "aspect_ratio": "16:9", "duration_seconds": 8},
        {"reference_images": ["a"], "aspect_ratio": "9:16"},
        {"reference_images": []},
        {"video": "https://x/v", "resolution": "720p"},
    ],
)
def test_what_can_be_combined(values):
    assert said(**values) == []


class Array:
    """As numpy's: compared to anything it gives an array, which has no truth."""

    def __eq__(self, other):
        return self

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self):
        raise ValueError("The truth value of an array is ambiguous.")

    def __repr__(self):
        return "array"


@pytest.mark.parametrize("field", [item.name for item in catalog.FIELDS])
def test_no_value_is_asked_for_its_truth(field):
    # This one takes every field, but an edit over its other wire alone.
    others = {"model": "omni", "prompt": "x"} if field == "edit" else {}
    unquoted = [line for line in said(VERTEX, **{**others, field: Array()}) if "array" not in line]
    assert unquoted == ([FIRST] if field == "last_frame" else [])


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.lists(st.text(max_size=3), max_size=5),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.sampled_from(["16:9", "9:16", "720p", "1080p", "4k", 4, 6, 8, "fast", "allow_all"]),
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*catalog.FIELD, "unknown"]), ANYTHING))
def test_whatever_is_given_gets_an_answer_in_sentences(values):
    for problem in catalog.check(values, GPTPROTO):
        assert problem.field in catalog.FIELD
        assert problem.message.endswith(".")
        assert len(f"{problem.message} {problem.hint}") < 400


# ---- the tables


def test_adding_a_model_is_one_entry(monkeypatch):
    """It is then found by both names, checked by its own values, sent, offered by Tab and listed in the help."""
    new = catalog.Model(
        id="veo-4-generate",
        title="Veo 4",
        alias="four",
        aspect_ratios=("1:1",),
        durations=(12,),
        default_duration=12,
    )
    monkeypatch.setitem(catalog.MODELS, new.id, new)
    provider = replace(GPTPROTO, models=tuple(catalog.MODELS))
    assert catalog.find_model("four", provider) is catalog.find_model("veo-4-generate", provider) is new
    assert {"four", "veo-4-generate"} <= set(catalog.model_names(provider))
    [problem] = catalog.check({"prompt": "x", "model": "four", "duration_seconds": 8}, provider)
    assert (problem.message, problem.hint) == ("duration_seconds can't be 8.", "Veo 4 takes 12.")
    request = make_request(provider, prompt="x", model="four", aspect_ratio="1:1")
    assert (request.model, request.seconds) == ("veo-4-generate", 12)
    assert submit_body(request, provider)["parameters"] == {"aspectRatio": "1:1"}
    assert parse_cell("--model four -d 12", "x", {}).fields == {"model": "four", "duration_seconds": 12}
    known = Known({}, list, lambda _: [], provider)
    for line, offered in (("--model fo", "four"), ("--model four -a ", "1:1"), ("-m four --duration=", "12")):
        found = complete(f"%%veo {line}", known)
        assert found is not None
        assert [offer.text for offer in found[1]] == [offered]
    rows = [name for name, _ in option_rows()]
    assert "-m, --model standard|fast|lite|omni|omni-1.1|four" in rows
    assert "-a, --aspect-ratio 16:9|9:16|1:1" in rows
    assert "four" in readme_table()
    assert "four" in repr(page())


def test_true_is_not_one():
    """A choice of one second would equal it."""
    [item] = [item for item in catalog.FIELDS if item.name == "duration_seconds"]
    model = catalog.Model(id="x", title="X", alias="x", durations=(1,))
    assert rules._check_value(item, True, model, GPTPROTO) != []
    assert rules._check_value(item, 1, model, GPTPROTO) == []


def test_a_model_that_a_provider_does_not_serve_is_not_offered(monkeypatch):
    small = replace(GPTPROTO, models=("veo-3.1-generate-preview",))
    assert catalog.find_model("fast", small) is None
    assert catalog.model_names(small) == ["standard", "veo-3.1-generate-preview"]


def test_a_field_that_a_provider_has_no_place_for_is_refused_with_the_way_out(monkeypatch):
    grain = catalog.Field(name="grain", kind="number", high=9, dialects=("vertex",), help="")
    monkeypatch.setattr(rules, "FIELDS", (*catalog.FIELDS, grain))
    values: dict[str, Any] = {"prompt": "x", "grain": 99}
    # What it takes is for who can have it.
    assert said(**values) == ["grain: grain is for Vertex AI only. Leave it out, or use the provider vertex."]
    [problem] = catalog.check(values, VERTEX)
    assert problem.hint == "It takes a whole number from 0 to 9."
    assert catalog.check({**values, "grain": 9}, VERTEX) == []


@pytest.mark.parametrize("model", catalog.MODELS.values(), ids=lambda model: model.id)
def test_each_model_is_complete(model):
    served = [one for one in catalog.PROVIDERS.values() if one.bills and model.id in one.models]
    assert served
    for provider, resolution in itertools.product(served, model.resolutions):
        assert catalog.find_price(catalog.PRICES, provider, model.id, resolution=resolution)
    assert model.default_duration in model.durations
    assert not model.successor or model.successor in catalog.MODELS


def test_names_that_a_person_types_are_unique():
    names = catalog.model_names()
    assert len(names) == len(set(names))
    for letters in ([f.flag for f in catalog.FIELDS if f.flag], [f.short for f in catalog.FIELDS if f.short]):
        assert len(letters) == len(set(letters))


@pytest.mark.parametrize("provider", catalog.PROVIDERS.values(), ids=lambda provider: provider.name)
def test_a_provider_sends_its_key_to_its_own_hosts_over_https(provider):
    bases = {base for base in (provider.submit_base, provider.poll_base) if base}
    assert bases <= set(provider.key_origins)
    assert all(where.startswith("https://") for where in provider.key_origins)


@pytest.mark.parametrize("provider", catalog.PROVIDERS.values(), ids=lambda provider: provider.name)
def test_a_short_name_means_one_model_of_a_provider_of_one_stage(provider):
    """A default of "fast" works everywhere; the sandbox serves both generations and takes the first."""
    for alias in ("fast", "standard"):
        model = catalog.find_model(alias, provider)
        assert model is not None
        assert model.stage == ("general" if "vertex" in provider.dialects else "preview")


def test_gptproto_is_where_its_page_says():
    assert GPTPROTO.submit_base == "https://gptproto.com"
    assert GPTPROTO.poll_base == "https://api.gptproto.com"
    assert (GPTPROTO.key_header, GPTPROTO.key_variables) == ("x-goog-api-key", ("GPTPROTO_API_KEY",))
    assert GPTPROTO.duration_type == "string"


@pytest.mark.parametrize(
    ("choices", "words"), [((4,), "4"), ((4, 6), "4 or 6"), ((4, 6, 8), "4, 6 or 8"), ((), "")]
)
def test_choices_are_listed_as_a_person_does(choices, words):
    assert catalog.listed(choices) == words
