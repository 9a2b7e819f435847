"""Build the site of the documentation in .cache/site/html: python -m tests.site [--again] [--draft].

Notebooks that have not run as they are now run first, on the sandbox; with `--again` all of them. `--draft` does not mind
clips that jerk and are blurred, and takes those that the tests have left. Ends with 1 where anything is broken.
"""

from __future__ import annotations

import argparse
import sys

from tests.site.books import NAMES, SHELF, find
from tests.site.build import build

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.site", description="Build the site of the documentation."
    )
    parser.add_argument("--again", action="store_true", help="run all notebooks, whatever was kept of them")
    parser.add_argument(
        "--draft", action="store_true", help="take runs whose clips are blurred, such as those of the tests"
    )
    chosen = parser.parse_args()
    books = {}
    for name in NAMES:
        print(f"{name} …", flush=True)
        books[name] = find(name, draft=chosen.draft, again=chosen.again)
    site, wrong = build(SHELF, books)
    print(*wrong, sep="\n", file=sys.stderr)
    print(f"{site / 'index.html'}: {'nothing is broken' if not wrong else f'{len(wrong)} broken'}")
    sys.exit(bool(wrong))
