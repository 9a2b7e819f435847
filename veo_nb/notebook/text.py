"""The words for everything a person is told about a job; the same in the card, the page and the terminal."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from veo_nb import catalog
from veo_nb.engine.job import Job, JobNote, Snapshot
from veo_nb.engine.jobs import Unfetched
from veo_nb.engine.lease import Awaited
from veo_nb.media.measures import MEASURES, Found, shown
from veo_nb.media.picture import Picture
from veo_nb.media.shape import frame_of, ratio_of
from veo_nb.notebook.protocol import (
    Estimate,
    Left,
    Measured,
    Part,
    Progress,
    Reported,
    Since,
    Transfer,
    Until,
    format_elapsed,
)
from veo_nb.request import LEADERS, VideoRequest, misfit
from veo_nb.store.billing import Bill, Quote, Saving, ask_price
from veo_nb.store.rows import State

if TYPE_CHECKING:
    from veo_nb.catalog.tips import Reading

MEGABYTE = 1_000_000


def line(job: Job) -> list[Part]:
    """What is happening to a job, in pieces that tick by themselves."""
    now = job.now
    if now.note is not None and not now.state.final:
        return _waiting(now.note, now)
    if now.state is State.QUEUED:
        return ["Waiting to be sent"]
    if now.state is State.SUBMITTING:
        return ["Sending"]
    if now.state is State.RUNNING:
        return _generating(now)
    if now.state is State.DOWNLOADING:
        return [_downloading(now)]
    if now.state is State.SUCCEEDED:
        return ["Made" if (made := made_in(now)) is None else f"Made in {made}"]
    return [ending(job)]


def progress(now: Snapshot) -> Progress | None:
    """How far a job is: reported or guessed while it runs, counted while it uploads or downloads."""
    if now.note is not None and now.note.kind == "uploading" and now.total:
        return Transfer(done=now.received, total=now.total)
    if now.state is State.RUNNING and now.progress is not None:
        return Reported(share=now.progress)
    held = now.note is not None and now.note.kind == "held_open"
    if (now.state is State.RUNNING or held) and now.submitted_at is not None:
        return Estimate(since=now.submitted_at, **_curve(now))
    if now.state is State.DOWNLOADING and now.total:
        return Transfer(done=now.received, total=now.total)
    return None


def ending(job: Job, *, button: bool = False) -> str:
    """How a job ended that has no video, and what to do: one line; `button` where "Try again" stands beside it."""
    error = job.error
    if error is None:
        return "Ended"
    if job.now.state is State.BLOCKED:
        said = error.message.rstrip(".")
        return (
            f'Blocked by the provider\'s safety filter: "{said}". '
            f"The filter varies: {'Try again' if button else 'run the cell again'}, or change the prompt"
        )
    if job.now.state is State.UNCERTAIN:
        said = "Sent, but the answer was lost. It may have been accepted and charged."
        if job.now.unanswered:
            said = error.message
        return f"{said} Look at your provider's dashboard; %veo resubmit {job.id} sends it again"
    if job.now.state is State.CANCELLED:
        return str(error).rstrip(".")
    text = f"Failed: {error}"
    if job.fetchable and "%veo retry" not in text:
        text = f"{text.rstrip('.')}. Operation {job.operation} is kept: %veo retry {job.id}"
    return text


def missing(job: Job) -> str:
    """Which samples did not come of a job that has others, and why; empty where all came."""
    if job.now.lost:
        return _lost(job)
    asked, shown = job.request.sample_count or 1, " ".join(job.now.filtered)
    count = asked - len(job.now.videos)
    if count <= 0 and not shown:
        return ""
    samples = f"{count} of {asked} samples" if count > 0 else "some samples"
    if not shown:
        return f"{samples} did not come"
    return f'{samples} {"was" if count == 1 else "were"} blocked: "{shown}"'


def _lost(job: Job) -> str:
    """Which files of a job that was done are gone, and why they did not come again."""
    samples = [str(sample + 1) for sample, _ in job.now.lost]
    which = f"sample{'s' if samples[1:] else ''} {', '.join(samples)}" if job.now.videos else "the file"
    why = " ".join(dict.fromkeys(str(error) for _, error in job.now.lost))
    return f"{which} {'are' if samples[1:] and job.now.videos else 'is'} lost: {why.rstrip('.')}"


def settings_of(job: Job) -> list[str]:
    """`settings` of a job's request; of a draft with what it saves."""
    return settings(job.request, draft(job), job.model)


