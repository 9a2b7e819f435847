"""A gateway between a studio and the sandbox that can hold an answer back or slow a download down.

Point the studio at it with VEO_NB_BASE_URL. It passes bytes on as they are; only the sandbox's own address in an
answer becomes the gateway's, so that the download comes this way too.
"""

from __future__ import annotations

import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

from tests.kernel.sandbox import Sandbox

SINGLE = {"connection", "transfer-encoding", "content-length", "date", "server"}


class Gateway:
    """The switches are plain attributes; set them before the request that they should meet."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.hold_submits = False
        """Pass a submit on and keep its answer until `release()`."""
        self.bytes_per_second = 0
        """How fast a video flows; 0 is as fast as it can."""
        self.held = threading.Event()
        """Set once an answer is being held back."""
        self.flowing = threading.Event()
        """Set once the first bytes of a slowed video went out."""
        self._release = threading.Event()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                gateway.forward(self)

            do_POST = do_HEAD = do_GET  # noqa: N815 - the names http.server calls

            def log_message(self, *_: object) -> None:
                """Tests read the sandbox's log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self.bytes_per_second = 0
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def release(self) -> None:
        """Let held answers go, and hold none from now on."""
        self.hold_submits = False
        self._release.set()

    @property
    def environment(self) -> dict[str, str]:
        """What points a studio at it."""
        return {"VEO_NB_PROVIDER": "sandbox", "VEO_NB_BASE_URL": self.url}

    def forward(self, request: BaseHTTPRequestHandler) -> None:
        """One request to the sandbox and its answer back."""
        target = urlsplit(self.sandbox.url)
        upstream = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
        try:
            body = request.rfile.read(int(request.headers.get("content-length") or 0))
            headers = {name: value for name, value in request.headers.items() if name.lower() not in SINGLE}
            upstream.request(request.command, request.path, body, headers | {"Host": target.netloc})
            answer = upstream.getresponse()
            content = answer.read()
            if request.command == "POST" and self.hold_submits:
                self.held.set()
                self._release.wait(120)
            if "json" in (answer.getheader("content-type") or ""):
                content = content.replace(self.sandbox.url.encode(), self.url.encode())
            self._respond(request, answer, content)
        except (ConnectionError, TimeoutError):
            request.close_connection = True  # the client was killed: that is what the test is about
        finally:
            upstream.close()

    def _respond(
        self, request: BaseHTTPRequestHandler, answer: http.client.HTTPResponse, content: bytes
    ) -> None:
        request.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in SINGLE:
                request.send_header(name, value)
        length = answer.getheader("content-length") if request.command == "HEAD" else None
        request.send_header("Content-Length", length or str(len(content)))
        request.end_headers()
        slow = self.bytes_per_second and "video" in (answer.getheader("content-type") or "")
        step = self.bytes_per_second // 10 if slow else len(content) or 1
        for start in range(0, len(content), step):
            request.wfile.write(content[start : start + step])
            if slow and self.bytes_per_second:
                self.flowing.set()
                time.sleep(0.1)
