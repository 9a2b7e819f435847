"""Settings: which place wins, what is refused and how it is said, and that a key never shows."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.credentials.test_keys import shown
from veo_nb import catalog
from veo_nb.config import Settings, resolve_settings
from veo_nb.credentials.addresses import base_address, is_private
from veo_nb.credentials.keys import SANDBOX_KEY, Secret
from veo_nb.errors import AuthenticationError, InvalidRequest

KEY = "sk-0123456789abcdef-WXYZ"


@pytest.fixture
def resolve(tmp_path):
    """Settings from arguments, %config, the environment and the text of veo_nb.toml."""

    def settings(arguments=None, options=None, environ=None, file=None):
        if file is not None:
            (tmp_path / "veo_nb.toml").write_text(file, "utf-8")
        return resolve_settings(arguments or {}, options or {}, environ or {}, tmp_path)

    return settings


def refused(call: Callable[..., object], *args: Any, **kwargs: Any) -> str:
    """The line that a person reads."""
    with pytest.raises(InvalidRequest) as caught:
        call(*args, **kwargs)
    return str(caught.value)


# ---- which place wins


def test_without_anything_it_is_the_sandbox_in_the_working_folder(resolve, tmp_path):
    found = resolve()
    assert (found.provider.name, found.api_key.reveal(), found.base_url) == ("sandbox", SANDBOX_KEY, "")
    assert found.library == tmp_path / "veo_library"
    assert found.model == "veo-3.1-fast-generate-preview"
    assert found.max_in_flight == 10
    assert found.sources == {"provider": "default"}


@pytest.mark.parametrize(
    ("provider", "limit"), [("gptproto", None), ("gemini", 10), ("vertex", 50), ("sandbox", 600)]
)
def test_a_provider_is_asked_as_often_as_it_documents(resolve, provider, limit):
    assert resolve({"provider": provider}).requests_per_minute == limit


VALUES: dict[str, tuple[Any, Any]] = {
    "provider": ("gptproto", "sandbox"),
    "base_url": ("https://one.example", "https://two.example"),
    "library": ("/one", "/two"),
    "model": ("standard", "fast"),
    "max_in_flight": (3, 4),
    "requests_per_minute": (30, 40),
    "budget": (20.0, 0.5),
    "store": (False, True),
    "embed": (True, False),
}


def seen(settings: Settings, name: str) -> object:
    """A setting in the form that it was given in."""
    value = getattr(settings, name)
    if name == "provider":
        return settings.provider.name
    if name == "model":
        return "fast" if "fast" in settings.model else "standard"
    return str(value) if name == "library" else value


@pytest.mark.parametrize("name", VALUES)
def test_argument_before_config_before_environment_before_file(resolve, name):
    first, second = VALUES[name]
    variable = f"VEO_NB_{name.upper()}"
    layers: list[tuple[str, dict[str, Any]]] = [
        ("configure()", {"arguments": {name: first}}),
        ("%config", {"options": {name: first}}),
        (variable, {"environ": {variable: str(first)}}),
        ("veo_nb.toml", {"file": f"{name} = {json.dumps(first)}"}),
    ]
    below: list[dict[str, Any]] = [
        {"options": {name: second}},
        {"environ": {variable: str(second)}},
        {"file": f"{name} = {json.dumps(second)}"},
        {},
    ]
    for (place, layer), lower in zip(layers, below, strict=True):
        found = resolve(**{**lower, **layer})
        assert seen(found, name) == first
        assert found.sources[name] == place


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_value_leaves_the_word_to_the_next_place(resolve, empty):
    found = resolve({"provider": empty}, {"provider": empty}, {"VEO_NB_PROVIDER": "gptproto"})
    assert (found.provider.name, found.sources["provider"]) == ("gptproto", "VEO_NB_PROVIDER")


def test_each_variable_that_the_readme_names_is_read(resolve):
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    address = "https://house.example/a"
    given = {
        "VEO_NB_PROVIDER": ("gptproto", lambda it: it.provider.name),
        "VEO_NB_LIBRARY": ("clips", lambda it: it.library.name),
        "VEO_NB_MODEL": ("veo-3.1-generate-preview", lambda it: it.model),
        "VEO_NB_BUDGET": ("7.0", lambda it: str(it.budget)),
        "VEO_NB_REQUESTS_PER_MINUTE": ("3", lambda it: str(it.requests_per_minute)),
        "VEO_NB_BASE_URL": (f"{address}0", lambda it: it.base_url),
        "VEO_NB_STORAGE_URI": ("gs://house/clips", lambda it: it.storage_uri),
        "VEO_NB_STORE": ("False", lambda it: str(it.store)),
        "VEO_NB_EMBED": ("True", lambda it: str(it.embed)),
        "VEO_NB_VERTEX_BASE_URL": (f"{address}1", lambda it: it.at("vertex").base_url),
        "VEO_NB_VERTEX_MAX_IN_FLIGHT": ("2", lambda it: str(it.at("vertex").max_in_flight)),
        "VEO_NB_GATEWAY_BASE_URL": (f"{address}2", lambda it: it.at("gateway").base_url),
        "VEO_NB_GATEWAY_KEY": ("sk-of-the-house", lambda it: it.at("gateway").api_key.reveal()),
    }
    assert {*re.findall(r"VEO_NB_[A-Z_]+[A-Z]", readme)} <= {*given}
    found = resolve(environ={name: value for name, (value, _) in given.items()})
    assert {name: read(found) for name, (_, read) in given.items()} == {
        name: value for name, (value, _) in given.items()
    }


def test_a_key_in_the_environment_chooses_its_provider(resolve):
    found = resolve(environ={"GPTPROTO_API_KEY": f" {KEY}\n"})
    assert (found.provider.name, found.api_key.reveal()) == ("gptproto", KEY)
    assert found.sources == {"provider": "GPTPROTO_API_KEY", "api_key": "GPTPROTO_API_KEY"}


def test_a_blank_key_is_none(resolve):
    assert resolve(environ={"GPTPROTO_API_KEY": "  "}).provider.name == "sandbox"
    assert resolve({"api_key": "  "}).provider.name == "sandbox"


def test_a_key_given_by_hand_is_for_gptproto(resolve):
    found = resolve({"api_key": KEY}, environ={"GPTPROTO_API_KEY": "sk-other"})
    assert (found.provider.name, found.api_key.reveal()) == ("gptproto", KEY)
    assert found.sources == {"provider": "configure()", "api_key": "configure()"}


def test_a_key_given_by_hand_stays_with_the_provider_asked_for(resolve):
    found = resolve({"api_key": Secret(KEY), "provider": "sandbox"})
    assert (found.provider.name, found.api_key.reveal()) == ("sandbox", KEY)


def test_the_sandbox_never_gets_a_real_key_by_itself(resolve):
    found = resolve({"provider": "sandbox"}, environ={"GPTPROTO_API_KEY": KEY})
    assert found.api_key.reveal() == SANDBOX_KEY


def test_a_relative_library_is_in_the_working_folder_and_a_tilde_is_home(resolve, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert resolve({"library": "a/../b"}).library == tmp_path / "b"
    assert resolve({"library": "~/clips"}).library == tmp_path / "me" / "clips"


def test_there_is_no_budget_before_one_is_set_and_0_is_one(resolve):
    assert resolve().budget is None
    assert resolve({"budget": 0}, {"budget": 5.0}).budget == 0.0
    assert resolve(environ={"VEO_NB_BUDGET": "$20"}).budget == 20.0


def test_prices_are_the_catalogs_after_those_in_the_file(resolve):
    assert resolve().prices == tuple(catalog.PRICES)
    found = resolve(file='[prices]\n"veo-3.1-fast-generate-preview" = {per_call = 0.6}').prices
    own = catalog.Price(usd_per_call=0.6, model="veo-3.1-fast-generate-preview", source="your veo_nb.toml")
    assert found == (own, *catalog.PRICES)
    found = resolve(file="[prices.gptproto]\nfast = {720p = 0.1, 4k = {per_call = 3}}").prices
    mine = {
        (one.provider, one.resolution, one.usd_per_second, one.usd_per_call) for one in found if not one.date
    }
    assert mine == {("gptproto", "720p", 0.1, 0.0), ("gptproto", "4k", 0.0, 3.0)}


# ---- what is refused


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"provder": "x"}, "There is no setting 'provder'. Did you mean provider?"),
        ({"apikey": KEY}, "There is no setting 'apikey'. Did you mean api_key?"),
        ({"provider": "gptprto"}, "There is no provider 'gptprto'. Did you mean gptproto?"),
        (
            {"provider": "acme"},
            "There is no provider 'acme'. Known: gptproto, gemini, vertex, gateway, sandbox.",
        ),
        ({"provider": ["gptproto"]}, "There is no provider ['gptproto']. Did you mean gptproto?"),
        ({"model": "fats"}, "sandbox has no model 'fats'. Did you mean fast?"),
        *[
            ({name: value}, f"{name} can't be {value!r}. Give a whole number from 1.")
            for name in ("max_in_flight", "requests_per_minute")
            for value in (0, -1, "many", "1.5", 2.5, float("inf"), float("nan"), True, [1])
        ],
        *[
            ({"budget": value}, f"budget can't be {value!r}. Give an amount in USD, such as 20.")
            for value in (-1, "lots", float("inf"), float("nan"), True, [20])
        ],
        *[({"store": value}, f"store can't be {value!r}. True or false.") for value in ("maybe", 2, [False])],
        ({"library": 5}, "library can't be 5. Give the path of a folder."),
        ({"library": "a\0b"}, "library can't be 'a\\x00b'. Give the path of a folder."),
        ({"library": "~nobody-here/x"}, "library can't be '~nobody-here/x'. Give the path of a folder."),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(resolve, arguments, line):
    assert refused(resolve, arguments) == line


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("VEO_NB_BUGDET", "BUDGET"),
        ("VEO_NB_LIBARY", "LIBRARY"),
        ("VEO_NB_MAX_INFLIGHT", "MAX_IN_FLIGHT"),
        ("VEO_NB_PROVIDR", "PROVIDER"),
    ],
)
def test_a_variable_that_is_nearly_a_settings_is_not_passed_over(resolve, variable, meant):
    """Else a budget that nobody reads limits nothing."""
    line = f"There is no setting {variable}. Did you mean VEO_NB_{meant}?"
    assert refused(resolve, environ={variable: "1"}) == line


@pytest.mark.parametrize(
    "variable",
    ["VEO_NB_ACME_MODEL", "VEO_NB_X_BASE_URL", "VEO_NB_SANDBOX_DRAFT", "VEO_NB_OF_OTHERS"],
)
def test_a_variable_of_something_else_is_let_alone(resolve, variable):
    assert resolve(environ={variable: "1"}).provider.name == "sandbox"


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("modle = 'fast'", "veo_nb.toml has an unknown setting 'modle'. Did you mean model?"),
        (
            "provider = [",
            "veo_nb.toml can't be read: Invalid value (at end of document). Mend it or take it away.",
        ),
        (f"a = {'[' * 9000}", None),
        ("prizes = 1", "veo_nb.toml has an unknown setting 'prizes'. Did you mean prices?"),
        ("prices = 0.15", "veo_nb.toml: prices can't be 0.15. It is a table: [prices]"),
        (
            "[prices]\nfsat = 0.1",
            "veo_nb.toml: There is no model 'fsat' to have a price. Did you mean fast?",
        ),
    ],
)
def test_a_wrong_file_is_named(resolve, file, line):
    found = refused(resolve, file=file)
    assert found == line if line else found.startswith("veo_nb.toml can't be read: ")


def test_a_file_that_is_no_text_is_named(resolve, tmp_path):
    for data in ("library = 'größe'".encode("latin-1"), "budget = 5".encode("utf-16-le")):
        (tmp_path / "veo_nb.toml").write_bytes(data)
        assert refused(resolve) == "veo_nb.toml can't be read: it is no text in UTF-8. Save it as UTF-8."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_file_is_read_as_editors_write_it(resolve, tmp_path, encoding):
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    (tmp_path / "veo_nb.toml").write_bytes(f"{mark}budget = 5\r\nlibrary = 'größe'\r\n".encode(encoding))
    found = resolve()
    assert (found.budget, found.library) == (5.0, tmp_path / "größe")


def test_a_file_whose_ending_is_hidden_is_not_passed_over(resolve, tmp_path):
    (tmp_path / "veo_nb.toml.txt").write_text("budget = 5")
    assert refused(resolve).startswith(
        "veo_nb.toml.txt is not read: it must be called veo_nb.toml. Rename it"
    )


@pytest.mark.parametrize("path", [r"C:\Users\me", r"C:\new", r"C:\ clips"])
def test_a_path_of_windows_in_the_file_says_how_it_is_written(resolve, path):
    assert "library = 'C:\\clips'." in refused(resolve, file=f'library = "{path}"')
    assert str(resolve(file=f"library = '{path}'").library).endswith(path)


def test_a_folder_in_place_of_the_file_is_named(resolve, tmp_path):
    (tmp_path / "veo_nb.toml").mkdir()
    assert refused(resolve) == "veo_nb.toml can't be read: Is a directory. Mend it or take it away."


@pytest.mark.parametrize("name", ["api_key", "GPTPROTO_API_KEY", "key"])
def test_a_key_in_the_file_is_refused_and_not_shown(resolve, name):
    line = refused(resolve, file=f'{name} = "{KEY}"')
    assert line == (
        "veo_nb.toml holds a key, and such files get committed. "
        "Take it out and set the provider's variable instead, such as GPTPROTO_API_KEY."
    )


# ---- the key


def test_no_key_says_where_to_put_one(resolve):
    with pytest.raises(AuthenticationError) as caught:
        resolve({"provider": "gptproto"}).key_or_raise()
    assert str(caught.value) == (
        "GPTProto needs a key and none was found. "
        "%veo login gptproto asks for it, or set GPTPROTO_API_KEY and restart the kernel; "
        "VEO_NB_PROVIDER=sandbox tries without one."
    )


def test_vertex_takes_a_project_for_a_key(resolve):
    """This machine's Google credentials stand in for it."""
    settings = resolve({"provider": "vertex", "project": "my-project"})
    assert (settings.has_access, settings.key_or_raise()) == (True, Secret(""))
    settings = resolve({"provider": "vertex"})
    assert not settings.has_access
    with pytest.raises(AuthenticationError) as caught:
        settings.key_or_raise()
    assert str(caught.value).startswith(
        "Vertex AI needs a project or a key and neither was found. Set GOOGLE_CLOUD_PROJECT "
    )
    assert not resolve({"provider": "gemini", "project": "my-project"}).has_access


