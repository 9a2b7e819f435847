"""Those who hear of what happens to something."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

from veo_nb.store.changes import Changes, changes_of


def test_all_who_listen_hear_of_a_change_until_they_no_longer_want_to():
    changed: Changes[str] = Changes("job 3f2a")
    first: list[str] = []
    second: list[str] = []
    assert not changed
    end_first, end_second = changed.listen(first.append), changed.listen(second.append)
    assert len(changed) == 2
    changed.emit("3f2a")
    end_first()
    changed.emit("9c24")
    assert (first, second) == (["3f2a"], ["3f2a", "9c24"])
    end_second()
    end_second()
    assert not changed


def test_a_listener_that_breaks_stops_nobody(caplog):
    changed: Changes[str] = Changes("job 3f2a")
    changes: list[str] = []

    def broken(changed: str) -> None:
        raise ZeroDivisionError(changed)

    changed.listen(broken)
    changed.listen(changes.append)
    changed.emit("3f2a")
    assert changes == ["3f2a"]
    assert "a listener of job 3f2a broke" in caplog.text


def test_a_listener_may_wait_for_another_thread_that_has_something_to_say_as_well():
    """psygnal calls under a lock of its own; then both would wait for ever."""
    changed: Changes[str] = Changes("the library")
    heard: list[str] = []

    def listen(event: str) -> None:
        heard.append(event)
        if event == "first":
            other = threading.Thread(target=changed.emit, args=("second",), daemon=True)
            other.start()
            other.join(10)
            assert not other.is_alive()

    changed.listen(listen)
    changed.emit("first")
    assert heard == ["first", "second"]


def test_a_listener_may_end_itself_and_others_while_it_is_called():
    changed: Changes[str] = Changes("the library")
    heard: list[str] = []
    ends: list[Callable[[], None]] = []

    def once(event: str) -> None:
        heard.append(event)
        for end in ends:
            end()

    ends.append(changed.listen(once))
    ends.append(changed.listen(lambda event: None))
    changed.emit("first")
    changed.emit("second")
    assert (heard, len(changed)) == (["first"], 0)


def test_the_same_listener_may_be_there_twice_and_is_held():
    changed: Changes[str] = Changes("the library")
    heard: list[str] = []

    class Listens:
        def hear(self, event: str) -> None:
            heard.append(event)

    end = changed.listen(Listens().hear)
    listener = heard.append
    end_second, _ = changed.listen(listener), changed.listen(listener)
    gc.collect()
    changed.emit("a")
    assert heard == ["a"] * 3
    end_second()
    end()
    changed.emit("b")
    assert heard == ["a", "a", "a", "b"]


def test_a_library_has_one_stream_however_its_folder_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stream = changes_of(tmp_path / "library")
    assert changes_of(Path("library")) is stream
    assert changes_of(tmp_path / "other") is not stream
    gone = weakref.ref(stream)
    del stream
    gc.collect()
    assert gone() is None
