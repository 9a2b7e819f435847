"""The fields of a request: what each means, and how it is written in a cell and called in the panel.

A new field begins with an entry in `FIELDS`; where it goes from there is in CONTRIBUTING.md, "A new field".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from veo_nb.records.late import dataclass

Values = Mapping[str, Any]
"""Request fields by name; a field that is not set is absent or None."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a request: its name, what it means, and how it is written in a cell."""

    name: str
    kind: Literal["text", "choice", "number", "image", "images", "video", "switch"]
    help: str
    flag: str = ""
    """The option of `%%veo`, without dashes; empty for the prompt, which is the cell itself."""
    short: str = ""
    low: int = 0
    high: int = 0
    """Bounds of a number, both included."""
    most: int = 1
    """How often its option may be given."""
    choices: tuple[str, ...] = ()
    """What it takes, where that is not said by the model."""
    dialects: tuple[str, ...] = ()
    """Those of our forms of the wire that have it; empty for all (see `Provider.dialect_of`)."""
    wire: str = ""
    """Its name under `parameters`, on the wires over which Veo is spoken to; empty for what goes elsewhere. The sandbox has its own."""
    said: str = ""
    """How a card says that it was set, with `{}` for its value; empty for what is said otherwise (`notebook/text.py`)."""
    label: str = ""
    """What the panel's form calls it; empty for the prompt and the pictures, which have places of their own there."""
    seldom: bool = False
    """Whether that form has it in a fold, with the others that are seldom set."""

    def is_in(self, dialect: str) -> bool:
        """Whether this form of the wire has it."""
        listed = LISTED.get(dialect)
        return (not self.dialects or dialect in self.dialects) if listed is None else self.name in listed


LISTED: dict[str, frozenset[str]] = {}
"""All fields of a form of the wire that another package brought (see `registry`); of ours each field says it itself."""


VEO = ("gemini", "vertex")
"""The forms of the wire over which Veo is spoken to."""

FIELDS: tuple[Field, ...] = (
    Field(name="prompt", kind="text", help="what to show and to hear"),
    Field(
        name="model",
        kind="choice",
        flag="model",
        short="m",
        label="Model",
        help="which model makes the clip; vertex:fast is that of another provider",
    ),
    Field(name="image", kind="image", flag="image", short="i", help="the first frame: a file or a variable"),
    Field(
        name="last_frame",
        kind="image",
        flag="last-frame",
        help="the last frame, together with a first one",
    ),
    Field(
        name="reference_images",
        kind="images",
        flag="reference",
        most=6,
        help="an image of what should appear; up to three times, six with Omni 1.2",
    ),
    Field(
        name="video",
        kind="video",
        flag="video",
        help="a clip to go on from: a job's ID, a variable, an address or an MP4; Veo adds 7 s",
    ),
    Field(
        name="edit",
        kind="video",
        flag="edit",
        dialects=("interactions",),
        help="a clip to change as the prompt says: a job's ID, a variable or an MP4; Gemini Omni only",
    ),
    Field(
        name="aspect_ratio",
        kind="choice",
        flag="aspect-ratio",
        short="a",
        label="Aspect ratio",
        wire="aspectRatio",
        help="shape of the picture",
    ),
    Field(
        name="resolution",
        kind="choice",
        flag="resolution",
        short="r",
        label="Resolution",
        wire="resolution",
        help="lines of the picture",
    ),
    Field(
        name="duration_seconds",
        kind="choice",
        flag="duration",
        short="d",
        label="Duration",
        wire="durationSeconds",
        help="length in seconds",
    ),
    Field(
        name="person_generation",
        kind="choice",
        flag="person-generation",
        dialects=VEO,
        label="People",
        wire="personGeneration",
        help="which people may appear",
    ),
    Field(
        name="enhance_prompt",
        kind="switch",
        flag="enhance-prompt",
        dialects=VEO,
        label="Prompt",
        seldom=True,
        wire="enhancePrompt",
        help="let the provider rewrite the prompt, or not",
    ),
    Field(
        name="negative_prompt",
        kind="text",
        flag="negative-prompt",
        dialects=VEO,
        label="Without",
        seldom=True,
        wire="negativePrompt",
        said="without {}",
        help="what should not appear",
    ),
    Field(
        name="seed",
        kind="number",
        flag="seed",
        low=0,
        high=2**32 - 1,
        label="Seed",
        seldom=True,
        wire="seed",
        said="seed {}",
        help="same seed, similar clip",
    ),
    Field(
        name="sample_count",
        kind="number",
        flag="samples",
        dialects=VEO,
        short="n",
        low=1,
        high=4,
        label="Samples",
        seldom=True,
        wire="sampleCount",
        help="clips made by one request",
    ),
    Field(
        name="compression_quality",
        kind="choice",
        flag="compression-quality",
        choices=("optimized", "lossless"),
        dialects=("vertex",),
        label="Compression",
        seldom=True,
        wire="compressionQuality",
        said="{} compression",
        help="a small file, or a large one that loses nothing; Vertex AI only",
    ),
    Field(
        name="generate_audio",
        kind="switch",
        flag="generate-audio",
        dialects=("vertex",),
        label="Sound",
        seldom=True,
        wire="generateAudio",
        help="a clip with sound, or a silent one, which costs less; Vertex AI only",
    ),
    Field(
        name="resize_mode",
        kind="choice",
        flag="resize-mode",
        choices=("pad", "crop"),
        dialects=("vertex",),
        label="Resize",
        seldom=True,
        wire="resizeMode",
        said="resized by {}",
        help="what the provider does to a first frame of another shape; Vertex AI only",
    ),
)
"""Every request field, in the order in which people read them."""

FIELD: dict[str, Field] = {item.name: item for item in FIELDS}

FIT = Field(
    name="fit",
    kind="choice",
    flag="fit",
    choices=("crop", "pad"),
    help="make the first and the last frame fit the clip: cut their edges, or add blurred ones",
)
"""How pictures are made ready; no field of a request, since what it does is in the pictures that are sent."""

OPTIONS: tuple[Field, ...] = (*(item for item in FIELDS if item.flag), FIT)
"""All that a person can set beside the prompt."""

DRAFT = Field(
    name="draft",
    kind="switch",
    flag="draft",
    help="the cheapest resolution that the model makes, to be made final once it is good",
)
"""No field of a request either: what it does is in the resolution that is sent, and in what the request keeps of its final."""
