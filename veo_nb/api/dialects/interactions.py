"""The dialect of Google's Interactions API, over which Gemini Omni is spoken to. Pure.

In the background and stored, where no setting says otherwise: a name that outlives the kernel is worth more than an
answer that holds the line. What is not stored can't be in the background (Google's page on the Interactions API says that
the two don't go together), so that its answer comes with the clip and with nothing to ask for it once more.
Source: OMNI.md's page on the service, read on 2026-11-29; where its sources differ, both forms are read.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from veo_nb import catalog, errors
from veo_nb.api import answers
from veo_nb.api.body import Mask, as_it_is, items, mapping, quoted, read, read_bytes, said_in, words
from veo_nb.api.wire import UNSTORED, Call, Operation, Sample, encode_picture
from veo_nb.media.picture import Picture
from veo_nb.records.late import dataclass
from veo_nb.request import VideoRequest

PREVIOUS = "interaction:"
"""How a source names an interaction of this provider: by its id, since that is known longer than its file."""
_GIVEN = re.compile(r'"id"\s*:\s*"(v1_[!#-.0-~]{1,500})"')
_BLOCKED = frozenset({"safety", "prohibited_content", "blocklist", "spii", "content_blocked", "image_safety"})
"""Codes under which the filter refuses."""
_ENDS = {
    "cancelled": "It was cancelled at the provider.",
    "incomplete": "The provider stopped before the clip was done.",
    "budget_exceeded": "The provider stopped it: its own budget for this key is used up.",
    "requires_action": "The model asks for something instead of making the clip.",
}
"""Statuses that end it without a clip, in words. Others that are not known are asked again."""


@dataclass(frozen=True, kw_only=True)
class Interactions:
    """How a provider is asked over this wire; `base` stands in for all of its hosts."""

    provider: catalog.Provider
    base: str = ""
    project: str = ""
    """Vertex AI's; empty elsewhere and in express mode."""
    storage_uri: str = ""
    """`gs://bucket/folder` for the videos, at Vertex AI."""
    store: bool = True
    """Whether the provider keeps what it is asked, and is asked in the background."""

    read_refusal = staticmethod(answers.plain_refusal)

    def submit(self, request: VideoRequest, clip: bytes = b"") -> Call:
        """The POST that asks for a clip; `clip` is the source video where it goes along with the request."""
        body: dict[str, Any] = {
            "model": request.model,
            "input": [
                *_pictures(request),
                *self._video(request, clip),
                {"type": "text", "text": request.prompt},
            ],
            "background": self.store,
            "store": self.store,
            "response_format": self._format(request),
        }
        source = request.edit or request.video
        previous = source is not None and source.uri.startswith(PREVIOUS)
        if source is not None and previous:
            body["previous_interaction_id"] = source.uri.removeprefix(PREVIOUS)
        config: dict[str, Any] = {}
        if request.seed is not None:
            config["seed"] = request.seed
        # Google's own client never names the task of an edit beside the clip that it goes back to.
        if not (previous and request.edit is not None):
            config["video_config"] = {"task": _task(request)}
        if config:
            body["generation_config"] = config
        return Call("POST", f"{self._home()}/interactions", body, held=not self.store)

    def poll(self, model: str, name: str) -> Call:
        """The GET that asks how an interaction stands.

        Raises:
            ServiceError: the name can't stand in a path.
            VideoExpired: nobody stored it.
        """
        del model
        if name.startswith(UNSTORED):
            raise errors.VideoExpired(
                "The provider stored nothing of this clip (store=False), and it is not here.",
                hint="Ask anew with fresh.",
            )
        return Call("GET", f"{self._home()}/interactions/{quote(_checked(name), safe='')}?stream=false")

    def address(self, uri: str) -> str:
        """Where a video is fetched that an answer names so: its bytes and not what is known of it."""
        if re.search(r"/files/[^/?]+(?::download)?$", uri):
            return f"{uri if uri.endswith(':download') else f'{uri}:download'}?alt=media"
        return uri

    def other_poll(self, model: str, name: str) -> Call | None:
        """None: there is one way to ask."""
        del model, name
        return None

    def read_submitted(self, body: bytes, mask: Mask = as_it_is) -> Operation:
        """The interaction that a submit was answered with; how it stands is for the first poll to tell.

        Of what is not stored the answer is all that there is, and has the clip.

        Raises:
            ServiceError: the answer is not JSON, or names none.
        """
        if not self.store:
            return _unstored(self.read_operation(body, mask))
        try:
            found = read(body, mask)
        except errors.ServiceError:
            if (given := self.find_name(body, mask)) is not None:
                return given
            raise
        name = mapping(found).get("id")
        if not isinstance(name, str) or not name:
            said = quoted(said_in(found).message)
            raise errors.ServiceError(f"The provider's answer names no interaction{said}", hint="")
        return Operation(_checked(name))

    def find_name(self, body: bytes, mask: Mask = as_it_is) -> Operation | None:
        """The interaction that the beginning of an answer names, where its id is there as a whole."""
        found = _GIVEN.search(body[:1_000_000].decode("utf-8", "replace"))
        return Operation(mask(found[1])) if found else None

    def read_operation(self, body: bytes, mask: Mask = as_it_is, asked: str = "") -> Operation:
        """The state of an interaction, from the answer to a poll.

        Raises:
            ServiceError: the answer is not JSON, or tells no state.
        """
        del asked
        found = read(body, mask)
        answer = mapping(found)
        name, status = str(answer.get("id") or ""), answer.get("status")
        if not isinstance(status, str) or not status:
            said = quoted(said_in(found).message)
            raise errors.ServiceError(f"The provider's answer tells no state{said}", hint="")
        samples, usage = tuple(_samples(answer)), _usage(answer)
        said = " ".join(_texts(answer))
        # While it goes on, what is there may be the clip that it goes back to.
        if samples and status not in ("queued", "in_progress", "failed", "cancelled"):
            return Operation(name, done=True, samples=samples, usage=usage)
        if status == "completed":
            blocked = errors.ContentBlocked(
                said or "The model made no video and gave no reason.",
                hint="The filter varies: try again, or change the prompt.",
                operation=name,
            )
            return Operation(name, done=True, error=blocked, filtered=(said,) if said else (), usage=usage)
        if status == "failed":
            return Operation(name, done=True, error=_failure(answer, name), usage=usage)
        if status in _ENDS:
            why = f"{_ENDS[status]} {said}".strip()
            failure = errors.OperationFailed(why, hint="Ask anew.", operation=name, provider_code=status)
            return Operation(name, done=True, error=failure, usage=usage)
        return Operation(name)

    def _home(self) -> str:
        # Omni is served at the location `global` only.
        base = self.base or self.provider.submit_base.replace("{location}-", "")
        if not self.provider.keyless:
            return f"{base}/v1beta"
        place = f"/projects/{self.project}/locations/global" if self.project else ""
        return f"{base}/v1beta1{place}"

    def _format(self, request: VideoRequest) -> dict[str, Any]:
        shown: dict[str, Any] = {"type": "video"}
        if request.aspect_ratio is not None and request.video is None:
            shown["aspect_ratio"] = request.aspect_ratio
        if request.resolution is not None:
            shown["resolution"] = request.resolution
        if request.duration_seconds is not None and request.edit is None:
            shown["duration"] = f"{request.duration_seconds}s"
        if not self.store:
            # An address is for what is kept.
            shown["delivery"] = "inline"
        elif not self.provider.keyless:
            shown["delivery"] = "uri"
        elif self.storage_uri:
            shown |= {"delivery": "uri", "gcs_uri": self.storage_uri}
        return shown

    def _video(self, request: VideoRequest, clip: bytes) -> Iterator[dict[str, str]]:
        source = request.edit or request.video
        if clip:
            data = base64.b64encode(clip).decode("ascii")
            yield {"type": "video", "mime_type": "video/mp4", "data": data}
        elif source is not None and not source.uri.startswith(PREVIOUS):
            yield {"type": "video", "mime_type": "video/mp4", "uri": source.uri}


