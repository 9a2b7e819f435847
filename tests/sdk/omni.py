"""What a user of Google's own client writes for Gemini Omni, against any address; it runs in that client's environment.

    python omni.py MODE BASE_URL KEY FOLDER PROMPT SCENE…

The modes are those of driver.py. Prints an object with each scene's outcome; the videos are in the folder. Nothing of
veo_nb is imported here.
"""

from __future__ import annotations

import base64
import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import google.genai
from google.genai import interactions, types
from google.genai._interactions_errors import APIStatusError
from google.oauth2.credentials import Credentials

MODEL = "gemini-omni-1.2-flash"
GOING = ("queued", "in_progress", "requires_continuation")


class Driver:
    """One client and the scenes that it can play; `text` is played first where another goes on from it."""

    def __init__(self, mode: str, url: str, key: str, folder: Path, prompt: str) -> None:
        self.mode, self.url, self.key, self.folder, self.prompt = mode, url, key, folder, prompt
        self.client = self.signed_in(key)
        self.delivery = "uri" if mode == "key" else "inline"
        self.first = ""

    def signed_in(self, key: str) -> google.genai.Client:
        # It repeats a POST by itself; here without its pauses.
        again = types.HttpRetryOptions(initial_delay=0.01, max_delay=0.02)
        options = types.HttpOptions(base_url=self.url, retry_options=again)
        if self.mode == "key":
            return google.genai.Client(api_key=key, http_options=options)
        if self.mode == "express":
            return google.genai.Client(vertexai=True, api_key=key, http_options=options)
        return google.genai.Client(
            vertexai=True,
            project="my-project",
            location="global",
            credentials=Credentials(token=key),
            http_options=options,
        )

    def create(
        self, *pictures, prompt=None, task=None, video=None, client=None, source="", seed=None, **format_
    ):
        text = prompt or self.prompt
        parts = [
            *(self.picture(name) for name in pictures),
            *([video] if video else []),
            {"type": "text", "text": text},
        ]
        config: dict[str, Any] = {"video_config": {"task": task}} if task else {}
        if seed is not None:
            config["seed"] = seed
        return (client or self.client).interactions.create(
            model=MODEL,
            input=parts if len(parts) > 1 else text,
            background=True,
            store=True,
            response_format={"type": "video", "delivery": self.delivery, **format_},
            **({"previous_interaction_id": source} if source else {}),
            **({"generation_config": config} if config else {}),
        )

    def picture(self, name: str) -> dict[str, str]:
        data = base64.b64encode((self.folder / f"{name}.png").read_bytes()).decode("ascii")
        return {"type": "image", "mime_type": "image/png", "data": data}

    def clip(self) -> dict[str, str]:
        """The first clip as a person has it: sent to the Files API, or along with the request where there is none."""
        path = self.folder / "text.mp4"
        if self.mode != "key":
            data = base64.b64encode(path.read_bytes()).decode("ascii")
            return {"type": "video", "mime_type": "video/mp4", "data": data}
        file = self.client.files.upload(file=path)
        while self.client.files.get(name=file.name).state != "ACTIVE":
            time.sleep(0.1)
        return {"type": "video", "mime_type": file.mime_type, "uri": file.uri}

    # The scenes: each gives an interaction.

    def text(self):
        return self.create(task="text_to_video", duration="3s", resolution="360p", aspect_ratio="16:9")

    def bare(self):
        return self.create()

    def image(self):
        return self.create("first", task="image_to_video", duration="3s", resolution="360p")

    def frames(self):
        return self.create("first", "last", task="image_to_video", duration="3s", resolution="360p")

    def references(self):
        return self.create("first", "last", task="reference_to_video", duration="3s", resolution="360p")

    def stored(self):
        return self.create(delivery="uri", gcs_uri="gs://my-bucket/clips", duration="3s", resolution="360p")

    def seeded(self):
        return self.create(task="text_to_video", seed=7, duration="3s", aspect_ratio="9:16")

    def edit(self):
        return self.create(prompt="At night", source=self.first, resolution="360p")

    def extension(self):
        return self.create(
            prompt="It goes on", source=self.first, task="extend", duration="3s", resolution="360p"
        )

    def edit_of_a_file(self):
        return self.create(prompt="Make it snow", video=self.clip(), task="edit", resolution="360p")

    def extension_of_a_file(self):
        clip = self.clip()
        return self.create(prompt="It goes on", video=clip, task="extend", duration="3s", resolution="360p")

    def edit_of_one_that_is_gone(self):
        return self.create(prompt="At night", source="v1_0", resolution="360p")

    def extension_of_one_that_is_gone(self):
        return self.create(prompt="At night", source="v1_0", task="extend", duration="3s", resolution="360p")

    def filtered(self):
        return self.create(prompt="sandbox:filter")

    def failed(self):
        return self.create(prompt="sandbox:fail")

    def busy(self):
        return self.create(prompt="sandbox:busy")

    def odd(self):
        return self.create(prompt="sandbox:odd sandbox:filter")

    # Such as end at once.

    def cancelled(self):
        return self.client.interactions.cancel(self.create(duration="3s").id)

    def deleted(self):
        made = self.create(prompt="sandbox:filter")
        self.client.interactions.delete(made.id)
        return self.client.interactions.get(made.id)

    def forgotten_file(self):
        file = self.client.files.upload(file=self.folder / "text.mp4")
        self.client.files.delete(name=file.name)
        video = {"type": "video", "mime_type": file.mime_type, "uri": file.uri}
        return self.create(video=video, task="edit")

    def wrong_key(self):
        return self.create(client=self.signed_in("sk-wrong"))

    def unknown_model(self):
        return self.client.interactions.create(model="gemini-omni-9", input=self.prompt, background=True)

    def number(self):
        return self.create(duration=8)

    def unknown_parameter(self):
        return self.client.interactions.create(
            model=MODEL, input=self.prompt, background=True, extra_body={"temperature": 1}
        )

    def unknown_interaction(self):
        return self.client.interactions.get("v1_0")

    def no_interaction(self):
        return self.client.interactions.get("operations-1")

    # Waiting, and telling what came.

    def play(self, scenes: list[str]) -> dict[str, Any]:
        outcome: dict[str, Any] = {"version": google.genai.__version__}
        if scenes[0] == "text":
            self.go_on(scenes[:1], outcome)
            self.first = outcome["text"].get("id", "")
            scenes = scenes[1:]
        self.go_on(scenes, outcome)
        return outcome

    def go_on(self, scenes: list[str], outcome: dict[str, Any]) -> None:
        going: dict[str, Any] = {}
        for scene in scenes:
            try:
                going[scene] = getattr(self, scene)()
            except APIStatusError as error:
                body = error.body[0] if isinstance(error.body, list) else error.body
                outcome[scene] = {
                    "class": type(error).__name__,
                    **body["error"],
                    "http": error.status_code,
                }
        while going:
            for scene in [*going]:
                if going[scene].status not in GOING:
                    outcome[scene] = self.answer(scene, going.pop(scene))
            time.sleep(0.1 if going else 0)
            going = {scene: self.client.interactions.get(one.id) for scene, one in going.items()}

    def answer(self, scene: str, found: interactions.Interaction) -> dict[str, Any]:
        usage, errors = found.usage, found.errors or []
        told: dict[str, Any] = {
            "id": found.id,
            "status": found.status,
            "previous": found.previous_interaction_id,
            "text": found.output_text,
            "errors": [[error.code, error.message] for error in errors],
            "tokens": usage and usage.total_output_tokens,
        }
        if video := found.output_video:
            path = self.folder / f"{scene}.mp4"
            path.write_bytes(base64.b64decode(video.data) if video.data else self.fetched(video.uri))
            told |= {"path": str(path), "mime": video.mime_type}
        return told

    def fetched(self, uri: str) -> bytes:
        if uri.startswith("gs://"):
            bucket, _, name = uri.removeprefix("gs://").partition("/")
            place = f"{self.url}/storage/v1/b/{bucket}/o/{name.replace('/', '%2F')}?alt=media"
            signed = {"authorization": f"Bearer {self.key}"}
            with urllib.request.urlopen(urllib.request.Request(place, headers=signed)) as answer:
                stored: bytes = answer.read()
            return stored
        with urllib.request.urlopen(
            urllib.request.Request(uri, headers={"x-goog-api-key": self.key})
        ) as answer:
            data: bytes = answer.read()
        # By its name it is found as well. Its address is not, for it begins with http://.
        name = uri.partition("/files/")[2].partition(":")[0]
        assert self.client.files.download(file=f"files/{name}") == data
        return data


if __name__ == "__main__":
    mode, url, key, folder, prompt, *scenes = sys.argv[1:]
    print(json.dumps(Driver(mode, url, key, Path(folder), prompt).play(scenes)))
