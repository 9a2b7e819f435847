"""One studio, several providers: each with its key, its limits and its prices; one library, one budget, one bill."""

from __future__ import annotations

import contextlib
import json

import httpx2
import pytest

from tests.world import KEY, Held
from veo_nb import errors
from veo_nb.notebook.pages.bill import bill_table
from veo_nb.store.ledger import Ledger

GEMINI_KEY, VERTEX_KEY = "gm-test-0123456789", "vx-test-0123456789"
KEYS = {"GEMINI_API_KEY": GEMINI_KEY, "VERTEX_API_KEY": VERTEX_KEY}
HOSTS = {
    "gptproto.com": KEY,
    "generativelanguage.googleapis.com": GEMINI_KEY,
    "aiplatform.googleapis.com": VERTEX_KEY,
}
PROMPT = "A fox crosses a frozen lake."
MODELS = ["fast", "gemini:omni", "vertex:standard"]


@pytest.fixture
def service(service):
    """All three providers, told apart by their hosts and paths."""
    service.on_poll = lambda name: service.inline(name) if "/publishers/" in name else service.finished(name)
    return service


@pytest.fixture
def studio(make_studio):
    """GPTProto is set; keys of the Gemini API and of Vertex AI are in the environment."""
    return make_studio(environ=KEYS)


def posts_to(service, host: str) -> list[httpx2.Request]:
    return [
        one
        for one in service.requests
        if one.method == "POST" and one.url.host == host and ":fetch" not in str(one.url)
    ]


# Naming a model


def test_a_model_is_made_where_its_name_says(studio, service):
    job = studio.generate(PROMPT, model="gemini:omni", duration_seconds=4).wait(30)
    assert (job.provider.name, job.request.model, job.request.provider) == (
        "gemini",
        "gemini-omni-1.2-flash",
        "gemini",
    )
    (post,) = posts_to(service, "generativelanguage.googleapis.com")
    assert post.headers["x-goog-api-key"] == GEMINI_KEY
    assert studio.generate(PROMPT, model="fast", duration_seconds=4).wait(30).provider.name == "gptproto"
    assert job.model == "gemini:omni"
    # Neither key goes to the other's hosts.
    assert {
        (one.url.host, one.headers["x-goog-api-key"]) for one in service.requests if one.method == "POST"
    } == {
        ("gptproto.com", KEY),
        ("generativelanguage.googleapis.com", GEMINI_KEY),
    }


def test_the_same_model_of_two_providers_are_two_requests(studio, service):
    one = studio.generate(PROMPT, model="fast", duration_seconds=4).wait(30)
    other = studio.generate(PROMPT, model="gemini:fast", duration_seconds=4).wait(30)
    assert one.request.canonical() == other.request.canonical()
    assert (len(service.posts), one.id == other.id) == (2, False)
    # And each is known again by either way to say it.
    assert studio.generate(PROMPT, model="gptproto:fast", duration_seconds=4).id == one.id
    assert studio.generate(PROMPT, model="Gemini: fast", duration_seconds=4).id == other.id
    assert len(service.posts) == 2


def test_the_model_of_the_settings_may_be_anothers(make_studio, service):
    studio = make_studio(environ=KEYS, model="vertex:fast")
    assert studio.settings.model == "vertex:veo-3.1-fast-generate-001"
    assert studio.generate(PROMPT).wait(30).provider.name == "vertex"
    assert posts_to(service, "aiplatform.googleapis.com")[0].headers["x-goog-api-key"] == VERTEX_KEY


@pytest.mark.parametrize(
    ("model", "kind", "said"),
    [
        ("vertx:fast", errors.InvalidRequest, r"no provider 'vertx'.* Did you mean vertex\?"),
        (
            "vertex:standrad",
            errors.InvalidRequest,
            r"Vertex AI has no model 'standrad'\. Did you mean standard\?",
        ),
        ("vertex:omni-1.1", errors.InvalidRequest, "Vertex AI has no model 'omni-1.1'"),
        ("vertex:", errors.InvalidRequest, "Vertex AI has no model ''"),
        (":fast", errors.InvalidRequest, "There is no provider ''"),
        # Said, and not done: it is another price.
        ("omni", errors.InvalidRequest, r"no model 'omni'\. .*\"gemini:omni\" or \"vertex:omni\""),
    ],
)
def test_a_wrong_name_is_told_with_the_right_one(studio, service, model, kind, said):
    with pytest.raises(kind, match=said):
        studio.generate(PROMPT, model=model)
    assert service.requests == []


