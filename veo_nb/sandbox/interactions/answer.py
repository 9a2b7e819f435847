"""What an interaction looks like at a moment: status, steps, errors and the tokens that it took."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from veo_nb.sandbox.store import Operation

TOKENS = {"360p": 1931, "720p": 5792, "1080p": 8688, "4k": 17376}
"""Video tokens a second; at 720p as measured by others, elsewhere so that the list price comes out."""
CANCELLED = 1
"""gRPC's code, under which a cancelled one is remembered."""
LATE = {
    "sandbox:incomplete": ("incomplete", "", ""),
    "sandbox:budget": ("budget_exceeded", "", ""),
    "sandbox:action": ("requires_action", "", ""),
    "sandbox:busy": (
        "failed",
        "too_many_requests",
        "Too many interactions are in progress. Try again later.",
    ),
    "sandbox:fail": ("failed", "api_error", "The sandbox was asked to fail (sandbox:fail)."),
}
"""How words in a prompt let it end: the status, and the code and the message of an error."""
ODD = "requires_continuation"
REFUSAL = "I can't make this video: the sandbox was asked to filter it (sandbox:filter)."


def interaction(
    operation: Operation, *, done: bool, outcome: dict[str, str] | None, with_input: bool
) -> dict[str, Any]:
    """One interaction as the service shows it; `outcome` is its video's `uri` or `data`, where it has one."""
    facts = operation.facts
    shown: dict[str, Any] = {
        "id": f"v1_{operation.id}",
        "object": "interaction",
        "model": operation.model,
        "created": _moment(facts["created"]),
        "updated": _moment(operation.finished if done else facts["created"]),
    }
    if facts["previous"]:
        shown["previous_interaction_id"] = f"v1_{facts['previous']}"
    steps: list[dict[str, Any]] = []
    if with_input:
        steps.append({"type": "user_input", "content": facts["input"]})
    word = next((word for word in LATE if word in facts["prompt"]), "")
    if operation.code == CANCELLED:
        shown["status"] = "cancelled"
    elif not done:
        shown["status"] = ODD if "sandbox:odd" in facts["prompt"] else "in_progress"
    elif word:
        status, code, message = LATE[word]
        shown["status"] = status
        if code:
            shown["errors"] = [{"code": code, "message": message}]
    elif operation.code:
        shown["status"] = "failed"
        shown["errors"] = [{"code": "api_error", "message": operation.message}]
    else:
        shown["status"] = "completed"
        content = (
            {"type": "text", "text": REFUSAL}
            if outcome is None
            else {"type": "video", "mime_type": "video/mp4", **outcome}
        )
        steps += [
            {"type": "thought", "signature": "c2FuZGJveA=="},
            {"type": "model_output", "content": [content]},
        ]
        shown["usage"] = usage(operation, made=outcome is not None)
    if steps:
        shown["steps"] = steps
    return shown


def usage(operation: Operation, *, made: bool) -> dict[str, Any]:
    """The tokens that it took: words and pictures in, video out."""
    facts = operation.facts
    video = round(TOKENS[facts["resolution"]] * operation.recipe["seconds"]) if made else 0
    pictures = sum(part["type"] != "text" for part in facts["input"])
    taken = len(facts["prompt"].split()) + 258 * pictures
    return {
        "total_input_tokens": taken,
        "total_output_tokens": video,
        "output_tokens_by_modality": [{"modality": "video", "tokens": video}] if made else [],
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
