"""Drafts: the cheapest that a model makes of a request, and the same request in full.

A draft keeps what its final has (`VideoRequest.final_resolution`), and is known by it (`VideoRequest.fingerprint`); so
nothing else has to be remembered: the final of a draft is found by its fingerprint, and the draft of a final likewise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from veo_nb import catalog
from veo_nb.config import Settings
from veo_nb.engine.fields import check_pictures
from veo_nb.engine.job import Job
from veo_nb.engine.video import with_clip
from veo_nb.engine.workspace import Workspace
from veo_nb.errors import InvalidRequest
from veo_nb.request import SOURCES, VideoRequest
from veo_nb.store.billing import Quote, make_draft, quote


class Asked(Protocol):
    """Where requests are made and jobs are asked for; `Jobs` is it."""

    settings: Settings
    workspace: Workspace

    def request_of(
        self, prompt: str, take: int, fields: Mapping[str, Any], *, fresh: bool = False
    ) -> VideoRequest:
        """The checked request for these fields."""

    def is_standing(self, request: VideoRequest, take: int) -> bool:
        """Whether nothing would be sent for this."""

    def submit(self, request: VideoRequest, *, take: int = 1) -> tuple[Job, bool]:
        """The job for a request, and whether it is new."""

    def provider_of(self, request: VideoRequest) -> catalog.Provider:
        """The provider that a request goes to."""

    def find(self, job_id: str) -> Job | None:
        """The job with this id."""


class Drafts:
    """The drafts of a library and their finals."""

    def __init__(self, jobs: Asked) -> None:
        self._jobs = jobs

    def choose(self, request: VideoRequest, take: int, *, draft: Any, fresh: bool) -> VideoRequest:
        """What is sent where a request is asked for, as a draft or not.

        A draft whose price is that of its final is the request itself. A request of which there is a draft is the
        draft's final, with the same seed: unless it was made without, or is asked for `fresh`.

        Raises:
            InvalidRequest: nobody can say what is cheapest, or `draft` is neither True nor False.
        """
        settings, provider = self._jobs.settings, self._jobs.provider_of(request)
        if not isinstance(draft, bool):
            raise InvalidRequest(
                f"draft can't be {catalog.shown(draft)}.", hint="It takes True or False.", field="draft"
            )
        if draft:
            return make_draft(request, take, provider, settings.prices)
        full = request if fresh else request.seeded(provider, take)
        ledger = self._jobs.workspace.readable()
        if full is request or ledger is None:
            return request
        drafted = (full, full.as_draft(full.lines))
        # Of most requests none of the three was ever asked for, which one question tells.
        if not ledger.has_any([one.fingerprint() for one in (request, *drafted)], take):
            return request
        if self._jobs.is_standing(request, take):
            return request
        return full if any(self._jobs.is_standing(one, take) for one in drafted) else request

    def finalize(self, job: Job) -> Job:
        """The job for the final of a draft; asked for again it is the same job.

        Raises:
            InvalidRequest: it is no draft, its model or an input is gone.
            BudgetExceeded: it would go over the budget; nothing was sent.
        """
        return self._jobs.submit(self.full(job), take=job.take)[0]

    def find(self, job: Job) -> Job | None:
        """The final of a draft, where it was asked for and did not end so that it would be asked for anew."""
        parts = self._jobs.workspace.existing() if job.is_draft else None
        if parts is None:
            return None
        row = parts.ledger.standing(job.request.in_full().fingerprint(), job.take)
        return parts.registry.job(row) if row else None

    def quote(self, job: Job) -> Quote:
        """What the final of a draft costs by estimate."""
        full = job.request.in_full()
        if full.edit is not None and full.edit.clip is None:
            # Its length is the price.
            full = replace(full, edit=with_clip(full.edit, self._jobs.find))
        return quote(full, job.provider, self._jobs.settings.prices)

    def full(self, job: Job) -> VideoRequest:
        """The checked request for the final of a draft.

        Raises:
            InvalidRequest: it is no draft, its model or an input is gone.
        """
        provider, model = self._jobs.provider_of(job.request), catalog.model(job.request.model)
        if not job.is_draft:
            raise InvalidRequest(
                f"Job {job.id} is no draft, so there is nothing to make final.",
                hint="A draft is asked for with draft=True (--draft in a cell).",
            )
        check_pictures(job)
        if catalog.find_model(model.id, provider) is None:
            other = model.successor if model.successor in provider.models else provider.default_model
            raise InvalidRequest(
                f"{provider.title} does not serve {model.title}, so draft {job.id} can't be made final.",
                hint=f"Ask for its prompt with another model, such as {other}.",
                field="model",
            )
        full = job.request.in_full()
        name = catalog.qualified(model.id, provider, self._jobs.settings.provider)
        fields: Mapping[str, Any] = {"model": name, **full.settings(), **self._clips(full)}
        return self._jobs.request_of(job.request.prompt, job.take, fields, fresh=True)

    def _clips(self, request: VideoRequest) -> dict[str, Any]:
        """What it goes on from or changes, as the clip of the library: the provider may have it elsewhere by now."""
        sources = {name: getattr(request, name) for name in SOURCES}
        found = {
            name: with_clip(one, self._jobs.find).clip for name, one in sources.items() if one is not None
        }
        return {name: clip for name, clip in found.items() if clip is not None}


def undrafted(request: VideoRequest) -> str:
    """What a person should know who asked for a draft and gets the clip itself: a sentence."""
    title = catalog.model(request.model).title
    return f"Nothing that {title} makes is cheaper than {request.lines}: this is no draft but the clip itself, at its price."