def test_a_provider_is_no_field_and_the_hint_says_where_it_goes(studio):
    with pytest.raises(errors.InvalidRequest, match=r'before the model: model="vertex:standard"'):
        studio.generate(PROMPT, provider="vertex")


def test_without_a_key_it_is_said_where_to_put_one_before_anything_is_sent(make_studio, service):
    studio = make_studio()
    with pytest.raises(
        errors.AuthenticationError, match=r"Gemini API needs a key.*%veo login gemini.*GEMINI_API_KEY"
    ):
        studio.generate(PROMPT, model="gemini:omni")
    with pytest.raises(errors.AuthenticationError, match="Gemini API needs a key"):
        studio.sweep(PROMPT, axes={"model": ["fast", "gemini:omni"]})
    with pytest.raises(errors.InvalidRequest, match=r"no model 'omni'.*with a key in GEMINI_API_KEY"):
        studio.generate(PROMPT, model="omni")
    assert (service.requests, studio.history(), studio.sweeps.all()) == ([], [], [])


def test_a_key_that_comes_later_is_found(make_studio, service):
    environ: dict[str, str] = {}
    environ["HOME"] = "/"
    studio = make_studio(environ=environ)
    assert studio.settings.others() == []
    environ["GEMINI_API_KEY"] = GEMINI_KEY
    assert studio.settings.others() == ["gemini"]
    assert studio.generate(PROMPT, model="gemini:omni").wait(30).status == "succeeded"


# Settings


def test_each_has_its_own_limits_and_address(make_studio, tmp_path):
    (tmp_path / "veo_nb.toml").write_text(
        "max_in_flight = 3\n[providers.vertex]\nmax_in_flight = 4\nlocation = 'global'\n"
        "[providers.gptproto]\nrequests_per_minute = 7\n"
    )
    environ = {
        **KEYS,
        "VEO_NB_BASE_URL": "https://gateway.example",
        "VEO_NB_GEMINI_BASE_URL": "https://proxy.example",
    }
    settings = make_studio(environ=environ).settings
    vertex, gemini = settings.at("vertex"), settings.at("gemini")
    assert (settings.max_in_flight, settings.requests_per_minute, settings.base_url) == (
        3,
        7,
        "https://gateway.example",
    )
    assert (vertex.max_in_flight, vertex.location, vertex.base_url) == (4, "global", "")
    # What is said of nobody in particular is said of the one that is set.
    assert (gemini.max_in_flight, gemini.base_url) == (10, "https://proxy.example")
    assert (gemini.library, gemini.model) == (settings.library, "gemini-omni-1.2-flash")
    assert gemini.sources["base_url"] == "VEO_NB_GEMINI_BASE_URL"
    assert GEMINI_KEY not in repr((settings, gemini))
    # From there the way back leads to the same, with its key.
    assert gemini.at("gptproto") is settings
    assert set(gemini.keyed) == set(vertex.keyed) == {"gptproto", "gemini", "vertex"}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            "[providers.vertx]\nmodel = 'fast'",
            r"\[providers\.vertx\] is no provider's\. Did you mean vertex\?",
        ),
        ("[providers.vertex]\nmax_in_fligt = 2", "has no setting 'max_in_fligt'. Did you mean max_in_flight"),
        ("[providers.vertex]\napi_key = 'x'", "holds a key"),
        ("providers = 3", "providers must be tables"),
        ("[providers]\nvertex = 3", "providers must be tables"),
    ],
)
def test_a_wrong_table_is_named(make_studio, tmp_path, table, said):
    (tmp_path / "veo_nb.toml").write_text(table)
    with pytest.raises(errors.InvalidRequest, match=said):
        make_studio()


def test_what_is_wrong_for_another_provider_is_said_when_it_is_asked(make_studio, service):
    studio = make_studio(environ={**KEYS, "VEO_NB_VERTEX_MAX_IN_FLIGHT": "many"})
    assert studio.settings.others() == ["gemini"]
    with pytest.raises(errors.InvalidRequest, match="max_in_flight can't be 'many'"):
        studio.generate(PROMPT, model="vertex:fast")
    assert studio.generate(PROMPT, model="gemini:omni").wait(30).status == "succeeded"


