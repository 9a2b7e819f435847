from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

import veo_nb as veo
from tests.decisions.test_comparison import MOVES, compared, go_through, labels, swept
from tests.decisions.voters import Voters
from veo_nb.decisions.ballots import Ballot
from veo_nb.decisions.outcome.sentences import LONGEST, short_names
from veo_nb.decisions.ranking import Ranking, rank
from veo_nb.decisions.strengths.doubts import find_circle, find_dissent, find_side
from veo_nb.decisions.strengths.fit import fit
from veo_nb.errors import InvalidRequest, VeoError


def votes(left, right, wins, losses=0, ties=0, voter=""):
    choices = ["left"] * wins + ["right"] * losses + ["tie"] * ties
    # Each on either side as often.
    turned = {"left": "right", "right": "left", "tie": "tie"}
    return [
        (left, right, choice, voter) if at % 2 else (right, left, turned[choice], voter)
        for at, choice in enumerate(choices)
    ]


DOLLY = (
    votes("dolly in", "slow zoom", 27, 11)
    + votes("crane", "slow zoom", 8, 5)
    + votes("dolly in", "crane", 14, 2, 3)
)


def test_two_values_are_ranked_as_their_votes_are_shared():
    ranking = rank(votes("dolly in", "slow zoom", 27, 11))
    chance = ranking.chance("dolly in", "slow zoom")
    assert chance.value == pytest.approx(27.5 / 39, abs=2e-3)
    assert (round(chance.low, 2), round(chance.high, 2)) == (0.55, 0.83)
    assert chance.votes == 38
    assert ranking.sentences == ("dolly in beats slow zoom in 71 of 100 (55 to 83), 38 votes.",)
    [best, worst] = ranking.strengths
    assert best.value == "dolly in"
    assert (best.strength, best.low, best.high) == pytest.approx(
        (chance.value, chance.low, chance.high), abs=2e-3
    )
    assert (worst.strength, worst.low) == pytest.approx((1 - best.strength, 1 - best.high), abs=1e-3)


def test_a_chance_is_the_same_from_either_side():
    ranking = rank(DOLLY)
    there, back = ranking.chance("dolly in", "crane"), ranking.chance("crane", "dolly in")
    assert (1 - back.value, 1 - back.high, 1 - back.low, back.votes) == pytest.approx(
        (there.value, there.low, there.high, there.votes)
    )
    assert there.low < there.value < there.high


def test_ties_do_not_move_a_chance_but_are_said():
    plain, tied = rank(votes("a", "b", 12, 6)), rank(votes("a", "b", 12, 6, 9))
    assert tied.chance("a", "b").value == pytest.approx(plain.chance("a", "b").value, abs=1e-3)
    assert "9 of 27 votes are ties." in tied.sentences


def test_the_fit_is_that_of_evalica_where_both_know_the_same():
    """Without an effect of the side and without ties: our prior is made of votes, which evalica can be given too."""
    import evalica

    chance = np.random.default_rng(5)
    counts = Voters(strengths=(0.9, 0.2, -0.3, -0.8)).vote(300, chance)
    # Each vote on both sides alike.
    both = (counts.left + counts.right.transpose(0, 2, 1)) / 2
    even = type(counts)(counts.values, counts.voters, both, both.transpose(0, 2, 1), counts.ties)
    found = fit(even)
    wins = even.wins + (np.ones((4, 4)) - np.eye(4)) / 4
    first, second = np.nonzero(wins)
    theirs = evalica.bradley_terry(
        first.tolist(),
        second.tolist(),
        [evalica.Winner.X] * len(first),
        weights=wins[first, second].tolist(),
        tolerance=1e-10,
        limit=1000,
    ).scores.reindex(range(4))
    assert found.side == pytest.approx(0, abs=1e-6)
    assert found.strengths == pytest.approx(np.log(theirs) - np.log(theirs).mean(), abs=1e-4)


