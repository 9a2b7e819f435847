"""What shall go wrong, and when: a table in a file that a person or a test writes, for `--faults FILE`.

The file is TOML, or JSON of the same shape when its name ends in `.json`:

    seed = 7                  # for `share`; 0 when left out

    [[fault]]                 # the second and third poll, and each from the tenth on, get a 503
    call = "poll"
    nth = [2, 3, "10-"]
    kind = "status"
    status = 503
    retry_after = 2

    [[fault]]                 # the first submit is carried out, but its answer is lost
    call = "submit"
    nth = 1
    kind = "reset"
    carried_out = true

    [[fault]]                 # one download in five ends after 100 kB
    call = "download"
    share = 0.2
    kind = "truncate"
    bytes = 100000

Each fault says when it happens. Of several that fit, the first in the file does:

    call          submit, poll, download, models (its list, as %veo doctor asks for it) or upload, or several in a list; all
                  but upload when left out. Each announcement of a file, piece of it and question for it is an upload
    nth           which of the calls of one kind since the server started, counted from 1: a number, a range
                  ("2-4", "10-"), or a list of these; all when left out. Calls without the right key don't count
    share         how many of these, 0 to 1, drawn by lot; the same seed draws the same calls
    times         how often at most
    delay         seconds to wait before it

and what happens, its `kind`. `bytes` counts the answer's body, from its end when negative. A call is `carried_out` when
its work is done although its answer tells nothing of it (a submit is accepted, and would be charged); by default it is
not, and what needs the true answer to spoil it always does the work.

    status        an error: `status`, its body's `form` (gemini, provider, flat, html or empty), `message`, `reason` (as
                  CONTENT_POLICY_VIOLATION) and `retry_after`, seconds or a date; may be `carried_out`
    reset         the connection is reset `at` the request's head, before its body is read; at its body, once that is
                  read (this is meant when left out; may be `carried_out`), or of an upload once `bytes` of it have come,
                  which are kept; or at the answer, after `bytes` of it
    hang          nothing comes for `seconds`, then a reset; for ever with 0. `at` and `bytes` as for reset
    slow          the answer's body comes at `rate` bytes a second
    truncate      the answer ends in good order after `bytes`, too early for its Content-Length
    wrong-length  Content-Length is `by` bytes more than is sent, or fewer when negative
    html          a page of a CDN or a hotel's network, with `status` 200 when left out; may be `carried_out`
    empty         no body, with `status` 200 when left out; may be `carried_out`
    not-json      the beginning of an object, and no more; may be `carried_out`
    wrong-shape   JSON that no page documents, `body` when given; may be `carried_out`
    huge          a body of `bytes` (1 GiB when left out): white space before an object, or zeros for a video
    redirect      to another address `to`, in which {same} is the one that was asked and {other} the same under
                  this machine's other name, which is meant when left out; `status` 302 when left out
    garbage       bytes that are no HTTP
    no-range      the whole video, though a part was asked for
    unready       a file that is uploaded stays in `state`: PROCESSING, which is meant when left out, or FAILED
    answer        what you like: `status`, `headers`, and `body` as text or as JSON; may be `carried_out`

All of it happens on the socket, as it would on a real network. The log of requests notes the kind with the request.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

Call = Literal["submit", "poll", "download", "models", "upload"]
USUAL: tuple[Call, ...] = ("submit", "poll", "download", "models")
"""The calls on which a fault falls that names none."""
At = Literal["head", "body", "answer"]
AnyStatus = Annotated[int, Meta(ge=200, le=599)]
Refusal = Annotated[int, Meta(ge=400, le=599)]
Seconds = Annotated[float, Meta(ge=0, le=86400)]
RANGE = re.compile(r"([0-9]{1,9})(-)?([0-9]{1,9})?")


class UnusableFaults(ValueError):  # noqa: N818
    """The file can't be used; the message says why, in one sentence."""


class Fault(Struct, tag_field="kind", kw_only=True, forbid_unknown_fields=True):
    """When something goes wrong; what, is told by the classes below."""

    call: Call | list[Call] | UnsetType = UNSET
    nth: int | str | list[int | str] | UnsetType = UNSET
    share: Annotated[float, Meta(ge=0, le=1)] = 1.0
    times: Annotated[int, Meta(ge=0)] = 0
    delay: Seconds = 0.0
    carried_out: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        if isinstance(self.nth, (int, str, list)):
            _ranges(self.nth)

    @property
    def kind(self) -> str:
        """The name of what happens."""
        return str(self.__struct_config__.tag)

    def falls(self, call: Call, number: int, lot: random.Random) -> bool:
        """Whether it falls on this call, the `number`th of its kind."""
        mine = USUAL if self.call is UNSET else [self.call] if isinstance(self.call, str) else self.call
        if call not in mine:
            return False
        if self.nth is not UNSET and not any(low <= number <= high for low, high in _ranges(self.nth)):
            return False
        return self.share >= 1.0 or lot.random() < self.share


class Answered(Fault, kw_only=True):
    """A fault in place of the answer."""

    carried_out: bool = False  # type: ignore[misc]


