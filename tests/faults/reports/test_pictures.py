"""Pictures as they come from cameras, phones, scanners and programs, and what is made of each: nothing white, black or paid twice.

`leaked` counts what of a person's place or camera was in the body that went out.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shlex
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.faults.rows import Row
from tests.photos import SERIAL, XMP, encoded, exif, is_red_left, pixels_of, scene, srgb, swapped, text
from veo_nb.errors import InvalidRequest
from veo_nb.notebook import text as words
from veo_nb.notebook.display import dry_run
from veo_nb.notebook.options import parse_cell
from veo_nb.notebook.panel.code import cell_of, python_of
from veo_nb.notebook.panel.draft import check_draft, read_draft, submit
from veo_nb.notebook.panel.images import Pictures
from veo_nb.notebook.panel.store import empty_draft
from veo_nb.request import make_request

PROMPT = "A fox."
RAMP = np.tile(np.linspace(0, 1, 64), (36, 1))
PHONE: dict[str, Any] = {"exif": exif(), "xmp": XMP, "comment": SERIAL.encode()}
WIDE, UPRIGHT, SQUARE = (64, 36), (36, 64), (48, 48)


def ramp(top: float, kind: Any) -> np.ndarray[Any, Any]:
    return (RAMP * top).astype(kind)


def grey(top: float, kind: Any = np.uint16) -> Image.Image:
    return Image.fromarray(ramp(top, kind))


def heic(**options: Any) -> bytes:
    import pillow_heif

    out = io.BytesIO()
    pillow_heif.from_pillow(scene(WIDE)).save(out, quality=95, **options)
    return out.getvalue()


def photo(kind: str = "JPEG", size: tuple[int, int] = WIDE, mode: str = "RGB", **options: Any) -> bytes:
    return encoded(kind, scene(size).convert(mode), **options)


def sent_picture(body: dict[str, Any], name: str = "image") -> bytes:
    instance = body["instances"][0]
    shown = instance["referenceImages"][0]["image"] if name == "referenceImages" else instance[name]
    return base64.b64decode(shown["bytesBase64Encoded"])


def record(matrix: Callable[[Row], Row], case: str, service: Any, ended: str, *, tried: int = 1) -> Row:
    """The row of a case: of a picture that is right one body goes out, and nothing in it tells of a person."""
    told = sum(
        SERIAL.encode() in sent_picture(body, name)
        for body in service.posts
        for name in ("image", "lastFrame")
        if name in body["instances"][0]
    )
    posts = len(service.posts)
    return matrix(
        Row("reports", case, ended, tried=tried, submits=posts, doubled=max(0, posts - tried), leaked=told)
    )


# ---- What is sent, and how it looks

RED_LEFT, AS_BRIGHT = "red at the left", "as bright as it was"


CUT: dict[str, Any] = {"aspect_ratio": "9:16", "fit": "crop"}


@dataclass(frozen=True)
class Given:
    """A picture, and what is seen in what goes out."""

    source: Any
    right: str = RED_LEFT


SENT = {
    "16-bit array": Given(ramp(65535, np.uint16), AS_BRIGHT),
    "a camera's 12 bits in 16": Given(ramp(4095, np.uint16), AS_BRIGHT),
    "bytes in an array of 64-bit numbers": Given(ramp(255, np.int64), AS_BRIGHT),
    "32-bit array": Given(ramp(2**32 - 1, np.uint32), AS_BRIGHT),
    "floats from 0 to 1": Given(RAMP, AS_BRIGHT),
    "floats from 0 to 255": Given(RAMP * 255, AS_BRIGHT),
    "array with channels first": Given(np.stack([RAMP] * 3), AS_BRIGHT),
    "PIL I;16": Given(grey(65535), AS_BRIGHT),
    "PIL I": Given(grey(65535, np.int32), AS_BRIGHT),
    "PIL F": Given(grey(1, np.float32), AS_BRIGHT),
    "16-bit PNG": Given(encoded("PNG", grey(65535)), AS_BRIGHT),
    "16-bit TIFF": Given(encoded("TIFF", grey(65535)), AS_BRIGHT),
    "32-bit TIFF": Given(encoded("TIFF", grey(65535, np.int32)), AS_BRIGHT),
    "float TIFF": Given(encoded("TIFF", grey(1, np.float32)), AS_BRIGHT),
    "LA": Given(grey(255, np.uint8).convert("LA"), AS_BRIGHT),
    "1-bit": Given(Image.fromarray(RAMP > 0.5), "black and white"),
    "a phone's JPEG": Given(photo(**PHONE)),
    "a phone's JPEG that is turned": Given(
        encoded("JPEG", scene(WIDE).transpose(Image.Transpose.ROTATE_90), exif=exif(6))
    ),
    "a phone's two pictures in one file": Given(photo("MPO", save_all=True, append_images=[scene()], exif=exif())),
    "a PNG that tells its author": Given(photo("PNG", pnginfo=text(), exif=exif())),
    "a WebP that tells where": Given(photo("WEBP", exif=exif(), xmp=XMP, quality=95)),
    "JPEG in sRGB": Given(photo(icc_profile=srgb(), exif=exif())),
    "JPEG in other colours": Given(encoded("JPEG", scene(WIDE).transpose(Image.Transpose.FLIP_LEFT_RIGHT), icc_profile=swapped(), exif=exif())),
    "PNG in other colours": Given(encoded("PNG", scene(WIDE).transpose(Image.Transpose.FLIP_LEFT_RIGHT), icc_profile=swapped())),
    "CMYK JPEG": Given(photo(mode="CMYK")),
    "CMYK TIFF": Given(photo("TIFF", mode="CMYK")),
    "animated GIF": Given(photo("GIF", save_all=True, append_images=[Image.new("RGB", WIDE)])),
    "animated WebP": Given(photo("WEBP", save_all=True, append_images=[Image.new("RGB", WIDE)], quality=95)),
    "animated PNG": Given(photo("PNG", save_all=True, append_images=[Image.new("RGB", WIDE)])),
    "palette with transparency": Given(encoded("PNG", scene(WIDE).quantize(32), transparency=0)),
    "alpha on nothing": Given(scene(WIDE).convert("RGBA")),
    "BMP": Given(photo("BMP")),
    "JPEG that is called PNG": Given(photo(**PHONE)),
    "HEIC": Given(lambda: heic(exif=exif().tobytes())),
    "AVIF": Given(photo("AVIF", quality=95)),
}  # fmt: skip


@pytest.mark.parametrize("case", SENT)
def test_a_picture_goes_out_as_it_is_seen(case, matrix, studio, service, tmp_path):
    source = SENT[case].source() if callable(SENT[case].source) else SENT[case].source
    if isinstance(source, bytes):
        path = tmp_path / "fox.png"
        path.write_bytes(source)
        source = path
    jobs = [studio.generate(PROMPT, image=source, **cut) for cut in ({}, CUT, {}, CUT)]
    for job in jobs:
        job.wait()
    row = record(matrix, f"{case}, and with --fit", service, SENT[case].right, tried=2)
    assert row.sound
    assert row.submits == 2
    data, middle = (
        sent_picture(body) for body in sorted(service.posts, key=lambda body: "parameters" in body)
    )
    if SENT[case].right == AS_BRIGHT:
        assert pixels_of(middle).mean() == pytest.approx(127, abs=4)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode in ("L", "P", "RGB", "1", "LA", "RGBA")
        assert image.info.get("icc_profile") in (None, srgb())
        assert len(image.getexif()) == 0
    shown = pixels_of(data)
    if SENT[case].right == RED_LEFT:
        assert is_red_left(data)
    elif SENT[case].right == AS_BRIGHT:
        assert np.abs(shown.mean(axis=(0, 2)) - RAMP[0] * 255).max() < 3
    else:
        assert set(np.unique(shown)) == {0, 255}


# ---- What is refused, before anything goes out


def bomb() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99)))


REFUSED = {
    "NaN": (np.full((9, 16), np.nan), "NaN", "floats from 0 to 1"),
    "floats that mean nothing": (RAMP * 1.7, "these go from 0 to 1.7", "floats from 0 to 1"),
    "negative numbers": (ramp(-9, np.int32), "these go from -9 to 0", "floats from 0 to 1"),
    "elevations in a TIFF": (encoded("TIFF", grey(3000, np.float32)), "these go from 0 to 3000", "8 bits"),
    "an array of nothing": (np.zeros((0, 9, 3), np.uint8), "this one is 0 x 9 x 3", "PNG or JPEG"),
    "two channels": (np.zeros((9, 16, 2), np.uint8), "this one is 9 x 16 x 2", "PNG or JPEG"),
    "many pictures in one array": (np.zeros((2, 9, 16, 3), np.uint8), "2 x 9 x 16 x 3", "PNG or JPEG"),
    "a file that is cut off": (photo()[:600], "is a broken image", "PNG or JPEG"),
    "an empty file": (b"", "is empty", "PNG or JPEG"),
    "a bomb of pixels": (bomb(), "has too many pixels", "smaller: 3840"),
    "a raw file": (photo("TIFF", tiffinfo={50706: b"\1\4\0\0"}), "raw file", "export it as JPEG"),
    "a drawing": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a drawing (SVG)", "save it as PNG"),
    "a page": (b"%PDF-1.7", "a PDF", "save the page as PNG"),
    "a film": (b"\0\0\0\x18ftypisom" + bytes(64), "a video", "one of its frames"),
    "HEIC without the extra": (heic, "a HEIC photo", 'pip install "veo-nb[heif]"'),
    "words": (b"This is no picture.", "not an image", "PNG or JPEG"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_picture_is_said_and_nothing_goes_out(case, matrix, studio, service, monkeypatch):
    source, said, way_out = REFUSED[case]
    source = source() if callable(source) else source
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InvalidRequest) as caught:
        studio.generate(PROMPT, image=source)
    row = record(matrix, case, service, f"refused: {caught.value.hint}", tried=0)
    assert row.submits == 0
    assert said in str(caught.value)
    assert way_out in str(caught.value)
    assert caught.value.facts["field"] == "image"


def test_a_picture_that_is_too_large_is_offered_smaller(matrix, studio, service, monkeypatch):
    from veo_nb import catalog

    monkeypatch.setattr(catalog, "IMAGE", replace(catalog.IMAGE, most_bytes=600_000))
    large = encoded(
        "PNG", Image.fromarray(np.random.default_rng(1).integers(0, 255, (360, 640, 3), np.uint8))
    )
    with pytest.raises(InvalidRequest, match="takes up to") as caught:
        studio.generate(PROMPT, image=large)
    assert 'fit="crop"' in caught.value.hint
    studio.generate(PROMPT, image=large, fit="crop").wait()
    row = record(matrix, "a picture that is too large", service, "made smaller with --fit, else refused")
    assert row.submits == 1
    assert len(sent_picture(service.posts[0])) <= 600_000 < len(large)


def test_what_hangs_behind_a_photo_does_not_make_it_too_large(matrix, studio, service, monkeypatch):
    from veo_nb import catalog

    monkeypatch.setattr(catalog, "IMAGE", replace(catalog.IMAGE, most_bytes=50_000))
    film = photo(**PHONE) + b"ftypmp42" + SERIAL.encode() * 10_000
    studio.generate(PROMPT, image=film).wait()
    assert record(matrix, "a photo with a film behind it", service, "sent without the film").sound
    assert len(sent_picture(service.posts[0])) < 50_000


# ---- A cell that was run with the version before

OLD_CELLS = {
    "a phone's photo": photo(**PHONE),
    "a phone's photo that is turned": photo(size=UPRIGHT, exif=exif(8)),
    "a phone's photo in other colours, turned": photo(size=UPRIGHT, exif=exif(8), icc_profile=swapped()),
    "a phone's photo in other colours": photo(icc_profile=swapped(), exif=exif()),
    "a screenshot of a window": encoded("PNG", scene(WIDE).convert("RGBA").rotate(3), icc_profile=swapped()),
    "a 16-bit PNG": encoded("PNG", grey(65535)),
    "a CMYK JPEG": photo(mode="CMYK"),
    "an animated PNG": photo("PNG", save_all=True, append_images=[Image.new("RGB", WIDE)]),
}


def old_picture(data: bytes) -> dict[str, Any]:
    """What the version before put into a request: a file as it was, or what it wrote anew."""
    image: Any = Image.open(io.BytesIO(data))
    mime = Image.MIME[image.format]
    turned = image.getexif().get(0x0112, 1) != 1
    clear = image.mode == "RGBA"
    if turned or clear:
        if turned:
            image = image.transpose(Image.Transpose.ROTATE_90)
        if clear:
            ground = Image.new("RGB", image.size, "white")
            ground.paste(image, mask=image.getchannel("A"))
            image = ground
        out = io.BytesIO()
        how = {"quality": 95, "subsampling": 0} if mime == "image/jpeg" else {}
        image.save(out, mime.rpartition("/")[2].upper(), **how)
        data = out.getvalue()
    sha256 = hashlib.sha256(data).hexdigest()
    return {"sha256": sha256, "mime": mime, "width": image.width, "height": image.height}


def old_fingerprint(data: bytes) -> str:
    values = {"prompt": PROMPT, "model": "veo-3.1-fast-generate-preview", "image": old_picture(data)}
    asked = json.dumps({"provider": "gptproto", **values}, sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


@pytest.mark.parametrize("case", OLD_CELLS)
def test_an_old_cell_finds_its_clip_and_so_do_its_copies(case, matrix, make_studio, service, tmp_path):
    path = tmp_path / "fox.jpg"
    path.write_bytes(OLD_CELLS[case])
    studio = make_studio()
    job = studio.generate(PROMPT, image=path)
    job.wait()
    parts = studio.jobs.workspace.open()
    (row_of_job,) = parts.ledger.jobs()
    kept = studio.library.files.picture_path(job.request.image.sha256, job.request.image.mime)
    later = make_studio()
    found = [
        studio.generate(PROMPT, image=path),
        studio.generate(PROMPT, image=kept),
        later.generate(PROMPT, image=path),
        later.generate(PROMPT, image=kept),
        later.generate(PROMPT, image=later.job(job.id).request.image),
        *later.sweep(PROMPT, axes={"image": [path]}).jobs,
    ]
    panel = Pictures()
    state = panel.read(later, OLD_CELLS[case], "fox.jpg")
    for pictures in (panel, Pictures()):
        read: Any = lambda key, of=pictures: of.get(later, key)  # noqa: E731
        draft = replace_draft(image=[state.key])
        assert check_draft(later, draft, read, str).count == 0
        found += submit(later, read_draft(draft, read, str), confirm=True)[0]
    row = record(matrix, f"an old cell with {case}", service, "its clip is shown, nothing is sent")
    assert row.sound
    assert {one.id for one in found} == {job.id}
    assert row_of_job.fingerprint == old_fingerprint(OLD_CELLS[case])


def replace_draft(**changes: Any) -> Any:
    from msgspec.structs import replace as changed

    return changed(empty_draft(), prompt=PROMPT, **changes)


def test_an_old_cell_that_made_an_upright_photo_fit_finds_its_wide_clip(matrix, make_studio, service):
    upright, studio = photo(size=UPRIGHT), make_studio()
    wide = make_request(
        studio.settings.provider,
        prompt=PROMPT,
        model=studio.settings.model,
        image=upright,
        fit="crop",
        aspect_ratio="16:9",
    )
    # Without an aspect ratio the version before cut it to 16:9, and stored none.
    old, _ = studio.jobs.submit(replace(wide, aspect_ratio=None))
    old.wait()
    job = studio.generate(PROMPT, image=upright, fit="crop")
    again = studio.generate("Another fox.", image=upright, fit="crop")
    again.wait()
    row = record(matrix, "an old cell with --fit and an upright photo", service, "its clip is shown", tried=2)
    assert row.submits == 2
    assert (job.id, job.request.shape) == (old.id, "16:9")
    assert again.request.shape == "9:16"


# ---- The shape of the clip


@pytest.fixture
def frames(tmp_path, monkeypatch) -> Path:
    for name, size in (("wide", WIDE), ("upright", UPRIGHT), ("square", SQUARE)):
        scene(size).save(tmp_path / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    return Path(tmp_path)


def in_cell(studio: Any, image: str) -> Any:
    command: Any = parse_cell(f"--image {image}", PROMPT, {})
    return studio.generate(command.prompt, **command.fields)


def in_sweep(studio: Any, image: str) -> Any:
    (job,) = studio.sweep("A {{animal}}.", axes={"animal": ["fox"]}, image=image).jobs
    return job


def in_axis(studio: Any, image: str) -> Any:
    (job,) = studio.sweep(PROMPT, axes={"image": [image]}).jobs
    return job


def in_panel(studio: Any, image: str) -> Any:
    pictures = Pictures()
    state = pictures.read(studio, Path(image).read_bytes(), image)
    draft = replace_draft(image=[state.key])
    composed = read_draft(draft, lambda key: pictures.get(studio, key), str)
    return submit(studio, composed, confirm=True)[0][0]


WAYS: dict[str, Callable[[Any, str], Any]] = {
    "Python": lambda studio, image: studio.generate(PROMPT, image=image),
    "a cell": in_cell,
    "a sweep": in_sweep,
    "an axis of a sweep": in_axis,
    "the panel": in_panel,
}
LED = {"wide": None, "upright": "9:16", "square": None}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("image", LED)
def test_the_clip_follows_its_first_frame(image, way, matrix, make_studio, service, frames):
    studio = make_studio()
    job = WAYS[way](studio, f"{image}.png")
    job.wait()
    row = record(matrix, f"a first frame that is {image}, in {way}", service, f"{job.request.shape}")
    assert row.submits == 1
    assert service.posts[0].get("parameters", {}).get("aspectRatio") == LED[image]
    said = "9:16, as the first frame" in words.settings(job.request)
    assert said is (image == "upright")
    # In another kernel too, and in what is copied from it.
    later = make_studio()
    assert words.settings(later.job(job.id).request) == words.settings(job.request)
    line, _, prompt = cell_of(later.job(job.id), later.library.files).partition("\n")
    command: Any = parse_cell(shlex.join(shlex.split(line)[1:]), prompt, {})
    copied = later.generate(command.prompt, **command.fields)
    assert (copied.id, len(service.posts)) == (job.id, 1)
    assert ("aspect_ratio='9:16'" in python_of(job, later.library.files)) is (image == "upright")


def test_a_dry_run_says_which_shape_it_would_be(matrix, studio, service, frames):
    shown = repr(dry_run(studio.preview(PROMPT, image="upright.png")))
    record(matrix, "a first frame that is upright, dry run", service, "9:16, as the first frame", tried=0)
    assert "9:16, as the first frame" in shown
    assert service.posts == []


def test_each_picture_of_a_sweep_leads_its_own_clip(matrix, studio, service, frames):
    sweep = studio.sweep(PROMPT, axes={"image": ["upright.png", "wide.png"]})
    sweep.wait()
    row = record(matrix, "a sweep of upright and wide", service, "each as its picture", tried=2)
    assert row.submits == 2
    assert [job.request.shape for job in sweep.jobs] == ["9:16", "16:9"]
    assert "aspect_ratio" not in sweep.fixed
    turned = studio.sweep(PROMPT, axes={"image": ["wide.png", "upright.png"]})
    assert turned is sweep or turned.jobs == sweep.jobs[::-1]
    assert len(service.posts) == 2


CONTRADICTIONS = {
    "16:9 asked, upright frame": {"aspect_ratio": "16:9", "image": "upright.png"},
    "9:16 asked, wide frame": {"aspect_ratio": "9:16", "image": "wide.png"},
    "upright, then wide": {"image": "upright.png", "last_frame": "wide.png"},
    "wide, then upright": {"image": "wide.png", "last_frame": "upright.png"},
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_only_a_contradiction_is_refused_and_fit_settles_it(case, matrix, studio, service, frames):
    with pytest.raises(InvalidRequest, match="and the clip would be"):
        studio.generate(PROMPT, **CONTRADICTIONS[case])
    assert service.posts == []
    studio.generate(PROMPT, fit="crop", **CONTRADICTIONS[case]).wait()
    assert record(matrix, case, service, "refused; sent with --fit").submits == 1


def test_an_extension_follows_its_source_and_references_lead_nowhere(matrix, studio, service, frames):
    job = studio.generate(PROMPT, image="upright.png")
    job.wait()
    studio.generate("It looks up.", video=job.video, resolution="720p").wait()
    studio.generate(PROMPT, reference_images=["upright.png"]).wait()
    row = record(matrix, "an extension, and references that are upright", service, "as ever", tried=3)
    assert row.submits == 3
    assert [body.get("parameters", {}).get("aspectRatio") for body in service.posts] == ["9:16", None, None]
