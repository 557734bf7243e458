"""Figures and how they are shown."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.demo.figures import Durations, Figures
from sidecar.demo.screen import Screen
from sidecar.demo.table import WIDTH, failures, seconds, table

GOLDEN = """\
                       calls     p50     p95     p99  slowest  errors new conns
Supabase     direct     1000   501ms   947ms   985ms    45.0s    2.0%      1000
             sidecar       2    10ms    20ms    20ms     20ms   50.0%         1
Gemini       direct        0       -       -       -        -       -
             sidecar       0       -       -       -        -       -"""


def filled() -> Figures:
    figures = Figures(("Supabase", "Gemini"))
    for n in range(1, 1000):
        figures.add(("Supabase",), "direct", seconds=n / 1000, outcome="ok" if n > 19 else "503")
    figures.add(("Supabase",), "direct", seconds=45.0, outcome="timeout")
    figures.add(("Supabase",), "sidecar", seconds=0.01, outcome="ok")
    figures.add(("Supabase",), "sidecar", seconds=0.02, outcome="first_byte_timeout")
    figures.rows["Supabase", "direct"].connections = 1000
    figures.rows["Supabase", "sidecar"].connections = 1
    return figures


def test_the_table_is_as_it_was():
    assert "\n".join(table(filled())) == GOLDEN


def test_no_line_is_wider_than_a_terminal():
    figures = Figures(("App requests",))
    for _ in range(3):
        figures.add(("App requests",), "direct", seconds=999.0, outcome="broken")
    figures.rows["App requests", "direct"].durations.count = 9_999_999
    figures.rows["App requests", "direct"].connections = 9_999_999

    assert max(map(len, table(figures))) <= WIDTH


def test_colour_changes_no_text():
    plain, coloured = table(filled()), table(filled(), colour=True)

    assert coloured != plain
    assert [
        line.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "")
        for line in coloured
    ] == plain


def test_failures_are_named_the_most_frequent_first():
    figures = filled()

    assert failures(figures, "Supabase", "direct") == "19 x 503, 1 x timeout"
    assert failures(figures, "Supabase", "sidecar") == "1 x first_byte_timeout"
    assert failures(figures, "Gemini", "direct") == "none"


def test_rare_failures_are_summed_up():
    figures = Figures(("All",))
    for outcome in ("a", "a", "b", "c", "d", "e", "f"):
        figures.add(("All",), "direct", seconds=1.0, outcome=outcome)

    assert failures(figures, "All", "direct") == "2 x a, 1 x b, 1 x c, 1 x d, 2 others"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), (0.0004, "0ms"), (0.087, "87ms"), (0.9994, "999ms"), (0.9996, "1.00s"),
     (1.234, "1.23s"), (9.996, "10.0s"), (45.0, "45.0s")],
)  # fmt: skip
def test_durations_have_three_digits(value, shown):
    assert seconds(value) == shown


@given(st.lists(st.floats(1e-5, 1000.0), min_size=1, max_size=200), st.floats(0.01, 1.0))
def test_quantiles_are_those_of_the_sorted_list_to_one_percent(values, q):
    durations = Durations()
    for value in values:
        durations.add(value)
    exact = sorted(values)[max(0, -(-len(values) * q // 1).__int__() - 1)]

    assert durations.quantile(q) == pytest.approx(exact, rel=0.0101)
    assert durations.slowest == max(values)


def test_the_json_holds_both_arms_of_every_subject():
    report = json.loads(json.dumps(filled().as_json()))

    assert report["Supabase"]["direct"]["errors_percent"] == 2.0
    assert report["Supabase"]["sidecar"]["outcomes"] == {"first_byte_timeout": 1, "ok": 1}
    assert report["Gemini"]["direct"]["p95_ms"] is None


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_live_screen_redraws_in_place_until_something_is_said():
    stream = Terminal()
    screen = Screen(stream, live=True, colour=False)

    screen.draw(["one", "two"])
    screen.draw(["three"])
    screen.say("end")
    screen.draw(["four"])

    assert stream.getvalue() == "one\ntwo\n\x1b[2A\x1b[Jthree\nend\nfour\n"


def test_a_screen_that_is_no_terminal_never_moves_the_cursor():
    stream = io.StringIO()
    screen = Screen.on(stream)

    screen.draw(["one"])
    screen.draw(["two"])

    assert stream.getvalue() == "one\ntwo\n"
