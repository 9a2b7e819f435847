"""The blind comparison under a cell: what a page is told and what it is not, votes that are one vote, and what is saved."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from tests.notebook.panel.panels import wait_until
from tests.notebook.test_protocol import mismatch, read
from veo_nb.decisions.ballots import CHOICES
from veo_nb.errors import InvalidRequest
from veo_nb.notebook.compare import view as compare_view
from veo_nb.notebook.compare.protocol import COMMANDS, CastVote, Comparing, Preference, Turn
from veo_nb.notebook.compare.turns import Turns, box_of
from veo_nb.notebook.compare.view import ComparisonView
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Reply, parse_command

MOVES = ["dolly in", "slow zoom", "crane"]
EXAMPLES = read("comparisons.json")


class Seen(ComparisonView):
    """A view that keeps what it sends to the browser."""

    def __init__(self, *arguments: Any, **how: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        self.buffers: list[list[bytes]] = []
        super().__init__(*arguments, **how)

    def send(self, content, buffers=None):
        self.sent.append(content)
        self.buffers.append(buffers or [])


@pytest.fixture
def sweep(make_studio):
    return make_studio().sweep("A {{move}} over a lake.", axes={"move": MOVES}).wait(60)


@pytest.fixture
def compare(make_studio, sweep, tmp_path, shell):
    """Views of a comparison of the sweep, each in a kernel of its own; closed in the end."""
    views: list[Seen] = []

    def make(studio=None, **how: Any) -> Seen:
        comparison = (studio or make_studio()).compare(sweep.id, "move", show=False, **how)
        views.append(Seen(comparison, Place(tmp_path, tmp_path, "/")))
        return views[-1]

    yield make
    for view in views:
        view.close()


def reply(view: Seen, kind: str, **payload: Any) -> dict[str, Any]:
    view.sent.clear()
    view.buffers.clear()
    view._handle_custom_msg({"kind": kind, "id": "k1", "payload": payload}, [])
    (answer,) = view.sent
    assert mismatch(json.loads(json.dumps(answer)), Reply) == []
    return answer


def ask(view: Seen, kind: str, voter: str = "ann", **payload: Any) -> dict[str, Any]:
    answer = reply(view, kind, comparison=view.comparison["id"], voter=voter, **payload)
    assert "ok" in answer, answer
    assert mismatch(answer["ok"], Turn) == []
    return dict(answer["ok"])


def vote(view: Seen, turn: dict[str, Any], choice: str = "left", **how: Any) -> dict[str, Any]:
    return ask(view, "vote", pair=turn["pair"]["id"], choice=choice, seconds=how.pop("seconds", 1.5), **how)


def votes(view: Seen) -> list[Any]:
    return [one for one in view._turns.comparison.votes() if one.undone_at is None]


# What crosses


def test_the_examples_are_what_the_types_say():
    assert mismatch(EXAMPLES["comparing"], Comparing) == []
    assert [mismatch(turn, Turn) for turn in EXAMPLES["turns"].values()] == [[], [], []]
    assert get_args(Preference) == CHOICES


@pytest.mark.parametrize(
    "changes",
    [{"choice": "both"}, {"seconds": -1}, {"voter": ""}, {"voter": "x" * 61}, {"pair": 3}, {"sure": True}],
)
def test_a_vote_that_goes_too_far_is_refused(changes):
    payload = {"comparison": "c1", "voter": "ann", "pair": "p1", "choice": "left", "seconds": None} | changes
    with pytest.raises(InvalidRequest):
        parse_command({"kind": "vote", "id": "k1", "payload": payload}, COMMANDS)


def test_what_it_sends_by_itself_tells_nothing_of_any_clip(compare, sweep):
    view = compare(question="Which is calmer?")
    assert mismatch(json.loads(json.dumps(view.comparison)), Comparing) == []
    state = {name: value for name, value in view.get_state().items() if name not in ("_esm", "_css")}
    said = json.dumps(state)
    for cell in sweep.cells:
        assert cell.videos[0].path.name not in said
        assert cell.labels["move"] not in said
    assert view.comparison["question"] == "Which is calmer?"
    assert view.comparison["frame"] == "16:9"


def test_a_voter_is_whom_the_cell_says_or_who_voted_from_here_last(compare):
    first = compare()
    assert (first.comparison["voter"], first.comparison["usual"]) == ("", "")
    vote(first, ask(first, "turn"))
    assert (compare().comparison["usual"], compare(voter="bob").comparison["voter"]) == ("ann", "bob")


@pytest.mark.parametrize(
    ("sizes", "box"),
    [
        ([], "16:9"),
        ([(1280, 720), (640, 360)], "16:9"),
        ([(720, 1280)], "9:16"),
        ([(720, 1280), (1280, 720)], "1:1"),
    ],
)
def test_all_clips_have_one_box_so_that_none_moves(sizes, box):
    assert box_of(sizes) == box


# Votes


def test_a_vote_is_written_with_who_and_how_long_and_the_next_pair_comes(compare):
    view = compare(rounds=3)
    first = ask(view, "turn")
    assert (first["given"], first["progress"], first["ended"]) == (0, "0 of 3 votes", "")
    second = vote(view, first, "right", seconds=2.5)
    (kept,) = votes(view)
    shown = first["pair"]
    assert (kept.left, kept.right) == (shown["left"]["key"], shown["right"]["key"])
    assert (kept.choice, kept.voter, kept.seconds) == ("right", "ann", 2.5)
    assert (second["given"], second["pair"]["id"] != shown["id"]) == (1, True)
    wait_until(lambda: view.version > 0)


def test_a_pair_stays_until_it_is_voted_on_whoever_else_votes(compare):
    view, other = compare(), compare()
    mine = ask(view, "turn")
    theirs = vote(other, ask(other, "turn", "bob"), "tie", voter="bob")
    assert theirs["given"] == 1
    again = ask(view, "turn")
    assert again["pair"] == mine["pair"]
    assert again["progress"] == "0 votes · 1 in all by 2 people"


def test_a_vote_that_is_asked_for_twice_is_one(compare):
    view = compare()
    first = ask(view, "turn")
    second = vote(view, first)
    assert vote(view, first, "right") == second
    assert [one.choice for one in votes(view)] == ["left"]


def test_a_vote_for_a_pair_of_another_window_is_none(compare):
    here, there = compare(), compare()
    stale = ask(here, "turn")
    vote(there, ask(there, "turn"))
    refused = reply(
        here,
        "vote",
        comparison=here.comparison["id"],
        voter="ann",
        pair=stale["pair"]["id"],
        choice="left",
        seconds=None,
    )
    assert "has voted on this pair already" in refused["error"]["message"]
    assert len(votes(here)) == 1
    assert ask(here, "turn")["pair"]["id"] != stale["pair"]["id"]


def test_a_vote_for_a_pair_of_another_tab_of_this_view_is_none(compare):
    view, elsewhere = compare(), compare()
    stale = ask(view, "turn")
    vote(elsewhere, ask(elsewhere, "turn"))
    # The other tab has looked anew already.
    ask(view, "turn")
    payload = {"comparison": view.comparison["id"], "voter": "ann", "pair": stale["pair"]["id"]}
    refused = reply(view, "vote", **payload, choice="left", seconds=None)
    assert "is not the one that was shown last" in refused["error"]["message"]
    assert len(votes(view)) == 1


def test_two_clips_that_come_again_are_another_pair(compare, sweep, make_studio, tmp_path):
    studio = make_studio()
    two = [studio.job(job.id) for job in sweep.jobs[:2]]
    turns = Turns(studio.compare(two, rounds=6, show=False), Place(tmp_path))
    turn, shown = turns.turn("ann"), []
    for _ in range(6):
        assert turn.pair is not None
        shown.append(turn.pair.id)
        cast = CastVote(comparison="", voter="ann", pair=turn.pair.id, choice="left", seconds=None)
        turn = turns.vote(cast)
    assert (len(set(shown)), turn.given, turn.over) == (6, 6, True)


def test_a_vote_that_can_not_be_written_keeps_its_pair_and_says_what_to_do(compare, monkeypatch):
    view = compare()
    first = ask(view, "turn")
    book = view._turns.comparison._book

    def full(_: Any) -> None:
        raise InvalidRequest("The disk is full.", hint="Make room, then vote again.")

    monkeypatch.setattr(book, "cast", full)
    payload = {
        "comparison": view.comparison["id"],
        "voter": "ann",
        "pair": first["pair"]["id"],
        "choice": "left",
    }
    assert reply(view, "vote", **payload, seconds=None)["error"]["hint"] == "Make room, then vote again."
    monkeypatch.undo()
    assert ask(view, "turn")["pair"] == first["pair"]
    assert vote(view, first)["given"] == 1


def test_undo_gives_the_pair_back(compare):
    view = compare()
    first = ask(view, "turn")
    vote(view, first)
    back = ask(view, "undo")
    assert (back["given"], votes(view)) == (0, [])
    assert [back["pair"][side]["key"] for side in ("left", "right")] == [
        first["pair"][side]["key"] for side in ("left", "right")
    ]
    # It is asked for anew: the vote of before does not stand for it.
    assert vote(view, back, "tie")["given"] == 1
    assert [one.choice for one in votes(view)] == ["tie"]


def test_it_ends_after_its_rounds_and_undo_opens_it_again(compare):
    view = compare(rounds=1)
    over = vote(view, ask(view, "turn"))
    assert (over["pair"], over["over"], over["ended"]) == (
        None,
        True,
        "You have voted 1 times, as was asked.",
    )
    assert ask(view, "undo")["pair"] is not None


def test_what_came_out_is_the_ranking_as_it_shows_itself(compare):
    view = compare()
    refused = reply(view, "outcome", comparison=view.comparison["id"])
    assert "There are no votes yet" in refused["error"]["message"]
    vote(view, ask(view, "turn"))
    html = reply(view, "outcome", comparison=view.comparison["id"])["ok"]["html"]
    assert all(move in html for move in MOVES)


def test_a_name_is_one_name_however_it_is_typed(compare):
    view = compare()
    vote(view, ask(view, "turn", " ann  b "), voter=" ann  b ")
    assert ask(view, "turn", "ann b")["given"] == 1
    refused = reply(view, "turn", comparison=view.comparison["id"], voter=" \u200b ")
    assert "is no name for a voter" in refused["error"]["message"]


# Clips


def test_a_page_gets_the_stills_and_the_bytes_of_its_pair_alone(compare, sweep, make_studio):
    view = compare()
    pair = ask(view, "turn")["pair"]
    shown = {pair[side]["key"] for side in ("left", "right")}
    every = [f"{job.id}/0" for job in sweep.jobs]
    stills = reply(view, "posters", clips=every)["ok"]["posters"]
    assert {*stills} == shown
    key = pair["left"]["key"]
    path = next(job.video.path for job in sweep.jobs if key.startswith(job.id))
    answer = reply(view, "video", clip=key, offset=0)["ok"]
    assert (answer["next"], view.buffers) == (answer["size"], [[path.read_bytes()]])
    (other,) = {*every} - shown
    refused = reply(view, "video", clip=other, offset=0)["error"]
    assert other not in json.dumps(refused)
    path.unlink()
    assert path.name not in json.dumps(reply(view, "video", clip=key, offset=0))


# What the notebook keeps


def test_the_widget_has_words_beside_it_and_gives_way_to_them_in_a_page_that_says_so(compare, shell):
    view = compare(question="Which is <calmer>?")
    view.show()
    (first,) = shell.display_pub.outputs
    assert {"application/vnd.jupyter.widget-view+json", "text/html"} <= {*first[0]}
    assert reply(view, "settle")["ok"] == {}
    data, update = shell.display_pub.outputs[-1]
    assert update
    assert not any("widget" in kind for kind in data)
    html = data["text/html"]
    assert f'data-veo-compare="{view.comparison["token"]}"' in html
    assert "Which is &lt;calmer&gt;?" in html
    assert f"%veo compare {view.comparison['id']}" in html


def test_the_words_are_left_alone_while_somebody_votes(compare, shell):
    view = compare()
    view.show()
    reply(view, "settle")
    # Another view of the page, or the page reloaded.
    reply(view, "settle")
    vote(view, ask(view, "turn"))
    assert len(shell.display_pub.outputs) == 2


def test_older_views_of_one_comparison_are_closed(compare, shell):
    views = [compare() for _ in range(compare_view.LIVING + 1)]
    for view in views:
        view.show()
    assert [view.comm is None for view in views] == [True, *[False] * compare_view.LIVING]


def test_it_leaves_no_listener_behind(compare, make_studio):
    studio = make_studio()
    changed = studio.jobs.workspace.changed
    view = compare(studio)
    assert len(changed) > 0
    view.close()
    assert len(changed) == 0
