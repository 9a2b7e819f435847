"""The dialects of other packages: what they write, and what stands between them and the client. See `veo_nb.providers`.

Whatever one of them does wrong is a sentence that names its package: nothing is sent twice for it, and nothing that was
accepted is lost.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from veo_nb import catalog, errors
from veo_nb.api.body import Mask, as_it_is, read, words
from veo_nb.api.wire import Call, Operation, Sample
from veo_nb.media.picture import Picture, UnreadablePicture, outgoing
from veo_nb.records.late import dataclass
from veo_nb.request import VideoRequest

log = logging.getLogger("veo_nb")

PROTOCOL = 1
"""The version of what a `Plugin` and a `Dialect` are; it grows when one that was written for it would no longer work."""
_T = TypeVar("_T")


class Dialect:
    """How a service is asked for clips, and what its answers mean: pure functions of values, without a state.

    Write a subclass with a `name`, the `fields` it takes, and the four methods that raise here. An `answer` is the JSON of
    one, as the service wrote it.
    """

    name: str = ""
    """What models and providers call it: small letters, digits and -."""
    fields: tuple[str, ...] = ()
    """The fields of a `VideoRequest` that it takes, beside the prompt and the model."""
    sources: catalog.SourceLimits | None = None
    """Which clips may be gone on from (`video`) or changed (`edit`), where those are among its fields."""

    def submit(self, request: VideoRequest, clip: bytes = b"") -> Call:
        """The POST that asks for a clip: its path, which the provider's `submit_base` goes in front of, and its body.

        `request.seconds`, `request.lines` and `request.shape` are what was set, or else what the model makes by default.
        `clip` are the bytes of the source video, where `sources.inline` lets them go along.
        """
        raise NotImplementedError

    def read_submitted(self, answer: Any) -> Operation:
        """The operation that a submit was answered with: `Operation(name)`, by which it is asked for from then on.

        Raise `veo_nb.ContentBlocked` or `veo_nb.InvalidRequest` where a 2xx says that nothing was accepted.
        """
        raise NotImplementedError

    def poll(self, model: str, name: str) -> Call:
        """The call that asks how an operation stands: its path, which the provider's `poll_base` goes in front of."""
        raise NotImplementedError

    def read_operation(self, answer: Any) -> Operation:
        """How it stands: `Operation()` while it goes on; `done=True` with its `samples`, or with the `error` it ended in.

        Where the answer tells how far it is, `progress` says so, above 0 and up to 1: the card then shows that.

        Say that it is done only where the answer does: the same request may then be paid for again.
        """
        raise NotImplementedError

    def locate(self, uri: str) -> str:
        """Where a `Sample` of this `uri` is fetched: an address as it is, or a path at `poll_base`."""
        return uri

    def read_refusal(self, status: int, answer: Any) -> errors.VeoError | None:
        """What an answer of this status (300 and more) means; None for what HTTP says that it means.

        A `ServiceError` with `passing=True` is asked again.
        """
        del status, answer
        return None


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """What a package adds to veo_nb; the entry point names one."""

    protocol: int
    """The version that it was written for; this veo_nb knows `PROTOCOL`."""
    providers: tuple[catalog.Provider, ...] = ()
    models: tuple[catalog.Model, ...] = ()
    prices: tuple[catalog.Price, ...] = ()
    rules: tuple[catalog.Rule, ...] = ()
    dialects: tuple[Dialect, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """Another package's dialect, as the client asks it."""

    dialect: Dialect
    package: str
    """Its name and version."""
    submit_base: str
    poll_base: str

    def submit(self, request: VideoRequest, clip: bytes = b"") -> Call:
        """The call that asks for a clip.

        Raises:
            InvalidRequest: it can't be written; nothing was sent.
        """

        def unusable(why: str) -> errors.VeoError:
            return errors.InvalidRequest(
                f"{self.package} can't write this request: {why}.",
                hint="Nothing was sent. Update the package, or ask who made it.",
            )

        ready = _ready(request)
        call = _attempt(lambda: self.dialect.submit(ready, clip), unusable)
        return _call(call, self.submit_base, ("POST",), unusable)

    def poll(self, model: str, name: str) -> Call:
        """The call that asks how an operation stands.

        Raises:
            ServiceError: it can't be written.
        """
        call = _attempt(lambda: self.dialect.poll(model, name), self._unread)
        return _call(call, self.poll_base, ("GET", "POST"), self._unread)

    def other_poll(self, model: str, name: str) -> Call | None:
        """None: there is one way to ask."""
        del model, name
        return None

    def address(self, uri: str) -> str:
        """Where a video is fetched that an answer names so.

        Raises:
            DownloadError: the dialect doesn't know.
        """

        def unusable(why: str) -> errors.VeoError:
            return errors.DownloadError(
                f"{self.package} can't tell where the video is: {why}.",
                hint="It is kept: update the package, then %veo retry looks again.",
                uri=uri[:500],
            )

        where = _attempt(lambda: self.dialect.locate(uri), unusable)
        if not isinstance(where, str):
            raise unusable(f"locate gave {catalog.shown(where)}")
        return f"{self.poll_base}{where}" if where.startswith("/") else where

    def read_submitted(self, body: bytes, mask: Mask = as_it_is) -> Operation:
        """The operation that a submit was answered with.

        Raises:
            ServiceError: the answer names none.
        """
        answer = read(body, mask, as_written=True)
        found = _attempt(lambda: self.dialect.read_submitted(answer), self._unread)
        name = found.name if isinstance(found, Operation) else None
        if not isinstance(name, str) or not re.fullmatch(r"[!-~]{1,500}", name):
            raise self._unread(f"read_submitted gave the name {catalog.shown(name)}")
        return Operation(name)

    def read_operation(self, body: bytes, mask: Mask = as_it_is, asked: str = "") -> Operation:
        """The state of an operation, from the answer to a poll.

        Raises:
            ServiceError: the answer tells no state.
        """
        del asked
        answer = read(body, mask, as_written=True)
        found = _attempt(lambda: self.dialect.read_operation(answer), self._unread)
        if not isinstance(found, Operation):
            raise self._unread(f"read_operation gave {catalog.shown(found)}")
        if not (isinstance(found.samples, (tuple, list)) and all(_is_sample(one) for one in found.samples)):
            raise self._unread(f"read_operation gave the samples {catalog.shown(found.samples)}")
        if not (found.error is None or isinstance(found.error, errors.VeoError)):
            raise self._unread(f"read_operation gave the error {catalog.shown(found.error)}")
        if found.samples or (found.done is True and found.error is not None):
            filtered = tuple(words(one) for one in found.filtered)
            ended = None if found.samples or found.error is None else _ended(found.error)
            return replace(found, done=True, samples=tuple(found.samples), error=ended, filtered=filtered)
        if found.done is True:
            raise self._unread("read_operation says it is done, and gave neither a sample nor an error")
        given = found.progress
        is_share = isinstance(given, (int, float)) and not isinstance(given, bool) and 0 < given <= 1
        return replace(found, done=False, error=None, progress=float(given) if given and is_share else None)

    def find_name(self, body: bytes, mask: Mask = as_it_is) -> Operation | None:
        """None: an answer that breaks off is not read."""
        del body, mask
        return None

    def read_refusal(self, status: int, body: bytes, mask: Mask = as_it_is) -> errors.VeoError | None:
        """What an answer other than 2xx means; None where the dialect leaves that to HTTP, or can't read it."""
        try:
            answer = read(body, mask, as_written=True)
        except errors.ServiceError:
            return None
        try:
            found = self.dialect.read_refusal(status, answer)
        except Exception as error:  # noqa: BLE001  none that it knows: HTTP has its own meaning
            log.warning("%s can't read a refusal (%d): %s", self.package, status, type(error).__name__)
            return None
        if not isinstance(found, errors.VeoError):
            return None
        found.facts.setdefault("status", status)
        return _tidy(found)

    def _unread(self, why: str) -> errors.VeoError:
        return errors.ServiceError(
            f"{self.package} can't read the provider's answer: {why}.", hint="Update the package."
        )


def _ready(request: VideoRequest) -> VideoRequest:
    """The request with its pictures as a provider gets them: without what a phone writes into a photo.

    Raises:
        InvalidRequest: one can't be read any more.
    """

    def sent(picture: Picture | None) -> Picture | None:
        return picture and outgoing(picture)

    try:
        return replace(
            request,
            image=sent(request.image),
            last_frame=sent(request.last_frame),
            reference_images=tuple(outgoing(one) for one in request.reference_images),
        )
    except UnreadablePicture as error:
        raise errors.InvalidRequest(str(error), hint=error.hint) from None


def _ended(error: errors.VeoError) -> errors.VeoError:
    """What an operation ended in: it was blocked, or it failed."""
    if not isinstance(error, (errors.ContentBlocked, errors.OperationFailed)):
        error = errors.OperationFailed(error.message, hint=error.hint, **error.facts)
    return _tidy(error)


def _tidy(error: errors.VeoError) -> errors.VeoError:
    """The error with a server's words on one line."""
    error.message, error.hint = words(error.message), words(error.hint)
    error.args = (error.message,)
    return error


def _attempt(asked: Callable[[], _T], unusable: Callable[[str], errors.VeoError]) -> _T:
    """What another's code gives; whatever it raises is said in our words."""
    try:
        return asked()
    except errors.VeoError as error:
        raise _tidy(error) from None
    except Exception as error:  # noqa: BLE001  nobody knows what it does
        raise unusable(f"{type(error).__name__}: {words(str(error))}".rstrip(":. ")) from None


def _call(
    call: object, base: str, methods: tuple[str, ...], unusable: Callable[[str], errors.VeoError]
) -> Call:
    """A call with its whole address."""
    if not isinstance(call, Call) or call.method not in methods:
        raise unusable(f"it gave {catalog.shown(call)} in place of a {' or '.join(methods)}")
    path = call.url
    plain = isinstance(path, str) and re.fullmatch(r"/(?!/)[!-~]*", path) and not re.search(r"[\\#]", path)
    if not plain or {".", ".."}.intersection(path.partition("?")[0].split("/")):
        raise unusable(f"{catalog.shown(path)} is no path")
    return replace(call, url=f"{base}{path}")


def _is_sample(item: object) -> bool:
    if not isinstance(item, Sample) or not isinstance(item.uri, str):
        return False
    return isinstance(item.data, bytes) if not item.uri else item.data is None or isinstance(item.data, bytes)
