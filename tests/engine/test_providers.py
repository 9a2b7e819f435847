"""Jobs of Google's two services: the same way to a file in either dialect, and gone on with by the next kernel."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import numpy as np
import pytest

from tests.api.account import TOKEN, write_key_file
from tests.world import KEY, Held
from veo_nb import catalog, errors
from veo_nb.media.encode import Writer

MODEL = "veo-3.1-fast-generate-001"
NAME = f"projects/p/locations/global/publishers/google/models/{MODEL}/operations/op1"


@pytest.fixture
def gemini(make_world):
    return make_world(provider=catalog.PROVIDERS["gemini"])


@pytest.fixture
def vertex(make_world):
    """In express mode, with the clips in the answers."""
    world = make_world(provider=catalog.PROVIDERS["vertex"])
    world.service.on_poll = world.service.inline
    return world


# The engine


async def test_a_job_of_the_developer_api_goes_from_the_queue_to_a_file(gemini, clip):
    job = await gemini.drive("A fox.", {"duration_seconds": 8})
    await gemini.finish(job)
    assert (job.status, job.video.path.read_bytes()) == ("succeeded", clip)
    assert gemini.service.posts[0]["parameters"] == {"durationSeconds": 8}
    assert {request.url.host for request in gemini.service.requests[:2]} == {
        "generativelanguage.googleapis.com"
    }


async def test_a_name_as_in_older_pages_is_asked_for_as_it_is(gemini):
    gemini.service.submits = [httpx2.Response(200, json={"name": "operations/veo-xxxxx"})]
    job = await gemini.drive()
    await gemini.finish(job)
    assert (job.status, job.operation) == ("succeeded", "operations/veo-xxxxx")
    assert set(gemini.service.asked) == {"operations/veo-xxxxx"}


async def test_a_clip_inside_an_answer_arrives_like_any_other(vertex, clip):
    seen = []
    vertex.service.polls = [httpx2.Response(200, json={"name": NAME})]
    job = vertex.job()
    job.on_change(lambda job: seen.append((job.status, job.now.received, job.now.total)))
    vertex.engine.drive(job)
    await vertex.finish(job)
    assert (job.status, job.operation, job.video.path.read_bytes()) == ("succeeded", NAME, clip)
    assert (job.video.uri, vertex.service.fetched) == ("", [])
    assert ("downloading", len(clip), len(clip)) in seen
    assert vertex.service.asked == [NAME, NAME]
    assert len(vertex.service.posts) == 1
    assert {request.headers["x-goog-api-key"] for request in vertex.service.requests} == {KEY}
    recipe = json.loads(job.video.path.with_suffix(".json").read_text("utf-8"))
    assert (recipe["provider"], recipe["operation"]) == ("vertex", NAME)


async def test_how_a_file_is_compressed_is_sent_and_stands_in_the_recipe(vertex):
    job = await vertex.drive("A fox.", {"compression_quality": "lossless"})
    await vertex.finish(job)
    assert [post["parameters"] for post in vertex.service.posts] == [{"compressionQuality": "lossless"}]
    recipe = json.loads(job.video.path.with_suffix(".json").read_text("utf-8"))
    assert recipe["request"]["compression_quality"] == "lossless"


async def test_several_clips_inside_an_answer_are_all_kept_and_what_was_blocked_is_told(vertex, clip):
    beside = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Loud noise."]}
    vertex.service.on_poll = lambda name: vertex.service.inline(name, 3, **beside)
    job = await vertex.drive("A fox.", {"sample_count": 4})
    await vertex.finish(job)
    assert [video.path.read_bytes() for video in job.videos] == [clip] * 3
    assert len({video.path for video in job.videos}) == 3
    assert job.now.filtered == ("Loud noise.",)


async def test_what_is_in_an_answer_and_no_video_fails_and_leaves_nothing(vertex):
    vertex.service.clip = b"<html>no video</html>"
    job = await vertex.drive()
    await vertex.finish(job)
    assert (job.status, type(job.error)) == ("failed", errors.DownloadError)
    assert not [*vertex.library.folder.rglob("*.mp4"), *vertex.library.folder.rglob("*.part")]


async def test_a_poll_by_post_that_broke_is_asked_again_and_nothing_is_sent_twice(vertex):
    vertex.service.polls = [httpx2.ReadError("reset"), httpx2.Response(503), httpx2.Response(429)]
    job = await vertex.drive()
    await vertex.finish(job)
    assert (job.status, len(vertex.service.posts), len(vertex.service.asked)) == ("succeeded", 1, 4)


async def test_a_wholly_filtered_job_is_blocked_in_the_providers_words(vertex):
    answer = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Not this."]}
    vertex.service.on_poll = lambda name: httpx2.Response(
        200, json={"name": name, "done": True, "response": answer}
    )
    job = await vertex.drive()
    await vertex.finish(job)
    assert (job.status, job.error.message) == ("blocked", "Not this.")


# The studio


@pytest.fixture
def signed_in(tmp_path, monkeypatch):
    """A machine with a Google account, whose token server counts how often it is asked."""
    asked: list[str] = []

    class Tokens(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["content-length"]))
            body = json.dumps({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    path = write_key_file(tmp_path / "account.json", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    yield asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def make_vertex(make_studio, service):
    """Studios on Vertex AI with a project and no key."""
    service.on_poll = service.inline
    return lambda **settings: make_studio(provider="vertex", api_key=None, project="p", **settings)


def test_the_next_kernel_goes_on_with_what_is_at_vertex(make_vertex, service, signed_in, clip):
    # Held, since hours pass here while a job that runs is polled.
    service.polls.append(held := Held())
    first = make_vertex(location="global")
    job = first.generate("A fox.")
    assert held.asked.wait(30)
    first.close()
    service.on_poll = service.inline
    # The settings have changed since; the operation has not moved.
    second = make_vertex(location="europe-west4", storage_uri="gs://bucket/a")
    (again,) = second.resume()
    assert (again.id, again.operation) == (job.id, NAME)
    assert again.wait(30).video.path.read_bytes() == clip
    assert len(service.posts) == 1
    assert {request.url.host for request in service.requests} == {"aiplatform.googleapis.com"}
    assert {request.headers["authorization"] for request in service.requests} == {f"Bearer {TOKEN}"}
    assert len(signed_in) == 2
    ledger = (second.library.files.ledger_path).read_bytes()
    assert TOKEN.encode() not in ledger


def test_the_settings_for_vertex_arrive_there(make_vertex, service, signed_in):
    make_vertex(location="europe-west4", storage_uri="gs://bucket/a/").generate("A fox.").wait(30)
    assert service.posts[0]["parameters"] == {"storageUri": "gs://bucket/a"}
    url = service.requests[0].url
    assert url.host == "europe-west4-aiplatform.googleapis.com"
    assert (
        url.path
        == f"/v1/projects/p/locations/europe-west4/publishers/google/models/{MODEL}:predictLongRunning"
    )


def test_a_clip_that_came_inside_an_answer_goes_along_as_a_source(make_vertex, service, signed_in, tmp_path):
    path = tmp_path / "long.mp4"
    with Writer(path, 64, 36) as writer:
        for _ in range(24):
            writer.add_picture(np.zeros((36, 64, 3), np.uint8))
    service.clip = path.read_bytes()
    studio = make_vertex()
    first = studio.generate("A fox.").wait(30)
    again = studio.generate("It looks back.", video=first).wait(30)
    video = service.posts[1]["instances"][0]["video"]
    assert base64.b64decode(video["bytesBase64Encoded"]) == service.clip
    assert again.request.video.key == f"job:{first.id}/0"


def test_without_a_key_and_a_project_nothing_is_written(make_studio, service, tmp_path):
    studio = make_studio(provider="vertex", api_key=None)
    with pytest.raises(errors.AuthenticationError, match="needs a project or a key"):
        studio.generate("A fox.")
    assert service.requests == []
    assert not (tmp_path / "library").exists()
