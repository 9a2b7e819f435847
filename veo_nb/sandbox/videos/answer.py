"""What a video looks like at a moment: its status, how far it is, why it failed."""

from __future__ import annotations

from typing import Any

from veo_nb.sandbox.store import Operation

WAITS = 0.15
"""The share of its time for which one is queued."""


def video(operation: Operation, *, done: bool, now: float, retention: float) -> dict[str, Any]:
    """One video as a gateway shows it; `retention` is for how many seconds its file is kept."""
    facts = operation.facts
    status, progress = _standing(operation, done=done, now=now)
    made = status == "completed"
    return {
        "id": operation.name,
        "object": "video",
        "created_at": int(facts["created"]),
        "completed_at": int(operation.finished) if made else None,
        "expires_at": int(operation.finished + retention) if made else None,
        "status": status,
        "progress": progress,
        "model": facts["model"],
        "prompt": facts["prompt"],
        "seconds": facts["seconds"],
        "size": facts["size"],
        "remixed_from_video_id": None,
        "error": _error(operation) if status == "failed" else None,
    }


def _standing(operation: Operation, *, done: bool, now: float) -> tuple[str, int | None]:
    """Its status, and how many per cent of it are done."""
    facts = operation.facts
    if not done and "sandbox:odd" in facts["prompt"]:
        return "processing", None
    asked = max(operation.ready - facts["created"], 0.001)
    share = (now - facts["created"]) / asked
    if not done:
        # Once its time has come it may still be being painted.
        return ("queued", 0) if share < WAITS else ("in_progress", max(1, min(99, int(100 * share))))
    return ("completed", 100) if operation.files else ("failed", max(0, min(99, int(100 * share))))


def _error(operation: Operation) -> dict[str, str]:
    if operation.code:
        return {"code": "server_error", "message": operation.message}
    return {"code": "moderation_blocked", "message": " ".join(operation.reasons)}
