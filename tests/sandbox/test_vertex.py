"""The second dialect, over a real socket: its paths, its bodies, its answers, in the words of the wire."""

from __future__ import annotations

import base64
import json
import re
import time
from pathlib import Path

import httpx2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from veo_nb import catalog
from veo_nb.media.encode import Writer
from veo_nb.media.frames import frame
from veo_nb.media.probe import probe
from veo_nb.sandbox import vertex
from veo_nb.sandbox.recipe import write_recipe
from veo_nb.sandbox.wire import Refused

MODEL = "veo-3.1-fast-generate-001"
SHORT = f"publishers/google/models/{MODEL}"
FULL = f"projects/my-project/locations/us-central1/{SHORT}"
# Quick to serve: nothing is rendered for it.
PROMPT = "A fox. sandbox:filter"


def submit(sandbox, instance=None, parameters=None, path=f"v1/{FULL}", **options):
    body = {"instances": [{"prompt": PROMPT, **(instance or {})}]}
    if parameters is not None:
        body["parameters"] = parameters
    return sandbox.http.post(f"/{path}:predictLongRunning", json=body, **options)


def ask(sandbox, name, path=f"v1/{FULL}"):
    return sandbox.http.post(f"/{path}:fetchPredictOperation", json={"operationName": name})


def finished(sandbox, instance, parameters=None):
    """The name of an operation, and its response once it is done."""
    answer = submit(sandbox, instance, parameters)
    assert answer.status_code == 200, answer.text
    name = answer.json()["name"]
    return name, over(sandbox, name)


def over(sandbox, name):
    """The response of an operation once it is done."""
    deadline = time.monotonic() + 60
    while not (found := ask(sandbox, name).json()).get("done"):
        assert found == {"name": name}
        assert time.monotonic() < deadline, "it does not end"
        time.sleep(0.05)
    return found["response"]


def refusal(answer, code=400, status="INVALID_ARGUMENT"):
    assert answer.status_code == code, answer.text
    error = answer.json()["error"]
    assert (error["code"], error["status"]) == (code, status)
    return error["message"]


def saved(video, path):
    """An inline video as a file, and what is in it."""
    path.write_bytes(base64.b64decode(video["bytesBase64Encoded"], validate=True))
    return probe(path)


# Paths and keys.


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
@pytest.mark.parametrize("resource", [SHORT, FULL])
def test_each_path_takes_a_submit_and_a_poll(sandbox, version, resource):
    answer = submit(sandbox, path=f"{version}/{resource}")
    name = answer.json()["name"]
    project = "my-project/locations/us-central1" if resource == FULL else "sandbox/locations/global"
    assert re.fullmatch(f"projects/{project}/{SHORT}/operations/[a-z0-9]+", name)
    for path in (f"{version}/{resource}", f"{version}/{name.partition('/operations/')[0]}"):
        assert ask(sandbox, name, path).json()["name"] == name


@pytest.mark.parametrize("model", ["veo-3.1-generate-001", "veo-3.1-generate-preview"])
def test_every_model_of_the_catalog_is_served(sandbox, model):
    path = f"v1/{FULL}".replace(MODEL, model)
    assert f"models/{model}/operations/" in submit(sandbox, path=path).json()["name"]


def test_a_token_is_as_good_as_a_key(sandbox):
    url = f"{sandbox.url}/v1/{FULL}:predictLongRunning"
    for headers in ({"authorization": "Bearer sk-test"}, {"x-goog-api-key": "sk-test"}):
        body = {"instances": [{"prompt": PROMPT}]}
        assert httpx2.post(url, json=body, headers=headers, trust_env=False).status_code == 200
    for token in ("", "Bearer", "Bearer sk-wrong", "Basic sk-test", "sk-test"):
        answer = httpx2.post(url, json={}, headers={"authorization": token}, trust_env=False)
        assert "authentication" in refusal(answer, 401, "UNAUTHENTICATED")


