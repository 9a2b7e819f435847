"""What a draft asks for: one request, or a sweep where anything has several values; and what would come of it.

All rules are the catalog's. Nothing here is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from typing import Any

from msgspec.structs import replace

from veo_nb import catalog
from veo_nb.catalog.tips import ELEMENTS, Reading, open_questions
from veo_nb.config import Settings
from veo_nb.engine.drafts import undrafted
from veo_nb.engine.job import Job
from veo_nb.engine.video import Video, own_model
from veo_nb.errors import InvalidRequest, VeoError
from veo_nb.media.picture import Picture
from veo_nb.notebook import text
from veo_nb.notebook.pages.tips import filled_in
from veo_nb.notebook.panel.images import picture_key
from veo_nb.notebook.panel.protocol import Check, Choice, Draft, FieldForm, Setup, Tip, Value
from veo_nb.notebook.panel.store import empty_draft
from veo_nb.notebook.panel.validation import (
    LABELS,
    find_closed,
    find_problems,
    find_unavailable,
    offered,
    plain_text,
    plain_values,
    served_here,
)
from veo_nb.notebook.place import Place
from veo_nb.notices import note_seen
from veo_nb.records.late import dataclass
from veo_nb.request import SOURCES, Source, misfit
from veo_nb.store.billing import find_saving
from veo_nb.studio import Studio
from veo_nb.sweep.summary import in_time
from veo_nb.sweep.template import check_filled, fill, references

MOST_SENT = 9_000_000
"""Bytes of a picture in a message to the kernel: of more than 10 MiB Jupyter's server ends the connection."""


@dataclass(frozen=True)
class Composed:
    """A draft as the studio takes it: axes where anything varies, else none."""

    prompt: str
    axes: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    take: int = 1


def make_setup(studio: Studio, place: Place) -> Setup:
    """What the provider that is set takes, and the others with a key."""
    settings = studio.settings
    provider = settings.provider
    return Setup(
        title=provider.title,
        tag="" if provider.bills else provider.title,
        folder=place.shown(settings.library.resolve()),
        fields=[_form(catalog.FIELD[name], settings) for name in LABELS],
        most_references=catalog.FIELD["reference_images"].most,
        most_bytes=min(MOST_SENT, catalog.IMAGE.most_bytes),
        tips=[
            Tip(name=one.name, question=one.question, phrases=[*one.phrases], first=one.first)
            for one in ELEMENTS
            if one.phrases
        ],
    )


def _form(item: catalog.Field, settings: Settings) -> FieldForm:
    served, name = catalog.find_served(settings.model, settings.provider)
    default = catalog.find_model(name, served) or catalog.model(served.models[0] if served.models else "")
    values: list[Choice] = []
    if item.name == "model":
        values = [Choice(value=one.value, label=one.alias, group=one.group) for one in served_here(settings)]
    elif item.kind == "choice":
        values = [Choice(value=value, label=say(item.name, value)) for value in offered(item, settings)]
    elif item.kind == "switch":
        values = [Choice(value=on, label=say(item.name, on)) for on in (True, False)]
    unset = {
        "model": catalog.short_name(default.id, served, settings.provider),
        "aspect_ratio": default.default_shape if served.takes(item) else "",
        "resolution": default.default_resolution,
        "generate_audio": "with sound",
        "duration_seconds": f"{default.default_duration} s",
    }
    kind = "choice" if item.kind == "choice" else "switch" if item.kind == "switch" else item.kind
    assert kind in ("choice", "switch", "text", "number"), "forms have no others"
    return FieldForm(
        name=item.name,
        label=LABELS[item.name],
        help=item.help,
        kind=kind,
        choices=values,
        unset=unset.get(item.name, ""),
        seldom=item.seldom,
    )


def say(name: str, value: Any) -> str:
    """A field's value as a person says it: `8 s`, `allow adult`, `enhanced`."""
    if name == "duration_seconds":
        return f"{value} s"
    if name == "enhance_prompt":
        return "enhanced" if value else "as written"
    if name == "generate_audio":
        return "with sound" if value else "silent"
    return str(value).replace("_", " ")


