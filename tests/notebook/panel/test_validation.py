"""Which values of a form can't be combined with a draft, in words for who has no code before them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.world import KEY, settings_in
from veo_nb import catalog
from veo_nb.config import Settings, resolve_settings
from veo_nb.notebook.panel.store import empty_draft
from veo_nb.notebook.panel.validation import (
    LABELS,
    find_closed,
    find_unavailable,
    offered,
    plain_text,
    plain_values,
    served_here,
)

SANDBOX = catalog.PROVIDERS["sandbox"]
THERE = ("compression_quality", "generate_audio", "resize_mode")
"""What only Vertex AI has."""


OTHERS = {"resolution", "duration_seconds"}
"""What Gemini Omni takes beside."""
OMNIS = {"360p", *map(str, (3, 5, 7, *range(9, 16)))}
"""Its values there."""


def unavailable(provider: catalog.Provider = SANDBOX, **changes: Any) -> dict[str, dict[str, str]]:
    """Of the fields but the model, whose other providers have no key here."""
    found = everything(settings_in(Path(), provider), **changes)
    shut = {name for name in found.get("model", {}) if ":" in name}
    models = {name: why for name, why in found.pop("model", {}).items() if name not in shut}
    return found | ({"model": models} if models else {})


def everything(settings: Settings, **changes: Any) -> dict[str, dict[str, str]]:
    draft = replace(empty_draft(), prompt="A fox.", **changes)
    return find_unavailable(plain_values(draft, "fast"), draft, settings)


def test_at_first_only_what_needs_a_first_frame_can_not_be_used():
    found = unavailable()
    assert set(found) == {"last_frame", "fit", *OTHERS, *THERE}
    assert found["last_frame"]["*"].startswith("A last frame needs a first one. ")
    assert set(unavailable(image=["fox"])) == {"reference_images", "video", *OTHERS, *THERE}


def test_a_value_that_does_not_go_with_another_names_the_reason_and_the_way_out():
    found = unavailable(fields={"duration_seconds": [4]})
    assert set(found["resolution"]) - OMNIS == {"1080p", "4k"}
    reason = "1080p needs an 8 second clip; you asked for 4. Use Duration 8 s or Resolution 720p."
    assert found["resolution"]["1080p"] == reason
    assert "*" in found["reference_images"]


def test_it_works_in_both_directions():
    assert set(unavailable(fields={"resolution": ["4k"]})["duration_seconds"]) - OMNIS == {"4", "6"}


def test_a_value_that_goes_with_one_of_several_can_be_chosen():
    """A sweep leaves out the cells that can't be made."""
    assert set(unavailable(fields={"duration_seconds": [4, 8]})["resolution"]) == {"360p"}
    assert set(unavailable(fields={"duration_seconds": [4, 6]})["resolution"]) - OMNIS == {"1080p", "4k"}


def test_each_model_of_the_provider_can_be_chosen_at_first():
    for provider in catalog.PROVIDERS.values():
        assert "model" not in unavailable(provider)


def test_a_model_of_another_provider_needs_its_key():
    settings = settings_in(Path(), catalog.PROVIDERS["gptproto"])
    why = "No key: set GEMINI_API_KEY or GOOGLE_API_KEY, or %veo login gemini."
    assert everything(settings)["model"]["gemini:omni"] == why
    assert "vertex:fast" in everything(settings)["model"]
    environ = {"GEMINI_API_KEY": "gm-0123456789", "GOOGLE_CLOUD_PROJECT": "p", "GPTPROTO_API_KEY": KEY}
    settings = resolve_settings({}, {}, environ, Path())
    assert "model" not in everything(settings)
    # What it can't do together with the rest is told as of any other.
    found = everything(settings, fields={"model": ["gemini:omni"]})
    assert ("duration_seconds" in found, "negative_prompt" in found) == (False, True)
    found = everything(settings, fields={"model": ["gemini:omni"], "duration_seconds": [5]})
    assert set(found["model"]) == {
        one.value for one in served_here(settings) if not one.alias.startswith("omni")
    }
    found = everything(settings, fields={"model": ["vertex:fast"]})
    assert "generate_audio" not in found
    assert found["duration_seconds"]["5"] == "Duration can't be 5. Veo 3.1 Fast takes 4, 6 or 8."


