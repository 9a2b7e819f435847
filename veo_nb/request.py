"""What is asked for: one frozen, validated request with a canonical form and a fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, fields, replace
from functools import cache, cached_property
from operator import index
from os import PathLike
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any
from urllib.parse import unquote, urlsplit

from veo_nb import catalog
from veo_nb.errors import InvalidRequest
from veo_nb.media.picture import Picture, UnreadablePicture, lighter, outgoing, read_picture
from veo_nb.media.shape import Fit, deviation, fitted, shape_name, turned_away
from veo_nb.records.late import dataclass

LEADERS = {"image": "first frame", "last_frame": "last frame"}
"""What the pictures are called that a clip may take its shape from."""

_NO_FIELDS = {"provider": 'It stands before the model: model="vertex:standard".'}
"""What is taken for a field, and how it is said instead."""
SOURCES = ("video", "edit")
"""The fields that hold a clip: one to go on from, and one to change."""


@dataclass(frozen=True)
class Source:
    """A video to go on from: where the provider finds it, and a name that stays the same.

    `key` is what the fingerprint sees. A clip of this library is known by its job, since the address of
    the same file may change (the sandbox has another port after each start).
    """

    uri: str
    key: str
    shape: str = ""
    """Its aspect ratio, which an extension keeps; empty where it is not known."""
    lines: str = field(default="", compare=False)
    """Its resolution, which an extension keeps where nothing else is asked; empty where it is not known."""
    clip: Any = field(default=None, compare=False, repr=False)
    """The `Video` it is, for whoever judges whether it can still be gone on from; not part of the request."""

    @property
    def path(self) -> Path | None:
        """Its file, where its bytes go along; None for one that the provider knows by its address."""
        return Path(file_of(self.uri)) if self.uri.startswith("file:") else None


def file_of(uri: str, kind: type[PurePath] = type(Path())) -> PurePath:  # noqa: B008  this machine's
    """The file that an address names as `as_uri` made it, the drive or the machine with it on Windows."""
    parts = urlsplit(uri)
    text = unquote(parts.path, errors="surrogateescape")
    if issubclass(kind, PureWindowsPath):
        text = f"//{parts.netloc}{text}" if parts.netloc else text.lstrip("/")
    return kind(text)


@dataclass(frozen=True, kw_only=True)
class VideoRequest:
    """One request for a clip: what is set is sent, what is None is left to the provider.

    Its fields are those of `catalog.FIELDS`, and what a draft keeps of its final. A new one comes last and is None by default: a request without it keeps
    the fingerprint by which the libraries of all versions know its clip.

    `duration_seconds` is in seconds, `seed` from 0 to 2**32 - 1, `sample_count` from 1 to 4; `model` is a
    full id. Build it with `make_request`, which takes friendlier values and checks them.
    """

    prompt: str
    model: str
    provider: str
    """The name of the provider that it goes to. Not part of what is asked (`canonical`), but of the fingerprint: to
    another one it is another request."""
    image: Picture | None = None
    last_frame: Picture | None = None
    reference_images: tuple[Picture, ...] = ()
    video: Source | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    duration_seconds: int | None = None
    person_generation: str | None = None
    enhance_prompt: bool | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    sample_count: int | None = None
    compression_quality: str | None = None
    generate_audio: bool | None = None
    resize_mode: str | None = None
    edit: Source | None = None
    final_resolution: str | None = None
    """Of a draft the resolution that its final has, empty where that is left to the provider; None where it is no draft.
    It is not sent."""

    @property
    def is_draft(self) -> bool:
        """Whether it asks for less than is wanted in the end: `in_full` is that."""
        return self.final_resolution is not None

    def in_full(self) -> VideoRequest:
        """The request for the final of a draft; any other request is that itself."""
        if self.final_resolution is None:
            return self
        return replace(self, resolution=self.final_resolution or None, final_resolution=None)

    def as_draft(self, resolution: str) -> VideoRequest:
        """The draft, at this resolution, whose final this request is."""
        return replace(self, resolution=resolution, final_resolution=self.resolution or "")

    @property
    def source(self) -> Source | None:
        """The clip that it goes on from or changes."""
        return self.edit or self.video

    def settings(self) -> dict[str, Any]:
        """What was set beside the prompt and the model, by field name."""
        return {name: value for name in _names() if (value := getattr(self, name)) not in (None, ())}

    def asked(self, provider: catalog.Provider, take: int) -> dict[str, Any]:
        """What asks for the same once more, beside the prompt and the model.

        Of a draft these are its final's settings and `draft`, without a seed that it has drawn: it would draw it again.
        """
        if not self.is_draft:
            return self.settings()
        return {**self.in_full().unseeded(provider, take).settings(), "draft": True}

    def unseeded(self, provider: catalog.Provider, take: int) -> VideoRequest:
        """The request without a seed that `seeded` has drawn for this take; with one that was given."""
        bare = replace(self, seed=None)
        return bare if bare.seeded(provider, take).seed == self.seed else self

    def canonical(self) -> dict[str, Any]:
        """The request as plain JSON values: pictures by hash and type, nothing that is unset."""
        shown: dict[str, Any] = {"prompt": self.prompt, "model": self.model}
        for name, value in self.settings().items():
            shown[name] = [_plain(v) for v in value] if isinstance(value, tuple) else _plain(value)
        return shown

    def fingerprint(self) -> str:
        """A hash that is equal for requests that mean the same to the same provider: 64 hex digits.

        A draft is known by its final: it stays the same where another resolution becomes the cheapest.
        """
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        # It is asked for five times on the way of one request, and takes longer than all else about it.
        return fingerprint_of(self.canonical(), self.provider)

    def seeded(self, provider: catalog.Provider, take: int) -> VideoRequest:
        """The request with a seed, its own or one that only depends on it and the take, where its model takes any.

        So a draft and its final have the same, whenever and wherever they are asked for.
        """
        if self.seed is not None or not provider.takes(catalog.FIELD["seed"], catalog.model(self.model)):
            return self
        drawn = hashlib.sha256(f"{self.fingerprint()}/{take}".encode()).digest()
        # Some take no more than 31 bits.
        return replace(self, seed=int.from_bytes(drawn[:4]) >> 1)

    def pictures(self) -> tuple[Picture, ...]:
        """Every picture the request carries."""
        return tuple(p for p in (self.image, self.last_frame, *self.reference_images) if p is not None)

    @property
    def seconds(self) -> int:
        """Length of the clip in seconds, with the provider's default where none was asked."""
        return self.duration_seconds or catalog.model(self.model).default_duration

    @property
    def lines(self) -> str:
        """Resolution of the result, with the provider's default where none was asked."""
        return self.resolution or catalog.model(self.model).default_resolution

    @property
    def silent(self) -> bool:
        """Whether it was asked for without sound."""
        return self.generate_audio is False

    @property
    def shape(self) -> str:
        """Aspect ratio of the result: what was asked, the source's, or the provider's default."""
        source = self.source.shape if self.source else ""
        return self.aspect_ratio or source or catalog.model(self.model).default_shape


