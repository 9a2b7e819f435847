"""Errors of the client in its own words: what a refusal means for this call."""

from __future__ import annotations

import os
import re
from typing import Any

from veo_nb import catalog, errors
from veo_nb.api import body
from veo_nb.records.late import dataclass

SIGN_IN = "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file"
_RETIRED = (
    r"(?i)no longer (?:available|supported|served|offered)|(?:been|is|was|are) (?:retired|shut ?down|discontinued|"
    r"switched off|turned off|sunset)|end.of.life|\bdeprecated"
)
"""How services say that a model is gone for good."""


def uncertain(why: str, **facts: Any) -> errors.SubmissionUncertain:
    """A submit went out, and whether it was accepted can't be known."""
    return unknown(f"Sent, but the answer was lost: {why.rstrip('.')}.", **facts)


def unknown(what: str, **facts: Any) -> errors.SubmissionUncertain:
    """The error for what happened, in a sentence, so that nobody knows whether a submit was accepted."""
    return errors.SubmissionUncertain(
        f"{what} It may have been accepted and charged.",
        hint="Look at your provider's dashboard before you send it again.",
        **facts,
    )


@dataclass(frozen=True)
class Elsewhere:
    """What is known where a model turns out to be gone: the time, and who else can be asked."""

    now: float
    """Seconds since 1970."""
    keyed: tuple[str, ...] = ()
    """The providers whose key is here, by name."""
    home: str = ""
    """The one of them that is set, whose models need no name before them; empty for who is asked."""


def of_submit(
    refusal: errors.VeoError, model: str, provider: catalog.Provider, elsewhere: Elsewhere
) -> errors.VeoError:
    """A refusal of a submit; where the model is not known or gone, it names what can be had in its place."""
    if isinstance(refusal, errors.NotFound) and provider.any_model:
        hint = "Its owner gave its models their names: %veo doctor lists those that your key opens."
        return errors.NotFound(refusal.message, hint=hint, **refusal.facts)
    if isinstance(refusal, errors.NotFound) or _says_retired(refusal):
        return _gone(refusal, model, provider, elsewhere)
    return refusal


def of_poll(
    refusal: errors.VeoError, model: str, provider: catalog.Provider, elsewhere: Elsewhere
) -> errors.VeoError:
    """A refusal of a poll: a 404 means the operation, unless it speaks of the model's end."""
    return _gone(refusal, model, provider, elsewhere) if _says_retired(refusal) else refusal


def is_denial(refusal: errors.VeoError) -> bool:
    """Whether a provider answers as if it had not accepted what it did accept; that is never the operation's own end."""
    kinds = (
        errors.NotFound,
        errors.PermissionDenied,
        errors.InvalidRequest,
        errors.ContentBlocked,
        errors.ServiceError,
    )
    return isinstance(refusal, kinds) and refusal.facts.get("status") is not None


def of_age(refusal: errors.NotFound, uri: str, provider: catalog.Provider) -> errors.VideoExpired:
    """What is not found at an age at which the provider deletes it; `uri` is its address, or empty for an operation."""
    if uri.startswith("gs://"):
        return errors.VideoExpired(
            f"The video is no longer in its bucket: {catalog.shown(uri)}.",
            hint="Ask anew with fresh.",
            **refusal.facts,
        )
    return errors.VideoExpired(
        "The provider no longer has this video.",
        hint=f"They are kept for {_lasting(provider.retention_seconds)}; ask anew with fresh.",
        **refusal.facts,
    )


def _lasting(seconds: float) -> str:
    hours = seconds / 3600
    if hours == 48:
        return "two days"
    return f"{hours / 24:g} days" if hours > 48 else f"{hours:g} hours"


def of_accepted(refusal: errors.QuotaExceeded) -> errors.RateLimited:
    """A quota that is used up, where it is about what was accepted: that is waited for, and not lost for it."""
    said = refusal.message.replace(body.USED_UP, "The provider asks to wait", 1)
    return errors.RateLimited(said, hint="", **refusal.facts)


def of_key(refusal: errors.VeoError, source: str, provider: catalog.Provider) -> errors.VeoError:
    """A refusal of a key, which says where that came from; `source` is empty where nobody gave one."""
    if not source:
        return refusal
    said = refusal.message.replace("the key", f"the key from {source}", 1)
    hint = f"Put another one there, or log in: %veo login {provider.name}. %veo doctor tries it, at no cost."
    return errors.AuthenticationError(said, hint=hint, source=source, **refusal.facts)


def of_account(refusal: errors.VeoError) -> errors.VeoError:
    """A refusal of this machine's Google credentials, where `refusal` is one of a key."""
    file = "GOOGLE_APPLICATION_CREDENTIALS"
    where = f" ({file})" if os.environ.get(file) else ""
    said = refusal.message.replace("the key", f"this machine's Google credentials{where}", 1)
    return errors.AuthenticationError(said, hint=f"{SIGN_IN}.", **refusal.facts)


def _says_retired(refusal: errors.VeoError) -> bool:
    return isinstance(refusal, (errors.NotFound, errors.InvalidRequest)) and bool(
        re.search(_RETIRED, refusal.message)
    )


def _gone(
    refusal: errors.VeoError, model: str, provider: catalog.Provider, elsewhere: Elsewhere
) -> errors.VeoError:
    known = catalog.MODELS.get(model)
    if known is None:
        return refusal
    said = provider.life_of(model).words(known.title, provider.title, elsewhere.now)
    ways = catalog.ways_on(known, provider, elsewhere.keyed, elsewhere.now, elsewhere.home)
    if ways:
        use = f"Use model={ways[0]!r}" + "".join(f" or {way!r}" for way in ways[1:])
    elif home := _home(known.successor):
        # Nobody's key opens it yet.
        use = f'Use veo.configure(provider="{home.name}", model="{catalog.MODELS[known.successor].alias}")'
    else:
        return refusal
    hint = f"{said}. {use}." if said else f"{use}."
    return errors.NotFound(refusal.message, hint=hint, successor=known.successor, **refusal.facts)


def _home(model: str) -> catalog.Provider | None:
    """A provider that serves this model; the sandbox plays every one, but nobody looks there for one that is gone."""
    return next((one for one in catalog.PROVIDERS.values() if one.bills and model in one.models), None)
