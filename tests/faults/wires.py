"""What a provider of each dialect is asked and what it answers, for those that play one.

A further dialect is a class and an entry in `WIRES`; the crash matrix and the machine of any history then play it too.
"""

from __future__ import annotations

import base64
import re
from typing import Any, Literal

NEVER_CHARGED = "Its sound was blocked. You will not be charged."


class Wire:
    """The older dialect of the Developer API, as GPTProto speaks it."""

    name = "gemini"
    provider = "gptproto"
    model = "fast"
    variable = "GPTPROTO_API_KEY"
    base = ""
    """Where it is, of a provider that has no address of its own, nor a model that is meant where none is named."""
    samples = 2
    """How many it makes at once, where two are asked for."""

    def kind(self, method: str, path: str) -> Literal["submit", "poll", "download", "other"]:
        """What is asked for."""
        if method == "POST":
            # GPTProto's other way to poll is not known here.
            return "submit" if path.endswith(":predictLongRunning") else "other"
        return "poll" if "/operations/" in path else "download"

    def prompt(self, body: Any) -> str:
        """The prompt of a submit."""
        return str(body["instances"][0]["prompt"])

    def begun(self, path: str, number: int) -> dict[str, Any]:
        """The answer to the submit that made operation `number`."""
        return {"name": f"models/{path.rpartition('/')[2].partition(':')[0]}/operations/op{number}"}

    def name_in(self, path: str, body: Any) -> str:
        """The operation that a poll asks for."""
        del body
        return path.partition("/v1beta/")[2]

    def going(self, name: str) -> dict[str, Any]:
        """An operation that goes on."""
        return {"name": name}

    def place(self, base: str, stem: str) -> str:
        """The address of a clip in an answer."""
        return f"{base}/v1beta/files/{stem}:download?alt=media"

    def made(self, name: str, places: list[str], clip: bytes) -> dict[str, Any]:
        """An operation that has its clips, at these addresses or in the answer."""
        del clip
        samples = [{"video": {"uri": place}} for place in places]
        return {**self._done(name), "response": {"generateVideoResponse": {"generatedSamples": samples}}}

    def ended(self, name: str, how: str) -> dict[str, Any]:
        """An operation that ended without a clip: `failed`, `failed, free`, `blocked` or `nothing`."""
        if how.startswith("failed"):
            words = NEVER_CHARGED if how.endswith("free") else "It broke."
            return {**self._done(name), "error": {"code": 13, "message": words}}
        filtered = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Not this."]}
        inner = filtered if how == "blocked" else {}
        return {**self._done(name), "response": {"generateVideoResponse": inner}}

    def _done(self, name: str) -> dict[str, Any]:
        return {"name": name, "done": True}


class Vertex(Wire):
    """Vertex AI's, whose polls are POSTs and whose clips come in the answer."""

    name = "vertex"
    provider = "vertex"
    variable = "GOOGLE_CLOUD_API_KEY"

    def kind(self, method: str, path: str) -> Literal["submit", "poll", "download", "other"]:
        """What is asked for."""
        return "poll" if path.endswith(":fetchPredictOperation") else super().kind(method, path)

    def name_in(self, path: str, body: Any) -> str:
        """The operation that a poll asks for."""
        del path
        return str(body["operationName"])

    def made(self, name: str, places: list[str], clip: bytes) -> dict[str, Any]:
        """An operation that has its clips."""
        one = {"bytesBase64Encoded": base64.b64encode(clip).decode("ascii"), "mimeType": "video/mp4"}
        return {**self._done(name), "response": {"videos": [one] * len(places)}}

    def ended(self, name: str, how: str) -> dict[str, Any]:
        """An operation that ended without a clip."""
        answer = super().ended(name, how)
        inner = answer.get("response", {}).get("generateVideoResponse")
        return answer if inner is None else {**answer, "response": inner}


