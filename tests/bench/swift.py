"""A provider that does next to nothing itself, for hundreds of operations at once: each is ready after two seconds.

It prints its address. `GET /counts` tells how many requests and connections came since `POST /counts`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

import uvicorn

READY_SECONDS = 2.0
JSON = [(b"content-type", b"application/json")]


class Service:
    """Three calls of Gemini's wire; the clip is the file that it was started with."""

    def __init__(self, clip: bytes) -> None:
        self.clip = clip
        self.number = itertools.count()
        self.made: dict[str, float] = {}
        self.requests = 0
        self.connections: set[Any] = set()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        while (await receive()).get("more_body"):
            pass
        status, headers, body = self.answer(scope["method"], scope["path"], scope)
        headers = [*headers, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def answer(
        self, method: str, path: str, scope: dict[str, Any]
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        if path == "/counts":
            said: dict[str, Any] = {"requests": self.requests, "connections": len(self.connections)}
            if method == "POST":
                self.requests, self.connections = 0, set()
            return 200, JSON, json.dumps(said).encode()
        self.requests += 1
        self.connections.add(tuple(scope["client"]))
        if method == "POST":
            model = path.rsplit("/", 1)[-1].partition(":")[0]
            name = f"models/{model}/operations/op{next(self.number)}"
            self.made[name] = time.monotonic() + READY_SECONDS
            return 200, JSON, json.dumps({"name": name}).encode()
        if "/operations/" in path:
            name = path.removeprefix("/v1beta/")
            said = {"name": name}
            if time.monotonic() >= self.made[name]:
                host = dict(scope["headers"])[b"host"].decode()
                uri = f"http://{host}/v1beta/files/{name.rsplit('/', 1)[-1]}:download?alt=media"
                sample = {"video": {"uri": uri, "encoding": "video/mp4"}}
                said |= {"done": True, "response": {"generateVideoResponse": {"generatedSamples": [sample]}}}
            return 200, JSON, json.dumps(said).encode()
        return 200, [(b"content-type", b"video/mp4")], self.clip


async def main(clip: Path) -> None:
    config = uvicorn.Config(
        Service(clip.read_bytes()), port=0, log_level="error", backlog=4096, timeout_keep_alive=60
    )
    sockets = [config.bind_socket()]
    # From here on who connects is kept waiting, and not refused.
    sockets[0].listen(4096)
    print(f"READY http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)
    await uvicorn.Server(config).serve(sockets)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
