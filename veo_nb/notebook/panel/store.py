"""What a panel is found with again after a restart: the draft, how the gallery is shown, what was put aside."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from veo_nb.notebook.panel.protocol import Draft, GalleryView
from veo_nb.notebook.protocol import to_json
from veo_nb.store.files import replacing

log = logging.getLogger("veo_nb")

FILE = ".panel.json"
MOST_DISMISSED = 1000

Stored = TypeVar("Stored", Draft, GalleryView)


def empty_draft() -> Draft:
    """A draft in which nothing was said yet."""
    return Draft(
        prompt="",
        variables={},
        fields={},
        image=[],
        last_frame=[],
        reference_images=[],
        video="",
        edit="",
        fit="",
        take=1,
        drafted=False,
    )


def first_view() -> GalleryView:
    """The gallery as it is at first: everything, newest first."""
    return GalleryView(
        search="",
        models=[],
        states=[],
        rating=0,
        sweep="",
        days=0,
        order="newest",
    )


class PanelStore:
    """The file in a library; one that can't be read is none."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        stored = self._read()
        self.draft = _like(empty_draft(), stored.get("draft"))
        self.view = _like(first_view(), stored.get("view"))
        self.dismissed = _texts(stored.get("dismissed"))
        self.fresh = "draft" not in stored
        """Whether nobody has ever written a draft here."""

    def save(self) -> None:
        """Write everything down; where that can't be done, it is there until the kernel ends."""
        content = {
            "draft": to_json(self.draft),
            "view": to_json(self.view),
            "dismissed": self.dismissed[-MOST_DISMISSED:],
        }
        try:
            with replacing(self._path) as part:
                part.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        except OSError as error:
            log.warning("The panel's draft can't be kept: %s", error)

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def _texts(stored: Any) -> list[str]:
    return [one for one in stored if isinstance(one, str)] if isinstance(stored, list) else []


def _like(pattern: Stored, stored: Any) -> Stored:
    """The stored values that are of the right kinds; the pattern's own for all others."""
    kept: dict[str, Any] = {}
    for field in msgspec.structs.fields(pattern):
        if isinstance(stored, Mapping) and field.name in stored:
            with contextlib.suppress(msgspec.ValidationError):
                kept[field.name] = msgspec.convert(stored[field.name], field.type)
    return msgspec.structs.replace(pattern, **kept)
