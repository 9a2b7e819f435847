"""A clip as the text that makes exactly it: a `%%veo` cell, or Python. Run, it shows the stored clip and sends nothing."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from veo_nb.engine.job import Job
from veo_nb.errors import InvalidRequest
from veo_nb.media.picture import Picture
from veo_nb.notebook.options import split_cell
from veo_nb.request import Source
from veo_nb.store.files import Files
from veo_nb.sweep.axes import SETTABLE
from veo_nb.sweep.template import is_plain


def cell_of(job: Job, library: Files) -> str:
    """The `%%veo` cell of a job; empty where a cell can't say it."""
    request = job.request
    prompt = request.prompt
    # A cell fills in what is in double braces, and takes spaces and lines around the prompt away.
    if prompt != prompt.strip() or not is_plain(prompt) or prompt.startswith("%"):
        return ""
    words = option_words(request.asked(job.provider, job.take), partial(_word, library))
    body = body_of(prompt)
    if words is None or body is None:
        return ""
    take = ["--take", str(job.take)] if job.take > 1 else []
    return f"%%veo {' '.join(map(shlex.quote, ['--model', job.model, *words, *take]))}\n{body}"


def option_words(asked: Mapping[str, Any], word: Callable[[Any], str]) -> list[str] | None:
    """What was asked for as options of a cell; None where one can't be typed. `word` is how a value is."""
    words: list[str] = []
    for name, value in asked.items():
        item = SETTABLE[name]
        if item.kind == "switch":
            words.append(f"--{item.flag}" if value else f"--no-{item.flag}")
            continue
        for one in value if isinstance(value, tuple) else (value,):
            text = word(one)
            if not text or "\n" in text or (item.kind == "text" and not is_plain(text)):
                return None
            # What begins like an option would be taken for one.
            words += [f"--{item.flag}={text}"] if text.startswith("-") else [f"--{item.flag}", text]
    return words


def body_of(prompt: str) -> str | None:
    """The lines under the options that are read as this prompt; its own first lines may look like options."""
    return next((body for body in (prompt, f"\n{prompt}") if _is_read_as(body, prompt)), None)


def _is_read_as(body: str, prompt: str) -> bool:
    """Whether a cell with this text has this prompt."""
    try:
        return split_cell("", body)[1].strip() == prompt
    except InvalidRequest:
        return False


def python_of(job: Job, library: Files, sample: int = 0) -> str:
    """The Python that makes a job's clip, or shows it."""
    request = job.request
    lines = [f"    {request.prompt!r},", f"    model={job.model!r},"]
    for name, value in request.asked(job.provider, job.take).items():
        lines.append(f"    {name}={_literal(library, value)},")
    if job.take > 1:
        lines.append(f"    take={job.take},")
    body = "\n".join(lines)
    # By its number: of those before it one may be deleted.
    shown = (
        f"next(clip for clip in job.wait().videos if clip.sample == {sample})"
        if sample
        else "job.wait().video"
    )
    # With braces in it that `generate` would take for a mistake it goes out as it is.
    call = "job = veo.generate" if is_plain(request.prompt) else "job, _ = veo.studio().submit"
    return f"import veo_nb as veo\n\n{call}(\n{body}\n)\n{shown}"


def _word(library: Files, value: Any) -> str:
    """A value as a cell has it; empty where it can't."""
    if isinstance(value, Picture):
        return _path(library, value)
    if isinstance(value, Source):
        made = value.key.removeprefix("job:").partition("/")
        if not value.key.startswith("job:"):
            return str(value.path or value.uri)
        return made[0] if made[2] == "0" else ""
    return str(value)


def _literal(library: Files, value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(library, one) for one in value)}]"
    if isinstance(value, Picture):
        return repr(_path(library, value))
    if isinstance(value, Source) and value.key.startswith("job:"):
        return f"veo.studio().library.clip({value.key.removeprefix('job:')!r})"
    return repr(str(value.path or value.uri) if isinstance(value, Source) else value)


def _path(library: Files, picture: Picture) -> str:
    """Where the library keeps an input, from the working folder where that is possible."""
    path = library.picture_path(picture.sha256, picture.mime)
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # another drive
        return str(path)