def settings(request: VideoRequest, drafted: str = "", model: str = "") -> list[str]:
    """What was set, as short words: the model, then nothing that was left to the provider.

    `drafted` stands for the resolution of a draft, where more is known of it; `model` is its name with that of its
    provider, where that has to be said (`Job.model`).
    """
    drafted = drafted or (f"Draft: {request.resolution}" if request.is_draft else "")
    enhanced = {True: "prompt enhanced", False: "prompt as written", None: ""}[request.enhance_prompt]
    own = {
        "person_generation": request.person_generation and request.person_generation.replace("_", " "),
        "enhance_prompt": enhanced,
        "sample_count": request.sample_count and counted(request.sample_count, "sample"),
        "generate_audio": {True: "with sound", False: "silent", None: ""}[request.generate_audio],
    }
    shown = [
        drafted,
        model or catalog.model(request.model).alias,
        _shape(request),
        "" if drafted else request.resolution,
        request.duration_seconds and f"{request.duration_seconds} s",
        request.image and f"from {_picture(request.image, request.shape)}",
        request.last_frame and f"to {_picture(request.last_frame, request.shape)}",
        request.reference_images and counted(len(request.reference_images), "reference image"),
        request.video and "goes on from a clip",
        request.edit and "changes a clip",
        *(own.get(field.name) or _said(field, request) for field in catalog.FIELDS),
    ]
    return [str(part) for part in shown if part]


def _said(field: catalog.Field, request: VideoRequest) -> str:
    """How the catalog says a field that is set; empty where it says none."""
    value = getattr(request, field.name) if field.said else None
    return "" if value in (None, "") else field.said.format(value)


def draft(job: Job) -> str:
    """`Draft: 360p at about a third of the price`; empty for a job that makes none."""
    if not job.is_draft:
        return ""
    full, once = job.final_quote.usd, job.now.unanswered == 0
    share = job.estimate / full if full and job.estimate is not None and once else None
    return saving(Saving(resolution=job.request.lines, share=share))


def saving(found: Saving) -> str:
    """`Draft: 360p at about a third of the price`."""
    share = "" if found.share is None else f" at about {_share(found.share)} of the price"
    return f"Draft: {found.resolution}{share}"


def _share(share: float) -> str:
    near = min(_SHARES, key=lambda name: abs(_SHARES[name] - share))
    return near if abs(_SHARES[near] - share) <= 0.05 * share else f"{share:.0%}"


_SHARES = {
    "three quarters": 3 / 4,
    "two thirds": 2 / 3,
    "half": 1 / 2,
    "a third": 1 / 3,
    "a quarter": 1 / 4,
    "a fifth": 1 / 5,
    "a tenth": 1 / 10,
}


def final_cost(job: Job) -> str:
    """What the final of a draft would cost; empty where no price is known."""
    found = job.final_quote
    return cost(found.usd, job.provider, found.note)


def final(job: Job) -> str:
    """How a draft that is here is made final, or which job its final is; empty for anything else."""
    if not job.is_draft or job.now.state is not State.SUCCEEDED:
        return ""
    if (made := job.final) is not None:
        return f"its final is {made.id}: %veo show {made.id}"
    price = final_cost(job)
    return f"%veo final {job.id} makes it final{f', {price}' if price else ''}{differs(job)}"


def differs(job: Job) -> str:
    """The warning that a final is not the same again, where the model takes no seed; else empty."""
    return "" if job.request.seed is not None else "; it will differ, since the model takes no seed"


def in_full(request: VideoRequest, found: Quote | None) -> str:
    """`in full about $0.70`, for the final of a draft that is not made yet; empty for what is no draft."""
    if found is None or not request.is_draft:
        return ""
    return f"in full {'at an unknown price' if found.usd is None else f'about {dollars(found.usd)}'}"


