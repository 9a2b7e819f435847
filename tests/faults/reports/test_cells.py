"""What people type that is not what they mean: nothing goes out as prompt that was none, no setting is lost, no key shown."""

from __future__ import annotations

import io
import unicodedata
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace
from PIL import Image

import veo_nb as veo
from tests.faults.rows import Row
from tests.notebook.conftest import shell  # noqa: F401  a fixture
from tests.notebook.test_magics import Ran, magics_of
from tests.test_public import default  # noqa: F401  a fixture
from tests.world import KEY as WORLD_KEY
from tests.world import Time
from veo_nb import errors
from veo_nb.media.picture import Picture
from veo_nb.notebook.magics import unregister
from veo_nb.notebook.panel.draft import read_draft, submit
from veo_nb.notebook.panel.store import empty_draft
from veo_nb.views import NotebookStudio

KEY = "sk-0123456789abcdef"
NAMES = {
    "größe": "tall",
    "动物": "狐狸",
    "fox": SimpleNamespace(name="Ida"),
    "light": ["dawn", "dusk"],
    "d": {"k": "fog"},
    "times": ("dawn", "dusk"),
}


@pytest.fixture
def run(shell, studio):  # noqa: F811
    """Cells in a shell whose studio speaks to a provider in memory; beside it lies `fox.png`."""
    photo = io.BytesIO()
    Image.new("RGB", (320, 180), "red").save(photo, "PNG")
    for name in ("fox.png", "my fox.png", unicodedata.normalize("NFD", "größe.png")):
        Path(name).write_bytes(photo.getvalue())
    shell.register_magics(magics_of(shell, studio))
    shell.user_ns.update(NAMES)
    yield lambda code: Ran(shell, code)
    unregister(shell)


SENT: dict[str, tuple[str, list[str], dict[str, Any]]] = {
    # What was typed, the prompts that are right, and what else goes out.
    "options in the second line": ("%%veo -d 4\n--aspect-ratio 9:16\nA fox.", ["A fox."], {"aspectRatio": "9:16"}),
    "options behind a backslash": ("%%veo -d 4 \\\n  -a 9:16\nA fox.", ["A fox."], {"aspectRatio": "9:16"}),
    "an option that a word processor bent": ("%%veo —aspect-ratio 9:16\nA fox.", ["A fox."], {"aspectRatio": "9:16"}),
    "an option of full-width signs": ("%%veo －－aspect-ratio＝９：１６\nA fox.", ["A fox."], {"aspectRatio": "9:16"}),
    "digits of Arabic": ("%%veo -d ٤\nA fox.", ["A fox."], {"durationSeconds": "4"}),
    "blanks that don't break": ("%%veo -d\u00a04\u3000-a\u00a09:16\nA fox.", ["A fox."], {"aspectRatio": "9:16"}),
    "marks of direction": ("%%veo \u200f-d\u200f 4\u200e\nA fox.", ["A fox."], {"durationSeconds": "4"}),
    "line ends of Windows": ("%%veo -d 4\r\n-a 9:16\r\nA fox.\r\nIt runs.", ["A fox.\nIt runs."], {"aspectRatio": "9:16"}),
    "bent quotes": ("%%veo --negative-prompt “rain, snow”\nA fox.", ["A fox."], {"negativePrompt": "rain, snow"}),
    "a prompt that begins like an option": ("%%veo -d 4\n\n--model fast\nA fox.", ["--model fast\nA fox."], {}),
    "a name with an umlaut": ("%%veo\nA {{größe}} fox.", ["A tall fox."], {}),
    "the same in six characters": ("%%veo\nA {{gro\u0308ße}} fox.", ["A tall fox."], {}),
    "a Chinese name": ("%%veo\n一只{{动物}}。", ["一只狐狸。"], {}),
    "full-width braces": ("%%veo\n一只｛｛动物｝｝。", ["一只狐狸。"], {}),
    "a field, a place and a key": ('%%veo\n{{fox.name}}, {{light[0]}}, {{d["k"]}}.', ["Ida, dawn, fog."], {}),
    "a name in an option": ("%%veo --negative-prompt 'no {{d[k]}}'\nA fox.", ["A fox."], {"negativePrompt": "no fog"}),
    "JSON": ('%%veo\n{"a":{"b":{"c":"{d}"}}}', ['{"a":{"b":{"c":"{d}"}}}'], {}),
    "JSON of an f-string": ('%%veo\nAs {{"a": {{"b": 1}}}}.', ['As {{"a": {{"b": 1}}}}.'], {}),
    "a sweep with full-width commas": ("%%veo --sweep 动物＝狐狸，猫头鹰、鹿\n{{动物}}。", ["狐狸。", "猫头鹰。", "鹿。"], {}),
    "a sweep with Arabic commas": ("%%veo --sweep حيوان=ثعلب،بومة\n{{حيوان}}", ["ثعلب", "بومة"], {}),
    "a sweep of a name in six characters": ("%%veo --sweep gro\u0308ße=a,b\n{{größe}}", ["a", "b"], {}),
    "a sweep with full-width digits": ("%%veo --sweep duration=４，８\nA fox.", ["A fox.", "A fox."], {}),
    "a sweep beside a value's place": ("%%veo --sweep x=a，b\n{{x}} {{light[1]}}", ["a dusk", "b dusk"], {}),
    "a picture whose name has two forms": ("%%veo --image größe.png\nA fox.", ["A fox."], {}),
    "a picture in quotes": ("%%veo --image “my fox.png”\nA fox.", ["A fox."], {}),
}  # fmt: skip

