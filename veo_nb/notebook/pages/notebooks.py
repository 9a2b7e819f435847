"""The notebooks that come along with the package, and the photographs beside them."""

from __future__ import annotations

from pathlib import Path

from veo_nb.errors import NotFound

NOTEBOOK = "01_first_video.ipynb"


def find_notebooks() -> Path:
    """The folder of the notebooks: inside the installed package, or beside it in a clone.

    Raises:
        NotFound: this copy of the package came without them.
    """
    here = Path(__file__).resolve().parents[2]
    for folder in (here / "notebooks", here.parent / "notebooks"):
        if (folder / NOTEBOOK).exists():
            return folder
    raise NotFound(
        "The notebooks are not in this installation.", hint="Run pip install --force-reinstall veo-nb."
    )
