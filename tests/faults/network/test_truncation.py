"""Cut at any byte: the rest of a video is asked for from there, however the answer was framed."""

from __future__ import annotations

from itertools import count

import pytest

from tests.api.service import Call, Step, raw
from tests.faults.network.line import Fault, Line
from tests.faults.network.world import arrived, ended
from tests.faults.rows import Row

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\n"


def framed(framing: str, cut: int) -> Fault:
    """A whole answer that ends after so many bytes of the video."""

    def step(line: Line, _: Call) -> Step:
        part = line.clip[:cut]
        if framing == "chunked":
            chunk = b"%x\r\n%s\r\n" % (len(part), part) if part else b""
            return raw(HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunk)
        length = b"content-length: %d\r\n" % len(line.clip) if framing == "with a length" else b""
        return raw(HEAD + length + b"\r\n" + part)

    return Fault(f"cut at {cut}, {framing}", step)


@pytest.mark.parametrize("framing", ["with a length", "chunked", "without a length"])
def test_cut_at_any_byte_it_goes_on_from_there(framing, world, matrix):
    line, clip = world.line, world.line.clip
    line.open()
    world.mends_after = 1
    near = [0, 1, 4, 7, 8, 9, 16, 23, 24, 31, 32, 33, 40, 41, 48]
    cuts = [*near, *range(100, len(clip), 20_011), *(len(clip) - left for left in (100, 17, 9, 8, 7, 1))]
    studio, numbers = world.make_studio(), count()
    lost = doubled = 0
    went_on = []
    try:
        for cut in cuts:
            line.asked = {kind: [] for kind in line.asked}
            line.looks.clear()
            world.pauses.clear()
            line.break_(framed(framing, cut), "download")
            job = world.start(studio, f"Clip {next(numbers)}.")
            ended(job)
            lost += not arrived(job, clip)
            doubled += len(line.asked["submit"]) - 1
            ranges = [call.headers.get("range") for call in line.asked["download"]]
            # What is too short to be told from rubbish, or nothing at all, begins anew.
            if ranges == [None, f"bytes={cut}-"] or (ranges == [None, None] and cut < 8):
                went_on.append(cut)
    finally:
        studio.close()
    row = matrix(
        Row(
            "network",
            f"download: cut at {len(cuts)} places, {framing}",
            ended="succeeded · the rest by Range",
            tried=len(cuts),
            submits=len(cuts),
            lost=lost,
            doubled=doubled,
        )
    )
    assert row.sound
    assert went_on == cuts