# Limits


def test_too_many_at_one_slows_no_other_down(make_studio, service):
    studio = make_studio(environ=KEYS, max_in_flight=1)
    held = Held()
    service.submits = [httpx2.Response(429, headers={"Retry-After": "30"}), held]
    slow = studio.generate(PROMPT, model="fast")
    assert held.asked.wait(30)
    # It waits for its answer, and holds the only place at its provider.
    line = [studio.generate(f"{PROMPT} {number}", model="fast") for number in range(2)]
    quick = studio.generate(PROMPT, model="gemini:omni").wait(30)
    assert (quick.status, slow.status, line[0].status) == ("succeeded", "submitting", "queued")
    assert studio.jobs.waiting() == [job.id for job in line]
    ledger = studio.jobs.workspace.ledger()
    assert ledger.limits("gptproto").share < 1.0
    assert ledger.limits("gemini") is None
    held.give()
    assert [job.wait(30).status for job in (slow, *line)] == ["succeeded"] * 3


def test_what_waits_for_several_is_one_line_and_each_moves_in_its_own(make_studio, service):
    studio = make_studio(environ={**KEYS, "VEO_NB_GEMINI_MAX_IN_FLIGHT": "1"}, max_in_flight=1)
    held = [Held(), Held()]
    service.submits = [*held]
    studio.generate("First.", model="fast")
    studio.generate("First.", model="gemini:omni")
    assert all(one.asked.wait(30) for one in held)
    here = [studio.generate(f"{n}", model="fast").id for n in range(2)]
    there = [studio.generate(f"{n}", model="gemini:omni").id for n in range(3)]
    assert studio.jobs.waiting() == [here[0], there[0], here[1], there[1], there[2]]
    studio.jobs.move(there[2], here[1])
    assert [one for one in studio.jobs.waiting() if one in there] == [there[0], there[2], there[1]]
    studio.jobs.hold({here[0], there[0]}, back=True)
    assert [studio.job(one).held for one in (here[0], there[0], here[1])] == [True, True, False]
    studio.jobs.hold({here[0], there[0]}, back=False)
    for one in held:
        one.give()
    assert [studio.job(one).wait(30).status for one in (*here, *there)] == ["succeeded"] * 5


# A sweep


def test_a_sweep_over_three_providers_of_which_one_refuses(studio, service):
    def refuse_vertex(request):
        if "aiplatform" in request.url.host:
            message = {
                "error": {"code": 404, "message": "Publisher model was not found.", "status": "NOT_FOUND"}
            }
            return httpx2.Response(404, json=message)
        return None

    service.submits = [refuse_vertex] * 3
    sweep = studio.sweep(PROMPT, axes={"model": MODELS}, duration_seconds=4)
    sweep.wait(30)
    assert [cell.labels["model"] for cell in sweep.cells] == MODELS
    assert [cell.state for cell in sweep.cells] == ["succeeded", "succeeded", "failed"]
    assert [job.provider.name for job in sweep.jobs] == ["gptproto", "gemini", "vertex"]
    # The names are those that one types here, where GPTProto is set.
    assert "Use model='vertex:omni' or 'standard' or 'gemini:omni'" in sweep.jobs[2].error.hint
    for host, key in HOSTS.items():
        (post,) = posts_to(service, host)
        assert post.headers["x-goog-api-key"] == key
    bodies = {
        post["parameters"]["durationSeconds"] if "parameters" in post else post["response_format"]["duration"]
        for post in service.posts
    }
    assert bodies == {"4", "4s", 4}
    studio.close()


def test_the_sweep_is_the_same_one_in_the_next_kernel(make_studio, service):
    first = make_studio(environ=KEYS)
    sweep = first.sweep(PROMPT, axes={"model": MODELS}, duration_seconds=4).wait(30)
    first.close()
    again = make_studio(environ=KEYS)
    (found,) = again.sweeps.all()
    assert [cell.request.provider for cell in found.cells if cell.request] == ["gptproto", "gemini", "vertex"]
    assert [job.id for job in found.jobs] == [job.id for job in sweep.jobs]
    assert again.sweep(PROMPT, axes={"model": MODELS}, duration_seconds=4).id == sweep.id
    assert len(service.posts) == 3


