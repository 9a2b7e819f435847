"""What is exchanged for the panel (see `veo_nb.notebook.protocol`).

Its traits are `panel` (what can be asked for), `draft` (what is being composed), `queue` (which jobs are on their way,
in order) with `row_0`, `row_1`, … (a job each, so that one change pushes one row), `library` (how much there is to be
found) with `shelves`, `chosen` and `view`. A library of thousands of clips is no trait: the page asks for the part of it
that it shows, for stills, and for videos where no server has them. The commands are in `commands`. Pure.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from veo_nb.notebook.protocol import Exchanged, Key, Measured, Part, Progress, Shape, State

ROWS = 24
"""Jobs that the queue shows one by one; of more it says how many."""

Text = Annotated[str, msgspec.Meta(max_length=20_000)]
Name = Annotated[str, msgspec.Meta(max_length=200)]
Value = str | int | bool
"""What a field of a request can be set to in a form."""


# What can be asked for


class Choice(Exchanged, frozen=True):
    """A value that a field takes, and how a person says it."""

    value: Value
    label: str
    group: str = ""
    """What it stands under: of a model the provider; empty where there are no groups."""


class FieldForm(Exchanged, frozen=True):
    """A field of the request as a form shows it."""

    name: str
    label: str
    help: str
    kind: Literal["choice", "text", "number", "switch"]
    choices: list[Choice]
    """Of a choice or a switch; empty for the others."""
    unset: str
    """What stands there while nothing is set: `8 s` where the provider takes that, else empty."""
    seldom: bool
    """Whether it stands in the fold, with what is seldom set."""


class Tip(Exchanged, frozen=True):
    """Something that a prompt may leave open, and phrases that say it."""

    name: str
    question: str
    phrases: list[str]
    first: bool
    """Whether a phrase goes before the rest of the prompt."""


class Setup(Exchanged, frozen=True):
    """What the provider that is set takes; it changes only with the settings."""

    title: str
    """The provider's name, as a person says it."""
    tag: str
    """`sandbox`, or empty."""
    folder: str
    """Where the library is, as a person says it."""
    fields: list[FieldForm]
    most_references: int
    most_bytes: int
    """Of a picture that a page gives: what one message to the kernel can carry."""
    tips: list[Tip]


# What is being composed


class Draft(Exchanged, frozen=True):
    """A request that is being made: nothing of it is sent before somebody asks for that."""

    prompt: Text
    variables: dict[Name, Annotated[list[Text], msgspec.Meta(max_length=1000)]]
    """The values of each `{{variable}}`; several make a sweep."""
    fields: dict[Name, Annotated[list[Value], msgspec.Meta(max_length=1000)]]
    """What was set, by field; several values make a sweep. A text may hold several in the way of a cell."""
    image: list[Name]
    """Pictures by their key; several make a sweep."""
    last_frame: list[Name]
    reference_images: list[Name]
    video: Key
    """The key of the clip that is gone on from; empty for none."""
    edit: Key
    """The key of the clip that is changed; empty for none."""
    fit: Literal["", "crop", "pad"]
    take: Annotated[int, msgspec.Meta(ge=1)]
    drafted: bool
    """Whether the cheapest is asked for that the model makes, to be made final once it is good."""


class SharedDraft(Exchanged, frozen=True):
    """The draft as all panels have it, and which view wrote it last: that one knows better."""

    by: str
    draft: Draft


class GalleryView(Exchanged, frozen=True):
    """How a person has the gallery: it is so again after a restart."""

    search: Name
    models: list[Name]
    states: list[Name]
    """Any of `made`, `joined`, `failed`, `blocked`, `cancelled`, `uncertain`, and `starred`, which narrows the others;
    none means `made` and `joined`."""
    rating: Annotated[int, msgspec.Meta(ge=0, le=5)]
    """At least so many stars; 0 for all."""
    sweep: Key
    days: Annotated[int, msgspec.Meta(ge=0)]
    """Not older than so many days; 0 for all."""
    order: Literal["newest", "oldest", "rating"]


class Problem(Exchanged, frozen=True):
    """Why a draft can't be sent."""

    field: str
    message: str
    hint: str


class Check(Exchanged, frozen=True):
    """What a draft would do, with nothing sent."""

    problems: list[Problem]
    unavailable: dict[str, dict[str, str]]
    """Of each field the values, as texts, that can't be combined with the others, and why. A field with the
    value `*` can't be used at all; `draft` has nothing else."""
    count: int
    """Clips that it would make, samples counted one by one; those that are there already are not among them."""
    stored: int
    """Those that are."""
    line: str
    """`2 clips · about $2.40 · about 2 min`."""
    cost: str
    """`about $2.40`; empty where nothing would be sent."""
    saving: str
    """`360p at about a third of the price`, where it is or were asked for as a draft; empty where nothing is cheaper."""
    button: str
    """`Generate 2 clips`, `Change it`, `Show the clip`, `Generate`."""
    notes: list[str]
    """What should be known before: the picture will be cut, the budget does not suffice."""
    left_open: list[str]
    """Tips by name, of what the prompt does not say."""
    tips: str
    """`Left open: camera, light`, or why that can't be told."""


