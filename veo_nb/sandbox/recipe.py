"""From an order to a recipe: all that the renderer needs to know, as plain data that outlives the server.

A recipe is a dict for JSON:

    width, height, seconds    of what is to be rendered
    samples                   how many clips
    sound                     whether there is any (recipes from before there was a choice lack this and the next)
    lossless                  whether the file may be large for the sake of the picture
    source                    a video to put in front: a path in the folder, or None
    edits                     a video to show in another light: a path in the folder; absent where there is none
    shot                      what is seen:
        prompts               texts that the world is made from: the first gives the place, and the clip goes
                              from the light of the last but one to that of the last
        avoid                 what should not appear
        start                 seconds of this shot that were shown before, in the clip it goes on from
        image, last           first and last picture: a path in the folder, or None
        references            paths of pictures that should appear
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from veo_nb import catalog
from veo_nb.media.frames import last_frame
from veo_nb.media.probe import UnreadableVideo, VideoInfo, probe
from veo_nb.sandbox.store import Operation
from veo_nb.sandbox.wire import Blob, Order, invalid

LINES = {"360p": 360, "720p": 720, "1080p": 1080, "4k": 2160}
ADDED = 7.0
"""Seconds that an extension adds."""
LARGEST = 80_000_000
"""Pixels of the largest image that is taken."""
Made = tuple[Operation, int, Path]
"""A video of ours: what made it, which of its samples it is, and where it lies."""
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}


def write_recipe(order: Order, operation: str, folder: Path, source: Made | None) -> dict[str, Any]:
    """The recipe for an order; its pictures are put into the folder's `inputs/`.

    `source` is the video that the order goes on from, where that is one of ours.

    Raises:
        Refused: 400, an image or the video can't be read or doesn't fit.
    """
    try:
        return _write(order, operation, folder, source)
    except BaseException:
        for path in (folder / "inputs").glob(f"{operation}-*"):
            path.unlink()
        raise


def _write(order: Order, operation: str, folder: Path, source: Made | None) -> dict[str, Any]:
    width, height = size(order)
    shot: dict[str, Any] = {
        "prompts": [order.prompt if order.seed is None else f"{order.prompt} #{order.seed}"],
        "avoid": order.negative_prompt,
        "start": 0.0,
        "image": _keep(order.image, "image", folder, operation),
        "last": _keep(order.last_frame, "lastFrame", folder, operation),
        "references": [
            _keep(blob, f"referenceImages-{index}", folder, operation)
            for index, blob in enumerate(order.references)
        ],
    }
    recipe: dict[str, Any] = {
        "width": width,
        "height": height,
        "seconds": float(order.seconds),
        "samples": order.samples,
        "sound": order.extras.sound,
        "lossless": order.extras.lossless,
        "source": None,
        "shot": shot,
    }
    for path in filter(None, (shot["image"], shot["last"])):
        _bring_to_shape(folder / path, order.extras.fit, (width, height))
    if order.edits:
        _change(recipe, order, folder, operation, source)
    elif order.source.file:
        if source is None:
            field = "video.gcsUri" if order.source.object else "video.uri"
            raise invalid(f"{field} names a video that is not here any more.")
        _go_on(recipe, order, folder, str(source[2].relative_to(folder)), operation)
        # What was changed afterwards no scene would show: its last frame does.
        if "edits" not in source[0].recipe:
            _same_shot(shot, source, folder, operation)
    elif order.source.data is not None:
        name = f"inputs/{operation}-video.mp4"
        (folder / name).write_bytes(order.source.data)
        _go_on(recipe, order, folder, name, operation)
    return recipe


def _change(recipe: dict[str, Any], order: Order, folder: Path, operation: str, source: Made | None) -> None:
    """Turn the recipe into that of the same video, changed as the prompt says."""
    name = f"inputs/{operation}-video.mp4"
    if source is not None:
        # A copy: the other may be forgotten first.
        shutil.copyfile(source[2], folder / name)
    else:
        (folder / name).write_bytes(order.source.data or b"")
    facts = _read_video(folder / name)
    upright = facts.height > facts.width
    if order.aspect_ratio not in (None, "9:16" if upright else "16:9"):
        raise invalid(f"aspect_ratio can't be {order.aspect_ratio}: the video has another.")
    recipe.update(edits=name, seconds=facts.duration)
    short, long = sorted((recipe["width"], recipe["height"]))
    recipe.update(width=short if upright else long, height=long if upright else short)


def _read_video(path: Path) -> VideoInfo:
    try:
        return probe(path)
    except UnreadableVideo as error:
        raise invalid("video can't be read: it is no MP4 that plays to its end.") from error


def size(order: Order) -> tuple[int, int]:
    """Width and height in pixels."""
    short = LINES[order.resolution or "720p"]
    long = short * 16 // 9
    return (short, long) if order.aspect_ratio == "9:16" else (long, short)


def _keep(blob: Blob | None, name: str, folder: Path, operation: str) -> str | None:
    """Store an image, upright and RGB, for the renderer; its path in the folder."""
    if blob is None:
        return None
    image = _read_image(blob, name)
    path = f"inputs/{operation}-{name}.png"
    # Little compression: this file is read once.
    image.save(folder / path, "PNG", compress_level=1)
    return path


def _bring_to_shape(path: Path, fit: str, size: tuple[int, int]) -> None:
    """Crop or pad a stored picture as was asked; left as it is, the camera cuts what it does not see."""
    if fit:
        with Image.open(path) as image:
            image.load()
        change = ImageOps.pad if fit == "pad" else ImageOps.fit
        change(image, size, Image.Resampling.LANCZOS).save(path, "PNG", compress_level=1)


def _read_image(blob: Blob, name: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(blob.data), formats=list(FORMATS.values())) as image:
            if image.width * image.height > LARGEST:
                raise invalid(f"{name} is too large: {image.width} x {image.height} pixels.")
            if image.format != FORMATS[blob.mime_type]:
                raise invalid(f"{name}.mimeType says {blob.mime_type}, but the bytes are {image.format}.")
            upright = ImageOps.exif_transpose(image)
            if upright.mode in ("RGBA", "LA", "P", "PA"):
                layer = upright.convert("RGBA")
                white = Image.new("RGBA", layer.size, "white")
                upright = Image.alpha_composite(white, layer)
            return upright.convert("RGB")
    # Pillow's decoders raise whatever a damaged file makes them stumble over.
    except (
        OSError,
        SyntaxError,
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        MemoryError,
        EOFError,
    ) as error:
        raise invalid(
            f"{name} can't be read as an image: the bytes are no whole {blob.mime_type}."
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise invalid(f"{name} is too large.") from error


def _go_on(recipe: dict[str, Any], order: Order, folder: Path, source: str, operation: str) -> None:
    """Turn the recipe into that of an extension of the video at `source`."""
    facts = _read_video(folder / source)
    image = last_frame(folder / source)
    _check_source(facts, order)
    name = f"inputs/{operation}-from.png"
    image.save(folder / name, "PNG", compress_level=1)
    # It is joined to what is there.
    short = LINES[order.resolution or "720p"] if order.total else min(facts.width, facts.height)
    long = short * 16 // 9
    upright = facts.height > facts.width
    recipe.update(
        width=short if upright else long,
        height=long if upright else short,
        seconds=order.seconds if order.total else ADDED,
        source=source,
    )
    recipe["shot"]["image"] = name


def _check_source(facts: VideoInfo, order: Order) -> None:
    if order.total:
        if facts.duration + order.seconds > order.total + 0.1:
            asked = f"{facts.duration:.0f} s and {order.seconds:g} s"
            raise invalid(f"The clip would last {asked}; at most {order.total:g} s are made.")
    else:
        _check_veo_source(facts, order)
    shape = "9:16" if facts.height > facts.width else "16:9"
    if order.aspect_ratio not in (None, shape):
        raise invalid(f"aspectRatio can't be {order.aspect_ratio}: the video is {shape}.")


def _check_veo_source(facts: VideoInfo, order: Order) -> None:
    limits = catalog.SOURCES[order.dialect]
    if not limits.least_seconds - 0.1 <= facts.duration <= limits.most_seconds + 0.1:
        some = f"{limits.least_seconds:g} to {limits.most_seconds:g} s can be extended"
        raise invalid(f"video lasts {facts.duration:.1f} s; {some}.")
    names = {lines: name for name, lines in LINES.items()}
    lines = min(facts.width, facts.height)
    if lines not in limits.lines:
        taken = catalog.listed(tuple(names[one] for one in limits.lines))
        raise invalid(f"video has {lines} lines; {taken} can be extended.")
    if limits.fps and abs(facts.fps - limits.fps) > 0.1:
        raise invalid(f"video has {facts.fps:g} frames a second; {limits.fps} can be extended.")
    if order.resolution not in (None, names[lines]):
        raise invalid(f"resolution can't be {order.resolution}: the video is {names[lines]}.")


def _same_shot(shot: dict[str, Any], source: Made, folder: Path, operation: str) -> None:
    """Let the same world move on where we rendered it ourselves: a still of its last frame would freeze it."""
    maker, sample, _ = source
    before = maker.recipe["shot"]
    if before["last"] is not None:
        # It came to rest on its last picture: go on from that, which has no mark on it.
        shot["image"] = _copied(before["last"], folder, operation)
        return
    shot["prompts"] = [*prompts_of(before, sample), *shot["prompts"]]
    shot["start"] = before["start"] + maker.recipe["seconds"]
    shot["image"] = _copied(before["image"], folder, operation)
    shot["references"] = [_copied(path, folder, operation) for path in before["references"]]


def prompts_of(shot: dict[str, Any], sample: int) -> list[str]:
    """The texts for one sample: each sample is a little different from the first."""
    return shot["prompts"] if sample == 0 else [*shot["prompts"][:-1], f"{shot['prompts'][-1]} ({sample})"]


def _copied(path: str | None, folder: Path, operation: str) -> str | None:
    """A picture of another operation, kept for this one: the other may be forgotten first."""
    if path is None:
        return None
    copy = f"inputs/{operation}-{Path(path).name}"
    shutil.copyfile(folder / path, folder / copy)
    return copy