def test_what_a_model_cannot_do_is_an_empty_cell_that_says_what_it_takes(studio, service):
    sweep = studio.sweep(PROMPT, axes={"model": MODELS, "duration_seconds": [4, 5]}).wait(30)
    empty = [cell for cell in sweep.cells if cell.state == "forbidden"]
    assert [(cell.labels["model"], cell.labels["duration_seconds"]) for cell in empty] == [
        ("fast", "5"),
        ("vertex:standard", "5"),
    ]
    assert empty[0].why == "duration_seconds can't be 5. Veo 3.1 Fast takes 4, 6 or 8."
    assert len(service.posts) == 4
    assert "2 can't be made" in str(sweep.summary())
    table = sweep.to_dataframe()
    assert list(table["provider"].fillna("")) == ["gptproto", "", "gemini", "gemini", "vertex", ""]
    assert table["reason"][1] == empty[0].why


def test_a_model_that_takes_nothing_of_it_is_empty_beside_those_that_do(studio, service):
    preview = studio.sweeps.preview(PROMPT, axes={"model": MODELS}, duration_seconds=5)
    assert [cell.request is not None for cell in preview.plan.cells] == [False, True, False]
    sweep = studio.sweep(PROMPT, axes={"model": MODELS}, duration_seconds=5).wait(30)
    assert [cell.state for cell in sweep.cells] == ["forbidden", "succeeded", "forbidden"]
    assert len(service.posts) == 1
    # A name that is wrong is a mistake all the same, and so is what none can do.
    with pytest.raises(errors.InvalidRequest, match="Nothing can be made with model vertex:fsat"):
        studio.sweep(PROMPT, axes={"model": ["fast", "vertex:fsat"]})
    with pytest.raises(errors.InvalidRequest, match="duration_seconds can't be 5"):
        studio.sweep(PROMPT, axes={"model": ["fast", "vertex:standard"]}, duration_seconds=5)
    assert len(service.posts) == 1


def test_what_means_the_same_is_said_to_each_in_its_way(studio, service):
    axes = {"model": MODELS}
    sweep = studio.sweep(PROMPT, axes=axes, generate_audio=True, sample_count=1, negative_prompt="rain").wait(
        30
    )
    assert [cell.state for cell in sweep.cells] == ["succeeded"] * 3
    veo, omni, vertex = (cell.request for cell in sweep.cells)
    assert (veo.negative_prompt, veo.generate_audio, veo.sample_count) == ("rain", None, 1)
    assert (omni.prompt, omni.negative_prompt, omni.sample_count) == (f"{PROMPT}\n\nAvoid: rain", None, None)
    assert (vertex.generate_audio, vertex.negative_prompt) == (True, "rain")
    # Whichever comes first, it is the same sweep.
    axes["model"] = [*reversed(MODELS)]
    assert (
        studio.sweep(PROMPT, axes=axes, generate_audio=True, sample_count=1, negative_prompt="rain").id
        == sweep.id
    )
    # Silence is not what the others make.
    silent = studio.sweep(PROMPT, axes={"model": MODELS}, generate_audio=False).wait(30)
    assert [cell.state for cell in silent.cells] == ["forbidden", "forbidden", "succeeded"]


def test_a_sweep_at_another_provider_is_kept_under_its_name(studio, service):
    here = studio.sweep(PROMPT, axes={"seed": [1, 2]}, model="fast")
    there = studio.sweep(PROMPT, axes={"seed": [1, 2]}, model="gemini:fast")
    assert (here.provider.name, there.provider.name, here.id == there.id) == ("gptproto", "gemini", False)
    assert {job.provider.name for job in there.wait(30).jobs} == {"gemini"}


# After a restart


def test_jobs_of_two_providers_are_taken_on_by_the_next_kernel(make_studio, service):
    first = make_studio(environ=KEYS)
    held = [Held() for _ in MODELS]
    service.polls = [*held]
    asked = [first.generate(PROMPT, model=model, duration_seconds=4) for model in MODELS]
    assert all(one.asked.wait(30) for one in held)
    first.close()
    # Without a key of Vertex AI its job stays, and says what it waits for.
    second = make_studio(environ={"GEMINI_API_KEY": GEMINI_KEY})
    resumed = second.resume()
    assert [job.id for job in resumed] == [asked[0].id, asked[1].id]
    assert [(one.job_id, one.whom, one.name) for one in second.jobs.awaited()] == [
        (asked[2].id, "key", "vertex")
    ]
    assert [job.wait(30).status for job in resumed] == ["succeeded"] * 2
    second.close()
    third = make_studio(environ=KEYS)
    assert [job.id for job in third.resume()] == [asked[2].id]
    assert third.job(asked[2].id).wait(30).status == "succeeded"
    assert len(service.posts) == 3


