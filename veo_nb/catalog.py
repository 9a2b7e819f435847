"""What can be asked for and of whom: models, providers, fields and rules as data.

Validation, completion, help, prices, the form of the panel and the sandbox's own checks read these
tables. To add a model or a provider, add an entry; to add a rule, add one `Rule`. Wire names are not
here on purpose: the client and the sandbox each write them down for themselves, so that a mistake in
one is noticed by the other. Facts come from the provider's page and Google's Gemini API reference, as
collected on 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

Values = Mapping[str, Any]
"""Request fields by name; a field that is not set is absent or None."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a request: its name, what it means, and how it is written in a cell."""

    name: str
    kind: Literal["text", "choice", "number", "image", "images", "video", "switch"]
    help: str
    flag: str = ""
    """The option of `%%veo`, without dashes; empty when it has none."""
    short: str = ""
    low: int = 0
    high: int = 0
    """Bounds of a number, both included."""


FIELDS: tuple[Field, ...] = (
    Field(name="prompt", kind="text", help="what to show and to hear"),
    Field(name="model", kind="choice", flag="model", short="m", help="which model makes the clip"),
    Field(name="image", kind="image", flag="image", short="i", help="the first frame: a file or a variable"),
    Field(name="last_frame", kind="image", help="the last frame, together with a first one"),
    Field(name="reference_images", kind="images", help="one to three images of what should appear"),
    Field(
        name="video",
        kind="video",
        flag="video",
        help="a clip to go on from: a job's ID, a variable or a URL; adds 7 s",
    ),
    Field(name="aspect_ratio", kind="choice", flag="aspect-ratio", short="a", help="shape of the picture"),
    Field(name="resolution", kind="choice", flag="resolution", short="r", help="lines of the picture"),
    Field(name="duration_seconds", kind="choice", flag="duration", short="d", help="length in seconds"),
    Field(name="person_generation", kind="choice", help="which people may appear"),
    Field(name="enhance_prompt", kind="switch", help="let the provider rewrite the prompt"),
    Field(name="negative_prompt", kind="text", help="what should not appear"),
    Field(name="seed", kind="number", low=0, high=2**32 - 1, help="same seed, similar clip"),
    Field(name="sample_count", kind="number", low=1, high=4, help="clips made by one request"),
)
"""Every request field, in the order in which people read them."""

FIELD: dict[str, Field] = {item.name: item for item in FIELDS}


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model: what it accepts, what it costs, how long it takes, whether it is still served."""

    id: str
    title: str
    alias: str
    """The short name a person types."""
    aspect_ratios: tuple[str, ...] = ("16:9", "9:16")
    resolutions: tuple[str, ...] = ("720p", "1080p", "4k")
    durations: tuple[int, ...] = (4, 6, 8)
    person_generation: tuple[str, ...] = ("allow_all", "allow_adult")
    default_duration: int = 8
    """Seconds the provider makes when nothing is asked."""
    typical_seconds: float = 75.0
    """Time to make a clip before this library has seen any (the service says 11 s to 6 min)."""
    successor: str = ""
    """The model to use instead, for one that is no longer served."""

    def choices(self, name: str) -> tuple[Any, ...]:
        """The values that this model takes for a field of kind `choice`."""
        return {
            "aspect_ratio": self.aspect_ratios,
            "resolution": self.resolutions,
            "duration_seconds": self.durations,
            "person_generation": self.person_generation,
        }.get(name, ())


MODELS: dict[str, Model] = {
    item.id: item
    for item in (
        Model(id="veo-3.1-generate-preview", title="Veo 3.1", alias="standard"),
        Model(id="veo-3.1-fast-generate-preview", title="Veo 3.1 Fast", alias="fast", typical_seconds=45.0),
    )
}

DEFAULT_MODEL = "veo-3.1-fast-generate-preview"
"""The cheaper one: a first try should not cost the most."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """A list price in USD for a second of video."""

    usd_per_second: float


PRICES: dict[str, Price] = {
    "veo-3.1-generate-preview": Price(usd_per_second=0.40),
    "veo-3.1-fast-generate-preview": Price(usd_per_second=0.15),
}
PRICES_DATE = "2026-11-22"
PRICES_SOURCE = "Gemini API list prices; GPTProto bills per call and may differ"


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One service that serves the models: where it is, how it takes the key, how much it bears."""

    name: str
    title: str
    submit_base: str = ""
    """Origin and path in front of `/v1beta/models/…:predictLongRunning`; empty when known only at run time."""
    poll_base: str = ""
    """The same for polling, which may be another host."""
    key_origins: tuple[str, ...] = ()
    """The only origins that ever see the key."""
    key_header: str = "x-goog-api-key"
    key_variables: tuple[str, ...] = ()
    """Environment variables that may hold the key, first one first."""
    duration_type: Literal["string", "integer"] = "integer"
    requests_per_minute: int = 10
    in_flight: int = 10
    retention_seconds: float = 2 * 24 * 3600.0
    """How long a finished video stays at the provider."""
    bills: bool = True
    """False when a clip costs nothing; estimates then say what it would cost."""
    typical_seconds: float | None = None
    """Time to make a clip where it depends on the provider more than on the model."""
    models: tuple[str, ...] = tuple(MODELS)