def test_what_is_decided_and_what_is_not_are_said():
    ranking = rank(DOLLY)
    assert ranking.decided == (("dolly in", "slow zoom"), ("dolly in", "crane"))
    best, *pairs = ranking.sentences
    assert best == "dolly in is best: it beats each of the other 2."
    assert re.fullmatch(r"dolly in beats slow zoom in \d+ of 100 \(\d+ to \d+\), 38 votes\.", pairs[0])
    assert re.fullmatch(
        r"slow zoom and crane: not decided, \d+ of 100 \(\d+ to \d+\), 13 votes; about \d+ more votes would tell\.",
        pairs[2],
    )


def test_more_votes_are_said_as_many_as_it_takes():
    """Votes as those until now: as many more as were said make the interval end at the half."""
    ranking = rank(votes("a", "b", 12, 8))
    more = ranking.more("a", "b")
    assert more is not None
    share = ranking.chance("a", "b").value
    wins = round(12 + more * share)
    assert rank(votes("a", "b", wins, 20 + more - wins)).chance("a", "b").low == pytest.approx(0.5, abs=0.02)
    assert rank(votes("a", "b", 30, 5)).more("a", "b") is None


def test_values_that_hardly_differ_need_no_more_votes():
    ranking = rank(votes("a", "b", 150, 150))
    assert ranking.more("a", "b") is None
    assert "hardly differ" in ranking.sentences[0]
    assert ranking.decided == ()


def test_a_seeming_winner_among_many_is_called_so():
    ranking = rank(votes("a", "b", 15, 5) + votes("b", "c", 20, 1) + votes("c", "d", 6, 6))
    assert ranking.chance("a", "b").low > 0.5
    assert ("a", "b") not in ranking.decided
    assert ranking.sentences[1].startswith("a seems to beat b: ")
    assert rank(votes("a", "b", 15, 5)).decided == (("a", "b"),)


def test_a_value_without_votes_is_ranked_as_unknown():
    ranking = rank(DOLLY, values=["dolly in", "crane", "slow zoom", "pan"])
    pan = next(one for one in ranking.strengths if one.value == "pan")
    assert (pan.votes, pan.low < 0.1, pan.high > 0.9) == (0, True, True)
    assert "pan has no votes yet: nothing is known there." in ranking.sentences
    assert all(one.low < one.strength < one.high for one in ranking.strengths)
    assert not any("pan" in pair for pair in ranking.decided)


def test_groups_that_never_met_are_said():
    ranking = rank(votes("a", "b", 9, 3) + votes("c", "d", 9, 3))
    assert any(line.startswith("b and a were never compared with d and c,") for line in ranking.sentences)
    assert not any("never compared" in line for line in rank(DOLLY).sentences)


@pytest.mark.parametrize(
    "ballots",
    [
        votes("a", "b", 40),
        votes("a", "b", 0, 0, 30),
        votes("a", "b", 1),
        votes("a", "b", 400) + votes("b", "c", 1),
    ],
    ids=["one-sided", "all ties", "a single vote", "unbalanced"],
)
def test_strengths_stay_finite_and_inside_of_their_intervals(ballots):
    ranking = rank(ballots)
    for one in ranking.strengths:
        assert 0 < one.low < one.strength < one.high < 1
    assert "nan" not in repr(ranking)


def test_voters_who_differ_make_intervals_wider():
    alike = [vote for name in "abcd" for vote in votes("x", "y", 15, 10, voter=name)]
    differ = [
        vote
        for name, wins in zip("abcd", (25, 25, 5, 5), strict=True)
        for vote in votes("x", "y", wins, 25 - wins, voter=name)
    ]
    plain, wide = rank(alike).chance("x", "y"), rank(differ).chance("x", "y")
    assert wide.value == pytest.approx(plain.value, abs=1e-6)
    assert wide.high - wide.low > 2 * (plain.high - plain.low)
    nobody = [vote[:3] for vote in differ]
    assert rank(nobody).decided == (("x", "y"),)
    assert rank(differ).decided == ()


def test_a_preferred_side_is_said_and_taken_out():
    chance = np.random.default_rng(2)
    ranking = Ranking(Voters(strengths=(0.6, 0.0, -0.6), side=1.5).vote(200, chance))
    assert ranking.side is not None
    assert (ranking.side.name, round(ranking.side.chance, 1)) == ("left", 0.8)
    assert any(line.startswith("The left clip is preferred whatever it shows") for line in ranking.sentences)