def cost(usd: float | None, provider: catalog.Provider, note: str = "") -> str:
    """`about $3.20`, or `would cost about $3.20` where nothing is charged; empty for an unknown price.

    `note` is what has to be said of the figure (`Quote.note`, `Job.price_note`).
    """
    if usd is None:
        return ""
    said = f"about {dollars(usd)}{f' ({note})' if note else ''}"
    return said if provider.bills else f"would cost {said}"


def cost_of(job: Job) -> str:
    """What a job costs by estimate, whose price that is, and what the provider's own count comes to; empty for none."""
    parts = (cost(job.estimate, job.provider, job.price_note), by_count(job))
    return " · ".join(part for part in parts if part)


def by_count(job: Job) -> str:
    """`charged by the provider's count: $0.69`; empty where it told no tokens, or nobody knows their price."""
    usd = job.usage.usd(job.request.model) if job.usage is not None else None
    if usd is None:
        return ""
    return f"{'charged ' if job.provider.bills else ''}by the provider's count: {dollars(usd)}"


def tokens(usage: catalog.Usage) -> str:
    """`57,920 of video, 310 of text and thought, 23 that went in`."""
    parts = {"of video": usage.video, "of text and thought": usage.text, "that went in": usage.input}
    return ", ".join(f"{count:,} {what}" for what, count in parts.items() if count)


def doubts(request: VideoRequest, provider: catalog.Provider) -> list[str]:
    """What sources disagree about in a request: it is sent, and the provider may refuse it."""
    values = {**request.settings(), "prompt": request.prompt, "model": request.model}
    return [one.rstrip(".") for one in catalog.find_doubts(values, provider)]


def dollars(usd: float) -> str:
    """`$3.20`."""
    return f"${usd:,.2f}"


def price(one: catalog.Price) -> str:
    """`$0.15 a second` or `$0.60 a call`, with more digits where it has them."""
    usd, unit = (one.usd_per_call, "call") if one.usd_per_call else (one.usd_per_second, "second")
    return f"{dollars(usd) if round(usd, 2) == usd else f'${usd:g}'} a {unit}"


def prices(
    model: catalog.Model, provider: catalog.Provider, known: Sequence[catalog.Price]
) -> dict[str, str]:
    """What a model costs, by where that stands: `$0.10 a second, 1080p $0.12 a second; silent $0.08 a second`."""
    found: dict[str, dict[bool, dict[str, str]]] = {}
    sounds = (True, False) if provider.takes(catalog.FIELD["generate_audio"]) else (True,)
    for sound, lines in itertools.product(sounds, model.resolutions or ("",)):
        one = catalog.find_price(known, provider, model.id, resolution=lines, sound=sound)
        if one is not None:
            where = f"{one.origin}; {one.note}" if one.note else one.origin
            found.setdefault(where, {}).setdefault(sound, {})[lines] = price(one)
    return {where: _figures(by_sound, model) for where, by_sound in found.items()}


def wanted_price(provider: catalog.Provider, known: Sequence[catalog.Price]) -> str:
    """The question for a person's own price, where a provider publishes none and nobody has given one; else empty."""
    if not provider.price_note:
        return ""
    found = (catalog.find_price(known, provider, model) for model in provider.models)
    if any(one is not None and not one.note for one in found):
        return ""
    asked = ask_price(provider, provider.default_model)
    return f"{provider.title} publishes no price: what do you pay there? {asked}"


def _figures(by_sound: Mapping[bool, Mapping[str, str]], model: catalog.Model) -> str:
    said = []
    for sound, by_lines in by_sound.items():
        if not sound and by_sound.get(True) == by_lines:
            continue
        # Most is at 720p: what costs the same as the resolution before it is not said again.
        parts: list[str] = []
        before = ""
        for lines, figure in by_lines.items():
            if figure != before:
                first = lines in model.resolutions[:1] and len(by_lines) == len(model.resolutions)
                named = lines and (parts or not first)
                parts.append(f"{lines} {figure}" if named else figure)
            before = figure
        said.append(f"{'' if sound else 'silent '}{', '.join(parts)}")
    return "; ".join(said)


