"""Puts a phrase into a prompt, where the guides have it. Pure; its twin for the page is in `panel/compose/tips.tsx`."""

from __future__ import annotations

import json
import re

_AUDIO = re.compile(
    r"(?:^|(?<=\s))(?:SFX|Audio|Sounds?(?: effects?)?|Ambient(?: noise| sounds?)?|Music|Dialogue?)\s*[:：]",
    re.IGNORECASE,
)


def put_in(prompt: str, name: str, phrase: str, *, first: bool = False) -> str:
    """A prompt with a phrase more: as a sentence at its beginning (`first`), else at its end, before what is heard.

    In JSON it is the value of a new key, `name`.
    """
    bare = prompt.strip()
    if is_object(bare):
        rest = bare[1:].lstrip()
        return f"{{{json.dumps(name)}: {json.dumps(phrase, ensure_ascii=False)}{'' if rest[:1] == '}' else ', '}{rest}"
    if not bare:
        return f"{phrase}."
    if first:
        return f"{phrase}. {bare}"
    audio = _AUDIO.search(bare)
    at = audio.start() if audio else len(bare)
    before, after = bare[:at].rstrip(" \t\n\r,;:"), bare[at:]
    if not before:
        return f"{phrase}. {after}"
    stop = "" if before[-1] in '.!?…。\uff01\uff1f"”»」' else "."
    return f"{before}{stop} {phrase}.{f' {after}' if after else ''}"


def is_object(text: str) -> bool:
    """Whether a prompt is an object of JSON."""
    try:
        return text.startswith("{") and isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