def _unstored(operation: Operation) -> Operation:
    """The operation under a name that says that nobody can ask for it; one that still goes on may yet be asked for."""
    return replace(operation, name=f"{UNSTORED}{operation.name}") if operation.done else operation


def _task(request: VideoRequest) -> str:
    if request.edit is not None:
        return "edit"
    if request.video is not None:
        return "extend"
    if request.reference_images:
        return "reference_to_video"
    return "image_to_video" if request.image is not None else "text_to_video"


def _pictures(request: VideoRequest) -> Iterator[dict[str, str]]:
    """In the order in which they are understood: first frame, last frame, references."""
    for picture in request.pictures():
        yield _part(picture)


def _part(picture: Picture) -> dict[str, str]:
    if picture.uri:
        return {"type": "image", "mime_type": picture.mime, "uri": picture.uri}
    sent = encode_picture(picture)
    return {"type": "image", "mime_type": sent.mime, "data": base64.b64encode(sent.data).decode("ascii")}


def _checked(name: Any) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[!-.0-~]{1,500}", name) or set(name) <= {"."}:
        shown = catalog.shown(name)
        raise errors.ServiceError(
            f"The provider named its interaction {shown}, which can't be asked for.",
            hint="Look at your provider's dashboard: the clip may be there.",
        )
    return name


