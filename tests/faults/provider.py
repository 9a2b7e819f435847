"""A provider on a real socket that counts what it is asked, and can be told to answer late, slowly or not at all.

It serves in threads of the test's own process, to kernels and studios in theirs.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.faults.wires import WIRES

KEY = "sk-planted-0123456789abcdef"


class Provider:
    """Speaks the dialect `wire`, takes every clip, says `running` to the first `slow_polls` looks at it, and sends `clip`.

    `posts` lists the prompts of the submits, `names` the operations that were made for a prompt; `polls` and `downloads` count by prompt.
    """

    def __init__(self, clip: bytes) -> None:
        self.clip = clip
        self._lock = threading.Lock()
        self._free = threading.Event()
        self.forget()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                provider.answer(self, json.loads(self.rfile.read(int(self.headers["content-length"]))))

            def do_GET(self) -> None:
                provider.answer(self, None)

            def log_message(self, *_: object) -> None:
                """The counts are enough."""

            def handle(self) -> None:
                with contextlib.suppress(OSError):  # whoever asked was killed
                    super().handle()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.forget()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def forget(self) -> None:
        """Begin anew; answers that were held go out."""
        self._free.set()
        self._free = threading.Event()
        self.wire = WIRES["gemini"]
        self.posts: list[str] = []
        self.polls: Counter[str] = Counter()
        self.downloads: Counter[str] = Counter()
        self.ranges: list[str] = []
        self.slow_polls = 1
        self.hold_submits = False
        self.held = threading.Event()
        self.gone = False
        self.on_post: Callable[[], object] = lambda: None
        self.on_download: Callable[[], object] = lambda: None

    @property
    def environment(self) -> dict[str, str]:
        """What points a studio at it, with a key that must not be found anywhere afterwards."""
        wire = self.wire
        named = {"VEO_NB_MODEL": wire.model} if wire.base else {}
        return {"VEO_NB_PROVIDER": wire.provider, "VEO_NB_BASE_URL": self.url, wire.variable: KEY, **named}

    @property
    def quick(self) -> dict[str, str]:
        """The same as the sandbox, whose clips are looked for early and often."""
        return {"VEO_NB_PROVIDER": "sandbox", "VEO_NB_BASE_URL": self.url}

    def release(self) -> None:
        """Let held answers go, and hold none from now on."""
        self.hold_submits = False
        self._free.set()

    def doubled(self) -> int:
        """Submits beyond the first of each prompt."""
        return sum(count - 1 for count in Counter(self.posts).values())

    # Its answers

    def answer(self, request: BaseHTTPRequestHandler, body: Any) -> None:
        path = request.path.partition("?")[0]
        kind = self.wire.kind(request.command, path)
        if kind == "submit":
            self.submit(request, self.wire.prompt(body))
        elif kind == "poll":
            self.poll(request, self.wire.name_in(path, body))
        elif kind == "download":
            self.send(request, re.search(r"op(\d+)", path))
        else:
            self.refuse(request)

    def submit(self, request: BaseHTTPRequestHandler, prompt: str) -> None:
        with self._lock:
            self.posts.append(prompt)
            number = len(self.posts)
        self.on_post()
        if self.hold_submits:
            free = self._free
            self.held.set()
            free.wait(60)
        self._json(request, 200, self.wire.begun(request.path, number))

    def refuse(self, request: BaseHTTPRequestHandler) -> None:
        self._json(request, 404, {"error": {"code": 404, "message": "no such page"}})

    def poll(self, request: BaseHTTPRequestHandler, name: str) -> None:
        found = re.search(r"op(\d+)", name)
        prompt = self._prompt(found)
        if prompt is None or self.gone:
            self._json(request, 404, {"error": {"code": 404, "message": "no such operation"}})
            return
        with self._lock:
            self.polls[prompt] += 1
            done = self.polls[prompt] > self.slow_polls
        assert found is not None
        place = self.wire.place(self.url, found[0])
        self._json(request, 200, self.wire.made(name, [place], self.clip) if done else self.wire.going(name))

    def send(self, request: BaseHTTPRequestHandler, found: re.Match[str] | None) -> None:
        prompt = self._prompt(found)
        if prompt is None or self.gone:
            self._json(request, 404, {"error": {"code": 404, "message": "no such file"}})
            return
        with self._lock:
            self.downloads[prompt] += 1
            self.ranges.append(request.headers.get("range", ""))
        self.on_download()
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        start = int(asked[1]) if asked else 0
        size = len(self.clip)
        if start >= size:
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{size}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if asked else 200)
        request.send_header("Content-Type", "video/mp4")
        if asked:
            request.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        request.send_header("Content-Length", str(size - start))
        request.end_headers()
        request.wfile.write(self.clip[start:])

    def _prompt(self, found: re.Match[str] | None) -> str | None:
        number = int(found[1]) if found else 0
        return self.posts[number - 1] if 1 <= number <= len(self.posts) else None

    def _json(self, request: BaseHTTPRequestHandler, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)
