"""The doctor: each thing that can be wrong is found, and the line below says what to do."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import av
import httpx2
import pytest
from keyring.errors import KeyringLocked

from tests.credentials.test_stores import Vault
from tests.store.test_ledger import ROW
from tests.world import KEY, Held
from veo_nb import doctor
from veo_nb.api.reach import bases
from veo_nb.catalog import PROVIDERS
from veo_nb.catalog.models import GENERAL, PREVIEWS
from veo_nb.credentials.keys import Secret
from veo_nb.credentials.stores import Colab, Keyring, KeyStores
from veo_nb.doctor import Examined, examine, format_checks, report
from veo_nb.engine.providers.connection import LocalServer
from veo_nb.store.ledger import Ledger
from veo_nb.studio import Studio


def check(studio, name: str) -> Examined:
    (found,) = [check for check in examine(studio) if check.name == name]
    return found


def test_checks_are_lines_and_a_hint_stands_below_what_is_wrong():
    checks = [
        Examined("disk", True, "81 GB free", "Make room."),
        Examined("library", False, "/x", "Choose another."),
    ]
    assert format_checks(checks).splitlines() == [
        "ok  disk     81 GB free",
        "!!  library  /x",
        "             -> Choose another.",
    ]


def test_the_report_has_a_line_for_everything_a_clip_needs(studio):
    said = report(studio)
    for name in ("versions", "kernel", "front end", "codecs", "provider", "library", "disk", "jobs"):
        assert f"  {name} " in said


def test_looking_costs_nothing_and_makes_nothing(studio, service, tmp_path):
    examine(studio)
    assert service.posts == []
    assert service.asked == ["models/veo-3.1-fast-generate-preview/operations/veonbdoctor0"]
    assert sorted(request.url.host for request in service.requests) == [
        "api.gptproto.com",
        "api.gptproto.com",
        "gptproto.com",
    ]
    assert [*tmp_path.iterdir()] == []


def versions(monkeypatch, **changed: str) -> None:
    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: changed.get(name) or real(name))


def test_a_package_that_is_missing_is_named(monkeypatch, studio):
    versions(monkeypatch, anywidget="missing")
    found = check(studio, "versions")
    assert not found.ok
    assert "anywidget missing" in found.found


def test_a_version_that_is_not_installed_is_missing():
    assert doctor._version("no-such-package-anywhere") == "missing"


@pytest.mark.parametrize(
    ("version", "ok"), [("6.29.5", True), ("7.0.1", False), ("7.4.0", True), ("missing", False)]
)
def test_a_kernel_that_loses_updates_is_found(monkeypatch, studio, version, ok):
    versions(monkeypatch, ipykernel=version)
    assert check(studio, "kernel").ok == ok


def test_a_bundle_that_was_not_built_is_found(monkeypatch, studio, tmp_path):
    monkeypatch.setattr(doctor, "__file__", str(tmp_path / "doctor.py"))
    found = check(studio, "front end")
    assert not found.ok
    assert "widget.js, widget.css, panel.js, panel.css missing" in found.found
    assert "npm run build" in found.hint


def installed(monkeypatch, folder: Path, recorded: str) -> None:
    """The package as a wheel puts it down, with a bundle that was recorded so."""
    (folder / "static").mkdir()
    for name in doctor.BUNDLES:
        (folder / "static" / name).write_text("a bundle")
    monkeypatch.setattr(doctor, "__file__", str(folder / "doctor.py"))
    monkeypatch.setattr(doctor, "_recorded", lambda path: recorded)


def test_a_bundle_that_is_not_the_installed_one_is_found(monkeypatch, studio, tmp_path):
    installed(monkeypatch, tmp_path, "x" * 43)
    found = check(studio, "front end")
    assert (found.ok, found.found) == (
        False,
        "widget.js, widget.css, panel.js, panel.css: not what this version came with",
    )
    monkeypatch.setattr(doctor, "_recorded", doctor._digest)
    assert check(studio, "front end").ok


def test_a_bundle_that_is_older_than_its_sources_is_found(monkeypatch, studio, tmp_path):
    package = tmp_path / "veo_nb"
    package.mkdir()
    installed(monkeypatch, package, "")
    source = tmp_path / "js" / "src" / "card.ts"
    source.parent.mkdir(parents=True)
    source.write_text("newer")
    os.utime(source, (2e9, 2e9))
    assert check(studio, "front end").found == "the card's bundle is older than its sources"
    os.utime(source, (1e9, 1e9))
    assert check(studio, "front end").ok


def test_the_record_of_an_installation_is_read(monkeypatch, tmp_path):
    path = tmp_path / "widget.js"
    path.write_text("a bundle")
    row = SimpleNamespace(name="widget.js", locate=lambda: path, hash=SimpleNamespace(value="abc"))
    monkeypatch.setattr(metadata, "files", lambda name: [row])
    assert (doctor._recorded(path), doctor._recorded(tmp_path / "widget.css")) == ("abc", "")


@pytest.mark.parametrize(
    ("name", "version", "ok"),
    [
        ("notebook", "5.7.16", False),
        ("notebook", "6.5.7", True),
        ("notebook", "7.4.1", True),
        ("jupyterlab", "3.6.8", False),
        ("notebook", "missing", True),
    ],
)
def test_a_front_end_that_is_too_old_is_found(monkeypatch, studio, name, version, ok):
    versions(monkeypatch, **{name: version})
    found = check(studio, "versions")
    assert found.ok == ok
    assert (f"{name} {version}" in found.found) == (version != "missing")
    assert ok or f"pip install --upgrade {name}" in found.hint


def test_a_codec_that_is_missing_is_found(monkeypatch, studio):
    def missing(name: str, mode: str) -> None:
        raise ValueError(f"no {name}")

    monkeypatch.setattr(av, "Codec", missing)
    assert check(studio, "codecs") == Examined(
        "codecs", False, "no libx264", "Run pip install --force-reinstall av."
    )


def test_a_key_is_told_by_its_end_and_by_where_it_came_from(studio):
    found = check(studio, "provider")
    assert found.ok
    assert found.found == "GPTProto (configure()), key …6789 from configure()"
    assert KEY not in report(studio)


def test_a_key_that_is_missing_is_found(make_studio):
    found = check(make_studio(api_key=None), "provider")
    assert not found.ok
    assert "GPTPROTO_API_KEY" in found.hint


def test_a_key_that_is_missing_has_the_reason_of_the_keyring(make_studio, tmp_path):
    vault = Vault()
    vault.failing = KeyringLocked()
    stores = KeyStores(Colab(lambda: None), Keyring(tmp_path / "logins", lambda: vault))
    found = check(make_studio(api_key=None, stores=stores), "provider")
    assert found.found == "GPTProto (configure()), no key (keyring: it is locked)"


def test_a_key_that_was_kept_and_cannot_be_read_is_told_where_the_sandbox_stands_in(make_studio, tmp_path):
    vault = Vault()
    stores = KeyStores(Colab(lambda: None), Keyring(tmp_path / "logins", lambda: vault))
    stores.keyring.keep(PROVIDERS["gptproto"], Secret(KEY))
    vault.failing = KeyringLocked()
    found = check(make_studio(provider=None, api_key=None, stores=stores), "provider")
    assert not found.ok
    assert found.found == "sandbox (default); the key kept for gptproto can't be read: keyring: it is locked"
    assert "%veo login gptproto" in found.hint


def test_google_s_credentials_stand_in_for_a_key(make_studio):
    named = make_studio(provider="vertex", api_key=None, project="my-project", model="fast")
    assert check(named, "provider") == Examined(
        "provider", True, "Vertex AI (configure()), Google's credentials for project my-project"
    )


# The network


def network(studio: Studio) -> list[Examined]:
    """What is found out by asking the provider."""
    return [one for one in examine(studio) if one.name in ("host", "hosts", "key", "clock")]


def lines(checks: list[Examined]) -> list[str]:
    return format_checks(checks).splitlines()


def models(studio: Studio) -> list[str]:
    """What is found out of the models that the key opens."""
    return lines([one for one in examine(studio) if one.name == "models"])


def test_hosts_key_and_clock_are_well(studio, service):
    service.polls = [httpx2.Response(404, json={"error": {"message": "no such operation", "code": 404}})]
    service.downloads = [httpx2.Response(401, headers={"date": "Fri, 15 Jan 2027 08:00:00 GMT"})] * 2
    assert lines(network(studio)) == [
        "ok  host   gptproto.com answers",
        "ok  host   api.gptproto.com answers",
        "ok  key    the provider takes it",
        "ok  clock  right",
    ]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ((401, "bad key"), "!!  key   The provider refused the key from configure(): bad key."),
        ((403, "no balance"), "!!  key   The provider does not allow this: no balance."),
        (
            (400, "API key not valid. Please pass a valid API key."),
            "!!  key   The provider refused the key from configure(): API key not valid. Please pass a valid API key.",
        ),
        ((400, "malformed name"), "ok  key   the provider takes it"),
        ((404, "not found"), "ok  key   the provider takes it"),
        (
            (503, "overloaded"),
            "!!  key   it can't be told whether it is taken: The provider answered 503: overloaded.",
        ),
    ],
)
def test_the_answer_to_an_operation_that_does_not_exist_tells_of_the_key(studio, service, answer, line):
    status, message = answer
    service.polls = [httpx2.Response(status, json={"error": {"message": message, "code": status}})]
    found = lines(network(studio))
    assert line in found
    if line.startswith("!!") and status < 500:
        assert found[-1].endswith("-> Copy the key anew from the provider's dashboard, then %veo login.")


def test_the_key_of_a_provider_whose_names_have_no_place_in_them_is_tried_too(make_studio, service):
    service.polls = [httpx2.Response(404, json={"error": {"message": "no such interaction", "code": 404}})]
    assert "ok  key   the provider takes it" in lines(network(make_studio(provider="gemini", model="omni")))
    assert service.asked == ["veonbdoctor0"]


def cause(error: Exception) -> httpx2.ConnectError:
    broken = httpx2.ConnectError(str(error))
    broken.__cause__ = error
    return broken


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (cause(socket.gaierror(-2, "Name or service not known")), "is this machine online?"),
        (cause(ssl.SSLError(1, "CERTIFICATE_VERIFY_FAILED")), "SSL_CERT_FILE"),
        (cause(ConnectionRefusedError(111, "Connection refused")), "nobody listens there"),
        (httpx2.ConnectTimeout("slow"), "it took too long"),
        (httpx2.ReadError("reset"), "the connection broke"),
    ],
)
def test_a_host_that_does_not_answer_is_named_with_what_to_do(studio, service, error, hint):
    service.downloads = [error, None]
    first, second, *_ = network(studio)
    assert (first.ok, second) == (False, Examined("host", True, "api.gptproto.com answers"))
    assert first.found.startswith("gptproto.com can't be reached: ")
    assert hint in first.hint


def test_without_a_connection_it_says_offline_once(studio, service):
    unknown = cause(socket.gaierror(-2, "Name or service not known"))
    service.downloads, service.polls = [unknown] * 2, [unknown]
    (found,) = network(studio)
    assert not found.ok
    assert found.found.startswith("offline: gptproto.com, api.gptproto.com can't be reached")


@pytest.mark.parametrize(
    ("date", "found"),
    [
        ("Fri, 15 Jan 2027 08:00:01 GMT", Examined("clock", True, "right")),
        ("Fri, 15 Jan 2027 08:00:10 GMT", Examined("clock", True, "right to within some seconds")),
        ("Fri, 15 Jan 2027 07:00:00 GMT", "3600 s ahead of the provider's"),
        ("Fri, 15 Jan 2027 08:02:00 GMT", "120 s behind the provider's"),
        ("yesterday", None),
        ("", None),
    ],
)
def test_the_clock_is_held_against_the_providers(studio, service, date, found):
    service.downloads = [httpx2.Response(200, headers={"date": date})] * 2
    clocks = [one for one in network(studio) if one.name == "clock"]
    if isinstance(found, str):
        (clock,) = clocks
        assert (clock.ok, clock.found) == (False, found)
        assert "expires" in clock.hint
    else:
        assert clocks == ([found] if found else [])


def test_a_page_from_a_cache_does_not_put_the_clock_wrong(studio, service):
    headers = {"date": "Fri, 15 Jan 2027 07:00:00 GMT", "age": "3600"}
    service.downloads = [httpx2.Response(200, headers=headers)] * 2
    assert Examined("clock", True, "right") in network(studio)


def test_the_key_goes_to_no_front_page(studio, service):
    network(studio)
    carried = [(request.url.path, "x-goog-api-key" in request.headers) for request in service.requests]
    assert sorted(carried)[:2] == [("/", False), ("/", False)]
    assert [has for path, has in carried if path != "/"] == [True]


def test_without_a_key_the_hosts_are_looked_at_all_the_same(make_studio, service):
    assert [one.name for one in network(make_studio(api_key=None))] == ["host", "host"]
    assert service.asked == []


def test_hosts_that_hang_are_given_up(monkeypatch, studio, service):
    monkeypatch.setattr(doctor, "NETWORK_SECONDS", 0.1)
    held = Held()
    service.downloads = [held, None]
    (found,) = network(studio)
    held.give()
    assert (found.ok, found.found) == (False, "no answer in 0 s")


def test_a_sandbox_of_our_own_has_no_hosts(make_studio, service):
    assert network(make_studio(provider="sandbox", api_key=None)) == []
    assert service.requests == []


@pytest.mark.parametrize(
    ("location", "host"),
    [("europe-west4", "europe-west4-aiplatform.googleapis.com"), ("global", "aiplatform.googleapis.com")],
)
def test_vertex_is_looked_for_in_its_location(make_studio, location, host):
    studio = make_studio(provider="vertex", api_key=None, project="my-project", location=location)
    assert bases(studio.settings) == [f"https://{host}"]


def test_a_real_sandbox_answers_a_real_doctor(tmp_path):
    """Over a socket, with nothing played."""
    server = LocalServer(tmp_path / "sandbox", latency=0)
    good = Studio(environ={}, folder=tmp_path, provider="sandbox", base_url=server.start())
    wrong = Studio(
        environ={},
        folder=tmp_path,
        provider="sandbox",
        api_key="sk-wrong-key-wrong",
        base_url=server.base_url,
    )
    try:
        assert lines(network(good))[:2] == [
            "ok  host   127.0.0.1 answers",
            "ok  key    the provider takes it",
        ]
        assert models(good) == [
            f"ok  models  open to this key: standard, fast, lite, {', '.join(GENERAL)}, omni, omni-1.1"
        ]
        assert models(wrong) == ["!!  models  what it opens can't be told before the provider takes the key"]
        found = lines(network(wrong))
        assert found[1].startswith("!!  key    The provider refused the key")
        assert "wrong-key" not in "".join(found)
    finally:
        good.close()
        wrong.close()
        server.stop()
    (gone,) = [one for one in network(good) if one.name == "host"]
    assert "nobody listens there" in gone.hint


def test_the_sandbox_needs_no_key_and_a_gateway_is_named(make_studio):
    plain = make_studio(provider=None, api_key=None)
    assert check(plain, "provider").found == "sandbox (default), needs no key"
    behind = make_studio(provider="sandbox", api_key=None, base_url="http://127.0.0.1:9")
    assert "at http://127.0.0.1:9 (configure())" in check(behind, "provider").found


NEW = {"name": "models/veo-4.0-generate-preview", "supportedGenerationMethods": ["predictLongRunning"]}
OMNI = [{"name": "models/gemini-omni-1.2-flash"}, {"name": "models/gemini-omni-1.1-flash"}]
TEXT = {"name": "models/gemini-3.8-flash", "supportedGenerationMethods": ["generateContent"]}


class Lists(httpx2.AsyncBaseTransport):
    """A provider that has nothing but lists of models; `asked` are the addresses of those."""

    def __init__(self, *pages: httpx2.Response | Exception) -> None:
        self.pages = list(pages)
        self.asked: list[httpx2.URL] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if "models" not in request.url.path or "operation" in request.url.path.lower():
            return httpx2.Response(404, json={"error": {"message": "no such thing", "code": 404}})
        self.asked.append(request.url)
        page = self.pages.pop(0)
        if isinstance(page, Exception):
            raise page
        return page


@pytest.fixture
def listing(tmp_path, tls):
    """What the doctor says of the models of a provider with these lists, and what it asked."""

    def look(*pages, **settings) -> tuple[list[str], list[httpx2.URL]]:
        lists = Lists(*pages)
        values = {"provider": "gemini", "api_key": KEY, **settings}
        environ = {name: values.pop(name) for name in [*values] if name.isupper()}
        studio = Studio(environ=environ, folder=tmp_path, transport=lists, clock=lambda: NOVEMBER, **values)
        try:
            return models(studio), lists.asked
        finally:
            studio.close()

    return look


NOVEMBER = 1_795_950_000.0
"""2026-11-29."""


def test_what_a_key_opens_is_told_of_each_model_over_all_pages(listing):
    said, asked = listing(
        httpx2.Response(200, json={"models": [TEXT, NEW], "nextPageToken": "a b"}),
        httpx2.Response(200, json={"models": OMNI}),
    )
    assert said == [
        "ok  models  open to this key: omni, omni-1.1",
        "ok  models  Gemini Omni 1.1 (Gemini API) may stop on 2026-12-03; gemini-omni-1.2-flash (omni) came after it",
        "ok  models  not open: standard, fast, lite",
        "ok  models  also there, not known to veo_nb: veo-4.0-generate-preview",
    ]
    assert [url.query for url in asked] == [b"pageSize=1000", b"pageSize=1000&pageToken=a%20b"]


def test_a_model_that_is_set_and_not_open_is_a_fault_with_a_way_on(listing):
    said, _ = listing(httpx2.Response(200, json={"models": OMNI}), model="fast")
    assert said[2:] == [
        "!!  models  not open: standard, fast, lite",
        f"            -> {PREVIEWS[1]} is the one that is set. veo.configure(model='omni') takes one that is open.",
    ]


@pytest.mark.parametrize(
    ("page", "mark", "why"),
    [
        (httpx2.Response(503, json={"error": {"message": "overloaded"}}), "!!", "answered 503: overloaded"),
        (httpx2.Response(404), "ok", "The provider does not know this"),
        (httpx2.Response(200, text="<html>"), "!!", "The provider's list of models can't be read"),
        (httpx2.Response(200, json={"models": [{"id": 3}]}), "!!", "can't be read"),
        (httpx2.Response(200, json={}), "ok", "list of models is empty"),
        (httpx2.Response(302, headers={"location": "https://elsewhere.test/"}), "!!", "elsewhere.test"),
        (httpx2.ConnectError("refused"), "!!", "can't be reached"),
    ],
)
def test_a_list_that_is_not_handed_out_is_asked_for_once_and_said_to_be_missing(listing, page, mark, why):
    said, asked = listing(page)
    assert said[0].startswith(
        f"{mark}  models  it can't be told whether these are open: standard, fast, lite, omni, omni-1.1 ("
    )
    assert why in said[0]
    assert len(asked) == 1


def test_pages_without_an_end_and_names_that_are_none_do_no_harm(listing):
    pages = [
        httpx2.Response(200, json={"models": [{"name": "models/\x1b[31mveo"}], "nextPageToken": f"{n}"})
        for n in range(9)
    ]
    said, asked = listing(*pages)
    assert len(asked) == 5
    assert "\x1b" not in "".join(said)


def test_vertex_tells_by_a_page_of_each_model(listing):
    pages = {
        "veo-3.1-generate-001": httpx2.Response(200, json={}),
        "veo-3.1-fast-generate-001": httpx2.Response(404),
        "veo-3.1-lite-generate-001": httpx2.Response(403, json={"error": {"message": "no"}}),
        "gemini-omni-1.2-flash": httpx2.Response(200, json={}),
    }
    said, asked = listing(*pages.values(), provider="vertex", location="europe-west4")
    assert [str(url) for url in asked] == [
        f"https://aiplatform.googleapis.com/v1beta1/publishers/google/models/{name}" for name in pages
    ]
    assert said[0] == "ok  models  listed by the provider: standard, omni"
    assert said[2].startswith("!!  models  not open: fast")
    assert said[-1].startswith("ok  models  it can't be told whether these are open: lite (")


@pytest.mark.parametrize(
    ("model", "first", "second"),
    [
        ("my-clips", "ok  models  open to this key: gemini-omni-1.2-flash, sora-2, my-clips", None),
        ("omni", "ok  models  open to this key: gemini-omni-1.2-flash, sora-2", "!!  models  not open: omni"),
    ],
)
def test_a_gateway_tells_in_openai_s_form_what_can_be_asked_for_there(listing, model, first, second):
    names = ("gemini-omni-1.2-flash", "sora-2", "gpt-9", "my-clips")
    page = {"object": "list", "data": [{"id": name} for name in names]}
    # The key is tried by it too.
    pages = [httpx2.Response(200, json=page) for _ in range(2)]
    where = {"provider": "gateway", "base_url": "https://gateway.example/v1", "model": model}
    said, asked = listing(*pages, **where)
    assert (said[0], said[1] if second else None) == (first, second)
    assert {url.path for url in asked} == {"/v1/models"}


def test_the_other_providers_whose_keys_are_here_are_asked_too(listing):
    said, asked = listing(
        httpx2.Response(200, json={"models": OMNI}),
        *[httpx2.Response(200, json={})] * 4,
        GOOGLE_CLOUD_API_KEY="AIza-0123456789",
        GPTPROTO_API_KEY="sk-0123456789",
    )
    assert said[0] == "ok  models  open to this key: omni, omni-1.1"
    assert (
        "ok  models  listed by the provider: vertex:standard, vertex:fast, vertex:lite, vertex:omni" in said
    )
    assert [line for line in said if "gptproto:standard, gptproto:fast" in line]
    assert {url.host for url in asked} == {"generativelanguage.googleapis.com", "aiplatform.googleapis.com"}


def test_a_provider_without_a_list_is_said_to_have_none(studio, service):
    (said,) = models(studio)
    assert said == (
        "ok  models  it can't be told whether these are open: standard, fast (GPTProto has no list of them that is known)"
    )
    assert not [request for request in service.requests if request.url.path.endswith("/models")]


def test_a_library_that_cannot_be_written_is_found(make_studio, tmp_path):
    (tmp_path / "taken").write_text("a file")
    found = check(make_studio(library=str(tmp_path / "taken")), "library")
    assert not found.ok
    assert "can't be written" in found.found


def test_a_library_that_is_not_there_yet_is_fine(studio):
    assert check(studio, "library").found.endswith("library (made with the first clip)")


@pytest.mark.parametrize(("free", "ok"), [(5_000_000_000, True), (10_000_000, False)])
def test_a_disk_that_is_nearly_full_is_found(monkeypatch, studio, free, ok):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    assert check(studio, "disk").ok == ok


def test_jobs_are_counted_and_an_uncertain_one_is_named(studio):
    studio.library.files.prepare()
    ledger = Ledger(studio.library.files.ledger_path)
    for number, state in enumerate(["succeeded", "running", "failed"]):
        ledger.add_job(replace(ROW, id=f"000{number}", state=state, operation="operations/x"), fresh=True)
    assert check(studio, "jobs") == replace(
        check(studio, "jobs"), ok=True, found="3 in the library, 1 under way"
    )
    ledger.add_job(replace(ROW, id="9c01", state="uncertain"), fresh=True)
    ledger.close()
    found = check(studio, "jobs")
    assert not found.ok
    assert "uncertain: 9c01" in found.found
    assert "%veo resubmit" in found.hint


def test_a_ledger_that_cannot_be_read_is_found(studio):
    studio.library.files.prepare()
    studio.library.files.ledger_path.mkdir()
    found = check(studio, "jobs")
    assert not found.ok
    assert "unable to open" in found.found
    found = check(studio, "ledger")
    assert not found.ok
    assert "unable to open" in found.found
    assert "%veo doctor --repair" in found.hint


def test_a_ledger_that_is_sound_is_told_with_its_size(studio):
    studio.library.files.prepare()
    Ledger(studio.library.files.ledger_path).close()
    assert re.fullmatch(r"0\.\d MB, sound", check(studio, "ledger").found)
