"""A request: what a person may give, what is refused and how, and what counts as the same request."""

from __future__ import annotations

import enum
import hashlib
import io
import json
import pathlib
from dataclasses import FrozenInstanceError, replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.photos import encoded, exif, scene, swapped
from veo_nb import catalog
from veo_nb.api.wire import submit_body
from veo_nb.engine.job import Job
from veo_nb.engine.video import Video
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.media.picture import read_picture
from veo_nb.request import Source, VideoRequest, file_of, make_request, restore_request

GPTPROTO = catalog.PROVIDERS["gptproto"]


class Lines(enum.StrEnum):
    HD = "720p"


def png(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 9), colour).save(out, "PNG")
    return out.getvalue()


RED, BLUE = png("red"), png("blue")


def make(prompt: str = "A fox", **values: Any) -> VideoRequest:
    return make_request(GPTPROTO, prompt=prompt, **values)


def refusal(**values: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        make(**values)
    return caught.value


# ---- what a person may give


def test_only_a_prompt_is_needed():
    request = make()
    assert request == VideoRequest(prompt="A fox", model="veo-3.1-fast-generate-preview", provider="gptproto")
    assert request.settings() == {}
    assert (request.seconds, request.shape) == (8, "16:9")


def test_a_model_may_be_called_by_its_short_name():
    assert make(model="standard").model == "veo-3.1-generate-preview"


def test_a_request_has_the_fields_of_the_catalog():
    # And who makes it, and what a draft keeps of its final.
    assert VideoRequest.__dataclass_fields__.keys() == catalog.FIELD.keys() | {"provider", "final_resolution"}


def test_none_means_not_set():
    nothing: dict[str, Any] = {name: None for name in catalog.FIELD if name != "prompt"}
    assert make(**nothing) == make()


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("duration_seconds", 8.0, 8),
        ("duration_seconds", np.int64(6), 6),
        ("duration_seconds", np.float64(4), 4),
        ("seed", np.uint32(2**32 - 1), 2**32 - 1),
        ("sample_count", np.int8(2), 2),
        ("aspect_ratio", np.str_("9:16"), "9:16"),
        ("prompt", np.str_("An owl"), "An owl"),
        ("resolution", Lines.HD, "720p"),
    ],
)
def test_values_of_other_libraries_become_plain_ones(field, value, kept):
    found = getattr(make(**{field: value}), field)
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize("wrap", [bytes, lambda data: Image.open(io.BytesIO(data)), read_picture])
@pytest.mark.parametrize("field", ["image", "last_frame"])
def test_an_image_may_be_bytes_or_a_pil_image(field, wrap):
    request = make(**{"image": RED, field: wrap(BLUE)})
    picture = getattr(request, field)
    assert Image.open(io.BytesIO(picture.data)).convert("RGB").getpixel((0, 0)) == (0, 0, 255)


def test_an_image_may_be_a_path(tmp_path):
    (tmp_path / "fox.png").write_bytes(RED)
    [picture] = make(image=tmp_path / "fox.png").pictures()
    assert (picture.data, picture.name) == (RED, "fox.png")


@pytest.mark.parametrize("many", [[RED, BLUE], (RED, BLUE)])
def test_reference_images_keep_their_order(many):
    assert [p.data for p in make(reference_images=many).reference_images] == [RED, BLUE]


@pytest.mark.parametrize("one", [RED, read_picture(RED)])
def test_one_reference_image_needs_no_list(one):
    assert [p.data for p in make(reference_images=one).reference_images] == [RED]


def test_no_reference_image_is_as_not_set():
    assert make(reference_images=[]) == make()


@pytest.mark.parametrize("url", ["https://files.example/v.mp4?alt=media", "http://127.0.0.1:8000/v"])
def test_a_video_may_be_an_address(url):
    assert make(video=url).video == Source(uri=url, key=url)


def test_a_video_may_be_a_source():
    source = Source(uri="https://files.example/v", key="job:3f2a/0")
    assert make(video=source).video is source


def test_every_picture_is_found():
    assert [p.data for p in make(image=RED, last_frame=BLUE).pictures()] == [RED, BLUE]
    assert [p.data for p in make(reference_images=[BLUE]).pictures()] == [BLUE]
    assert make().pictures() == ()