@cache
def _names() -> tuple[str, ...]:
    """The fields of a request beside what it is for every one."""
    return tuple(one.name for one in fields(VideoRequest) if one.name not in ("prompt", "model", "provider"))


def fingerprint_of(canonical: Mapping[str, Any], provider: str) -> str:
    """`VideoRequest.fingerprint` of a request in its canonical form, as the ledger has it."""
    shown = full_form(canonical)
    if "final_resolution" in canonical:
        shown["draft"] = True
    for name in SOURCES:
        if name in shown:
            shown[name] = shown[name]["key"]
    for name in ("image", "last_frame"):
        if name in shown:
            shown[name] = _known_by(shown[name])
    if "reference_images" in shown:
        shown["reference_images"] = [_known_by(one) for one in shown["reference_images"]]
    text = json.dumps({"provider": provider, **shown}, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def full_form(canonical: Mapping[str, Any]) -> dict[str, Any]:
    """`VideoRequest.in_full` of a request in its canonical form, in that form."""
    shown = dict(canonical)
    if "final_resolution" in shown:
        shown.pop("resolution", None)
        if lines := shown.pop("final_resolution"):
            shown["resolution"] = lines
    return shown


def as_drafted(canonical: Mapping[str, Any]) -> dict[str, Any]:
    """A request in its canonical form as its draft would be known; a draft would be known by itself, and has none."""
    return {**canonical, "final_resolution": canonical.get("resolution", "")}


def _known_by(picture: Mapping[str, Any]) -> dict[str, Any]:
    """What a fingerprint sees of a picture."""
    seen = {name: value for name, value in picture.items() if name not in ("name", "leads", "key")}
    return {**seen, "sha256": picture.get("key", picture["sha256"])}


def make_request(provider: catalog.Provider, /, *, fit: Fit | None = None, **values: Any) -> VideoRequest:
    """A checked request from what a person gives: model aliases, paths of images, whole fields or None.

    It goes to this provider, or to that which the model's name begins with: `vertex:standard`.

    Without an `aspect_ratio` the clip is upright where its first frame is, and wide otherwise. A first or a last frame of
    another shape than the clip is made to fit as `fit` says: `crop` keeps its middle, `pad` puts it on a blurred
    enlargement of itself. Without `fit` it is sent as it is, the provider fits it in its own way, and the card says so;
    but an upright picture for a clip that is to be wide, or a wide one for an upright clip, is refused. With `fit` a
    picture of too many bytes is made smaller as well, which is refused without it.

    Raises:
        InvalidRequest: a field is unknown, an image can't be read, or the catalog forbids the combination.
            All problems are listed under `facts["problems"]`; the message names the first.
    """
    for name in sorted(values.keys() - catalog.FIELD.keys()):
        hint = _NO_FIELDS.get(name) or catalog.did_you_mean(name, list(catalog.FIELD))
        raise InvalidRequest(f"A request has no field {name!r}.", hint=hint, field=name)
    given = {name: _given(name, value) for name, value in values.items() if value is not None}
    # By name, as whatever it is: a wrong one is told in the catalog's words.
    problems = catalog.check({**given, "fit": fit}, provider)
    if problems:
        first = problems[0]
        raise InvalidRequest(
            first.message,
            hint=first.hint,
            field=first.field,
            problems=[f"{p.message} {p.hint}" for p in problems],
        )
    # Beside an image or a clip there may be none.
    given.setdefault("prompt", "")
    provider, name = catalog.find_served(given.get("model", provider.default_model), provider)
    model = catalog.find_model(name, provider)
    assert model is not None, "checked above"
    given["model"] = model.id
    # 8.0 equals 8 and would be sent as another text.
    given |= {name: choice for name in given for choice in model.choices(name) if choice == given[name]}
    names: list[str] = [name for name in LEADERS if name in given]
    frames = {name: _read(given[name], name, provider) for name in names}
    # Where no shape can be asked for, the clip has that of its frame.
    shaped = provider.takes(catalog.FIELD["aspect_ratio"], model)
    leader = _leader(frames, model) if shaped and "aspect_ratio" not in given else ""
    usual = model.default_shape
    shape = _shape_of(frames[leader], model) if leader else given.get("aspect_ratio", usual)
    for name, picture in frames.items():
        # How a first frame is made to fit may be left to the provider, if a person says so.
        left = (name == "image" and "resize_mode" in given) or not shaped
        shown = picture if left and fit is None else _in_shape(picture, name, shape, fit, leader, model=model)
        shown = _light(shown, name, provider, model, fit)
        given[name] = replace(shown, leads=shape != usual and (picture.leads or name == leader))
    if shape != usual:
        given["aspect_ratio"] = shape
    if "reference_images" in given:
        many = given["reference_images"]
        pictures = (_read(one, "reference_images", provider) for one in many)
        given["reference_images"] = tuple(
            _light(one, "reference_images", provider, model, fit) for one in pictures
        )
    for name in SOURCES:
        if name in given:
            given[name] = source = _source(given[name], provider, provider.dialect_of(model))
            if source.lines in model.resolutions and source.lines != model.default_resolution:
                # It would be made at the provider's default, which is not the clip's.
                given.setdefault("resolution", source.lines)
    return VideoRequest(**given, provider=provider.name)


def misfit(picture: Picture, shape: str) -> str:
    """What the picture's shape is called where it is not that of the clip; empty where it is, or near enough."""
    far = deviation(picture.width, picture.height, shape) > catalog.IMAGE.tolerance
    return shape_name(picture.width, picture.height) if far else ""


def restore_request(
    stored: Mapping[str, Any], read: Callable[[str, str], bytes], provider: str
) -> VideoRequest:
    """The request to this provider whose `canonical()` form was stored; `read(sha256, mime)` gives back a picture's bytes.

    Raises:
        InvalidRequest: it was stored by a version that knows other fields.
    """

    def picture(shown: Mapping[str, Any]) -> Picture:
        data = read(shown["sha256"], shown["mime"])
        size = shown["width"], shown["height"]
        made = Picture(data, shown["mime"], *size, shown["name"], shown["sha256"])
        return replace(made, key=shown.get("key", ""), leads=shown.get("leads", False))

    values = dict(stored)
    for name in ("image", "last_frame"):
        if name in values:
            values[name] = picture(values[name])
    if "reference_images" in values:
        values["reference_images"] = tuple(picture(p) for p in values["reference_images"])
    for name in SOURCES:
        if name in values:
            values[name] = Source(**values[name])
    try:
        return VideoRequest(**{"provider": provider, **values})
    except TypeError:
        raise InvalidRequest(
            "The stored request has fields that this version does not know.", hint="Update veo-nb."
        ) from None


def _given(name: str, value: Any) -> Any:
    """A value as the catalog knows it: plain numbers and text, a tuple of images."""
    kind = catalog.FIELD[name].kind
    if kind == "images":
        # A PIL image and an array hand out their pixels in the same way, and are no list.
        one = isinstance(value, (str, bytes, bytearray, PathLike, Picture))
        if one or hasattr(value, "__array_interface__"):
            return (value,)
        return tuple(value) if isinstance(value, Sequence) else value
    if isinstance(value, str):
        return str.__str__(value)
    if kind in ("choice", "number") and not isinstance(value, bool):
        # numpy's whole numbers are not Python's, but mean the same.
        try:
            return index(value)
        except TypeError:
            return value
    return value


def _read(source: Any, name: str, provider: catalog.Provider) -> Picture:
    # A `Video` or a job can't be a still image, but its frames can: say so. Asked of the type, since a job
    # that is not done raises when it is asked for its video.
    for way, kind in ((".", "last_frame"), (".video.", "video")):
        if hasattr(type(source), kind):
            hint = f"Use its {way}last_frame() or {way}frame(seconds)."
            raise InvalidRequest(f"{name} is a whole video.", hint=hint, field=name)
    if isinstance(source, (str, PathLike)):
        catalog.check_text(name, source, catalog.RENAME, be="kept")
    elif isinstance(source, Picture):
        catalog.check_text(name, source.name, catalog.RENAME, be="kept")
    try:
        return read_picture(source, provider.image_types)
    except UnreadablePicture as error:
        raise InvalidRequest(str(error), hint=error.hint, field=name) from None


def _leader(frames: Mapping[str, Picture], model: catalog.Model) -> str:
    """The frame that says what shape the clip has: the first one, or the last where that is a square and no clip is."""
    square = "1:1" in model.aspect_ratios
    return next((name for name, one in frames.items() if square or one.width != one.height), "")


def _shape_of(picture: Picture, model: catalog.Model) -> str:
    """The nearest shape among the model's that is not turned away from the picture."""
    size = picture.width, picture.height
    fitting = [one for one in model.aspect_ratios if not turned_away(*size, one)]
    return min(fitting, key=lambda one: deviation(*size, one), default=model.default_shape)


def _in_shape(
    picture: Picture, name: str, shape: str, fit: Fit | None, leader: str, *, model: catalog.Model
) -> Picture:
    """The picture as it is sent as a frame of a clip of this shape; `leader` is the frame that has said which."""
    found = misfit(picture, shape)
    if found and fit:
        return fitted(picture, shape, fit)
    if found and turned_away(picture.width, picture.height, shape):
        upright, other = picture.height > picture.width, _shape_of(picture, model)
        way_out = f'fit="crop" or fit="pad" to make the picture {shape}.'
        raise InvalidRequest(
            f"{_called(picture)} is {'upright' if upright else 'wide'} ({found}), and the clip would be "
            f"{'wide' if upright else 'upright'} ({shape}{f', as the {LEADERS[leader]}' if leader else ''}).",
            hint=f"Use {way_out}"
            if leader or other == shape
            else f'Use aspect_ratio="{other}", or {way_out}',
            field=name,
        )
    return picture


def _light(
    picture: Picture, name: str, provider: catalog.Provider, model: catalog.Model, fit: Fit | None
) -> Picture:
    """The picture, if it is small enough to be sent, or may be made so."""
    most = catalog.IMAGE.uploaded_bytes if provider.sends_files(model) else catalog.IMAGE.most_bytes
    # A phone puts a second picture behind its photo, or a short film, and neither is sent.
    if len(picture.data) <= most or len(outgoing(picture).data) <= most:
        return picture
    if fit:
        return lighter(picture, most)
    raise InvalidRequest(
        f"{_called(picture)} has {len(picture.data) / 2**20:.0f} MB, and {provider.title} takes up to "
        f"{most / 2**20:.0f}.",
        hint='Use fit="crop" or fit="pad", which makes it smaller as well, or save it as JPEG.',
        field=name,
    )


def _called(picture: Picture) -> str:
    return picture.name or "The image"


def _source(value: Any, provider: catalog.Provider, dialect: str) -> Source:
    if isinstance(value, Source):
        return value
    if isinstance(value, (str, PathLike)):
        # What lies in a bucket is looked into where Google Cloud's own account is shown.
        clouds = ("gs",) if provider.keyless and dialect == "interactions" else ()
        schemes = (*catalog.SOURCES[dialect].schemes, *clouds)
        try:
            parts = urlsplit(str(value))
            # A bucket's name alone is no file in it.
            named = bool(parts.path.strip("/")) or parts.scheme != "gs"
            reachable = parts.scheme in schemes and bool(parts.hostname) and named
        except ValueError:
            reachable = False
        if reachable:
            return Source(uri=str(value), key=str(value))
        address = "or a gs://bucket/file address" if "gs" in schemes else "or an http(s) URL"
        if catalog.SOURCES[dialect].inline:
            address = f"the path of an MP4, {address}"
        raise InvalidRequest(
            f"{catalog.shown(str(value))} is no video this provider can reach.",
            hint=f"Give a job, a clip made here, {address}."
            if catalog.SOURCES[dialect].inline
            else f"Give a job, a clip made here, {address}: files can't be uploaded as a source.",
            field="video",
        )
    raise InvalidRequest(
        f"A video is a clip, a job or an address, not {type(value).__name__}.", hint="", field="video"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Picture):
        return {
            "sha256": value.sha256,
            "mime": value.mime,
            "width": value.width,
            "height": value.height,
            "name": value.name,
            **({"key": value.key} if value.key else {}),
            **({"leads": True} if value.leads else {}),
        }
    if isinstance(value, Source):
        return {"uri": value.uri, "key": value.key} | ({"shape": value.shape} if value.shape else {})
    return value
