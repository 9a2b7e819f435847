"""What is given away names no key and no place on this machine."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veo_nb.notebook.export.redaction import Discretion

HOME = PurePosixPath("/home/ada")
LIBRARY = HOME / "work" / "veo_library"
SECRET = "sk-live-9f8e7d6c5b4a"
discretion = Discretion(
    [SECRET, "", "short"], [HOME, LIBRARY, PurePosixPath("/"), PureWindowsPath(r"C:\Users\ada")]
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"Refused: {SECRET} is not valid", "Refused: [key] is not valid"),
        ("Refused: sk-another0key is not valid", "Refused: [key] is not valid"),
        ("AIza" + "x" * 35, "[key]"),
        (f"{LIBRARY}/2026-11-22/fox.mp4", "2026-11-22/fox.mp4"),
        (f"as in {HOME}/fox.png, and {HOME}", "as in fox.png, and "),
        (f"{HOME}/my clips/fox.png", "my clips/fox.png"),
        ("/home/adalbert/fox.png", "fox.png"),
        (f"file://{HOME}/fox.png and file:///srv/x/owl.png", "fox.png and owl.png"),
        (r"C:\Users\ada\fox.png", "fox.png"),
        ("a short fox, 16/9 and/or 4:3", "a short fox, 16/9 and/or 4:3"),
        ("There is no image file /data/photos/fox.png.", "There is no image file fox.png."),
        ("/tmp/x/a.mp4 and ~/clips/b.mp4 are gone", "a.mp4 and b.mp4 are gone"),
        (r"D:\clips\a.mp4 is gone", "a.mp4 is gone"),
        ("See https://example.com/a/b and 1/2/3.", "See https://example.com/a/b and 1/2/3."),
        ("Made in 1:12 · about $3.20", "Made in 1:12 · about $3.20"),
    ],
)
def test_keys_are_left_out_and_of_a_path_the_last_name_is_left(text, left):
    assert discretion.words(text) == left


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_key_and_no_known_folder_is_ever_left(before, after):
    text = f"{before}{SECRET}{after} {LIBRARY}/{after}"
    assert SECRET not in discretion.words(text)
    assert str(LIBRARY) not in discretion.words(text)


def test_all_texts_of_plain_values_are_gone_through():
    value = {"a": [f"{HOME}/x", {"b": (SECRET, 1, None, True)}], "c": 2.5}
    assert discretion.data(value) == {"a": ["x", {"b": ["[key]", 1, None, True]}], "c": 2.5}
