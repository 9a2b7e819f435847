"""`%veo compare` and `%veo rank`: what stands behind them, read and done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from veo_nb import catalog
from veo_nb.errors import InvalidRequest
from veo_nb.sweep.sweep import is_sweep_id

if TYPE_CHECKING:
    from veo_nb.decisions.comparison import Comparison
    from veo_nb.decisions.ranking import Ranking
    from veo_nb.studio import Studio

OPTIONS: dict[str, tuple[str, ...]] = {
    "compare": ("by", "question", "rounds", "voter"),
    "rank": ("by", "question"),
}
"""The options of each, all of which take a value."""
LENGTH = 10
"""Letters of a comparison's id."""
WANTED = "a sweep's ID, such as s3f2a, a comparison's, or those of several jobs"


def compare(studio: Studio, arguments: Sequence[str]) -> Comparison:
    """The comparison that a `%veo compare` line asks for.

    Raises:
        InvalidRequest: the line is wrong, or there is nothing to compare.
        NotFound: there is no such sweep, comparison or job.
    """
    ids, options = _read("compare", arguments)
    if _is_comparison(ids):
        _alone("compare", ids[0], options, ("by", "question"))
    rounds = options.get("rounds")
    return studio.comparisons.open(
        studio.comparisons.get(ids[0]).id if _is_comparison(ids) else _what(studio, ids),
        options.get("by"),
        options.get("question"),
        rounds=None if rounds is None else _number(rounds),
        voter=options.get("voter"),
    )


def rank(studio: Studio, arguments: Sequence[str]) -> Ranking:
    """The ranking that a `%veo rank` line asks for.

    Raises:
        InvalidRequest: the line is wrong, or there are no votes.
        NotFound: there is no such sweep, comparison or job.
    """
    ids, options = _read("rank", arguments)
    if _is_comparison(ids):
        _alone("rank", ids[0], options, ("by", "question"))
        return studio.comparisons.get(ids[0]).ranking()
    return studio.rank(_what(studio, ids), options.get("by"), options.get("question"))


def _what(studio: Studio, ids: Sequence[str]) -> Any:
    """A sweep, or the clips of some jobs."""
    if len(ids) == 1 and is_sweep_id(ids[0]):
        return studio.sweeps.get(ids[0])
    return [one if "/" in one else studio.job(one) for one in ids]


def _is_comparison(ids: Sequence[str]) -> bool:
    """Whether it is the id of a comparison, which is longer than any other."""
    return len(ids) == 1 and len(ids[0]) == LENGTH and ids[0].lower().startswith("c")


def _read(name: str, arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The ids in a line, and its options by name."""
    ids: list[str] = []
    options: dict[str, str] = {}
    left = list(arguments)
    while left:
        word = left.pop(0)
        if not word.startswith("--"):
            ids.append(word)
            continue
        flag, equals, value = word.partition("=")
        known = [f"--{one}" for one in OPTIONS[name]]
        if flag not in known:
            raise InvalidRequest(
                f"%veo {name} has no option {flag[:40]}.", hint=catalog.did_you_mean(flag, known)
            )
        if not equals:
            if not left or left[0].startswith("--"):
                raise InvalidRequest(f"{flag} needs a value.", hint=_EXAMPLES[flag])
            value = left.pop(0)
        options[flag.removeprefix("--")] = value
    if not ids:
        raise InvalidRequest(f"%veo {name} needs {WANTED}.", hint="%veo sweeps lists the sweeps.")
    return ids, options


_EXAMPLES = {
    "--by": "The axis that is compared: --by prompt",
    "--question": '--question "Which looks more like film?"',
    "--rounds": "How many pairs each voter is shown: --rounds 20",
    "--voter": "Who votes: --voter ann",
}


def _alone(name: str, comparison_id: str, options: dict[str, str], fixed: Sequence[str]) -> None:
    """Nothing, where no option says anew what a comparison has said for itself."""
    said = [f"--{one}" for one in fixed if one in options]
    if said:
        raise InvalidRequest(
            f"Comparison {comparison_id} is what it is: {said[0]} would make it another.",
            hint=f"Leave it out, or give the sweep's ID: %veo {name} ID {' '.join(said)} …",
        )


def _number(typed: str) -> int:
    try:
        return int(typed)
    except ValueError:
        raise InvalidRequest(
            f"--rounds can't be {catalog.shown(typed)}.", hint=_EXAMPLES["--rounds"]
        ) from None