def _content(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for step in items(answer.get("steps")):
        if mapping(step).get("type") == "model_output":
            yield from (mapping(item) for item in items(step.get("content")))


def _samples(answer: Mapping[str, Any]) -> Iterator[Sample]:
    for item in _content(answer):
        if item.get("type") != "video":
            continue
        if isinstance(uri := item.get("uri"), str) and uri:
            yield Sample(uri=uri)
        elif isinstance(data := item.get("data"), str) and data:
            yield Sample(data=read_bytes(data))


def _texts(answer: Mapping[str, Any]) -> Iterator[str]:
    """What the model says in place of a clip, and why it made none."""
    for step in items(answer.get("steps")):
        if said := words(mapping(mapping(step).get("error")).get("message")):
            yield said
    for item in _content(answer):
        if item.get("type") == "text" and (said := words(item.get("text"))):
            yield said


def _usage(answer: Mapping[str, Any]) -> dict[str, int] | None:
    """The tokens that an answer tells of, said apart as they are paid for: what went in, video, and text and thought.

    Sources disagree on whether thought is a part of all that came out. Where the sum of all doesn't tell, it is counted
    beside it: of two figures the higher one.
    """
    said = mapping(answer.get("usage"))
    if not said:
        return None
    went_in, came_out = _count(said.get("totalinputtokens")), _count(said.get("totaloutputtokens"))
    thought = _count(said.get("totalthoughttokens")) or _count(said.get("totalreasoningtokens"))
    kinds = [mapping(one) for one in items(said.get("outputtokensbymodality"))]
    video = sum(_count(one.get("tokens")) for one in kinds if str(one.get("modality")).lower() == "video")
    if not kinds:
        # What comes out of this model is video, all but nothing.
        video = came_out
    inside = thought and _count(said.get("totaltokens")) == went_in + came_out
    text = max(0, came_out - video) + (0 if inside else thought)
    return {"input": went_in, "video": video, "text": text, "thought": thought}


def _count(value: Any) -> int:
    return int(value) if re.fullmatch(r"\d{1,12}", str(value)) else 0


def _failure(answer: Mapping[str, Any], name: str) -> errors.VeoError:
    places = [*items(answer.get("errors")), answer.get("error")]
    found = next((mapping(place) for place in places if mapping(place)), {})
    code = str(found.get("code") or "")
    said = words(found.get("message")) or " ".join(_texts(answer)) or "The provider gave no reason."
    facts = {"operation": name, "provider_code": code}
    if code in _BLOCKED:
        return errors.ContentBlocked(
            said, hint="The filter varies: try again, or change the prompt.", **facts
        )
    if code == "too_many_requests":
        return errors.OperationFailed(
            # The bill reads it off the message.
            f"The provider had too many at once and did not begin. Nothing is charged. {said}",
            hint="Run the cell again in a minute.",
            **facts,
        )
    return errors.OperationFailed(said, hint="Ask anew.", **facts)
