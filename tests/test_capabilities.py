"""Who takes what: the table of API.md, "Who takes what", as read on 2026-11-29, asked of the catalog."""

from __future__ import annotations

from typing import Any

import pytest

from veo_nb import catalog
from veo_nb.catalog import Mode, mode_of
from veo_nb.request import make_request
from veo_nb.sandbox import vertex, wire

GPTPROTO, GEMINI, VERTEX = (catalog.PROVIDERS[name] for name in ("gptproto", "gemini", "vertex"))
HERE, THERE = wire.PROVIDER, vertex.PROVIDER
"""The sandbox by each form of the wire."""

STILL, CLIP, THINGS = {"image": "a.png"}, {"video": "x"}, {"reference_images": ["a.png"]}
FRAMES = {**STILL, "last_frame": "b.png"}

# What is asked, then what the Developer API's form of the wire says of it, then Vertex AI's.
TABLE: dict[str, tuple[dict[str, Any], str, str]] = {
    **{
        f"{lines} with {seconds} s": ({"resolution": lines, "duration_seconds": seconds}, "no", "yes")
        for lines in ("1080p", "4k")
        for seconds in (4, 6)
    },
    "1080p with 8 s": ({"resolution": "1080p", "duration_seconds": 8}, "yes", "yes"),
    "720p with 4 s": ({"resolution": "720p", "duration_seconds": 4}, "yes", "yes"),
    "extension": (CLIP, "yes", "yes"),
    "extension at 720p": ({**CLIP, "resolution": "720p"}, "yes", "yes"),
    "extension at 1080p": ({**CLIP, "resolution": "1080p"}, "no", "yes"),
    "references": (THINGS, "yes", "yes"),
    "references at 9:16": ({**THINGS, "aspect_ratio": "9:16"}, "unsure", "unsure"),
    "references with 4 s": ({**THINGS, "duration_seconds": 4}, "no", "no"),
    "references beside a first frame": ({**THINGS, **STILL}, "no", "no"),
    "dont_allow": ({"person_generation": "dont_allow"}, "no", "yes"),
    "no prompt": ({"prompt": ""}, "no", "no"),
    "no prompt beside references": ({**THINGS, "prompt": None}, "no", "no"),
    "no prompt beside an image": ({**STILL, "prompt": ""}, "unsure", "yes"),
    "no prompt beside two frames": ({**FRAMES, "prompt": " \n"}, "unsure", "yes"),
    "no prompt beside a video": ({**CLIP, "prompt": None}, "unsure", "yes"),
    "generateAudio": ({"generate_audio": False}, "no", "yes"),
    "resizeMode": ({**STILL, "resize_mode": "pad"}, "no", "yes"),
    "resizeMode without a frame": ({"resize_mode": "crop"}, "no", "unsure"),
    "compressionQuality": ({"compression_quality": "lossless"}, "no", "yes"),
    "enhancePrompt: false": ({"enhance_prompt": False}, "unsure", "no"),
    "enhancePrompt: true": ({"enhance_prompt": True}, "yes", "yes"),
    "standard: 4k": ({"model": "standard", "resolution": "4k"}, "yes", "yes"),
    "fast: 4k": ({"model": "fast", "resolution": "4k"}, "yes", "unsure"),
    "lite: 1080p": ({"model": "lite", "resolution": "1080p"}, "yes", "yes"),
    "lite: 4k": ({"model": "lite", "resolution": "4k"}, "no", "no"),
    "lite: references": ({"model": "lite", **THINGS}, "no", "no"),
    "lite: extension": ({"model": "lite", **CLIP}, "no", "yes"),
}


def taken(values: dict[str, Any], provider: catalog.Provider) -> str:
    """How the catalog takes these fields: yes, no or unsure."""
    values = {"prompt": "A fox.", "model": "standard", **values}
    if catalog.check(values, provider):
        return "no"
    return "unsure" if catalog.find_doubts(values, provider) else "yes"


