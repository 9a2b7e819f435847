"""A provider that quotes the key it is given wherever an answer has room for it, and is up to other things too.

What it does to a clip is chosen by the prompt: a name of `SUBMITS`, `POLLS`, `ADDRESSES` or `DOWNLOADS`. Any other
prompt makes a clip. It writes down who asked for what.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import quote

Answer = tuple[int, dict[str, str], bytes]


def said(status: int, message: str, **headers: str) -> Answer:
    """An error in the provider's usual form."""
    body = {"error": {"message": message, "code": status, "status": "SAID", "type": "error"}}
    return status, {"content-type": "application/json", **headers}, json.dumps(body).encode()


def escaped(answer: Answer) -> Answer:
    """The same JSON with its slashes escaped, as PHP writes them."""
    return answer[0], answer[1], answer[2].replace(b"/", b"\\/")


def page(status: int, key: str) -> Answer:
    """A CDN's page."""
    html = f"<html><title>Bad key {key}</title><body>{key}</body></html>"
    return status, {"content-type": "text/html", "x-key": key}, html.encode()


SUBMITS: dict[str, Callable[[str], Answer]] = {
    **{f"submit {n}": lambda key, n=n: said(n, f"Key {key} said {n}") for n in (400, 401, 403, 404, 500)},  # type: ignore[misc]
    "submit 429": lambda key: said(429, f"Too many for {key}", **{"retry-after": key}),
    "submit blocked": lambda key: said(400, f"Against our policy, {key}"),
    "submit escaped": lambda key: escaped(said(401, f"Key {key} is not valid")),
    "submit encoded": lambda key: said(401, f"Key {quote(key, safe='')} is not valid"),
    "submit page": lambda key: page(403, key),
    "submit garbled": lambda key: (200, {"content-type": "application/json"}, f'{{"name": "{key}'.encode()),
    "submit nonsense": lambda key: (200, {}, json.dumps({"key": key}).encode()),
    "submit name": lambda key: (200, {}, json.dumps({"name": f"operations/{key}"}).encode()),
}


def failed(message: str) -> dict[str, Any]:
    return {"done": True, "error": {"code": 3, "message": message}}


def made(**inner: Any) -> dict[str, Any]:
    return {"done": True, "response": {"generateVideoResponse": inner}}


POLLS: dict[str, Callable[[str], Answer | dict[str, Any]]] = {
    **{f"poll {n}": lambda key, n=n: said(n, f"Key {key} said {n}") for n in (400, 401, 403, 404, 500)},  # type: ignore[misc]
    "poll failed": lambda key: failed(f"The key {key} ran out"),
    "poll filtered": lambda key: made(raiMediaFilteredCount=1, raiMediaFilteredReasons=[f"No, {key}"]),
    "poll nothing": lambda key: made(note=key),
    "poll page": lambda key: page(200, key),
}
ADDRESSES: dict[str, Callable[[str, str], str]] = {
    "address with the key": lambda base, key: f"{base}/files/clip?key={quote(key, safe='')}",
    "address file": lambda base, key: f"file:///etc/passwd?{key}",
    "address metadata": lambda base, key: f"http://169.254.169.254/latest?key={key}",
    "address elsewhere": lambda base, key: f"{base}/clip?key={key}",
    "address climbing": lambda base, key: f"{base}/files/../../../../../tmp/climbed-{key}.mp4",
}
DOWNLOADS: dict[str, Callable[[str], Answer]] = {
    **{f"download {n}": lambda key, n=n: said(n, f"Key {key} said {n}") for n in (401, 403, 404, 500)},  # type: ignore[misc]
    "download page": lambda key: page(200, key),
    "download to metadata": lambda key: (302, {"location": f"http://169.254.169.254/?key={key}"}, b""),
    "download elsewhere": lambda key: said(500, "never asked for"),
    "download around": lambda key: (302, {"location": f"?again={quote(key, safe='')}"}, b""),
}
TRICKS = (*SUBMITS, *POLLS, *ADDRESSES, *DOWNLOADS)


