"""Those who hear of what happens to something."""

from __future__ import annotations

from veo_nb.store.listeners import Listeners


def test_all_who_listen_hear_of_a_change_until_they_no_longer_want_to():
    changed: Listeners[str] = Listeners("job 3f2a")
    first: list[str] = []
    second: list[str] = []
    assert not changed
    end_first, end_second = changed.subscribe(first.append), changed.subscribe(second.append)
    assert len(changed) == 2
    changed.tell("3f2a")
    end_first()
    changed.tell("9c24")
    assert (first, second) == (["3f2a"], ["3f2a", "9c24"])
    end_second()
    end_second()
    assert not changed


def test_a_listener_that_breaks_stops_nobody(caplog):
    changed: Listeners[str] = Listeners("job 3f2a")
    changes: list[str] = []

    def broken(changed: str) -> None:
        raise ZeroDivisionError(changed)

    changed.subscribe(broken)
    changed.subscribe(changes.append)
    changed.tell("3f2a")
    assert changes == ["3f2a"]
    assert "a listener of job 3f2a broke" in caplog.text
