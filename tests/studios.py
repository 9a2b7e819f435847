"""A clip to send, and the world that the engine's tests live in."""

from __future__ import annotations

import asyncio
import functools
import ssl
from typing import Any

import numpy as np
import pytest

from tests.world import KEY, OWN, Service, Time, World, stay_on_one_thread
from veo_nb.media.encode import Writer
from veo_nb.studio import Studio
from veo_nb.views import NotebookViews

_one_context = functools.cache(ssl.create_default_context)


@pytest.fixture
def tls(monkeypatch):
    """One TLS context for all clients: nothing here goes over a wire, and each takes a tenth of a test's time."""
    monkeypatch.setattr(ssl, "create_default_context", _one_context)


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> bytes:
    """A real MP4 of half a second that is more than a chunk of a download long: most of it is filling.

    As much noise takes 28 ms of a core to be checked, by each job of each test, and this one.
    """
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    rate = 4700
    filled = f"nal-hrd=cbr:bitrate={rate}:vbv-maxrate={rate}:vbv-bufsize={rate}:filler=1"
    shades = np.linspace(0, 120, 192, dtype=np.uint8)[None, :, None]
    with Writer(path, 192, 108, tuning=filled) as writer:
        for number in range(12):
            writer.add_picture(np.broadcast_to(shades + np.uint8(10 * number), (108, 192, 3)).copy())
    assert path.stat().st_size > 200_000
    return bytes(path.read_bytes())


@pytest.fixture
async def make_world(tmp_path, clip, tls):
    """Worlds with another provider or other limits than the usual ones: `make_world(most=2)`."""
    stay_on_one_thread(asyncio.get_running_loop())
    worlds: list[World] = []

    def make(**limits: Any) -> World:
        worlds.append(World(tmp_path / f"library{len(worlds)}", clip, **limits))
        return worlds[-1]

    yield make
    for world in worlds:
        await world.close()


@pytest.fixture
async def world(make_world):
    return make_world()


@pytest.fixture
def service(clip) -> Service:
    """The provider behind every studio of `make_studio`."""
    return Service(clip)


@pytest.fixture
def make_studio(tmp_path, tmp_path_factory, service, tls):
    """Studios on one library, each with its own thread; time passes for them as fast as they sleep.

    While the service holds an answer back, it stands still. Whoever works with them has
    said what GPTProto costs, in a file elsewhere; a test that writes one into `tmp_path` has that one.
    """
    place = tmp_path_factory.mktemp("place")
    (place / "veo_nb.toml").write_text(OWN)
    time = Time(stopped=service.holding)
    studios: list[Studio] = []

    def make(environ=None, **settings) -> Studio:
        values = {"provider": "gptproto", "api_key": KEY, "library": str(tmp_path / "library"), **settings}
        # Relative to the test's own folder, wherever the file with the prices lies.
        values["library"] = str(tmp_path / values["library"])
        studio = Studio(
            environ=environ or {},
            folder=tmp_path if (tmp_path / "veo_nb.toml").exists() else place,
            transport=service.transport,
            clock=time.clock,
            sleep=time.hurry,
            views=NotebookViews(),
            **values,
        )
        studios.append(studio)
        return studio

    yield make
    for studio in studios:
        studio.close()


@pytest.fixture
def studio(make_studio):
    return make_studio()
