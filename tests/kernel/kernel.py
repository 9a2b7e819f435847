"""A real ipykernel and everything it tells a front end, for tests that read like a notebook.

    with Kernel(folder) as kernel:
        cell = kernel.run("%load_ext veo_nb")      # waits for the cell
        later = kernel.begin("time.sleep(30)")     # does not
        kernel.until(lambda: "<video" in cell.html)

The process is started without jupyter_client's manager, so that a test holds its process id and can kill it the way the system does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil  # type: ignore[import-untyped]  # comes with ipykernel
import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from tests.kernel.fork import launch

KEPT = ("PATH", "LANG", "TZ", "TMPDIR", "VEO_NB_SANDBOX_DRAFT", "VEO_NB_SANDBOX_STOCK")
"""What a process that a test starts gets of this one's environment: nobody's keys and settings."""
WIDGET = "application/vnd.jupyter.widget-view+json"


def ended(processes: list[psutil.Process], timeout: float) -> bool:
    """Whether all of them are gone within `timeout` seconds."""
    _, alive = psutil.wait_procs(processes, timeout)
    return not alive


@dataclass
class Output:
    """One display under a cell, as it looks now."""

    data: dict[str, Any]
    display_id: str | None = None
    updates: int = 0


@dataclass
class Failure:
    """How a cell failed, as the front end is told."""

    name: str
    value: str
    traceback: list[str]


@dataclass
class Cell:
    """One run cell and what stands under it."""

    id: str
    stdout: str = ""
    stderr: str = ""
    outputs: list[Output] = field(default_factory=list)
    failure: Failure | None = None
    status: str = ""
    """`ok`, `error` or `aborted`, once the kernel has answered."""
    idle: bool = False
    seconds: float = 0.0
    """From sending the cell to the kernel's answer."""

    @property
    def done(self) -> bool:
        return bool(self.status) and self.idle

    @property
    def html(self) -> str:
        return "\n".join(output.data.get("text/html", "") for output in self.outputs)

    @property
    def shown(self) -> str:
        """Everything a person could read under the cell."""
        plain = "\n".join(output.data.get("text/plain", "") for output in self.outputs)
        return f"{self.stdout}\n{self.stderr}\n{self.html}\n{plain}"


@dataclass
class Widget:
    """The kernel's side of a widget: its traits and the messages it sent."""

    state: dict[str, Any]
    messages: list[dict[str, Any]] = field(default_factory=list)
    buffers: list[list[bytes]] = field(default_factory=list)
    """Of each message the bytes that came along."""
    closed: bool = False

    @property
    def card(self) -> dict[str, Any]:
        """All that a card shows."""
        return {**self.state["opened"], **self.state["changed"]}


