"""What comparisons are counted as, and the table that is made of them."""

import pytest

from scripts.client_matrix import renewed, tables
from scripts.documents import markers
from tests.e2e.client_record import SUBJECTS, counted, feature, merged, subjects

PYWA = {
    "provider": "WhatsApp",
    "version": "4.5.0",
    "tests": {
        "one": {"prefix": {"send": [2, 2], "media": [1, 2]}, "port": {"send": [2, 2]}},
        "two": {"prefix": {"send": [1, 1]}, "port": {"send": [1, 1], "media": [2, 2]}},
    },
}
HEYOO = {"provider": "WhatsApp", "version": "", "tests": {"one": {"prefix": {"send": [1, 1]}}}}


def lines(**answers):
    return [{"check": f"{name.replace('_', ' ')}: x", "answer": it} for name, it in answers.items()]


@pytest.mark.parametrize(
    ("check", "name"),
    [
        ("send: text", "send"),
        ("async generate: text", "generate"),
        ("invalid token send: text", "send"),
        ("gzip-sse", "events"),
    ],
)
def test_a_check_belongs_to_a_feature(check, name):
    assert feature(check) == name


def test_equal_answers_are_counted_by_feature():
    (subject,) = subjects("test_pywa", None)
    here, there = lines(send=1, media=1, read=1), lines(send=1, media=2, read=1)
    counts = counted(subject, [subject], here + here, there + there)
    assert counts == {"send": [2, 2], "media": [0, 2], "read": [2, 2]}


def test_two_clients_in_one_transcript_are_told_apart_by_their_labels():
    both = subjects("test_js_clients", None)
    same = lines(send=1, api_js_send=1)
    same[1]["check"] = "api-js send: x"
    assert [counted(each, both, same, same) for each in both] == [{"send": [1, 1]}] * 2


def test_a_module_by_client_has_the_client_of_the_parameter():
    assert [each.name for each in subjects("test_clients", "httpx")] == ["httpx"]
    assert subjects("test_mix", None) == ()


def test_counts_of_other_tests_and_ways_stay_and_those_of_the_same_are_replaced():
    subject = SUBJECTS["test_clients"][-1]
    record = merged({}, subject, "one", "prefix", {"a": [0, 1]})
    record = merged(record, subject, "one", "prefix", {"a": [1, 1]})
    record = merged(record, subject, "one", "port", {"a": [1, 1], "b": [0, 1]})
    record = merged(record, subject, "two", "port", {"a": [1, 1]})
    assert record["fetch"]["tests"] == {
        "one": {"prefix": {"a": [1, 1]}, "port": {"a": [1, 1], "b": [0, 1]}},
        "two": {"port": {"a": [1, 1]}},
    }


def test_the_table_says_more_where_not_all_was_equal():
    rows = tables({"pywa": PYWA, "heyoo": HEYOO}).splitlines()
    assert "| WhatsApp | pywa 4.5.0 | heyoo |" in rows
    assert "| send | 3 | prefix 1/1, port none |" in rows
    assert "| media | prefix 1/2, port 2/2 |  |" in rows


def test_the_document_is_renewed_between_its_markers():
    begin, end = markers("clients")
    text = f"# Title\n{begin}old\n{end}after\n"
    made = renewed(text, {"pywa": PYWA})
    assert made.startswith("# Title\n")
    assert made.endswith(f"{end}after\n")
    assert "old" not in made
    assert renewed(made, {"pywa": PYWA}) == made


def test_a_document_without_markers_is_refused():
    with pytest.raises(ValueError, match="no <!-- clients -->"):
        renewed("# Title\n", {})