def read_draft(
    draft: Draft,
    picture: Callable[[str], Picture],
    clip: Callable[[str], Any],
    settings: Settings | None = None,
) -> Composed:
    """What a draft asks for, under these settings.

    Raises:
        VeoError: a picture or a clip is gone, a variable has no value, or a list can't be read.
    """
    axes: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    _check_texts(draft)
    for value in draft.fields.get("negative_prompt", []):
        check_filled("negative_prompt", value)
    for name, values in draft.fields.items():
        if name not in LABELS:
            raise InvalidRequest(f"A request has no field {name!r}.", hint="Reload the page.", field=name)
        _take_field(name, list(values), axes, fields)
    _take_pictures(draft, picture, axes, fields)
    sources = {name: clip(key) for name in SOURCES if (key := getattr(draft, name))}
    for source in sources.values():
        if "model" not in axes and settings is not None and (own := model_for(source, settings)):
            # As everywhere, unless the form says another.
            fields = {"model": own, **fields}
    fields |= sources
    if draft.fit:
        fields["fit"] = draft.fit
    if draft.drafted:
        fields["draft"] = True
    variables = _take_variables(draft, axes)
    prompt = draft.prompt.strip() if axes else fill(draft.prompt.strip(), variables)
    return Composed(prompt, axes, fields, variables if axes else {}, draft.take)


def _take_pictures(
    draft: Draft, picture: Callable[[str], Picture], axes: dict[str, Any], fields: dict[str, Any]
) -> None:
    for name in ("image", "last_frame"):
        pictures = [picture(key) for key in getattr(draft, name)]
        if len(pictures) > 1:
            axes[name] = pictures
        elif pictures:
            fields[name] = pictures[0]
    if draft.reference_images:
        fields["reference_images"] = [picture(key) for key in draft.reference_images]


def _check_texts(draft: Draft) -> None:
    """Nothing, where no text of a draft holds half a character: not even a refusal could quote it."""
    catalog.check_text("The name of a variable", [*draft.variables])
    catalog.check_text("The name of a field", [*draft.fields])
    others = ("prompt", "image", "last_frame", "reference_images", *SOURCES)
    texts = [
        *draft.variables.items(),
        *draft.fields.items(),
        *((name, getattr(draft, name)) for name in others),
    ]
    for name, value in texts:
        catalog.check_text(name, value)


def _take_variables(draft: Draft, axes: dict[str, Any]) -> dict[str, str]:
    """The variables with one value; those with several become axes."""
    variables: dict[str, str] = {}
    for one in references(draft.prompt):
        name = one.name
        if one.steps:
            raise InvalidRequest(
                f"{{{{{one.text}}}}} looks into a variable of the notebook, which only a cell can.",
                hint=f"Write {{{{{name}}}}}, and give its values below the prompt.",
                field="prompt",
            )
        given = [value for value in draft.variables.get(name, []) if value.strip()]
        if not given:
            raise InvalidRequest(
                f"{{{{{name}}}}} has no value yet.",
                hint="Give it one below the prompt, or several.",
                field="prompt",
            )
        if len(given) > 1:
            axes[name] = given
        else:
            variables[name] = given[0]
    return variables


def _take_field(name: str, values: list[Any], axes: dict[str, Any], fields: dict[str, Any]) -> None:
    """Put a field where it belongs: several values are an axis."""
    kind = catalog.FIELD[name].kind
    values = [value for value in values if not (isinstance(value, str) and not value.strip())]
    if not values:
        return
    if kind == "number" and len(values) == 1 and isinstance(values[0], str):
        text = values[0].strip()
        if text.isdecimal():
            fields[name] = int(text)
        else:
            axes[name] = text
    elif kind == "text" and len(values) == 1 and "||" in str(values[0]):
        axes[name] = values[0]
    elif len(values) > 1:
        axes[name] = values
    else:
        fields[name] = values[0]


def draft_again(job: Job, key_at: Callable[[str], str] = lambda _: "") -> Draft:
    """The draft that a job was made from, as far as a form can say it.

    `key_at` gives the key of the library's clip at an address.
    """
    request = job.request
    fields: dict[str, list[Value]] = {
        name: [value] for name, value in request.asked(job.provider, job.take).items() if name in LABELS
    }
    return replace(
        empty_draft(),
        prompt=request.prompt,
        fields={**fields, "model": [job.model]},
        image=[picture_key(request.image)] if request.image else [],
        last_frame=[picture_key(request.last_frame)] if request.last_frame else [],
        reference_images=[picture_key(one) for one in request.reference_images],
        video=_clip_key(request.video, key_at),
        edit=_clip_key(request.edit, key_at),
        drafted=job.is_draft,
    )


