"""The pictures that a panel is given: kept in the library under a key that says which file it is and how it was called."""

from __future__ import annotations

import io
import re
import threading
from collections import OrderedDict
from dataclasses import replace

from PIL import Image

from veo_nb import catalog
from veo_nb.errors import InvalidRequest, NotFound
from veo_nb.media.picture import SUFFIXES, Picture, UnreadablePicture, read_picture, redrawn, thumbnail
from veo_nb.notebook.clip.source import data_uri
from veo_nb.notebook.panel.protocol import PictureState
from veo_nb.studio import Studio

STILL_WIDTH = 240
REMEMBERED = 64
_KEY = re.compile(r"([0-9a-f]{64})\.(png|jpg|webp):(.*)", re.DOTALL)
_MIMES = {suffix.lstrip("."): mime for mime, suffix in SUFFIXES.items()}


def picture_key(picture: Picture) -> str:
    """What names a picture to a page: its file, and the name by which it came."""
    return f"{picture.sha256}{picture.suffix}:{picture.name[:100]}"


class Pictures:
    """The pictures of one library; they are there again after a restart."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Picture] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, studio: Studio, picture: Picture) -> PictureState:
        """Keep a picture in the library.

        Raises:
            InvalidRequest: it is too large for any provider, or can't be written.
        """
        if len(picture.data) > catalog.IMAGE.most_bytes:
            raise InvalidRequest(
                f"{picture.name or 'The picture'} has {len(picture.data) / 2**20:.0f} MB, and "
                f"{catalog.IMAGE.most_bytes / 2**20:.0f} are taken.",
                hint="Save it as JPEG, or make it smaller.",
            )
        studio.library.files.prepare()
        studio.library.files.keep_picture(picture)
        if picture.origin is not None:
            studio.library.note_origin(picture.sha256, picture.origin)
        self._remember(picture)
        return self.state(studio, picture)

    def read(self, studio: Studio, data: bytes, name: str) -> PictureState:
        """Keep what a person has dropped, pasted or chosen.

        Raises:
            InvalidRequest: it is no image.
        """
        try:
            picture = read_picture(data, studio.settings.provider.image_types)
        except UnreadablePicture as error:
            said = str(error).replace("The image", name or "The image", 1)
            raise InvalidRequest(said, hint=error.hint) from None
        return self.keep(studio, replace(picture, name=name))

    def crop(self, studio: Studio, key: str, box: tuple[float, float, float, float]) -> PictureState:
        """Keep a part of a picture: left, top, width and height as shares of the whole.

        Raises:
            InvalidRequest: nothing would be left of it.
        """
        picture = self.get(studio, key)
        x, y, width, height = box
        left, top = round(x * picture.width), round(y * picture.height)
        right = min(picture.width, round((x + width) * picture.width))
        bottom = min(picture.height, round((y + height) * picture.height))
        if right - left < 2 or bottom - top < 2:
            raise InvalidRequest("Nothing would be left of the picture.", hint="Choose a larger part.")
        cut = redrawn(picture, lambda image: image.crop((left, top, right, bottom)))
        return self.keep(studio, cut)

    def get(self, studio: Studio, key: str) -> Picture:
        """The picture with this key.

        Raises:
            NotFound: it is no longer in the library.
        """
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        picture = _stored(studio, key)
        if picture is None:
            raise NotFound("A picture is gone from the library.", hint="Give it again.")
        self._remember(picture)
        return picture

    def state(self, studio: Studio, picture: Picture) -> PictureState:
        """What a page shows of a picture."""
        origin = studio.library.origin_of(picture.sha256)
        still = data_uri("image/jpeg", thumbnail(picture, STILL_WIDTH, 70)) if picture.data else ""
        return PictureState(
            key=picture_key(picture),
            name=picture.name,
            width=picture.width,
            height=picture.height,
            still=still,
            origin=f"{origin.job_id}/{origin.sample}" if origin else "",
        )

    def _remember(self, picture: Picture) -> None:
        with self._lock:
            self._known[picture_key(picture)] = picture
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)


def _stored(studio: Studio, key: str) -> Picture | None:
    """The picture with this key as its file has it; None where that is gone or no picture any more."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    sha256, ending, name = found.groups()
    data = studio.library.files.picture_bytes(sha256, _MIMES[ending])
    try:
        with Image.open(io.BytesIO(data)) as image:
            return Picture(data, _MIMES[ending], image.width, image.height, name, sha256)
    except OSError:
        return None
