"""The providers: where each is, how it takes the key, which models it serves, how much it bears."""

from __future__ import annotations

from typing import Literal

from veo_nb.catalog.fields import Field
from veo_nb.catalog.lives import UNKNOWN, Life
from veo_nb.catalog.models import DEFAULT_MODEL, GENERAL, OMNI, PREVIEWS, Model
from veo_nb.records.late import dataclass


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One service that serves the models: where it is, how it takes the key, how much it bears."""

    name: str
    title: str
    dialects: tuple[str, ...] = ("gemini",)
    """The forms of the wire that it speaks; which one, tells the model."""
    submit_base: str = ""
    """Origin in front of the path of a submit; empty when known only at run time. `{location}-` is filled in,
    and left out where the location is `global` or there is none."""
    poll_base: str = ""
    """The same for polling, which may be another host."""
    key_origins: tuple[str, ...] = ()
    """The only origins that ever see the key, `{location}-` filled in likewise."""
    key_header: str = "x-goog-api-key"
    key_scheme: str = ""
    """What stands before the key in that header, `Bearer`; empty for nothing."""
    key_variables: tuple[str, ...] = ()
    """Environment variables that may hold the key, first one first."""
    keyless: bool = False
    """Whether it also takes this machine's Google credentials (Application Default Credentials) for a key."""
    duration_type: Literal["string", "integer"] = "integer"
    polls_by: Literal["name", "model"] = "name"
    """Whether a poll's path is the operation's own name, or always its model and its id."""
    image_types: tuple[str, ...] = ("image/png", "image/jpeg")
    """Images that it takes as they are; all others are made PNG."""
    requests_per_minute: int | None = 10
    """What it documents, or None: then it is found out by what it refuses."""
    in_flight: int = 10
    retention_seconds: float = 2 * 24 * 3600.0
    """How long a finished video stays at the provider."""
    file_bytes: int = 0
    """The largest file that it takes beforehand, to be named by its address in a request; 0 where there is no such way."""
    file_seconds: float = 48 * 3600.0
    """How long it keeps one."""
    interaction_seconds: float = 55 * 24 * 3600.0
    """How long it knows an interaction by its name. Google says 55 days for who pays, which Omni asks for."""
    total_seconds: float = 0.0
    """How long a clip of Omni may be with what is added to it, where that is not what the form of the wire says."""
    bills: bool = True
    """False when a clip costs nothing; estimates then say what it would cost."""
    typical_seconds: float | None = None
    """Time to make a clip where it depends on the provider more than on the model."""
    models: tuple[str, ...] = PREVIEWS
    any_model: bool = False
    """Whether its owner gave its models their names: any is taken as it is written, and `models` lists none."""
    default_model: str = DEFAULT_MODEL
    """Empty where there is none, and one has to be named."""
    price_note: str = ""
    """What its figures are, where it publishes no price and Google's stands in for it; such a price is none for a
    budget. Empty where it has a list of its own."""
    lists: Literal["", "google", "publisher", "openai"] = ""
    """How it tells at no cost which models it has: in a list as Google's Developer API or as OpenAI's, each by a page of
    its own as Vertex AI's Model Garden, or not at all."""
    lives: tuple[Life, ...] = ()
    """Since when it serves its models, and until when; nothing is switched or refused by it."""

    def dialect_of(self, model: Model) -> str:
        """The form of the wire over which it is asked for this model."""
        both = [one for one in self.dialects if one in model.dialects]
        return both[0] if both else self.dialects[0]

    def sends_files(self, model: Model) -> bool:
        """Whether what is large goes to it before a request for this model, and not inside of it."""
        return bool(self.file_bytes) and self.dialect_of(model) == "interactions"

    def life_of(self, model: str) -> Life:
        """Since when it serves the model with this id, and until when."""
        return next((life for life in self.lives if model in life.models), UNKNOWN)

    def takes(self, item: Field, model: Model | None = None) -> bool:
        """Whether its form of the wire for this model has this field; for any of its models where none is given."""
        spoken = self.dialects if model is None else (self.dialect_of(model),)
        return any(item.is_in(dialect) for dialect in spoken)


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
            polls_by="model",
            requests_per_minute=None,
            models=PREVIEWS[:2],
            lives=(Life(models=PREVIEWS[:2], source="its page of models, 2026-11-29, which has no days"),),
            price_note="Google's list price; GPTProto bills per call",
        ),
        Provider(
            name="gemini",
            title="Gemini API",
            dialects=("gemini", "interactions"),
            submit_base="https://generativelanguage.googleapis.com",
            poll_base="https://generativelanguage.googleapis.com",
            key_origins=("https://generativelanguage.googleapis.com",),
            key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            image_types=("image/png", "image/jpeg", "image/webp"),
            models=(*PREVIEWS, *OMNI),
            default_model="omni",
            # Google's pages on the Files API: 2 GB a file, 48 hours.
            file_bytes=2 * 2**30,
            lists="google",
            lives=(
                Life(
                    models=("gemini-omni-1.2-flash",),
                    since="2026-11-05",
                    source="LaoZhang; framy's release notes of 2026-11-06; google-genai 3.6.1 lists it",
                ),
                Life(
                    models=("gemini-omni-1.1-flash",),
                    since="2026-08-27",
                    until="2026-12-03",
                    source="framy's release notes of 2026-11-06 alone: requests then move to 1.2",
                ),
                Life(
                    models=PREVIEWS[:2],
                    since="2025-10-15",
                    until="2026-10-22",
                    source="APIYI's notices of 2026-10-25 and 2026-11-09, which quote Google's page of deprecations; "
                    "the beginning: toolworthy.ai",
                ),
                Life(
                    models=PREVIEWS[2:],
                    since="2026-04",
                    until="2026-10-22",
                    source="APIYI's notice of 2026-10-25; the beginning: Google DeepMind's card of the model",
                ),
            ),
        ),
        Provider(
            name="vertex",
            title="Vertex AI",
            dialects=("vertex", "interactions"),
            submit_base="https://{location}-aiplatform.googleapis.com",
            poll_base="https://{location}-aiplatform.googleapis.com",
            key_origins=("https://{location}-aiplatform.googleapis.com",),
            # Not GOOGLE_API_KEY: that one opens the Gemini API.
            key_variables=("GOOGLE_CLOUD_API_KEY", "VERTEX_API_KEY"),
            keyless=True,
            # A project's, for models that are not previews (public guides, 2026-03).
            requests_per_minute=50,
            # 7 days by one source, 14 by another.
            interaction_seconds=7 * 24 * 3600.0,
            total_seconds=40.0,
            models=(*GENERAL, "gemini-omni-1.2-flash"),
            lists="publisher",
            lives=(
                Life(
                    models=GENERAL[:2],
                    since="2025-11-17",
                    until="2026-11-17",
                    sure="earliest",
                    source="one reading of Google's list of versions, which another does not bear out; the beginning: "
                    "toolworthy.ai",
                ),
                Life(models=GENERAL[2:], source="Google's list of versions, which has no day for it"),
                Life(
                    models=("gemini-omni-1.2-flash",),
                    since="2026-11-05",
                    source="Google Cloud's page of the model; the day: as at the Gemini API",
                ),
            ),
        ),
        Provider(
            name="gateway",
            title="Gateway",
            dialects=("videos",),
            # One of its own, and no other tool's: it goes wherever VEO_NB_BASE_URL says.
            key_header="authorization",
            key_scheme="Bearer",
            key_variables=("VEO_NB_GATEWAY_KEY",),
            image_types=("image/png", "image/jpeg", "image/webp"),
            requests_per_minute=None,
            models=(),
            lists="openai",
            any_model=True,
            default_model="",
        ),
        Provider(
            name="sandbox",
            title="sandbox",
            dialects=("gemini", "interactions"),
            # A local render takes a core or two: more at once only makes each slower.
            requests_per_minute=600,
            in_flight=10,
            bills=False,
            file_bytes=2 * 2**30,
            typical_seconds=7.0,
            models=(*PREVIEWS, *GENERAL, *OMNI),
            lists="google",
        ),
    )
}


def known_provider(name: str) -> Provider:
    """The provider of this name; of one that came with a package which is gone, what its clips still need."""
    found = PROVIDERS.get(name)
    if found is not None:
        return found
    return Provider(name=name, title=name, dialects=("gone",), models=(), any_model=True, default_model="")