def _clip_key(source: Source | None, key_at: Callable[[str], str]) -> str:
    """The key of the library's clip that a request holds; of any other its address, empty for none."""
    if source is None:
        return ""
    if source.key.startswith("job:"):
        return source.key.removeprefix("job:")
    return str(source.path) if source.path is not None else key_at(source.uri) or source.uri


def submit(studio: Studio, asked: Composed, *, confirm: bool) -> tuple[list[Job], str]:
    """Make what is asked for: its jobs, and the id of the sweep where it is one.

    Raises:
        VeoError: it can't be sent; nothing was.
    """
    if not asked.axes:
        return [studio.submit(asked.prompt, take=asked.take, **asked.fields)[0]], ""
    sweep = studio.sweep(
        asked.prompt,
        axes=asked.axes,
        take=asked.take,
        variables=asked.variables,
        confirm=confirm,
        **asked.fields,
    )
    return list(sweep.jobs), sweep.id


def check_draft(
    studio: Studio, draft: Draft, picture: Callable[[str], Picture], clip: Callable[[str], Any]
) -> Check:
    """What a draft would do, with all that is wrong with it, and what its prompt leaves open."""
    found = _check(studio, draft, picture, clip)
    if draft.edit:
        return replace(found, tips=text.EDIT_OPEN)
    reading = _reading(draft, studio.settings)
    return replace(found, left_open=[one.name for one in reading.open], tips=text.left_open(reading))


def _reading(draft: Draft, settings: Settings) -> Reading:
    values = {name: ", ".join(given) for name, given in draft.variables.items() if any(given)}
    models = draft.fields.get("model") or [settings.model]
    return open_questions(
        filled_in(draft.prompt, values),
        sound=any(_sounds(str(one), settings) for one in models)
        and draft.fields.get("generate_audio") != [False],
        picture=bool(draft.image or draft.video),
    )


def _sounds(name: str, settings: Settings) -> bool:
    """Whether a model's clips have sound; of one that is not known they may."""
    try:
        provider, alias = catalog.find_served(name, settings.provider)
    except InvalidRequest:
        return True
    model = catalog.find_model(alias, provider)
    return model is None or model.sound


def _check(
    studio: Studio, draft: Draft, picture: Callable[[str], Picture], clip: Callable[[str], Any]
) -> Check:
    provider = studio.settings.provider
    values = plain_values(draft, _model_of(draft, clip, studio.settings) or studio.settings.model)
    unavailable = find_unavailable(values, draft, studio.settings)
    if shut := find_closed(draft, studio.settings):
        return replace(_NOTHING, problems=shut, unavailable=unavailable)
    saving, reason = _saving(studio, values)
    if reason:
        unavailable["draft"] = {"*": reason}
    try:
        found = _forecast(studio, read_draft(draft, picture, clip, studio.settings))
        return replace(found, unavailable=unavailable, saving=saving)
    except VeoError as error:
        problems = find_problems(error, values, provider, varied=_is_varied(draft))
        return replace(_NOTHING, problems=problems, unavailable=unavailable, saving=saving)


def _saving(studio: Studio, values: Mapping[str, Any]) -> tuple[str, str]:
    """What a draft would save, or why there is none."""
    provider = studio.settings.provider
    try:
        found = find_saving(values, provider, studio.settings.prices)
    except InvalidRequest as error:
        return "", plain_text(error.message)
    if found is None:
        provider, name = catalog.find_served(str(values["model"]), provider)
        model = catalog.find_model(name, provider)
        lines = values.get("resolution") or (model.default_resolution if model else "")
        return "", f"Nothing that {model.title} makes is cheaper than {lines}." if model else ""
    return text.saving(found).removeprefix("Draft: "), ""


def model_for(source: Any, settings: Settings) -> str:
    """The model that made a clip, where it is the one to go on from it and its provider has it; else empty."""
    own = own_model(source, settings).get("model", "") if isinstance(source, Video) else ""
    provider, name = catalog.find_served(own, settings.provider)
    return own if own and catalog.find_model(name, provider) else ""


def _model_of(draft: Draft, clip: Callable[[str], Any], settings: Settings) -> str:
    """The model that made the clip which a draft goes on from or changes, where that is to make the next one too."""
    key = draft.edit or draft.video
    try:
        _check_texts(draft)
        source = clip(key) if key else None
    except VeoError:
        # It is said where the draft is read.
        return ""
    return model_for(source, settings)


