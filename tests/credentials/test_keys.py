"""Keys: which place wins, who is asked and who is not, and that a key never shows."""

from __future__ import annotations

import json
import logging
import pickle
import pprint
import traceback

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from veo_nb import catalog
from veo_nb.credentials.keys import GIVEN, LOGIN, SANDBOX_KEY, Environment, Secret, provider_and_key
from veo_nb.errors import InvalidRequest

KEY = "sk-0123456789abcdef-WXYZ"


class Stored:
    """Keys that are kept somewhere, and which of them were asked for."""

    def __init__(self, *logins: str, **keys: str) -> None:
        self.keys = keys
        self.names = logins
        self.asked: list[str] = []

    def logins(self) -> list[str]:
        return [*self.names]

    def find(self, provider: catalog.Provider) -> Secret:
        self.asked.append(provider.name)
        return Secret(self.keys.get(provider.name, ""), "the keyring")


def chosen(name=None, given="", environ=None, stores=None) -> tuple[str, str, str, str]:
    """The provider, its key, where that came from, and what decided on the provider."""
    provider, key, why = provider_and_key(name, given, environ or {}, stores)
    return provider.name, key.reveal(), key.source, why


# ---- which place wins


def test_the_nearest_key_goes_first():
    environ = {"GPTPROTO_API_KEY": "sk-environment"}
    stores = Stored(gptproto="sk-keyring")
    assert chosen("gptproto", KEY, environ, stores) == ("gptproto", KEY, GIVEN, "")
    assert chosen("gptproto", "", environ, stores) == ("gptproto", "sk-environment", "GPTPROTO_API_KEY", "")
    assert stores.asked == []
    assert chosen("gptproto", "", {}, stores) == ("gptproto", "sk-keyring", "the keyring", "")


def test_no_key_anywhere_is_an_empty_one():
    assert chosen("gptproto", "", {}, None) == ("gptproto", "", "", "")
    assert chosen("gptproto", "", {"GPTPROTO_API_KEY": " "}, Stored())[:2] == ("gptproto", "")


def test_the_first_of_a_providers_variables_goes_first():
    both = {
        "GOOGLE_API_KEY": "AIza-second",
        "GEMINI_API_KEY": "AIza-first",
        "VERTEX_API_KEY": "AQ.second",
        "GOOGLE_CLOUD_API_KEY": "AQ.first",
    }
    assert chosen("gemini", "", both)[1:3] == ("AIza-first", "GEMINI_API_KEY")
    assert chosen("vertex", "", both)[1:3] == ("AQ.first", "GOOGLE_CLOUD_API_KEY")


def test_a_key_says_where_it_was_typed():
    assert chosen(None, Secret(KEY, LOGIN)) == ("gptproto", KEY, LOGIN, LOGIN)


# ---- who is asked, when no provider was chosen


def test_who_never_logged_in_gets_the_sandbox_and_no_question():
    stores = Stored(gptproto=KEY)
    assert chosen(None, "", {}, stores) == ("sandbox", SANDBOX_KEY, "", "default")
    assert stores.asked == []


def test_who_logged_in_gets_that_provider():
    stores = Stored("gemini", "gptproto", gptproto=KEY, gemini="AIza-kept")
    assert chosen(None, "", {}, stores) == ("gemini", "AIza-kept", "the keyring", LOGIN)
    assert stores.asked == ["gemini"]


def test_a_key_that_was_kept_and_is_gone_is_no_key():
    stores = Stored("gemini", "nobody-knows", "gptproto", gptproto=KEY)
    assert chosen(None, "", {}, stores)[0] == "gptproto"
    assert stores.asked == ["gemini", "gptproto"]
    assert chosen(None, "", {}, Stored("gptproto"))[0] == "sandbox"


def test_a_key_in_the_environment_leaves_the_keyring_closed():
    stores = Stored("gemini", gemini="AIza-kept")
    assert chosen(None, "", {"GPTPROTO_API_KEY": KEY}, stores)[0] == "gptproto"
    assert stores.asked == []


def test_the_sandbox_asks_nobody():
    stores = Stored("sandbox", sandbox=KEY)
    assert chosen("sandbox", "", {"GPTPROTO_API_KEY": KEY}, stores)[:2] == ("sandbox", SANDBOX_KEY)
    assert stores.asked == []


