"""Measure a file wherever the work is done: what comes in and goes out is small and plain, so that any process takes it."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from veo_nb.media.measures.definitions import VERSION


class Answer(TypedDict):
    """What came of a file: its measures, or why there are none, as a sentence."""

    version: int
    found: dict[str, float | None]
    problem: str


def measure_file(path: str, sha256: str, references: Sequence[str]) -> Answer:
    """The measures of the file with these bytes at this path; a worker that does not see it says so, and raises nothing.

    `references` are the paths of the pictures that it was made from; those that are not there are left out.
    """
    # Here, so that who only sends the work loads none of it.
    from veo_nb.media.measures.clip import measure
    from veo_nb.media.probe import UnreadableVideo

    file = Path(path)
    try:
        with file.open("rb") as opened:
            seen = hashlib.file_digest(opened, "sha256").hexdigest()
        if seen != sha256:
            return _without(f"{file.name} is another file on {socket.gethostname()} than in the library.")
        return Answer(
            version=VERSION,
            found=measure(file, [one for one in references if Path(one).exists()]),
            problem="",
        )
    except FileNotFoundError:
        return _without(f"{file.name} is not there, as {socket.gethostname()} sees it.")
    except UnreadableVideo as error:
        return _without(" ".join(str(error).split()))
    except OSError as error:
        return _without(f"{file.name} can't be read on {socket.gethostname()}: {error.strerror or error}.")
    except Exception as error:  # noqa: BLE001  of one clip: the others go on
        why = " ".join(str(error).split()) or type(error).__name__
        return _without(f"{file.name} can't be measured: {why[:200]}.")


def _without(problem: str) -> Answer:
    return Answer(version=VERSION, found={}, problem=problem)
