"""The process that measures: `python -m veo_nb.media.measures`.

It reads a line of JSON for each clip, `["clip.mp4", "<sha256>", ["reference.png"]]`, and answers it with one: an `Answer`.
It is as polite as the system lets it be, and ends with its standard input, however whoever holds that ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys

from veo_nb.media.measures.worker import measure_file

NICE = 10
"""By how much everything else goes first."""


def main() -> None:
    """Measure what is asked for, one after another."""
    # Windows has it from whoever started it.
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICE)
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(measure_file(*json.loads(line)))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
