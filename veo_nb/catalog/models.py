"""The models: what each accepts, how long it takes, what came after it.

What depends on the form of the wire or on the mode as well stands in `capabilities`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from veo_nb.records.late import dataclass


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model: what it accepts, how long it takes, and where it is in its life."""

    id: str
    title: str
    alias: str
    """The short name a person types; each provider serves one model of that name."""
    aspect_ratios: tuple[str, ...] = ("16:9", "9:16")
    resolutions: tuple[str, ...] = ("720p", "1080p", "4k")
    durations: tuple[int, ...] = (4, 6, 8)
    person_generation: tuple[str, ...] = ("allow_all", "allow_adult", "dont_allow")
    references: int = 3
    """How many images of what should appear it takes."""
    edited_seconds: float = 0.0
    """How long a clip may be that it changes; 0 where it changes none."""
    dialects: tuple[str, ...] = ("gemini", "vertex")
    """The forms of the wire over which it is spoken to."""
    default_duration: int = 8
    """Seconds the provider makes when nothing is asked."""
    typical_seconds: float = 75.0
    """Time to make a clip before this library has seen any (the service says 11 s to 6 min)."""
    sound: bool = True
    """Whether its clips have any, unless they are asked for without."""
    stage: Literal["preview", "general"] = "preview"
    successor: str = ""
    """The model that came after it: named when its end is near, or a provider says that it no longer serves it. When it
    ends is the provider's (`Provider.lives`)."""

    @property
    def default_resolution(self) -> str:
        """Lines of the picture when nothing is asked."""
        return "720p" if "720p" in self.resolutions or not self.resolutions else self.resolutions[0]

    @property
    def default_shape(self) -> str:
        """Shape of the picture when nothing is asked."""
        return "16:9" if "16:9" in self.aspect_ratios or not self.aspect_ratios else self.aspect_ratios[0]

    def choices(self, name: str) -> tuple[Any, ...]:
        """The values that this model takes for a field of kind `choice`."""
        return {
            "aspect_ratio": self.aspect_ratios,
            "resolution": self.resolutions,
            "duration_seconds": self.durations,
            "person_generation": self.person_generation,
        }.get(name, ())

    def called(self, name: str) -> Model:
        """The same under another id, which no alias stands for."""
        return replace(self, id=name, title=name if self is UNKNOWN else self.title, alias=name)


UNKNOWN = Model(
    id="",
    title="The model",
    alias="",
    resolutions=("360p", "720p", "1080p", "4k"),
    durations=tuple(range(1, 31)),
    person_generation=(),
    references=0,
    dialects=("videos",),
)
"""A model that nobody here knows: what it takes is for its provider to say."""

_OMNI = "gemini-omni-1.2-flash"
"""What Google names as the successor of Veo."""

MODELS: dict[str, Model] = {
    item.id: item
    for item in (
        Model(
            id="veo-3.1-generate-preview",
            title="Veo 3.1",
            alias="standard",
            successor=_OMNI,
        ),
        Model(
            id="veo-3.1-fast-generate-preview",
            title="Veo 3.1 Fast",
            alias="fast",
            typical_seconds=45.0,
            successor=_OMNI,
        ),
        Model(
            id="veo-3.1-lite-generate-preview",
            title="Veo 3.1 Lite",
            alias="lite",
            resolutions=("720p", "1080p"),
            typical_seconds=45.0,
            successor=_OMNI,
        ),
        Model(
            id="veo-3.1-generate-001",
            title="Veo 3.1",
            alias="standard",
            stage="general",
            successor=_OMNI,
        ),
        Model(
            id="veo-3.1-fast-generate-001",
            title="Veo 3.1 Fast",
            alias="fast",
            typical_seconds=45.0,
            stage="general",
            successor=_OMNI,
        ),
        Model(
            id="veo-3.1-lite-generate-001",
            title="Veo 3.1 Lite",
            alias="lite",
            resolutions=("720p", "1080p"),
            typical_seconds=45.0,
            stage="general",
            successor=_OMNI,
        ),
        Model(
            id=_OMNI,
            title="Gemini Omni 1.2",
            alias="omni",
            resolutions=("360p", "720p", "1080p", "4k"),
            durations=tuple(range(3, 16)),
            person_generation=(),
            references=6,
            edited_seconds=15.0,
            dialects=("interactions",),
            default_duration=10,
            typical_seconds=60.0,
            stage="general",
        ),
        Model(
            id="gemini-omni-1.1-flash",
            title="Gemini Omni 1.1",
            alias="omni-1.1",
            resolutions=("360p", "720p", "1080p", "4k"),
            durations=tuple(range(3, 11)),
            person_generation=(),
            edited_seconds=10.0,
            dialects=("interactions",),
            default_duration=10,
            typical_seconds=60.0,
            stage="general",
            successor=_OMNI,
        ),
    )
}

_VEO = tuple(model for model in MODELS.values() if "gemini" in model.dialects)
PREVIEWS = tuple(model.id for model in _VEO if model.stage == "preview")
GENERAL = tuple(model.id for model in _VEO if model.stage == "general")
OMNI = tuple(model.id for model in MODELS.values() if "interactions" in model.dialects)

DEFAULT_MODEL = "fast"
"""An alias, the cheaper one: a first try should not cost the most."""
