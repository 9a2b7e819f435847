"""Who hears of what happens in a library."""

from __future__ import annotations

from veo_nb.jobs.news import News


def test_all_who_listen_hear_of_a_change_until_they_no_longer_want_to():
    news, heard = News(), []
    assert not news.heard
    ends = [news.subscribe(lambda changed, who=who: heard.append((who, changed))) for who in "ab"]
    assert news.heard
    news.tell("3f2a")
    ends[0]()
    news.tell("9c24")
    assert heard == [("a", "3f2a"), ("b", "3f2a"), ("b", "9c24")]
    ends[1]()
    ends[1]()
    assert not news.heard


def test_a_listener_that_breaks_stops_nobody(caplog):
    news, heard = News(), []
    news.subscribe(lambda changed: 1 / 0)
    news.subscribe(heard.append)
    news.tell("3f2a")
    assert heard == ["3f2a"]
    assert "division by zero" in caplog.text