class Interactions(Wire):
    """Google's Interactions API, over which Gemini Omni is spoken to; one clip at a time."""

    name = "interactions"
    provider = "gemini"
    model = "omni"
    variable = "GEMINI_API_KEY"
    samples = 1
    _NOTHING = ("incomplete", "budget_exceeded", "requires_action", "cancelled")

    def kind(self, method: str, path: str) -> Literal["submit", "poll", "download", "other"]:
        """What is asked for."""
        if path.endswith("/interactions"):
            return "submit" if method == "POST" else "other"
        if "/interactions/" in path:
            return "poll"
        # Without the verb it is what is known of the file, and not the file.
        return "download" if path.endswith(":download") else "other"

    def prompt(self, body: Any) -> str:
        """The prompt of a submit."""
        return str(body["input"][-1]["text"])

    def begun(self, path: str, number: int) -> dict[str, Any]:
        """The answer to the submit that made interaction `number`."""
        del path
        return self.going(f"v1_op{number}")

    def name_in(self, path: str, body: Any) -> str:
        """The interaction that a poll asks for."""
        del body
        return path.rpartition("/")[2]

    def going(self, name: str) -> dict[str, Any]:
        """An interaction that goes on."""
        return {"id": name, "object": "interaction", "status": "in_progress"}

    def place(self, base: str, stem: str) -> str:
        """The address of a clip in an answer."""
        return f"{base}/v1beta/files/{stem}"

    def made(self, name: str, places: list[str], clip: bytes) -> dict[str, Any]:
        """An interaction that has its clip."""
        del clip
        content = [{"type": "video", "mime_type": "video/mp4", "uri": place} for place in places]
        return self.completed(name, *content)

    def completed(self, name: str, *content: dict[str, Any]) -> dict[str, Any]:
        """An interaction in whose output this is."""
        steps = [{"type": "thought", "signature": "eA=="}, {"type": "model_output", "content": [*content]}]
        return {**self.going(name), "status": "completed", "steps": steps}

    def ended(self, name: str, how: str) -> dict[str, Any]:
        """An interaction that ended without a clip."""
        if how == "blocked":
            return self.completed(name, {"type": "text", "text": "Not this."})
        if how == "nothing":
            number = int(re.sub(r"\D", "", name.partition("op")[2]) or 0)
            return {**self.going(name), "status": self._NOTHING[number % len(self._NOTHING)]}
        free = how.endswith("free")
        code, words = ("too_many_requests", "Slow down.") if free else ("api_error", "It broke.")
        return {**self.going(name), "status": "failed", "errors": [{"code": code, "message": words}]}


class Videos(Wire):
    """The shape of gateways; a video is fetched below the address that was asked how it stands."""

    name = "videos"
    provider = "gateway"
    model = "some-model"
    variable = "VEO_NB_GATEWAY_KEY"
    base = "https://gateway.example"
    samples = 1

    def kind(self, method: str, path: str) -> Literal["submit", "poll", "download", "other"]:
        """What is asked for."""
        if path.endswith("/v1/videos"):
            return "submit" if method == "POST" else "other"
        return "download" if path.endswith("/content") else "poll"

    def prompt(self, body: Any) -> str:
        """The prompt of a submit."""
        return str(body["prompt"])

    def begun(self, path: str, number: int) -> dict[str, Any]:
        """The answer to the submit that made video `number`."""
        del path
        return {**self.going(f"video_op{number}"), "status": "queued", "progress": 0}

    def name_in(self, path: str, body: Any) -> str:
        """The video that a poll asks for."""
        del body
        return path.rpartition("/")[2]

    def going(self, name: str) -> dict[str, Any]:
        """A video that goes on."""
        return {"id": name, "object": "video", "status": "in_progress", "progress": 40}

    def made(self, name: str, places: list[str], clip: bytes) -> dict[str, Any]:
        """A video that is there."""
        del places, clip
        return {**self.going(name), "status": "completed", "progress": 100}

    def ended(self, name: str, how: str) -> dict[str, Any]:
        """A video that ended without a clip."""
        code, words = {
            "failed": ("server_error", "It broke."),
            "failed, free": ("server_error", NEVER_CHARGED),
            "blocked": ("moderation_blocked", "Not this."),
            "nothing": ("", ""),
        }[how]
        error = {"code": code, "message": words} if code else None
        return {**self.going(name), "status": "failed" if error else "expired", "error": error}


WIRES: dict[str, Wire] = {one.name: one for one in (Wire(), Vertex(), Interactions(), Videos())}
