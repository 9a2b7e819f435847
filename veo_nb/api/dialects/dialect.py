"""Which forms of the wire a provider speaks. To add one, add its file and a line in `FORMS`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from veo_nb import catalog, errors
from veo_nb.api.body import Mask, as_it_is
from veo_nb.api.dialects.gemini import Gemini
from veo_nb.api.dialects.interactions import Interactions
from veo_nb.api.dialects.vertex import Vertex
from veo_nb.api.dialects.videos import Videos
from veo_nb.api.wire import Call, Operation
from veo_nb.config import missing_address
from veo_nb.credentials.keys import missing_key
from veo_nb.records.late import dataclass
from veo_nb.request import VideoRequest


class Form(Protocol):
    """A form of the wire, as the client asks for it: values in, a call or an address out. Other packages write a `foreign.Dialect`."""

    def submit(self, request: VideoRequest, clip: bytes = b"") -> Call:
        """The call that asks for a clip; `clip` is its source video where that lies on this machine."""

    def poll(self, model: str, name: str) -> Call:
        """The call that asks how an operation stands."""

    def other_poll(self, model: str, name: str) -> Call | None:
        """The same in the other form that the provider has a page for; None where it has none."""

    def address(self, uri: str) -> str:
        """Where a video is fetched that an answer names so."""

    def read_submitted(self, body: bytes, mask: Mask = as_it_is) -> Operation:
        """The operation that a submit was answered with."""

    def read_operation(self, body: bytes, mask: Mask = as_it_is, asked: str = "") -> Operation:
        """The state of an operation, from the answer to a poll of the address `asked`."""

    def find_name(self, body: bytes, mask: Mask = as_it_is) -> Operation | None:
        """The operation that the beginning of an answer names."""

    def read_refusal(self, status: int, body: bytes, mask: Mask = as_it_is) -> errors.VeoError | None:
        """What an answer other than 2xx means in this form alone; None where it means what it does in all."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a provider is asked; `base` stands in for all of its hosts."""

    provider: catalog.Provider
    base: str = ""
    project: str = ""
    """Google Cloud's; empty elsewhere and in express mode."""
    location: str = ""
    storage_uri: str = ""
    """`gs://bucket/folder` for the videos, at Vertex AI."""
    store: bool = True
    """Whether Google keeps what is asked of Gemini Omni."""


FORMS: dict[str, Callable[[Place], Form]] = {
    "gemini": lambda at: Gemini(at.provider, at.base),
    "vertex": lambda at: Vertex(
        provider=at.provider,
        base=at.base,
        project=at.project,
        location=at.location,
        storage_uri=at.storage_uri,
    ),
    "interactions": lambda at: Interactions(
        provider=at.provider,
        base=at.base,
        project=at.project,
        storage_uri=at.storage_uri,
        store=at.store,
    ),
    "videos": lambda at: Videos(base=at.base or at.provider.submit_base),
}
"""The dialects by name; those that other packages bring are added (see `plugins`)."""


def dialects_of(
    provider: catalog.Provider,
    base: str,
    *,
    has_key: bool,
    project: str,
    location: str,
    storage_uri: str,
    store: bool = True,
) -> dict[str, Form]:
    """The dialects of a provider by name, ready to be asked.

    Raises:
        InvalidRequest: it speaks another form, has no address, or a project or location that is no name.
        AuthenticationError: there is neither a key nor a project, and it needs one of them.
    """
    if not (base or provider.submit_base):
        if provider.key_variables:
            raise missing_address(provider)
        raise errors.InvalidRequest(
            f"The {provider.title} has no address of its own.",
            hint="Give base_url=, as `veo-nb sandbox` prints it.",
        )
    unknown = [name for name in provider.dialects if name not in FORMS]
    if unknown:
        raise errors.InvalidRequest(
            f"{provider.title} speaks {catalog.shown(unknown[0])}, which this version does not.",
            hint="Update veo-nb.",
            field="provider",
        )
    if provider.keyless:
        if not has_key and not project:
            raise missing_key(provider)
        for name, value in (("project", project), ("location", location)):
            # Both become part of an address.
            if value and not re.fullmatch(r"[a-z0-9][a-z0-9:.-]{0,98}", value):
                raise errors.InvalidRequest(
                    f"{name} can't be {catalog.shown(value)}.",
                    hint="Give its id, in small letters.",
                    field=name,
                )
    place = Place(
        provider=provider,
        base=base,
        # A key is express mode, whose paths have no project.
        project=project if provider.keyless and not has_key else "",
        location=location,
        storage_uri=storage_uri if provider.keyless else "",
        store=store,
    )
    return {name: FORMS[name](place) for name in provider.dialects}