def test_a_key_that_is_there_is_given(resolve):
    assert resolve({"api_key": KEY}).key_or_raise() == Secret(KEY)


@pytest.mark.parametrize("key", ["sk-012345 6789", "sk-01234\n56789", "sk-0123456…", "sk-\x00"])
def test_a_key_that_no_header_can_carry_is_told_without_showing_it(resolve, key):
    with pytest.raises(AuthenticationError) as caught:
        resolve(environ={"GPTPROTO_API_KEY": key}).key_or_raise()
    assert str(caught.value) == (
        "The key from GPTPROTO_API_KEY holds characters that no key has. "
        "Copy it again, without spaces, quotes or line breaks in it."
    )


@pytest.mark.parametrize(
    "around", ['"{}"', "'{}'", " {}\n", "“{}”", "\ufeff{}\u200b", "`{}`", '"{}', "\u00a0'{} '\r\n"]
)
def test_quotes_and_blanks_around_a_key_and_a_setting_are_taken_off(resolve, around):
    found = resolve(environ={"GEMINI_API_KEY": around.format(KEY), "VEO_NB_BUDGET": around.format("20")})
    assert found.key_or_raise().reveal() == KEY
    assert (found.provider.name, found.budget) == ("gemini", 20.0)
    assert resolve({"provider": "gemini", "api_key": around.format(KEY)}).key_or_raise() == Secret(KEY)


