"""The server's routes: submit, poll and download in Veo's two dialects, and those of the other forms."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from veo_nb.sandbox import vertex, wire
from veo_nb.sandbox.gate import Gate, is_googles
from veo_nb.sandbox.interactions.routes import routes as interactions
from veo_nb.sandbox.mishap import Mishaps
from veo_nb.sandbox.recipe import write_recipe
from veo_nb.sandbox.service import Sandbox, read_body, send_video, start
from veo_nb.sandbox.store import Operation
from veo_nb.sandbox.videos.routes import routes as videos

SHORT = "publishers/google/models/{model}"
FULL = "projects/{project}/locations/{location}/publishers/google/models/{model}"


async def submit(request: Request) -> Response:
    """Take an order in the first dialect."""
    model = request.path_params["model"]
    return await _submit(
        request,
        lambda raw: wire.read_order(wire.find_model(model), raw),
        lambda operation: wire.operation_name(model, operation),
    )


async def submit_vertex(request: Request) -> Response:
    """Take an order in the second dialect."""
    model, project, location = _resource(request)
    return await _submit(
        request,
        lambda raw: vertex.read_order(vertex.find_model(model, project, location), raw),
        lambda operation: vertex.operation_name(model, project, location, operation),
    )


async def _submit(
    request: Request, read: Callable[[bytes], wire.Order], name: Callable[[str], str]
) -> Response:
    """Take an order and answer with the operation's name."""
    sandbox: Sandbox = request.app.state.sandbox
    raw = await read_body(request)
    operation = secrets.token_hex(8)
    with sandbox.quota.place(operation, sandbox.clock(), sandbox.is_done):
        order = await run_in_threadpool(read, raw)
        if order.source.object:
            file = sandbox.named(order.source.object) or "none"
            order = replace(order, source=replace(order.source, file=file))
        source = sandbox.kept(order.source.file) if order.source.file else None
        recipe = await run_in_threadpool(write_recipe, order, operation, sandbox.store.folder, source)
        start(sandbox, order, recipe, operation, name=name(operation))
    return JSONResponse({"name": name(operation)})


async def poll(request: Request) -> Response:
    """Tell how an operation of the first dialect stands."""
    sandbox: Sandbox = request.app.state.sandbox
    # Older names have the model in front of the ID: operations/veo-3.1-generate-preview-xxxxx.
    model, _, operation = request.path_params["operation"].rpartition("-")
    found = sandbox.store.find(operation)
    wanted = {request.path_params.get("model"), model or None} - {None}
    if found is None or wanted - {found.model} or found.name != wire.operation_name(found.model, found.id):
        raise wire.Refused(404, "NOT_FOUND", "There is no such operation.")
    if not sandbox.is_done(operation):
        return JSONResponse({"name": found.name})
    if found.code:
        return JSONResponse(wire.failed(found.name, found.code, found.message))
    base = f"http://{request.headers['host']}/upload/v1beta/files"
    uris = [f"{base}/{item}:download?alt=media" for item in found.files]
    return JSONResponse(wire.finished(found.name, uris, [*found.reasons]))


async def poll_vertex(request: Request) -> Response:
    """Tell how an operation of the second dialect stands."""
    sandbox: Sandbox = request.app.state.sandbox
    raw = await read_body(request)
    model, project, location = _resource(request)
    where = vertex.resource(model, project, location) if "project" in request.path_params else ""
    name, operation = vertex.read_question(raw, model, where)
    found = sandbox.store.find(operation)
    if found is None or found.name != name:
        raise wire.Refused(404, "NOT_FOUND", f"Operation {wire.shown(name)} was not found.")
    if not sandbox.is_done(operation):
        return JSONResponse({"name": name})
    if found.code:
        return JSONResponse(wire.failed(name, found.code, found.message))
    videos = await run_in_threadpool(_videos, sandbox, found)
    return JSONResponse(vertex.finished(name, videos, [*found.reasons]))


def _videos(sandbox: Sandbox, operation: Operation) -> list[dict[str, str]]:
    """The videos of an operation: where they are in the cloud, or their bytes."""
    if operation.storage:
        return [
            {"gcsUri": vertex.object_address(operation, sample)} for sample in range(len(operation.files))
        ]
    try:
        return [
            {"bytesBase64Encoded": base64.b64encode(sandbox.store.file(name).read_bytes()).decode()}
            for name in operation.files
        ]
    except FileNotFoundError:
        raise wire.Refused(404, "NOT_FOUND", "The videos of this operation have expired.") from None


