"""Whether what a provider accepted still stands, so that its clip can be had without paying again. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from veo_nb import errors

ENDED_HERE = ("failed", "cancelled")
LAST_WORDS = tuple(kind.code for kind in (errors.OperationFailed, errors.ContentBlocked, errors.VideoExpired))
"""Codes of errors after which there is no clip at the provider: it could not or would not make it, or has deleted it."""

_GIVEN_UP = re.compile(r"Operation \S+ is kept: %veo retry \w+")


def is_fetchable(state: str, operation: str | None, code: str | None) -> bool:
    """Whether a job ended on this side alone, with an operation whose clip is or will be there to be fetched.

    `code` is that of the job's error. Whoever asks the same again then looks at the operation and pays nothing.
    """
    return state in ENDED_HERE and bool(operation) and code not in LAST_WORDS


def read_error(stored: str | None) -> dict[str, Any] | None:
    """A job's error out of its column.

    The first versions wrote that they had given an operation up as if the provider had failed: it is told by its hint.
    """
    if stored is None:
        return None
    error: dict[str, Any] = json.loads(stored)
    if error.get("code") == errors.OperationFailed.code and _GIVEN_UP.fullmatch(str(error.get("hint"))):
        return {**error, "code": errors.OperationAbandoned.code}
    return error
