"""Blind comparison without a page: which pairs come, what becomes of votes, and that none is lost or counted twice."""

from __future__ import annotations

from random import Random

import pytest

from tests.world import Held
from veo_nb.decisions.comparison import HOW, Comparison, Pair
from veo_nb.decisions.contenders import key_of
from veo_nb.errors import InvalidRequest, NotFound

PROMPT = "A {{move}} at {{time}}."
MOVES = ["dolly in", "slow zoom", "crane"]
AXES = {"move": MOVES, "time": ["dawn", "dusk"]}


def swept(studio, prompt=PROMPT, axes=AXES, **how):
    return studio.sweep(prompt, axes=axes, **how).wait(60)


def compared(studio, sweep=None, by="move", **how):
    how = {"show": False, "random": Random(1), **how}
    return studio.compare(sweep or swept(studio), by, **how)


def labels(sweep):
    """The labels of each clip, by its key."""
    return {key_of(video): cell.labels for cell in sweep.cells for video in cell.videos}


def shown(pair):
    return {*pair.keys}


def go_through(comparison, voter, choice="left", most=1000):
    """Vote on whatever comes; the pairs that came."""
    pairs: list[Pair] = []
    while (pair := comparison.pair_for(voter)) is not None and len(pairs) < most:
        pairs.append(pair)
        comparison.vote(choice if isinstance(choice, str) else choice(pair), voter)
    return pairs


# The walk


def test_three_prompts_are_put_before_somebody_who_leaves_and_goes_on_in_another_kernel(make_studio):
    studio = make_studio()
    sweep = swept(studio)
    values = {key: one["move"] for key, one in labels(sweep).items()}

    def prefers(pair):
        left, right = (MOVES.index(values[key]) for key in pair.keys)
        return "left" if left < right else "right"

    first = compared(studio, sweep, question="Which looks more like film?", voter="ann", rounds=5)
    assert (first.values, first.by, first.done, str(first.progress())) == (
        tuple(MOVES),
        "move",
        False,
        "0 of 5 votes",
    )
    for _ in range(3):
        first.vote(prefers(first.pair), seconds=2.0)
    left = first.pair
    studio.close()
    later = make_studio()
    again = compared(later, sweep.id, question="Which looks more like film?")
    assert (again.id, again.voter, again.rounds) == (first.id, "ann", 5)
    assert again.pair.keys == left.keys
    assert str(again.progress()) == "3 of 5 votes"
    while not again.done:
        again.vote(prefers(again.pair))
    assert (again.pair, again.reason) == (None, "You have voted 5 times, as was asked.")
    ballots = again.ballots()
    assert [(one.voter, one.judge, one.seconds) for one in ballots] == [("ann", False, 2.0)] * 3 + [
        ("ann", False, None)
    ] * 2
    for one in ballots:
        assert one.choice == ("left" if MOVES.index(one.left) < MOVES.index(one.right) else "right")
    with pytest.raises(InvalidRequest, match="no pair to vote on: You have voted 5 times"):
        again.vote("left")
    assert compared(later, sweep.id, question=again.question, rounds=6).rounds == 6
    assert again.pair is not None


# Which pairs come


def test_only_what_is_compared_differs_and_no_pair_comes_twice_before_all_were_seen(studio, service):
    service.on_poll = lambda name: service.finished(name, count=2)
    sweep = swept(studio, sample_count=2)
    clips = labels(sweep)
    comparison = compared(studio, sweep)
    pairs = go_through(comparison, "ann", "skip")
    for pair in pairs:
        one, other = (clips[key] for key in pair.keys)
        assert one["time"] == other["time"]
        assert one["move"] != other["move"]
        assert pair.left.sample == pair.right.sample
    # Three pairs of moves at two times in two samples.
    assert len(pairs) == len({frozenset(pair.keys) for pair in pairs}) == 12
    assert (comparison.done_for("ann"), comparison.reason_for("ann")) == (True, "You have seen every pair.")
    assert not comparison.done_for("bob")


