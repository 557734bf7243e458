"""What the demonstration says around its table."""

import json
import shlex

import pytest

from sidecar.demo.figures import ARMS, Figures
from sidecar.demo.load import SUBJECTS
from sidecar.demo.table import WIDTH
from sidecar.demo.targets import PROVIDERS
from sidecar.demo.words import (
    ABOUT,
    HONEST,
    STILL_RUNNING,
    curl_lines,
    failure_lines,
    simulated_lines,
)

CURLS = curl_lines("http://127.0.0.1:54321", "http://127.0.0.1:54322")
URLS = dict.fromkeys(PROVIDERS, "http://127.0.0.1:54321")


def failed() -> Figures:
    figures = Figures(SUBJECTS)
    for arm in ARMS:
        for outcome in ("first_byte_timeout", "stale_connection", "upstream_reset", "broken", "x"):
            for _ in range(1000):
                figures.add(("All calls",), arm, seconds=1.0, outcome=outcome)
    return figures


@pytest.mark.parametrize(
    "lines", [ABOUT, HONEST, STILL_RUNNING, CURLS, simulated_lines(URLS), failure_lines(failed())]
)
def test_no_line_is_wider_than_a_terminal(lines):
    assert max(map(len, lines)) <= WIDTH


def test_failures_that_need_a_second_line_are_indented():
    lines = failure_lines(failed())

    assert lines[1].startswith("  direct   1000 x ")
    assert lines[2].startswith(" " * 11)
    assert " ".join(lines).count("1000 x ") == 2 * 4


def test_without_failures_each_arm_says_none():
    assert failure_lines(Figures(SUBJECTS))[1:] == ["  direct   none", "  sidecar  none"]


def test_every_provider_has_its_port_in_one_piece():
    text = "\n".join(simulated_lines(URLS))

    assert all(f"{provider} :54321" in text for provider in PROVIDERS)


def commands() -> list[list[str]]:
    """The printed commands as a shell takes them apart."""
    return [shlex.split(part) for part in "\n".join(CURLS[1:]).split("  curl ")[1:]]


def test_the_printed_commands_are_what_a_shell_understands():
    assert [command[-1].partition("/")[0] for command in commands()] == ["http:"] * 5
    bodies = [
        json.loads(command[command.index("-d") + 1]) for command in commands() if "-d" in command
    ]
    assert [min(body) for body in bodies] == ["messaging_product", "contents"]


def test_every_command_whose_answer_has_no_last_newline_adds_one():
    endings = ["-w" in command and command[command.index("-w") + 1] for command in commands()]

    assert endings == [r"\n", r"\n", r"\n", False, r"\n"]
