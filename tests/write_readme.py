"""Write the README's tables again, after a change of the catalog: python -m tests.write_readme."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from veo_nb.notebook.pages.help import readme_lives, readme_table, readme_taken

README = Path(__file__).parents[1] / "README.md"
TABLES: dict[str, Callable[[], str]] = {
    "options": readme_table,
    "lives": readme_lives,
    "who takes what": readme_taken,
}
"""What is between which marks."""


def with_table(text: str, table: str, name: str = "options") -> str:
    """The text with this table between the marks of that name."""
    begin, end = f"<!-- {name}, by python -m tests.write_readme -->\n\n", f"\n\n<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    assert found, f"the README lacks {begin.strip()} or {end.strip()}"
    return f"{before}{begin}{table}{end}{after}"


if __name__ == "__main__":
    written = README.read_text("utf-8")
    for name, table in TABLES.items():
        written = with_table(written, table(), name)
    README.write_text(written, "utf-8")