def budget(bill: Bill, *, noted: bool = False) -> str:
    """`so far about $3.20 of the budget of $20.00, $16.80 left`; without a budget what was spent alone.

    `noted` says that whose prices these are has been said already.
    """
    said = f" ({bill.note})" if bill.note and not noted else ""
    spent = f"so far about {dollars(bill.spent)}{said}"
    if bill.budget is None or bill.left is None:
        return spent
    return f"{spent} of the budget of {dollars(bill.budget)}, {dollars(bill.left) if bill.left else 'nothing'} left"


def made_in(now: Snapshot) -> str | None:
    """`1:12`, the time from submit to ready; None where nobody watched."""
    if now.generated_at is None or now.submitted_at is None:
        return None
    if now.generated_at < now.submitted_at:  # the clock was set back
        return None
    return format_elapsed(now.generated_at - now.submitted_at)


def made_when(now: Snapshot, at: datetime) -> str:
    """`today 10:32`, `yesterday 18:05` or `2026-11-22 10:32`, seen from the local time `at`."""
    made = datetime.fromtimestamp(now.finished_at or now.created_at).astimezone(at.tzinfo)
    days = (at.date() - made.date()).days
    day = {0: "today", 1: "yesterday"}.get(days) or made.strftime("%Y-%m-%d")
    return f"{day} {made:%H:%M}"


def shown_again(now: Snapshot, at: datetime) -> str:
    """The line under a stored clip: when it was made, that nothing was sent, how to get another."""
    return (
        f"Made {made_when(now, at)} · shown again, nothing sent · "
        "--take 2 for another sample, --fresh to ask anew"
    )


def shape(request: VideoRequest) -> str:
    """The words for the picture's shape, for people who can't see it."""
    if ratio_of(request.shape) == 1:
        return "square"
    return "upright" if frame_of(request.shape) == "9:16" else "wide"


def _shape(request: VideoRequest) -> str | None:
    """The aspect ratio, and where it was taken from if nobody set it."""
    for name, leader in LEADERS.items():
        picture = getattr(request, name)
        if picture is not None and picture.leads:
            return f"{request.aspect_ratio}, as the {leader}"
    return request.aspect_ratio


def _picture(picture: Picture, shape: str) -> str:
    """A frame by its name, and what a person should know: that the provider changes its shape, that it is small."""
    found = misfit(picture, shape)
    notes = [f"{found}, the provider makes it {shape}"] if found else []
    if min(picture.width, picture.height) < catalog.IMAGE.small_side:
        notes.append(f"only {picture.width} x {picture.height} pixels")
    name = picture.name or "an image"
    return f"{name} ({'; '.join(notes)})" if notes else name


def left_open(found: Reading) -> str:
    """`Left open: camera, light`, of what matters most; what can be said of a prompt in another language instead."""
    if not found.understood:
        return "Words for English prompts: what yours says already can't all be recognised"
    names = [one.name for one in found.open if not one.fine]
    if names:
        return f"Left open: {', '.join(names)}"
    return (
        "Only finer things are left open"
        if found.open
        else "Nothing is left open of what Google's guides name"
    )


EDIT_OPEN = "An edit says only what should change: the rest of its clip stays"
"""In place of it, of the prompt of an edit."""


def expiry(unfetched: Unfetched) -> str:
    """The warning about a video that is paid for and not here: `3f2a: not fetched yet, …`."""
    job = unfetched.job
    return (
        f"{job.id}: not fetched yet, the provider deletes it in {unfetched.left}: "
        f"%veo retry {job.id} fetches it"
    )


def awaited(found: Iterable[Awaited]) -> list[str]:
    """What the jobs wait for that are not done and not driven by this kernel: a line each for those with the same."""
    together: dict[tuple[str, str], list[str]] = {}
    for one in found:
        together.setdefault((one.whom, one.name), []).append(one.job_id)
    lines = []
    for (whom, name), ids in together.items():
        more = f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
        jobs = ", ".join(ids[:MOST_IDS]) + more
        lines.append(_AWAITED[whom].format(jobs=jobs, name=name, verb="waits" if len(ids) == 1 else "wait"))
    return lines