class Kernel:
    """A kernel process in `folder`, with nobody's keys and settings in its environment."""

    def __init__(self, folder: Path, python: str = sys.executable, **environment: str) -> None:
        self.folder = folder
        self.python = python
        self.environment = environment
        self.successor: Kernel | None = None
        self.cells: dict[str, Cell] = {}
        self.widgets: dict[str, Widget] = {}
        self.replies: dict[str, dict[str, Any]] = {}
        self.messages: list[dict[str, Any]] = []
        """Every message the kernel sent on any channel, as it came."""
        self._sent: dict[str, float] = {}

    @property
    def log(self) -> Path:
        """What the process wrote to its own terminal."""
        return self.folder / ".home" / "kernel.log"

    # ---- its life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.successor:
            self.successor.stop()
        self.stop()

    def start(self, timeout: float = 120) -> None:
        home = self.folder / ".home"
        home.mkdir(exist_ok=True)
        connection, info = write_connection_file(str(home / f"kernel-{time.monotonic_ns()}.json"))
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        with self.log.open("ab") as log:
            self.process = launch(
                "ipykernel_launcher",
                ["-f", connection],
                self.folder,
                {**kept, "HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2]), **self.environment},
                session=True,  # as Jupyter starts it: an interrupt reaches its whole process group
                streams=(subprocess.DEVNULL, subprocess.DEVNULL, log),
                python=self.python,
            )
        self.client = BlockingKernelClient()
        self.client.load_connection_info(info)
        self.client.start_channels(hb=False)
        self._poller = zmq.Poller()
        for channel in self._channels:
            self._poller.register(channel.socket, zmq.POLLIN)
        # Until the kernel listens, a request waits in the socket; until iopub is joined, its news are lost.
        deadline = time.monotonic() + timeout
        self._answered = False
        while not self._answered:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "the kernel did not start"
            self.client.kernel_info()
            self._pump(0.5)

    def stop(self) -> None:
        try:
            if self.process.poll() is None:
                self.client.shutdown()
                self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise
        finally:
            self._close()

    def kill(self) -> None:
        """End it as the system does when memory runs out: at once, and nothing can be tidied up."""
        self.process.kill()
        self.process.wait()
        self._close()

    def interrupt(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)

    def children(self) -> list[psutil.Process]:
        """The processes that it has started."""
        return list(psutil.Process(self.process.pid).children(recursive=True))

    def again(self) -> Kernel:
        """A new, started kernel in the same folder, with the same environment; it ends with this one's `with`."""
        self.successor = Kernel(self.folder, self.python, **self.environment)
        self.successor.start()
        return self.successor

    def _close(self) -> None:
        self.client.stop_channels()
        self.client.context.destroy(linger=0)

    # ---- its cells

    def run(self, code: str, timeout: float = 120) -> Cell:
        """The cell after it has run, however it ended."""
        cell = self.begin(code)
        self.until(lambda: cell.done, timeout, f"the cell did not end:\n{code}")
        return cell

    def begin(self, code: str, *answers: str, looked_at: bool = False) -> Cell:
        """The cell at the moment it is sent; `answers` are typed in where it asks for something.

        `looked_at` says that someone looks at its page, as front ends do.
        """
        # ipykernel 6 aborts with a cell that fails what comes in the moment after it, a cell that was sent later as well.
        sent = self.client.execute(code, allow_stdin=looked_at or bool(answers), stop_on_error=False)
        cell = Cell(sent)
        self.cells[cell.id] = cell
        self._answers = [*answers]
        self._sent[cell.id] = time.monotonic()
        return cell

    def value(self, expression: str, timeout: float = 120) -> str:
        """What `print(expression)` prints."""
        cell = self.run(f"print({expression})", timeout)
        assert cell.failure is None, cell.failure
        return cell.stdout.strip()

    def until(self, true: Callable[[], object], timeout: float = 120, why: str = "it did not happen") -> None:
        """Listen to the kernel until `true()` holds."""
        deadline = time.monotonic() + timeout
        while not true():
            if time.monotonic() > deadline:
                raise AssertionError(f"after {timeout} s: {why}\n{self.log.read_text()[-2000:]}")
            self._pump(0.1)

    def listen(self, seconds: float) -> None:
        """Let time go by and hear what the kernel says meanwhile."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._pump(left)

    # ---- its widgets

    def widget(self, cell: Cell) -> tuple[str, Widget]:
        """The id and the newest traits of the (only) widget under a cell."""
        ids = [output.data[WIDGET]["model_id"] for output in cell.outputs if WIDGET in output.data]
        assert len(ids) == 1, f"{len(ids)} widgets under the cell: {cell.outputs}"
        return ids[0], self.widgets[ids[0]]

    def tell(
        self, comm_id: str, content: dict[str, Any], *buffers: bytes, subshell: str | None = None
    ) -> None:
        """Send a widget a message as the front end does, by a subshell where one is named."""
        self.say(comm_id, {"method": "custom", "content": content}, *buffers, subshell=subshell)

    def say(self, comm_id: str, data: dict[str, Any], *buffers: bytes, subshell: str | None = None) -> None:
        """Send any message on a widget's comm."""
        message = self.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        if subshell:
            message["header"]["subshell_id"] = subshell
        self.client.session.send(self.client.shell_channel.socket, message, buffers=[*buffers])

    def subshell(self) -> str | None:
        """A new subshell, as Lab makes one for its widgets; None where the kernel says that it has none."""
        asked = self.client.kernel_info()
        self.until(lambda: asked in self.replies, why="no answer to kernel_info_request")
        if "kernel subshells" not in self.replies[asked].get("supported_features", ()):
            return None
        message = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(message)
        sent = message["header"]["msg_id"]
        self.until(lambda: sent in self.replies, why="no answer to create_subshell_request")
        return self.replies[sent].get("subshell_id")

    # ---- what it says

    @property
    def _channels(self) -> tuple[Any, ...]:
        client = self.client
        return client.shell_channel, client.iopub_channel, client.control_channel, client.stdin_channel

    def _pump(self, seconds: float) -> None:
        for socket, _ in self._poller.poll(max(1, int(seconds * 1000))):
            for channel in self._channels:
                if channel.socket is socket:
                    # Before jupyter_client 8 the socket is asyncio's.
                    _, message = self.client.session.recv(zmq.Socket.shadow(channel.socket))
                    self.messages.append(message)
                    if channel is self.client.iopub_channel:
                        self._answered = True
                        self._hear(message)
                    elif channel is self.client.stdin_channel:
                        self.client.input(self._answers.pop(0))
                    else:
                        self._answer(message)

    def _answer(self, message: dict[str, Any]) -> None:
        parent = message["parent_header"].get("msg_id", "")
        self.replies[parent] = message["content"]
        if cell := self.cells.get(parent):
            cell.status = message["content"]["status"]
            cell.seconds = time.monotonic() - self._sent[parent]

    def _hear(self, message: dict[str, Any]) -> None:
        kind, content = message["header"]["msg_type"], message["content"]
        cell = self.cells.get(message["parent_header"].get("msg_id", ""))
        if kind == "update_display_data":
            self._update(content)
        elif kind in ("comm_open", "comm_msg", "comm_close"):
            self._comm(kind, content, message["buffers"])
        elif cell is None:
            return
        elif kind == "status":
            cell.idle = content["execution_state"] == "idle"
        elif kind == "stream":
            setattr(cell, content["name"], getattr(cell, content["name"]) + content["text"])
        elif kind in ("display_data", "execute_result"):
            cell.outputs.append(Output(content["data"], content.get("transient", {}).get("display_id")))
        elif kind == "error":
            cell.failure = Failure(content["ename"], content["evalue"], content["traceback"])
        elif kind == "clear_output":
            cell.outputs.clear()
            cell.stdout = cell.stderr = ""

    def _update(self, content: dict[str, Any]) -> None:
        for cell in self.cells.values():
            for output in cell.outputs:
                if output.display_id and output.display_id == content["transient"]["display_id"]:
                    output.data = content["data"]
                    output.updates += 1

    def _comm(self, kind: str, content: dict[str, Any], buffers: list[Any]) -> None:
        data = content["data"]
        if kind == "comm_open":
            self.widgets[content["comm_id"]] = Widget(dict(data.get("state", {})))
        elif widget := self.widgets.get(content["comm_id"]):
            if kind == "comm_close":
                widget.closed = True
            elif data.get("method") == "update":
                widget.state.update(data["state"])
            elif data.get("method") == "custom":
                widget.messages.append(data["content"])
                widget.buffers.append([bytes(one) for one in buffers])
