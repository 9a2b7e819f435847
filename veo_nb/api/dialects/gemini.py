"""The dialect of Google's Developer API, and of GPTProto and the gateways that mirror it. Pure.

Polls are GETs under the operation's own name, or under the model and the operation's id where the provider's page
says so (GPTProto). Source: the provider's page and the Gemini API reference.
"""

from __future__ import annotations

from urllib.parse import quote

from veo_nb import catalog, errors
from veo_nb.api import answers, wire
from veo_nb.records.late import dataclass
from veo_nb.request import VideoRequest


@dataclass(frozen=True)
class Gemini:
    """How one provider of this dialect is asked; `base` stands in for all of its hosts."""

    provider: catalog.Provider
    base: str = ""

    read_submitted = staticmethod(answers.parse_submitted)
    read_operation = staticmethod(answers.parse_operation)
    find_name = staticmethod(answers.find_name)
    read_refusal = staticmethod(answers.plain_refusal)

    def submit(self, request: VideoRequest, clip: bytes = b"") -> wire.Call:
        """The POST that asks for a clip.

        Raises:
            InvalidRequest: its source video has no address that the provider could fetch.
        """
        if clip or (request.video is not None and not request.video.uri.startswith(("http:", "https:"))):
            raise errors.InvalidRequest(
                f"{self.provider.title} takes a source video by its http(s) address only.",
                hint="Give a clip that was made there less than two days ago, or its URL.",
                field="video",
            )
        base = self.base or self.provider.submit_base
        url = f"{base}/v1beta/models/{quote(request.model, safe='')}:predictLongRunning"
        return wire.Call("POST", url, wire.submit_body(request, self.provider))

    def poll(self, model: str, name: str) -> wire.Call:
        """The GET that asks how an operation stands; both forms of its name will do.

        Raises:
            ServiceError: the name can't stand in a path.
        """
        parts = _parts(model, name)
        if self.provider.polls_by == "name" and wire.is_plain_name(name):
            parts = name.split("/")
        return wire.Call("GET", _address(self.base or self.provider.poll_base, parts))

    def other_poll(self, model: str, name: str) -> wire.Call | None:
        """The POST by which another page of GPTProto's asks for the same, at the host of a submit; it changes nothing there.

        Raises:
            ServiceError: the name can't stand in a path.
        """
        if self.provider.polls_by != "model":
            return None
        return wire.Call("POST", _address(self.base or self.provider.submit_base, _parts(model, name)), {})

    def address(self, uri: str) -> str:
        """Where a video is fetched that an answer names so: right there."""
        return uri


def _parts(model: str, name: str) -> list[str]:
    return ["models", model, "operations", wire.operation_id(name)]


def _address(base: str, parts: list[str]) -> str:
    return f"{base}/v1beta/{'/'.join(quote(part, safe='') for part in parts)}"