def test_an_unknown_model_is_refused_by_its_full_name(sandbox):
    path = f"v1/{FULL}".replace(MODEL, "veo-9")
    said = refusal(submit(sandbox, path=path), 404, "NOT_FOUND")
    assert (
        "Publisher Model `projects/my-project/locations/us-central1/publishers/google/models/veo-9`" in said
    )


# Polls.


def test_an_operation_is_found_under_its_own_resource_only(sandbox):
    name = submit(sandbox).json()["name"]
    other = FULL.replace("us-central1", "europe-west4")
    assert "does not belong" in refusal(ask(sandbox, name, f"v1/{other}"))
    moved = name.replace("us-central1", "europe-west4")
    refusal(ask(sandbox, moved, f"v1/{other}"), 404, "NOT_FOUND")
    refusal(ask(sandbox, f"{FULL}/operations/none"), 404, "NOT_FOUND")


def test_the_dialects_do_not_know_each_others_operations(sandbox):
    name = submit(sandbox).json()["name"]
    short = name.rpartition("/")[2]
    refusal(sandbox.http.get(f"/v1beta/models/{MODEL}/operations/{short}"), 404, "NOT_FOUND")
    gemini = sandbox.start({"prompt": PROMPT}).rpartition("/")[2]
    refusal(ask(sandbox, f"{FULL}/operations/{gemini}"), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"operationName": 5}',
        b'{"operationName": ""}',
        b'{"operationName": "operations/a"}',
        b'{"operationName": "\\ud800"}',
        b'{"name": "projects/p"}',
    ],
)
def test_a_poll_that_names_nothing_is_refused(sandbox, body):
    refusal(sandbox.http.post(f"/v1/{FULL}:fetchPredictOperation", content=body))


# Answers.


def test_a_video_comes_inline_when_no_place_was_named(sandbox, tmp_path):
    _, response = finished(sandbox, {"prompt": "A quiet lake"}, {"durationSeconds": 4})
    [video] = response["videos"]
    assert set(video) == {"bytesBase64Encoded", "mimeType"}
    assert video["mimeType"] == "video/mp4"
    facts = saved(video, tmp_path / "clip.mp4")
    assert (facts.width, facts.height, facts.has_audio) == (1280, 720, True)
    assert facts.duration == pytest.approx(4.0, abs=0.01)


def test_a_clip_may_be_silent_and_without_a_prompt_beside_an_image(sandbox, photo, blob, tmp_path):
    asked = {"durationSeconds": 4, "generateAudio": False}
    # No prompt at all: `submit` would put one in.
    body = {"instances": [{"image": blob(photo())}], "parameters": asked}
    answer = sandbox.http.post(f"/v1/{FULL}:predictLongRunning", json=body)
    response = over(sandbox, answer.json()["name"])
    assert not saved(response["videos"][0], tmp_path / "clip.mp4").has_audio
    assert "The prompt is empty" in refusal(
        sandbox.http.post(f"/v1/{FULL}:predictLongRunning", json={"instances": [{}]})
    )


def test_a_lossless_clip_is_larger(sandbox):
    sizes = []
    for quality in ("optimized", "LOSSLESS"):
        asked = {"durationSeconds": 4, "seed": 1, "compressionQuality": quality}
        _, response = finished(sandbox, {"prompt": "A quiet lake, static camera"}, asked)
        sizes.append(len(response["videos"][0]["bytesBase64Encoded"]))
    assert sizes[1] > 1.5 * sizes[0]


def test_a_picture_of_another_shape_is_cropped_or_padded_as_asked(sandbox, photo, blob, tmp_path):
    image = blob(photo(400, 400))
    edges = {}
    for mode in ("pad", "CROP"):
        asked = {"durationSeconds": 4, "resizeMode": mode}
        _, response = finished(sandbox, {"prompt": "static camera", "image": image}, asked)
        saved(response["videos"][0], tmp_path / f"{mode}.mp4")
        edges[mode] = np.asarray(frame(tmp_path / f"{mode}.mp4", 0.0), dtype=float)[:, :100].mean()
    assert edges["pad"] < 10 < edges["CROP"]