def test_a_job_is_made_again_where_it_was_made(studio, make_studio, service):
    job = studio.generate(PROMPT, model="vertex:fast").wait(30)
    again = studio.jobs.rerun(job.id).wait(30)
    assert (again.provider.name, again.request) == ("vertex", job.request)
    studio.close()
    other = make_studio()
    with pytest.raises(errors.AuthenticationError, match="Vertex AI needs a project or a key"):
        other.jobs.rerun(job.id)
    assert len(service.posts) == 2


def test_a_clip_goes_on_where_it_was_made(studio, service):
    clip = studio.generate(PROMPT, model="gemini:omni", duration_seconds=4).wait(30).video
    longer = clip.extend("It looks back.").wait(30)
    changed = clip.edit("Make it snow").wait(30)
    assert [job.provider.name for job in (longer, changed)] == ["gemini"] * 2
    assert all(post["previous_interaction_id"] == "v1_op1" for post in service.posts[1:])


# Money


def test_one_budget_holds_for_all_and_the_bill_says_whose_it_is(make_studio, service):
    studio = make_studio(environ=KEYS, budget=1.0)
    studio.generate(PROMPT, model="fast", duration_seconds=4).wait(30)
    studio.generate(PROMPT, model="gemini:omni", duration_seconds=4).wait(30)
    bill = studio.cost()
    # 4 s at $0.15 and at $0.0695.
    assert {name: round(usd, 3) for name, usd in bill.by_provider.items()} == {
        "gptproto": 0.6,
        "gemini": 0.278,
    }
    assert bill.spent == pytest.approx(0.878)
    assert repr(bill) == "<Bill: about $0.88 of $1.00; gptproto $0.60, gemini $0.28>"
    assert "By provider: GPTProto $0.60, Gemini API $0.28." in bill_table(bill).data
    with pytest.raises(errors.BudgetExceeded, match=r"about \$0\.12 of the library's budget"):
        studio.generate("An owl.", model="gemini:omni", duration_seconds=4)
    with pytest.raises(errors.BudgetExceeded):
        studio.sweep("An owl.", axes={"model": ["gemini:omni", "vertex:fast"]}, duration_seconds=4)
    assert len(service.posts) == 2


def test_of_an_unknown_price_at_one_the_budget_says_whose(make_studio, tmp_path, service):
    (tmp_path / "veo_nb.toml").write_text("")
    environ = {**KEYS, "GPTPROTO_API_KEY": KEY}
    studio = make_studio(environ=environ, budget=5, provider="gemini", api_key=GEMINI_KEY)
    with pytest.raises(errors.BudgetExceeded, match="GPTProto publishes no price"):
        studio.sweep(PROMPT, axes={"model": ["omni", "gptproto:fast"]}, duration_seconds=4)
    assert service.requests == []


def test_what_a_sweep_comes_to_is_told_for_all(studio):
    preview = studio.sweeps.preview(PROMPT, axes={"model": MODELS}, duration_seconds=4)
    assert [one.name for one in preview.providers] == ["gptproto", "gemini", "vertex"]
    assert preview.forecast.usd == pytest.approx(4 * (0.15 + 0.0695 + 0.40))
    assert preview.forecast.requests == 3


# On disk


def test_a_library_stays_readable_by_what_it_was(studio):
    """The provider is a column of the job; the request's own form has no word of it, as before."""
    job = studio.generate(PROMPT, model="vertex:fast", duration_seconds=4).wait(30)
    with contextlib.closing(Ledger(studio.library.files.ledger_path)) as ledger:
        row = ledger.job(job.id)
    assert row is not None
    assert (row.provider, row.fingerprint) == ("vertex", job.request.fingerprint())
    assert "provider" not in row.request
    recipe = json.loads(job.video.path.with_suffix(".json").read_text("utf-8"))
    assert (recipe["provider"], "provider" in recipe["request"]) == ("vertex", False)
