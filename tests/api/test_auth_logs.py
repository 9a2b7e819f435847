"""What httpx2 and httpcore2 log of our calls, at DEBUG, with a server that quotes the key."""

from __future__ import annotations

import logging

import pytest

from tests.api.service import KEY, MODEL, NAME, Loopback, answer, local, refusal
from veo_nb.api.auth import LOGGERS, KeyFilter
from veo_nb.credentials.keys import Secret


def filters() -> list[logging.Filter]:
    return [one for name in LOGGERS for one in logging.getLogger(name).filters if isinstance(one, KeyFilter)]


async def test_a_key_in_the_headers_of_an_answer_or_in_a_redirect_is_not_logged(caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    steps = (
        answer(401, {"error": {"message": KEY}}, www_authenticate=f"Key {KEY}"),
        answer(302, location=f"/v?key={KEY}"),
        answer(404),
    )
    async with Loopback(*steps) as server, local(server) as client:
        await refusal(client.poll(MODEL, NAME))
        await refusal(client.download(f"{server.url}/v", tmp_path / "a"))
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "Key [key]" in said
    assert "HTTP Request: GET" in said
    assert KEY not in said


async def test_a_client_that_is_closed_leaves_the_log_alone():
    before = filters()
    async with Loopback(answer(404)) as server:
        async with local(server):
            assert len(filters()) == len(before) + len(LOGGERS)
        assert filters() == before


@pytest.mark.parametrize(
    ("message", "arguments", "said"),
    [
        ("key %s and %d", (KEY, 5), "key [key] and 5"),
        ("nothing of %s", ("note",), "nothing of note"),
        (f"100 % {KEY}", (), "100 % [key]"),
    ],
)
def test_a_record_keeps_the_rest_of_its_words(message, arguments, said):
    record = logging.LogRecord("httpx2", logging.INFO, "", 0, message, arguments, None)
    assert KeyFilter(lambda: [Secret(""), Secret(KEY)]).filter(record)
    assert record.getMessage() == said