def test_a_draft_for_a_provider_without_a_key_can_not_be_sent():
    draft = replace(empty_draft(), prompt="A fox.", fields={"model": ["fast", "gemini:omni", "gemini:fast"]})
    alone = settings_in(Path(), catalog.PROVIDERS["gptproto"])
    both = resolve_settings({}, {}, {"GPTPROTO_API_KEY": KEY, "GEMINI_API_KEY": KEY}, Path())
    (problem,) = find_closed(draft, alone)
    assert (problem.field, problem.message[:27]) == ("model", "No key: set GEMINI_API_KEY ")
    assert find_closed(draft, both) == []


def test_what_any_of_the_providers_here_takes_is_offered():
    alone = settings_in(Path(), catalog.PROVIDERS["gptproto"])
    both = resolve_settings({}, {}, {"GPTPROTO_API_KEY": KEY, "GEMINI_API_KEY": KEY}, Path())
    seconds = catalog.FIELD["duration_seconds"]
    assert offered(seconds, alone) == (4, 6, 8)
    assert offered(seconds, both) == tuple(range(3, 16))


def test_a_field_that_the_provider_has_no_place_for_says_which_one_has():
    reason = "Compression is for Vertex AI only. Leave it out, or use the provider vertex."
    for name in ("gptproto", "gemini", "sandbox"):
        found = unavailable(catalog.PROVIDERS[name])
        assert found["compression_quality"] == {"optimized": reason, "lossless": reason}
    assert "compression_quality" not in unavailable(catalog.PROVIDERS["vertex"])


def test_of_a_switch_one_side_may_be_what_a_provider_does_not_take():
    found = unavailable(catalog.PROVIDERS["vertex"])
    assert found["enhance_prompt"].keys() == {"false"}
    assert "always rewrites the prompt" in found["enhance_prompt"]["false"]
    assert "enhance_prompt" not in unavailable(catalog.PROVIDERS["gptproto"])
    assert unavailable(catalog.PROVIDERS["gptproto"])["generate_audio"].keys() == {"*"}


def test_with_a_source_video_the_resolution_is_given():
    found = unavailable(video="3f2a/0")
    assert set(found["resolution"]) - OMNIS == {"1080p", "4k"}
    assert {"image", "last_frame", "reference_images"} <= set(found)


def test_a_thousand_values_of_each_field_are_judged_at_once():
    fields = {name: list(range(1000)) for name in LABELS}
    assert isinstance(unavailable(fields=fields), dict)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "duration_seconds": st.sampled_from([4, 6, 8]),
            "resolution": st.sampled_from(["720p", "1080p", "4k"]),
            "aspect_ratio": st.sampled_from(["16:9", "9:16"]),
        },
    ),
    st.sets(st.sampled_from(["image", "last_frame", "reference_images", "video"])),
)
def test_what_is_available_breaks_no_rule_that_was_kept_before(fields, pictures):
    """And what is unavailable breaks one."""
    marks: dict[str, Any] = {name: "x" if name == "video" else ["x"] for name in pictures}
    draft = replace(empty_draft(), prompt="A fox.", fields={k: [v] for k, v in fields.items()}, **marks)
    values = plain_values(draft, "fast")
    found = find_unavailable(values, draft, settings_in(Path(), SANDBOX))
    for name in ("duration_seconds", "resolution", "aspect_ratio"):
        for value in catalog.find_model("fast", SANDBOX).choices(name):  # type: ignore[union-attr]
            without = {known: given for known, given in values.items() if known != name}
            before = {one.message for one in catalog.check(without, SANDBOX)}
            after = {one.message for one in catalog.check({**without, name: value}, SANDBOX)}
            assert (str(value) in found.get(name, {})) == bool(after - before)


@pytest.mark.parametrize(
    ("code", "plain"),
    [
        ('Use duration_seconds=8 or resolution="720p".', "Use Duration 8 s or Resolution 720p."),
        ("Give image= as well; it moves.", "Give a first frame as well; it moves."),
        ("Leave out reference_images or the others.", "Leave out the references or the others."),
        (
            'Use aspect_ratio="9:16", or fit="crop" or fit="pad" to make the picture 16:9.',
            "Use Aspect ratio 9:16, or Crop or Pad to make the picture 16:9.",
        ),
        ("aspect_ratio can't be '3:1'.", "Aspect ratio can't be '3:1'."),
        ("last_frame is a whole video.", "The last frame is a whole video."),
    ],
)
def test_words_for_who_has_a_form(code, plain):
    assert plain_text(code) == plain


def test_no_rule_is_told_with_code_in_it():
    for rule in catalog.RULES:
        said = plain_text(f"{rule.message} {rule.hint}".replace("{", "").replace("}", ""))
        assert "=" not in said
        assert "_" not in said.replace("duration_seconds", "")
