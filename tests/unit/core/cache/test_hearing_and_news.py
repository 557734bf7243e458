import pytest

from sidecar.core.cache.hearing import Hearing
from sidecar.core.cache.news import EVERYTHING, MOST_BANS, MOST_TAGS, Ban, News, Outbox


def hearing(since=None, until=None):
    subject = Hearing(5.0)
    if since is not None:
        subject.begin(since)
    if until is not None:
        subject.heard(until)
    return subject


@pytest.mark.parametrize(
    ("subject", "asked_at", "checked_at", "now", "due"),
    [
        (hearing(), 100, 0, 105, False),
        (hearing(), 100, 0, 105.1, True),
        (hearing(), 100, 103, 108, False),
        (hearing(), 100, 103, 108.1, True),
        # what was asked for while everything was heard is good for as long as it is
        (hearing(50, 200), 100, 0, 200, False),
        (hearing(50, 200), 100, 0, 205, False),
        (hearing(50, 200), 100, 0, 205.1, True),
        # what is older than that may have been missed, until it was looked up late enough
        (hearing(150, 200), 100, 0, 200, True),
        (hearing(150, 200), 100, 151, 200, True),
        (hearing(150, 200), 100, 155, 200, False),
        (hearing(150, 200), 150, 0, 200, False),
    ],
)
def test_what_is_not_known_to_be_current_for_a_while_is_looked_up(
    subject, asked_at, checked_at, now, due
):
    assert subject.is_due(asked_at, checked_at, now) is due


def test_hearing_begins_anew_after_a_gap():
    subject = hearing(50, 200)
    subject.heard(190)
    assert subject.known_at(60, 0) == 200
    subject.begin(300)
    subject.heard(310)
    assert subject.known_at(60, 0) == 60
    assert subject.known_at(301, 0) == 310
    assert repr(subject) == "<Hearing since 300.000 until 310.000>"


def test_a_calendar_that_is_set_back_takes_nothing_of_what_is_heard_from_then_on():
    subject = hearing(150, 200)
    subject.set_back(100)
    assert subject.known_at(120, 0) == 120
    subject.heard(130)
    assert subject.known_at(120, 0) == 130


def test_a_calendar_that_is_set_back_begins_no_hearing():
    subject = hearing()
    subject.set_back(100)
    subject.heard(130)
    assert subject.known_at(120, 0) == 120


def test_news_are_told_as_one_and_once():
    box = Outbox()
    assert box.take() is None
    box.put(News(("a",), ("s",)))
    box.put(News(("a", "b"), bans=(Ban("api", "/x", soft=True),)))
    assert repr(box) == "<Outbox of 4 news>"
    assert box.take() == News(("a", "b"), ("s",), (Ban("api", "/x", soft=True),))
    assert box.take() is None


@pytest.mark.parametrize(
    "news",
    [
        News(tuple(map(str, range(MOST_TAGS)))),
        News(bans=tuple(Ban("api", f"/{n}", soft=True) for n in range(MOST_BANS))),
    ],
)
def test_too_much_to_tell_is_everything(news):
    box = Outbox()
    box.put(news)
    assert box.take() == news
    box.put(news)
    box.put(News(soft=("one more",), bans=(Ban("api", "/more", soft=True),)))
    assert box.take() == EVERYTHING