def test_winners_who_are_always_written_first_are_no_preferred_side():
    ranking = rank([("a", "b", "left")] * 9 + [("b", "a", "left")] * 2)
    assert ranking.chance("a", "b").value == pytest.approx(9.5 / 12, abs=1e-6)
    assert any(
        line.startswith("Each of the 11 preferences is for the left one.") for line in ranking.sentences
    )


def test_voters_who_disagree_are_said_by_name():
    ballots = [vote for name in ("ann", "ben", "cid") for vote in votes("a", "b", 18, 3, voter=name)]
    ranking = rank(ballots + votes("a", "b", 2, 19, voter="dot"))
    assert ranking.dissent is not None
    [said] = [line for line in ranking.sentences if "disagree" in line]
    assert "“dot” is furthest from the others, and thinks more of b than they do" in said


def test_a_circle_is_said_in_its_direction():
    ranking = rank(votes("a", "b", 16, 4) + votes("b", "c", 16, 4) + votes("c", "a", 16, 4))
    assert ranking.circle is not None
    [said] = [line for line in ranking.sentences if "circle" in line]
    assert "a beats b" in said
    assert "b beats c" in said
    assert "c beats a" in said
    turned = rank(votes("b", "a", 16, 4) + votes("c", "b", 16, 4) + votes("a", "c", 16, 4))
    assert turned.circle is not None
    assert set(
        zip(turned.circle.values, (*turned.circle.values[1:], turned.circle.values[0]), strict=True)
    ) == {
        ("b", "a"),
        ("c", "b"),
        ("a", "c"),
    }


@pytest.mark.parametrize(
    "voters",
    [Voters(strengths=(0.0, 0.0, 0.0), number=4), Voters(strengths=(1.0, 0.3, -0.3, -1.0), number=4)],
    ids=["alike", "apart"],
)
def test_doubts_are_not_raised_by_chance(voters):
    """At one of a hundred each, of 200 rankings more than seven would be raised in one of five hundred such tests."""
    chance = np.random.default_rng(11)
    raised = np.zeros(3)
    for _ in range(200):
        found = fit(voters.vote(60, chance))
        raised += [doubt(found) is not None for doubt in (find_side, find_dissent, find_circle)]
    assert (raised <= 7).all()


def test_one_voter_is_named_as_all_there_is():
    assert (
        "All votes are of “ann”: how others would vote is not known."
        in rank(votes("a", "b", 8, 2, voter="ann")).sentences
    )


def test_votes_of_judges_are_kept_apart():
    people = [Ballot("a", "b", "left", "ann"), Ballot("b", "a", "right", "ann")]
    judge = [Ballot("a", "b", "right", "sharpness", judge=True)] * 5
    ranking = rank(people + judge)
    assert (ranking.votes, ranking.by_judges, ranking.voters) == (2, 5, ("ann",))
    assert "5 votes of judges are not counted here." in ranking.sentences
    assert (
        "The judge 'sharpness' agrees with people in 0 of 2. 1 pair is too few to say more: "
        "it takes 10 that both have judged."
    ) in ranking.sentences
    assert rank(people + judge, judges=True).values == ("b", "a")


def test_votes_come_in_any_form():
    want = rank([("a", "b", "left", "ann"), ("a", "b", "tie", "ben")])
    rows = [
        {"left": "a", "right": "b", "choice": "left", "voter": "ann"},
        {"left": "a", "right": "b", "choice": "tie", "voter": "ben"},
    ]
    frame = pd.DataFrame(rows)
    forms = [
        rows,
        frame,
        list(frame.itertuples()),
        [row for _, row in frame.iterrows()],
        frame[["left", "right", "choice", "voter"]].to_numpy(),
    ]
    for form in [*forms, [Ballot("a", "b", "left", "ann"), ["a ", "b", " Tie", "ben"]]]:
        ranking = rank(form)
        assert (ranking.values, ranking.voters, ranking.ties) == (want.values, want.voters, 1)