@dataclass(frozen=True)
class Asked:
    """A request that came, and whether it carried the key."""

    method: str
    path: str
    keyed: bool


class Echo:
    """Use it as `with Echo(clip) as provider:`; `provider.elsewhere` is another server, which should get nothing."""

    def __init__(self, clip: bytes) -> None:
        self.clip = clip
        self.asked: list[Asked] = []
        self.abroad: list[Asked] = []
        """What came to a port of this machine that is not the provider's."""
        self._servers: list[ThreadingHTTPServer] = []
        self._names: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.elsewhere = self._serve(lambda *_: (200, {"content-type": "video/mp4"}, self.clip), self.abroad)
        self.url = self._serve(self.answer, self.asked)
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def serve_tokens(self, token: str) -> str:
        """The address of a server that has this token for whoever asks."""
        body = json.dumps({"access_token": token, "expires_in": 3600, "token_type": "Bearer"}).encode()
        return self._serve(lambda *_: (200, {"content-type": "application/json"}, body), [])

    def _serve(self, answer: Callable[[str, str, bytes, str], Answer], asked: list[Asked]) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
                key = self.headers.get("x-goog-api-key") or bearer
                asked.append(Asked(self.command, self.path, bool(key)))
                status, headers, content = answer(self.command, self.path, body, key)
                self.send_response(status)
                for name, value in {"content-length": str(len(content)), "x-key": key, **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET  # noqa: N815 - the name http.server calls

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        server = Server(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self._servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    def answer(self, method: str, path: str, body: bytes, key: str) -> Answer:
        """What this request is answered with; every answer also has the key in a header."""
        if path.endswith(":fetchPredictOperation"):
            # Vertex AI's way to poll.
            name = json.loads(body)["operationName"].rpartition("/")[2]
            return self._poll(path, self._names.get(name, name), name, key)
        if method == "POST" and "/operations/" in path:
            return said(404, "No such page")
        if method == "POST":
            return self._submit(json.loads(body)["instances"][0]["prompt"].rstrip("."), key)
        name = path.partition("?")[0].rpartition("/")[2]
        prompt = self._names.get(name, name)
        if "/operations/" in path:
            return self._poll(path, prompt, name, key)
        if prompt == "download elsewhere":
            return 302, {"location": f"{self.elsewhere}/clip?key={key}"}, b""
        if prompt in DOWNLOADS:
            return DOWNLOADS[prompt](key)
        return 200, {"content-type": "video/mp4", "content-disposition": f"filename=../{key}"}, self.clip

    def _submit(self, prompt: str, key: str) -> Answer:
        if prompt in SUBMITS:
            return SUBMITS[prompt](key)
        name = re.sub(r"[^a-z0-9]", "", prompt.lower())
        self._names[name] = prompt
        operation = f"models/veo-3.1-fast-generate-preview/operations/{name}"
        return 200, {}, json.dumps({"name": operation, "metadata": {"key": key}}).encode()

    def _poll(self, path: str, prompt: str, name: str, key: str) -> Answer:
        if name not in self._names:
            return said(404, f"No operation for {key}")
        if prompt in POLLS:
            found = POLLS[prompt](key)
        else:
            base = self.elsewhere if prompt == "address elsewhere" else self.url
            uri = ADDRESSES[prompt](base, key) if prompt in ADDRESSES else f"{base}/files/{name}"
            found = made(generatedSamples=[{"video": {"uri": uri}}])
        if isinstance(found, tuple):
            return found
        body = {"name": path.partition("/v1beta/")[2], "metadata": {"key": key}, **found}
        return 200, {"content-type": "application/json"}, json.dumps(body).encode()


class Server(ThreadingHTTPServer):
    """One that says nothing of clients that go away."""

    def handle_error(self, *_: object) -> None:
        """A kernel that ends breaks its connections."""
