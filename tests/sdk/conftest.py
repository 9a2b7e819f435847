"""Others' clients and servers in environments of their own, and a sandbox for them to speak to."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
KEY = "sk-sandbox"
# The first speaks the Developer API's older dialect with a key, which no later one does.
OLD, NEW = "2.34.0", "3.6.1"


def python_of(release: str) -> str:
    """The Python that has a release of Google's client."""
    return python_with(f"genai-{release}", f"google-genai=={release}")


def python_with(name: str, *packages: str) -> str:
    """The Python that has these packages, in an environment of this name; fetched when it is asked for first."""
    script = 'set -euo pipefail; . tests/environment.sh; peer "$@"'
    command = ["bash", "-c", script, "bash", name, *packages]
    (ROOT / ".cache").mkdir(exist_ok=True)
    # Two files of tests may run at a time, and want the same release.
    with filelock.FileLock(ROOT / ".cache" / "peers.lock"):
        made = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if made.returncode:
        said = f"{' '.join(packages)} can't be had: {made.stderr.strip().rpartition(chr(10))[2]}"
        # A developer may be offline; CI may not.
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(said)
    return made.stdout.strip()


def play(
    mode: str,
    url: str,
    folder: Path,
    *scenes: str,
    prompt: str = "A quiet lake at dawn",
    driver: str = "driver.py",
) -> dict[str, Any]:
    """What came of these scenes, played by Google's client; those that ask for nothing special use this prompt."""
    for seed, name in enumerate(("first", "last")):
        lot = np.random.default_rng(seed)
        small = Image.fromarray(lot.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        small.resize((160, 90), Image.Resampling.BICUBIC).save(folder / f"{name}.png")
    run = subprocess.run(
        [
            python_of(OLD if (driver, mode) == ("driver.py", "key") else NEW),
            str(Path(__file__).with_name(driver)),
            mode,
            url,
            KEY,
            str(folder),
            prompt,
            *scenes,
        ],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    outcome: dict[str, Any] = json.loads(run.stdout)
    return outcome
