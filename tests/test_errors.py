"""One tree of errors: each carries a code, a sentence, a hint and the facts, wherever it travels."""

from __future__ import annotations

import copy
import pickle

import pytest

from veo_nb import errors
from veo_nb.errors import KINDS, VeoError

EVERY = sorted(KINDS.values(), key=lambda kind: kind.__name__)


def below(kind: type[VeoError]) -> set[type[VeoError]]:
    return {kind}.union(*map(below, kind.__subclasses__()))


def test_the_ledger_can_bring_back_every_class():
    ours = {kind for kind in below(VeoError) if kind.__module__ == errors.__name__}
    assert set(KINDS.values()) == ours


def test_codes_are_stable_words():
    assert {code: kind.__name__ for code, kind in KINDS.items()} == {
        "error": "VeoError",
        "invalid_request": "InvalidRequest",
        "authentication": "AuthenticationError",
        "permission_denied": "PermissionDenied",
        "not_found": "NotFound",
        "rate_limited": "RateLimited",
        "quota": "QuotaExceeded",
        "blocked": "ContentBlocked",
        "service": "ServiceError",
        "transport": "TransportError",
        "uncertain": "SubmissionUncertain",
        "failed": "OperationFailed",
        "abandoned": "OperationAbandoned",
        "download": "DownloadError",
        "expired": "VideoExpired",
        "budget": "BudgetExceeded",
        "cancelled": "Cancelled",
        "wait_timeout": "WaitTimeout",
    }


def test_the_picture_in_the_docstring_shows_every_class():
    assert [kind.__name__ for kind in EVERY if kind.__name__ not in (errors.__doc__ or "")] == []


@pytest.mark.parametrize(
    ("kind", "also"),
    [
        (errors.InvalidRequest, ValueError),
        (errors.WaitTimeout, TimeoutError),
        (errors.VideoExpired, errors.DownloadError),
    ],
)
def test_an_error_can_be_caught_by_its_everyday_name(kind, also):
    with pytest.raises(also):
        raise kind("No.")


@pytest.mark.parametrize("kind", EVERY)
def test_an_error_says_what_happened_then_what_to_do(kind):
    error = kind("It broke.", hint="Mend it.", status=500)
    assert str(error) == "It broke. Mend it."
    assert (error.message, error.hint, error.facts) == ("It broke.", "Mend it.", {"status": 500})


@pytest.mark.parametrize("kind", EVERY)
def test_without_a_hint_there_is_no_space_left_over(kind):
    assert str(kind("It broke.")) == "It broke."


@pytest.mark.parametrize(
    ("words", "line"), [("Bad word", "Bad word. Change it."), ("Bad word!", "Bad word! Change it.")]
)
def test_a_servers_words_are_set_apart_from_the_hint(words, line):
    assert str(errors.ContentBlocked(words, hint="Change it.")) == line
    assert errors.ContentBlocked(words, hint="Change it.").message == words


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("travel", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy])
def test_an_error_survives_travelling_between_processes(kind, travel):
    error = travel(kind("It broke.", hint="Mend it.", status=500))
    assert type(error) is kind
    assert (str(error), error.facts) == ("It broke. Mend it.", {"status": 500})


def test_a_cell_shows_one_line_in_place_of_a_traceback():
    error = errors.NotFound("There is no job zzzz.", hint="%veo lists them.")
    assert error._render_traceback_() == ["NotFound: There is no job zzzz. %veo lists them."]


@pytest.mark.parametrize(
    ("said", "seconds"), [({}, None), ({"retry_after": None}, None), ({"retry_after": 7}, 7.0)]
)
def test_a_rate_limit_tells_how_long_where_it_was_told(said, seconds):
    assert errors.RateLimited("Wait.", **said).retry_after == seconds


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("There is no sk-0123456789abcdef.", "There is no [key]"),
        ("'AIzaSyA0123456789-_x'", "'[key]'"),
        ("AQ.Ab8RN6_0123456789", "[key]"),
        ("https://x/?key=0123&alt=media", "https://x/?key=[key]&alt=media"),
        (
            "task-0123456789 risk-averse sk-learn-results.png",
            "task-0123456789 risk-averse sk-learn-results.png",
        ),
        ("operations/0123456789abcdef0123456789abcdef", "operations/0123456789abcdef0123456789abcdef"),
    ],
)
def test_what_looks_like_a_key_is_in_no_error(typed, shown):
    error = VeoError(typed, hint=typed)
    assert (error.message, error.hint, error.args) == (shown, shown, (shown,))
