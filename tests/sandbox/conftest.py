"""The sandbox as the program that it is, on a real socket, and a client that writes every byte itself."""

from __future__ import annotations

import base64
import functools
import io
import json
import os
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image

from tests.kernel import fork

ROOT = Path(__file__).parents[2]
MODEL = "veo-3.1-generate-preview"
UNLIMITED = ("--per-minute", "0", "--in-flight", "0")
"""A test may ask more in a minute than a person does."""
SUBMIT = f"/v1beta/models/{MODEL}:predictLongRunning"


def start_alone(arguments, environment, stdin):
    """Start the program as a person does, to look at what it writes or to hand it something."""
    return subprocess.Popen(
        [sys.executable, "-m", "veo_nb.sandbox", *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


class Sandbox:
    """One server process; `ask` submits, `wait` polls until it is done."""

    def __init__(self, data, *options, key="sk-test", wait=True, stock="", alone=False, stdin=None):
        self.data = Path(data)
        self.key = key
        arguments = ["--data", str(data), *options]
        environment = {
            **os.environ,
            "VEO_NB_SANDBOX_KEY": key,
            # Here it is looked at how a clip is drawn, and that this takes its time: none comes out of the stock.
            "VEO_NB_SANDBOX_STOCK": str(stock),
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
        }
        self.process = (
            fork.launch(
                "veo_nb.sandbox",
                arguments,
                ROOT,
                environment,
                streams=(subprocess.DEVNULL, subprocess.PIPE, 2),
            )
            if wait and not alone and stdin is None
            else start_alone(arguments, environment, stdin)
        )
        assert self.process.stdout
        if wait:
            self.ready = self.process.stdout.readline()
            assert self.ready, "it does not start"
            self.url = self.ready.split()[1]
            headers = {"x-goog-api-key": key}
            self.http = httpx2.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30)

    def ask(self, instance, parameters=None, **options):
        """Submit, and give the answer."""
        body = {"instances": [{"prompt": "A quiet lake at dawn", **instance}]}
        if parameters is not None:
            body["parameters"] = parameters
        return self.http.post(SUBMIT, json=body, **options)

    def start(self, instance, parameters=None):
        """Submit, and give the operation's name."""
        answer = self.ask(instance, parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["name"]

    def poll(self, name):
        answer = self.http.get(f"/v1beta/{name}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait(self, name, seconds=60.0):
        """The finished operation."""
        deadline = time.monotonic() + seconds
        while not (found := self.poll(name)).get("done"):
            assert time.monotonic() < deadline, "it does not end"
            time.sleep(0.05)
        return found

    def uris(self, name):
        """Where the videos of an operation are, once it is done."""
        samples = self.wait(name)["response"]["generateVideoResponse"]["generatedSamples"]
        return [sample["video"]["uri"] for sample in samples]

    def fetch(self, uri, path):
        path.write_bytes(self.http.get(uri).content)
        return path

    def log(self):
        """Every request that it wrote down."""
        return [json.loads(line) for line in (self.data / "requests.jsonl").read_text().splitlines()]

    def stop(self):
        self.http.close()
        self.process.terminate()
        with self.process:
            try:
                return self.process.wait(10)
            finally:
                self.process.kill()


@pytest.fixture(autouse=True, scope="module")
def one_trust():
    """Whom a client trusts is loaded once for a file: nothing here goes over TLS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


@pytest.fixture
def launch():
    """Start servers that are stopped when the test is over."""
    started = []

    def start(data, *options, **more):
        started.append(Sandbox(data, *options, **more))
        return started[-1]

    yield start
    for sandbox in started:
        if hasattr(sandbox, "http"):
            sandbox.http.close()
        with sandbox.process:
            sandbox.process.kill()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    """A server that tests share which do not stop it."""
    one = Sandbox(tmp_path_factory.mktemp("sandbox"), "--latency", "0", *UNLIMITED)
    yield one
    one.stop()


@pytest.fixture(scope="session")
def clip(sandbox):
    """The address of a finished clip of 4 seconds, 720p."""
    return sandbox.uris(sandbox.start({}, {"durationSeconds": 4}))[0]


def photograph(width=160, height=90, seed=3):
    """A picture in which no two places are alike: soft blobs of colour."""
    lot = np.random.default_rng(seed)
    small = Image.fromarray(lot.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC)


def encoded(image, kind="PNG"):
    out = io.BytesIO()
    image.save(out, kind)
    return {
        "mimeType": f"image/{kind.lower()}",
        "bytesBase64Encoded": base64.b64encode(out.getvalue()).decode(),
    }


@pytest.fixture
def photo():
    return photograph


@pytest.fixture
def blob():
    return encoded
