"""Still images as the service takes them: told by content, upright, opaque, of a type that the provider knows.

A picture is kept as it was given where that can be, and its name is made of those bytes; what a provider gets, `outgoing`,
has 8 bits a channel, the colours of sRGB, and nothing that tells of the person who took it.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import threading
import warnings
from collections.abc import Callable, Collection
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veo_nb import catalog
from veo_nb.media import colour, segments
from veo_nb.records.late import dataclass

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "WEBP": "image/webp"}
"""Formats that may be sent byte for byte when they are upright and opaque. MPO is a phone's JPEG."""
SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
EVERYWHERE = ("image/png", "image/jpeg")
"""The types that every provider takes."""
LARGEST_FILE = 100 * 2**20
"""Bytes; no provider takes as many, so what is larger is not even read."""
SIDES = (3840, 2560, 1920)
"""Pixels on the longer side of a picture that has to be made smaller: no clip shows more than the first."""
SMALLER = f"Make it smaller: {SIDES[0]} pixels on its longer side are enough."
DNG_VERSION, SUBFILE = 50706, 254
"""TIFF's tags: the first is a camera's raw file, the second says whether a picture stands for a larger one."""
LOST = "lost_profile"
"""Under this name an image has the profile that is not written into its file by Pillow."""
HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
AVIF = (b"avif", b"avis")

_ONE_AT_A_TIME = threading.RLock()
"""What warnings are shown is the same for all threads: two that change it would leave it changed."""
ORIGIN = "veo_nb"
"""Under this name a PIL image that is a frame of a clip carries its `Origin`."""


@dataclass(frozen=True)
class Origin:
    """The clip that a picture is a frame of; `seconds` is None for the last one."""

    job_id: str
    sample: int
    seconds: float | None


class UnreadablePicture(ValueError):  # noqa: N818
    """This can't be read as an image; the message says why, in one sentence, and the hint what to do."""

    def __init__(self, message: str, hint: str = "Give a PNG or JPEG file.") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Picture:
    """An image that can be sent: its bytes, type and size in pixels, and the name it came by."""

    data: bytes = field(repr=False)
    mime: str
    width: int
    height: int
    name: str = ""
    sha256: str = ""
    origin: Origin | None = field(default=None, compare=False)
    """The clip that it comes from; no part of what is asked for."""
    key: str = ""
    """What a fingerprint knows it by, where that is not `sha256`."""
    leads: bool = field(default=False, compare=False)
    """Whether the clip took its shape from it, since nobody said another; no part of what is asked for."""
    uri: str = field(default="", compare=False)
    """Where the provider has it, once it was sent there before the request itself; no part of what is asked for."""

    @property
    def suffix(self) -> str:
        """The file name ending that fits the type."""
        return SUFFIXES[self.mime]


def read_picture(source: Any, takes: Collection[str] = EVERYWHERE) -> Picture:
    """The picture in a path, in bytes, in a PIL image or in a numpy array.

    The type is told by the content, never by the name. EXIF rotation is applied, and what is transparent gets
    a white ground. A turned JPEG stays JPEG and a HEIC photo becomes one; a type that is not among `takes` becomes PNG.

    An array is height by width, with 1, 3 or 4 channels or none, which may also come first; it holds bytes, True and
    False, or numbers that are scaled to 8 bits. So are the numbers of a PIL image or of a file with 16 or 32 bits:

    - 16 bits (uint16, `I;16`, a TIFF) and whole numbers of other types fill the fewest of 8, 10, 12, 14 and 16 bits that
      hold the largest of them, so that a camera's 12 bits in numbers of 16 are as bright as they were. A PNG's 16 are 16.
    - 32 bits (`I`, uint32) are taken in the same way, and as 24 or 32 bits where they fill these.
    - Floats (`F`) go from 0 to 1, with a little to spare, or from 0 to 255 where one is above 2.

    Raises:
        UnreadablePicture: there is no such file, or it holds no image that can be read.
    """
    from PIL import Image

    if isinstance(source, Picture):
        if source.mime in takes:
            key = _key(source.data)
            return source if key == source.key or not source.data else replace(source, key=key)
        return replace(_decoded(source.data, source.name, takes), origin=source.origin)
    if isinstance(source, Image.Image):
        name = Path(str(getattr(source, "filename", "") or "")).name
        made = _guarded(lambda: _encoded(source, name), name)
        origin = source.info.get(ORIGIN)
        return replace(made, origin=origin) if isinstance(origin, Origin) else made
    if _is_array(source):
        pixels = _pixels(source)
        return _guarded(lambda: _encoded(Image.fromarray(pixels), ""), "")
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _decoded(bytes(source), "", takes)
    if isinstance(source, str) and "://" in source:
        raise UnreadablePicture(f"{source[:80]} is an address, not a file.")
    if isinstance(source, (str, os.PathLike)):
        path = Path(os.fsdecode(source))
        return _decoded(_file_bytes(path), path.name, takes)
    raise UnreadablePicture(
        f"An image is a path, bytes, a PIL image or a numpy array, not {type(source).__name__}."
    )


