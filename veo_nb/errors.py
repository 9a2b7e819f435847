"""Every error this package raises, as one tree.

    VeoError
    ├── InvalidRequest       (also a ValueError) the request can't be sent as it is
    ├── AuthenticationError  the key is missing or was refused
    ├── PermissionDenied     the key is fine, but not for this: a right or the balance is missing
    ├── NotFound             an unknown model, operation, job or file
    ├── RateLimited          the provider asks to wait
    ├── QuotaExceeded        a quota or the balance is used up: waiting a minute does not help
    ├── ContentBlocked       the provider's safety filter said no
    ├── ServiceError         the provider broke, or answered something unreadable
    ├── TransportError       the way to the provider is broken; nothing was accepted
    ├── SubmissionUncertain  sent, but the answer was lost: it may have been accepted and charged
    ├── OperationFailed      the provider took the job and could not do it
    ├── OperationAbandoned   given up on by us, still standing: its clip may yet be fetched
    ├── DownloadError        the video is there, but it did not arrive whole
    │   └── VideoExpired     the provider has deleted the video
    ├── BudgetExceeded       sending this would go over the budget
    ├── Cancelled            someone stopped the job
    └── WaitTimeout          (also a TimeoutError) the wait ended, the job goes on

Each carries `code` (a stable word), `message` (one sentence: what happened), `hint` (what to do) and
`facts` (a dict with what was known: status, operation, field and the like). None ever holds a key.
"""

from __future__ import annotations

import re
from typing import Any

_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-|AIza|AQ\.|ya29\.)(?=[\w.-]*\d)[\w.-]{10,}|(?<=[?&]key=)[^&\s'\"]+|(?<=[?&]token=)[^&\s'\"]+"
)
"""How the keys of services begin that people have at hand here, and where an address has one."""


def without_keys(text: str) -> str:
    """A text with `[key]` in place of what looks like a key: a person may have typed one where something else goes."""
    return _KEY.sub("[key]", text)


class VeoError(Exception):
    """Something went wrong, in one sentence, with a hint on what to do."""

    code = "error"

    def __init__(self, message: str, *, hint: str = "", **facts: Any) -> None:
        self.message = without_keys(message)
        self.hint = without_keys(hint)
        super().__init__(self.message)
        self.facts = facts

    def __str__(self) -> str:
        # A server's own words often end without a full stop.
        end = "" if not self.hint or self.message.endswith((".", "!", "?", "…")) else "."
        return f"{self.message}{end} {self.hint}".strip()

    def _render_traceback_(self) -> list[str]:
        """The lines IPython shows in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class InvalidRequest(VeoError, ValueError):  # noqa: N818
    """The request can't be sent as it is; nothing was sent."""

    code = "invalid_request"


class AuthenticationError(VeoError):
    """The key is missing, or the provider refused it."""

    code = "authentication"


class PermissionDenied(VeoError):  # noqa: N818
    """The key is valid but may not do this, or the balance is too low."""

    code = "permission_denied"


class NotFound(VeoError):  # noqa: N818
    """The provider or the library does not know this model, operation, job or file."""

    code = "not_found"


class RateLimited(VeoError):  # noqa: N818
    """The provider asks to wait; `retry_after` says how many seconds, where it said so."""

    code = "rate_limited"

    @property
    def retry_after(self) -> float | None:
        """Seconds the provider asked to wait, or None."""
        value = self.facts.get("retry_after")
        return float(value) if value is not None else None


class QuotaExceeded(VeoError):  # noqa: N818
    """The plan's quota for the day, or what was paid in, is used up, or the plan has none of this."""

    code = "quota"


class ContentBlocked(VeoError):  # noqa: N818
    """The provider's safety filter blocked the prompt, the input or the result."""

    code = "blocked"


class ServiceError(VeoError):
    """The provider broke, or answered something that can't be read."""

    code = "service"


class TransportError(VeoError):
    """The provider could not be reached; what was meant to be sent did not arrive."""

    code = "transport"


class SubmissionUncertain(VeoError):  # noqa: N818
    """The request went out and the answer was lost: it may have been accepted and charged."""

    code = "uncertain"


class OperationFailed(VeoError):  # noqa: N818
    """The provider accepted the request and then failed to make the video."""

    code = "failed"


class OperationAbandoned(VeoError):  # noqa: N818
    """We gave up waiting for an operation that the provider has not ended; it stands, and its clip may yet be fetched."""

    code = "abandoned"


class DownloadError(VeoError):
    """The video exists at the provider but could not be brought here whole."""

    code = "download"


class VideoExpired(DownloadError):  # noqa: N818
    """The provider has deleted the video: it keeps them for two days."""

    code = "expired"


class BudgetExceeded(VeoError):  # noqa: N818
    """Sending this would go over the budget; nothing was sent."""

    code = "budget"


class Cancelled(VeoError):  # noqa: N818
    """The job was stopped on this side; the provider may still finish it and charge."""

    code = "cancelled"


class WaitTimeout(VeoError, TimeoutError):  # noqa: N818
    """The wait is over; the job goes on in the background."""

    code = "wait_timeout"


KINDS: dict[str, type[VeoError]] = {
    kind.code: kind
    for kind in (
        VeoError,
        InvalidRequest,
        AuthenticationError,
        PermissionDenied,
        NotFound,
        RateLimited,
        QuotaExceeded,
        ContentBlocked,
        ServiceError,
        TransportError,
        SubmissionUncertain,
        OperationFailed,
        OperationAbandoned,
        DownloadError,
        VideoExpired,
        BudgetExceeded,
        Cancelled,
        WaitTimeout,
    )
}
"""Each class by its code, to bring an error back from the ledger."""
