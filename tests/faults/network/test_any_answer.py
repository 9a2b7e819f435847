"""Whatever bytes come, a job ends or waits and says why, and is never sent twice unless the answer said no."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.api.service import raw
from tests.faults.network.line import CALLS, Fault
from tests.faults.network.table import FAILED, OK, UNCERTAIN
from tests.faults.network.world import arrived, ended, shown_text
from tests.faults.rows import Row
from tests.faults.wires import WIRES

SAY_NO = frozenset({425, 429, 503})
"""After these a submit is sent again, if they are the provider's own words."""
FINAL = {OK, UNCERTAIN, FAILED, "blocked"}

VALUES = st.sampled_from(
    """0|7|99999999999|-1|bytes 0-9/10|bytes */5|gzip|video/mp4|text/html|close|chunked|http://169.254.169.254/|https://[|
    file:///etc/passwd|Wed, 21 Oct 2099 07:28:00 GMT|""".replace("\n    ", "").split("|")
) | st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=9)
NAMES = st.sampled_from(
    [
        "content-length",
        "content-range",
        "content-type",
        "content-encoding",
        "location",
        "retry-after",
        "transfer-encoding",
    ]
)
BODIES = st.binary(max_size=60) | st.sampled_from(
    [
        b"{}",
        b"[]",
        b'{"error": {"message": "Not now."}}',
        b'{"name": 7}',
        b'{"name": "operations/.."}',
        b'{"done": true}',
        b'{"name": "n", "done": true, "response": {"videos": [{"uri": "file:///etc/passwd"}]}}',
        b'{"name": "n", "done": true, "error": {"message": "<script>"}}',
        b"\x00\x00\x00\x18ftypmp42",
        b'{"id": "v1_x"}',
        b'{"id": "v1_op1", "status": "of tomorrow", "steps": [{"type": "model_output", "content": [7]}]}',
        b'{"id": "v1_op1", "status": "completed", "steps": [{"type": "model_output", "error": {"code": 3}}]}',
        b'[{"error": {"code": 403, "message": "No.", "status": "PERMISSION_DENIED"}}]',
        b'{"error": {"code": "too_many_requests", "message": "No."}}',
    ]
)


@st.composite
def answers(draw) -> tuple[int, bytes]:
    """A status, 0 where there is none, and the bytes of an answer that somebody might give."""
    if draw(st.integers(0, 9)) == 0:
        return 0, draw(st.binary(max_size=80))
    status = draw(st.integers(100, 599) | st.sampled_from([200, 206, 302, 400, 416, 429, 503]))
    headers = draw(st.dictionaries(NAMES, VALUES, max_size=3))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return status, f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode("latin-1") + draw(BODIES)


@pytest.mark.parametrize("wire", ["gemini", "interactions"])
def test_any_answer_ends_well(wire, world, impatient, matrix):
    impatient()
    line, numbers = world.line, count()
    line.wire = WIRES[wire]
    line.open()
    world.mends_after = 2
    studio = world.make_studio()
    row = Row("network", f"any bytes on any call, {wire}", tried=0)

    @settings(max_examples=70, deadline=None, suppress_health_check=list(HealthCheck))
    @example("submit", (408, b"HTTP/1.1 408 No\r\n\r\n"))
    @example("poll", (200, b'HTTP/1.1 200 OK\r\n\r\n{"name": "n"}'))
    @given(st.sampled_from(CALLS), answers())
    def check(call, said):
        status, data = said
        line.asked = {kind: [] for kind in line.asked}
        line.looks.clear()
        world.pauses.clear()
        line.break_(Fault("any", lambda *_: raw(data)), call)
        job = world.start(studio, f"Clip {next(numbers)}.")
        state = ended(job)
        posts = len(line.asked["submit"])
        line.mend()
        row.tried += 1
        row.submits += posts
        row.doubled += posts - 1 if status not in SAY_NO else 0
        assert state in FINAL
        assert (job.error is None) == (state == OK)
        assert posts == 1 or (call == "submit" and status in SAY_NO)
        if state == OK:
            row.lost += not arrived(job, line.clip)
            assert arrived(job, line.clip)
        else:
            assert shown_text(job)

    try:
        check()
    finally:
        studio.close()
        matrix(row)
    assert row.sound
