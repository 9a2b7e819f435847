"""A key in a text, in whatever encoding it may have been written: to be taken out before anybody sees it. Pure."""

from __future__ import annotations

import base64
import re


def pattern_of(key: str) -> re.Pattern[str]:
    """What a key looks like in a text: as it is, and as addresses, JSON, HTML, base64 and hex write it.

    Each character may be written in another way, and several times over: `%252d` is an address in an address. In
    base64 it may stand in the middle of what else was encoded, in either alphabet and over several lines.
    """
    encoded = key.encode()
    forms = ["".join(map(_written, key))]
    for before in range(3):
        # Of the letters at the two ends some bits are not the key's.
        text = base64.b64encode(bytes(before) + encoded).decode()
        text = text[-(-before * 8 // 6) : (before + len(encoded)) * 8 // 6]
        forms.append(
            r"\s*".join(
                "(?-i:[-+]|%2[bB])" if c == "+" else "(?-i:[_/]|%2[fF])" if c == "/" else f"(?-i:{c})"
                for c in text
            )
        )
    forms.append("[^0-9a-z]{0,2}".join(f"{byte:02x}" for byte in encoded))
    return re.compile("|".join(forms), re.IGNORECASE)


def _written(letter: str) -> str:
    """The ways in which one character may be written."""
    number = ord(letter)
    hexes, decimal = f"{number:x}", str(number)
    ways = [
        rf"\\{{0,4}}{re.escape(letter)}" if letter != "\\" else r"\\",
        f"%(?:25){{0,3}}{hexes:0>2}",
        rf"\\{{1,4}}(?:u\{{?0{{0,6}}{hexes}\}}?|x{hexes:0>2})",
        f"&(?:amp;){{0,3}}#(?:0{{0,6}}{decimal}|x0{{0,6}}{hexes});?",
    ]
    named = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos", "+": "plus", "/": "sol", "=": "equals",
             "_": "lowbar", "-": "(?:hyphen|dash)", ".": "period", ":": "colon"}  # fmt: skip
    if letter in named:
        ways.append(f"&(?:amp;){{0,3}}{named[letter]};")
    return f"(?:{'|'.join(ways)})"