REFUSED = {
    "an option under the prompt": ("%%veo\nA fox.\n--image fox.png", "'--image' stands under the prompt"),
    "a bent option under the prompt": ("%%veo\nA fox.\n—image fox.png", "'—image' stands under the prompt"),
    "an option misspelt in the second line": ("%%veo\n--modl fast\nA fox.", "There is no option --modl."),
    "a prompt behind a backslash": ("%%veo -d 4 \\\nA fox.", "'A' belongs to no option."),
    "a call": ("%%veo\nA {{fox.name.upper()}}.", "{{fox.name.upper()}} calls something"),
    "a function": ("%%veo\nA {{fox.name.upper}}.", "{{fox.name.upper}} is a function."),
    "a format": ("%%veo\nA {{fox!r}} {{d:>5}}.", "{{fox!r}} names no variable."),
    "something private": ("%%veo\nA {{fox.__class__}}.", "{{fox.__class__}} names no variable."),
    "a name of two words": ("%%veo\nA {{a b}}.", "{{a b}} names no variable."),
    "no name": ("%%veo\nA {{ }}.", "{{ }} names nothing."),
    "braces that are not closed": ("%%veo\nA {{fox} runs.", "{{fox} runs. has no }} that closes it."),
    "a place that is not there": ("%%veo\nA {{light[7]}}.", "{{light[7]}} can't be filled in: list has no [7]."),
    "a field that is not there": ("%%veo\nA {{fox.nmae}}.", "{{fox.nmae}} can't be filled in"),
    "a wrong name in a sweep": ("%%veo --sweep x=a，b\n{{x}} {{y z}}", "{{y z}} names no variable."),
    "a path of Windows": (r"%%veo --image C:\Users\me\fox.png" + "\nA fox.", r"There is no image file C:\Users\me\fox.png."),
    "a path of Windows in quotes": (r'%%veo --reference "C:\my photos\fox.png"' + "\nA fox.", r"There is no image file C:\my photos\fox.png."),
    "a share of Windows": (r"%%veo --image \\nas\me\fox.png" + "\nA fox.", r"There is no image file \\nas\me\fox.png."),
    "a video of Windows": (r"%%veo --video C:\Users\fox.mp4" + "\nIt runs.", r"'C:\Users\fox.mp4' is no video"),
    "a file as --out": (r"%%veo --out C:\Users\fox.mp4" + "\nA fox.", r"--out C:\Users\fox.mp4 is no name"),
}  # fmt: skip


@pytest.mark.parametrize("case", SENT)
def test_what_was_meant_is_sent(run, studio, service, matrix, case):
    typed, prompts, beside = SENT[case]
    ran = run(typed.replace("\n", " --yes\n", 1) if "--sweep" in typed else typed)
    for job in studio.history():
        job.wait(30)
    sent = [post["instances"][0]["prompt"] for post in service.posts]
    states = " ".join(job.status for job in studio.history()) or type(ran.error).__name__
    row = matrix(Row("reports", case, states, tried=len(prompts), submits=len(sent)))
    row.doubled = len(set(prompts) ^ set(sent)) + max(0, len(sent) - len(prompts))
    assert ran.error is None
    assert sorted(sent) == sorted(prompts)
    assert beside.items() <= service.posts[0].get("parameters", {}).items()
    assert ("image" in service.posts[0]["instances"][0]) == ("picture" in case)
    assert row.sound


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_meant_is_refused(run, service, matrix, case):
    typed, words = REFUSED[case]
    ran = run(typed)
    sent = len(service.posts)
    row = matrix(Row("reports", case, type(ran.error).__name__, submits=sent, doubled=sent))
    assert isinstance(ran.error, errors.InvalidRequest)
    assert str(ran.error).startswith(words)
    assert row.sound


