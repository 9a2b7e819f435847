"""`%veo config`: every setting, its value, where it came from, and never the key."""

from __future__ import annotations

from dataclasses import fields

from tests.notebook.test_magics import Ran, magics_of
from veo_nb import catalog
from veo_nb.config import Settings, resolve_settings
from veo_nb.notebook.pages.settings import setting_rows, settings_page

NOW = 1_796_000_000.0
"""2026-11-29."""
KEY = "sk-0123456789abcdef-WXYZ"


def page(tmp_path, arguments=None, **environ):
    return resolve_settings(arguments or {}, {}, environ, tmp_path)


def test_there_is_a_row_for_every_setting(tmp_path):
    rows = setting_rows(page(tmp_path), NOW)
    shown = {name for name, _, _ in rows}
    assert shown == {item.name for item in fields(Settings) if item.repr} - {"sources"} | {"keyed"}


def test_a_row_says_the_value_and_its_source(tmp_path):
    settings = page(tmp_path, {"model": "standard"}, GPTPROTO_API_KEY=KEY, VEO_NB_MAX_IN_FLIGHT="3")
    rows = {name: (value, source) for name, value, source in setting_rows(settings, NOW)}
    assert rows["provider"] == ("gptproto", "GPTPROTO_API_KEY")
    assert rows["api_key"] == ("set, not shown", "GPTPROTO_API_KEY")
    assert rows["model"] == ("veo-3.1-generate-preview", "configure()")
    assert rows["max_in_flight"] == ("3", "VEO_NB_MAX_IN_FLIGHT")
    assert rows["library"] == (str(tmp_path / "veo_library"), "default")
    assert rows["base_url"] == ("not set", "default")
    note = catalog.PROVIDERS["gptproto"].price_note
    shown, source = rows["prices"]
    assert shown.startswith(f"standard $0.40 a second, 4k $0.60 a second ({note}); fast $0.10 a second")
    assert source.startswith("GPTProto publishes no price: what do you pay there? Put fast = ")


def test_the_model_is_the_provider_s_own_and_says_when_it_ends(tmp_path):
    def model(**environ):
        rows = setting_rows(page(tmp_path, **environ), NOW)
        return next((value, source) for name, value, source in rows if name == "model")

    assert model(GEMINI_API_KEY=KEY) == ("gemini-omni-1.2-flash", "the default of Gemini API")
    assert model(GPTPROTO_API_KEY=KEY) == ("veo-3.1-fast-generate-preview", "the default of GPTProto")
    assert model(GEMINI_API_KEY=KEY, VEO_NB_MODEL="omni-1.1") == (
        "gemini-omni-1.1-flash",
        "VEO_NB_MODEL. Gemini Omni 1.1 (Gemini API) may stop on 2026-12-03; gemini-omni-1.2-flash (omni) came after it.",
    )
    value, source = model(GOOGLE_CLOUD_PROJECT="my-project", VEO_NB_PROVIDER="vertex")
    assert value == "veo-3.1-fast-generate-001"
    assert source.startswith("the default of Vertex AI. Veo 3.1 Fast (Vertex AI) may stop any day")


def test_the_providers_that_can_be_asked_are_a_row(tmp_path):
    rows = setting_rows(page(tmp_path, GEMINI_API_KEY=KEY, GOOGLE_CLOUD_PROJECT="my-project"), NOW)
    assert ("keyed", "gemini, vertex", "the keys that are here") in rows
    assert ("keyed", "none", "the keys that are here") in setting_rows(page(tmp_path), NOW)


def test_not_even_the_end_of_the_key_is_shown_and_values_are_text(tmp_path):
    shown = settings_page(
        page(tmp_path, {"library": "<b>x", "provider": "gptproto"}, GPTPROTO_API_KEY=KEY), NOW
    )
    for text in (shown.data, str(shown), repr(shown)):
        assert "WXYZ" not in text
    assert "&lt;b&gt;x" in shown.data
    assert "<b>" not in shown.data


def test_the_magic_shows_it(shell, studio):
    shell.register_magics(magics_of(shell, studio))
    ran = Ran(shell, "%veo config")
    assert ran.error is None
    assert "max_in_flight" in ran.text
    assert "max_in_flight" in ran.html
