"""Who hears of what happens in a library."""

from __future__ import annotations

from veo_nb.jobs.news import News


def test_all_who_listen_hear_of_a_change_until_they_no_longer_want_to():
    news = News()
    first: list[str] = []
    second: list[str] = []
    assert not news.heard
    end_first, end_second = news.subscribe(first.append), news.subscribe(second.append)
    assert news.heard
    news.tell("3f2a")
    end_first()
    news.tell("9c24")
    assert (first, second) == (["3f2a"], ["3f2a", "9c24"])
    end_second()
    end_second()
    assert not news.heard


def test_a_listener_that_breaks_stops_nobody(caplog):
    news = News()
    heard: list[str] = []

    def broken(changed: str) -> None:
        raise ZeroDivisionError(changed)

    news.subscribe(broken)
    news.subscribe(heard.append)
    news.tell("3f2a")
    assert heard == ["3f2a"]
    assert "broke at '3f2a'" in caplog.text
