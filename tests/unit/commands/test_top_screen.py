"""What `sidecar top` shows and what its keys do, without a terminal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.commands.top_view import View, plain, pressed, screen
from tests.support.summaries import summary, upstream


def texts(view, width=80, height=24):
    return [line.text for line in screen(view, width, height)]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), max_size=40),
    st.integers(20, 200),
    st.integers(4, 60),
)
def test_a_screen_is_never_larger_than_the_terminal(names, width, height):
    view = View(summary=summary(*map(upstream, names)))
    lines = texts(view, width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width


def test_names_are_as_long_as_there_is_room():
    view = View(summary=summary(upstream("a-name-that-is-rather-long")))
    assert "a-name-that-is-rather-long " in texts(view, width=120)[4]
    assert texts(view)[4].startswith("a-name-that~ ")


def test_before_the_first_answer_it_says_that_it_asks_or_why_there_is_none():
    assert texts(View())[0] == "sidecar: asking"
    assert texts(View(reason="no answer from x"))[0] == "sidecar: no answer from x"


def test_the_header_says_what_went_wrong_and_what_waits():
    errors = summary()["total"]
    errors["rate"] = 12.0
    errors["errors"] = {"count": 3, "ratio": 0.25, "classes": {"timeout": 2, "other": 1, "x": 0}}
    queue = {"up": True, "depth": {"queued": 3, "failed": 1, "sending": 0}}
    view = View(summary=summary(total=errors, queue=queue))
    assert (
        texts(view)[1] == "12.0 calls/s  errors 25% (timeout 2, other 1)  queue: 3 queued, 1 failed"
    )
    view = View(summary=summary(queue={"up": False, "depth": {}}))
    assert texts(view)[1].endswith("queue: down")
    view = View(summary=summary(queue={"up": True, "depth": {}}))
    assert texts(view)[1].endswith("queue: empty")


def test_a_configuration_that_was_not_reloaded_is_said():
    failed = {"reload": {"ok": False, "error": "x"}}
    assert "the configuration was not reloaded" in texts(View(summary=summary(config=failed)))[0]
    done = {"reload": {"ok": True, "error": None}}
    assert "reloaded" not in texts(View(summary=summary(config=done)))[0]


@pytest.mark.parametrize(
    ("state", "ratio", "hue"),
    [
        ("closed", 0.0, None),
        ("closed", None, None),
        ("closed", 0.02, "yellow"),
        ("half_open", 0.0, "yellow"),
        ("open", 0.0, "red"),
        ("forced_open", 0.5, "red"),
    ],
)
def test_rows_that_want_attention_have_a_colour(state, ratio, hue):
    view = View(summary=summary(upstream("api", state=state, ratio=ratio)))
    assert screen(view)[4].hue == hue


def test_what_was_lost_is_red_and_stays():
    view = View(summary=summary(upstream("api")), lost=4.2, reason="refused")
    first, *rest = screen(view)
    assert first.text.endswith("lost 4 s ago, retrying")
    assert first.hue == "red"
    assert any(line.text.startswith("api") for line in rest)


@pytest.mark.parametrize(
    ("keys", "changes"),
    [
        ("q", {"over": True}),
        ("Q", {"over": True}),
        ("s", {"sort": "rate"}),
        ("sssss", {"sort": "worst"}),
        ("w", {"window": "5m"}),
        ("www", {"window": "1m"}),
        (" ", {"paused": True}),
        ("  ", {"paused": False}),
        ("fab\r", {"filter": "ab", "editing": False}),
        ("/q\n", {"filter": "q", "over": False}),
        ("fab\x7f", {"filter": "a", "editing": True}),
        ("f\x7f\x7f", {"filter": "", "editing": True}),
        ("x?\t\x00", {}),
        ("\x1b[A\x1bOB\x1b[3~", {}),
        ("\x1b[Aq", {"over": True}),
        ("f" + "x" * 99, {"filter": "x" * 40, "editing": True}),
    ],
)
def test_keys(keys, changes):
    view = pressed(View(), keys)
    assert {name: getattr(view, name) for name in changes} == changes
    if not changes:
        assert view == View()


def test_escape_drops_the_filter():
    assert pressed(View(filter="ab"), "\x1b").filter == ""
    view = pressed(View(filter="ab", editing=True), "\x1b")
    assert (view.filter, view.editing) == ("", False)


def test_the_filter_lets_through_what_has_it_in_its_name_whatever_the_case():
    view = View(summary=summary(upstream("Gemini"), upstream("supabase")), filter="gem")
    shown = plain(view)
    assert "Gemini" in shown
    assert "supabase" not in shown