def test_a_key_of_nothing_but_quotes_is_none(resolve):
    assert resolve(environ={"GEMINI_API_KEY": '""', "GPTPROTO_API_KEY": "' '"}).provider.name == "sandbox"


@pytest.mark.parametrize(
    "arguments",
    [
        {"provider": "0123456789abcdefghij"},
        {"provider": "sk-0123456789ab"},
        {"model": "sk-0123456789abcdef"},
        {"base_url": "https://gateway.example.com/?key=0123456789"},
        {"budget": "AIza0123456789abcdef"},
        {"sk-0123456789abcdef": 1},
    ],
)
def test_a_key_that_was_given_for_something_else_is_not_quoted(resolve, arguments):
    assert "0123456789" not in refused(resolve, arguments)


def test_settings_do_not_show_the_key(resolve):
    found = resolve({"api_key": KEY})
    texts = [*shown(found), *shown(dataclasses.asdict(found)), *shown(vars(found)), *shown(copy.copy(found))]
    assert [text for text in texts if "0123" in text or "WXYZ" in text] == []


def test_a_refusal_does_not_hold_the_key_of_the_environment(resolve):
    """Not in the message, and in no variable of our frames."""
    with pytest.raises(InvalidRequest) as caught:
        resolve(environ={"GPTPROTO_API_KEY": KEY, "VEO_NB_PROVIDER": "acme"})
    frames = [frame for frame, _ in traceback.walk_tb(caught.tb)]
    ours = [frame.f_locals for frame in frames if frame.f_globals["__name__"].startswith("veo_nb.")]
    assert len(ours) >= 2
    assert KEY not in repr(ours)
    assert KEY not in str(caught.value)