def test_a_request_can_not_be_changed():
    with pytest.raises(FrozenInstanceError):
        make().prompt = "An owl"  # type: ignore[misc]


# ---- what is refused


def test_an_unknown_field_gets_the_nearest_one():
    error = refusal(duration_second=8)
    assert str(error) == "A request has no field 'duration_second'. Did you mean duration_seconds?"
    assert error.facts == {"field": "duration_second"}


def test_the_first_mistake_is_the_message_and_all_are_listed():
    error = refusal(aspect_ratio="1:1", seed=-1)
    assert str(error) == "aspect_ratio can't be '1:1'. Veo 3.1 Fast takes 16:9 or 9:16."
    assert error.facts["field"] == "aspect_ratio"
    assert error.facts["problems"] == [
        "aspect_ratio can't be '1:1'. Veo 3.1 Fast takes 16:9 or 9:16.",
        "seed can't be -1. It takes a whole number from 0 to 4294967295.",
    ]


def test_a_rule_is_told_with_its_way_out():
    assert str(refusal(resolution="1080p", duration_seconds=np.int64(4))) == (
        '1080p needs an 8 second clip; you asked for 4. Use duration_seconds=8 or resolution="720p".'
    )


@pytest.mark.parametrize("field", ["image", "last_frame", "reference_images"])
def test_an_image_that_is_not_there_is_named_with_its_field(field):
    values = {"image": RED} if field == "last_frame" else {}
    error = refusal(**{**values, field: "nowhere.png"})
    assert str(error) == "There is no image file nowhere.png. Give a PNG or JPEG file."
    assert error.facts == {"field": field}


@pytest.mark.parametrize("image", [5, {"a": 1}])
def test_what_is_no_image_is_refused(image):
    kind = type(image).__name__
    assert str(refusal(image=image)) == (
        f"An image is a path, bytes, a PIL image or a numpy array, not {kind}. Give a PNG or JPEG file."
    )


def test_a_video_in_place_of_an_image_says_how_to_get_a_frame():
    clip = object.__new__(Video)
    assert str(refusal(image=clip)) == "image is a whole video. Use its .last_frame() or .frame(seconds)."


def test_a_job_in_place_of_an_image_says_how_to_get_a_frame():
    """Without asking the job for its video: it may not be there yet, and that is another error."""
    job = object.__new__(Job)
    line = "reference_images is a whole video. Use its .video.last_frame() or .video.frame(seconds)."
    assert str(refusal(reference_images=[job])) == line


@pytest.mark.parametrize(
    "video",
    ["clip.mp4", pathlib.PurePosixPath("clip.mp4"), "file:///clip.mp4", "3f2a", "http://[", "https:///x", ""],
)
def test_a_file_is_no_source_video(video):
    assert str(refusal(video=video)) == (
        f"{str(video)!r} is no video this provider can reach. "
        "Give a job, a clip made here, or an http(s) URL: files can't be uploaded as a source."
    )


def test_vertex_takes_a_source_in_a_bucket_and_none_from_the_web():
    vertex = catalog.PROVIDERS["vertex"]
    request = make_request(vertex, prompt="It runs on.", video="gs://bucket/folder/fox 1.mp4")
    assert request.video == Source(uri="gs://bucket/folder/fox 1.mp4", key="gs://bucket/folder/fox 1.mp4")
    for address in ("https://x.example/fox.mp4", "gs://bucket", "gs://bucket/", "gs:///fox.mp4", "fox.mp4"):
        with pytest.raises(InvalidRequest) as caught:
            make_request(vertex, prompt="It runs on.", video=address)
        assert str(caught.value) == (
            f"{address!r} is no video this provider can reach. Give a job, a clip made here, "
            "the path of an MP4, or a gs://bucket/file address."
        )
    assert "http(s) URL" in str(refusal(video="gs://bucket/fox.mp4"))


@pytest.mark.parametrize("prompt", [None, "", " \n"])
def test_beside_an_image_the_prompt_may_be_left_out(prompt):
    vertex, still = catalog.PROVIDERS["vertex"], Image.new("RGB", (32, 18))
    request = make_request(vertex, prompt=prompt, image=still)
    assert not request.prompt.strip()
    assert submit_body(request, vertex)["instances"][0].keys() == {"image"}