def test_googles_own_credentials_leave_the_keyring_closed_until_a_key_was_kept():
    stores = Stored(vertex=KEY)
    assert chosen("vertex", "", {}, stores)[1] == ""
    assert stores.asked == []
    assert chosen("vertex", "", {}, Stored("vertex", vertex=KEY))[1] == KEY


def test_a_provider_that_is_not_known_is_named():
    with pytest.raises(InvalidRequest, match="Did you mean gptproto"):
        chosen("gptprto")


@given(st.dictionaries(st.sampled_from(["GPTPROTO_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"]), st.text()))
def test_any_environment_gives_a_provider_with_its_key_or_the_sandbox(environ):
    name, key, source, why = chosen(None, "", environ)
    if name == "sandbox":
        assert not any(Secret(value) for value in environ.values())
    else:
        assert key == Secret(environ[source]).reveal()
        assert why == source in catalog.PROVIDERS[name].key_variables


# ---- a key never shows


def shown(secret: object) -> list[str]:
    """Whatever a person, a log or a debugger might be shown of it."""

    def broken() -> None:
        raise ValueError(secret)

    try:
        broken()
    except ValueError as error:
        trace = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    record = logging.LogRecord("x", logging.INFO, "", 0, "key %s %r", (secret, secret), None)
    return [
        str(secret),
        repr(secret),
        f"{secret} {secret!r} {secret!s} {secret!a}",
        "%s %r" % (secret, secret),  # noqa: UP031
        ascii(secret),
        pprint.pformat([secret]),
        record.getMessage(),
        trace,
        str(dir(secret)),
        json.dumps(secret, default=repr),
    ]


def test_a_secret_does_not_show_itself():
    assert [text for text in shown(Secret(KEY)) if "0123" in text or "WXYZ" in text] == []


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_can_not_be_pickled(protocol):
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(Secret(KEY), protocol)


def test_a_secret_has_no_dictionary_to_look_into():
    assert not hasattr(Secret(KEY), "__dict__")


def test_two_keys_can_be_told_apart_by_their_tails():
    assert Secret(KEY).tail() == "…WXYZ"
    assert Secret("short-key").tail() == "…"
    assert Secret("").tail() == "…"


def test_secrets_compare_by_value_and_with_nothing_else():
    assert Secret(KEY) == Secret(f"{KEY}\n")
    assert len({Secret(KEY), Secret(KEY), Secret("other")}) == 2
    assert Secret(KEY) != KEY
    assert bool(Secret(KEY))
    assert not Secret(" ")


@pytest.mark.parametrize(
    "said",
    [
        "Key {} is not valid",
        "https://example.com/v?key={}&alt=media",
        '{{"error": "{}"}}',
        "{0}{0}",
    ],
)
@pytest.mark.parametrize(
    "written", ["sk-A/b+c=d&e-0123", "sk-A%2Fb%2Bc%3Dd%26e-0123", "sk-A%2fb%2bc%3dd%26e-0123"]
)
def test_a_key_is_taken_out_of_what_somebody_said(said, written):
    secret = Secret("sk-A/b+c=d&e-0123")
    clean = said.format("[key]")
    assert secret.masked(said.format(written)) == clean


def test_a_key_is_known_in_json_and_html():
    secret = Secret("sk-A/b+c=d&e-0123")
    assert secret.masked('"sk-A\\/b+c=d&e-0123"') == '"[key]"'
    assert secret.masked("<b>sk-A/b+c=d&amp;e-0123</b>") == "<b>[key]</b>"


@pytest.mark.parametrize("key", ["", "a", "short"])
def test_what_could_be_a_word_is_left(key):
    assert Secret(key).masked("a short word") == "a short word"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8), st.text(), st.text())
def test_no_key_is_left_whole(key, before, after):
    secret = Secret(key)
    # Quotes around it are taken off, and what is short then is a word.
    assume(len(secret.reveal()) >= 8)
    assert secret.reveal() not in secret.masked(f"{before}{key}{after}").replace("[key]", " ")


def test_an_environment_shows_no_value():
    environ = Environment({"GPTPROTO_API_KEY": KEY})
    assert (environ["GPTPROTO_API_KEY"], len(environ), [*environ]) == (KEY, 1, ["GPTPROTO_API_KEY"])
    assert [text for text in shown(environ) if "0123" in text or "WXYZ" in text] == []