@pytest.mark.parametrize(("values", "developer", "cloud"), TABLE.values(), ids=TABLE.keys())
def test_who_takes_what(values, developer, cloud):
    # GPTProto serves no lite model; so each is asked for the models that it has.
    for provider in (GPTPROTO, GEMINI, HERE):
        if values.get("model") == "lite" and provider is GPTPROTO:
            continue
        assert taken(values, provider) == developer, provider.name
    assert taken(values, VERTEX) == cloud
    # The sandbox serves both generations by either form of the wire; what is unsure of a model is of that one alone.
    if values.get("model") == "fast":
        values = {**values, "model": "veo-3.1-fast-generate-001"}
    assert taken(values, THERE) == cloud


CHANGED = {"edit": "x"}
# Of Gemini Omni 1.2 and 1.1.
OMNI: dict[str, tuple[dict[str, Any], str, str]] = {
    "nothing but a prompt": ({}, "yes", "yes"),
    "no prompt": ({"prompt": ""}, "no", "no"),
    "no prompt beside an image": ({**STILL, "prompt": ""}, "no", "no"),
    "2 s": ({"duration_seconds": 2}, "no", "no"),
    "3 s": ({"duration_seconds": 3}, "yes", "yes"),
    "11 s": ({"duration_seconds": 11}, "yes", "no"),
    "15 s": ({"duration_seconds": 15}, "yes", "no"),
    "16 s": ({"duration_seconds": 16}, "no", "no"),
    "11 s from a first frame": ({**STILL, "duration_seconds": 11}, "yes", "no"),
    "10 s between two frames": ({**FRAMES, "duration_seconds": 10}, "yes", "yes"),
    "11 s between two frames": ({**FRAMES, "duration_seconds": 11}, "no", "no"),
    "an extension by 10 s": ({**CLIP, "duration_seconds": 10}, "yes", "yes"),
    "an extension by 11 s": ({**CLIP, "duration_seconds": 11}, "no", "no"),
    "an extension of a shape": ({**CLIP, "aspect_ratio": "9:16"}, "no", "no"),
    "3 references": ({"reference_images": ["a"] * 3}, "yes", "yes"),
    "6 references": ({"reference_images": ["a"] * 6}, "yes", "no"),
    "7 references": ({"reference_images": ["a"] * 7}, "no", "no"),
    "references at 9:16": ({**THINGS, "aspect_ratio": "9:16"}, "yes", "yes"),
    "360p": ({"resolution": "360p"}, "yes", "yes"),
    "4k with 3 s": ({"resolution": "4k", "duration_seconds": 3}, "yes", "yes"),
    "an edit": (CHANGED, "yes", "yes"),
    "an edit in other lines": ({**CHANGED, "resolution": "1080p"}, "yes", "yes"),
    "an edit of a length": ({**CHANGED, "duration_seconds": 4}, "no", "no"),
    "an edit of a shape": ({**CHANGED, "aspect_ratio": "16:9"}, "no", "no"),
    "an edit beside an image": ({**CHANGED, **STILL}, "no", "no"),
    "an edit beside a clip": ({**CHANGED, **CLIP}, "no", "no"),
    "a seed": ({"seed": 1}, "yes", "yes"),
    "several samples": ({"sample_count": 2}, "no", "no"),
    "a negative prompt": ({"negative_prompt": "rain"}, "no", "no"),
    "people": ({"person_generation": "allow_adult"}, "no", "no"),
    "no sound": ({"generate_audio": False}, "no", "no"),
}


@pytest.mark.parametrize(("values", "newer", "older"), OMNI.values(), ids=OMNI.keys())
def test_what_gemini_omni_takes(values, newer, older):
    for provider in (GEMINI, VERTEX, HERE):
        assert taken({**values, "model": "omni"}, provider) == newer, provider.name
    for provider in (GEMINI, HERE):
        assert taken({**values, "model": "omni-1.1"}, provider) == older, provider.name


@pytest.mark.parametrize("provider", [GPTPROTO, GEMINI, VERTEX, HERE], ids=lambda one: one.name)
def test_veo_changes_no_clip(provider):
    assert taken({**CHANGED, "model": "fast"}, provider) == "no"