def test_videos_go_where_they_were_asked_to_go(sandbox, tmp_path):
    asked = {"durationSeconds": 4, "sampleCount": 2, "storageUri": "gs://my-bucket/clips/"}
    name, response = finished(sandbox, {"prompt": "Dunes"}, asked)
    where = f"gs://my-bucket/clips/{name.rpartition('/')[2]}"
    assert response["videos"] == [
        {"gcsUri": f"{where}/sample_{number}.mp4", "mimeType": "video/mp4"} for number in range(2)
    ]
    path = f"{where.removeprefix('gs://my-bucket/')}/sample_1.mp4".replace("/", "%2F")
    for base in ("/storage/v1", "/download/storage/v1"):
        answer = sandbox.http.get(f"{base}/b/my-bucket/o/{path}", params={"alt": "media"})
        assert answer.headers["content-type"] == "video/mp4"
        (tmp_path / "clip.mp4").write_bytes(answer.content)
        assert probe(tmp_path / "clip.mp4").duration == pytest.approx(4.0, abs=0.01)
    told = sandbox.http.get(f"/storage/v1/b/my-bucket/o/{path}").json()
    assert (told["kind"], told["size"]) == ("storage#object", str(len(answer.content)))
    assert sandbox.http.get(told["mediaLink"]).content == answer.content
    for wrong in (path.replace("sample_1", "sample_2"), path.replace("clips", "clip"), "x.mp4"):
        refusal(sandbox.http.get(f"/storage/v1/b/my-bucket/o/{wrong}?alt=media"), 404, "NOT_FOUND")
    refusal(sandbox.http.get(f"/storage/v1/b/other-bucket/o/{path}?alt=media"), 404, "NOT_FOUND")


def test_a_clip_is_extended_from_the_cloud_or_sent_along(sandbox, tmp_path):
    asked = {"durationSeconds": 4, "storageUri": "gs://my-bucket"}
    _, response = finished(sandbox, {"prompt": "A lake"}, asked)
    uri = response["videos"][0]["gcsUri"]
    _, longer = finished(sandbox, {"prompt": "It snows", "video": {"gcsUri": uri, "mimeType": "video/mp4"}})
    assert saved(longer["videos"][0], tmp_path / "clip.mp4").duration == pytest.approx(11.0, abs=0.05)
    _, longest = finished(sandbox, {"prompt": "Night falls", "video": longer["videos"][0]})
    assert saved(longest["videos"][0], tmp_path / "clip.mp4").duration == pytest.approx(18.0, abs=0.05)
    gone = {"gcsUri": uri.replace("sample_0", "sample_3"), "mimeType": "video/mp4"}
    assert "video.gcsUri names a video that is not here" in refusal(submit(sandbox, {"video": gone}))


