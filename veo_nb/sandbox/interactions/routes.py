"""The routes of this dialect, on the Developer API's paths and on Vertex AI's."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from veo_nb.sandbox import vertex, wire
from veo_nb.sandbox.interactions import uploads
from veo_nb.sandbox.interactions.answer import CANCELLED, LATE, interaction
from veo_nb.sandbox.interactions.body import ID, Problem, Wanted, translated
from veo_nb.sandbox.interactions.body import read_body as read_wanted
from veo_nb.sandbox.recipe import Made, write_recipe
from veo_nb.sandbox.service import Sandbox, read_body, send_video, start
from veo_nb.sandbox.store import Operation

TICK = 0.1
"""Seconds between two looks while a submit in the foreground is held."""
REMEMBERED = 55 * 24 * 3600.0
"""Seconds for which another can go on from one; its file can be fetched for a shorter time."""
Handler = Callable[[Request], Awaitable[Response]]


def routes() -> list[Route]:
    """All of them."""
    found = []
    for home in (
        "/v1",
        "/v1beta",
        "/v1beta1",
        "/v1beta1/projects/{project}/locations/{location}",
        "/v1/projects/{project}/locations/{location}",
    ):
        here = f"{home}/interactions"
        found += [
            Route(here, _worded(submit), methods=["POST"]),
            Route(f"{here}/{{interaction}}", _worded(poll), methods=["GET"]),
            Route(f"{here}/{{interaction}}", _worded(delete), methods=["DELETE"]),
            Route(f"{here}/{{interaction}}/cancel", _worded(cancel), methods=["POST"]),
        ]
    found += [
        Route("/upload/{version}/files", _worded(_upload), methods=["POST"]),
        Route("/v1/files/{file}:download", _worded(_download), methods=["GET"]),
    ]
    for version in ("v1", "v1beta"):
        file = f"/{version}/files/{{file}}"
        found += [
            Route(file, _worded(uploads.look), methods=["GET"]),
            Route(file, _worded(uploads.delete), methods=["DELETE"]),
        ]
    return found


def _worded(handler: Handler) -> Handler:
    """The handler, whose refusals are in this dialect's words."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except wire.Refused as refused:
            raise translated(refused) from refused

    return handle


async def _upload(request: Request) -> Response:
    named = "upload_id" in request.query_params
    return await (uploads.receive if named else uploads.begin)(request)


async def _download(request: Request) -> Response:
    return send_video(request, request.path_params["file"])


async def submit(request: Request) -> Response:
    """Take an order; in the foreground it is answered when it has ended."""
    sandbox: Sandbox = request.app.state.sandbox
    raw = await read_body(request)
    operation = secrets.token_hex(8)
    cloud = _is_cloud(request)
    with sandbox.quota.place(operation, sandbox.clock(), sandbox.is_done):
        # Here and not in a thread: it may ask the store for a clip of ours.
        wanted = read_wanted(raw, lambda address: uploads.read_upload(sandbox, address), cloud=cloud)
        source = _source(sandbox, wanted.previous) if wanted.previous else None
        order = wanted.order
        if source is not None:
            order = replace(order, source=wire.Source(file=source[0].files[0]))
        recipe = await run_in_threadpool(write_recipe, order, operation, sandbox.store.folder, source)
        facts = _facts(sandbox, wanted)
        until = facts["created"] + REMEMBERED if wanted.store else 0.0
        start(
            sandbox,
            order,
            recipe,
            operation,
            name=f"v1_{operation}",
            facts=facts,
            ends=any(word in order.prompt for word in LATE),
            until=until,
        )
    if not wanted.background:
        while not sandbox.is_done(operation):  # noqa: ASYNC110  the renderer tells no event
            await asyncio.sleep(TICK)
    return JSONResponse(await _shown(request, _found(sandbox, operation)))


def _facts(sandbox: Sandbox, wanted: Wanted) -> dict[str, Any]:
    return {
        "created": sandbox.clock(),
        "prompt": wanted.order.prompt,
        "previous": wanted.previous,
        "store": wanted.store,
        "delivery": wanted.delivery,
        "resolution": wanted.order.resolution,
        "input": wanted.input,
    }


def _source(sandbox: Sandbox, previous: str) -> Made:
    """The clip of an interaction before this one; it is remembered for longer than its file can be fetched."""
    maker = _found(sandbox, previous)
    files = maker.files
    if not sandbox.is_done(previous) or not maker.facts.get("store") or not files:
        raise Problem(400, "failed_precondition", f"Interaction v1_{previous} has no video to go on from.")
    path = sandbox.store.file(files[0])
    if not path.is_file():
        raise Problem(400, "failed_precondition", f"The video of interaction v1_{previous} is gone.")
    return maker, 0, path


def _found(sandbox: Sandbox, operation: str) -> Operation:
    found = sandbox.store.find(operation)
    if found is None or not found.facts:
        raise Problem(404, "not_found", f"Interaction v1_{operation} is not found.")
    return found


def _asked(request: Request) -> Operation:
    name = ID.fullmatch(request.path_params["interaction"])
    if name is None:
        raise Problem(400, "invalid_request", "Invalid interaction name.")
    found = _found(request.app.state.sandbox, name[1])
    if not found.facts["store"]:
        raise Problem(404, "not_found", f"Interaction v1_{found.id} was not stored.")
    return found


async def poll(request: Request) -> Response:
    """Tell how one stands."""
    return JSONResponse(await _shown(request, _asked(request)))


async def cancel(request: Request) -> Response:
    """Stop one that is not done; of one that is, nothing changes."""
    sandbox: Sandbox = request.app.state.sandbox
    found = _asked(request)
    if not sandbox.is_done(found.id):
        sandbox.store.cancel(found.id, CANCELLED, sandbox.clock())
    return JSONResponse(await _shown(request, _found(sandbox, found.id)))


async def delete(request: Request) -> Response:
    """Forget one, and its video."""
    sandbox: Sandbox = request.app.state.sandbox
    sandbox.store.delete(_asked(request).id)
    return JSONResponse({})


async def _shown(request: Request, operation: Operation) -> dict[str, Any]:
    sandbox: Sandbox = request.app.state.sandbox
    done = sandbox.is_done(operation.id)
    outcome = await run_in_threadpool(_outcome, request, operation) if done and not operation.code else None
    with_input = request.query_params.get("include_input") == "true"
    return interaction(operation, done=done, outcome=outcome, with_input=with_input)


def _outcome(request: Request, operation: Operation) -> dict[str, str] | None:
    """Where its video is, or its bytes."""
    sandbox: Sandbox = request.app.state.sandbox
    files = operation.files
    if not files:
        return None
    if operation.storage:
        return {"uri": vertex.object_address(operation, 0)}
    if operation.facts["delivery"] == "uri":
        return {"uri": f"http://{request.headers['host']}/v1beta/files/{files[0]}:download?alt=media"}
    try:
        return {"data": base64.b64encode(sandbox.store.file(files[0]).read_bytes()).decode()}
    except FileNotFoundError:
        raise Problem(404, "not_found", "The video of this interaction has expired.") from None


def _is_cloud(request: Request) -> bool:
    return request.url.path.startswith("/v1beta1/") or "project" in request.path_params
