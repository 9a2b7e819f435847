"""veo_nb: each job in the ledger before it is sent, each clip checked, with its recipe beside it."""

from __future__ import annotations

import json
import sys
import tempfile
import time

import veo_nb as veo
from tests.bench.clients.memory import peak


def main(base: str, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        studio = veo.Studio(
            provider="sandbox",
            base_url=base,
            library=folder,
            max_in_flight=count,
            requests_per_minute=1_000_000,
        )
        studio.generate("warm up").wait()
        begun, used = time.monotonic(), time.process_time()
        jobs = [studio.generate(f"clip {index}") for index in range(count)]
        for job in jobs:
            job.wait(timeout=300)
        wall, cpu = time.monotonic() - begun, time.process_time() - used
        assert all(job.video.path.exists() for job in jobs)
        studio.close()
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak()}))


main(sys.argv[1], int(sys.argv[2]))
