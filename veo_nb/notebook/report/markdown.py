"""A report as a text of Markdown, whose clips lie beside it. Pure."""

from __future__ import annotations

from urllib.parse import quote

from veo_nb.notebook.export.material import Material
from veo_nb.notebook.export.sections import plain
from veo_nb.notebook.report.contents import Contents


def text_of(contents: Contents, material: Material, beside: str) -> str:
    """The whole text; `beside` is the folder in which its clips are."""
    clips = "1 clip" if len(material.videos) == 1 else f"{len(material.videos)} clips"
    parts = [
        f"# {plain(' '.join(contents.heading.split()))}",
        f"Sweep {material.id} · {clips}",
        *(section.markdown() for section in contents.before),
        "## Clips",
        "\n".join(_clips(material, beside)),
        *(section.markdown() for section in contents.after),
    ]
    return "\n\n".join(parts) + "\n"


def _clips(material: Material, beside: str) -> list[str]:
    """A point for each clip, with a link to it, and for each cell without one, why."""
    lines = []
    for cell in material.in_order():
        if cell is None:
            continue
        for sample in range(len(cell.clips)):
            name = material.names[cell.key, sample]
            label = plain(material.label(cell, sample) or name)
            lines.append(f"- [{label}]({quote(beside)}/{quote(name)})")
        if not cell.clips:
            lines.append(f"- {plain(material.label(cell))}: {plain(' '.join(map(str, cell.line)))}")
    return lines
