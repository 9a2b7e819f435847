"""The provider on real sockets, on a machine that finds its names and trusts its authority."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.network.certificates import Certificates
from tests.faults.network.line import ELSEWHERE, NAMES, Line
from tests.faults.network.world import World
from tests.faults.wires import WIRES
from veo_nb.api import client
from veo_nb.api import download as transfer

GIVE_UP = {"SUBMIT_SECONDS": 0.4, "POLL_SECONDS": 0.4, "DOWNLOAD_SECONDS": 0.8, "CONNECT_SECONDS": 0.15}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    hosts = ["127.0.0.1", ELSEWHERE, *NAMES.values()]
    return Certificates(tmp_path_factory.mktemp("certificates"), hosts)


@pytest.fixture(scope="module")
def one_line(clip, certificates) -> Iterator[Line]:
    with Line(clip, certificates) as line:
        yield line


@pytest.fixture
def line(one_line: Line, certificates, monkeypatch) -> Line:
    """The provider, on a machine that finds its names and trusts its authority."""
    one_line.wire = WIRES["gemini"]
    looked_up = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name == one_line.nameless:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        known = name in NAMES.values() or name == ELSEWHERE
        return looked_up("127.0.0.1" if known else host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return one_line


@pytest.fixture
def impatient(monkeypatch) -> Callable[[], None]:
    """Shorten the client's deadlines when called; nothing else of it is changed."""

    def shorten() -> None:
        for name, seconds in GIVE_UP.items():
            monkeypatch.setattr(client, name, seconds)
        monkeypatch.setattr(transfer, "STALL_SECONDS", 0.3)

    return shorten


@pytest.fixture
def world(line, tmp_path) -> World:
    return World(line, tmp_path)
