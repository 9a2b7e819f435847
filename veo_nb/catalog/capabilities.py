"""Who takes what: the one table of what a field can't be, by form of the wire, model and mode.

What no rule names is taken, as far as its field and its model have it. Validation, completion, help, the panel, the
README's table and the sandbox all ask these rules and none knows another. Sources, as read on 2026-11-29: the provider's
page; the Gemini API reference; Vertex AI's pages on extending a video and on `VideoGenerationModelParams`; promptfoo's
Google video provider, GenMedia Creative Studio's `veo_models.py`, LiteLLM's table and its pages on `/videos`, OpenAI's reference of the videos
API and ComfyUI's page on Veo.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from veo_nb.catalog.fields import VEO
from veo_nb.catalog.modes import Mode
from veo_nb.records.late import dataclass

ANY: tuple[Any, ...] = ()
"""Any value of a field that is set."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Values of a field that are not taken, or of which nobody knows it, and where that holds.

    All of its conditions hold at once; one that is empty holds always.
    """

    field: str
    values: tuple[Any, ...] = ANY
    """An empty text is a prompt that is missing."""
    beside: Mapping[str, tuple[Any, ...]] = dataclasses.field(default_factory=dict)
    """Other fields, of which at least one has one of these values."""
    without: tuple[str, ...] = ()
    """Other fields, none of which is set."""
    dialects: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    """By alias or by id."""
    modes: tuple[Mode, ...] = ()
    taken: Literal["no", "unsure"] = "no"
    """`unsure` where sources disagree: it is sent, and a person hears of it before and after."""
    message: str = ""
    """What is wrong, in a sentence, with `{fields}` and the model's `{title}` filled in; none is needed where a value is
    never taken at all, since what is taken instead says enough."""
    hint: str = ""

    @property
    def always(self) -> bool:
        """Whether it holds whatever the other fields are, so that the value is no choice at all."""
        return self.taken == "no" and not (self.beside or self.without or self.modes)


FRAMES: dict[str, tuple[Any, ...]] = {"image": ANY, "last_frame": ANY}

RULES: list[Rule] = [
    Rule(
        field="prompt",
        values=("",),
        modes=(Mode.TEXT, Mode.REFERENCES),
        message="The prompt is empty.",
        hint="Say what the clip should show.",
    ),
    Rule(
        field="prompt",
        values=("",),
        dialects=("interactions", "videos"),
        modes=(Mode.IMAGE, Mode.INTERPOLATION, Mode.EXTENSION, Mode.EDIT),
        message="The prompt is empty.",
        hint="Say what the clip should show, or what should be different in it.",
    ),
    Rule(
        field="duration_seconds",
        values=tuple(range(11, 16)),
        dialects=("interactions",),
        modes=(Mode.INTERPOLATION, Mode.EXTENSION),
        message="{title} makes up to 10 s here; you asked for {duration_seconds}.",
        hint="Use duration_seconds=10 or less.",
    ),
    Rule(
        field="aspect_ratio",
        dialects=("interactions",),
        modes=(Mode.EXTENSION, Mode.EDIT),
        message="The clip keeps its shape.",
        hint="Leave out aspect_ratio.",
    ),
    Rule(
        field="duration_seconds",
        modes=(Mode.EDIT,),
        message="An edit keeps the length of its clip.",
        hint="Leave out duration_seconds.",
    ),
    Rule(
        field="edit",
        beside={**FRAMES, "video": ANY, "reference_images": ANY},
        message="An edit can't be combined with images or with a clip to go on from.",
        hint="Leave out edit= or the others.",
    ),
    Rule(
        # The provider's page asks for one in each mode.
        field="prompt",
        values=("",),
        dialects=("gemini",),
        modes=(Mode.IMAGE, Mode.INTERPOLATION, Mode.EXTENSION),
        taken="unsure",
        message="Sources disagree on whether the prompt may be left out here.",
    ),
    Rule(
        field="resolution",
        values=("1080p", "4k"),
        beside={"duration_seconds": (4, 6)},
        dialects=("gemini",),
        message="{resolution} needs an 8 second clip; you asked for {duration_seconds}.",
        hint='Use duration_seconds=8 or resolution="720p".',
    ),
    Rule(
        field="resolution",
        values=("4k",),
        dialects=("vertex",),
        models=("veo-3.1-fast-generate-001",),
        taken="unsure",
        message="Sources disagree on whether {title} makes 4k.",
    ),
    Rule(
        # The bodies of `/v1/videos` have no other fields, and LiteLLM's page names none that it passes on.
        field="last_frame",
        dialects=("videos",),
        message="A gateway passes on a first frame and no last one.",
        hint="Leave out last_frame, or use the model's own provider.",
    ),
    Rule(
        field="reference_images",
        dialects=("videos",),
        message="A gateway passes on a first frame and no reference images.",
        hint="Give image=, or use the model's own provider.",
    ),
    Rule(
        field="video",
        dialects=("videos",),
        message="A gateway passes on no clip to go on from.",
        hint="Begin with its last frame, image=clip.last_frame(), or use the model's own provider.",
    ),
    Rule(
        field="seed",
        dialects=("videos",),
        message="A gateway passes on no seed.",
        hint="Leave out seed, or use the model's own provider.",
    ),
    Rule(
        # LiteLLM knows the sizes of two resolutions and makes any other 720p, without a word.
        field="resolution",
        values=("360p", "4k"),
        dialects=("videos",),
        taken="unsure",
        message="A gateway may not know {resolution} and make 720p.",
    ),
    Rule(
        field="last_frame",
        without=("image",),
        message="A last frame needs a first one.",
        hint="Give image= as well; the clip moves from one to the other.",
    ),
    Rule(
        field="reference_images",
        models=("lite",),
        message="{title} takes no reference images.",
        hint='Use model="fast" or model="standard", or leave them out.',
    ),
    Rule(
        field="reference_images",
        beside={**FRAMES, "video": ANY},
        message="Reference images can't be combined with a first frame, a last frame or a source video.",
        hint="Leave out reference_images or the others.",
    ),
    Rule(
        field="reference_images",
        beside={"duration_seconds": (4, 6)},
        dialects=VEO,
        message="Reference images work with 8 seconds only; you asked for {duration_seconds}.",
        hint="Use duration_seconds=8.",
    ),
    Rule(
        field="aspect_ratio",
        values=("9:16",),
        dialects=VEO,
        modes=(Mode.REFERENCES,),
        taken="unsure",
        message="Sources disagree on whether reference images work at 9:16.",
    ),
    Rule(
        field="video",
        dialects=("gemini",),
        models=("lite",),
        message="{title} extends clips on Vertex AI only.",
        hint='Use model="fast" or model="standard", or the provider vertex.',
    ),
    Rule(
        field="video",
        beside=FRAMES,
        message="A source video can't be combined with a first or a last frame.",
        hint="Leave out video= or the images.",
    ),
    Rule(
        field="resolution",
        values=("1080p", "4k"),
        dialects=("gemini",),
        modes=(Mode.EXTENSION,),
        message="A clip can be extended at 720p only; you asked for {resolution}.",
        hint='Use resolution="720p" or leave it out.',
    ),
    Rule(field="person_generation", values=("dont_allow",), dialects=("gemini",)),
    Rule(
        # Refused on some models of Google's public endpoint, taken by the provider's page.
        field="enhance_prompt",
        values=(False,),
        dialects=("gemini",),
        taken="unsure",
        message="Sources disagree on whether the prompt can be kept as it is written.",
    ),
    Rule(
        field="enhance_prompt",
        values=(False,),
        dialects=("vertex",),
        message="{title} always rewrites the prompt on Vertex AI.",
        hint="Leave out enhance_prompt.",
    ),
    Rule(
        field="resize_mode",
        without=("image",),
        taken="unsure",
        message="resize_mode is for a first frame, and there is none.",
    ),
    Rule(
        field="fit",
        without=("image", "last_frame", "reference_images"),
        message="There is no picture that could be made to fit.",
        hint="Leave out fit=, or give image= as well.",
    ),
]
