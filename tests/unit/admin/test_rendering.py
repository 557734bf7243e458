import pytest
from aiohttp.test_utils import make_mocked_request

from sidecar.admin.rendering import as_text, wants_text


@pytest.mark.parametrize(
    ("target", "headers", "text"),
    [
        ("/", {}, False),
        ("/", {"Accept": "*/*"}, False),
        ("/", {"Accept": "*/*", "User-Agent": "curl/8.5.0"}, True),
        ("/", {"Accept": "application/json", "User-Agent": "curl/8.5.0"}, False),
        ("/", {"Accept": "text/plain"}, True),
        ("/", {"Accept": "text/html, application/json;q=0.9, text/plain;q=0.1"}, False),
        ("/?format=text", {"Accept": "application/json"}, True),
        ("/?format=json", {"Accept": "text/plain"}, False),
    ],
)
def test_people_get_text_and_programs_json(target, headers, text):
    assert wants_text(make_mocked_request("GET", target, headers=headers)) is text


def test_rows_are_a_table_without_the_lists_in_them():
    rows = [
        {"name": "a", "seconds_left": 1.5, "forced": {"to": "open", "why": None}, "last": [1]},
        {"name": "long", "seconds_left": None, "open": True},
    ]
    assert as_text(rows).splitlines() == [
        "NAME  SECONDS LEFT  FORCED          OPEN",
        "a     1.5           to open, why -  -",
        "long  -             -               yes",
    ]


def test_an_object_is_its_lines_and_then_its_tables():
    value = {"allowed": False, "active": [], "faults": [{"fault": "hang", "does": "a\nb"}]}
    assert as_text(value) == "allowed  no\n\nactive\nnone\n\nfaults\nFAULT  DOES\nhang   a b\n"


@pytest.mark.parametrize(("value", "text"), [([], "none\n"), ("x", "x\n"), (3, "3\n"), ({}, "\n")])
def test_whatever_an_endpoint_says_has_a_text(value, text):
    assert as_text(value) == text


def test_what_an_upstream_said_cannot_steer_a_terminal():
    said = "\x1b[2J\x1b]0;title\x07 \x9b31m \u202eabc\x7f \ud800 é 😀"
    shown = r"\x1b[2J\x1b]0;title\x07 \x9b31m \u202eabc\x7f \ud800 é 😀"
    assert as_text({"answer": said}) == f"answer  {shown}\n"
    assert as_text([{"a": {"b": said}}]) == f"A\nb {shown}\n"