# ---- a base address


@pytest.mark.parametrize(
    ("value", "base"),
    [
        ("https://gateway.example.com/", "https://gateway.example.com"),
        (" https://gateway.example.com/veo// ", "https://gateway.example.com/veo"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://10.1.2.3", "http://10.1.2.3"),
        ("http://gateway", "http://gateway"),
        ("http://gateway.internal/veo", "http://gateway.internal/veo"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_a_base_address_is_kept_without_its_last_slash(value, base):
    assert base_address(value) == base


@pytest.mark.parametrize(
    "value",
    [
        "gateway.example.com",
        "ftp://gateway.example.com",
        "file:///etc/passwd",
        "https://",
        "https:///v1",
        "http://[::1",
        "https://[abc]",
        "https://h:99999",
        "https://h:0",
        "https://h:port",
        "https://gateway.example.com?x=1",
        "https://gateway.example.com?",
        "https://gateway.example.com/#top",
        "https://gateway.example.com\\evil",
        "https://gate way.example.com",
        5,
    ],
)
def test_what_is_no_base_address_is_refused(value):
    assert (
        refused(base_address, value)
        == f"{catalog.shown(value)} is no base address. Give one like https://gateway.example.com."
    )


def test_a_password_in_a_base_address_is_refused_and_not_shown():
    line = refused(base_address, f"https://me:{KEY}@gateway.example.com")
    assert line == "base_url can't hold a user name or a password. Give the address alone."


@pytest.mark.parametrize("host", ["gateway.example.com", "8.8.8.8", "[2606:4700::1111]"])
def test_a_key_is_not_sent_in_the_clear_over_the_internet(host):
    line = refused(base_address, f"http://{host}/v1")
    assert line == (
        f"base_url would send the key to {host.strip('[]')} in the clear. "
        "Use https://; http:// is for this machine and its own network."
    )


@given(st.text() | st.integers() | st.none())
def test_any_base_address_is_kept_or_refused(value):
    try:
        base = base_address(value)
    except InvalidRequest:
        return
    assert base == "" or base.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    "host",
    [
        *["localhost", "LOCALHOST", "localhost.", "a.localhost", "printer", "nas.local", "x.internal"],
        *[
            "localhost.localdomain",
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.0.0.1",
            "192.168.1.1",
            "172.16.0.1",
        ],
        *["169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "[::1]", "::", "fe80::1"],
        *["fc00::1", "::ffff:127.0.0.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "0"],
    ],
)
def test_names_and_addresses_of_this_machine_and_its_network(host):
    assert is_private(host)


@pytest.mark.parametrize(
    "host", ["gptproto.com", "api.gptproto.com.", "8.8.8.8", "2606:4700::1111", "127.0.0.1.nip.io"]
)
def test_names_and_addresses_of_the_internet(host):
    assert not is_private(host)
