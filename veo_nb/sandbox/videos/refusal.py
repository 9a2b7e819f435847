"""How this form says no."""

from __future__ import annotations

from typing import Any

from veo_nb.sandbox.wire import Refused


class Problem(Refused):
    """A refusal in this form's shape, which names the parameter that is wrong."""

    def __init__(
        self, code: int, word: str, message: str, param: str | None = None, *, wait: int = 0
    ) -> None:
        body = error(word, message, param)
        super().__init__(code, "", message, wait=wait, provider=body)
        self.body = body


def error(word: str, message: str, param: str | None = None) -> dict[str, Any]:
    """The body of an answer that says no."""
    said = message.encode("utf-8", "replace").decode("utf-8")
    return {"error": {"message": said, "type": "invalid_request_error", "param": param, "code": word}}


UNAUTHORIZED = error("invalid_api_key", "Incorrect API key provided.")


def translated(refused: Refused) -> Problem:
    """A refusal by what the forms share, in the words of this one."""
    if isinstance(refused, Problem):
        return refused
    word = {404: "not_found", 413: "request_too_large", 429: "rate_limit_exceeded"}.get(
        refused.code, "invalid_value"
    )
    return Problem(refused.code, word, str(refused), wait=refused.wait)