def test_axes_that_are_paired_with_what_is_compared_differ_along(studio):
    sweep = swept(studio, axes={"move": ["a", "b"], "time": ["c", "d"], "seed": [1, 2]}, zip=("move", "time"))
    pairs = go_through(compared(studio, sweep), "ann", "tie")
    clips = labels(sweep)
    assert [
        clips[pair.left.job_id + "/0"]["seed"] == clips[pair.right.job_id + "/0"]["seed"] for pair in pairs
    ] == [True, True]


def test_a_pair_stays_until_it_is_voted_on_wherever_it_is_asked_for(make_studio):
    studio, other = make_studio(), make_studio()
    sweep = swept(studio)
    here = compared(studio, sweep, voter="ann")
    pair = here.pair
    assert here.pair == pair
    there = compared(other, sweep.id, voter="ann", random=Random(9))
    assert there.pair.keys == pair.keys
    here.vote("skip")
    assert shown(here.pair) != shown(pair)
    assert there.pair.keys == here.pair.keys


def test_clips_that_finish_later_join(make_studio, service):
    studio = make_studio(max_in_flight=3)
    held = [Held(), Held()]
    service.submits = [None, None, None, None, *held]
    sweep = studio.sweep(PROMPT, axes=AXES)
    for job in sweep.jobs[:4]:
        job.wait(30)
    comparison = compared(studio, sweep)
    seen = go_through(comparison, "ann", "tie")
    assert len(seen) == 2
    elsewhere = studio.comparisons.get(comparison.id)
    assert not comparison.done_for("ann")
    assert comparison.reason_for("ann").startswith("2 of the clips are still being made")
    with pytest.raises(InvalidRequest, match="still being made"):
        comparison.vote("left", "ann")
    changes: list[Comparison] = []
    end = comparison.on_change(changes.append)
    for one in held:
        one.give()
    sweep.wait(30)
    assert changes
    end()
    more = go_through(comparison, "ann", "tie")
    assert len(more) == 4
    assert comparison.done_for("ann")
    assert len(elsewhere.ballots()) == 6


# Votes


def test_two_people_vote_at_once_and_each_view_hears_of_it(make_studio):
    studio, other = make_studio(), make_studio()
    sweep = swept(studio)
    ann, bob = compared(studio, sweep, voter="ann"), compared(other, sweep.id, voter="bob")
    changes: list[Comparison] = []
    end = ann.on_change(changes.append)
    bob.vote("left")
    ann.vote("right")
    assert changes == [ann] * 2 + [ann] * (len(changes) - 2)
    end()
    bob.vote("left")
    assert [one.voter for one in ann.ballots()] == ["bob", "ann", "bob"]
    assert (ann.progress().given, ann.progress("bob").given, ann.id) == (1, 2, bob.id)
    assert (ann.voter, bob.voter) == ("ann", "bob")


def test_a_vote_on_clips_that_are_gone_by_then_is_kept_and_still_counts(make_studio):
    studio, other = make_studio(), make_studio()
    sweep = swept(studio)
    comparison = compared(studio, sweep, voter="ann")
    pair = comparison.pair
    for video in (pair.left, pair.right):
        studio.library.delete(key_of(video))
    elsewhere = compared(other, sweep.id, voter="ann")
    assert not shown(elsewhere.pair) & shown(pair)
    values = {key: one["move"] for key, one in labels(sweep).items()}
    comparison.vote("left", pair=pair)
    assert comparison.votes()[0].left == key_of(pair.left)
    assert len(comparison.ballots()) == 1
    assert not values.keys() & shown(pair)
    rest = go_through(comparison, "ann", "tie")
    assert not any(shown(one) & shown(pair) for one in rest)
    for cell in sweep.cells:
        for video in cell.videos:
            studio.library.delete(key_of(video))
    again = compared(studio, sweep)
    assert (again.pair, again.done) == (None, True)
    assert len(again.ballots()) == 1 + len(rest)


def test_a_clip_whose_file_is_gone_is_not_shown(studio):
    sweep = swept(studio)
    gone = sweep.jobs[0].video
    gone.path.unlink()
    pairs = go_through(compared(studio, sweep), "ann", "tie")
    assert len(pairs) == 4
    assert not any(key_of(gone) in pair.keys for pair in pairs)