def test_numbers_and_switches_are_values():
    ranking = rank([(4, 8, "left"), (4.0, np.int64(8), "left"), (8, 4, "tie")])
    assert ranking.values == ("4", "8")
    assert ranking.chance(4, 8).value > 0.5
    assert set(rank([(True, False, "left")]).values) == {"on", "off"}


FINE = ("a", "b", "left")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "There are no votes yet, so there is nothing to rank. Vote first: veo.compare(…)."),
        ([("a", "b", "skip")], "All 1 votes were skipped, so there is nothing to rank. Vote on some pairs"),
        ([("a", "a", "left")], "Vote 1 compares 'a' with itself. Leave it out."),
        ([FINE, ("a", "b", "lft")], "Vote 2 has the choice 'lft'. Say one of left, right, tie, skip."),
        ([("a", "b", "a")], "Vote 1 has the choice 'a'. 'a' is on the left: say \"left\"."),
        ([("a", "b", float("nan"))], "Vote 1 has the choice nan. Say one of"),
        ([("a", float("nan"), "left")], "The right of vote 1 is missing. Leave this vote out"),
        ([(None, "b", "left")], "The left of vote 1 is missing."),
        ([("", "b", "left")], "The left of vote 1 is '', not a text or a number."),
        ([(["a"], "b", "left")], "The left of vote 1 is ['a'], not a text or a number."),
        (
            [FINE, ("Dolly", "dolly ", "left")],
            "The right of vote 2 is 'dolly', which looks like 'Dolly'. Write it the same",
        ),
        ([("a", "\uff41", "left")], "looks like 'a'"),
        ([("a", "b")], 'Vote 1 has 2 parts. A vote is ("a", "b", "left")'),
        (["ab"], "Vote 1 is 'ab'. A vote is"),
        (
            [{"left": "a", "winner": "b"}],
            "Vote 1 has no right: it has left, winner. Name what is there left, right, choice and voter.",
        ),
        ("ab", "Votes come as a list, not as 'ab'."),
        ({"left": "a"}, "Votes come as a list, not as {'left': 'a'}."),
        (7, "Votes come as a list, not as 7."),
        (
            [(f"v{at}", f"w{at}", "left") for at in range(60)],
            "120 values are more than can be ranked two at a time.",
        ),
        ([("a\ud800", "b", "left")], "half"),
    ],
)
def test_what_is_wrong_with_votes_is_said_in_a_line(given, message):
    with pytest.raises(InvalidRequest) as caught:
        rank(given)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_votes_on_what_is_not_ranked():
    with pytest.raises(
        InvalidRequest,
        match=r"The left of vote 1 is 'crain', which is not among what is ranked\. Did you mean crane\?",
    ):
        rank([("crain", "pan", "left")], values=["crane", "pan"])
    assert rank([("CRANE", "pan ", "left")], values=["crane", "pan"]).values == ("crane", "pan")
    with pytest.raises(InvalidRequest, match="comes twice"):
        rank([FINE], values=["a", "a"])
    with pytest.raises(InvalidRequest, match="values= is a list"):
        rank([FINE], values="ab")


def test_chances_of_what_is_not_ranked():
    ranking = rank(DOLLY)
    with pytest.raises(InvalidRequest, match=r"'dolly' is not ranked\. Did you mean dolly in\?"):
        ranking.chance("dolly", "crane")
    with pytest.raises(InvalidRequest, match="is not compared with itself"):
        ranking.chance("crane", "crane")


def test_without_evalica_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "evalica", None)
    with pytest.raises(VeoError, match=r'Run pip install "veo-nb\[rank\]"'):
        rank([FINE])


def test_a_table_of_pandas():
    frame = rank(DOLLY).to_dataframe()
    assert [*frame.columns] == ["value", "strength", "low", "high", "votes"]
    assert [*frame["value"]] == ["dolly in", "slow zoom", "crane"]
    assert [*frame["votes"]] == [57, 51, 32]