class Status(Answered, tag="status", kw_only=True):
    """An error."""

    status: Refusal
    form: Literal["gemini", "provider", "flat", "html", "empty"] = "gemini"
    message: str = "The sandbox was asked for this error."
    reason: str = ""
    retry_after: int | float | str | UnsetType = UNSET


class Broken(Answered):
    """An end of the connection, at a place."""

    at: At = "body"
    bytes: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        super().__post_init__()
        if self.at == "head" and self.carried_out:
            raise ValueError("at the head nothing can be carried_out")


class Reset(Broken, tag="reset"):
    """A reset of the connection."""


class Hang(Broken, tag="hang"):
    """Silence."""

    seconds: Seconds = 0.0


class Slow(Fault, tag="slow"):
    """A body that trickles."""

    rate: Annotated[int, Meta(ge=1)]


class Truncate(Fault, tag="truncate"):
    """A body that ends early."""

    bytes: int


class WrongLength(Fault, tag="wrong-length"):
    """A Content-Length that is not true."""

    by: int


class Html(Answered, tag="html"):
    """A page where an answer should be."""

    status: AnyStatus = 200


class Empty(Html, tag="empty"):
    """Nothing where an answer should be."""


class NotJson(Answered, tag="not-json"):
    """Half an object."""


class WrongShape(Answered, tag="wrong-shape"):
    """JSON of another shape."""

    body: Any = msgspec.field(default_factory=lambda: {"surprise": [1, {"done": "perhaps"}]})


class Huge(Fault, tag="huge"):
    """A body that does not end for long."""

    bytes: Annotated[int, Meta(ge=0, le=2**40)] = 2**30


class Redirect(Fault, tag="redirect"):
    """An address elsewhere."""

    to: str = "{other}"
    status: Literal[301, 302, 303, 307, 308] = 302


class Garbage(Fault, tag="garbage"):
    """Bytes that are no HTTP."""


class NoRange(Fault, tag="no-range"):
    """All, where a part was asked for."""


class Unready(Fault, tag="unready", kw_only=True):
    """A file that can't be used."""

    state: Literal["PROCESSING", "FAILED"] = "PROCESSING"


class Answer(Answered, tag="answer"):
    """Anything."""

    status: AnyStatus = 200
    headers: dict[str, str] = {}
    body: Any = ""

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        super().__post_init__()
        for name, value in self.headers.items():
            if not re.fullmatch(r"[!-9;-~]+", name) or not re.fullmatch(r"[ -~]*", value):
                raise ValueError(f"headers can't hold {name!r}: {value!r}")


AnyFault = (
    Status
    | Reset
    | Hang
    | Slow
    | Truncate
    | WrongLength
    | Html
    | Empty
    | NotJson
    | WrongShape
    | Huge
    | Redirect
    | Garbage
    | NoRange
    | Unready
    | Answer
)


class Table(Struct, forbid_unknown_fields=True):
    """A whole file."""

    fault: list[AnyFault] = []
    seed: int = 0


class Faults:
    """Deals out the faults of a table, call by call; the same calls meet the same faults."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._seen: Counter[Call] = Counter()
        self._played: Counter[int] = Counter()

    def meet(self, call: Call) -> Fault | None:
        """What happens to the next call of this kind; None when all goes well."""
        self._seen[call] += 1
        number = self._seen[call]
        for index, fault in enumerate(self.table.fault):
            lot = random.Random(f"{self.table.seed} {index} {call} {number}")  # noqa: S311  no secret
            if fault.times and self._played[index] >= fault.times:
                continue
            if fault.falls(call, number, lot):
                self._played[index] += 1
                return fault
        return None


def read_faults(path: Path) -> Faults:
    """The faults in a file.

    Raises:
        UnusableFaults: it can't be read, or says what can't be meant.
    """
    try:
        raw = path.read_bytes()
        decode = msgspec.json.decode if path.suffix == ".json" else msgspec.toml.decode
        return Faults(decode(raw, type=Table))
    except OSError as error:
        reason = error.strerror or str(error)
    except (ValueError, RecursionError) as error:
        reason = _placed(str(error))
    raise UnusableFaults(f"The faults in {path} can't be used: {reason.rstrip('.')}.")


def _placed(reason: str) -> str:
    """The words of msgspec with the place in front, as a person counts: `fault 2: unknown field `nht``."""
    problem, _, place = reason.partition(" - at ")
    found = re.match(r"`\$\.fault\[([0-9]+)\]\.?(.*?)`$", place)
    if not found:
        return " ".join(f"{problem} {place.replace('$.', '')}".split())
    field = f", {found[2]}" if found[2] else ""
    return f"fault {int(found[1]) + 1}{field}: {problem}"


def _ranges(nth: int | str | list[int | str]) -> list[tuple[float, float]]:
    return [_range(item) for item in (nth if isinstance(nth, list) else [nth])]


def _range(nth: int | str) -> tuple[float, float]:
    found = RANGE.fullmatch(str(nth).replace(" ", ""))
    if not found or (found[3] and not found[2]) or int(found[1]) < 1:
        raise ValueError(f'nth can\'t be {nth!r}: it takes a number from 1, "2-4" or "10-"')
    low = int(found[1])
    return low, float("inf") if found[2] and not found[3] else int(found[3] or low)