def outgoing(picture: Picture) -> Picture:
    """The picture as a provider gets it: without metadata, with 8 bits a channel, in sRGB; as it is where it is so already.

    Where a phone was and what its serial number is are taken out of the file, and the bytes that show the picture stay as
    they are. Only what has other colours or more bits is written anew.

    Raises:
        UnreadablePicture: it is no image that can be read any more.
    """
    from PIL import Image

    try:
        data = segments.without_metadata(picture.data)
        if data is picture.data and not _is_odd(data):
            return picture
        if not _is_odd(data):
            return replace(picture, data=data, sha256=_digest(data), key="")
    except segments.BrokenFileError:
        data = picture.data

    def redraw() -> Picture:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            profile = image.info.get("icc_profile")
            deep = colour.eight_bits(image)
            converted = colour.in_srgb(deep, profile)
            plain = _opaque(converted)
            if converted is deep:  # what has a palette or is transparent can be only now
                plain = colour.in_srgb(plain, profile)
            plain.info = {}
            return _saved(plain, "PNG" if picture.mime == "image/png" else "JPEG", picture.name)

    made = _guarded(redraw, picture.name, data)
    most = catalog.IMAGE.most_bytes
    return lighter(made, most) if len(made.data) > most else made


def lighter(picture: Picture, most: int) -> Picture:
    """The picture as a JPEG of at most so many bytes, with fewer pixels where it must be."""
    from PIL import Image

    def redraw() -> Picture:
        with Image.open(io.BytesIO(picture.data)) as image:
            shown = _opaque(_upright(image))
        for side in (max(shown.size), *SIDES):
            shown.thumbnail((side, side), Image.Resampling.LANCZOS)
            made = _saved(shown, "JPEG", picture.name)
            if len(made.data) <= most:
                break
        return made

    return replace(_guarded(redraw, picture.name, picture.data), origin=picture.origin)


def redrawn(picture: Picture, draw: Callable[[Image.Image], Image.Image]) -> Picture:
    """The picture after `draw` has changed it: a JPEG stays one, all else becomes PNG."""
    from PIL import Image

    bare = segments.without_profile(picture.data)
    with Image.open(io.BytesIO(picture.data)) as whole, Image.open(io.BytesIO(bare)) as image:
        kind = "JPEG" if picture.mime == "image/jpeg" else "PNG"
        shown = _opaque(_upright(image))
        if bare is not picture.data:
            shown.info[LOST] = whole.info.get("icc_profile")
        made = _saved(draw(shown), kind, picture.name)
    return replace(made, origin=picture.origin)


def _is_array(source: Any) -> bool:
    """Whether this is a numpy array; where nobody has imported numpy nothing is."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(source, numpy.ndarray)


def _pixels(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array as bytes: height by width, or with 3 or 4 channels.

    Raises:
        UnreadablePicture: it has another shape, or numbers that mean nothing.
    """
    import numpy as np

    if array.ndim == 3 and array.shape[2] not in (1, 3, 4) and array.shape[0] in (1, 3, 4):
        # As PyTorch has them.
        array = np.moveaxis(array, 0, 2)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))) or not array.size:
        raise UnreadablePicture(
            f"An array must be height x width, with 3 or 4 channels or none; this one is "
            f"{' x '.join(map(str, array.shape)) or 'a single number'}."
        )
    try:
        return np.ascontiguousarray(colour.scaled(array))
    except colour.UnscalableError as error:
        raise UnreadablePicture(
            f"An array can't be shown: {error}.", "Scale it to floats from 0 to 1."
        ) from None


