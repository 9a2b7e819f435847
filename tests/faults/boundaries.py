"""The steps of a job's life, and how a process is made to kill itself exactly there.

    arm("renamed and not recorded")     # in the process that is to die: it does so when it comes by

Nothing in the package knows of this: the method at the boundary is wrapped in the process that is the victim.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from veo_nb.api.client import AsyncClient
from veo_nb.api.download import Received
from veo_nb.engine import download
from veo_nb.engine.engine import Engine
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger
from veo_nb.store.rows import State

HALF = 100_000
"""Bytes of a video after which a download is cut."""


async def shortly(seconds: float) -> None:
    """A sleep for studios whose provider is ready at once."""
    await asyncio.sleep(min(seconds, 0.02))


def die(*_: Any, **__: Any) -> None:
    """End this process as the system does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, when: Callable[..., bool] = lambda *_, **__: True) -> None:
    """Die when the method is called, before any of it is done."""
    real = getattr(owner, name)

    @functools.wraps(real)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if when(*arguments, **named):
            die()
        return real(*arguments, **named)

    setattr(owner, name, wrapped)


def after(owner: Any, name: str, when: Callable[..., bool] = lambda *_, **__: True) -> None:
    """Die when the method has done its work, before anybody hears of it."""
    real = getattr(owner, name)

    @functools.wraps(real)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        done = real(*arguments, **named)
        if when(*arguments, **named):
            return ended(done) if inspect.isawaitable(done) else die()
        return done

    async def ended(done: Any) -> None:
        await done
        die()

    setattr(owner, name, wrapped)


def becomes(state: State) -> Callable[..., bool]:
    """Whether a record is of this state."""
    return lambda *_, **changes: changes.get("state") is state


def in_the_middle_of_a_download() -> None:
    """Die once the first half of a video is on disk."""
    real = AsyncClient.fetch

    async def fetch(self: AsyncClient, uri: str, path: Path, on_progress: Any = None) -> Received:
        def show(received: int, total: int | None) -> None:
            if received >= HALF:
                # What lies in the file's buffer is lost with the process, as it is in any kill.
                die()

        return await real(self, uri, path, show)

    AsyncClient.fetch = fetch  # type: ignore[method-assign]


STEPS: dict[str, Callable[[], None]] = {
    "before the row": lambda: before(Ledger, "add_job"),
    "row written, nobody told": lambda: after(Ledger, "add_job"),
    "queued, not yet being sent": lambda: before(Engine, "_record", becomes(State.SUBMITTING)),
    "before the POST": lambda: before(AsyncClient, "submit"),
    "POST sent and not answered": lambda: None,  # the provider holds the answer, the test kills
    "answered and not recorded": lambda: before(Engine, "_accepted"),
    "recorded, not in the journal": lambda: before(Ledger, "_note", lambda *a: "operation" in a[2]),
    "recorded and not polled": lambda: after(Engine, "_accepted"),
    "polling": lambda: after(AsyncClient, "poll"),
    "done and not recorded": lambda: before(Engine, "_record", becomes(State.DOWNLOADING)),
    "done and recorded": lambda: after(Engine, "_record", becomes(State.DOWNLOADING)),
    "mid-download": in_the_middle_of_a_download,
    "downloaded and not checked": lambda: before(download, "keep_video"),
    "checked, sidecar not written": lambda: before(Files, "write_sidecar"),
    "downloaded and not renamed": lambda: before(Files, "place"),
    "renamed and not recorded": lambda: after(Files, "place"),
    "video recorded, end not": lambda: after(Ledger, "add_video"),
    "before the end is recorded": lambda: before(Engine, "_record", becomes(State.SUCCEEDED)),
    "end recorded, nobody told": lambda: after(Engine, "_record", becomes(State.SUCCEEDED)),
}
"""In the order of a job's life."""


def arm(step: str) -> None:
    """Have this process die at a step."""
    STEPS[step]()


if __name__ == "__main__":
    from veo_nb.studio import Studio

    arm(sys.argv[1])
    Studio(sleep=shortly).generate(sys.argv[2]).wait(60)
    print("still alive")