def test_a_value_that_the_sweep_no_longer_has_is_not_ranked_and_comes_back_with_it(studio):
    comparison = compared(studio)
    go_through(comparison, "ann", "tie")
    assert len(comparison.ballots()) == 6
    fewer = swept(studio, axes={**AXES, "move": MOVES[:2]})
    assert fewer.id == comparison.sweep_id
    comparison = compared(studio, fewer)
    assert comparison.values == ("dolly in", "slow zoom")
    assert (len(comparison.ballots()), len(comparison.votes())) == (2, 6)
    assert len(compared(studio, swept(studio)).ballots()) == 6


def test_a_value_that_goes_by_another_name_takes_its_votes_along(studio):
    comparison = compared(studio, swept(studio, axes={**AXES, "move": {"a": "dolly in", "b": "crane"}}))
    go_through(comparison, "ann", "left")
    named = compared(studio, swept(studio, axes={**AXES, "move": {"dolly": "dolly in", "b": "crane"}}))
    assert named.id == comparison.id
    named.pair  # noqa: B018  it is looked at
    assert {one.left for one in named.ballots()} | {one.right for one in named.ballots()} == {"dolly", "b"}


def test_votes_come_back_to_the_same_sweep_after_the_ledger_was_lost(make_studio):
    studio = make_studio()
    sweep = swept(studio)
    comparison = compared(studio, sweep, voter="ann")
    comparison.vote("left")
    vote = comparison.votes()
    studio.close()
    for file in studio.library.folder.glob("ledger.sqlite*"):
        file.unlink()
    again = make_studio()
    found = compared(again, swept(again))
    assert (found.id, found.votes()) == (comparison.id, vote)
    assert len(found.ballots()) == 1


# Some clips


def test_clips_stand_for_themselves_and_are_called_by_what_differs(studio):
    fox, owl = (studio.generate(f"A {animal}.").wait(30) for animal in ("fox", "owl"))
    comparison = studio.compare([fox, owl.video], show=False, voter="ann")
    assert (set(comparison.values), comparison.by, comparison.sweep_id) == ({"A fox.", "A owl."}, "", None)
    assert shown(comparison.pair) == {f"{fox.id}/0", f"{owl.id}/0"}
    comparison.vote("left")
    again = studio.compare([f"{owl.id}", f"{fox.id}/0"], show=False)
    assert again.id == comparison.id
    assert len(again.ballots()) == 1
    assert studio.comparisons.get(comparison.id).ballots() == again.ballots()
    studio.library.delete(f"{fox.id}/0")
    assert len(studio.compare([fox.id, owl.id], show=False).ballots()) == 1
    assert studio.comparisons.get(comparison.id).pair is None


def test_a_joined_clip_is_compared_as_well_and_its_votes_stay_when_it_is_deleted(studio):
    fox, owl = (studio.generate(f"A {animal}.").wait(30) for animal in ("fox", "owl"))
    joined = studio.join([fox, owl], title="Both")
    comparison = studio.compare([fox, joined], show=False)
    assert set(comparison.values) == {"A fox.", "Both"}
    comparison.vote("left", "ann")
    studio.library.delete(joined.job_id)
    again = studio.compare([fox.id, joined.job_id], show=False)
    assert (again.id, again.pair, len(again.ballots())) == (comparison.id, None, 1)


def test_clips_are_compared_by_a_field_where_all_else_is_equal(studio):
    made = {
        (prompt, model): studio.generate(prompt, model=model, seed=seed).wait(30)
        for seed, prompt in enumerate(("A fox.", "A owl."))
        for model in ("fast", "standard")
    }
    comparison = studio.compare([*made.values()], "model", show=False)
    assert set(comparison.values) == {"fast", "standard"}
    for pair in go_through(comparison, "ann", "tie"):
        assert pair.left.job.request.prompt == pair.right.job.request.prompt
    assert len(comparison.votes()) == 2
    with pytest.raises(InvalidRequest, match="differ in model alone"):
        studio.compare([made["A fox.", "fast"], made["A owl.", "standard"]], "--model", show=False)