def made(path, width=1280, height=720, seconds=1.0, fps=24):
    """A still video of this kind, as a body holds it."""
    still = np.zeros((height * 3 // 2, width), np.uint8)
    with Writer(path, width, height, fps=fps, preset="ultrafast") as writer:
        for _ in range(round(seconds * fps)):
            writer.add_picture(still)
    return {
        "bytesBase64Encoded": base64.b64encode(path.read_bytes()).decode(),
        "mimeType": "video/mp4",
    }


@pytest.mark.parametrize(
    ("video", "parameters", "said"),
    [
        ({}, {}, (1280, 720)),
        ({"width": 1920, "height": 1080}, {}, (1920, 1080)),
        ({"width": 1080, "height": 1920}, {"resolution": "1080p"}, (1080, 1920)),
        (
            {"width": 1920, "height": 1080},
            {"resolution": "720p"},
            "resolution can't be 720p: the video is 1080p",
        ),
        ({"seconds": 0.5}, {}, "1 to 30 s can be extended"),
        ({"width": 640, "height": 360}, {}, "video has 360 lines; 720p, 1080p or 4k can be extended"),
        ({"seconds": 31.0, "width": 64, "height": 36}, {}, "video lasts 31.0 s; 1 to 30 s can be extended"),
    ],
)
def test_what_is_extended_is_judged_and_kept_as_it_is(tmp_path, video, parameters, said):
    (tmp_path / "inputs").mkdir()
    source = made(tmp_path / "video.mp4", **video)
    body = {"instances": [{"prompt": "It snows", "video": source}], "parameters": parameters}
    order = vertex.read_order(catalog.MODELS[MODEL], json.dumps(body).encode())
    if isinstance(said, str):
        with pytest.raises(Refused) as caught:
            write_recipe(order, "op", tmp_path, None)
        assert said in caught.value.body["error"]["message"]
    else:
        recipe = write_recipe(order, "op", tmp_path, None)
        assert (recipe["width"], recipe["height"], recipe["seconds"]) == (*said, 7.0)


@pytest.mark.parametrize(("model", "taken"), [("veo-3.1-lite-generate-001", 200), (MODEL, 200)])
def test_each_form_of_the_wire_has_rules_of_its_own(sandbox, model, taken):
    """What Vertex AI takes, and the Developer API refuses of the same server and the same model."""
    path = f"v1/{FULL}".replace(MODEL, model)
    for asked in (
        {"resolution": "1080p", "durationSeconds": 4},
        {"personGeneration": "dont_allow"},
    ):
        assert submit(sandbox, None, asked, path=path).status_code == taken
        body = {"instances": [{"prompt": PROMPT}], "parameters": asked}
        refusal(sandbox.http.post(f"/v1beta/models/{model}:predictLongRunning", json=body))
    if "lite" in model:
        assert "takes 720p or 1080p" in refusal(submit(sandbox, None, {"resolution": "4k"}, path=path))


def test_what_is_filtered_is_told_in_the_place_of_this_dialect(sandbox):
    _, response = finished(sandbox, {"prompt": PROMPT}, {"sampleCount": 2})
    assert response["raiMediaFilteredCount"] == 2
    assert len(response["raiMediaFilteredReasons"]) == 2
    assert "videos" not in response
    prompt = "A lake. sandbox:filter-one"
    _, response = finished(sandbox, {"prompt": prompt}, {"sampleCount": 2, "durationSeconds": 4})
    assert response["raiMediaFilteredCount"] == len(response["videos"]) == 1


def test_a_failure_is_told_as_everywhere(sandbox):
    name = submit(sandbox, {"prompt": "sandbox:fail"}).json()["name"]
    found = ask(sandbox, name).json()
    assert (found["done"], found["error"]["code"]) == (True, 13)


# Bodies.


def test_every_documented_field_is_taken(sandbox, photo, blob):
    parameters = {
        "aspectRatio": "16:9",
        "resolution": "720p",
        "durationSeconds": 8,
        "personGeneration": "allow_adult",
        "enhancePrompt": True,
        "negativePrompt": "rain",
        "seed": 4294967295,
        "sampleCount": 4,
        "generateAudio": True,
        "storageUri": "gs://my-bucket/a folder/",
        "fps": 24,
        "compressionQuality": "optimized",
        "resizeMode": "pad",
    }
    image = blob(photo())
    assert submit(sandbox, {"image": image, "lastFrame": image}, parameters).status_code == 200
    reference = {"image": image, "referenceType": "ASSET"}
    assert submit(sandbox, {"referenceImages": [reference] * 3}, parameters).status_code == 200


@pytest.mark.parametrize(
    ("instance", "parameters", "said"),
    [
        ({"prompt": ""}, {}, "The prompt is empty"),
        ({"prompt": "sandbox:block"}, {}, "policy"),
        ({"video": {"uri": "https://h/v1beta/files/a:download"}}, {}, "unknown field `uri`"),
        ({"video": {}}, {}, "video takes either bytesBase64Encoded or gcsUri"),
        ({"video": {"gcsUri": "gs://b", "bytesBase64Encoded": "AAAA"}}, {}, "either bytesBase64Encoded"),
        ({"video": {"gcsUri": "https://x"}}, {}, "not here any more"),
        ({"video": {"bytesBase64Encoded": "AAAA", "mimeType": "image/png"}}, {}, "video.mimeType can't be"),
        ({"video": {"bytesBase64Encoded": "AAAA"}}, {}, "no MP4"),
        ({"image": {"bytesBase64Encoded": "AAAA"}}, {}, "image needs a mimeType"),
        ({"image": {"gcsUri": "gs://b/a.png", "mimeType": "image/png"}}, {}, "image.gcsUri does not name"),
        ({"image": {"bytesBase64Encoded": "AAAA", "mimeType": "image/png"}}, {}, "can't be read as an image"),
        ({}, {"fps": 30}, "fps can't be 30"),
        ({}, {"fps": "24"}, "parameters.fps"),
        ({}, {"generateAudio": "no"}, "parameters.generateAudio"),
        ({}, {"compressionQuality": "best"}, "compressionQuality can't be 'best'. It takes optimized or"),
        ({}, {"resizeMode": "stretch"}, "resizeMode can't be 'stretch'. It takes pad or crop"),
        ({}, {"storageUri": "https://x"}, "storageUri can't be"),
        ({}, {"storageUri": "gs://B/x"}, "storageUri can't be"),
        ({}, {"enhancePrompt": False}, "always rewrites the prompt"),
        ({}, {"personGeneration": "allow_none"}, "It takes|takes allow_all, allow_adult or dont_allow"),
        ({}, {"aspectRatio": "4:3"}, "aspectRatio can't be '4:3'"),
        ({}, {"duration": 4}, "unknown field `duration`"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name_on_the_wire(sandbox, instance, parameters, said):
    assert re.search(said, refusal(submit(sandbox, instance, parameters)))


def test_every_body_that_the_fixtures_hold_is_understood(sandbox):
    """They are written from API.md, and the client's tests read them too."""
    cases = json.loads(
        (Path(__file__).parents[1] / "fixtures" / "wire" / "submit_bodies.json").read_text("utf-8")
    )
    mine = [case for case in cases if case["provider"] == "vertex"]
    assert mine
    for case in mine:
        instance = {**case["body"]["instances"][0], "prompt": PROMPT}
        answer = submit(sandbox, instance, case["body"].get("parameters"))
        if "video" in instance:
            assert "video" in refusal(answer), case["case"]
        else:
            assert answer.status_code == 200, (case["case"], answer.text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
WORDS = [
    "",
    "8",
    "16:9",
    "image/png",
    "video/mp4",
    "AAAA",
    "asset",
    "gs://bucket/x",
    "gs://bucket/a/sample_0.mp4",
]
ANY = JSON | st.sampled_from([*WORDS, 4, 8, 24, True])


def fields(*names):
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, ANY))


STILL = ANY | fields("mimeType", "bytesBase64Encoded", "gcsUri", "x")
INSTANCE = st.fixed_dictionaries(
    {},
    optional={
        "prompt": ANY.filter(lambda value: not isinstance(value, str)) | st.just(PROMPT),
        "image": STILL,
        "lastFrame": STILL,
        "video": STILL,
        "referenceImages": ANY
        | st.lists(st.fixed_dictionaries({}, optional={"image": STILL, "referenceType": ANY}), max_size=4),
    },
)
PARAMETERS = fields(
    *("aspectRatio", "resolution", "durationSeconds", "seed", "sampleCount", "personGeneration"),
    *("generateAudio", "storageUri", "fps", "compressionQuality", "resizeMode", "enhancePrompt"),
)
BODY = st.fixed_dictionaries(
    {}, optional={"instances": ANY | st.lists(INSTANCE, max_size=2), "parameters": ANY | PARAMETERS}
)


@settings(
    max_examples=3 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=BODY | JSON)
def test_no_body_breaks_the_server(sandbox, body):
    answer = sandbox.http.post(f"/v1/{FULL}:predictLongRunning", content=json.dumps(body), timeout=5)
    assert answer.status_code in (200, 400)
    assert ("name" in answer.json()) == (answer.status_code == 200)


@settings(
    max_examples=settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=JSON | st.fixed_dictionaries({"operationName": ANY | st.just(f"{FULL}/operations/x")}))
def test_no_poll_breaks_the_server(sandbox, body):
    answer = sandbox.http.post(f"/v1/{FULL}:fetchPredictOperation", content=json.dumps(body), timeout=5)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["message"]