def _file_bytes(path: Path) -> bytes:
    way_out: tuple[str, ...] = ()
    try:
        path = path.expanduser()
        facts = path.stat()
        # A pipe or a device could give bytes for ever.
        wrong = "a folder, not an image" if path.is_dir() else "" if path.is_file() else "no ordinary file"
        if not wrong and facts.st_size > LARGEST_FILE:
            wrong, way_out = f"too large for an image: {facts.st_size / 2**20:.0f} MB", (SMALLER,)
        if not wrong:
            return path.read_bytes()
    except FileNotFoundError:
        raise UnreadablePicture(f"There is no image file {path}.") from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise UnreadablePicture(f"{path} can't be read: {reason}.") from None
    raise UnreadablePicture(f"{path} is {wrong}.", *way_out)


def thumbnail(picture: Picture, width: int = 64, quality: int = 60) -> bytes:
    """A small JPEG of a picture, a kilobyte or two: enough for a blurred backdrop."""
    from PIL import Image

    with Image.open(io.BytesIO(picture.data)) as image:
        small = _opaque(image)
        small.thumbnail((width, width * 4))
        small = colour.in_srgb(small, image.info.get("icc_profile"))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _decoded(data: bytes, name: str, takes: Collection[str]) -> Picture:
    if not data:
        raise UnreadablePicture(f"{name or 'The image'} is empty.")
    return _guarded(lambda: _looked_at(data, name, takes), name, data)


def _guarded(work: Callable[[], Picture], name: str, data: bytes = b"") -> Picture:
    """What `work` gives; whatever it stumbles on is said in one sentence."""
    from PIL import Image, UnidentifiedImageError

    what = name or "The image"
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            # Pillow warns of what it forgives, and a notebook would show that.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return work()
    except UnidentifiedImageError:
        raise UnreadablePicture(f"{what} is {_kind(data)}.", *_way_out(data)) from None
    except UnreadablePicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadablePicture(f"{what} has too many pixels.", SMALLER) from None
    except colour.UnscalableError as error:
        raise UnreadablePicture(f"{what} can't be shown: {error}.", "Scale it to 8 bits.") from None
    except Exception as error:  # noqa: BLE001  Pillow's readers raise whatever they trip over: struct.error, KeyError
        reason = str(error).rstrip(".") or type(error).__name__
        raise UnreadablePicture(f"{what} is a broken image: {reason}.") from None


def _kind(data: bytes) -> str:
    """What these bytes are that no reader of images knows."""
    head = data[:4096].lstrip()
    if _is_heif(data):
        return "a HEIC photo, which can't be read here"
    if data[4:8] == b"ftyp":
        if data[8:12] in AVIF:
            return "an AVIF photo, which can't be read here"
        if data[8:12] == b"crx ":
            return RAW
        return "a video, not an image: use one of its frames"
    if head.startswith((b"<svg", b"<?xml", b"<!--", b"<!DOCTYPE svg")) and b"<svg" in head:
        return "a drawing (SVG), not an image: save it as PNG"
    if head.startswith(b"%PDF"):
        return "a PDF, not an image: save the page as PNG"
    if data.startswith((b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"IIU\0", b"\0MRM")):
        return RAW
    return "not an image that can be read"


RAW = "a camera's raw file, not an image: export it as JPEG"


def _way_out(data: bytes) -> tuple[str, ...]:
    """What to do about it, where it is not that another file has to be given."""
    if _is_heif(data):
        return ('Install the extra for it: pip install "veo-nb[heif]". Or save it as JPEG.',)
    return ('Update Pillow: pip install "pillow>=11.3". Or save it as JPEG.',) if data[8:12] in AVIF else ()


def _is_heif(data: bytes) -> bool:
    # What is made by the general rules alone says by its other brands what it is.
    brands = data[8:12] + data[16 : min(64, int.from_bytes(data[:4], "big"))]
    return data[4:8] == b"ftyp" and data[8:12] in HEIF and not any(one in brands for one in AVIF)