class Page(HTMLParser):
    """What a reader of the page comes across."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.labels = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.labels += [value for name, value in attrs if name == "aria-label"]

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_has_a_table_that_can_be_read_without_seeing_it():
    page = Page(rank(DOLLY)._repr_html_())
    heads = [attrs.get("scope") for tag, attrs in page.tags if tag == "th"]
    assert heads == ["col"] * 4 + ["row"] * 3
    assert any(
        text.startswith("Ranking of 3 values by 70 votes. Strength: in how many of 100") for text in page.text
    )
    assert sum(tag == "svg" and attrs.get("role") == "img" for tag, attrs in page.tags) == 3
    assert any(re.fullmatch(r"\d+ of 100, between \d+ to \d+", label) for label in page.labels)
    assert any(line.startswith("dolly in is best") for line in page.text)


def test_everything_of_values_and_voters_is_escaped():
    evil = "<img src=x onerror=alert(1)>"
    html = rank([(evil, "b", "left", "<b>ann</b>")] * 3)._repr_html_()
    assert "<img" not in html
    assert "<b>" not in html
    assert "\\<img" in rank([(evil, "b", "left")]).to_markdown()
    assert (
        "|"
        not in rank([("a|b", "c", "left")])
        .to_markdown()
        .replace("\\|", "")
        .split("\n")[2]
        .strip("| ")
        .split(" | ")[0]
    )


def test_long_prompts_are_told_apart():
    same = "A fox crosses a frozen lake in the harsh light of noon while "
    names = short_names([f"{same}it snows", f"{same}it rains", f"{same}it rains and rains"])
    assert len(set(names.values())) == 3
    assert all(len(name) <= LONGEST + 4 for name in names.values())
    assert any("snows" in name for name in names.values())


def test_a_chart_is_drawn():
    figure: Any = rank(DOLLY + votes("$x^$", "crane", 3, 3)).plot()
    [axes] = figure.axes
    assert len(axes.get_yticklabels()) == 4
    assert figure._repr_png_().startswith(b"\x89PNG")


# Of a sweep


def test_the_votes_on_a_sweep_are_ranked(make_studio):
    studio = make_studio()
    sweep = swept(studio)
    values = {key: one["move"] for key, one in labels(sweep).items()}

    def prefers(pair):
        left, right = (MOVES.index(values[key]) for key in pair.keys)
        return "left" if left < right else "right"

    comparison = compared(studio, sweep, question="Which looks more like film?")
    with pytest.raises(InvalidRequest, match=r"There are no votes yet, .* Vote first: veo\.compare\(…\)"):
        studio.rank(sweep, "move")
    for voter in ("ann", "ben", "cid"):
        go_through(comparison, voter, prefers)
    ranking = studio.rank(sweep, by="move")
    assert ranking.values == tuple(MOVES)
    assert ranking.voters == ("ann", "ben", "cid")
    assert ranking.chance("dolly in", "crane").value > 0.9
    assert repr(studio.rank(sweep.id, "move")) == repr(ranking) == repr(comparison.ranking())
    other = compared(studio, sweep, question="Which is calmer?")
    other.vote("left", "ann")
    with pytest.raises(InvalidRequest, match="2 questions were asked about this"):
        studio.rank(sweep, "move")
    assert studio.rank(sweep, "move", "Which is calmer?").votes == 1
    with pytest.raises(InvalidRequest, match="mov"):
        studio.rank(sweep, "mov")


def test_votes_from_elsewhere_on_the_values_of_a_sweep(make_studio):
    studio = make_studio()
    sweep = swept(studio)
    ranking = studio.rank(sweep, "move", votes=[("dolly in", "crane", "left")])
    assert set(ranking.values) == set(MOVES)
    with pytest.raises(InvalidRequest, match="is 'dolly', which is not among what is ranked"):
        studio.rank(sweep, "move", votes=[("dolly", "crane", "left")])


def test_votes_from_anywhere_need_no_library(monkeypatch):
    monkeypatch.setattr(veo, "studio", None)
    assert veo.rank(votes=[("a", "b", "left")]).values == ("a", "b")
