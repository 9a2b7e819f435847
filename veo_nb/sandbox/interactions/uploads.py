"""Files that are sent beforehand, in Google's resumable way, and named by address in a submit."""

from __future__ import annotations

import contextlib
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from veo_nb.sandbox.interactions.body import Problem, wrong
from veo_nb.sandbox.service import Sandbox, read_body

LARGEST = 2 * 2**30
"""Bytes of the largest file."""
KEPT = 48 * 3600.0
"""Seconds for which one is kept."""
ACTIVE = "ACTIVE"
BROKEN = "The sandbox was asked to find this file unusable."
NAME = re.compile(r"/files/([a-z0-9]+)(?::download)?/?$", re.ASCII)


class Described(Struct, frozen=True):
    """What is said of a file before it comes."""

    display_name: str = ""
    mime_type: str = ""
    size_bytes: int | str = 0


class Start(Struct):
    """The body that begins an upload."""

    file: Described = Described()


async def begin(request: Request) -> Response:
    """Take the description of a file; its bytes go to the address in the answer, without a key."""
    sandbox: Sandbox = request.app.state.sandbox
    headers = request.headers
    if (
        headers.get("x-goog-upload-protocol") != "resumable"
        or headers.get("x-goog-upload-command") != "start"
    ):
        raise wrong(
            "An upload begins with X-Goog-Upload-Protocol: resumable and X-Goog-Upload-Command: start."
        )
    raw = await read_body(request)
    try:
        start = msgspec.json.decode(raw or b"{}", type=Start)
        size = int(headers.get("x-goog-upload-header-content-length") or start.file.size_bytes)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as problem:
        raise wrong(f"The description of the file can't be read: {problem}.") from problem
    if not 0 < size <= LARGEST:
        raise wrong(f"A file has 1 to {LARGEST} bytes, not {size}.", "out_of_range")
    name = secrets.token_hex(6)
    kind = headers.get("x-goog-upload-header-content-type") or start.file.mime_type
    _write(sandbox, name, {"kind": kind, "size": size, "title": start.file.display_name})
    _part(sandbox, name).write_bytes(b"")
    version = request.path_params["version"]
    address = f"http://{headers['host']}/upload/{version}/files?upload_id={name}&upload_protocol=resumable"
    return Response(headers={"x-goog-upload-url": address, "x-goog-upload-status": "active"})


async def receive(request: Request) -> Response:
    """Take bytes of a file that was described; with the last of them it is there."""
    sandbox: Sandbox = request.app.state.sandbox
    name = request.query_params.get("upload_id", "")
    facts, part = _read(sandbox, name), _part(sandbox, name)
    if facts is None or not part.exists():
        raise Problem(404, "not_found", "There is no such upload.")
    have = part.stat().st_size
    commands = {one.strip() for one in request.headers.get("x-goog-upload-command", "").split(",")}
    if commands == {"query"}:
        return Response(headers={"x-goog-upload-status": "active", "x-goog-upload-size-received": str(have)})
    if request.headers.get("x-goog-upload-offset", "0") != str(have):
        raise wrong(f"X-Goog-Upload-Offset must be {have}.", "out_of_range")
    with part.open("ab") as file:
        async for chunk in request.stream():
            have += len(chunk)
            if have > facts["size"]:
                raise wrong(f"More came than the {facts['size']} bytes that were announced.", "out_of_range")
            file.write(chunk)
    if "finalize" not in commands:
        return Response(headers={"x-goog-upload-status": "active"})
    if have != facts["size"]:
        raise wrong(f"{have} bytes came, and {facts['size']} were announced.")
    facts = {**facts, "came": sandbox.clock(), "state": request.scope.get("veo_file_state", ACTIVE)}
    _write(sandbox, name, facts)
    part.replace(_whole(sandbox, name))
    shown = _shown(request, name, facts)
    return JSONResponse({"file": shown}, headers={"x-goog-upload-status": "final"})


async def look(request: Request) -> Response:
    """Say what is known of a file."""
    name = request.path_params["file"]
    facts = _there(request.app.state.sandbox, name)
    if facts is None:
        raise Problem(404, "not_found", "There is no such file, or it has expired.")
    return JSONResponse(_shown(request, name, facts))


async def delete(request: Request) -> Response:
    """Forget a file."""
    sandbox: Sandbox = request.app.state.sandbox
    name = request.path_params["file"]
    if _there(sandbox, name) is None:
        raise Problem(404, "not_found", "There is no such file, or it has expired.")
    for path in (_whole(sandbox, name), _facts(sandbox, name)):
        path.unlink(missing_ok=True)
    return JSONResponse({})


def read_upload(sandbox: Sandbox, address: str) -> bytes:
    """The bytes of an uploaded file, or of a clip of ours, by its address.

    Raises:
        Problem: it is not there, or not any more.
    """
    found = NAME.search(address.partition("?")[0])
    facts = _there(sandbox, found[1]) if found is not None else None
    if found is not None and facts is not None:
        if facts["state"] != ACTIVE:
            raise wrong(f"File {found[1]} is in state {facts['state']}.", "failed_precondition")
        return _whole(sandbox, found[1]).read_bytes()
    name = found[1] if found is not None else sandbox.named(address)
    clip = sandbox.kept(name) if name else None
    if clip is None:
        raise Problem(404, "not_found", f"There is no file at {address[:100]!r}, or it has expired.")
    return clip[2].read_bytes()


def _there(sandbox: Sandbox, name: str) -> dict[str, Any] | None:
    facts = _read(sandbox, name)
    if facts is None or "came" not in facts or sandbox.clock() > facts["came"] + KEPT:
        return None
    return {"state": ACTIVE, **facts} if _whole(sandbox, name).exists() else None


def _shown(request: Request, name: str, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": f"files/{name}",
        "uri": f"http://{request.headers['host']}/v1beta/files/{name}",
        "state": facts["state"],
        **({"error": {"code": 3, "message": BROKEN}} if facts["state"] == "FAILED" else {}),
        "mimeType": facts["kind"],
        "sizeBytes": str(facts["size"]),
        "displayName": facts["title"],
        "expirationTime": datetime.fromtimestamp(facts["came"] + KEPT, UTC)
        .isoformat()
        .replace("+00:00", "Z"),
    }


def _facts(sandbox: Sandbox, name: str) -> Path:
    folder = sandbox.store.folder / "uploads"
    folder.mkdir(exist_ok=True)
    return folder / f"{name}.json"


def _part(sandbox: Sandbox, name: str) -> Path:
    return _facts(sandbox, name).with_suffix(".part")


def _whole(sandbox: Sandbox, name: str) -> Path:
    return _facts(sandbox, name).with_suffix(".bin")


def _write(sandbox: Sandbox, name: str, facts: dict[str, Any]) -> None:
    _facts(sandbox, name).write_bytes(msgspec.json.encode(facts))


def _read(sandbox: Sandbox, name: str) -> dict[str, Any] | None:
    if re.fullmatch(r"[a-z0-9]{1,64}", name, re.ASCII):
        with contextlib.suppress(FileNotFoundError):
            facts: dict[str, Any] = msgspec.json.decode(_facts(sandbox, name).read_bytes())
            return facts
    return None