def test_an_upright_picture_of_a_wide_clip_is_left_to_a_provider_that_is_told_how():
    vertex, still = catalog.PROVIDERS["vertex"], Image.new("RGB", (180, 320))
    asked: dict[str, Any] = {"prompt": "A fox.", "image": still, "aspect_ratio": "16:9"}
    with pytest.raises(InvalidRequest, match="is upright"):
        make_request(vertex, **asked)
    found = make_request(vertex, resize_mode="pad", **asked)
    assert found.image is not None
    assert (found.image.width, found.resize_mode, found.aspect_ratio) == (180, "pad", "16:9")


def test_what_is_new_leaves_the_fingerprints_of_before():
    plain = make_request(GPTPROTO, prompt="A fox.")
    assert plain.canonical() == {"prompt": "A fox.", "model": "veo-3.1-fast-generate-preview"}
    vertex = catalog.PROVIDERS["vertex"]
    seen = {
        make_request(vertex, prompt="A fox.", generate_audio=sound).fingerprint()
        for sound in (None, True, False)
    }
    assert len(seen) == 3


@pytest.mark.parametrize(("video", "kind"), [(5, "int"), (b"mp4", "bytes"), (["https://x"], "list")])
def test_what_is_no_video_is_refused(video, kind):
    assert str(refusal(video=video)) == f"A video is a clip, a job or an address, not {kind}."


ANYTHING = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.lists(st.integers()),
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*catalog.FIELD]), ANYTHING, max_size=4))
def test_whatever_is_given_becomes_a_request_or_a_sentence(values):
    try:
        request = make_request(GPTPROTO, **values)
    except InvalidRequest:
        return
    assert json.dumps(request.canonical())


# ---- pictures of another shape than the clip


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("size", [(640, 427), (100, 100), (1000, 300)])
def test_a_wide_picture_of_another_shape_is_sent_as_it_is_since_the_provider_fits_it(size):
    data = picture(*size)
    assert [p.data for p in make(image=data).pictures()] == [data]


@pytest.mark.parametrize("name", ["image", "last_frame"])
@pytest.mark.parametrize(
    ("size", "shape", "line"),
    [
        (
            (480, 640),
            "16:9",
            (
                "The image is upright (3:4), and the clip would be wide (16:9). "
                'Use aspect_ratio="9:16", or fit="crop" or fit="pad" to make the picture 16:9.'
            ),
        ),
        (
            (1280, 720),
            "9:16",
            (
                "The image is wide (16:9), and the clip would be upright (9:16). "
                'Use aspect_ratio="16:9", or fit="crop" or fit="pad" to make the picture 9:16.'
            ),
        ),
    ],
)
def test_a_picture_that_contradicts_the_aspect_ratio_is_refused(name, size, shape, line):
    square = picture(64, 64)
    error = refusal(**{"image": square, name: picture(*size)}, aspect_ratio=shape)
    assert str(error) == line
    assert error.facts == {"field": name}


WIDE, UPRIGHT, SQUARE = (64, 36), (48, 64), (64, 64)


@pytest.mark.parametrize(
    ("first", "last", "shape", "leads"),
    [
        (UPRIGHT, None, "9:16", (True,)),
        (WIDE, None, None, (False,)),
        (SQUARE, None, None, (False,)),
        (UPRIGHT, UPRIGHT, "9:16", (True, False)),
        (SQUARE, UPRIGHT, "9:16", (False, True)),
        (SQUARE, WIDE, None, (False, False)),
    ],
)
def test_without_an_aspect_ratio_the_clip_follows_its_first_frame(first, last, shape, leads):
    request = make(image=picture(*first), last_frame=picture(*last) if last else None)
    assert (request.aspect_ratio, request.shape) == (shape, shape or "16:9")
    assert tuple(one.leads for one in request.pictures()) == leads


def test_following_a_frame_is_the_same_request_as_saying_so():
    led: Any = make(image=picture(*UPRIGHT))
    told: Any = make(image=picture(*UPRIGHT), aspect_ratio="9:16")
    assert led == told
    assert led.fingerprint() == told.fingerprint()
    assert [one.leads for one in (led.image, told.image)] == [True, False]