def test_clips_of_a_job_that_is_not_done_join(make_studio, service):
    studio = make_studio()
    fox = studio.generate("A fox.").wait(30)
    service.submits = [held := Held()]
    owl = studio.generate("A owl.")
    comparison = studio.compare([fox, owl], show=False, voter="ann")
    assert (comparison.pair, comparison.done) == (None, False)
    held.give()
    owl.wait(30)
    assert comparison.pair is not None
    comparison.vote("tie")
    assert studio.compare([fox.video, owl.video], show=False).id == comparison.id


# Judges


def test_a_judge_votes_on_every_pair_apart_from_people_and_once(studio):
    sweep = swept(studio)
    comparison = compared(studio, sweep, voter="ann")
    voted = {frozenset(comparison.pair.keys)}
    comparison.vote("left")
    asked = []

    def by_name(left, right, question):
        asked.append((left.job_id, right.job_id, question))
        return "left" if left.job_id < right.job_id else "right"

    assert comparison.pair is not None
    waiting = comparison.pair.keys
    votes = comparison.ask(by_name, rounds=2)
    assert frozenset((votes[0].left, votes[0].right)) in voted
    assert len(asked) == 4
    assert asked[0][:2] == asked[1][1::-1]
    assert asked[0][2] == "Which is better?"
    assert len(comparison.ask(by_name)) == 4
    assert comparison.ask(by_name) == ()
    assert {one.voter for one in comparison.ballots(judges=True)} == {"by_name"}
    assert [one.voter for one in comparison.ballots()] == ["ann"]
    assert (comparison.pair.keys, comparison.progress().given) == (waiting, 1)
    assert comparison.undo().voter == "ann"
    assert len(comparison.ask(by_name, "another")) == 6
    always = studio.compare(sweep, "move", show=False, judge=lambda left, right, question: "left")
    assert [one.choice for one in always.ballots(judges=True) if one.voter == "lambda"] == ["skip"] * 6


def test_the_votes_before_a_judge_broke_are_kept_and_it_goes_on_from_there(studio):
    comparison = compared(studio)
    calls = []

    def breaks(left, right, question):
        calls.append(left)
        if len(calls) > 5:
            raise ZeroDivisionError

    with pytest.raises(InvalidRequest, match="breaks"):
        comparison.ask(breaks)
    assert [one.choice for one in comparison.votes()] == ["skip"] * 5
    with pytest.raises(InvalidRequest, match="A judge is a function"):
        comparison.ask("left")


# Names


# Bad input


@pytest.fixture
def kept(studio):
    """A sweep with all kinds of axes, and one clip."""
    return swept(studio, axes={**AXES, "seed": [1]}), studio.generate("A fox.").wait(30)


BAD = {
    "one variant": (
        lambda it, sweep, job: it.compare(sweep, "seed"),
        "has the one value '1'",
        "Give it another value",
    ),
    "no such axis": (
        lambda it, sweep, job: it.compare(sweep, "mvoe"),
        "mvoe is no axis",
        "Did you mean move",
    ),
    "no axis said": (lambda it, sweep, job: it.compare(sweep), "has 2 axes", "by=move or time"),
    "no such sweep": (lambda it, sweep, job: it.compare("szzzz"), "no sweep", "Did you mean|Known"),
    "a job alone": (lambda it, sweep, job: it.compare(job), "can't be compared", "several clips"),
    "one clip": (lambda it, sweep, job: it.compare([job]), "1 clip can't", "two or more"),
    "nothing": (lambda it, sweep, job: it.compare([]), "No clips can't", "two or more"),
    "a number among them": (lambda it, sweep, job: it.compare([job, 3]), "3 is no clip", "Give jobs, videos"),
    "a clip that is not there": (
        lambda it, sweep, job: it.compare([job, "zzzz"]),
        "no clip 'zzzz/0'",
        "deleted",
    ),
    "no such field": (
        lambda it, sweep, job: it.compare([job, *sweep.jobs], "promt"),
        "promt",
        "Did you mean prompt",
    ),
    "no rounds": (
        lambda it, sweep, job: it.compare(sweep, "move", rounds=0),
        "rounds can't be 0",
        "such as 20",
    ),
    "half a round": (
        lambda it, sweep, job: it.compare(sweep, "move", rounds=2.5),
        "rounds can't be 2.5",
        "such as 20",
    ),
    "no question": (
        lambda it, sweep, job: it.compare(sweep, "move", " "),
        "is no question",
        "Which is better",
    ),
    "a long question": (lambda it, sweep, job: it.compare(sweep, "move", "x" * 501), "has 501", "a sentence"),
    "half a character": (lambda it, sweep, job: it.compare(sweep, "move", "\ud83d?"), "half", ""),
    "no judge": (lambda it, sweep, job: it.compare(sweep, "move", judge=3), "not 3", "measures"),
    "no such comparison": (
        lambda it, sweep, job: it.comparisons.get("c12"),
        "no comparison 'c12'",
        "Nothing has been",
    ),
}


