"""The routes of this form: a submit, a list, and of one video its state, its file and its end."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from veo_nb.sandbox import wire
from veo_nb.sandbox.recipe import write_recipe
from veo_nb.sandbox.service import Sandbox, send_video, start
from veo_nb.sandbox.store import Operation
from veo_nb.sandbox.videos.answer import video
from veo_nb.sandbox.videos.body import read_wanted
from veo_nb.sandbox.videos.refusal import Problem, translated

HOME = "/v1/videos"
PREFIX = "video_"
MOST_LISTED = 100
Handler = Callable[[Request], Awaitable[Response]]


def routes() -> list[Route]:
    """All of them."""
    one = f"{HOME}/{{video}}"
    return [
        Route(HOME, _worded(submit), methods=["POST"]),
        Route(HOME, _worded(find_all), methods=["GET"]),
        Route(one, _worded(poll), methods=["GET"]),
        Route(one, _worded(delete), methods=["DELETE"]),
        Route(f"{one}/content", _worded(download), methods=["GET"]),
    ]


def _worded(handler: Handler) -> Handler:
    """The handler, whose refusals are in this form's words."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except wire.Refused as refused:
            raise translated(refused) from refused

    return handle


async def submit(request: Request) -> Response:
    """Take an order and show the video that will come of it."""
    sandbox: Sandbox = request.app.state.sandbox
    operation = secrets.token_hex(8)
    with sandbox.quota.place(operation, sandbox.clock(), sandbox.is_done):
        wanted = await read_wanted(request)
        recipe = await run_in_threadpool(write_recipe, wanted.order, operation, sandbox.store.folder, None)
        facts = {
            "created": sandbox.clock(),
            "model": wanted.model,
            "prompt": wanted.order.prompt,
            "seconds": wanted.seconds,
            "size": wanted.size,
        }
        start(sandbox, wanted.order, recipe, operation, name=f"{PREFIX}{operation}", facts=facts)
    return JSONResponse(_shown(sandbox, _found(sandbox, f"{PREFIX}{operation}")))


async def find_all(request: Request) -> Response:
    """Show the videos that there are, the newest first."""
    sandbox: Sandbox = request.app.state.sandbox
    asked = request.query_params
    try:
        limit = int(asked.get("limit", "20"))
    except ValueError:
        limit = 0
    if not 0 < limit <= MOST_LISTED:
        raise Problem(400, "invalid_value", f"'limit' takes 1 to {MOST_LISTED}.", "limit")
    if (order := asked.get("order", "desc")) not in ("asc", "desc"):
        raise Problem(400, "invalid_value", "'order' takes asc or desc.", "order")
    found = sandbox.store.find_named(PREFIX)
    if order == "desc":
        found.reverse()
    if after := asked.get("after"):
        at = next((at for at, one in enumerate(found) if one.name == after), None)
        if at is None:
            raise Problem(404, "not_found", f"There is no video {wire.shown(after)}.", "after")
        found = found[at + 1 :]
    page = [_shown(sandbox, one) for one in found[:limit]]
    return JSONResponse(
        {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": len(found) > limit,
        }
    )


async def poll(request: Request) -> Response:
    """Tell how one stands."""
    return JSONResponse(_shown(request.app.state.sandbox, _asked(request)))


async def download(request: Request) -> Response:
    """Send its file, or the part of it that is asked for."""
    sandbox: Sandbox = request.app.state.sandbox
    found = _asked(request)
    if request.query_params.get("variant", "video") != "video":
        raise Problem(400, "invalid_value", "The sandbox has the variant 'video' only.", "variant")
    if not sandbox.is_done(found.id) or not found.files:
        raise Problem(404, "not_found", f"Video {found.name} has no content: it is not completed.")
    return send_video(request, found.files[0])


async def delete(request: Request) -> Response:
    """Forget one that has ended, and its file."""
    sandbox: Sandbox = request.app.state.sandbox
    found = _asked(request)
    if not sandbox.is_done(found.id):
        raise Problem(409, "video_in_progress", f"Video {found.name} has not ended.")
    sandbox.store.delete(found.id)
    return JSONResponse({"id": found.name, "object": "video.deleted", "deleted": True})


def _asked(request: Request) -> Operation:
    return _found(request.app.state.sandbox, request.path_params["video"])


def _found(sandbox: Sandbox, name: str) -> Operation:
    found = sandbox.store.find(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
    if found is None or found.name != name:
        raise Problem(404, "not_found", f"Video with id {wire.shown(name)} was not found.")
    return found


def _shown(sandbox: Sandbox, found: Operation) -> dict[str, object]:
    done = sandbox.is_done(found.id)
    return video(found, done=done, now=sandbox.clock(), retention=sandbox.retention)
