"""Which clips come next, as functions of values: every pair, setting and side gets its share."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.decisions.contests import contender
from veo_nb.decisions.ballots import ballots_of
from veo_nb.decisions.contenders import label_clips
from veo_nb.decisions.draw import draw, open_pairs
from veo_nb.store.evidence.votes import VoteRow


def vote(number, sides, choice="tie"):
    return VoteRow(
        id=str(number),
        comparison_id="c",
        left=sides.left,
        right=sides.right,
        choice=choice,
        voter="ann",
        voted_at=1.0,
    )


def drawn(values, settings, count, random, choose=None):
    """What a voter sees who votes so often, as votes."""
    contenders = [contender(value, setting) for value in values for setting in settings]
    stand_for = {one.key: one.value for one in contenders}
    votes: list[VoteRow] = []
    for number in range(count):
        pairs = open_pairs(contenders, votes, again=True)
        pick = choose or random.choice
        votes.append(vote(number, draw(pairs, votes, ballots_of(votes, stand_for), pick, random)))
    return votes, stand_for


def test_every_setting_comes_once_before_one_comes_twice():
    for seed in range(20):
        votes, _ = drawn("abc", "1234", 4, Random(seed))
        assert {one.left[1] for one in votes} == set("1234"), seed


def test_no_value_is_on_one_side_more_often_than_on_the_other():
    for seed in range(20):
        votes, stand_for = drawn("abc", "1234", 24, Random(seed))
        between = Counter((stand_for[one.left], stand_for[one.right]) for one in votes)
        assert all(abs(between[a, b] - between[b, a]) <= 1 for a, b in ("ab", "ac", "bc")), seed
        sides = Counter(stand_for[one.left] for one in votes)
        sides.subtract(stand_for[one.right] for one in votes)
        assert all(abs(lean) <= 2 for lean in sides.values()), (seed, sides)


def test_which_is_on_the_left_at_first_is_left_to_chance():
    firsts = Counter(drawn("ab", "1", 1, Random(seed))[0][0].left for seed in range(60))
    assert min(firsts.values()) > 15


def test_the_two_values_are_those_that_were_chosen_whichever_way_round():
    votes, stand_for = drawn(
        "abc",
        "12",
        4,
        Random(1),
        choose=lambda among: (
            next((b, a) for a, b in among if "c" not in (a, b))
            if any("c" not in two for two in among)
            else among[0]
        ),
    )
    assert [{stand_for[one.left], stand_for[one.right]} for one in votes[:2]] == [{"a", "b"}] * 2


def test_clips_are_called_by_the_least_that_tells_them_apart():
    fox = {"prompt": "A fox.", "model": "fast", "seed": 1, "take": 1, "sample": 0}
    owl, standard, second = {**fox, "prompt": "A  owl."}, {**fox, "model": "standard"}, {**fox, "seed": 2}
    image = {**fox, "image": {"sha256": "ab12cd", "name": ""}}
    cases = [
        ([fox, owl], ["A fox.", "A owl."]),
        ([fox, standard], ["fast", "standard"]),
        ([fox, second], ["seed 1", "seed 2"]),
        ([fox, owl, standard], ["A fox. · fast", "A owl. · fast", "A fox. · standard"]),
        ([fox, image], ["image none", "image ab12"]),
        ([fox, {**fox}], ["0", "1"]),
        ([fox, {**fox, "seed": 2}, {**fox, "seed": 2}], ["seed 1 · 0", "seed 2 · 1", "seed 2 · 2"]),
    ]
    for facts, labels in cases:
        found = label_clips({str(at): one for at, one in enumerate(facts)})
        assert [*found.values()] == labels
