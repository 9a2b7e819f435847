"""The notebooks that come along with the package, the photographs beside them, and where the documentation is."""

from __future__ import annotations

from collections.abc import Iterable
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


def find_documentation(addresses: Iterable[str] | None = None) -> str:
    """The address of the documentation as the installed package names it, or empty.

    `addresses` are its `Project-URL`s, `Documentation, https://…`, which are read by default.
    """
    if addresses is None:
        from importlib.metadata import PackageNotFoundError, metadata

        try:
            addresses = metadata("veo-nb").get_all("Project-URL") or ()
        except PackageNotFoundError:  # a copy of the folder that nobody installed
            addresses = ()
    pairs = [address.partition(",") for address in addresses]
    named = {label.strip().lower(): address.strip() for label, _, address in pairs}
    found = named.get("documentation", "")
    return found if found.startswith("https://") else ""
