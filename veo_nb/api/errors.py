"""Errors of the client in its own words: what broke on the way, and what a refusal means for this call."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx2

from veo_nb import catalog, errors
from veo_nb.api import body
from veo_nb.api.auth import origin
from veo_nb.api.google import SIGN_IN

_RETIRED = re.compile(
    r"no longer (?:available|supported|served|offered)|(?:been|is|was|are) (?:retired|shut ?down|discontinued|"
    r"switched off|turned off|sunset)|end.of.life|\bdeprecated",
    re.IGNORECASE,
)
"""How services say that a model is gone for good."""


def reason(error: BaseException) -> str:
    """Why the way broke, in a few words of ours where it is one of the usual ways."""
    if isinstance(error, (TimeoutError, httpx2.TimeoutException)):
        return "it took too long"
    for cause in _causes(error):
        if found := _reason_behind(cause):
            return found
    if isinstance(error, httpx2.DecodingError):
        return "its answer can't be unpacked"
    said = body.words(str(error))
    if isinstance(error, httpx2.RemoteProtocolError):
        if "without sending a response" in said:
            return "it hung up without an answer"
        return (
            "it was cut off"
            if "incomplete" in said or "without sending complete" in said
            else "it does not speak HTTP"
        )
    if isinstance(error, httpx2.NetworkError):
        named = [cause.strerror for cause in _causes(error) if isinstance(cause, OSError) and cause.strerror]
        broke = not isinstance(error, httpx2.ConnectError) or not named
        return "the connection broke" if broke else named[-1][:1].lower() + named[-1][1:]
    return said or type(error).__name__


def _reason_behind(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate can't be trusted ({body.words(cause.verify_message)})"
    if isinstance(cause, ssl.SSLError):
        return "no secure connection could be made"
    if isinstance(cause, socket.gaierror):
        return "its name can't be found"
    return "it refuses the connection" if isinstance(cause, ConnectionRefusedError) else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what lies behind it; of several tries that failed, each."""
    while error is not None:
        yield error
        for one in getattr(error, "exceptions", ()):
            yield from _causes(one)
        error = error.__cause__ or error.__context__


def unreachable(url: str, error: BaseException) -> errors.TransportError:
    """The way to this address is broken."""
    host = _host(url) or catalog.shown(url)
    return errors.TransportError(
        f"{host} can't be reached: {reason(error)}.", hint="Look at your connection and proxy.", host=host
    )


def pointed_away(url: str, location: str) -> errors.TransportError:
    """Something on the way sends a poll to another address, where the key does not go: a hotel's page to sign in, say."""
    try:
        there = _host(urljoin(url, location)) or "nowhere"
    except ValueError:
        there = "nowhere"
    return errors.TransportError(
        f"{_host(url)} can't be reached: it points to another address ({there}).",
        hint="Sign in to your network, or look at base_url.",
        host=_host(url),
    )


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


def _host(url: str) -> str:
    return origin(url).rpartition("://")[2].rpartition(":")[0]


def _says_retired(refusal: errors.VeoError) -> bool:
    return isinstance(refusal, (errors.NotFound, errors.InvalidRequest)) and bool(
        _RETIRED.search(refusal.message)
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