MOST_IDS = 4
_AWAITED = {
    "notebook": "being made by another notebook on {name}: {jobs}",
    "silence": "{jobs} {verb} for a kernel on {name} that may be gone: taken on once it has said nothing for a minute",
    "provider": "{jobs} {verb} for {name}, a provider that is not known here: install its package",
    "address": "{jobs} {verb} for the address of the {name}: set VEO_NB_BASE_URL",
    "key": "{jobs} {verb} for a key: %veo login {name}",
}


def counted(count: int, thing: str) -> str:
    """`1 clip`, `3 clips`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _waiting(note: JobNote, now: Snapshot) -> list[Part]:
    until = note.until or 0.0
    if note.kind == "slot":
        return ["Waiting for a free slot", f"{note.count} ahead" if note.count else "next in line"]
    if note.kind == "rate":
        text = f"Waiting: {note.count} requests a minute is the limit, next in {{}}"
        return [Until(at=until, text=text, past="Sending")]
    if note.kind == "asked":
        return [Until(at=until, text="Waiting: rate limited, next try in {}", past="Trying again")]
    if note.kind in ("offline", "down"):
        lasts = "No connection for {}" if note.kind == "offline" else "No usable answer for {}"
        goes_on = "The provider goes on; next try in {}" if now.state is State.RUNNING else "Next try in {}"
        return [
            Since(at=note.since or now.created_at, text=lasts),
            *([note.why.rstrip(".")] if note.why else []),
            Until(at=until, text=goes_on, past="Trying again"),
        ]
    if note.kind == "denied":
        made = now.state is State.DOWNLOADING
        what = "Made, and not handed out for {}" if made else "Accepted, and not found there for {}"
        return [
            Since(at=note.since or now.created_at, text=what),
            note.why.rstrip("."),
            Until(at=until, text="It is paid for, so it is asked for again in {}", past="Asking again"),
        ]
    if note.kind == "held_open":
        return [
            "Generating",
            Since(at=now.submitted_at or now.created_at),
            "not stored (store=False): if the connection breaks it is lost, and may be charged",
        ]
    if note.kind == "uploading":
        return [_uploading(note.why, now)]
    return [_NOTED[note.kind]]


_NOTED = {
    "held": "Paused with its sweep",
    "starting": "Starting the sandbox",
    "elsewhere": "Being made by another notebook that uses this library",
    "stopping": "Stopping",
}


def measured(found: Found) -> list[Measured]:
    """What was measured of a clip, in the order in which it is shown; nothing where nothing was."""
    return [
        Measured(
            label=one.label,
            value=shown(name, found.get(name)),
            about=f"{one.definition} Higher is {one.higher}.",
        )
        for name, one in MEASURES.items()
        if found
    ]


def _generating(now: Snapshot) -> list[Part]:
    began = now.submitted_at or now.created_at
    if now.progress is not None:
        return ["Generating", Since(at=began), f"{now.progress:.0%}".replace("%", " %")]
    return ["Generating", Since(at=began), Left(at=began, **_curve(now))]


def _curve(now: Snapshot) -> dict[str, float]:
    """How long such clips take, in as few digits as it is known."""
    return {"usual": round(now.latency.usual, 1), "slope": round(now.latency.slope, 2)}


def _uploading(what: str, now: Snapshot) -> str:
    if not now.received or not now.total:
        return f"Uploading {what}"
    if now.received >= now.total:
        return f"{what} is uploaded, and the provider reads it"
    return f"Uploading {what}: {_megabytes(now.received)} of {_megabytes(now.total)} MB"


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:.0f}" if size >= 10 * MEGABYTE else f"{size / MEGABYTE:.1f}"


def _downloading(now: Snapshot) -> str:
    if not now.received:
        return "Downloading"
    if not now.total:
        return f"Downloading · {now.received / MEGABYTE:.1f} MB so far"
    return f"Downloading · {now.received / MEGABYTE:.1f} of {now.total / MEGABYTE:.1f} MB"