@pytest.mark.parametrize("provider", [GPTPROTO, GEMINI, VERTEX, HERE], ids=lambda one: one.name)
def test_the_model_that_is_asked_where_none_is_named_is_the_providers_own(provider):
    assert provider.default_model == ("omni" if provider.name == "gemini" else "fast")
    found = catalog.find_model(provider.default_model, provider)
    assert found is not None
    assert make_request(provider, prompt="A fox.").model == found.id


@pytest.mark.parametrize(
    ("dialect", "schemes", "inline", "seconds", "lines", "fps"),
    [
        ("gemini", ("http", "https"), False, (0.0, 141.0), (720,), None),
        ("vertex", ("gs",), True, (1.0, 30.0), (720, 1080, 2160), 24),
        ("interactions", ("interaction", "https"), True, (0.0, 27.0), (360, 720, 1080, 2160), None),
    ],
)
def test_what_can_be_extended(dialect, schemes, inline, seconds, lines, fps):
    found = catalog.SOURCES[dialect]
    assert (found.schemes, found.inline, found.lines, found.fps) == (schemes, inline, lines, fps)
    assert (found.least_seconds, found.most_seconds) == seconds


def test_of_each_form_of_the_wire_it_is_said_what_is_extended():
    assert (
        set().union(*(provider.dialects for provider in catalog.PROVIDERS.values())) == catalog.SOURCES.keys()
    )


@pytest.mark.parametrize(
    ("values", "mode"),
    [
        ({}, Mode.TEXT),
        ({"image": None, "reference_images": []}, Mode.TEXT),
        (STILL, Mode.IMAGE),
        (FRAMES, Mode.INTERPOLATION),
        (THINGS, Mode.REFERENCES),
        (CLIP, Mode.EXTENSION),
        (CHANGED, Mode.EDIT),
    ],
)
def test_the_mode_is_told_by_what_is_given(values, mode):
    assert mode_of({"prompt": "A fox.", **values}) is mode


def test_what_is_never_taken_is_no_choice():
    people, lines = catalog.FIELD["person_generation"], catalog.FIELD["resolution"]
    assert catalog.choices(people) == ("allow_all", "allow_adult", "dont_allow")
    assert catalog.choices(people, GPTPROTO) == ("allow_all", "allow_adult")
    assert catalog.choices(people, VERTEX) == ("allow_all", "allow_adult", "dont_allow")
    assert catalog.choices(lines, VERTEX, catalog.find_model("lite", VERTEX)) == ("720p", "1080p")
    assert catalog.choices(lines, VERTEX) == ("360p", "720p", "1080p", "4k")


@pytest.mark.parametrize(
    ("values", "provider", "line"),
    [
        (
            {"person_generation": "dont_allow"},
            GPTPROTO,
            (
                "person_generation can't be 'dont_allow'. Veo 3.1 takes allow_all or allow_adult. "
                "dont_allow is for Vertex AI."
            ),
        ),
        (
            {"model": "lite", "resolution": "4k"},
            VERTEX,
            "resolution can't be '4k'. Veo 3.1 Lite takes 720p or 1080p.",
        ),
        (
            {"model": "lite", **CLIP},
            GEMINI,
            'Veo 3.1 Lite extends clips on Vertex AI only. Use model="fast" or model="standard", or the provider vertex.',
        ),
        (
            {"enhance_prompt": False},
            VERTEX,
            "Veo 3.1 always rewrites the prompt on Vertex AI. Leave out enhance_prompt.",
        ),
    ],
)
def test_a_no_says_who_takes_it(values, provider, line):
    [problem] = catalog.check({"prompt": "A fox.", "model": "standard", **values}, provider)
    assert f"{problem.message} {problem.hint}" == line


@pytest.mark.parametrize("rule", catalog.RULES, ids=lambda rule: f"{rule.field} {rule.taken}")
def test_each_rule_is_about_fields_and_models_that_there_are_and_has_words_where_it_needs_them(rule):
    fields = {rule.field, *rule.beside, *rule.without}
    assert fields <= {*catalog.FIELD, catalog.FIT.name}
    aliases = {model.alias for model in catalog.MODELS.values()}
    assert set(rule.models) <= aliases | set(catalog.MODELS)
    assert set(rule.dialects) <= catalog.SOURCES.keys()
    assert rule.message or rule.always
