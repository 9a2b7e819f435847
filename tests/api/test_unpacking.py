"""A video that came packed is unpacked, and what is not whole is left as it came."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.service import answer, fetched
from veo_nb import errors
from veo_nb.api import unpacking
from veo_nb.api.unpacking import unpack

CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 400
SIGNED = b";chunk-signature=" + b"0f" * 32


def framed(content: bytes, size: int = 65_536, signature: bytes = b"") -> bytes:
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    return (
        b"".join(b"%x%s\r\n%s\r\n" % (len(one), signature, one) for one in [*chunks, b""])
        + b"x-amz-checksum:1\r\n"
    )


@pytest.mark.parametrize(
    "packed",
    [
        CLIP,
        gzip.compress(CLIP, mtime=0),
        framed(CLIP),
        framed(CLIP, 8192, SIGNED),
        gzip.compress(gzip.compress(CLIP, mtime=0)),
        framed(gzip.compress(CLIP, mtime=0)),
    ],
)
def test_it_is_unpacked(packed, tmp_path):
    path = tmp_path / "a.part"
    path.write_bytes(packed)
    assert unpack(path) == len(CLIP)
    assert path.read_bytes() == CLIP
    assert [*tmp_path.iterdir()] == [path]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=60,
)
@given(
    packed=st.sampled_from([gzip.compress(CLIP, mtime=0), framed(CLIP)]),
    end=st.binary(max_size=60),
    data=st.data(),
)
def test_what_is_not_whole_stays_as_it_came(packed, end, data, tmp_path):
    said = packed[: data.draw(st.integers(1, len(packed) - 30))]
    path = tmp_path / "a.part"
    path.write_bytes(said)
    assert unpack(path) == len(said)
    assert path.read_bytes() == said
    path.write_bytes(end)
    unpack(path)


def test_a_bomb_is_left_packed(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "LARGEST", 1_000_000)
    path = tmp_path / "a.part"
    path.write_bytes(gzip.compress(bytes(5_000_000)))
    assert unpack(path) == path.stat().st_size < 10_000
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (CLIP, {"content_type": "text/plain"}),
        (CLIP, {"content_type": "application/json"}),
        (CLIP, {"content_type": "image/gif"}),
        (CLIP, {"content_encoding": "aws-chunked"}),
        (framed(CLIP), {"content_encoding": "aws-chunked"}),
        (framed(CLIP), {}),
        (gzip.compress(CLIP, mtime=0), {"content_encoding": "gzip"}),
        (gzip.compress(CLIP, mtime=0), {"content_encoding": "aws-chunked,gzip"}),
        (CLIP, {"content_encoding": "gzip"}),
        (CLIP, {"content_encoding": "br"}),
        (CLIP, {"content_encoding": "utf-8"}),
        (gzip.compress(CLIP, mtime=0), {"content_type": "text/plain"}),
    ],
)
async def test_a_video_arrives_whatever_its_headers_call_it(body, headers, tmp_path):
    found, _ = await fetched(tmp_path / "a", answer(200, body, **{"content_type": "video/mp4", **headers}))
    assert found == len(CLIP)
    assert (tmp_path / "a").read_bytes() == CLIP


async def test_a_packed_video_goes_on_where_it_was_cut(tmp_path):
    packed = gzip.compress(CLIP, mtime=0)
    (tmp_path / "a").write_bytes(packed[:100])
    part = f"bytes 100-{len(packed) - 1}/{len(packed)}"
    found, _ = await fetched(
        tmp_path / "a",
        answer(206, packed[100:], content_type="video/mp4", content_encoding="gzip", content_range=part),
    )
    assert (found, (tmp_path / "a").read_bytes()) == (len(CLIP), CLIP)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (
            gzip.compress(b"<html>Sign in</html>", mtime=0),
            {"content_type": "text/html", "content_encoding": "gzip"},
        ),
        (b"<html>Sign in</html>", {"content_type": "text/html"}),
        (b"nonsense", {"content_encoding": "br"}),
    ],
)
async def test_a_page_is_none_however_it_is_packed(body, headers, tmp_path):
    error, _ = await fetched(tmp_path / "a", answer(200, body, **headers))
    assert isinstance(error, errors.DownloadError)
    assert error.facts["passing"]
    assert not (tmp_path / "a").exists()


async def test_a_page_does_not_cost_what_is_here_of_a_video(tmp_path):
    (tmp_path / "a").write_bytes(CLIP[:5000])
    error, _ = await fetched(tmp_path / "a", answer(200, b"<html>Sign in</html>", content_type="text/html"))
    assert isinstance(error, errors.DownloadError)
    assert (tmp_path / "a").read_bytes() == CLIP[:5000]
