"""A journal of requests, one JSON object a line, so that a test or a person can see what arrived.

Each has `time`, `method`, `path` and `status`; a submit has its `body` too, with each payload replaced by its size
and SHA-256. No header is written, so no key is.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

LARGEST = 16_000_000
"""Bytes after which a journal is put aside when a server starts."""
LONGEST = 100_000
"""Characters up to which a text is written out."""


class Journal:
    """Appends to `requests.jsonl` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "requests.jsonl"
        if self.path.exists() and self.path.stat().st_size > LARGEST:
            self.path.replace(folder / "requests.old.jsonl")

    def add(self, entry: dict[str, Any]) -> None:
        """Write one request down."""
        # One write to a file opened for appending: lines of two servers don't mix.
        with self.path.open("ab", buffering=0) as file:
            file.write(json.dumps(entry).encode() + b"\n")


def told(raw: bytes) -> Any:
    """A body as it may be written down: payloads by size and SHA-256."""
    try:
        return _told(msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _digest(raw)


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _payload(item) if key == "bytesBase64Encoded" and isinstance(item, str) else _told(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_told(item) for item in value]
    if isinstance(value, str) and len(value) > LONGEST:
        return {"characters": len(value)}
    return value


def _payload(text: str) -> Any:
    try:
        return _digest(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return {"characters": len(text)}


def _digest(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
