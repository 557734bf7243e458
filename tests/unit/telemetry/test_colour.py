import io
import re

import pytest

from sidecar.telemetry.colour import has_colour, paint


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "expected"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(stream, environment, expected):
    assert has_colour(stream, environment) is expected


@pytest.mark.parametrize("hue", ["bold", "dim", "red", "green", "yellow"])
def test_a_colour_ends_where_the_text_does(hue):
    assert re.fullmatch(r"\x1b\[\d+mtext\x1b\[0m", paint("text", hue))
