"""A sweep before anything is sent: each combination as a request, or with the reason why it can't be one.

Pure but for the images, each of which is read once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from operator import index
from typing import Any, Protocol

from veo_nb import catalog
from veo_nb.errors import InvalidRequest
from veo_nb.media.picture import EVERYWHERE, UnreadablePicture, read_picture
from veo_nb.records.late import dataclass
from veo_nb.request import VideoRequest, full_form
from veo_nb.sweep.axes import PICTURES, SETTABLE, Axis, axis_name, read_axes
from veo_nb.sweep.combinations import Combination, expand, layout, pair
from veo_nb.sweep.template import check_filled, fill, references, variables


class Make(Protocol):
    """Makes the requests of the cells."""

    def __call__(self, prompt: str, take: int, fields: Mapping[str, Any], *, several: bool) -> VideoRequest:
        """The request for a prompt, a take and fields; `several` says that each model is asked for the same.

        Raises:
            InvalidRequest: there can't be one.
        """


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One cell of the grid: its values by axis, and the request, or why there is none."""

    values: Combination
    take: int
    request: VideoRequest | None = None
    reason: str = ""
    hint: str = ""
    field: str = ""
    """What is wrong, where there is no request: the name of a field."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole sweep, checked. `cells` are in the order in which they are sent, row by row."""

    prompt: str | None
    """As it was written, with its `{{variables}}`; None where whole prompts are an axis."""
    axes: tuple[Axis, ...]
    zipped: tuple[tuple[str, ...], ...]
    """Which axes move together."""
    rows: str | None
    columns: str | None
    fixed: Mapping[str, Any]
    """What is the same in all cells, as plain values: fields, variables of the prompt, `take`."""
    cells: tuple[Planned, ...]

    @property
    def undrafted(self) -> int:
        """How many cells of a sweep of drafts have nothing cheaper, and are what they would be in full."""
        asked = [cell for cell in self.cells if cell.request is not None and not cell.request.is_draft]
        return len(asked) if self.fixed.get("draft") else 0

    def provider(self, default: str) -> str:
        """The provider by whose name it is kept: of its requests where they have one, else the one that is set."""
        if any(axis.name == "model" for axis in self.axes):
            return default
        return next((cell.request.provider for cell in self.cells if cell.request), default)

    def identity(self, provider: str) -> str:
        """What makes it this sweep, whatever the values on its axes: 64 hex digits.

        Another value on an axis, or the axes the other way round, is the same sweep; another prompt, another
        setting, another provider or one axis more is another one.
        """
        names = sorted(axis.name for axis in self.axes)
        text = json.dumps([provider, self.prompt, names, self.fixed], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def make_plan(
    make: Make,
    *,
    prompt: str | None,
    axes: Mapping[str, Any] | Iterable[Axis],
    zipped: Any = (),
    rows: str | None = None,
    columns: str | None = None,
    take: int = 1,
    same: Mapping[str, Any] | None = None,
    fixed: Mapping[str, Any] | None = None,
    image_types: Callable[[Sequence[str]], Collection[str]] = lambda _: EVERYWHERE,
) -> Plan:
    """The sweep over these axes, all of it checked; images that are among `image_types(models)` stay as they are.

    `fixed` are the fields that all cells have, `same` the variables of the prompt that are the same in all; a name
    of `fixed` that is no field is such a variable too.

    Raises:
        InvalidRequest: something is wrong with an axis or a value, a variable has none, or each combination with one
            of the values is forbidden.
    """
    catalog.check_text("prompt", prompt)
    for name, value in {**(same or {}), **(fixed or {})}.items():
        catalog.check_text(name if name.isidentifier() else "A name", [name, value])
    check_filled("negative_prompt", (fixed or {}).get("negative_prompt"))
    prompt = prompt if prompt and prompt.strip() else None
    pairs = axes.items() if isinstance(axes, Mapping) else [(axis.name, axis.values) for axis in axes]
    read = [*read_axes(pairs, prompt)]
    models = [value.value for axis in read if axis.name == "model" for value in axis.values]
    types = image_types([*map(str, models or filter(None, [(fixed or {}).get("model")]))])
    read = [_readable(axis, types) for axis in read]
    templates = _templates(prompt, read)
    fields, words = _sort_out(fixed or {}, variables(*templates), types)
    spoken = {name: value for name, value in fields.items() if not _is_thing(name)}
    words = {
        **spoken,
        **words,
        **{catalog.identifier(name) or name: one for name, one in (same or {}).items()},
    }
    if any(axis.name == "draft" for axis in read):
        raise InvalidRequest(
            "draft can't be an axis, since a final is made of a draft that is there.",
            hint="Make drafts with draft=True, and the best of them final.",
            field="draft",
        )
    if fields.get("draft") is True and any(axis.name == "resolution" for axis in read):
        raise InvalidRequest(
            "resolution is an axis, and a draft has the cheapest one whatever it is.",
            hint="Leave one of them out.",
            field="resolution",
        )
    _check_names(read, templates, {*fields} | ({"take"} if take != 1 else set()), words)
    groups = pair(read, zipped)
    rows, columns = layout(groups, rows, columns)
    cells = [
        _cell(make, values, prompt=prompt, take=take, fields=fields, words=words)
        for values in expand(groups, rows, columns)
    ]
    _check_values(read, cells)
    return Plan(
        prompt=prompt,
        axes=tuple(read),
        zipped=tuple(tuple(axis.name for axis in group) for group in groups if len(group) > 1),
        rows=rows,
        columns=columns,
        fixed=_shared(read, templates, cells, words, fields),
        cells=tuple(cells),
    )


def _cell(
    make: Make,
    values: Combination,
    *,
    prompt: str | None,
    take: int,
    fields: Mapping[str, Any],
    words: Mapping[str, Any],
) -> Planned:
    chosen = {name: value.value for name, value in values.items()}
    take = _whole(chosen.get("take", take))
    given = {**fields, **{name: value for name, value in chosen.items() if name in SETTABLE}}
    # A picture or a clip has no text but its name.
    spoken = {**words, **{n: v.label if _is_thing(n) else v.value for n, v in values.items()}}
    text = str(given.pop("prompt", ""))
    if prompt is not None:
        text = fill(prompt, {"prompt": text}) if "prompt" in chosen else prompt
    try:
        request = make(fill(text, spoken), take, given, several="model" in chosen)
    except InvalidRequest as error:
        field = str(error.facts.get("field", ""))
        return Planned(values=values, take=take, reason=error.message, hint=error.hint, field=field)
    return Planned(values=values, take=take, request=request)


def _readable(axis: Axis, image_types: Collection[str]) -> Axis:
    """The axis with its images read; what can't be read stays, for the request to say what is wrong with it."""
    if axis.name not in PICTURES:
        return axis
    return Axis(
        axis.name, tuple(replace(value, value=_read(value.value, image_types)) for value in axis.values)
    )


def _read(source: Any, image_types: Collection[str]) -> Any:
    if isinstance(source, (list, tuple)):
        return [_read(one, image_types) for one in source]
    try:
        return source if source is None else read_picture(source, image_types)
    except UnreadablePicture:
        return source


def _templates(prompt: str | None, axes: Sequence[Axis]) -> list[str]:
    """Every text with variables in it.

    Raises:
        InvalidRequest: there is no prompt, or two of them.
    """
    prompts = next((axis for axis in axes if axis.name == "prompt"), None)
    if prompts is None:
        if prompt is None:
            raise InvalidRequest(
                "The prompt is empty.", hint="Write one, or make prompt an axis.", field="prompt"
            )
        return [prompt]
    if prompt is not None and "prompt" not in variables(prompt):
        raise InvalidRequest(
            "The prompt is given, and is an axis as well.",
            hint="Leave one out, or put {{prompt}} where the axis goes into it.",
            field="prompt",
        )
    return [*([prompt] if prompt else []), *(str(value.value) for value in prompts.values)]


def _sort_out(
    fixed: Mapping[str, Any], known: Sequence[str], image_types: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is fixed as fields of the request, and as variables of the prompt."""
    fields: dict[str, Any] = {}
    words: dict[str, Any] = {}
    for typed, value in fixed.items():
        name = axis_name(typed, known)
        if name not in SETTABLE:
            words[name] = value
        elif value is not None:
            fields[name] = _read(value, image_types) if name in PICTURES else value
    return fields, words


def _check_names(
    axes: Sequence[Axis], templates: Sequence[str], set_: Iterable[str], words: Mapping[str, Any]
) -> None:
    names = {axis.name for axis in axes}
    for name in set_:
        if name in names:
            raise InvalidRequest(
                f"{name} is set, and is an axis as well.", hint="Leave one of them out.", field=name
            )
    for one in references(*templates):
        if one.name not in names and not {one.name, one.text} & {*words}:
            near = catalog.did_you_mean(one.name, [*names])
            hint = near if near.startswith("Did you mean") else f'Give it values: axes={{"{one.name}": […]}}'
            raise InvalidRequest(f"{{{{{one.text}}}}} in the prompt has no value.", hint=hint, field=one.name)


def _check_values(axes: Sequence[Axis], cells: Sequence[Planned]) -> None:
    """Refuse a value that only makes empty cells: it is a mistake, and better said than shown.

    Not so a model that takes nothing of what others are asked for: then its cells say so, beside theirs.
    """
    refused = [cell for cell in cells if cell.request is None]
    if len(refused) == len(cells):
        raise InvalidRequest(refused[0].reason, hint=refused[0].hint)
    possible = {(name, value.label) for cell in cells if cell.request for name, value in cell.values.items()}
    for axis in axes:
        for label in axis.labels:
            if (axis.name, label) not in possible:
                first = next(cell for cell in refused if cell.values[axis.name].label == label)
                if axis.name == "model" and first.field != "model":
                    continue
                raise InvalidRequest(
                    f"Nothing can be made with {axis.name} {label}: {first.reason}",
                    hint=first.hint,
                    field=axis.name,
                )


def _shared(
    axes: Sequence[Axis],
    templates: Sequence[str],
    cells: Sequence[Planned],
    words: Mapping[str, Any],
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    """What all cells have in common, as plain values that stay the same from one kernel to the next."""
    names = {axis.name for axis in axes}
    first = next(cell for cell in cells if cell.request is not None)
    assert first.request is not None, "chosen so"
    varied = {*names, "prompt"}
    if any(picture.leads for picture in first.request.pictures()):
        # The next picture may lead to another one.
        varied.add("aspect_ratio")
    if "seed" not in fields:
        # A draft has drawn its own, another in each cell.
        varied.add("seed")
    # Of several models one may say a thing in its prompt for which another has a field.
    asked = [cell.request for cell in cells if cell.request] if "model" in names else [first.request]
    every = {name: value for one in reversed(asked) for name, value in full_form(one.canonical()).items()}
    shared = {name: value for name, value in every.items() if name not in varied}
    if fields.get("draft"):
        shared["draft"] = True
    for name, value in shared.items():
        many = [_lasting(one) for one in value] if isinstance(value, list) else _lasting(value)
        shared[name] = many
    spoken = {one.text: one.words(words) for one in references(*templates) if one.name not in names}
    return {**spoken, **shared, **({} if "take" in names else {"take": first.take})}


def _lasting(value: Any) -> Any:
    """A picture by what is in it, a source by its job: addresses and file names may change."""
    return value.get("key") or value.get("sha256") if isinstance(value, dict) else value


def _is_thing(name: str) -> bool:
    return name in SETTABLE and SETTABLE[name].kind in ("image", "images", "video")


def _whole(value: Any) -> Any:
    # numpy's whole numbers mean the same; anything else is for the request to refuse.
    try:
        return value if isinstance(value, bool) else index(value)
    except TypeError:
        return value
