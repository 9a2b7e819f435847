"""Vertex AI's dialect: where its videos lie, what its names may hold, and how a clip of this machine goes along."""

from __future__ import annotations

import base64
import json

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.service import KEY, MP4, Loopback, answer, refusal
from tests.api.test_wire import cases, dialect
from veo_nb import catalog, errors
from veo_nb.api.client import AsyncClient
from veo_nb.request import Source, make_request

PROVIDER = catalog.PROVIDERS["vertex"]
MODEL = "veo-3.1-generate-001"
NAME = f"projects/my-project/locations/us-central1/publishers/google/models/{MODEL}/operations/0b7c9a52"


@cases("vertex_addresses")
def test_a_video_is_fetched_from_there(case):
    vertex = dialect("vertex")
    if case.get("refused"):
        with pytest.raises(errors.DownloadError) as caught:
            vertex.address(case["uri"])
        assert str(caught.value).startswith("The video's address is refused: ")
        assert str(caught.value).endswith(" It names no file in a bucket.")
    else:
        assert vertex.address(case["uri"]) == case["url"]
        assert str(httpx2.URL(case["url"])) == case["url"], "httpx2 would ask for another place"


def test_behind_a_gateway_a_bucket_is_asked_for_there():
    vertex = dialect("vertex", base="https://gateway.example.com/veo")
    assert vertex.address("gs://b.c/a.mp4") == (
        "https://gateway.example.com/veo/storage/v1/b/b.c/o/a.mp4?alt=media"
    )


@given(
    st.text(max_size=30)
    | st.text(max_size=30).map("gs://{}".format)
    | st.text(max_size=9).map("gs://ab/{}".format)
)
def test_any_address_leads_to_the_storage_or_nowhere(uri):
    try:
        found = dialect("vertex").address(uri)
    except errors.DownloadError:
        return
    if not uri.startswith("gs://"):
        assert found == uri
        return
    url = httpx2.URL(found)
    assert (url.scheme, url.host, url.port) == ("https", "storage.googleapis.com", None)
    path = url.raw_path.decode()
    assert path.startswith("/storage/v1/b/")
    assert path.endswith("?alt=media")
    assert path.count("/") == 6


@given(
    st.text(max_size=40)
    | st.tuples(st.text(max_size=12), st.text(max_size=12)).map(
        lambda two: f"projects/{two[0]}/locations/{two[1]}/publishers/google/models/veo/operations/x"
    )
)
def test_any_name_is_asked_for_at_vertex_or_not_at_all(name):
    for settings in ({}, {"location": "global"}, {"has_key": True}):
        try:
            call = dialect("vertex", **settings).poll("../x", name)
        except errors.ServiceError:
            continue
        url = httpx2.URL(call.url)
        assert url.host == "aiplatform.googleapis.com" or url.host.endswith("-aiplatform.googleapis.com")
        assert url.raw_path.decode().endswith("/publishers/google/models/..%2Fx:fetchPredictOperation")
        assert call.body == {"operationName": name}


# ---- a clip of this machine


def request_from(uri: str):
    return make_request(PROVIDER, prompt="On", model=MODEL, video=Source(uri=uri, key="job:3f2a/0"))


async def test_a_clip_without_an_address_goes_along_with_the_request(tmp_path):
    clip = tmp_path / "a fox #1.mp4"
    clip.write_bytes(MP4)
    async with (
        Loopback(answer(200, {"name": NAME})) as server,
        AsyncClient("vertex", KEY, server.url) as client,
    ):
        await client.submit(request_from(clip.as_uri()))
    video = json.loads(server.calls[0].body)["instances"][0]["video"]
    assert base64.b64decode(video.pop("bytesBase64Encoded")) == MP4
    assert video == {"mimeType": "video/mp4"}


async def test_a_clip_that_is_gone_is_told_before_anything_is_sent(tmp_path):
    async with (
        Loopback(answer(200, {"name": NAME})) as server,
        AsyncClient("vertex", KEY, server.url) as client,
    ):
        error = await refusal(client.submit(request_from((tmp_path / "gone.mp4").as_uri())))
    assert isinstance(error, errors.InvalidRequest)
    assert str(error) == "The source video can't be read: No such file or directory. Make it anew."
    assert server.calls == []


async def test_a_clip_on_the_web_is_refused_before_anything_is_sent():
    async with (
        Loopback(answer(200, {"name": NAME})) as server,
        AsyncClient("vertex", KEY, server.url) as client,
    ):
        error = await refusal(client.submit(request_from("https://example.com/a.mp4")))
    assert str(error) == (
        "Vertex AI takes a source video from a bucket or from this library, not from the web. "
        "Give a clip or a job of this library."
    )
    assert server.calls == []
