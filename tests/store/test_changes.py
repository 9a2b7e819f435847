"""Those who hear of what happens to something."""

from __future__ import annotations

from veo_nb.store.changes import Changes


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
