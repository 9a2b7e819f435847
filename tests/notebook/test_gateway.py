"""Clips by way of a gateway: any model's name, its progress, its price that nobody knows; and nothing is paid twice."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.notebook.test_magics import Ran, magics_of
from tests.world import KEY, Held
from veo_nb import catalog, errors
from veo_nb.api.client import AsyncClient
from veo_nb.api.reach import list_models, try_key
from veo_nb.config import resolve_settings
from veo_nb.credentials.keys import Secret
from veo_nb.engine.providers.latency import learn
from veo_nb.notebook import text
from veo_nb.notebook.completion import Known, complete
from veo_nb.notebook.magics import unregister
from veo_nb.notebook.panel.draft import make_setup
from veo_nb.notebook.place import Place
from veo_nb.notebook.protocol import Estimate, Reported
from veo_nb.store.recovery.sidecar import read_sidecar

BASE = "https://gateway.example.com"
GATEWAY = catalog.PROVIDERS["gateway"]


@pytest.fixture
def gateway(make_studio):
    return make_studio(provider="gateway", base_url=BASE, model="house-fast")


def running(progress=None) -> httpx2.Response:
    return httpx2.Response(200, json={"id": "video_op1", "status": "in_progress", "progress": progress})


def test_a_clip_is_asked_for_under_the_owners_name_and_fetched(gateway, service, clip):
    job, _ = gateway.submit("A fox.", duration_seconds=5)
    job.wait(30)
    assert service.posts == [{"model": "house-fast", "prompt": "A fox.", "size": "1280x720", "seconds": "5"}]
    assert (job.operation, job.video.path.read_bytes()) == ("video_op1", clip)
    assert {str(request.url).partition("/v1/")[0] for request in service.requests} == {BASE}
    assert {request.headers["authorization"] for request in service.requests} == {f"Bearer {KEY}"}
    # Its recipe is read again, though nobody here knows the model.
    found = read_sidecar(job.video.path.with_suffix(".json"), gateway.library.folder)
    assert found is not None
    assert found[0].model == "house-fast"


def test_what_it_says_of_progress_takes_the_place_of_the_guess(gateway, service):
    held = Held()
    service.polls = [running(), running(0), running(40), held]
    seen = []
    job, _ = gateway.submit("A fox.")
    job.on_change(lambda changed: seen.append((text.progress(changed.now), text.line(changed))))
    assert held.asked.wait(30)
    shown = text.progress(job.now)
    assert shown == Reported(share=0.4)
    assert text.line(job)[-1] == "40 %"
    # When to look, and what a sweep has left, go by it as well: by half.
    assert job.now.latency.parts[1:] == tuple(
        (weight / 2, middle, slope)
        for weight, middle, slope in learn([], [], catalog.model("house-fast").typical_seconds).parts
    )
    # Neither nothing nor 0 is a figure: who can't tell says it all along.
    assert {type(one) for one, _ in seen if one is not None} == {Estimate, Reported}
    held.give()
    job.wait(30)


@pytest.mark.parametrize("answer", [httpx2.ReadTimeout("slow"), httpx2.Response(502), httpx2.Response(200)])
def test_what_may_have_arrived_is_never_sent_again(gateway, service, answer):
    service.submits = [answer]
    job, _ = gateway.submit("A fox.")
    with pytest.raises(errors.SubmissionUncertain):
        job.wait(30)
    assert (job.status, len(service.posts)) == ("uncertain", 1)


def test_no_price_is_known_and_a_budget_waits_for_one(make_studio, service, tmp_path):
    settings = {
        "provider": "gateway",
        "base_url": BASE,
        "model": "gemini/veo-3.1-generate-preview",
        "budget": 5,
    }
    studio = make_studio(**settings)
    assert studio.preview("A fox.").usd is None
    with pytest.raises(errors.BudgetExceeded) as caught:
        studio.submit("A fox.")
    assert '"gemini/veo-3.1-generate-preview" = USD per second under [prices.gateway]' in caught.value.hint
    assert not service.requests
    (tmp_path / "veo_nb.toml").write_text('[prices.gateway]\n"gemini/veo-3.1-generate-preview" = 0.5\n')
    job, _ = make_studio(**settings).submit("A fox.", duration_seconds=4)
    assert job.estimate == 2.0
    job.wait(30)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"image": "a.png", "last_frame": "a.png"}, "no last one"),
        ({"reference_images": ["a.png"]}, "no reference images"),
        ({"seed": 7}, "no seed"),
        ({"negative_prompt": "fog"}, "negative_prompt is for"),
        ({"sample_count": 2}, "sample_count is for"),
        ({"video": "https://x.example/a.mp4"}, "no clip to go on from"),
        ({"duration_seconds": 99}, "duration_seconds can't be 99"),
        ({"model": ""}, "needs the name of a model"),
        ({"model": "a\nb"}, "can't be the name of a model"),
    ],
)
def test_what_the_shape_cannot_carry_is_refused_before_anything_is_sent(gateway, service, fields, words):
    with pytest.raises(errors.InvalidRequest, match=words):
        gateway.submit("A fox.", **fields)
    assert not service.requests


def test_a_clip_made_there_says_what_to_do_in_place_of_going_on(gateway, service):
    job, _ = gateway.submit("A fox.")
    job.wait(30)
    for ask in (job.extend, job.edit):
        with pytest.raises(errors.InvalidRequest):
            ask("Make it snow.")
    assert len(service.posts) == 1


def test_a_size_that_some_do_not_know_is_sent_with_a_warning(gateway):
    request = gateway.preview("A fox.", resolution="4k").request
    assert text.doubts(request, GATEWAY) == ["A gateway may not know 4k and make 720p"]


def test_without_an_address_or_a_model_nothing_is_entered_and_it_says_what_to_set(make_studio, service):
    studio = make_studio(provider="gateway", model="house-fast")
    with pytest.raises(errors.InvalidRequest, match="Nobody said where the gateway is") as caught:
        studio.submit("A fox.")
    assert "VEO_NB_BASE_URL" in caught.value.hint
    nameless = make_studio(provider="gateway", base_url=BASE)
    with pytest.raises(errors.InvalidRequest, match="needs the name of a model") as caught:
        nameless.submit("A fox.")
    assert "VEO_NB_MODEL" in caught.value.hint
    assert not service.requests
    assert not studio.history()


def test_only_its_own_variable_is_its_key(tmp_path):
    environ = {
        "VEO_NB_PROVIDER": "gateway",
        "VEO_NB_BASE_URL": "http://gateway.lan:4000/v1",
        "OPENAI_API_KEY": "sk-openai-0123456789",
        "LITELLM_API_KEY": "sk-litellm-0123456789",
        "GEMINI_API_KEY": "sk-gemini-0123456789",
    }
    found = resolve_settings({}, {}, environ, tmp_path)
    assert not found.api_key
    with pytest.raises(errors.AuthenticationError, match="VEO_NB_GATEWAY_KEY"):
        found.key_or_raise()
    environ["VEO_NB_GATEWAY_KEY"] = "sk-house-0123456789"
    assert resolve_settings({}, {}, environ, tmp_path).key_or_raise() == Secret("sk-house-0123456789")
    with pytest.raises(errors.InvalidRequest, match="in the clear"):
        resolve_settings({}, {}, environ | {"VEO_NB_BASE_URL": "http://gateway.example.com"}, tmp_path)


@pytest.mark.parametrize("name", ["sora-2", "bedrock/amazon.nova-reel-v1:0", "ollama:film", "House Fast"])
def test_any_name_is_taken_as_it_is_written(name):
    found = catalog.find_model(name, GATEWAY)
    assert found is not None
    assert (found.id, found.alias, catalog.find_served(name, GATEWAY)) == (name, name, (GATEWAY, name))


def test_of_a_name_that_is_known_what_is_known_holds(gateway):
    for name in ("veo-3.1-lite-generate-001", "vertex_ai/veo-3.1-lite-generate-001"):
        found = catalog.model(name)
        assert (found.id, found.title, found.durations) == (name, "Veo 3.1 Lite", (4, 6, 8))
        with pytest.raises(errors.InvalidRequest, match="duration_seconds can't be 5"):
            gateway.preview("A fox.", model=name, duration_seconds=5)


def test_the_form_has_the_model_that_is_set(gateway):
    [model] = [one for one in make_setup(gateway, Place(Path())).fields if one.name == "model"]
    own = [one.value for one in model.choices if one.group == gateway.settings.provider.title]
    assert (own, model.unset) == (["house-fast"], "house-fast")


def test_beside_another_provider_it_is_asked_at_its_own_address_with_its_own_key(make_studio, service):
    # A studio of tests has no environment; a file may say an address, never a key.
    studio = make_studio(provider="gptproto", model="fast")
    with pytest.raises(errors.VeoError) as caught:
        studio.submit("A fox.", model="gateway:house-fast")
    assert "VEO_NB_GATEWAY_BASE_URL" in str(caught.value)
    assert not service.requests


def test_tab_offers_what_it_takes_and_the_names_that_were_used(gateway):
    gateway.submit("A fox.", model="sora-2")[0].wait(30)

    def offered(line: str) -> list[str]:
        known = Known({}, gateway.history, lambda _: [], gateway.settings.provider, gateway.settings.model)
        found = complete(f"%%veo {line}", known)
        return [offer.text for offer in found[1]] if found else []

    assert offered("--model ") == ["house-fast", "sora-2"]
    assert offered("--se") == offered("--la") == offered("--edit") == []
    assert offered("--im") == ["--image"]
    assert offered("-d 1") == [str(one) for one in (1, *range(10, 20))]


async def test_the_doctor_tries_the_key_by_the_list_of_models():
    """Not by a video that there is none of: LiteLLM asks somebody else for that, and passes on what they say to its key."""
    asked = []

    def play(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        good = request.headers["authorization"] == f"Bearer {KEY}"
        page = {"object": "list", "data": [{"id": "sora-2"}, {"id": "gpt-9"}]}
        return (
            httpx2.Response(200, json=page)
            if good
            else httpx2.Response(401, json={"error": {"message": "No."}})
        )

    settings = resolve_settings({"provider": "gateway", "base_url": f"{BASE}/v1"}, {}, {}, Path())
    for key, verdict in ((KEY, "good"), ("sk-wrong-0123456789", "refused")):
        async with AsyncClient(
            GATEWAY, key, settings.base_url, transport=httpx2.MockTransport(play)
        ) as client:
            assert (await try_key(client, settings)).verdict == verdict
            if verdict == "good":
                assert (await list_models(client, settings)).open == ("sora-2",)
    assert set(asked) == {f"{BASE}/v1/models"}


def test_a_cell_asks_it(shell, gateway, service):
    shell.register_magics(magics_of(shell, gateway))
    ran = Ran(shell, "%%veo --model sora-2 -d 4 -a 9:16 --out fox\nA fox.")
    assert ran.error is None
    shell.user_ns["fox"].wait(30)
    refused = Ran(shell, "%%veo --seed 4\nA fox.")
    unregister(shell)
    assert service.posts == [{"model": "sora-2", "prompt": "A fox.", "size": "720x1280", "seconds": "4"}]
    assert "passes on no seed" in str(refused.error)