def _looked_at(data: bytes, name: str, takes: Collection[str]) -> Picture:
    from PIL import Image

    if _is_heif(data):
        return _encoded(_heif(data), name, "JPEG")
    with Image.open(io.BytesIO(data)) as image:
        if _is_raw(image, data):
            raise UnreadablePicture(f"{name or 'The image'} is {RAW}.")
        if image.format in ("EPS", "WMF"):
            raise UnreadablePicture(f"{name or 'The image'} is a drawing, not an image: save it as PNG.")
        image.load()
        mime = TYPES.get(image.format or "")
        # The second picture of a phone's JPEG is for its own use; an animation is not a still.
        moves = image.format == "WEBP" and getattr(image, "n_frames", 1) > 1
        if mime in takes and not moves and not _is_turned(image) and not _is_transparent(image):
            return _picture(data, str(mime), image.width, image.height, name)
        return _encoded(image, name)


def _heif(data: bytes) -> Image.Image:
    """The photo in a HEIC file, upright.

    Raises:
        UnidentifiedImageError: the library that reads it is not there.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        import pillow_heif
    except ImportError:
        raise UnidentifiedImageError from None
    file = pillow_heif.open_heif(io.BytesIO(data))
    if file.size[0] * file.size[1] > (Image.MAX_IMAGE_PIXELS or file.size[0] * file.size[1]):
        raise Image.DecompressionBombError
    image: Image.Image = file.to_pillow()
    return image


def _is_raw(image: Image.Image, data: bytes) -> bool:
    """Whether what Pillow would show of a raw file is a small preview of it."""
    tags = getattr(image, "tag_v2", {})
    return image.format == "TIFF" and bool(
        DNG_VERSION in tags or int(tags.get(SUBFILE, 0)) & 1 or data[8:10] == b"CR"
    )


def _encoded(image: Image.Image, name: str, kind: str = "") -> Picture:
    # As a PNG a phone's photo would be several times as large, more than providers take.
    kind = kind or ("JPEG" if image.format in ("JPEG", "MPO") else "PNG")
    return _saved(_opaque(_upright(image)), kind, name)


def _saved(image: Image.Image, kind: str, name: str) -> Picture:
    out = io.BytesIO()
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    image.save(out, kind, **options)
    data = out.getvalue()
    # Pillow writes it into a PNG by itself.
    profile = image.info.get(LOST) or (kind == "JPEG" and image.info.get("icc_profile"))
    if profile and colour.is_foreign(profile, image.mode):
        # It keeps the name of a time when the profile was lost: the clips that were made of it are found.
        data = segments.with_profile(data, profile)
    return _picture(data, TYPES[kind], image.width, image.height, name)


def _upright(image: Image.Image) -> Image.Image:
    # In this order: a copy does not say any more what kind of file it came from.
    from PIL import ImageOps

    return ImageOps.exif_transpose(colour.eight_bits(image))


def _is_turned(image: Image.Image) -> bool:
    return image.getexif().get(colour.ORIENTATION) in range(2, 9)


def _is_transparent(image: Image.Image) -> bool:
    """Whether anything shows through; screenshots have an alpha channel that hides nothing."""
    if not image.has_transparency_data:
        return False
    lowest, _ = image.convert("RGBA").getchannel("A").getextrema()
    return bool(lowest < 255)  # type: ignore[operator]


def _is_odd(data: bytes) -> bool:
    """Whether a file has other colours than sRGB's, or more than 8 bits a channel."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            profile = image.info.get("icc_profile") or b""
            deep = image.mode in colour.DEEP_MODES or (image.format == "PNG" and data[24] == 16)
            return deep or image.mode == "CMYK" or colour.is_foreign(profile, image.mode)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        # It was read before; what no longer can be is for the provider to refuse.
        return False


def _opaque(image: Image.Image) -> Image.Image:
    """With 8 bits a channel and without transparency: a video has none, and what lies under it would surprise."""
    from PIL import Image

    image = colour.eight_bits(image)
    if image.mode in ("CMYK", "LAB"):
        image = colour.in_srgb(image, image.info.get("icc_profile"))
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        ground = Image.new("RGB", rgba.size, "white")
        ground.info[LOST] = image.info.get("icc_profile")
        ground.paste(rgba, mask=rgba.getchannel("A"))
        return ground
    return image.convert("RGB")


def _picture(data: bytes, mime: str, width: int, height: int, name: str) -> Picture:
    return Picture(data, mime, width, height, name, _digest(data), key=_key(data))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _key(data: bytes) -> str:
    bare = segments.without_profile(data)
    return "" if bare is data else _digest(bare)
