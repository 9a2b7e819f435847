"""The process that makes small copies: `python -m veo_nb.media.preview`.

It reads a line of JSON for each, `["clip.mp4", "copy.mp4"]`, and answers it with `MADE` or with why not. It is as polite as
the system lets it be, and ends with its standard input, however whoever holds that ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

from veo_nb.media.preview.shrink import MADE, shrink
from veo_nb.media.probe import UnreadableVideo

NICE = 15
"""By how much everything else goes first."""


def main() -> None:
    """Make what is asked for, one after another."""
    # Windows has it from whoever started it.
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICE)
    for line in sys.stdin:
        clip, out = json.loads(line)
        try:
            shrink(Path(clip), Path(out))
        except UnreadableVideo as error:
            said = " ".join(str(error).split())
        else:
            said = MADE
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