def test_a_photo_that_was_turned_is_known_by_its_name_wherever_it_is_read_from():
    request: Any = make(image=encoded("JPEG", scene((64, 36)), exif=exif(3), icc_profile=swapped()))
    assert request.image.key not in ("", request.image.sha256)
    stored = json.loads(json.dumps(request.canonical()))
    # Also where its file is gone from the library.
    for data in (request.image.data, b""):
        again: Any = restore_request(stored, lambda *_, data=data: data, "gptproto")
        assert again.fingerprint() == request.fingerprint()
    assert make(image=request.image.data).fingerprint() == request.fingerprint()


def test_that_a_frame_was_followed_is_remembered():
    request: Any = make(image=picture(*UPRIGHT))
    stored = json.loads(json.dumps(request.canonical()))
    again: Any = restore_request(stored, lambda *_: request.image.data, "gptproto")
    assert again.image.leads
    assert [one.leads for one in make(image=again.image, aspect_ratio="9:16").pictures()] == [True]


@pytest.mark.parametrize(
    ("first", "last", "line"),
    [
        (WIDE, UPRIGHT, "is upright (3:4), and the clip would be wide (16:9, as the first frame)."),
        (UPRIGHT, WIDE, "is wide (16:9), and the clip would be upright (9:16, as the first frame)."),
    ],
)
def test_frames_that_contradict_each_other_are_refused(first, last, line):
    error = refusal(image=picture(*first), last_frame=picture(*last))
    shape = "9:16" if first is UPRIGHT else "16:9"
    assert str(error) == f'The image {line} Use fit="crop" or fit="pad" to make the picture {shape}.'
    fitted = make(image=picture(*first), last_frame=picture(*last), fit="crop")
    assert {one.width > one.height for one in fitted.pictures()} == {first is WIDE}


def test_references_lead_nowhere():
    assert make(reference_images=[picture(*UPRIGHT)]).aspect_ratio is None


@pytest.mark.parametrize("fit", ["crop", "pad"])
@pytest.mark.parametrize("shape", ["16:9", "9:16"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_with_fit_every_frame_has_the_clips_shape_and_keeps_its_type(fit, shape, kind):
    request = make(
        image=picture(480, 640, kind), last_frame=picture(640, 427, kind), aspect_ratio=shape, fit=fit
    )
    width, height = (int(side) for side in shape.split(":"))
    for sent in request.pictures():
        assert sent.width / sent.height == pytest.approx(width / height, rel=0.01)
        assert sent.mime == f"image/{kind.lower()}"
        assert Image.open(io.BytesIO(sent.data)).size == (sent.width, sent.height)


def test_fit_leaves_a_picture_that_fits_as_it_is_and_references_too():
    tall = picture(480, 640)
    assert [p.data for p in make(image=RED, fit="crop").pictures()] == [RED]
    assert [p.data for p in make(reference_images=[tall]).pictures()] == [tall]


def test_how_a_picture_was_made_to_fit_is_another_request():
    photo = picture(640, 427)
    prints = {make(image=photo, fit=fit).fingerprint() for fit in (None, "crop", "pad")}
    assert len(prints) == 3


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"image": RED, "fit": "croop"}, "fit can't be 'croop'. Did you mean crop? It takes crop or pad."),
        ({"image": RED, "fit": 5}, "fit can't be 5. It takes crop or pad."),
        (
            {"fit": "crop"},
            "There is no picture that could be made to fit. Leave out fit=, or give image= as well.",
        ),
    ],
)
def test_a_fit_that_can_do_nothing_is_refused(values, line):
    assert str(refusal(**values)) == line


# ---- limits of pictures


@pytest.mark.parametrize("field", ["image", "reference_images"])
def test_a_picture_that_is_too_heavy_says_how_heavy_and_what_to_do(field, monkeypatch, tmp_path):
    monkeypatch.setattr(catalog, "IMAGE", replace(catalog.IMAGE, most_bytes=2**20))
    noise = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    assert str(refusal(**{field: tmp_path / "noise.png"})) == (
        "noise.png has 3 MB, and GPTProto takes up to 1. "
        'Use fit="crop" or fit="pad", which makes it smaller as well, or save it as JPEG.'
    )


