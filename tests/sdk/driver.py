"""What a user of Google's own client writes, against any address; it runs in that client's environment.

    python driver.py MODE BASE_URL KEY FOLDER PROMPT SCENE…

MODE is `key` (the Developer API), `express` (Vertex AI with a key) or `token` (Vertex AI with credentials). Prints an
object with each scene's outcome; the videos are in the folder. Nothing of veo_nb is imported here.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import google.genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials


class Driver:
    """One client and the scenes that it can play, each started and waited for apart."""

    def __init__(self, mode: str, url: str, key: str, folder: Path, prompt: str) -> None:
        self.mode, self.url, self.key, self.folder, self.prompt = mode, url, key, folder, prompt
        self.model = "veo-3.1-fast-generate-preview" if mode == "key" else "veo-3.1-fast-generate-001"
        self.client = self.signed_in(key)

    def signed_in(self, key: str) -> google.genai.Client:
        options = types.HttpOptions(base_url=self.url)
        if self.mode == "key":
            return google.genai.Client(api_key=key, http_options=options)
        if self.mode == "express":
            return google.genai.Client(vertexai=True, api_key=key, http_options=options)
        return google.genai.Client(
            vertexai=True,
            project="my-project",
            location="us-central1",
            credentials=Credentials(token=key),
            http_options=options,
        )

    def picture(self, name: str) -> types.Image:
        return types.Image(image_bytes=(self.folder / f"{name}.png").read_bytes(), mime_type="image/png")

    def generate(self, prompt=None, *, model=None, image=None, video=None, client=None, **config):
        return (client or self.client).models.generate_videos(
            model=model or self.model,
            source=types.GenerateVideosSource(prompt=prompt or self.prompt, image=image, video=video),
            config=types.GenerateVideosConfig(**config) if config else None,
        )

    # The scenes: each submits, and gives the operation.

    def text(self):
        return self.generate(duration_seconds=4, resolution="720p", aspect_ratio="16:9")

    def bare(self):
        return self.generate()

    def image(self):
        return self.generate(image=self.picture("first"), duration_seconds=4, person_generation="allow_adult")

    def frames(self):
        first, last = self.picture("first"), self.picture("last")
        return self.generate(image=first, last_frame=last, duration_seconds=4)

    def references(self):
        things = [
            types.VideoGenerationReferenceImage(image=self.picture(name), reference_type="asset")
            for name in ("first", "last")
        ]
        return self.generate(reference_images=things, duration_seconds=8)

    def samples(self):
        return self.generate("A lake. sandbox:filter-one", number_of_videos=2, duration_seconds=4)

    def everything(self):
        """Each parameter that this client sends in this mode."""
        more = {} if self.mode == "key" else {"seed": 7, "enhance_prompt": True}
        return self.generate(
            number_of_videos=2,
            duration_seconds=8,
            aspect_ratio="9:16",
            resolution="1080p",
            person_generation="allow_all",
            negative_prompt="rain",
            **more,
        )

    def silent(self):
        return self.generate(duration_seconds=4, generate_audio=False, seed=7)

    def stored(self):
        return self.generate(duration_seconds=4, output_gcs_uri="gs://my-bucket/clips")

    def filtered(self):
        return self.generate("sandbox:filter")

    def failed(self):
        return self.generate("sandbox:fail")

    def blocked(self):
        return self.generate("sandbox:block")

    def combination(self):
        thing = types.VideoGenerationReferenceImage(image=self.picture("first"), reference_type="asset")
        return self.generate("sandbox:filter", reference_images=[thing], duration_seconds=4)

    def broken_image(self):
        return self.generate(image=types.Image(image_bytes=b"no image", mime_type="image/png"))

    def gone(self):
        """An extension of a clip that is not there."""
        uri = (
            "https://h/v1beta/files/gone0:download?alt=media"
            if self.mode == "key"
            else "gs://my-bucket/gone.mp4"
        )
        return self.generate(video=types.Video(uri=uri, mime_type="video/mp4"))

    def unknown_model(self):
        return self.generate(model="veo-9")

    def wrong_key(self):
        return self.generate(client=self.signed_in("sk-wrong"))

    def unknown_operation(self):
        name = self.filtered().name
        return self.client.operations.get(types.GenerateVideosOperation(name=name[:-4] + "none"))

    def expired_file(self):
        self.client.files.download(file="files/none0")

    # Waiting, and telling what came.

    def play(self, scenes: list[str]) -> dict[str, Any]:
        outcome: dict[str, Any] = {"version": google.genai.__version__}
        operations: dict[str, Any] = {}
        for scene in scenes:
            self.begin(scene, getattr(self, scene), operations, outcome)
        while operations:
            time.sleep(0.1)
            for scene in [*operations]:
                operation = operations[scene] = self.client.operations.get(operations[scene])
                if operation.done:
                    outcome[scene] = self.answer(scene, operation)
                    del operations[scene]
                    if scene == "text" and outcome[scene]["videos"]:
                        video = operation.response.generated_videos[0].video
                        self.begin("extension", lambda video=video: self.extended(video), operations, outcome)
        return outcome

    def extended(self, video):
        return self.generate("Night falls, and it begins to snow", video=video)

    def begin(self, scene, submit, operations, outcome) -> None:
        try:
            operations[scene] = submit()
        except errors.APIError as error:
            outcome[scene] = {
                "class": type(error).__name__,
                "code": error.code,
                "status": error.status,
                "message": error.message,
            }

    def answer(self, scene, operation) -> dict[str, object]:
        response = operation.response
        videos = (response and response.generated_videos) or []
        return {
            "name": operation.name,
            "error": operation.error,
            "filtered": response and response.rai_media_filtered_count,
            "reasons": response and response.rai_media_filtered_reasons,
            "videos": [self.saved(f"{scene}-{index}", item.video) for index, item in enumerate(videos)],
        }

    def saved(self, name, video) -> dict[str, object]:
        if video.video_bytes:
            data = video.video_bytes
        else:
            data = self.fetched(video.uri)
            if self.mode == "key":
                # By its name it is found as well. Its address is not, for it begins with http://.
                file = video.uri.partition("/files/")[2].partition(":")[0]
                assert self.client.files.download(file=f"files/{file}") == data
        path = self.folder / f"{name}.mp4"
        path.write_bytes(data)
        return {"path": str(path), "uri": video.uri, "mime": video.mime_type}

    def fetched(self, uri: str) -> bytes:
        headers = {"x-goog-api-key": self.key}
        if uri.startswith("gs://"):
            bucket, _, name = uri.removeprefix("gs://").partition("/")
            uri = f"{self.url}/storage/v1/b/{bucket}/o/{name.replace('/', '%2F')}?alt=media"
            headers = {"authorization": f"Bearer {self.key}"}
        with urllib.request.urlopen(urllib.request.Request(uri, headers=headers)) as answer:
            data: bytes = answer.read()
            return data


if __name__ == "__main__":
    mode, url, key, folder, prompt, *scenes = sys.argv[1:]
    print(json.dumps(Driver(mode, url, key, Path(folder), prompt).play(scenes)))
