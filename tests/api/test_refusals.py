"""What a refusal means for the call that met it: a model that is gone names what came after it."""

from __future__ import annotations

import pytest

from tests.api.service import KEY, Loopback, answer, refusal
from tests.api.test_wire import cases
from veo_nb import catalog, errors
from veo_nb.api import refusals
from veo_nb.api.client import AsyncClient, is_passing
from veo_nb.request import make_request


@cases("retired")
async def test_a_model_that_is_gone_names_its_successor(case):
    async with (
        Loopback(answer(case["status"], case["body"].encode())) as server,
        AsyncClient(case["provider"], KEY, server.url) as client,
    ):
        request = make_request(client.provider, prompt="A fox", model="standard")
        if case["call"] == "submit":
            values = {**vars(request), "model": case["model"]}
            error = await refusal(client.submit(type(request)(**values)))
        else:
            error = await refusal(client.poll(case["model"], "operations/abc"))
    assert (error.code, str(error)) == (case["error"], case["line"])
    assert not is_passing(error)
    assert len(server.calls) == 1


@pytest.mark.parametrize("model", catalog.PROVIDERS["gemini"].models)
def test_every_preview_names_a_successor_that_someone_serves(model):
    gone = refusals.of_submit(errors.NotFound("Gone."), model, catalog.PROVIDERS["gemini"])
    successor = gone.facts["successor"]
    assert f'veo.configure(provider="vertex", model="{successor}")' in gone.hint
    assert successor in catalog.PROVIDERS["vertex"].models


def test_a_successor_at_the_same_provider_is_named_alone(monkeypatch):
    old = catalog.Model(id="veo-2", title="Veo 2", alias="old", successor="veo-3.1-generate-001")
    monkeypatch.setitem(catalog.MODELS, "veo-2", old)
    gone = refusals.of_submit(errors.NotFound("Gone."), "veo-2", catalog.PROVIDERS["vertex"])
    assert gone.hint == "Use model='veo-3.1-generate-001'."
