"""Where a key could get out of a kernel, and a search of all of it.

Not only the whole key counts: eight characters of it in a row do, as they are or as addresses, JSON, HTML and base64
write them.
"""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import nbformat
import psutil  # type: ignore[import-untyped]  # comes with ipykernel

from tests.kernel.kernel import Kernel

WINDOW = 8
"""A person is shown four characters at most; eight in a row are no chance."""


def forms(key: str) -> dict[str, set[bytes]]:
    """The pieces of a key that none may find, by the way in which they are written."""
    raw = key.encode()
    written = {
        "as it is": raw,
        "in an address": quote(key, safe="").encode(),
        "in JSON": key.replace("/", "\\/").encode(),
        "in HTML": key.replace("+", "&#43;").replace("/", "&#47;").encode(),
        "in hex": raw.hex().encode(),
    }
    for shift in range(3):
        # What stands before it decides on the first and the last characters of base64.
        written[f"in base64 ({shift})"] = base64.b64encode(bytes(shift) + raw)[4:-4]
    return {
        name: {text[at : at + WINDOW] for at in range(len(text) - WINDOW + 1)}
        for name, text in written.items()
    }


def leaks(data: bytes, key: str) -> list[str]:
    """The ways in which these bytes show the key."""
    return [name for name, pieces in forms(key).items() if any(piece in data for piece in pieces)]


def _around(data: bytes, key: str) -> str:
    """For whoever has to find out how it got there."""
    pieces = [piece for pieces in forms(key).values() for piece in pieces if piece in data]
    at = min(data.find(piece) for piece in pieces)
    return re.sub(r"\\u001b\[[0-9;]*m", "", data[max(0, at - 400) : at + 60].decode("utf-8", "replace"))


class Surfaces:
    """Everything that a kernel says, writes and starts."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def all(self) -> dict[str, bytes]:
        """What is there now, by where it is."""
        return {**self.messages(), **self.files(), **self.processes()}

    def leaking(self, key: str) -> dict[str, str]:
        """Where the key is found, and what stands around it there."""
        return {place: _around(data, key) for place, data in self.all().items() if leaks(data, key)}

    def messages(self) -> dict[str, bytes]:
        """By kind: outputs, errors, comms with the widgets' states, replies and the questions of `input`."""
        kinds: dict[str, list[bytes]] = {}
        for message in self.kernel.messages:
            parts = [json.dumps(message, default=str, ensure_ascii=False).encode()]
            parts += [bytes(buffer) for buffer in message.get("buffers", [])]
            kinds.setdefault(f"message {message['header']['msg_type']}", []).extend(parts)
        return {kind: b"\n".join(parts) for kind, parts in kinds.items()}

    def files(self) -> dict[str, bytes]:
        """Every file in and below the notebook's folder, and their names."""
        place = self.kernel.folder
        found = [*place.rglob("*")]
        files = {"names of files": "\n".join(map(str, found)).encode()}
        for path in found:
            # A database's journal is gone as soon as it is written.
            with suppress(FileNotFoundError, IsADirectoryError):
                files[f"file {path.relative_to(place).as_posix()}"] = path.read_bytes()
        return files

    def processes(self) -> dict[str, bytes]:
        """What the kernel and its children were started with, and the environment of the children."""
        own = psutil.Process(self.kernel.process.pid)
        said = {"arguments of the kernel": "\0".join(own.cmdline()).encode()}
        for at, child in enumerate(own.children(recursive=True)):
            said[f"arguments of child {at}"] = "\0".join(child.cmdline()).encode()
            said[f"environment of child {at}"] = json.dumps(child.environ()).encode()
        return said

    def save_notebook(self, path: Path) -> None:
        """Write the cells' outputs and the widgets' state into a notebook, as a front end saves them."""
        notebook = nbformat.v4.new_notebook()
        for cell in self.kernel.cells.values():
            kinds = ("stream", "display_data", "execute_result", "error")
            outputs = [
                nbformat.v4.output_from_msg(message)
                for message in self.kernel.messages
                if message["parent_header"].get("msg_id") == cell.id
                and message["header"]["msg_type"] in kinds
            ]
            notebook.cells.append(nbformat.v4.new_code_cell("", outputs=outputs))
        state = {name: {"state": widget.state} for name, widget in self.kernel.widgets.items()}
        notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": state}}
        nbformat.write(notebook, path)