def test_the_panel_and_python_read_a_prompt_in_the_same_way(studio, service, matrix):
    def no_picture(key: str) -> Picture:
        raise AssertionError(key)

    def draft(prompt: str, without: str = "", **variables: list[str]) -> list[Any]:
        fields = {"negative_prompt": [without]} if without else {}
        given = replace(empty_draft(), prompt=prompt, fields=fields, variables=variables)
        return submit(studio, read_draft(given, no_picture, str), confirm=True)[0]

    made = [*draft("Panel: {{gro\u0308ße}}", größe=["tall"]), *draft("Panel: {{动物}}", 动物=["狐狸", "鹿"])]
    made += studio.sweep("Python: {{light[0]}}", axes={"light": {"a": ["dawn"], "b": ["dusk"]}}).jobs
    made += studio.sweep("Python: {{gro\u0308ße}}", axes={"größe": "klein，gross"}).jobs
    for job in made:
        job.wait(30)
    refused = 0
    for call in (
        lambda: draft("Panel: {{fox.name}}", fox=["Ida"]),
        lambda: draft("Panel: {{a b}}"),
        lambda: draft("Panel: fox", "no {{rain}}"),
        lambda: studio.generate("Python: {{animal}}"),
        lambda: studio.generate("Python: {{a b}}"),
        lambda: studio.generate("Python: fox", negative_prompt="no {{rain}}"),
        lambda: studio.sweep("Python: {{a}}", axes={"a": [1, 2]}, negative_prompt="no {{rain}}"),
        lambda: studio.sweep("Python: {{a.b()}}", axes={"a": [1, 2]}),
    ):
        with pytest.raises(errors.InvalidRequest):
            call()
        refused += 1
    sent = sorted(post["instances"][0]["prompt"] for post in service.posts)
    right = [
        "Panel: tall",
        "Panel: 狐狸",
        "Panel: 鹿",
        "Python: dawn",
        "Python: dusk",
        "Python: gross",
        "Python: klein",
    ]
    row = Row("reports", "names in the panel and in Python", f"{refused} refused", len(made), len(sent))
    row.doubled = len(set(sent) ^ set(right))
    matrix(row)
    assert (sent, row.sound) == (right, True)


# Settings


def test_a_change_of_folder_takes_no_other_library_and_no_other_budget(
    default,  # noqa: F811
    tmp_path,
    monkeypatch,
    matrix,
):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "veo_nb.toml").write_text("budget = 1")
    monkeypatch.chdir(tmp_path / "one")
    veo.configure(provider="gptproto", api_key=KEY)
    monkeypatch.chdir(tmp_path / "two")
    veo.configure(max_in_flight=3)
    with pytest.raises(errors.BudgetExceeded):
        veo.generate("A fox.", model="standard")
    row = matrix(Row("reports", "os.chdir and veo.configure", "BudgetExceeded", submits=len(default.posts)))
    row.doubled = row.submits
    assert not (tmp_path / "two" / "veo_library").exists()
    assert row.sound


@pytest.mark.parametrize(
    ("case", "name", "data"),
    [
        ("a mark before UTF-8", "veo_nb.toml", "budget = 1".encode("utf-8-sig")),
        ("UTF-16 of Notepad", "veo_nb.toml", "budget = 1\r\n".encode("utf-16")),
        ("UTF-16 without a mark", "veo_nb.toml", "budget = 1".encode("utf-16-le")),
        ("Latin-1", "veo_nb.toml", "budget = 1 # größe".encode("latin-1")),
        ("a hidden ending", "veo_nb.toml.txt", b"budget = 1"),
    ],
)
def test_a_budget_in_any_file_holds_or_is_refused(tmp_path, service, matrix, case, name, data):
    (tmp_path / name).write_bytes(data)
    ended, studio = "sent", None
    try:
        studio = NotebookStudio(
            folder=tmp_path, environ={}, provider="gptproto", api_key=KEY, transport=service.transport
        )
        studio.generate("A fox.", model="standard")
    except errors.VeoError as error:
        ended = type(error).__name__
    if studio is not None:
        studio.close()
    sent = len(service.posts)
    row = matrix(Row("reports", f"veo_nb.toml: {case}", ended, submits=sent, doubled=sent))
    assert ended in ("BudgetExceeded", "InvalidRequest")
    assert row.sound


