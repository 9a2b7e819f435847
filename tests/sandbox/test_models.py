"""The sandbox's lists of models, in each form in which a provider has one, and what can go wrong with them."""

from __future__ import annotations

import json

import httpx2
import pytest

from veo_nb.catalog import PROVIDERS
from veo_nb.doctor import examine, format_checks
from veo_nb.studio import Studio

EVERY = [*PROVIDERS["sandbox"].models]


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_the_list_has_pages_as_long_as_they_are_asked_for(sandbox, version):
    names, query = [], "?pageSize=3"
    while query:
        page = sandbox.http.get(f"/{version}/models{query}").json()
        assert len(page["models"]) <= 3
        names += [one["name"] for one in page["models"]]
        query = f"?pageSize=3&pageToken={token}" if (token := page.get("nextPageToken")) else ""
    assert names == [f"models/{name}" for name in EVERY]


@pytest.mark.parametrize("query", ["pageSize=many", "pageToken=x", "pageSize=-1", "pageSize=٣"])
def test_what_is_no_page_is_refused(sandbox, query):
    answer = sandbox.http.get(f"/v1beta/models?{query}")
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_who_shows_the_key_as_openai_s_has_openai_s_list(sandbox):
    bearer = {"authorization": f"Bearer {sandbox.key}"}
    with httpx2.Client(base_url=sandbox.url, trust_env=False, headers=bearer) as client:
        page = client.get("/v1/models").json()
    assert page["object"] == "list"
    assert [one["id"] for one in page["data"]] == EVERY


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_the_garden_has_a_page_of_each_model(sandbox, version):
    garden = f"/{version}/publishers/google/models"
    assert sandbox.http.get(f"{garden}/{EVERY[3]}").json()["name"] == f"publishers/google/models/{EVERY[3]}"
    assert sandbox.http.get(f"{garden}/veo-9").status_code == 404
    assert sandbox.http.get(f"{garden}/{EVERY[3]}:predictLongRunning").status_code == 405


def test_no_list_without_the_key(sandbox):
    for path in ("/v1/models", "/v1beta/models", f"/v1beta1/publishers/google/models/{EVERY[3]}"):
        assert httpx2.get(f"{sandbox.url}{path}", trust_env=False).status_code == 401


def said_of_models(url: str, folder, provider: str, **settings) -> str:
    """What the doctor says, asking over a socket."""
    studio = Studio(
        environ={},
        folder=folder,
        provider=provider,
        api_key="sk-test",
        base_url=url,
        clock=lambda: 1_795_950_000.0,
        **settings,
    )
    try:
        return format_checks([one for one in examine(studio) if one.name == "models"])
    finally:
        studio.close()


@pytest.mark.parametrize(
    ("provider", "first"),
    [
        ("gemini", "ok  models  open to this key: standard, fast, lite, omni, omni-1.1"),
        ("vertex", "ok  models  listed by the provider: standard, fast, lite, omni"),
    ],
)
def test_the_doctor_reads_them(sandbox, tmp_path, provider, first):
    posts = [entry for entry in sandbox.log() if entry["method"] == "POST"]
    said = said_of_models(sandbox.url, tmp_path, provider).splitlines()
    assert said[0] == first
    assert "reported to be off" not in "".join(said), "it is there after all"
    asked = [entry["path"] for entry in sandbox.log() if entry["method"] == "POST"][len(posts) :]
    # The key is tried by a question at Vertex AI, which is a POST too.
    assert [path for path in asked if "predictLongRunning" in path or "interactions" in path] == []


def test_a_list_that_fails_is_asked_for_once(launch, tmp_path):
    table = {"fault": [{"kind": "status", "status": 503, "message": "Busy", "call": "models"}]}
    (tmp_path / "faults.json").write_text(json.dumps(table))
    server = launch(tmp_path / "data", "--latency", "0", "--faults", str(tmp_path / "faults.json"))
    said = said_of_models(server.url, tmp_path, "gemini")
    assert "it can't be told whether these are open" in said
    assert "Busy" in said
    assert [one["fault"] for one in server.log() if one["path"] == "/v1beta/models"] == ["status"]
