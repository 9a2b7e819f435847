"""What a user of OpenAI's client writes for its videos, against any address; it runs in that client's environment.

    python openai_driver.py BASE_URL KEY FOLDER

Prints an object with each scene's outcome; the videos are in the folder. Nothing of veo_nb is imported here.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import openai
from openai import OpenAI

MODEL = "veo-3.1-fast-generate-preview"


def main(url: str, key: str, folder: Path) -> dict[str, Any]:
    client = OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
    videos = client.videos

    def make(prompt: str = "A quiet lake at dawn", **given: Any) -> Any:
        given = {"model": MODEL, "seconds": "4", "size": "1280x720", **given}
        return videos.create_and_poll(prompt=prompt, poll_interval_ms=100, **given)

    def refused(**given: Any) -> dict[str, Any]:
        try:
            make(**given)
        except openai.APIStatusError as error:
            return {"class": type(error).__name__, "code": error.code, "param": error.param}
        return {"class": None}

    begun = videos.create(prompt="A quiet lake at dawn", model=MODEL, seconds="4", size="720x1280")
    progress = []
    while (now := videos.retrieve(begun.id)).status in ("queued", "in_progress"):
        progress.append((now.status, now.progress))
    videos.download_content(begun.id).write_to_file(folder / "text.mp4")
    with (folder / "first.png").open("rb") as picture:
        made = make(input_reference=picture, model="house-fast")
    videos.download_content(made.id).write_to_file(folder / "picture.mp4")
    listed = [one.id for one in videos.list(limit=1)]
    blocked, failed = make("A lake. sandbox:filter"), make("A lake. sandbox:fail")
    ended = videos.delete(made.id)
    found: dict[str, Any] = {
        "version": openai.__version__,
        "begun": begun.to_dict(),
        "progress": progress,
        "text": now.to_dict(),
        "picture": made.to_dict(),
        "listed": listed,
        "blocked": blocked.to_dict(),
        "failed": failed.to_dict(),
        "deleted": ended.to_dict(),
        "refused_prompt": refused(prompt="A lake. sandbox:block"),
        "unknown_model": refused(model="sora-9"),
        "wrong_size": refused(size="123x45"),
        "no_picture": refused(input_reference=("a.txt", b"no picture", "text/plain")),
        "broken_picture": refused(input_reference=("a.png", b"no picture", "image/png")),
        "unknown_field": refused(extra_body={"seed": 3}),
    }
    for name, ask in (("gone", videos.retrieve), ("gone_content", videos.download_content)):
        try:
            ask(made.id)
        except openai.APIStatusError as error:
            found[name] = {"class": type(error).__name__, "code": error.code}
    client = OpenAI(base_url=f"{url}/v1", api_key="sk-wrong", max_retries=0)
    videos = client.videos
    found["wrong_key"] = refused()
    return found


if __name__ == "__main__":
    # It says with each call that OpenAI's own models of this kind are gone.
    warnings.simplefilter("ignore", DeprecationWarning)
    print(json.dumps(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
