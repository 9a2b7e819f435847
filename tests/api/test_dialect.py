"""Where each provider is asked, against golden files written from the provider's page and Google's references."""

from __future__ import annotations

from dataclasses import replace

import httpx2
import pytest

from tests.api.test_wire import cases, dialect
from veo_nb import catalog, errors
from veo_nb.api.client import AsyncClient
from veo_nb.api.dialects.dialect import dialects_of
from veo_nb.request import Source, make_request


@cases("calls")
def test_each_call_goes_there(case):
    settings = dict(case["settings"])
    provider, key = settings.pop("provider"), settings.pop("api_key", "")
    spoken = dialect(
        provider, case["model"], base=settings.pop("base_url", ""), has_key=bool(key), **settings
    )
    request = make_request(catalog.PROVIDERS[provider], prompt="A fox", model=case["model"])
    submit, poll = spoken.submit(request), spoken.poll(case["model"], case["name"])
    assert {"method": submit.method, "url": submit.url} == case["submit"]
    body = {} if poll.body is None else {"body": poll.body}
    assert {"method": poll.method, "url": poll.url, **body} == case["poll"]


@cases("calls", only=lambda case: "project" not in case["settings"])
async def test_the_client_asks_there(case):
    """Over the client, for those that take a key; the others' token has tests of its own."""
    settings = {"api_key": "sk-0123456789abcdef-WXYZ", **case["settings"]}
    asked = []

    def play(request):
        asked.append((request.method, str(request.url)))
        assert request.headers["x-goog-api-key"] == settings["api_key"]
        return httpx2.Response(200, json={"name": case["name"], "id": case["name"], "status": "queued"})

    async with AsyncClient(**settings, transport=httpx2.MockTransport(play)) as client:
        await client.submit(make_request(client.provider, prompt="A fox", model=case["model"]))
        await client.poll(case["model"], case["name"])
    assert asked == [(case[call]["method"], case[call]["url"]) for call in ("submit", "poll")]


@pytest.mark.parametrize(
    "name", ["a/../b/operations/x", "models/../operations/x", "models/./operations/x", "files/operations/x"]
)
def test_a_name_of_another_form_is_asked_for_by_its_id_alone(name):
    asked = dialect("gemini").poll("veo", name).url
    assert asked == "https://generativelanguage.googleapis.com/v1beta/models/veo/operations/x"


def test_the_developer_api_takes_a_source_by_its_address_only():
    provider = catalog.PROVIDERS["gemini"]
    for uri in ("gs://bucket/a.mp4", "file:///library/a.mp4"):
        request = make_request(provider, prompt="On", video=Source(uri=uri, key="k"))
        with pytest.raises(errors.InvalidRequest) as caught:
            dialect("gemini").submit(request)
        assert str(caught.value) == (
            "Gemini API takes a source video by its http(s) address only. "
            "Give a clip that was made there less than two days ago, or its URL."
        )


def test_vertex_needs_a_project_or_a_key():
    with pytest.raises(errors.AuthenticationError) as caught:
        AsyncClient("vertex")
    assert str(caught.value) == (
        "Vertex AI needs a project or a key and neither was found. Set GOOGLE_CLOUD_PROJECT to use this machine's "
        "Google credentials; for express mode %veo login vertex asks for a key, or set GOOGLE_CLOUD_API_KEY or "
        "VERTEX_API_KEY."
    )
    AsyncClient("vertex", project="my-project")
    AsyncClient("vertex", "sk-0123456789")


@pytest.mark.parametrize("value", ["evil.example/x", "p#", "a@b", "a\\b", "a b", "../x", "A"])
@pytest.mark.parametrize("name", ["project", "location"])
def test_what_becomes_part_of_an_address_is_a_name_and_nothing_else(name, value):
    with pytest.raises(errors.InvalidRequest, match=f"{name} can't be"):
        AsyncClient("vertex", **{"project": "my-project", name: value})


def test_a_form_of_the_wire_that_nobody_knows_is_not_taken_for_another():
    strange = replace(catalog.PROVIDERS["gptproto"], dialects=("telex",))
    with pytest.raises(errors.InvalidRequest, match="GPTProto speaks 'telex', which this version does not"):
        dialects_of(strange, "", has_key=True, project="p", location="", storage_uri="")


def test_a_provider_without_an_address_is_told_so():
    with pytest.raises(errors.InvalidRequest, match="has no address of its own"):
        dialects_of(catalog.PROVIDERS["sandbox"], "", has_key=True, project="", location="", storage_uri="")
