"""A video that came packed, though nobody asked: in gzip, or in the chunks in which it was once sent to a store."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import BinaryIO

CHUNK = 64 * 2**10
LARGEST = 4 * 2**30
"""Bytes of what is unpacked."""
LAYERS = 3
HEAD = 100
"""Bytes from which that is told."""
_GZIP = b"\x1f\x8b\x08"
_FRAME = re.compile(rb"([0-9a-fA-F]{1,8})(?:;chunk-signature=[0-9a-fA-F]{64})?\r\n")
"""What stands before each chunk of an upload to S3 (`aws-chunked`); some stores keep it as a part of the file."""


def is_packed(head: bytes) -> bool:
    """Whether a file that begins so is packed in one of the ways that are known here."""
    return head.startswith(_GZIP) or _FRAME.match(head) is not None


def is_packed_file(path: Path) -> bool:
    """Whether a file begins so."""
    with path.open("rb") as file:
        return is_packed(file.read(HEAD))


def unpack(path: Path) -> int:
    """Unpack a file in place, if it is packed and whole, and get its size."""
    for _ in range(LAYERS):
        with path.open("rb") as file:
            head = file.read(HEAD)
            file.seek(0)
            if not is_packed(head):
                break
            plain = path.with_suffix(".plain")
            try:
                with plain.open("wb") as out:
                    whole = (_gunzip if head.startswith(_GZIP) else _join_chunks)(file, out)
            except BaseException:
                plain.unlink(missing_ok=True)
                raise
        if not whole:
            plain.unlink()
            break
        plain.replace(path)
    return path.stat().st_size


def _gunzip(file: BinaryIO, out: BinaryIO) -> bool:
    reader = zlib.decompressobj(wbits=31)
    try:
        while packed := file.read(CHUNK):
            while packed and not reader.eof:
                out.write(reader.decompress(packed, CHUNK))
                packed = reader.unconsumed_tail
                if out.tell() > LARGEST:
                    return False
    except zlib.error:
        return False
    return reader.eof


def _join_chunks(file: BinaryIO, out: BinaryIO) -> bool:
    while found := _FRAME.fullmatch(file.readline(100)):
        length = int(found[1], 16)
        if not length:
            return True
        before = out.tell()
        while length > out.tell() - before and (part := file.read(min(CHUNK, length - out.tell() + before))):
            out.write(part)
        if out.tell() - before < length or file.read(2) != b"\r\n":
            return False
    return False
