"""Kernels, sandboxes and gateways that end with their test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kernel.gateway import Gateway
from tests.kernel.kernel import Kernel
from tests.kernel.sandbox import Sandbox


@pytest.fixture
def folder(tmp_path):
    """The folder a notebook lies in."""
    notebook = tmp_path / "notebook"
    notebook.mkdir()
    return notebook


@pytest.fixture
def data(folder):
    """Where the sandbox that a studio starts by itself keeps its log."""
    return folder / "veo_library" / ".sandbox"


@pytest.fixture
def kernel(folder) -> Iterator[Kernel]:
    """A kernel as a stranger has it: no key, no setting, so the studio starts a sandbox by itself."""
    with Kernel(folder) as kernel:
        yield kernel


@pytest.fixture
def sandbox(tmp_path) -> Iterator[Sandbox]:
    """A sandbox that is as fast as it can render."""
    with Sandbox(tmp_path / "sandbox") as sandbox:
        yield sandbox


@pytest.fixture
def quick(folder, sandbox) -> Iterator[Kernel]:
    """A kernel at the quick sandbox, with the extension loaded."""
    with Kernel(folder, **sandbox.environment) as kernel:
        kernel.run("%load_ext veo_nb")
        yield kernel


@pytest.fixture
def slow_sandbox(tmp_path) -> Iterator[Sandbox]:
    """A sandbox that takes 5 seconds a video."""
    with Sandbox(tmp_path / "sandbox", latency=5) as sandbox:
        yield sandbox


@pytest.fixture
def slow(folder, slow_sandbox) -> Iterator[Kernel]:
    """A kernel at the slow sandbox, with the extension loaded."""
    with Kernel(folder, **slow_sandbox.environment) as kernel:
        kernel.run("%load_ext veo_nb")
        yield kernel


@pytest.fixture
def gateway(tmp_path) -> Iterator[Gateway]:
    """A quick sandbox behind a gateway."""
    with Sandbox(tmp_path / "sandbox", latency=0.5) as sandbox, Gateway(sandbox) as gateway:
        yield gateway
