"""Write the README's table of options again, after a change of the catalog: python -m tests.write_readme."""

from __future__ import annotations

from pathlib import Path

from veo_nb.notebook.pages.help import readme_table

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- options, by python -m tests.write_readme -->\n\n", "\n\n<!-- end of the options -->"


def with_table(text: str, table: str) -> str:
    """The text with this table between the marks."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, f"the README lacks {BEGIN.strip()} or {END.strip()}"
    return f"{before}{BEGIN}{table}{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text("utf-8"), readme_table()), "utf-8")