@pytest.mark.parametrize("field", ["image", "reference_images"])
def test_a_picture_that_is_too_heavy_is_made_smaller_where_it_may_be(field, monkeypatch):
    monkeypatch.setattr(catalog, "IMAGE", replace(catalog.IMAGE, most_bytes=6 * 2**20))
    noise = np.random.default_rng(1).integers(0, 255, (1440, 2560, 3), np.uint8)
    (sent,) = make(**{field: noise, "fit": "crop"}).pictures()  # type: ignore[arg-type]
    assert (sent.mime, len(sent.data) <= 6 * 2**20) == ("image/jpeg", True)
    assert sent.width / sent.height == pytest.approx(16 / 9, rel=0.01)


def test_webp_is_sent_as_it_is_where_the_provider_takes_it():
    data = picture(64, 36, "WEBP")
    kept = make_request(catalog.PROVIDERS["gemini"], prompt="A fox", image=data)
    assert [(p.mime, p.data == data) for p in kept.pictures()] == [("image/webp", True)]
    assert [p.mime for p in make(image=data).pictures()] == ["image/png"]
    # A stored one may go to another provider later.
    again = make(image=kept.image)
    assert [p.mime for p in again.pictures()] == ["image/png"]


def test_an_array_or_a_frame_is_an_image_too():
    array = np.zeros((9, 16, 3), np.uint8)
    assert [p.mime for p in make(image=array, last_frame=array).pictures()] == ["image/png"] * 2
    for one in (array, Image.fromarray(array), [array]):
        assert len(make(reference_images=one).reference_images) == 1


# ---- the same request


def some_requests() -> st.SearchStrategy[dict[str, Any]]:
    """Valid requests of all kinds, as what a person gave."""
    pictures = st.sampled_from([RED, BLUE])
    free = {
        "model": st.sampled_from(catalog.model_names(GPTPROTO)),
        "person_generation": st.sampled_from(["allow_all", "allow_adult"]),
        "enhance_prompt": st.booleans(),
        "negative_prompt": st.text(st.characters(codec="utf-8"), max_size=8),
        "seed": st.integers(0, 2**32 - 1),
        "sample_count": st.integers(1, 4),
    }
    shape = {
        "aspect_ratio": st.sampled_from(["16:9", "9:16"]),
        "duration_seconds": st.sampled_from([4, 6, 8]),
        "resolution": st.just("720p"),
    }
    prompt = {"prompt": st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)}
    return st.one_of(
        st.fixed_dictionaries(prompt, optional={**free, **shape}),
        st.fixed_dictionaries(
            {**prompt, "image": pictures},
            optional={**free, **shape, "aspect_ratio": st.just("16:9"), "last_frame": pictures},
        ),
        st.fixed_dictionaries(
            {**prompt, "image": pictures},
            optional={**free, "aspect_ratio": st.just("9:16"), "fit": st.sampled_from(["crop", "pad"])},
        ).filter(lambda values: "aspect_ratio" not in values or "fit" in values),
        st.fixed_dictionaries(
            {**prompt, "reference_images": st.lists(pictures, min_size=1, max_size=3)}, optional=free
        ),
        st.fixed_dictionaries(
            {**prompt, "video": st.sampled_from(["https://a.example/v", "https://b.example/v"])},
            optional=free,
        ),
    )


@settings(deadline=None)
@given(some_requests())
def test_a_stored_request_comes_back_as_it_was(values):
    request = make_request(GPTPROTO, **values)
    kept = {picture.sha256: picture.data for picture in request.pictures()}
    stored = json.loads(json.dumps(request.canonical()))
    back = restore_request(stored, lambda sha256, mime: kept[sha256], "gptproto")
    assert back == request
    assert back.fingerprint() == request.fingerprint()


@settings(deadline=None)
@given(some_requests(), some_requests())
def test_fingerprints_are_equal_exactly_for_equal_requests(one, other):
    a, b = make_request(GPTPROTO, **one), make_request(GPTPROTO, **other)
    assert (a.fingerprint() == b.fingerprint()) == (a == b)


@settings(deadline=None)
@given(some_requests(), st.randoms())
def test_a_fingerprint_does_not_see_the_order_of_the_fields(values, chance):
    names = list(values)
    chance.shuffle(names)
    shuffled = {name: values[name] for name in names}
    assert make_request(GPTPROTO, **shuffled).fingerprint() == make_request(GPTPROTO, **values).fingerprint()


