"""What servers answered that differ a little, a row each: read, classed, kept, and never with the key in it.

Each is a studio as people use it, whose provider answers one call so, and otherwise as always.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import logging
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.api.test_answers import TOLD, WAYS, traces
from tests.api.test_unpacking import framed
from tests.faults.rows import Row
from tests.media.kinds import without_ftyp, write
from tests.world import Pieces
from veo_nb.engine.job import Job
from veo_nb.errors import VeoError
from veo_nb.media.probe import probe
from veo_nb.notebook import text as words
from veo_nb.store.queries import Query

NAME = "models/veo-3.1-fast-generate-preview/operations/op1"
URI = "https://api.gptproto.com/upload/v1beta/files/op1-0:download?alt=media"


def tried(studio: Any, service: Any, matrix: Callable[[Row], Row], case: str, **row: Any) -> tuple[Job, Row]:
    """A job up to its end, and its row; run again, its cell must not send what was accepted or may have been."""
    job = studio.generate("A fox.")
    with contextlib.suppress(VeoError):
        job.wait(30)
    posts = len(service.posts)
    shown = words.ending(job) if job.error is not None else ""
    done = bool(job.videos) and all(probe(video.path).is_playable for video in job.videos)
    ended = " · ".join(filter(None, [job.status, shown]))
    made = Row(
        "reports", case, ended=ended, submits=posts, lost=int(job.operation is not None and not done), **row
    )
    return job, matrix(made)


# ---- an operation that is done, in other forms


def done(video: Any, **beside: Any) -> dict[str, Any]:
    inner = {"generatedSamples": [{"video": video}]}
    return {"name": NAME, "done": True, "response": {"generateVideoResponse": inner}, **beside}


def data_of(clip: bytes) -> str:
    return base64.b64encode(clip).decode()


def broken_into_lines(text: str) -> str:
    return "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))


FORMS: dict[str, Callable[[bytes], Any]] = {
    "video.encodedVideo": lambda clip: done({"encodedVideo": data_of(clip)}),
    "base64 with line breaks": lambda clip: done({"bytesBase64Encoded": broken_into_lines(data_of(clip))}),
    "base64 of addresses, without padding": lambda clip: done(
        {"bytesBase64Encoded": base64.urlsafe_b64encode(clip).decode().rstrip("=")}
    ),
    "a data: address": lambda clip: done({"uri": f"data:video/mp4;base64,{data_of(clip)}"}),
    "a relative address": lambda _: done({"uri": "/upload/v1beta/files/op1-0:download?alt=media"}),
    "an address below the version": lambda _: done({"uri": "files/op1-0:download?alt=media"}),
    'done: "true"': lambda _: done({"uri": URI}, done="true"),
    "done: 1": lambda _: done({"uri": URI}, done=1),
    "a response without done": lambda _: {key: one for key, one in done({"uri": URI}).items() if key != "done"},
    "a response beside done: false": lambda _: done({"uri": URI}, done=False),
    "error: code 0 beside samples": lambda _: done({"uri": URI}, error={"code": 0}),
    "an error beside samples": lambda _: done({"uri": URI}, error={"code": 13, "message": "Late."}),
    "names with underscores": lambda _: {
        "name": NAME, "done": True, "response": {"generated_samples": [{"video": {"uri": URI}}]},
    },
    "a video that is an address": lambda _: {"name": NAME, "done": True, "response": {"videos": [URI]}},
    "one sample that is no list": lambda _: {"name": NAME, "done": True, "response": {"videos": {"uri": URI}}},
    "a video in a place that nobody documents": lambda _: {
        "name": NAME, "done": True, "response": {"outputs": [{"artifact": {"uri": URI}}]},
    },
    "a wrapper": lambda _: {"code": 200, "data": done({"uri": URI})},
    "a list of one": lambda _: [done({"uri": URI})],
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_clip_is_never_lost_for_the_form_of_its_answer(form, studio, service, clip, matrix):
    service.on_poll = lambda _: httpx2.Response(200, json=FORMS[form](clip))
    job, row = tried(studio, service, matrix, f"poll: {form}")
    assert (job.status, job.video.path.read_bytes()) == ("succeeded", clip)
    assert (row.sound, row.submits) == (True, 1)


def test_an_address_and_the_bytes_give_a_clip_that_can_be_gone_on_from(studio, service, clip, matrix):
    both = done({"uri": URI, "bytesBase64Encoded": data_of(clip)})
    service.on_poll = lambda _: httpx2.Response(200, json=both)
    job, row = tried(studio, service, matrix, "poll: an address and the bytes")
    assert (row.sound, job.video.uri, service.fetched) == (True, URI, [])


# ---- an operation that is over without a clip, or seems so


def test_an_error_of_guidelines_is_the_filters(studio, service, matrix):
    said = "The prompt violates Vertex AI's usage guidelines. Support codes: 58061214."
    over = {"name": NAME, "done": True, "error": {"code": 3, "message": said}}
    service.on_poll = lambda _: httpx2.Response(200, json=over)
    job, row = tried(studio, service, matrix, "poll: code 3, usage guidelines")
    row.lost = 0
    assert (job.status, row.submits) == ("blocked", 1)
    assert said.rstrip(".") in row.ended


def test_what_is_done_in_a_form_that_nobody_reads_is_not_paid_for_again(studio, service, clip, matrix):
    """The next version may read it; until then its cell looks again."""
    over = {"name": NAME, "done": True, "response": {"receipt": "clip 7 in your vault"}}
    service.on_poll = lambda _: httpx2.Response(200, json=over)
    job, row = tried(studio, service, matrix, "poll: done, in a form that nobody reads")
    assert (job.status, job.fetchable) == ("failed", True)
    service.on_poll = service.finished
    again = studio.generate("A fox.").wait(30)
    row.submits, row.lost = len(service.posts), int(again.video.path.read_bytes() != clip)
    row.doubled = len(service.posts) - 1
    assert row.sound
    assert again.id == job.id


# ---- the answer to a submit


def resubmitted(job: Job, studio: Any, service: Any, row: Row) -> None:
    """Run the cell again: what may have been accepted is not sent by that."""
    with contextlib.suppress(VeoError):
        studio.generate("A fox.").wait(30)
    row.doubled = len(service.posts) - 1


@pytest.mark.parametrize("status", [300, 302, 303])
def test_a_redirect_after_a_submit_is_uncertain(status, studio, service, matrix):
    service.submits = [httpx2.Response(status, headers={"location": "https://gptproto.com/login"})]
    job, row = tried(studio, service, matrix, f"submit: {status}")
    resubmitted(job, studio, service, row)
    assert (job.status, row.sound) == ("uncertain", True)


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirect_that_asks_for_the_same_elsewhere_took_nothing(status, studio, service, matrix):
    service.submits = [httpx2.Response(status, headers={"location": "https://gptproto.com/v2"})]
    job, row = tried(studio, service, matrix, f"submit: {status}")
    assert (job.status, row.submits) == ("failed", 1)
    assert "look at base_url" in row.ended


NAMED: dict[str, Any] = {
    "an operation in the answer": {"operation": {"name": NAME}},
    "a wrapper": {"code": 200, "data": {"name": NAME}},
    "operation_name": {"operation_name": NAME},
    "blanks around the name": {"name": f" {NAME}\n"},
}


@pytest.mark.parametrize("form", NAMED)
def test_a_name_that_was_given_is_found(form, studio, service, clip, matrix):
    service.submits = [httpx2.Response(200, json=NAMED[form])]
    job, row = tried(studio, service, matrix, f"submit: {form}")
    assert (job.status, job.operation) == ("succeeded", NAME)
    assert (row.sound, row.submits) == (True, 1)


def test_an_answer_that_breaks_after_the_name_is_one(studio, service, matrix):
    said = json.dumps({"name": NAME, "metadata": {"createTime": "2026"}}).encode()[:-5]
    service.submits = [httpx2.Response(200, stream=Pieces(said, breaks=True))]
    job, row = tried(studio, service, matrix, "submit: broken off after the name")
    assert (job.status, row.sound, row.submits) == ("succeeded", True, 1)


PLAN = "You exceeded your current quota, please check your plan and billing details."
QUOTA = "type.googleapis.com/google.rpc.QuotaFailure"
RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}


def exhausted(message: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": [*details]}}


def quota(name: str) -> dict[str, Any]:
    return {"@type": QUOTA, "violations": [{"quotaId": name, "quotaValue": "10"}]}


REFUSED: dict[str, tuple[int, Any, str, str]] = {
    # what is answered                 status body, the error's code, and its words
    "check your plan and billing": (429, exhausted(PLAN), "quota", PLAN),
    "a quota of the day": (429, exhausted(PLAN, quota("VideosPerDay"), RETRY), "quota", PLAN),
    "limit: 0": (429, exhausted("Quota exceeded, limit: 0"), "quota", "Quota exceeded, limit: 0"),
    "402": (402, {"error": {"message": "Top up first."}}, "quota", "Top up first."),
    "400 API_KEY_INVALID": (
        400,
        {"error": {"code": 400, "message": "API key not valid.", "details": [{"reason": "API_KEY_INVALID"}]}},
        "authentication",
        "API key not valid.",
    ),
    "[{error}]": (400, [{"error": {"message": "Bad seed."}}], "invalid_request", "Bad seed."),
    "{msg}": (400, {"msg": "Bad seed."}, "invalid_request", "Bad seed."),
    "{detail: [{msg, loc}]}": (
        422,
        {"detail": [{"msg": "Field required", "loc": ["body", "instances", 0, "prompt"]}]},
        "invalid_request",
        "instances.0.prompt: Field required",
    ),
    "{errors: […]}": (400, {"errors": [{"message": "Bad seed."}]}, "invalid_request", "Bad seed."),
    '{error: "text"}': (400, {"error": "Bad seed."}, "invalid_request", "Bad seed."),
    "an error packed in another's words": (
        400,
        {"error": {"message": json.dumps({"error": {"message": "Bad seed."}})}},
        "invalid_request",
        "Bad seed.",
    ),
}


@pytest.mark.parametrize("said", REFUSED)
def test_a_refusal_stops_with_the_providers_words(said, studio, service, matrix):
    status, body, code, shown = REFUSED[said]
    service.submits = [httpx2.Response(status, json=body)]
    job, row = tried(studio, service, matrix, f"submit: {said}")
    assert job.error is not None
    assert (job.status, job.error.code, row.submits) == ("failed", code, 1)
    assert shown in row.ended


@pytest.mark.parametrize("call", ["submit", "poll", "download"])
def test_retry_info_is_waited_for(call, make_studio, service, matrix):
    said = httpx2.Response(429, json=exhausted(PLAN, quota("RequestsPerMinute"), RETRY))
    getattr(service, f"{call}s").append(said)
    studio = make_studio()
    began = studio.jobs.workspace.clock()
    job, row = tried(studio, service, matrix, f"{call}: 429 with RetryInfo of 34.5 s")
    assert (job.status, row.sound) == ("succeeded", True)
    assert job.now.finished_at is not None
    assert job.now.finished_at - began >= 34.5
    assert row.submits == (2 if call == "submit" else 1)


# ---- clips that are not the expected MP4


@pytest.fixture(scope="session")
def webm(tmp_path_factory) -> bytes:
    return bytes(write(tmp_path_factory.mktemp("webm") / "a", "webm").read_bytes())


@pytest.fixture(scope="session")
def prores(tmp_path_factory) -> bytes:
    return bytes(write(tmp_path_factory.mktemp("mov") / "a", "mov, ProRes").read_bytes())


def sends(service: Any, content: bytes, **headers: str) -> None:
    names = {
        "content-type": "video/mp4",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    answer = lambda _: httpx2.Response(200, headers=names, stream=Pieces(content))  # noqa: E731
    service.downloads = [answer] * 20


KINDS = ["webm", "mov, ProRes", "MOV without ftyp", "webm inside the answer"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_of_another_kind_is_kept_and_shown(kind, studio, service, clip, webm, prores, matrix):
    content = {"mov, ProRes": prores, "MOV without ftyp": without_ftyp(clip)}.get(kind, webm)
    if "inside" in kind:
        service.on_poll = lambda _: httpx2.Response(200, json=done({"bytesBase64Encoded": data_of(content)}))
    else:
        sends(service, content)
    job, row = tried(studio, service, matrix, f"clip: {kind}")
    assert (job.status, row.sound, row.submits) == ("succeeded", True, 1)
    assert job.video.original.read_bytes() == content
    assert job.video.original.suffix == (".webm" if "webm" in kind else ".mov")
    # The gallery and the export have the one that plays.
    (shown,) = studio.library.browse(Query(limit=9)).rows
    assert (studio.library.folder / shown.path) == job.video.path
    assert studio.generate("A fox.").id == job.id
    video = job.video
    studio.library.delete(job.id)
    assert not [*video.path.parent.glob(f"*{job.id}*")]
    studio.library.restore(job.id)
    assert video.original.read_bytes() == content


PACKED: dict[str, tuple[Callable[[bytes], bytes], dict[str, str]]] = {
    "Content-Encoding: aws-chunked": (bytes, {"content_encoding": "aws-chunked"}),
    "the chunks of aws-chunked": (framed, {"content_encoding": "aws-chunked"}),
    "gzip, though nobody asked": (gzip.compress, {"content_encoding": "gzip"}),
    "text/plain": (bytes, {"content_type": "text/plain"}),
    "application/json": (bytes, {"content_type": "application/json"}),
}


@pytest.mark.parametrize("way", PACKED)
def test_a_clip_arrives_whatever_its_headers_say(way, studio, service, clip, matrix):
    pack, headers = PACKED[way]
    sends(service, pack(clip), **headers)
    job, row = tried(studio, service, matrix, f"clip: {way}")
    assert (job.status, row.sound) == ("succeeded", True)
    assert job.video.path.read_bytes() == clip


@pytest.mark.parametrize(
    "what", ["garbage", "a page called video/mp4", "cut off at the provider", "garbled base64"]
)
def test_what_can_not_be_read_is_kept_as_it_came(what, studio, service, clip, matrix):
    content = {"garbage": b"\x00\x01garbage" * 900, "garbled base64": b"%%%"}.get(what, clip[:-100])
    if "page" in what:
        content = b"<html><body>Sorry</body></html>"
    if "base64" in what:
        service.on_poll = lambda _: httpx2.Response(200, json=done({"bytesBase64Encoded": content.decode()}))
    else:
        sends(service, content)
    job, row = tried(studio, service, matrix, f"clip: {what}")
    (kept,) = studio.library.folder.rglob("*.unreadable.*")
    # Nothing could be made of it; nothing that came is lost.
    row.lost = int(kept.read_bytes() != content)
    assert row.sound
    assert kept.relative_to(studio.library.folder).as_posix() in row.ended
    assert (job.status, job.fetchable, row.submits) == ("failed", True, 1)
    service.downloads, service.on_poll = [], service.finished
    again = studio.generate("A fox.").wait(30)
    assert (again.id, again.video.path.read_bytes(), len(service.posts)) == (job.id, clip, 1)
    assert not [*studio.library.folder.rglob("*.unreadable.*")]


# ---- the key


@pytest.mark.parametrize(("call", "way"), [*(("submit", way) for way in WAYS), ("poll", "as Gson does it")])
def test_no_key_in_any_encoding_is_shown_or_kept(call, way, make_studio, service, matrix, caplog):
    caplog.set_level(logging.DEBUG)
    escaped = "".join(f"\\u{ord(one):04x}" for one in WAYS[way](TOLD))
    error = f'{{"code": 401, "message": "The key {escaped} is not valid.", "status": "{escaped}"}}'
    if call == "submit":
        service.submits = [httpx2.Response(401, content=f'{{"error": {error}}}'.encode())]
    else:
        over = f'{{"name": "{NAME}", "done": true, "error": {error}}}'
        service.on_poll = lambda _: httpx2.Response(200, content=over.encode())
    studio = make_studio(api_key=TOLD)
    job, row = tried(studio, service, matrix, f"{call}: the key {way}")
    row.lost = 0
    studio.close()
    kept = [
        path.read_bytes().decode("latin-1") for path in studio.library.folder.rglob("*") if path.is_file()
    ]
    shown = [row.ended, str(job.error), repr(job.error), caplog.text]
    row.leaked = sum(bool(traces(text, TOLD)) for text in [*kept, *shown])
    assert "[key]" in row.ended
    assert row.sound


PLACES: dict[str, Callable[[Any], None]] = {
    "an address": lambda service: setattr(
        service, "on_poll", lambda _: httpx2.Response(200, json=done({"uri": f"{URI}&key={TOLD}"}))
    ),
    "a filter's reason": lambda service: setattr(
        service, "on_poll", lambda name: service.finished(name, raiMediaFilteredReasons=[f"Not with {TOLD}."])
    ),
    "a content type": lambda service: sends(service, b"<html>", content_type=f"text/{TOLD}"),
    "a content encoding": lambda service: sends(service, b"<html>", content_encoding=TOLD),
    "a redirect": lambda service: service.downloads.append(
        httpx2.Response(302, headers={"location": f"http://10.0.0.1/{TOLD}"})
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_no_key_is_kept_from_any_place(place, make_studio, service, matrix, caplog):
    caplog.set_level(logging.DEBUG)
    PLACES[place](service)
    studio = make_studio(api_key=TOLD)
    job, row = tried(studio, service, matrix, f"the key in {place}")
    row.lost = 0
    studio.close()
    kept = [
        path.read_bytes().decode("latin-1") for path in studio.library.folder.rglob("*") if path.is_file()
    ]
    shown = [row.ended, str(job.error), str(job.now), caplog.text]
    row.leaked = sum(bool(traces(text, TOLD)) for text in [*kept, *shown])
    assert row.sound