PROVIDERS: dict[str, Provider] = {
    item.name: item
    for item in (
        Provider(
            name="gptproto",
            title="GPTProto",
            submit_base="https://gptproto.com",
            poll_base="https://api.gptproto.com",
            key_origins=("https://gptproto.com", "https://api.gptproto.com"),
            key_variables=("GPTPROTO_API_KEY",),
            duration_type="string",
        ),
        Provider(
            name="sandbox",
            title="sandbox",
            # A local render takes a core or two: more at once only makes each slower.
            requests_per_minute=600,
            in_flight=10,
            bills=False,
            typical_seconds=7.0,
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a request can't be sent: the field, what is wrong, what to do."""

    field: str
    message: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Fields that can't be combined as asked: `broken` tells when, `message` and `hint` what to say."""

    field: str
    broken: Callable[[Values], bool]
    message: str
    hint: str
    providers: tuple[str, ...] = ()
    """Only for these providers; empty for all."""


def _has(values: Values, *names: str) -> bool:
    # By type and length: a value may be an array, which refuses to be compared.
    return any(
        values.get(name) is not None
        and not (isinstance(values[name], (str, tuple, list)) and not values[name])
        for name in names
    )


def _is(values: Values, name: str, *choices: Any) -> bool:
    return _is_among(values.get(name), choices)


def _count(values: Values, name: str) -> int:
    value = values.get(name)
    return len(value) if isinstance(value, (tuple, list)) else 0


RULES: tuple[Rule, ...] = (
    Rule(
        field="resolution",
        broken=lambda v: _is(v, "resolution", "1080p", "4k") and _is(v, "duration_seconds", 4, 6),
        message="{resolution} needs an 8 second clip; you asked for {duration_seconds}.",
        hint='Use duration_seconds=8 or resolution="720p".',
    ),
    Rule(
        field="last_frame",
        broken=lambda v: _has(v, "last_frame") and not _has(v, "image"),
        message="A last frame needs a first one.",
        hint="Give image= as well; the clip moves from one to the other.",
    ),
    Rule(
        field="reference_images",
        broken=lambda v: _has(v, "reference_images") and _has(v, "image", "last_frame", "video"),
        message="Reference images can't be combined with a first frame, a last frame or a source video.",
        hint="Leave out reference_images or the others.",
    ),
    Rule(
        field="reference_images",
        broken=lambda v: _count(v, "reference_images") > 3,
        message="At most 3 reference images are taken.",
        hint="Leave some out.",
    ),
    Rule(
        field="reference_images",
        broken=lambda v: (
            _has(v, "reference_images")
            and (_is(v, "aspect_ratio", "9:16") or _is(v, "duration_seconds", 4, 6))
        ),
        message="Reference images work at 16:9 and 8 seconds only.",
        hint='Use aspect_ratio="16:9" and duration_seconds=8.',
    ),
    Rule(
        field="video",
        broken=lambda v: _has(v, "video") and _has(v, "image", "last_frame"),
        message="A source video can't be combined with a first or a last frame.",
        hint="Leave out video= or the images.",
    ),
    Rule(
        field="resolution",
        broken=lambda v: _has(v, "video") and _is(v, "resolution", "1080p", "4k"),
        message="A clip can be extended at 720p only; you asked for {resolution}.",
        hint='Use resolution="720p" or leave it out.',
    ),
)


def find_model(name: str, provider: Provider | None = None) -> Model | None:
    """The model with this id or alias, served by the provider where one is given; None when there is none."""
    for model in MODELS.values():
        if name.lower() in (model.id, model.alias) and (provider is None or model.id in provider.models):
            return model
    return None


def model_names(provider: Provider | None = None) -> list[str]:
    """Every name a person may type for a model: aliases first, then ids."""
    served = [m for m in MODELS.values() if provider is None or m.id in provider.models]
    return [m.alias for m in served] + [m.id for m in served]


def did_you_mean(name: str, known: list[str]) -> str:
    """A hint for a mistyped word: the nearest known one, or all of them."""
    near = get_close_matches(str(name).lower(), known, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."


def check(values: Values, provider: Provider) -> list[Problem]:
    """What is wrong with these fields, one by one and then together; an empty list when nothing is.

    Images and videos need only be present or absent here; that they can be read is checked where they are read.
    """
    problems: list[Problem] = []
    prompt = values.get("prompt")
    if prompt is None or (isinstance(prompt, str) and not prompt.strip()):
        problems.append(
            Problem(field="prompt", message="The prompt is empty.", hint="Say what the clip should show.")
        )
    name = DEFAULT_MODEL if values.get("model") is None else values["model"]
    model = find_model(name, provider) if isinstance(name, str) else None
    if model is None:
        hint = did_you_mean(str(name), model_names(provider))
        return [*problems, Problem(field="model", message=f"There is no model {shown(name)}.", hint=hint)]
    for item in FIELDS:
        value = values.get(item.name)
        if value is not None:
            problems += _check_value(item, value, model)
    for rule in RULES:
        if (not rule.providers or provider.name in rule.providers) and rule.broken(values):
            problems.append(
                Problem(field=rule.field, message=rule.message.format_map(values), hint=rule.hint)
            )
    return problems


def _check_value(item: Field, value: Any, model: Model) -> list[Problem]:
    choices = model.choices(item.name)
    hint = ""
    if choices and not _is_among(value, choices):
        hint = f"{model.title} takes {listed(choices)}."
    elif item.kind == "number" and (
        isinstance(value, bool) or not isinstance(value, int) or not item.low <= value <= item.high
    ):
        hint = f"It takes a whole number from {item.low} to {item.high}."
    elif item.kind == "switch" and not isinstance(value, bool):
        hint = "It takes True or False."
    elif item.kind == "images" and not isinstance(value, (list, tuple)):
        hint = "It takes a list of images."
    if hint:
        return [Problem(field=item.name, message=f"{item.name} can't be {shown(value)}.", hint=hint)]
    if item.kind == "text" and not isinstance(value, str):
        text = f"{item.name} must be text, not {shown(value)}."
        return [Problem(field=item.name, message=text, hint="")]
    if item.kind == "text" and not _is_unicode(value):
        text = f"{item.name} holds half a character, which can't be sent."
        return [Problem(field=item.name, message=text, hint="Type the emoji or sign in it anew.")]
    return []


def _is_among(value: Any, choices: tuple[Any, ...]) -> bool:
    # True equals 1 and an array compares to an array, so the type comes first.
    return isinstance(value, (str, int, float)) and not isinstance(value, bool) and value in choices


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(value: Any) -> str:
    """A value as a message quotes it: as Python writes it, cut at a sane length."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def listed(values: tuple[Any, ...]) -> str:
    """`4, 6 or 8`: choices as a person lists them."""
    words = [str(value) for value in values]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
