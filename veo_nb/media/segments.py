"""The parts of a picture's file: which of them show the picture, and which tell of who took it, where and with what.

No pixel is read or written here: what is left of a file is left byte for byte. JPEG, PNG and WebP, after their public
descriptions (ITU T.81 and JFIF, the W3C's PNG, Google's "WebP Container Specification").
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

PNG = b"\x89PNG\r\n\x1a\n"
SHOWN_IN_PNG = frozenset(
    b"IHDR PLTE IDAT IEND tRNS bKGD pHYs cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI".split()
)
"""What a PNG is drawn from; the further frames of an animation are not among it."""
SHOWN_IN_WEBP = frozenset([b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP", b"ANIM", b"ANMF"])
ABOUT_IN_WEBP = 0x08 | 0x04
"""The flags of its header that promise EXIF and XMP."""
PROFILE = b"ICC_PROFILE\0"
MARK = b"veo_nb profile"
"""A comment: the colour profile behind it was put in after the picture had been given its name."""
MARK_IN_JPEG = b"\xff\xfe\x00\x10" + MARK
_SCAN_END = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")
"""In the midst of a scan 0xFF is followed by 0, by a restart marker or by itself; anything else ends the scan."""


class BrokenFileError(ValueError):
    """The file is not made as its kind should be, though a lenient reader may still show it."""


def without_metadata(data: bytes) -> bytes:
    """The file without what is not shown: EXIF, XMP, IPTC, comments, texts, thumbnails, and what hangs on behind its end.

    What its pixels and their colours are taken from stays byte for byte: a picture that has nothing else is the same
    object. The orientation goes as well, so the picture must stand upright. Anything but JPEG, PNG and WebP is left.

    Raises:
        BrokenFileError: its parts can't be told from each other.
    """
    if data.startswith(b"\xff\xd8"):
        left = b"".join(filter(None, map(_shown_of_jpeg, _jpeg_segments(data))))
    elif data.startswith(PNG):
        left = PNG + b"".join(whole for name, whole in _png_chunks(data) if name in SHOWN_IN_PNG)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        left = _shown_of_webp(data)
    else:
        return data
    return data if left == data else left


def with_profile(data: bytes, profile: bytes) -> bytes:
    """A JPEG or PNG that was written without its profile, with it; `without_profile` gives back what it was."""
    if data.startswith(PNG):
        at = len(PNG) + 25  # behind the header
        put = _chunk(b"tEXt", MARK.replace(b" ", b"\0")) + _chunk(
            b"iCCP", b"ICC\0\0" + zlib.compress(profile)
        )
        return data[:at] + put + data[at:]
    room = 0xFFFF - 2 - len(PROFILE) - 2
    pieces = [profile[at : at + room] for at in range(0, len(profile), room)]
    put = MARK_IN_JPEG + b"".join(
        struct.pack(">2sH", b"\xff\xe2", 2 + len(PROFILE) + 2 + len(piece))
        + PROFILE
        + bytes([number, len(pieces)])
        + piece
        for number, piece in enumerate(pieces, 1)
    )
    # JFIF's own segment has to come first.
    at = 4 + int.from_bytes(data[4:6], "big") if data[2:4] == b"\xff\xe0" else 2
    return data[:at] + put + data[at:]


def without_profile(data: bytes) -> bytes:
    """What a file was before `with_profile`; any other file is left as it is."""
    if data.startswith(PNG):
        at, mark = len(PNG) + 25, _chunk(b"tEXt", MARK.replace(b" ", b"\0"))
        if not data.startswith(mark, at):
            return data
        end = at + len(mark)
        return data[:at] + data[end + 12 + int.from_bytes(data[end : end + 4], "big") :]
    at = data.find(MARK_IN_JPEG, 0, 256) if data.startswith(b"\xff\xd8") else -1
    if at < 0:
        return data
    end = at + len(MARK_IN_JPEG)
    while _is_profile(data[end : end + 32]):
        end += 2 + int.from_bytes(data[end + 2 : end + 4], "big")
    return data[:at] + data[end:]


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _is_profile(segment: bytes) -> bool:
    return segment.startswith(b"\xff\xe2") and segment[4:].startswith(PROFILE)


def _jpeg_segments(data: bytes) -> Iterator[bytes]:
    """The segments of the first picture of a file, one after the other, a scan with its data."""
    yield data[:2]
    at = 2
    while at < len(data):
        start = at
        while data[at : at + 2] == b"\xff\xff":  # padding is allowed
            at += 1
        marker = data[at + 1 : at + 2]
        if data[at : at + 1] != b"\xff" or marker in (b"", b"\0"):
            raise BrokenFileError("a part of it does not begin where the one before ends")
        if marker == b"\xd9":
            yield data[start : at + 2]
            return
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 2 + length
        if length < 2 or end > len(data):
            raise BrokenFileError("a part of it is longer than the file")
        if marker == b"\xda":
            found = _SCAN_END.search(data, end)
            end = found.start() if found else len(data)
        yield data[start:end]
        at = end


def _shown_of_jpeg(segment: bytes) -> bytes:
    """A segment as far as the picture is drawn from it."""
    bare = b"\xff" + segment.lstrip(b"\xff")
    marker, content = bare[1], bare[4:]
    if marker == 0xE0 and content.startswith(b"JFIF\0"):
        # A small picture of what the large one was once may hang on it.
        return segment if len(bare) <= 18 else bare[:2] + b"\0\x10" + content[:12] + b"\0\0"
    if marker == 0xE2:
        return segment if content.startswith(PROFILE) else b""
    if marker == 0xEE:
        # It says how the channels are to be read.
        return segment if content.startswith(b"Adobe") else b""
    return b"" if 0xE0 <= marker <= 0xEF or marker == 0xFE else segment


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and whole chunk, up to the end of the picture."""
    at = len(PNG)
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            raise BrokenFileError("a part of it is longer than the file")
        name = data[at + 4 : at + 8]
        yield name, data[at:end]
        if name == b"IEND":
            return
        at = end


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and whole chunk, as far as the file says that it goes."""
    at, stop = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= stop:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + size
        if end > len(data):
            raise BrokenFileError("a part of it is longer than the file")
        yield data[at : at + 4], data[at : end + size % 2]
        at = end + size % 2


def _shown_of_webp(data: bytes) -> bytes:
    left = b""
    for name, whole in _webp_chunks(data):
        if name == b"VP8X":
            whole = whole[:8] + bytes([whole[8] & ~ABOUT_IN_WEBP]) + whole[9:]  # noqa: PLW2901
        left += whole if name in SHOWN_IN_WEBP else b""
    return b"RIFF" + struct.pack("<I", 4 + len(left)) + b"WEBP" + left