class PictureState(Exchanged, frozen=True):
    """A picture that was given, kept in the library."""

    key: str
    name: str
    width: int
    height: int
    still: str
    """A small data URI."""
    origin: str
    """The key of the clip that it is a frame of; empty for none."""


# What is on its way


class Queue(Exchanged, frozen=True):
    """The jobs that are on their way or ended without a clip, those to be sent last at the end."""

    order: list[str]
    """Ids of the jobs that have a row, in the order in which they are shown."""
    more: int
    """Jobs beyond those."""
    line: list[Part]
    """`2 generating · 3 waiting · about 3 min left`; empty while there is nothing."""


RowAction = Literal["cancel", "retry", "rerun", "resubmit", "dismiss", "move"]


class Row(Exchanged, frozen=True):
    """A job in the queue; `{}` in a trait that has none."""

    job: str
    state: State
    prompt: str
    """At most 120 letters."""
    settings: str
    line: list[Part]
    progress: Progress | None
    actions: list[RowAction]


# What can be found


class SweepName(Exchanged, frozen=True):
    """A sweep to choose from."""

    id: str
    title: str


class LibraryState(Exchanged, frozen=True):
    """What there is in the library, in short. A new `version` says that something in it has changed."""

    version: int
    total: int
    """Clips."""
    cost: str
    """`so far about $3.20 of the budget of $20.00, $16.80 left`."""


class Shelves(Exchanged, frozen=True):
    """What the clips of the library can be told apart by; a trait of its own, since it is long and seldom changes."""

    models: list[Choice]
    """Those that made something, by their full id."""
    sweeps: list[SweepName]


class Item(Exchanged, frozen=True):
    """A clip in the gallery, or a job that has none."""

    key: str
    """`3f2a/0`: the job and the sample; of clips that were put together the id that they got, and 0."""
    job: str
    kind: Literal["clip", "joined", "none"]
    state: State
    prompt: str
    """At most 200 letters."""
    settings: str
    shape: Shape
    url: str
    """Where the page may find it; empty where there is no server that has it."""
    path: str
    bytes: int
    duration: float
    fps: float
    here: bool
    """Whether its file is there."""
    rating: int
    star: bool
    note: str
    sweep: str
    made: float
    """Seconds since 1970."""


class Lineage(Exchanged, frozen=True):
    """A clip that another one came from, or that came from it."""

    key: str
    how: str
    """`its last frame`, `its frame at 2.5 s`, `goes on from it`, `changes it`, `makes it final`, `part of it`."""
    prompt: str
    here: bool
    note: str
    """Why it is not here: `on its way`, `blocked`, `gone`; empty where it is."""


class Step(Lineage, frozen=True):
    """A clip among those that were made of one another by changing it or by going on from it."""

    parent: str
    """The key of the step before; empty for the first."""
    depth: int
    """How many are before it on its way from the first."""


class Change(Exchanged, frozen=True):
    """Whether a clip can be changed by saying how."""

    model: str
    """The model that would do it: the one that made it, else the one that is set."""
    reason: str
    """Why that one can't; empty where it can."""
    other: str
    """A model at this provider that can, where that one has no edits; empty for none."""


DetailsAction = Literal["finalize", "another", "vary", "extend", "retry", "rerun", "resubmit"]


class Details(Exchanged, frozen=True):
    """All that is known of a clip."""

    item: Item
    prompt: str
    line: list[Part]
    recipe: list[tuple[str, str]]
    """What was set and what came of it: name and value, in reading order."""
    measures: list[Measured]
    """What was measured of it; empty while nothing was."""
    pictures: list[PictureState]
    """First frame, last frame and references."""
    came_from: list[Lineage]
    became: list[Lineage]
    steps: list[Step]
    """It and those that it was made of, or that were made of it and of them, each before what was made of it; empty
    where there are no others."""
    more_steps: int
    """Those beyond."""
    cell: str
    """The `%%veo` cell that makes exactly this clip; empty where it takes Python."""
    python: str
    actions: list[DetailsAction]
    """What makes sense here, beside what can be done with every clip."""
    final_cost: str
    """What it would cost to make a draft final: `about $0.70`; empty where it is none, or no price is known."""
    cannot_extend: str
    """Why it can't be gone on from; empty where it can."""
    extend_model: str
    """The model that goes on from it, where that is its own; empty for whichever Compose has."""
    change: Change