def test_what_can_not_be_compared_is_refused_in_a_line_that_says_what_to_do(studio, kept):
    for what, (call, text, hint) in BAD.items():
        with pytest.raises((InvalidRequest, NotFound), match=text) as caught:
            call(studio, *kept)
        assert caught.match(hint), what
        assert "\n" not in str(caught.value), what
    assert studio.comparisons.all() == []


def test_where_no_two_clips_are_there_it_says_so(studio):
    sweep = swept(studio, axes={"move": MOVES[:2], "time": ["dawn"]})
    studio.library.delete(key_of(sweep.jobs[0].video))
    with pytest.raises(InvalidRequest, match=r"only 'slow zoom' is finished and here\. Make more"):
        compared(studio, sweep)
    studio.library.delete(key_of(sweep.jobs[1].video))
    with pytest.raises(InvalidRequest, match="none is finished and here"):
        compared(studio, sweep)


def test_in_a_library_that_can_not_be_written_votes_are_read_and_none_is_given(studio):
    sweep = swept(studio)
    compared(studio, sweep, voter="ann").vote("left")
    ledger = studio.jobs.workspace.ledger()
    ledger._refuse = lambda: InvalidRequest("The library can't be written.", hint="Look at its rights.")
    for question in (None, "Which is sharper?"):
        comparison = compared(studio, sweep, question=question)
        assert comparison.pair is not None
        with pytest.raises(InvalidRequest, match="Look at its rights"):
            comparison.vote("left")
    assert len(compared(studio, sweep).ballots()) == 1


# Outside a notebook


def test_without_a_page_it_says_how_to_vote(studio, capsys):
    comparison = studio.compare(swept(studio), "move")
    said = f"<Comparison {comparison.id}: 3 values of move · 0 votes>. {HOW}"
    assert said in capsys.readouterr().out


def test_the_comparisons_of_a_library_are_found_again(studio):
    sweep = swept(studio)
    made = [compared(studio, sweep, question=question) for question in ("A?", "B?")]
    for one in made:
        one.pair  # noqa: B018  from the first pair on it is written down
    assert {one.id for one in studio.comparisons.all()} == {one.id for one in made}
    assert {one.question for one in studio.comparisons.all(sweep)} == {"A?", "B?"}
    assert studio.compare(made[0].id.upper(), show=False).question == "A?"
    assert studio.compare(made[0].id, question="C?", show=False).sweep_id == sweep.id
    made[0].vote("left", "ann")
    values, ballots = studio.comparisons.ballots_of(sweep, "move")
    assert (values, len(ballots)) == (tuple(MOVES), 1)
    made[1].vote("left", "ann")
    with pytest.raises(InvalidRequest, match=r"2 questions were asked about this\. Say which"):
        studio.comparisons.ballots_of(sweep, "move")
    assert studio.comparisons.ballots_of(sweep, "move", "C?") == (tuple(MOVES), [])