def test_a_fingerprint_sees_what_an_image_shows_and_not_what_it_is_called(tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(RED)
    prints = {make(image=source).fingerprint() for source in (tmp_path / "a.png", tmp_path / "b.png", RED)}
    assert len(prints) == 1
    assert make(image=BLUE).fingerprint() not in prints


def test_a_fingerprint_knows_a_clip_of_the_library_by_its_job():
    """Its address may be another after each start of the sandbox."""
    one, two = (make(video=Source(uri=f"http://127.0.0.1:{port}/v", key="job:3f2a/0")) for port in (1, 2))
    assert one.fingerprint() == two.fingerprint()
    assert one.fingerprint() != make(video="http://127.0.0.1:1/v").fingerprint()


def test_a_fingerprint_belongs_to_one_provider():
    request = make()
    assert request.fingerprint() != replace(request, provider="sandbox").fingerprint()
    assert request.canonical() == replace(request, provider="sandbox").canonical()


def test_a_short_name_a_float_and_an_empty_list_mean_the_same():
    long = make(model="veo-3.1-fast-generate-preview", duration_seconds=8)
    short = make(model="fast", duration_seconds=8.0, reference_images=[])
    assert long.fingerprint() == short.fingerprint()


def test_a_fingerprint_stays_the_same_from_version_to_version():
    """A library knows its clips by it: a change here would send, and charge, each of them again."""
    request = make("A fox. 🦊", model="fast", image=None, aspect_ratio="9:16", duration_seconds=8, seed=7)
    text = (
        r'{"aspect_ratio": "9:16", "duration_seconds": 8, "model": "veo-3.1-fast-generate-preview", '
        r'"prompt": "A fox. \ud83e\udd8a", "provider": "gptproto", "seed": 7}'
    )
    assert request.fingerprint() == hashlib.sha256(text.encode("ascii")).hexdigest()


def test_compression_is_part_of_a_request_only_where_it_is_asked_for():
    vertex = catalog.PROVIDERS["vertex"]
    bare = make_request(vertex, prompt="A fox.")
    asked = [make_request(vertex, prompt="A fox.", compression_quality=q) for q in ("optimized", "lossless")]
    assert "compression_quality" not in bare.canonical()
    assert [one.canonical()["compression_quality"] for one in asked] == ["optimized", "lossless"]
    assert len({one.fingerprint() for one in (bare, *asked)}) == 3
    for one in asked:
        assert restore_request(json.loads(json.dumps(one.canonical())), lambda *_: b"", "vertex") == one


def test_a_picture_is_stored_by_its_hash_and_never_by_its_bytes():
    shown = make(image=RED).canonical()
    assert shown == {
        "prompt": "A fox",
        "model": "veo-3.1-fast-generate-preview",
        "image": {
            "sha256": read_picture(RED).sha256,
            "mime": "image/png",
            "width": 16,
            "height": 9,
            "name": "",
        },
    }


def test_a_request_of_a_newer_version_is_refused_in_a_sentence():
    stored = {**make().canonical(), "camera": "dolly"}
    with pytest.raises(InvalidRequest, match=r"fields that this version does not know\. Update veo-nb\."):
        restore_request(stored, lambda sha256, mime: b"", "gptproto")


def test_what_the_library_can_not_give_back_is_told_by_the_library():
    def gone(sha256, mime):
        raise NotFound("The input image is gone.")

    with pytest.raises(NotFound):
        restore_request(make(image=RED).canonical(), gone, "gptproto")


def test_a_request_built_by_hand_keeps_its_length_and_shape():
    request = replace(make(), duration_seconds=4, aspect_ratio="9:16")
    assert (request.seconds, request.shape) == (4, "9:16")


# Only those of this system's own kind have it from 3.14 on, and there is one of them alone.
@pytest.mark.filterwarnings("ignore:pathlib.PurePath.as_uri:DeprecationWarning")
@pytest.mark.parametrize(
    "path",
    [
        PurePosixPath("/srv/a b/fox #1 100%.mp4"),
        PurePosixPath("/srv/raw\udcff/狐.mp4"),
        PureWindowsPath(r"C:\Users\me\a b\狐.mp4"),
        PureWindowsPath(r"\\nas\video\library\fox.mp4"),
    ],
)
def test_a_file_is_found_again_by_its_address_on_every_system(path):
    """On Windows an address may name a drive, or the machine that shares the folder."""
    assert file_of(path.as_uri(), type(path)) == path
