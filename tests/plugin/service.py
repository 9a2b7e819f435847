"""Lumen's own server on the loopback: strict about what it is sent, and every clip is a real MP4."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

KEY = "lumen-key-0123456789"
KINDS = {"model": str, "text": str, "seconds": int, "look": dict, "still": str, "seed": int}


class Lumen:
    """`jobs` are the bodies that it took; `looks` is how often a job is looked at before it is `shot`."""

    def __init__(self, clip: bytes) -> None:
        self.clip = clip
        self.jobs: list[dict[str, Any]] = []
        self.looks = 1
        self.keys: list[tuple[str, str]] = []
        """The path of each request, and the key that came with it."""
        self.answers: list[tuple[int, object]] = []
        """What the next submits are answered with, in place of a ticket."""
        self.endings: dict[str, dict[str, str]] = {}
        """How jobs end whose text is this, if not with a clip."""
        self._seen: dict[str, int] = {}
        lumen = self

        class Handler(_Handler):
            service = lumen

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def take(self, body: Any) -> tuple[int, object]:
        """The answer to a submit."""
        wrong = [
            name
            for name, value in body.items()
            if name not in KINDS or type(value) is not KINDS[name]  # True is an int
        ]
        if wrong or not {"model", "text", "seconds", "look"} <= body.keys():
            return 400, {"kind": "malformed", "why": f"What is {wrong}?"}
        self.jobs.append(body)
        return self.answers.pop(0) if self.answers else (201, {"ticket": str(len(self.jobs))})

    def tell(self, ticket: str) -> tuple[int, object]:
        """The answer to a poll."""
        if not ticket.isdecimal() or not 0 < int(ticket) <= len(self.jobs):
            return 404, {"kind": "unknown", "why": "No such job."}
        self._seen[ticket] = self._seen.get(ticket, 0) + 1
        if self._seen[ticket] <= self.looks:
            return 200, {"phase": "waiting"}
        usual = {"phase": "shot", "clipFile": f"{ticket}.mp4"}
        return 200, self.endings.get(self.jobs[int(ticket) - 1]["text"], usual)


class _Handler(BaseHTTPRequestHandler):
    service: ClassVar[Lumen]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self._is_known() and self.path == "/jobs":
            self._say(*self.service.take(json.loads(body)))

    def do_GET(self) -> None:
        if not self._is_known():
            return
        if self.path.startswith("/jobs/"):
            self._say(*self.service.tell(self.path.removeprefix("/jobs/")))
        elif self.path.startswith("/clips/"):
            self._send(200, "video/mp4", self.service.clip)
        else:
            self._say(404, {"kind": "unknown", "why": "Nothing is here."})

    def _is_known(self) -> bool:
        key = self.headers.get("x-lumen-key", "")
        self.service.keys.append((self.path, key))
        if key != KEY:
            self._say(401, {"kind": "stranger", "message": f"Who is {key}?"})
        return key == KEY

    def _say(self, status: int, answer: object) -> None:
        self._send(status, "application/json", json.dumps(answer).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as the base class has it
        """Nothing."""
