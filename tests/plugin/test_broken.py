"""Packages that bring a provider and are wrong: each is left out with a sentence, and the rest works."""

from __future__ import annotations

import base64
import io
import re

import pytest
from PIL import Image

from tests.plugin.conftest import HOME, until
from tests.plugin.service import KEY
from tests.test_request import RED
from tests.world import Time
from veo_nb import catalog, doctor, errors
from veo_nb.api.dialects import plugins
from veo_nb.studio import Studio

LUMEN = (HOME / "veo_nb_lumen.py").read_text("utf-8")


def acme(*changes: tuple[str, str]) -> str:
    """Lumen's module under another name, with these changes."""
    code = LUMEN
    names = (("lumen-jobs", "acme-jobs"), ("lumen", "acme"), ("Lumen", "Acme"), ("LUMEN", "ACME"))
    for old, new in (*names, *changes):
        assert old in code, old
        code = code.replace(old, new)
    return code


def test_one_that_is_right_is_taken(install, caplog):
    install("veo-nb-acme", acme())
    assert plugins.load_plugins() == (plugins.Package("veo-nb-acme", "0.1", ("acme",)),)
    assert catalog.PROVIDERS["acme"].title == "Acme"
    assert caplog.messages == []


ORIGINS = 'key_origins=("https://api.acme.example",)'
WRONG = {
    # While it is loaded
    "is not there": (
        "import nothing_of_this_name",
        "ModuleNotFoundError: No module named 'nothing_of_this_name'",
    ),
    "breaks": ("1 / 0", "ZeroDivisionError: division by zero"),
    "is no Python": ("plugin = (", "SyntaxError: '(' was never closed"),
    "ends the process": ("raise SystemExit('bye')", "SystemExit: bye"),
    "names nothing": ("", "AttributeError: module 'veo_nb_acme' has no attribute 'plugin'"),
    "names something else": ("plugin = {'providers': []}", "its entry point names"),
    "names a class": ("from veo_nb.providers import Plugin as plugin", "which is no Plugin"),
    "is of another version": (
        acme(("protocol=1", "protocol=2")),
        "it was written for version 2 of the plugin protocol, and this veo_nb knows 1",
    ),
    "is a newer kind": (
        acme(("protocol=1", "protocol=1, voices=()")),
        "unexpected keyword argument 'voices'",
    ),
    # Names
    "shadows a provider": (acme(('name="acme"', 'name="gemini"')), "there is a provider 'gemini' already"),
    "shadows a model": (
        acme(('"acme-2"', '"gemini-omni-1.2-flash"')),
        "model 'gemini-omni-1.2-flash' already",
    ),
    "shadows a dialect": (acme(("acme-jobs", "gemini")), "there is a dialect 'gemini' already"),
    "calls a model by another's id": (
        acme(('alias="quick"', 'alias="veo-3.1-generate-001"')),
        "its alias veo-3.1-generate-001 is another model's id",
    ),
    "gives two models one alias": (
        acme(('alias="acme"', 'alias="quick"')),
        "two of its models have one alias",
    ),
    "has a provider's name that can't be typed": (
        acme(('name="acme"', 'name="A:b"')),
        "can't be called 'A:b'",
    ),
    "has an alias that can't be typed": (acme(('alias="quick"', 'alias="a,b"')), "its alias can't be 'a,b'"),
    # Types
    "has one thing for many": (
        f"{acme()}\nplugin = Plugin(protocol=1, providers=plugin.providers[0])",
        "providers is no tuple",
    ),
    "has a text for a list": (
        acme(('("16:9", "1:1")', '"16:9"')),
        "the Model 'acme-2-quick' has a wrong value: Expected `array`, got `str`",
    ),
    "has a text for a number": (acme(("in_flight=4", 'in_flight="4"')), "Expected `int`, got `str`"),
    "has a dictionary for a model": (
        acme(("    models=(\n", '    models=({"id": "x"},\n')),
        "which is no Model",
    ),
    "gives the class of a dialect": (acme(("AcmeJobs(),", "AcmeJobs,")), "is no Dialect"),
    "has a dialect without a method": (acme(("def poll", "def pole")), "the dialect AcmeJobs has no poll"),
    "has a field that nobody knows": (acme(('"seed")', '"voice")')), "a request has no field 'voice'"),
    "takes clips of no kind": (acme(('"seed")', '"video")')), "it takes a clip, so it needs sources="),
    # Where the key goes
    "sends the key in the clear": (
        acme((ORIGINS, 'key_origins=("http://api.acme.example",)')),
        "a key's origin looks like https://api.example.com, not 'http://api.acme.example'",
    ),
    "sends the key anywhere": (
        acme((ORIGINS, 'key_origins=("https://*.acme.example",)')),
        "a key's origin looks like",
    ),
    "sends the key to any region": (
        acme((ORIGINS, 'key_origins=("https://{location}-acme.example",)')),
        "a key's origin looks like",
    ),
    "sends the key to a path": (
        acme((ORIGINS, 'key_origins=("https://a.example/x",)')),
        "a key's origin looks like",
    ),
    "sends the key to a user": (
        acme((ORIGINS, 'key_origins=("https://a@b.example",)')),
        "a key's origin looks like",
    ),
    "sends the key nowhere": (acme((ORIGINS, "key_origins=()")), "the key would not go to its submit_base"),
    "polls where the key does not go": (
        acme(('poll_base="https://api', 'poll_base="https://jobs')),
        "the key would not go to its poll_base",
    ),
    "takes another's key": (
        acme(("ACME_API_KEY", "GEMINI_API_KEY")),
        "provider acme: GEMINI_API_KEY holds the key of gemini",
    ),
    "takes Google's credentials": (acme(("in_flight=4", "keyless=True")), "keyless is for Google's own"),
    "has a header that is none": (acme(("x-acme-key", "x acme\\nkey")), "key_header can't be"),
    "has a scheme that is none": (
        acme(("in_flight=4", 'key_scheme="Bearer\\r\\nX:"')),
        "key_scheme can't be",
    ),
    # Facts
    "has a successor that nobody knows": (
        acme(('alias="quick",', 'alias="quick", successor="acme-3",')),
        "model 'acme-2-quick': nobody knows its successor 'acme-3'",
    ),
    "has a life of another's model": (
        acme(
            ("in_flight=4", 'lives=(Life(models=("omni",), source="x"),)'),
            ("import Call", "import Life, Call"),
        ),
        "it has a life of a model that it doesn't serve",
    ),
    "has an end that is no day": (
        acme(
            ("in_flight=4", 'lives=(Life(models=(), until="soon", source="x"),)'),
            ("import Call", "import Life, Call"),
        ),
        "ValueError: Invalid isoformat string: 'soon'",
    ),
    "serves what nobody knows": (
        acme(('models=("acme-2"', 'models=("acme-3"')),
        "nobody knows its model 'acme-3'",
    ),
    "has no such default": (
        acme(('default_model="quick"', 'default_model="fast"')),
        "default_model='fast' is none of",
    ),
    "makes clips of another length": (
        acme(("            default_duration=5,\n", "")),
        "default_duration=8 is none of its durations, 5 or 10",
    ),
    "has a shape that is none": (
        acme(('"1:1")', '"square")')),
        "an aspect ratio looks like 16:9, not 'square'",
    ),
    "has a price of others": (
        acme(('provider="acme"', 'provider="gemini"')),
        "which is no provider of this package",
    ),
    "has a price without a day": (acme(('date="2026-11-29"', 'date=""')), "date is the day it was read"),
    "has a price without a source": (
        acme(('source="https://acme.example/prices",', "")),
        "source says where",
    ),
    "has a price that is none": (acme(("0.04", "float('nan')")), "it can't be (nan, 0.0)"),
    "rules over others": (
        acme(
            ('beside={"resolution": ("720p",)},\n            dialects=("acme-jobs",)', 'dialects=("gemini",)')
        ),
        "the rule on 'duration_seconds': it must be about a dialect or about models, by id, of this package alone",
    ),
    "has a rule that can't be said": (
        acme(("{title} makes", "{name} makes")),
        "its message can't be filled in",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_one_that_is_wrong_is_left_out_with_one_warning(wrong, install, caplog, tmp_path):
    code, said = WRONG[wrong]
    install("veo-nb-acme", code)
    before = (
        {*catalog.PROVIDERS},
        {*catalog.MODELS},
        len(catalog.PRICES),
        len(catalog.RULES),
        {*catalog.SOURCES},
    )
    studio = Studio(environ={}, folder=tmp_path)
    Studio(environ={}, folder=tmp_path)
    [message] = caplog.messages
    assert message.startswith("veo-nb-acme 0.1 brings no provider: ")
    assert said in message
    assert message.endswith(". Everything else works; update or uninstall it.")
    assert "\n" not in message
    after = (
        {*catalog.PROVIDERS},
        {*catalog.MODELS},
        len(catalog.PRICES),
        len(catalog.RULES),
        {*catalog.SOURCES},
    )
    assert after == before
    assert studio.preview("A fox.").request.prompt == "A fox."
    [found] = [one for one in doctor.examine(studio) if one.name == "plugins"]
    assert (found.ok, said in found.found, found.hint) == (False, True, "Update or uninstall it.")


def test_beside_one_that_is_wrong_another_is_taken_and_of_two_alike_the_first(install, installed, caplog):
    install("veo-nb-bad", "1 / 0")
    install("veo-nb-zlumen", LUMEN)
    found = {one.name: one.trouble for one in plugins.load_plugins()}
    assert found == {
        "veo-nb-bad": "ZeroDivisionError: division by zero",
        "veo-nb-lumen": "",
        "veo-nb-zlumen": "there is a dialect 'lumen-jobs' already",
    }


def test_one_that_makes_a_studio_while_it_is_loaded_finds_one(install, tmp_path):
    code = f"from veo_nb.studio import Studio\nStudio(environ={{}}, folder=__import__('pathlib').Path({str(tmp_path)!r}))\n"
    install("veo-nb-acme", code + acme())
    assert [one.trouble for one in plugins.load_plugins()] == [""]


# A dialect that is wrong while it works

SUBMIT = 'return Call("POST", "/jobs", body)'
BAD_SUBMITS = {
    "raises": ("raise KeyError('colour')", "KeyError: 'colour'"),
    "gives nothing": ("return None", "it gave None in place of a POST"),
    "only looks": ('return Call("GET", "/jobs")', "in place of a POST"),
    "names a whole address": ('return Call("POST", "https://evil.example/jobs", body)', "is no path"),
    "names another host": ('return Call("POST", "//evil.example/jobs", body)', "is no path"),
    "climbs": ('return Call("POST", "/jobs/../admin", body)', "is no path"),
    "has a body that is no JSON": (
        'return Call("POST", "/jobs", {"a": object()})',
        "can't be written as JSON",
    ),
}


@pytest.fixture
def make(install, lumen, tmp_path, tls):
    """A studio with Acme's package, changed so, at Lumen's server."""
    studios = []

    def one(*changes: tuple[str, str]) -> Studio:
        install("veo-nb-acme", acme(("x-acme-key", "x-lumen-key"), *changes))
        environ = {"ACME_API_KEY": KEY, "VEO_NB_BASE_URL": lumen.url}
        time = Time()
        studios.append(Studio(environ=environ, folder=tmp_path, clock=time.clock, sleep=time.hurry))
        return studios[-1]

    yield one
    for studio in studios:
        studio.close()


@pytest.mark.parametrize("bad", BAD_SUBMITS)
def test_a_call_that_can_not_be_sent_is_not(bad, make, lumen):
    code, said = BAD_SUBMITS[bad]
    job = make((SUBMIT, code)).generate("A fox.")
    with pytest.raises(errors.InvalidRequest, match=re.escape(said)):
        job.wait(30)
    assert (job.status, lumen.keys) == ("failed", [])


def test_a_name_that_can_not_be_read_leaves_the_job_uncertain(make, lumen):
    job = make(('answer["ticket"]', 'answer["number"]')).generate("A fox.")
    with pytest.raises(
        errors.SubmissionUncertain, match=r"veo-nb-acme 0\.1 can't read .* KeyError: 'number'"
    ):
        job.wait(30)
    assert len(lumen.jobs) == 1


READ = 'if answer["phase"] == "shot":'


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ('return answer["state"]', "KeyError: 'state'"),
        ("return 'shot'", "read_operation gave 'shot'"),
        ("return Operation(done=True)", "gave neither a sample nor an error"),
        ("return Operation(done=True, samples=('1.mp4',))", "gave the samples"),
        ("return Operation(done=True, error=ValueError('x'))", "gave the error"),
    ],
)
def test_what_stands_is_kept_until_its_dialect_can_read_it(
    code, said, make, lumen, installed, catalog_of_now
):
    studio = make((READ, f"{code}\n        {READ}"))
    job = studio.generate("A fox.")
    note = until(job, lambda now: now.note if now.note is not None and now.note.kind == "down" else None)
    assert said in note.why
    assert (job.status, job.operation, len(lumen.jobs)) == ("running", "1", 1)


def test_a_clip_that_can_not_be_located_is_kept(make, lumen):
    job = make(('f"/clips/{uri}"', "None")).generate("A fox.")
    with pytest.raises(
        errors.DownloadError, match=r"veo-nb-acme 0\.1 can't tell where the video is: .* update the package"
    ):
        job.wait(30)
    assert (job.operation, len(lumen.jobs)) == ("1", 1)


def test_a_picture_goes_without_what_a_phone_wrote_into_it(make, lumen):
    exif = Image.Exif()
    exif[0x010F] = "Spyphone 7"
    out = io.BytesIO()
    Image.open(io.BytesIO(RED)).convert("RGB").save(out, "JPEG", exif=exif)
    assert b"Spyphone" in out.getvalue()
    make().generate("A fox.", image=out.getvalue()).wait(30)
    assert b"Spyphone" not in base64.b64decode(lumen.jobs[0]["still"])
