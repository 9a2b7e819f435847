"""A provider that answers at once with a clip of a chosen size, so that a client is all there is to measure.

A prompt of `40 MB, 4 s` gets a real MP4 padded to 40 MB that is ready after 4 seconds; one of `40 MB, 4 s, over 60 s` comes in
so many seconds, as over a slow line. Run it with a folder as its argument; it prints its address.
"""

from __future__ import annotations

import json
import re
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np

WANTED = re.compile(r"(\d+) MB, (\d+) s(?:, over (\d+) s)?")
STEPS_A_SECOND = 20


def make_clip(path: Path) -> bytes:
    """Four seconds of 720p with an audio track."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        video = out.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        audio = out.add_stream("aac", rate=48000, layout="mono")
        for index in range(96):
            picture = np.full((720, 1280, 3), index * 2, np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        for index in range(188):
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            sound.sample_rate, sound.pts = 48000, index * 1024
            out.mux(audio.encode(sound))
        for stream in (video, audio):
            out.mux(stream.encode(None))
    return path.read_bytes()


def pad(clip: bytes, size: int) -> bytes:
    """The clip with an empty box at its end, which players skip."""
    rest = size - len(clip)
    return clip + struct.pack(">I4s", rest, b"free") + bytes(rest - 8) if rest >= 8 else clip


class Handler(BaseHTTPRequestHandler):
    """Three calls of the wire and nothing else."""

    protocol_version = "HTTP/1.1"
    clip = b""
    operations: dict[str, tuple[int, float, int]] = {}  # noqa: RUF012 - one service in one process

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        found = WANTED.search(body["instances"][0]["prompt"])
        megabytes, seconds, slow = map(int, found.groups("0")) if found else (1, 0, 0)
        name = f"op{len(self.operations)}"
        self.operations[name] = (megabytes, time.monotonic() + seconds, slow)
        model = self.path.rsplit("/", 1)[-1].split(":")[0]
        self.answer({"name": f"models/{model}/operations/{name}"})

    def do_GET(self) -> None:
        base = f"http://{self.headers['host']}"
        path = self.path.split("?")[0]
        if "/operations/" in path:
            name = path.rsplit("/", 1)[-1]
            done = time.monotonic() > self.operations[name][1]
            uri = f"{base}/v1beta/files/{name}:download?alt=media"
            sample = {"video": {"uri": uri, "encoding": "video/mp4"}}
            answer: dict[str, object] = {"name": path.removeprefix("/v1beta/")}
            if done:
                answer |= {
                    "done": True,
                    "response": {"generateVideoResponse": {"generatedSamples": [sample]}},
                }
            self.answer(answer)
        elif "/files/" in path:
            megabytes, _, slow = self.operations[path.rsplit("/", 1)[-1].split(":")[0]]
            self.send(pad(self.clip, megabytes * 1024**2), slow)
        else:
            self.answer({})

    do_HEAD = do_GET  # noqa: N815 - a name http.server calls

    def answer(self, body: dict[str, object]) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def send(self, content: bytes, seconds: int) -> None:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", ""))
        start, end = 0, len(content)
        if found:
            start, end = int(found[1]), min(int(found[2] or end) + 1, end)
        self.send_response(206 if found else 200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Accept-Ranges", "bytes")
        if found:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if self.command == "GET" and not seconds:
            self.wfile.write(memoryview(content)[start:end])
        elif self.command == "GET":
            step = -(-len(content) // (seconds * STEPS_A_SECOND))
            for at in range(start, end, step):
                self.wfile.write(memoryview(content)[at : min(at + step, end)])
                time.sleep(1 / STEPS_A_SECOND)

    def log_message(self, *_: object) -> None:
        """The address is all it prints."""


if __name__ == "__main__":
    Handler.clip = make_clip(Path(sys.argv[1]) / "clip.mp4")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"READY http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
