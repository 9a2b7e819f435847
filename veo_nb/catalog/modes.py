"""The modes: the six ways in which a clip can be asked for, told by what is given with the prompt."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from veo_nb.catalog.fields import Values


class Mode(StrEnum):
    """How a clip is asked for."""

    TEXT = "text"
    IMAGE = "image"
    """From a first frame."""
    INTERPOLATION = "interpolation"
    """From a first frame to a last one."""
    REFERENCES = "references"
    """With images of what should appear."""
    EXTENSION = "extension"
    """From the end of another clip."""
    EDIT = "edit"
    """Another clip, changed."""


def mode_of(values: Values) -> Mode:
    """The mode that these fields ask for; of fields that can't be combined the one that weighs most."""
    if is_set(values.get("edit")):
        return Mode.EDIT
    if is_set(values.get("video")):
        return Mode.EXTENSION
    if is_set(values.get("reference_images")):
        return Mode.REFERENCES
    if is_set(values.get("image")):
        return Mode.INTERPOLATION if is_set(values.get("last_frame")) else Mode.IMAGE
    return Mode.TEXT


def is_set(value: Any) -> bool:
    """Whether a field's value says anything: it is neither None nor empty."""
    # By type and length: a value may be an array, which refuses to be compared.
    return value is not None and not (isinstance(value, (str, tuple, list)) and not value)
