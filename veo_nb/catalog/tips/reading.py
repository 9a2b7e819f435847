"""What a prompt says and what it leaves open, told by its words. Pure, and quick for any text.

Nothing false is said: what a prompt has is recognised generously, and of one that is not English, or of which that can't
be told, no claim is made. What somebody says in quotes is heard, and describes nothing that is seen; what is ruled out
("no music", "not a cartoon") leaves the question open, but for a camera that does not move and a clip without sound.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from veo_nb.catalog.tips.elements import ELEMENTS, SUBJECT, Element
from veo_nb.records.late import dataclass

MOST_READ = 100_000
"""Letters of a prompt that are read; no model takes as many."""


@dataclass(frozen=True)
class Reading:
    """What is left open, and how far that can be believed."""

    open: tuple[Element, ...]
    """What the prompt does not say, as the guides order it, those that matter most first."""
    understood: bool
    """Whether the prompt is English, so that what is open is open. Else `open` is what could not be recognised."""
    unknown: tuple[str, ...] = ()
    """The `{{names}}` that may say any of it, by what they stand for."""


def open_questions(prompt: str, *, sound: bool = True, picture: bool = False) -> Reading:
    """What a prompt leaves open.

    Of a model whose clips are silent (`sound`) nothing is asked about sound; beside a first frame or a source clip
    (`picture`) nothing that it shows. A prompt in JSON is read by its keys and its texts.
    """
    text, keys = _texts(prompt[:MOST_READ])
    names = tuple(dict.fromkeys(_NAME.findall(text)))
    said, audible = _split_sound(_NAME.sub(" ", text))
    said = _rule_out(said)
    called = _parts(" ".join((*keys, *names)))
    found = {
        one.name for one in ELEMENTS if _is_called(one, called) or (one.words and _words(one).search(said))
    }
    if audible or not sound:
        found.add("sound")
    if re.search(r"[^\W_]", said) or keys or names:
        found.add(SUBJECT.name)
    asked = [one for one in ELEMENTS if one.name not in found and not (picture and one.in_picture)]
    unknown = tuple(name for name in names if not any(_is_called(one, _parts(name)) for one in ELEMENTS))
    return Reading(
        open=tuple(sorted(asked, key=lambda one: one.fine)),
        understood=_is_english(said),
        unknown=unknown,
    )


# The pieces of a prompt

_NAME = re.compile(r"[{｛]{2}\s*([^{}｛｝]{1,200}?)\s*[}｝]{2}")
_MARK = r"(?:sfx|fx|audio|sounds?(?:\s(?:effects?|design))?|ambien(?:t|ce)(?:\s(?:noise|sounds?))?|music|score|soundtrack|dialogue?|voice-?over|narrat(?:or|ion)|vo)"
_MARKED = re.compile(rf"\b{_MARK}\s{{0,9}}[:：][^\n.!?]*", re.IGNORECASE)
_QUOTED = re.compile(
    '"[^"]*"|\u201c[^\u201c\u201d]*\u201d|\u201e[^\u201c\u201d\u201e]*[\u201c\u201d]|«[^«»]*»|「[^「」]*」|『[^『』]*』|\uff02[^\uff02]*\uff02'
    r"|(?<![\w'])'(?=\S)[^'\n]{1,500}(?:\w'\w[^'\n]{0,500}){0,9}'(?!\w)|(?<!\w)\u2018[^\u2018\n]{2,500}?\u2019(?!\w)"
)
_WRITTEN = re.compile(
    r"\b(?:signs?|signboard|text|titles?|caption|subtitles?|words?|letters?|lettering|labels?|labell?ed|logo|banner|poster"
    r"|reads?|reading|written|writes?|spell(?:s|ed|ing)?|called|named|titled|neon)\b[^.!?\n]{0,30}$",
    re.IGNORECASE,
)
_UNMOVED = re.compile(
    r"\b(?:no|without(?:\sany)?|zero)\scamera\s(?:movements?|motions?|moves?)\b"
    r"|\bcamera\s(?:does\snot|doesn['\u2019]t|never|is\snot|isn['\u2019]t)\s(?:mov\w+)",
    re.IGNORECASE,
)
_SILENT = re.compile(r"\b(?:no|without(?:\s(?:any|a))?)\s(?:sounds?|audio)\b", re.IGNORECASE)
_RULED_OUT = re.compile(
    r"\b(?:no|not|without|never|avoid(?:ing)?|nothing|neither|nor|don['\u2019]t|doesn['\u2019]t|isn['\u2019]t|aren['\u2019]t|free\sof)\b"
    r"(?:(?!\b(?:but|only|just|instead|rather)\b)[^.,;:!?\n]){0,60}",
    re.IGNORECASE,
)


def _split_sound(text: str) -> tuple[str, bool]:
    """A prompt without what is only heard, and whether anything is."""
    quotes = (found.start() for found in _QUOTED.finditer(text))
    # What is written on a sign is seen, whatever it says.
    spoken = any(not _WRITTEN.search(text[max(0, at - 60) : at]) for at in quotes)
    shown, marks = _MARKED.subn(" ", _QUOTED.sub(" ", text))
    return shown, bool(spoken or marks or _SILENT.search(text))


def _rule_out(text: str) -> str:
    """A prompt without what it says there is not to be."""
    return _RULED_OUT.sub(" ", _UNMOVED.sub(" static ", text))


def _texts(prompt: str) -> tuple[str, set[str]]:
    """The text of a prompt; of one in JSON that of its values, and the keys that have one."""
    bare = prompt.strip()
    if bare[:1] not in ("{", "["):
        return prompt, set()
    try:
        found = json.loads(bare)
    except (ValueError, RecursionError):
        return prompt, set()
    if not isinstance(found, (dict, list)):
        return prompt, set()
    pairs = list(_pairs(found))
    return ". ".join(text for _, text in pairs), {key for keys, _ in pairs for key in keys}


def _pairs(found: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each text in JSON with the last keys on the way to it; what is empty says nothing."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), found)]
    while waiting:
        way, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*way[-2:], key), one) for key, one in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [(way, one) for one in reversed(value)]
        elif value is not None and str(value).strip():
            yield way, str(value)


@functools.cache
def _words(element: Element) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{element.words})(?![\w-])", re.IGNORECASE | re.VERBOSE)


def _parts(name: str) -> set[str]:
    """The words of names: of `camera_move`, `mainLight` and `Sound effects` two each."""
    parts = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return {part.lower() for part in parts}


def _is_called(element: Element, called: set[str]) -> bool:
    """Whether something is called so that it says this."""
    return not called.isdisjoint((element.name, *element.names))


# Which language it is in

_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        """the of and with its his her their from through while that this which who at for by into onto are they she it as
        under over behind across towards slowly where then there""",
    )
)
_PERHAPS = frozenset({"a", "an", "in", "on", "to", "is", "up", "he", "shot", "close"})
_OTHER = frozenset(
    re.findall(
        r"\w+",
        """der die das den dem des ein eine einen einem einer und mit auf im ist von zu über unter für nicht sich vom zur
        le les un une du et dans avec sur est au aux qui pour pas ses par el los las una con por para del y en al su
        il lo gli di che nel nella della sul e è o os um uma com da na ao em het een de van op naar ett och på med som
        är till og det af til w z się jest bir ve ile yang dengan va không một là của i""",
    )
)


def _is_english(text: str) -> bool:
    """Whether a text is English; of one without words nothing speaks against it."""
    letters = [sign for sign in text if sign.isalpha()]
    if sum(map(_is_latin, letters)) * 10 < len(letters) * 7:
        return False
    words = re.findall(r"[^\W\d_]+", text.lower())
    if not words:
        return True
    english = sum(word in _ENGLISH for word in words)
    other = sum(word in _OTHER for word in words)
    # `A` and `in` are words of other languages too, which have letters that English has in few words.
    foreign = sum(not word.isascii() for word in words) * 4 > len(words)
    perhaps = 0.5 * sum(word in _PERHAPS for word in words) if english or not foreign else 0.0
    if english or perhaps or other:
        return english + perhaps > other
    # `Fox, frozen lake, dusk` has none of either.
    return text.isascii() and any(one.words and _words(one).search(text) for one in ELEMENTS)


def _is_latin(sign: str) -> bool:
    return sign < "\u0250" or "\u1e00" <= sign <= "\u1eff"
