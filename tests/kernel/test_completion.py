"""Tab in a real kernel, asked as a front end asks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kernel.kernel import Kernel

pytestmark = pytest.mark.kernel


def ask(kernel: Kernel, code: str, cursor: int) -> dict[str, Any]:
    asked = kernel.client.complete(code, cursor)
    kernel.until(lambda: asked in kernel.replies, why="no completion came")
    reply = kernel.replies[asked]
    assert reply["status"] == "ok"
    return reply


def complete(kernel: Kernel, code: str, cursor: int | None = None) -> tuple[str, list[str]]:
    """What would be replaced, and by what; the cursor is at the end where it is not given."""
    reply = ask(kernel, code, len(code) if cursor is None else cursor)
    return code[reply["cursor_start"] : reply["cursor_end"]], reply["matches"]


@pytest.mark.parametrize("use_jedi", [True, False])
def test_a_cell_is_completed_with_and_without_jedi(quick, use_jedi):
    quick.run(f"%config IPCompleter.use_jedi = {use_jedi}")
    quick.run(
        "from PIL import Image; still = Image.new('RGB', (32, 18)); still.save('fox one.png'); mood = 'noon'"
    )
    assert complete(quick, "%%veo --asp") == ("--asp", ["--aspect-ratio"])
    assert complete(quick, "%%veo -a ") == ("", ["16:9", "9:16"])
    assert complete(quick, "%%veo --no-") == ("--no-", ["--no-enhance-prompt"])
    assert complete(quick, "%%veo --image ") == ("", ["still", '"fox one.png"'])
    assert complete(quick, "%%veo -d 4\nA fox, {{mo") == ("mo", ["mood}}"])
    assert complete(quick, "%%veo --dur 4\nA fox.", len("%%veo --dur")) == ("--dur", ["--duration"])
    assert complete(quick, "%veo sh") == ("sh", ["show"])


def test_the_ids_of_jobs_are_offered_and_python_is_left_alone(quick):
    quick.run("%%veo -d 4 --out fox --wait\nA fox.", timeout=90)
    job_id = quick.value("fox.id")
    assert complete(quick, "%veo show ") == ("", [job_id])
    assert complete(quick, f"%%veo --video {job_id[:2]}") == (job_id[:2], [job_id])
    assert "fox" in complete(quick, "fo")[1]
    quick.run("%unload_ext veo_nb")
    assert "--aspect-ratio" not in complete(quick, "%%veo --asp")[1]


def offered(kernel: Kernel, typed: str) -> list[tuple[str, str]]:
    """What VS Code shows, and what the line is then; `|` is the cursor in what was typed.

    Its extension (microsoft/vscode-jupyter, src/standalone/intellisense/kernelCompletionProvider.ts, read 2026-11-29)
    sends the whole cell with its `%%` line, the cursor as UTF-16 units, and no metadata, while the kernel is idle. It
    takes `_jupyter_types_experimental` where it has a text for each match, each with its own `start` and `end`, and leaves
    out what has a dot in it or ends with a slash, unless the cursor is inside of quotes, which it closes as one types.
    """
    code = typed.replace("|", "", 1)
    cursor = typed.index("|")
    reply = ask(kernel, code, cursor)
    kinds = reply["metadata"].get("_jupyter_types_experimental", [])
    assert len(kinds) == len(reply["matches"])
    start = code.rfind("\n", 0, cursor) + 1
    line = code[start:].partition("\n")[0]
    quotes = [at for at, sign in enumerate(line) if sign in "\"'"]
    quoted = bool(quotes) and quotes[0] < cursor - start <= quotes[-1]
    return [
        (kind["text"], code[: kind["start"]] + kind["text"] + code[kind["end"] :])
        for kind in kinds
        if quoted or not ("." in kind["text"] or kind["text"].endswith("/"))
    ]


def test_what_vs_code_asks_for_is_answered_so_that_it_shows_it(quick):
    quick.run(
        "mood = 'noon'; from PIL import Image; Image.new('RGB', (32, 18)).save('fox one.png')\n"
        "import os; os.mkdir('photos')"
    )
    assert offered(quick, "%%veo --asp|") == [("--aspect-ratio", "%%veo --aspect-ratio")]
    assert offered(quick, "%%veo -d 4 -a |\r\nA fox.")[0] == ("16:9", "%%veo -d 4 -a 16:9\r\nA fox.")
    # It has closed what was opened.
    assert offered(quick, "%%veo\r\nA fox, {{mo|}}") == [("mood", "%%veo\r\nA fox, {{mood}}")]
    assert offered(quick, '%%veo --image "fo|"') == [('"fox one.png', '%%veo --image "fox one.png"')]
    assert offered(quick, '%%veo --image "ph|"') == [('"photos/', '%%veo --image "photos/"')]
    # Files it shows in quotes alone.
    assert offered(quick, "%%veo --image ph|") == []
    assert offered(quick, "%veo sh|") == [("show", "%veo show")]
    # An emoji before the cursor puts that one too far: nothing of ours is offered.
    assert "mood" not in str(ask(quick, "%%veo\n🦊 {{mo}}", len("%%veo\n🦊 {{mo") + 1)["matches"])


def test_what_colab_asks_for_is_answered_so_that_it_shows_it(quick):
    """Colab (googlecolab/colabtools, google/colab/_kernel.py and _shell_customizations.py, read 2026-11-29) asks as
    `do_complete` is asked, without jedi, and then looks each match up as if it were a name, for its type; where all of
    them begin with a dot it writes before them what stands before the cursor."""
    quick.run("%config IPCompleter.use_jedi = False")
    quick.run("mood = 'noon'; from PIL import Image; Image.new('RGB', (32, 18)).save('.fox.png')")
    for code, match in (
        ("%%veo --asp", "--aspect-ratio"),
        ("%%veo -a ", "16:9"),
        ("%%veo\nA fox, {{mo", "mood}}"),
        ("%veo sh", "show"),
    ):
        assert match in complete(quick, code)[1]
        assert quick.value(f"'found' in get_ipython().object_inspect({match!r})") == "True"
    # Behind a blank nothing is written before it.
    code = "%%veo --image .f"
    reply = ask(quick, code, len(code))
    assert (reply["matches"], code[: reply["cursor_start"]][-1]) == ([".fox.png"], " ")


def test_a_kernel_that_sends_one_line_alone_completes_what_that_line_says(quick):
    """What a host gets that has switched IPython's newer interface off."""
    quick.run("get_ipython().kernel.use_experimental_completions = False; mood = 'noon'")
    assert complete(quick, "%%veo --asp\nA fox.", len("%%veo --asp")) == ("--asp", ["--aspect-ratio"])
    assert complete(quick, "%veo sh") == ("sh", ["show"])
    # Which cell the line is in it does not know.
    assert "mood}}" not in complete(quick, "%%veo\nA fox, {{mo")[1]
