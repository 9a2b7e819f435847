"""What a person gives as fields, as one checked request; and the fields that ask for a job's request again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from veo_nb import catalog
from veo_nb.config import Settings
from veo_nb.engine.inputs.files import clip_of_file
from veo_nb.engine.job import Job
from veo_nb.engine.video import Video, source_of, with_clip
from veo_nb.errors import InvalidRequest
from veo_nb.request import SOURCES, Source, VideoRequest, make_request
from veo_nb.store.rows import State


def read_fields(
    settings: Settings,
    prompt: str,
    take: int,
    fields: Mapping[str, Any],
    *,
    find: Callable[[str], Job | None],
    is_standing: Callable[[VideoRequest, int], bool],
    now: float | None = None,
) -> VideoRequest:
    """The checked request for these fields, where a field of None is none; a job stands for its clip.

    It goes to the provider that is set, or to the one that the model's name begins with. `find(id)` gives a job,
    `is_standing` says whether a request has a clip already; `now` is when what a provider remembers is judged.

    Raises:
        InvalidRequest: it can't be sent.
    """
    if isinstance(take, bool) or not isinstance(take, int) or take < 1:
        raise InvalidRequest(f"take can't be {take!r}.", hint="It takes a whole number from 1.", field="take")
    values = {"model": settings.model, **{k: v for k, v in fields.items() if v is not None}}
    values |= _sources(values, settings, find, now)
    for name in ("image", "last_frame"):
        if isinstance(values.get(name), Job):
            raise InvalidRequest(f"{name} is a whole job.", hint="Use its .video.last_frame().", field=name)
    for key in settings.known_keys():
        if name := key.stands_in({"prompt": prompt, **values}):
            raise InvalidRequest(
                f"{name} holds your key, which would be sent and kept with it.",
                hint="Take it out.",
                field=name,
            )
    request = _make(settings, prompt, values)
    if "fit" in values and request.aspect_ratio and "aspect_ratio" not in values:
        # Made to fit, an upright photo became a wide clip before it led to an upright one; where that is there it stays.
        values["aspect_ratio"] = catalog.model(request.model).default_shape
        wide = replace(make_request(settings.provider, prompt=prompt, **values), aspect_ratio=None)
        request = wide if is_standing(wide, take) else request
    return request


def _sources(
    values: Mapping[str, Any],
    settings: Settings,
    find: Callable[[str], Job | None],
    now: float | None,
) -> dict[str, Any]:
    """The clips among these fields, as the provider that is asked knows them."""
    provider, model = catalog.find_served(str(values["model"]), settings.provider)
    found = {}
    for name in SOURCES:
        clip = values.get(name)
        clip = clip.video if isinstance(clip, Job) else clip_of_file(clip, name, provider, model)
        if isinstance(clip, Video):
            found[name] = clip = source_of(clip, provider, model, now)
        if name == "edit" and isinstance(clip, Source) and clip.clip is None:
            found[name] = with_clip(clip, find)
    return found


def _make(settings: Settings, prompt: str, values: Mapping[str, Any]) -> VideoRequest:
    try:
        return make_request(settings.provider, prompt=prompt, **values)
    except InvalidRequest as error:
        if error.facts.get("field") == "model" and (hint := settings.whose(str(values["model"]))):
            error.hint = hint
        raise


def fields_again(job: Job, default: catalog.Provider) -> dict[str, Any]:
    """The fields that ask the job's provider for the same once more; they are checked anew as any others.

    The model's name says which provider that is, where it is not the default one.

    Raises:
        InvalidRequest: the job still runs, its answer was lost, or an input is gone.
    """
    if not job.now.state.final:
        raise InvalidRequest(f"Job {job.id} is {job.status}.", hint="%veo wait waits for it.")
    if job.now.state is State.UNCERTAIN:
        raise InvalidRequest(
            f"Job {job.id} may have been accepted and charged.",
            hint=f"%veo resubmit {job.id} sends it again.",
        )
    check_pictures(job)
    model = catalog.qualified(job.request.model, job.provider, default)
    asked = job.request.asked(job.provider, job.take)
    return {"prompt": job.request.prompt, "model": model, **asked}


def check_pictures(job: Job) -> None:
    """Nothing, where the pictures of a job are still in the library.

    Raises:
        InvalidRequest: one is gone.
    """
    for picture in job.request.pictures():
        if not picture.data:
            name = picture.name or "An input image"
            raise InvalidRequest(f"{name} is gone from the library.", hint="Run its cell again.")
