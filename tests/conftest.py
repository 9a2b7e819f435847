"""What all tests share: nobody's real key is in reach, and the quick tests come first.

`HYPOTHESIS_PROFILE=thorough` has each property tried with five times as many examples.
"""

from __future__ import annotations

import gc
import os
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

from tests.studios import clip, make_studio, make_world, service, studio, tls, world

__all__ = ["clip", "make_studio", "make_world", "service", "studio", "tls", "world"]

# A machine may be busy: no example is wrong for taking long.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("usual", patient)
settings.register_profile("thorough", patient, max_examples=500)
settings.load_profile("thorough" if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else "usual")

STOCK = "VEO_NB_SANDBOX_STOCK"
SLOW = ("browser", "package", "kernel", "sdk")
"""The longest files first."""
ONE_LAB = ("test_panel", "test_grid", "test_costs", "test_drafts", "test_change", "test_report")
"""The files of browser tests that have one Lab and one Chromium; the others have another, which takes as long."""


def pytest_configure(config):
    """A developer's own settings must not steer the tests, and a key in them must never be used."""
    for name in [*os.environ]:
        if (name.startswith("VEO_NB_") and name != STOCK) or name.endswith("_API_KEY"):
            del os.environ[name]
    # A test that looks at a clip's pictures takes this away.
    os.environ["VEO_NB_SANDBOX_DRAFT"] = "1"
    if not hasattr(config, "workerinput"):
        # One for all that run at a time: hundreds of clips that nobody looks at are drawn once.
        stock = TemporaryDirectory(prefix="veo-nb-stock-")
        config.add_cleanup(stock.cleanup)
        os.environ[STOCK] = stock.name
    # A backend of keyring's that keeps nothing: nobody's own keyring is opened.
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"


def pytest_collection_modifyitems(config, items):
    """A broken function shows before the minutes that kernels and browsers take.

    Where several files run at a time it is the other way round: the slow ones wait more than they work, and short ones
    fill the time beside them and the end. The site comes after all that run a notebook: it takes what they leave.
    """
    quick = len(SLOW) if hasattr(config, "workerinput") else -1

    def place(item):
        if item.get_closest_marker("site"):
            return len(SLOW) - 0.5
        return next((at for at, name in enumerate(SLOW) if item.get_closest_marker(name)), quick)

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Whole files to each process, and those in a browser to two: Lab, Chromium and a page take 10 s of a core to start."""
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            if "/browser/" not in file:
                return file
            return f"browser {file.rpartition('/')[2].removesuffix('.py') in ONE_LAB}"

    return Scheduling(config, log) if config.option.dist == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Thousands of tests and all that they import live to the end: no `gc.collect()` need look at them.

    IPython's shell does one whenever it ends; with all of that they took as long as a third of the quick tests. And where the
    tests are compiled first, half of the time went into looking at what they are compiled from.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture
def anyio_backend():
    return "asyncio"
