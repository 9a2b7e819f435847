"""A sweep as the cells that make it again, to be pasted into a notebook: the same clips where they are there, and new ones else."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from veo_nb.errors import InvalidRequest
from veo_nb.media.picture import Picture
from veo_nb.notebook.options import parse_cell
from veo_nb.notebook.panel.code import body_of, option_words
from veo_nb.request import Source
from veo_nb.sweep.axes import PICTURES, Axis, read_axes
from veo_nb.sweep.sweep import Sweep
from veo_nb.sweep.template import fill, references

LOAD = "%load_ext veo_nb\nimport veo_nb as veo"
LONGEST = 60
"""Letters of an axis that stand in the line itself; more are easier read as a list."""


def cells_of(sweep: Sweep, compared: Sequence[tuple[str, str]] = ()) -> list[str]:
    """The cells: what loads the extension, what the sweep takes from the notebook, its own, and what comes of it.

    `compared` are the axes that were compared, each with its question. A picture is named by its file, which has to lie
    beside the notebook; what no cell can say is said in Python.
    """
    own = _cell(sweep) or [_python(sweep)]
    after = [f"veo.compare(sweep, by={by!r}, question={question!r})" for by, question in compared]
    return [LOAD, *own, *after, 'sweep.report("report.html")']


def _cell(sweep: Sweep) -> list[str] | None:
    """The `%%veo` cell, and before it one with the names that it reads; None where it would be read otherwise."""
    names, prompt = _variables(sweep)
    axes: list[tuple[str, str]] = []
    for axis in sweep.axes:
        text = _typed(axis, sweep.prompt)
        if text is None:
            name = _free_name(axis.name, [*names, *(one.name for one in references(prompt))])
            names[name] = _values(axis)
            text = f"@{name}"
        axes.append((axis.name, text))
    words = option_words(asked_of(sweep), word_of)
    body = body_of(prompt)
    # IPython takes no cell without a body.
    if words is None or not body or prompt != prompt.strip() or prompt.startswith("%"):
        return None
    model = [] if _is_axis(sweep, "model") else ["--model", _model(sweep)]
    take = ["--take", str(sweep.fixed["take"])] if sweep.fixed.get("take", 1) != 1 else []
    lines = [[*model, *words, *take, "--out", "sweep"]]
    lines += [["--sweep", f"{name}={text}"] for name, text in axes]
    lines += [["--zip", ",".join(group)] for group in sweep.zipped]
    for flag, said in _said(sweep).items():
        # A cell has its options in lines, and what a person wrote may have several.
        word = " ".join(said.split())
        lines.append([f"--{flag}={word}"] if word.startswith("-") else [f"--{flag}", word])
    typed = [" ".join(map(shlex.quote, line)) for line in lines]
    if not _is_read_as(sweep, "\n".join([*typed[1:], body]), typed[0], names, prompt):
        return None
    given = "\n".join(f"{name} = {_literal(value)}" for name, value in names.items())
    return [*([given] if given else []), "\n".join([f"%%veo {typed[0]}", *typed[1:], body])]


def _is_read_as(sweep: Sweep, cell: str, line: str, names: Mapping[str, Any], prompt: str) -> bool:
    """Whether a cell with this text asks for the same sweep."""
    try:
        read = parse_cell(line, cell, names)
    except InvalidRequest:
        return False
    return read.prompt == prompt and all(
        one.name == own.name and (one.labels == own.labels or own.name in PICTURES)
        for one, own in zip(read.axes, sweep.axes, strict=True)
    )


def _python(sweep: Sweep) -> str:
    """The call that makes it."""
    axes = "".join(
        # What has lines of its own stands under its name; in a text of it none is broken.
        f"        {axis.name!r}: {_literal(_values(axis))},\n".replace("\n", "\n        ").rstrip(" ")
        for axis in sweep.axes
    )
    fixed = asked_of(sweep)
    if not _is_axis(sweep, "model"):
        fixed["model"] = _model(sweep)
    if sweep.fixed.get("take", 1) != 1:
        fixed["take"] = sweep.fixed["take"]
    names, prompt = _variables(sweep)
    more = {**_said(sweep), "zip": [list(group) for group in sweep.zipped], "variables": names}
    given = "".join(f"    {name}={_literal(value)},\n" for name, value in {**fixed, **more}.items() if value)
    said = f"    {prompt!r},\n" if prompt else ""
    return f"sweep = veo.sweep(\n{said}    axes={{\n{axes}    }},\n{given})"


def _said(sweep: Sweep) -> dict[str, str]:
    """How it is laid out and what it is to find out, as far as that was said."""
    said = {"rows": sweep.rows, "columns": sweep.columns}
    said |= {"question": sweep.question, "hypothesis": sweep.hypothesis}
    return {name: text for name, text in said.items() if text}


def _variables(sweep: Sweep) -> tuple[dict[str, Any], str]:
    """What the prompt takes from the notebook, by name; and the prompt, in which all else is filled in."""
    prompt = sweep.prompt or ""
    texts = [
        prompt,
        *(str(value.value) for axis in sweep.axes if axis.name == "prompt" for value in axis.values),
    ]
    given = [one for one in references(*texts) if one.text in sweep.fixed and one.name not in asked_of(sweep)]
    names = {one.name: sweep.fixed[one.text] for one in given if not one.steps}
    return names, fill(prompt, {one.text: sweep.fixed[one.text] for one in given if one.steps})


def asked_of(sweep: Sweep) -> dict[str, Any]:
    """What was set for all cells alike, beside the prompt and the model."""
    cell = next(cell for cell in sweep.cells if cell.request is not None)
    assert cell.request is not None, "chosen so"
    provider = cell.job.provider if cell.job is not None else sweep.provider
    asked = cell.request.asked(provider, cell.take)
    return {name: value for name, value in asked.items() if name in sweep.fixed and not _is_axis(sweep, name)}


def _model(sweep: Sweep) -> str:
    job = next(iter(sweep.jobs), None)
    return job.model if job is not None else str(sweep.fixed.get("model", ""))


def _is_axis(sweep: Sweep, name: str) -> bool:
    return any(axis.name == name for axis in sweep.axes)


def _typed(axis: Axis, prompt: str | None) -> str | None:
    """An axis as it is typed in a cell; None where it is no short line, or would be read otherwise."""
    if axis.name in PICTURES:
        return ",".join(axis.labels)
    plain = [value.label if isinstance(value.value, bool) else str(value.value) for value in axis.values]
    named = [f"{value.label}={value.value}" for value in axis.values]
    for pieces, between in ((plain, ","), (plain, " || "), (named, ","), (named, " || ")):
        text = between.join(pieces) + (" ||" if between != "," and len(pieces) == 1 else "")
        try:
            (read,) = read_axes([(axis.name, text)], prompt)
        except InvalidRequest:
            continue
        if "\n" not in text and len(text) <= LONGEST and read == axis:
            return text
    return None


def _values(axis: Axis) -> Any:
    """The values of an axis in Python: a list, or a dict where they have names of their own."""
    if axis.name in PICTURES:
        return [*axis.labels]
    values = [value.value for value in axis.values]
    named = any(str(value.value) != value.label for value in axis.values)
    return dict(zip(axis.labels, values, strict=True)) if named else values


def _free_name(axis: str, taken: Sequence[str]) -> str:
    name = f"{axis.removesuffix('s')}s"
    while name in taken:
        name += "_"
    return name


def word_of(value: Any) -> str:
    """A value as a cell has it: a picture by the name of its file, a clip by its job or its address."""
    if isinstance(value, Picture):
        return value.name
    if isinstance(value, Source):
        job_id, _, sample = value.key.removeprefix("job:").partition("/")
        if not value.key.startswith("job:"):
            return value.uri or ""
        return job_id if sample == "0" else ""
    return str(value)


def _literal(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + "".join(f"\n    {key!r}: {_literal(one)}," for key, one in value.items()) + "\n}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, Source) and value.key.startswith("job:"):
        return f"veo.studio().library.clip({value.key.removeprefix('job:')!r})"
    return repr(word_of(value) if isinstance(value, (Picture, Source)) else value)
