"""What can be asked for and of whom: models, providers, fields and rules as data.

Validation, completion, help, prices, the form of the panel and the sandbox's own checks read these
tables: `models`, `prices`, `providers`, `lives` (since when and until when), `fields`, `capabilities` (who takes what), `inputs` (pictures and source
videos). To add a model or a provider, add an entry; to add a rule, add one `Rule`; a field has more than its entry here, which
CONTRIBUTING.md tells step by step. Wire names are not here on purpose: the client (`api.wire`) and the
sandbox (`sandbox.wire`, `sandbox.vertex`) each write them down for themselves, so that a mistake in one is
noticed by the other. Facts come from the provider's page and Google's Gemini API reference, as collected on
2026-11-29.
"""

from veo_nb.catalog.capabilities import RULES, Rule
from veo_nb.catalog.fields import DRAFT, FIELD, FIELDS, FIT, OPTIONS, VEO, Field, Values
from veo_nb.catalog.inputs import IMAGE, INLINE_BYTES, SOURCES, ImageLimits, SourceLimits
from veo_nb.catalog.lives import Life
from veo_nb.catalog.lookup import (
    ending,
    find_model,
    find_served,
    model,
    model_names,
    qualified,
    short_name,
    ways_on,
)
from veo_nb.catalog.models import DEFAULT_MODEL, MODELS, OMNI, Model
from veo_nb.catalog.modes import Mode, mode_of
from veo_nb.catalog.phrases import (
    COMMAS,
    DASHES,
    bare,
    did_you_mean,
    identifier,
    listed,
    nearest,
    plain,
    shown,
    unquoted,
)
from veo_nb.catalog.prices import (
    PRICES,
    PRICES_DATE,
    PRICES_SOURCE,
    TOKENS_DATE,
    TOKENS_SOURCE,
    Price,
    Usage,
    find_price,
    read_amount,
    read_prices,
    read_usage,
)
from veo_nb.catalog.providers import PROVIDERS, Provider, known_provider
from veo_nb.catalog.registry import Entries, Spoken, register
from veo_nb.catalog.rules import (
    RENAME,
    WHOLE,
    Problem,
    check,
    check_text,
    choices,
    find_doubts,
    takes,
    translated,
)

__all__ = [
    "COMMAS",
    "DASHES",
    "DEFAULT_MODEL",
    "DRAFT",
    "FIELD",
    "FIELDS",
    "FIT",
    "IMAGE",
    "INLINE_BYTES",
    "MODELS",
    "OMNI",
    "OPTIONS",
    "PRICES",
    "PRICES_DATE",
    "PRICES_SOURCE",
    "PROVIDERS",
    "RENAME",
    "RULES",
    "SOURCES",
    "TOKENS_DATE",
    "TOKENS_SOURCE",
    "VEO",
    "WHOLE",
    "Entries",
    "Field",
    "ImageLimits",
    "Life",
    "Mode",
    "Model",
    "Price",
    "Problem",
    "Provider",
    "Rule",
    "SourceLimits",
    "Spoken",
    "Usage",
    "Values",
    "bare",
    "check",
    "check_text",
    "choices",
    "did_you_mean",
    "ending",
    "find_doubts",
    "find_model",
    "find_price",
    "find_served",
    "identifier",
    "known_provider",
    "listed",
    "mode_of",
    "model",
    "model_names",
    "nearest",
    "plain",
    "qualified",
    "read_amount",
    "read_prices",
    "read_usage",
    "register",
    "short_name",
    "shown",
    "takes",
    "translated",
    "unquoted",
    "ways_on",
]