# Keys


@pytest.mark.parametrize(
    "code",
    [
        f"%veo login {KEY}",
        f"%veo login {KEY[3:]}",
        f"%veo logout {KEY}",
        f"%veo login '{KEY}' gemini",
        f"%veo login={KEY}",
        f"%veo {KEY}",
        f"%veo show {KEY}",
        f"%veo cancel {KEY}",
        f"%veo export {KEY} grid.html",
        f"%%veo {KEY}\nA fox.",
        f"%%veo --key {KEY}\nA fox.",
        f"%%veo --api-key={KEY}\nA fox.",
        f"%%veo --model {KEY}\nA fox.",
        f"%%veo --image {KEY}\nA fox.",
        f"%%veo --out {KEY}\nA fox.",
        f"%%veo --sweep {KEY}=1\nA fox.",
        f"%%veo\nA {{{{{KEY}}}}}.",
        f"import veo_nb; veo_nb.Studio(provider='{KEY}')",
        f"import veo_nb; veo_nb.Studio(provider='{KEY[3:]}x')",
        f"import veo_nb; veo_nb.Studio(model='{KEY}')",
        f"import veo_nb; veo_nb.Studio(base_url='https://example.com/?key={KEY[3:]}')",
        f"import veo_nb; veo_nb.AsyncClient('{KEY}')",
    ],
)
def test_a_key_that_was_typed_where_none_goes_is_not_repeated(run, service, matrix, code):
    ran = run(code)
    said = f"{ran.printed}{ran.text}{ran.html}{ran.error}"
    shown = code.partition("\n")[0].replace(KEY, "KEY").replace(KEY[3:], "KEY")
    leaked = said.count(KEY[3:])
    matrix(
        Row(
            "reports",
            f"a key in: {shown}",
            type(ran.error).__name__,
            submits=len(service.posts),
            leaked=leaked,
        )
    )
    assert isinstance(ran.error, errors.VeoError)
    assert leaked == 0


@pytest.mark.parametrize(
    "code",
    [
        "%%veo\nA {{key}}.",
        "%%veo --negative-prompt {{key}}\nA fox.",
        "%%veo --video https://example.com/fox.mp4?key=KEY\nIt runs.",
        "%%veo --sweep x={{key}},KEY\nA {{x}}.",
    ],
)
def test_a_key_is_never_sent_as_a_part_of_a_request(run, shell, service, matrix, tmp_path, code):  # noqa: F811
    shell.user_ns["key"] = WORLD_KEY
    ran = run(code.replace("KEY", WORLD_KEY))
    library = tmp_path / "library"
    kept = sum(WORLD_KEY.encode() in path.read_bytes() for path in library.rglob("*") if path.is_file())
    leaked = kept + str(service.posts).count(WORLD_KEY) + str(ran.error).count(WORLD_KEY)
    case = f"the key itself in: {code.partition(chr(10))[0]}"
    matrix(Row("reports", case, type(ran.error).__name__, submits=len(service.posts), leaked=leaked))
    assert isinstance(ran.error, errors.InvalidRequest)
    assert leaked == 0


@pytest.mark.parametrize("around", ['"{}"', "'{}'", " “{}”\r\n", "\ufeff{}\u00a0"])
@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_key_in_quotes_is_sent_bare_and_a_refused_one_says_where_it_is(
    tmp_path, service, tls, matrix, around, status
):
    refused = status != 200
    if refused:
        details = [{"reason": "API_KEY_INVALID"}]
        error = {"code": status, "message": "Bad key.", "status": "INVALID_ARGUMENT", "details": details}
        service.submits = [httpx2.Response(status, json={"error": error})]
    time = Time(stopped=service.holding)
    made = NotebookStudio(
        folder=tmp_path,
        environ={"GPTPROTO_API_KEY": around.format(KEY)},
        transport=service.transport,
        clock=time.clock,
        sleep=time.hurry,
    )
    job = made.generate("A fox.")
    with pytest.raises(errors.AuthenticationError) if refused else nullcontext():
        job.wait(30)
    made.close()
    case = f"a key as {around.format('KEY')!r}{f', refused with {status}' if refused else ''}"
    matrix(Row("reports", case, job.status, submits=len(service.posts), leaked=str(job.error).count(KEY)))
    assert service.requests[0].headers["x-goog-api-key"] == KEY
    assert KEY not in str(job.error)
    if refused:
        assert "refused the key from GPTPROTO_API_KEY: Bad key." in str(job.error)
