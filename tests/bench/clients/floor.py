"""The floor: what the wire alone costs, in a bare loop over aiohttp that keeps nothing and checks nothing."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from tests.bench.clients.memory import peak

LOOK_SECONDS = 0.5


async def make(http: aiohttp.ClientSession, base: str, prompt: str, folder: Path) -> None:
    path = "/v1beta/models/veo-3.1-fast-generate-preview:predictLongRunning"
    async with http.post(f"{base}{path}", json={"instances": [{"prompt": prompt}]}) as answer:
        name = (await answer.json())["name"]
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        async with http.get(f"{base}/v1beta/{name}") as answer:
            state = await answer.json()
        if state.get("done"):
            break
    uri = state["response"]["generateVideoResponse"]["generatedSamples"][0]["video"]["uri"]
    async with http.get(uri) as answer:
        (folder / f"{name.rsplit('/', 1)[-1]}.mp4").write_bytes(await answer.read())


async def main(base: str, count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        connector = aiohttp.TCPConnector(limit=8)
        async with aiohttp.ClientSession(connector=connector) as http:
            await make(http, base, "warm up", Path(name))
            begun, used = time.monotonic(), time.process_time()
            await asyncio.gather(*(make(http, base, f"clip {index}", Path(name)) for index in range(count)))
            wall, cpu = time.monotonic() - begun, time.process_time() - used
        assert len([*Path(name).iterdir()]) == count + 1
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak()}))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
