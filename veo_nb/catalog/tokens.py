"""What a provider counts: tokens that went in and came out, and what they cost by its dated price of a million."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

TOKENS_DATE = "2026-11-29"
TOKENS_SOURCE = "Google's price of a million tokens, as resellers quote it"
INPUT_USD, TEXT_USD = 1.50, 9.00
"""USD for a million tokens that go in, and for a million of text and thought that come out."""
VIDEO_USD = {"gemini-omni-1.2-flash": 12.00, "gemini-omni-1.1-flash": 17.50}
"""USD for a million tokens of video, by model."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The tokens that a provider says it took for a clip; `text` are those of words and of thought that came out."""

    input: int = 0
    video: int = 0
    text: int = 0

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.input + self.video + self.text

    def usd(self, model: str) -> float | None:
        """What they cost of this model, in USD; None where no price is known."""
        video = VIDEO_USD.get(model)
        if video is None:
            return None
        return (self.input * INPUT_USD + self.video * video + self.text * TEXT_USD) / 1e6


def read_usage(counted: Mapping[str, Any] | None) -> Usage | None:
    """The tokens in a usage as it is kept; None where there is none that can be read."""
    names = [item.name for item in fields(Usage)]
    found = {name: (counted or {}).get(name) for name in names}
    if not any(found.values()) or not all(_is_count(value or 0) for value in found.values()):
        return None
    return Usage(**{name: value or 0 for name, value in found.items()})


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
