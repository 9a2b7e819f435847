"""Which forms of the wire a provider speaks. To add one, add its file and a case in `dialects_of`."""

from __future__ import annotations

import re
from typing import Protocol

from veo_nb import catalog, errors
from veo_nb.api.body import Mask, as_it_is
from veo_nb.api.dialects.gemini import Gemini
from veo_nb.api.dialects.interactions import Interactions
from veo_nb.api.dialects.vertex import Vertex
from veo_nb.api.wire import Call, Operation
from veo_nb.credentials.keys import missing_key
from veo_nb.request import VideoRequest


class Dialect(Protocol):
    """What the client asks of a dialect: values in, a call or an address out."""

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


def dialects_of(
    provider: catalog.Provider,
    base: str,
    *,
    has_key: bool,
    project: str,
    location: str,
    storage_uri: str,
    store: bool = True,
) -> dict[str, Dialect]:
    """The dialects of a provider by name, ready to be asked.

    Raises:
        InvalidRequest: it speaks another form, has no address, or a project or location that is no name.
        AuthenticationError: there is neither a key nor a project, and it needs one of them.
    """
    if not (base or provider.submit_base):
        raise errors.InvalidRequest(
            f"The {provider.title} has no address of its own.",
            hint="Give base_url=, as `veo-nb sandbox` prints it.",
        )
    unknown = [name for name in provider.dialects if name not in ("gemini", "vertex", "interactions")]
    if unknown:
        raise errors.InvalidRequest(
            f"{provider.title} speaks {catalog.shown(unknown[0])}, which this version does not.",
            hint="Update veo-nb.",
            field="provider",
        )
    if "vertex" not in provider.dialects:
        found: dict[str, Dialect] = {
            "gemini": Gemini(provider, base),
            "interactions": Interactions(provider=provider, base=base, store=store),
        }
        return {name: found[name] for name in provider.dialects}
    if not has_key and not project:
        raise missing_key(provider)
    for name, value in (("project", project), ("location", location)):
        # Both become part of an address.
        if value and not re.fullmatch(r"[a-z0-9][a-z0-9:.-]{0,98}", value):
            raise errors.InvalidRequest(
                f"{name} can't be {catalog.shown(value)}.", hint="Give its id, in small letters.", field=name
            )
    # A key is express mode, whose paths have no project.
    project = "" if has_key else project
    return {
        "vertex": Vertex(
            provider=provider, base=base, project=project, location=location, storage_uri=storage_uri
        ),
        "interactions": Interactions(
            provider=provider, base=base, project=project, storage_uri=storage_uri, store=store
        ),
    }
