"""Google's own library, as documented, on its asynchronous side; with a shorter sleep, so that it is not about that number."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from google import genai

from tests.bench.clients.memory import peak

LOOK_SECONDS = 0.5


async def make(client: Any, prompt: str, path: Path) -> None:
    operation = await client.models.generate_videos(model="veo-3.1-fast-generate-preview", prompt=prompt)
    while not operation.done:
        await asyncio.sleep(LOOK_SECONDS)
        operation = await client.operations.get(operation)
    video = operation.response.generated_videos[0].video
    # It cuts the file's name out of https addresses only.
    video.uri = video.uri.replace("http://", "https://")
    path.write_bytes(await client.files.download(file=video))


async def main(base: str, count: int) -> None:
    client = genai.Client(api_key="sk-sandbox", http_options={"base_url": base}).aio
    with tempfile.TemporaryDirectory() as name:
        await make(client, "warm up", Path(name) / "warm.mp4")
        begun, used = time.monotonic(), time.process_time()
        await asyncio.gather(
            *(make(client, f"clip {index}", Path(name) / f"{index}.mp4") for index in range(count))
        )
        wall, cpu = time.monotonic() - begun, time.process_time() - used
        assert len([*Path(name).iterdir()]) == count + 1
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak()}))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