def _forecast(studio: Studio, asked: Composed) -> Check:
    notes = []
    if asked.axes:
        sweep = studio.sweeps.preview(
            asked.prompt, axes=asked.axes, take=asked.take, variables=asked.variables, **asked.fields
        )
        forecast = sweep.forecast
        firm, seconds = forecast.firm, forecast.seconds
        provider = max(sweep.providers, key=lambda one: one.bills)
        price = forecast.price if provider.bills else f"would cost {forecast.price}"
        count, stored, in_full = forecast.clips, forecast.stored, forecast.in_full
        if sweep.plan.undrafted:
            notes.append(
                f"{sweep.plan.undrafted} of {len(sweep.plan.cells)} are no drafts: nothing is cheaper."
            )
        impossible = sum(cell.request is None for cell in sweep.plan.cells)
        if impossible:
            reason = next(f"{cell.reason} {cell.hint}" for cell in sweep.plan.cells if cell.request is None)
            notes.append(f"{impossible} of {len(sweep.plan.cells)} can't be made: {plain_text(reason)}")
        asked_for = [cell.request for cell in sweep.plan.cells if cell.request is not None]
        doubts = [doubt for one in asked_for for doubt in text.doubts(one, studio.jobs.provider_of(one))]
        models = {(one.model, one.provider) for one in asked_for}
    else:
        one = studio.preview(asked.prompt, take=asked.take, **asked.fields)
        firm, seconds = one.quote.firm, one.seconds
        clips = one.request.sample_count or 1
        count, stored = (0, clips) if one.stored else (clips, 0)
        provider = one.provider
        price = text.cost(one.usd, provider, one.quote.note) or "price unknown"
        in_full = text.in_full(one.request, one.in_full)
        if asked.fields.get("draft") and not one.request.is_draft:
            notes.append(undrafted(one.request))
        doubts = text.doubts(one.request, provider)
        models = {(one.request.model, one.request.provider)}
        for name in ("image", "last_frame"):
            frame = getattr(one.request, name)
            shape = misfit(frame, one.request.shape) if frame is not None else ""
            if shape:
                notes.append(
                    f"{frame.name or 'The picture'} is {shape}; the provider will make it {one.request.shape}. "
                    "Crop or pad it to say how."
                )
    notes += [plain_text(f"{doubt}: it is sent as it is.") for doubt in dict.fromkeys(doubts)]
    notes += _endings(studio, models)
    parts = [text.counted(count, "clip"), price, in_full, in_time(seconds)] if count else [in_full]
    parts = [part for part in parts if part]
    if stored:
        parts.append(
            f"{stored} there already, shown at no cost"
            if count
            else "There already, or on its way: nothing is sent"
        )
    bill = studio.jobs.cost(provider)
    if count and not bill.fits(firm):
        unsaid = f"{provider.title} publishes no price; " if provider.price_note and firm is None else ""
        notes.append(f"It would not be sent: {unsaid}{text.budget(bill, noted=True)}.")
    return replace(
        _NOTHING,
        count=count,
        stored=stored,
        line=" · ".join(parts),
        cost=price if count else "",
        button=_button(
            count, stored, changes=bool(asked.fields.get("edit")), drafts=bool(asked.fields.get("draft"))
        ),
        notes=notes,
    )


def _endings(studio: Studio, models: Collection[tuple[str, str]]) -> list[str]:
    """What should be said of models, each with its provider's name, whose end is near."""
    found = []
    for model, whose in sorted(models):
        server = studio.settings.provider_of(whose or studio.settings.provider.name)
        if ending := studio.jobs.workspace.ending(model, server):
            note_seen(ending)
            found.append(ending)
    return found


_NOTHING = Check(
    problems=[],
    unavailable={},
    count=0,
    stored=0,
    line="",
    cost="",
    saving="",
    button="Generate",
    notes=[],
    left_open=[],
    tips="",
)


def _button(count: int, stored: int, *, changes: bool, drafts: bool) -> str:
    if count and changes:
        return "Change it" if count == 1 else f"Change it in {count} ways"
    if count:
        return f"Generate {text.counted(count, 'draft' if drafts else 'clip')}"
    return "Show the clip" if stored == 1 else f"Show {stored} clips"


def _is_varied(draft: Draft) -> bool:
    """Whether any field has several values."""
    lists: list[list[Any]] = [*draft.fields.values(), draft.image, draft.last_frame]
    return any(len(values) > 1 for values in lists)
