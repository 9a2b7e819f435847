"""The dialect of Vertex AI: polls are POSTs, videos come inline or lie in a bucket. Pure.

With a key it is express mode, which has a short path and no location; without one a project and a location stand
in the path, and the location in the host too, unless it is `global`. Source: API.md's page on the service and the
Vertex AI reference of `predictLongRunning` and `fetchPredictOperation`.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

from veo_nb import catalog, errors
from veo_nb.api import answers, wire
from veo_nb.records.late import dataclass
from veo_nb.request import VideoRequest

STORAGE = "https://storage.googleapis.com"
"""Where what lies in a bucket is fetched, with this machine's Google token."""


@dataclass(frozen=True, kw_only=True)
class Vertex:
    """How Vertex AI is asked; `base` stands in for all of its hosts, the storage's as well."""

    provider: catalog.Provider
    base: str = ""
    project: str = ""
    """Empty in express mode."""
    location: str = "global"
    storage_uri: str = ""
    """`gs://bucket/folder` for the videos; empty to have them in the answers."""

    read_submitted = staticmethod(answers.parse_submitted)
    read_operation = staticmethod(answers.parse_operation)
    find_name = staticmethod(answers.find_name)
    read_refusal = staticmethod(answers.plain_refusal)

    def submit(self, request: VideoRequest, clip: bytes = b"") -> wire.Call:
        """The POST that asks for a clip; `clip` is the source video where it goes along with the request.

        Raises:
            InvalidRequest: its source video is on the web, where Vertex AI does not look.
        """
        video = None
        if clip:
            video = {"bytesBase64Encoded": base64.b64encode(clip).decode("ascii"), "mimeType": "video/mp4"}
        elif request.video is not None:
            if not request.video.uri.startswith("gs://"):
                raise errors.InvalidRequest(
                    f"{self.provider.title} takes a source video from a bucket or from this library, not from the web.",
                    hint="Give a clip or a job of this library.",
                    field="video",
                )
            video = {"gcsUri": request.video.uri, "mimeType": "video/mp4"}
        beside = {"storageUri": self.storage_uri} if self.storage_uri else {}
        body = wire.submit_body(request, self.provider, video, **beside)
        place = self._place(self.project, self.location)
        return wire.Call("POST", f"{place}/{quote(request.model, safe='')}:predictLongRunning", body)

    def poll(self, model: str, name: str) -> wire.Call:
        """The POST that asks how an operation stands. It changes nothing there and may be repeated.

        Raises:
            ServiceError: the name holds no operation.
        """
        wire.operation_id(name)
        # An operation stays where it was begun, whatever the settings say since; in express mode, too, Google's own
        # client asks for it under the project that its name has (google-genai 2.34, `operations.get`).
        home = re.match(r"projects/([a-z0-9][a-z0-9:.-]{0,98})/locations/([a-z0-9-]{1,40})/", name)
        place = self._place(*(home.groups() if home else (self.project, self.location)))
        url = f"{place}/{quote(model, safe='')}:fetchPredictOperation"
        return wire.Call("POST", url, {"operationName": name})

    def other_poll(self, model: str, name: str) -> None:
        """There is but one form."""

    def address(self, uri: str) -> str:
        """Where a video is fetched that an answer names so: what lies in a bucket, over the storage's JSON API.

        Raises:
            DownloadError: it names no object in a bucket.
        """
        if not uri.startswith("gs://"):
            return uri
        found = re.fullmatch(
            r"gs://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])/([^\x00-\x1f\x7f\ud800-\udfff]{1,1024})", uri
        )
        if found is None or found[2] in (".", ".."):
            raise errors.DownloadError(
                f"The video's address is refused: {catalog.shown(uri)}.",
                hint="It names no file in a bucket.",
                uri=uri[:500],
            )
        return f"{self.base or STORAGE}/storage/v1/b/{found[1]}/o/{quote(found[2], safe='')}?alt=media"

    def _place(self, project: str, location: str) -> str:
        """The address under which the models are."""
        express, location = not self.project, location or "global"
        prefix = "" if express or location == "global" else f"{location}-"
        host = self.base or self.provider.submit_base.replace("{location}-", prefix)
        home = f"/projects/{project}/locations/{location}" if project else ""
        return f"{host}/{'v1beta1' if express else 'v1'}{home}/publishers/google/models"
