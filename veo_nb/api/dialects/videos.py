"""The dialect of `/v1/videos`, the shape that LiteLLM's proxy and other gateways give to whatever model is behind them. Pure.

OpenAI made it for its own models; what stands behind a gateway is its owner's choice, and so are the models' names. Sources,
read on 2026-11-29: OpenAI's reference of the videos API, its Python client 3.57, and LiteLLM 1.108 (`docs/videos`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from veo_nb import catalog, errors
from veo_nb.api import answers
from veo_nb.api.body import Mask, as_it_is, mapping, quoted, read, said_in
from veo_nb.api.wire import Attachment, Call, Operation, Sample, encode_picture
from veo_nb.media.shape import ratio_of
from veo_nb.records.late import dataclass
from veo_nb.request import VideoRequest

_GIVEN = re.compile(r'"id"\s*:\s*"([!-.0-~]{1,2000})"')
_BLOCKED = (
    r"(?i)moderation|sentinel_block|content_(?:policy|filter|blocked)|policy_violation|safety|prohibited_content|"
    r"blocklist|spii"
)
"""Codes under which a filter refuses: OpenAI's own, and Google's as they come through a gateway."""
_DONE = ("completed", "succeeded")
_FAILED = ("failed", "cancelled", "canceled", "expired", "error")
_FILTERED = r"(?i)safety (?:filter|system)|moderation system|content polic|usage guidelines"


@dataclass(frozen=True, kw_only=True)
class Videos:
    """How a gateway is asked; its address may end in `/v1` or not."""

    base: str

    read_refusal = staticmethod(answers.plain_refusal)

    def submit(self, request: VideoRequest, clip: bytes = b"") -> Call:
        """The POST that asks for a clip: JSON, or a form with a file where it begins with a picture."""
        del clip
        body = {"model": request.model, "prompt": request.prompt, "size": _size(request)}
        if request.duration_seconds is not None:
            body["seconds"] = str(request.duration_seconds)
        if request.image is None:
            return Call("POST", self._home(), body)
        picture = encode_picture(request.image)
        name = f"first_frame.{picture.mime.rpartition('/')[2]}"
        return Call(
            "POST", self._home(), body, {"input_reference": Attachment(name, picture.mime, picture.data)}
        )

    def poll(self, model: str, name: str) -> Call:
        """The GET that asks how a video stands.

        Raises:
            ServiceError: the name can't stand in a path.
        """
        del model
        return Call("GET", f"{self._home()}/{quote(_checked(name), safe='')}")

    def other_poll(self, model: str, name: str) -> Call | None:
        """None: there is one way to ask."""
        del model, name
        return None

    def address(self, uri: str) -> str:
        """Where a video is fetched that an answer names so: right there."""
        return uri

    def read_submitted(self, body: bytes, mask: Mask = as_it_is) -> Operation:
        """The video that a submit was answered with; how it stands is for the first poll to tell.

        Raises:
            ServiceError: the answer is not JSON, or names none.
        """
        try:
            found = read(body, mask)
        except errors.ServiceError:
            if (given := self.find_name(body, mask)) is not None:
                return given
            raise
        name = _answer(found).get("id")
        if not isinstance(name, str) or not name:
            said = quoted(said_in(found).message)
            raise errors.ServiceError(f"The gateway's answer names no video{said}", hint="")
        return Operation(_checked(name))

    def find_name(self, body: bytes, mask: Mask = as_it_is) -> Operation | None:
        """The video that the beginning of an answer names, where its id is there as a whole."""
        found = _GIVEN.search(body[:1_000_000].decode("utf-8", "replace"))
        return Operation(mask(found[1])) if found else None

    def read_operation(self, body: bytes, mask: Mask = as_it_is, asked: str = "") -> Operation:
        """The state of a video, from the answer to a poll of the address `asked`.

        Raises:
            ServiceError: the answer is not JSON, or tells no state.
        """
        found = read(body, mask)
        answer = _answer(found)
        name, status = str(answer.get("id") or ""), answer.get("status")
        if not isinstance(status, str) or not status:
            said = quoted(said_in(found).message)
            raise errors.ServiceError(f"The gateway's answer tells no state{said}", hint="")
        status = status.lower()
        if status in _DONE:
            return Operation(name, done=True, samples=(Sample(uri=f"{asked}/content"),))
        if status in _FAILED:
            return Operation(name, done=True, error=_failure(answer, name, status))
        # LiteLLM says "processing" of what others call in progress; whatever it is called, it is asked again.
        return Operation(name, progress=_share(answer.get("progress")))

    def _home(self) -> str:
        return f"{self.base.removesuffix('/v1')}/v1/videos"


def _size(request: VideoRequest) -> str:
    """The size in pixels. It is always said: where none is, OpenAI's own makes an upright clip."""
    short = 2160 if request.lines == "4k" else int(request.lines.removesuffix("p"))
    ratio = ratio_of(request.shape)
    # Encoders want even sides.
    long = 2 * round(short * max(ratio, 1 / ratio) / 2)
    return f"{short}x{long}" if ratio < 1 else f"{long}x{short}"


def _answer(found: Any) -> Mapping[str, Any]:
    """The object that tells the state, out of what some gateways put around it."""
    answer = mapping(found)
    inner = mapping(answer.get("data"))
    return inner if "id" not in answer and "id" in inner else answer


def _checked(name: str) -> str:
    if not re.fullmatch(r"[!-.0-~]{1,2000}", name) or set(name) <= {"."}:
        raise errors.ServiceError(
            f"The gateway named its video {catalog.shown(name)}, which can't be asked for.",
            hint="Look at your gateway's log: the clip may be there.",
        )
    return name


def _share(progress: Any) -> float | None:
    """How far it is, 0 to 1; None where that is not told. Who can't tell says 0 all along."""
    known = isinstance(progress, (int, float)) and not isinstance(progress, bool) and 0 < progress <= 100
    return progress / 100 if known else None


def _failure(answer: Mapping[str, Any], name: str, status: str) -> errors.VeoError:
    said = said_in({"error": answer.get("error")})
    message = said.message or f"The gateway calls it {status} and gave no reason."
    facts = {"operation": name, "provider_code": said.code or status}
    if re.search(_BLOCKED, said.code) or re.search(_FILTERED, said.message):
        hint = "The filter varies: try again, or change the prompt."
        return errors.ContentBlocked(message, hint=hint, **facts)
    return errors.OperationFailed(message, hint="Ask anew.", **facts)