async def download(request: Request) -> Response:
    """Send a video, or the part of it that is asked for."""
    return send_video(request, request.path_params["file"])


async def download_object(request: Request) -> Response:
    """Send a video from the cloud, as the storage service's JSON API does; without `alt=media` what it says of it."""
    sandbox: Sandbox = request.app.state.sandbox
    bucket, name = request.path_params["bucket"], request.path_params["object"]
    file = sandbox.named(f"gs://{bucket}/{name}")
    if request.query_params.get("alt") == "media":
        return send_video(request, file)
    found = sandbox.kept(file)
    if found is None:
        raise wire.Refused(404, "NOT_FOUND", f"No such object: {bucket}/{name}")
    base = f"http://{request.headers['host']}"
    return JSONResponse(vertex.object_facts(bucket, name, found[2].stat().st_size, base))


async def list_models(request: Request) -> Response:
    """The models, in a list as Google's; as OpenAI's for who shows the key as one shows it there."""
    if request.url.path == "/v1/models" and "authorization" in request.headers:
        return JSONResponse(wire.model_data())
    asked = request.query_params
    return JSONResponse(wire.model_page(asked.get("pageSize", ""), asked.get("pageToken", "")))


async def publisher_model(request: Request) -> Response:
    """The page of a model in Vertex AI's Model Garden."""
    model = request.path_params["model"]
    if ":" in model:
        raise HTTPException(405)
    return JSONResponse(vertex.publisher_model(model))


def _resource(request: Request) -> tuple[str, str, str]:
    """Model, project and location of a path of the second dialect; the short one names only the model."""
    path = request.path_params
    return path["model"], path.get("project", vertex.PROJECT), path.get("location", vertex.LOCATION)


async def _refused(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, wire.Refused)
    body = problem.body if is_googles(request.url.path) else problem.provider
    return JSONResponse(body, problem.code, {"retry-after": str(problem.wait)} if problem.wait else None)


async def _no_route(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    code = HTTPStatus(problem.status_code)
    status = {404: "NOT_FOUND", 405: "UNIMPLEMENTED"}.get(code, code.name)
    return JSONResponse(wire.error(code, status, f"{problem.detail}."), code, headers=problem.headers)


async def _forget(sandbox: Sandbox) -> None:
    """Keep videos as long as the provider does, and no longer."""
    while True:
        now = sandbox.clock()
        sandbox.store.forget(now - sandbox.retention, now)
        await asyncio.sleep(min(3600.0, max(1.0, sandbox.retention)))


def application(sandbox: Sandbox) -> ASGIApp:
    """The server as an ASGI application."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sandbox.pool.start()
        sweeper = asyncio.create_task(_forget(sandbox))
        try:
            yield
        finally:
            sweeper.cancel()
            await sandbox.pool.stop()

    files, objects = "/v1beta/files/{file}:download", "/storage/v1/b/{bucket}/o/{object:path}"
    routes = [
        Route("/v1beta/models/{model}:predictLongRunning", submit, methods=["POST"]),
        Route("/v1beta/models/{model}/operations/{operation}", poll),
        Route("/v1beta/operations/{operation}", poll),
        *(Route(path, list_models) for path in ("/v1/models", "/v1beta/models")),
        *(Route(path, download) for path in (files, f"/upload{files}")),
        *(Route(path, download_object) for path in (objects, f"/download{objects}")),
    ]
    routes += [*interactions(), *videos()]
    for version in ("v1", "v1beta1"):
        routes.append(Route(f"/{version}/{SHORT}", publisher_model))
        for where in (SHORT, FULL):
            path = f"/{version}/{where}"
            routes.append(Route(f"{path}:predictLongRunning", submit_vertex, methods=["POST"]))
            routes.append(Route(f"{path}:fetchPredictOperation", poll_vertex, methods=["POST"]))
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={wire.Refused: _refused, HTTPException: _no_route},
    )
    app.state.sandbox = sandbox
    return Gate(Mishaps(app, sandbox.faults), sandbox.key, sandbox.log, sandbox.clock)
