"""What asks for the same as a job once more."""

from __future__ import annotations

from typing import Any

from veo_nb import catalog
from veo_nb.engine.job import Job
from veo_nb.errors import InvalidRequest
from veo_nb.store.rows import State


def fields_again(job: Job, provider: catalog.Provider) -> dict[str, Any]:
    """The fields that ask this provider for the same once more; they are checked anew as any others.

    Raises:
        InvalidRequest: the job still runs, its answer was lost, an input is gone, or another provider had it.
    """
    if not job.now.state.final:
        raise InvalidRequest(f"Job {job.id} is {job.status}.", hint="%veo wait waits for it.")
    if job.now.state is State.UNCERTAIN:
        raise InvalidRequest(
            f"Job {job.id} may have been accepted and charged.",
            hint=f"%veo resubmit {job.id} sends it again.",
        )
    check_again(job, provider)
    return {
        "prompt": job.request.prompt,
        "model": job.request.model,
        **job.request.asked(job.provider, job.take),
    }


def check_again(job: Job, provider: catalog.Provider) -> None:
    """Nothing, where this provider had the job and its inputs are here.

    Raises:
        InvalidRequest: another provider had it, or an input is gone.
    """
    if job.provider.name != provider.name:
        raise InvalidRequest(
            f"Job {job.id} was made with {job.provider.title}.",
            hint=f'Use veo.configure(provider="{job.provider.name}") with its key first.',
        )
    for picture in job.request.pictures():
        if not picture.data:
            name = picture.name or "An input image"
            raise InvalidRequest(f"{name} is gone from the library.", hint="Run its cell again.")
