import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.status_webhook import TAG, Status, statuses, tagged


def webhook(*found):
    return json.dumps({"entry": [{"changes": [{"value": {"statuses": list(found)}}]}]}).encode()


def status(word="sent", tag="t", message="wamid.1"):
    return {"id": message, "status": word, TAG: tag, "recipient_id": "49"}


@pytest.mark.parametrize(
    ("word", "became"),
    [
        ("sent", "delivered"),
        ("delivered", "delivered"),
        ("read", "delivered"),
        ("failed", "failed"),
    ],
)
def test_a_status_says_what_became_of_the_message(word, became):
    assert statuses(webhook(status(word))) == [Status("t", "wamid.1", became, word)]


def test_statuses_without_a_tag_or_with_an_unknown_word_say_nothing():
    no_tag = {"id": "wamid.1", "status": "sent"}
    assert statuses(webhook(no_tag, status("warning"), 5, None, status(tag=7))) == []


def test_all_statuses_of_all_entries_are_read():
    one = {"changes": [{"value": {"statuses": [status(tag="a")]}}, {"value": {"messages": []}}]}
    two = {"changes": [{"value": {"statuses": [status(tag="b"), status(tag="c")]}}]}
    found = statuses(json.dumps({"entry": [one, two]}).encode())
    assert [each.tag for each in found] == ["a", "b", "c"]


def test_the_number_of_statuses_is_bounded():
    assert len(statuses(webhook(*[status()] * 1500))) == 1000


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"5", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_json_object_is_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011 - of any kind
        statuses(data)


@pytest.mark.parametrize("data", [b"{}", b'{"entry": 5}', b'{"entry": [{"changes": {}}]}'])
def test_an_object_of_another_kind_says_nothing(data):
    assert statuses(data) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"to":"49"}', b'{"to":"49","biz_opaque_callback_data":"id"}'),
        (b'{ "a" : 1.0 }\n', b'{ "a" : 1.0 ,"biz_opaque_callback_data":"id"}\n'),
        (b"{}", b'{"biz_opaque_callback_data":"id"}'),
        (b"{ }", b'{ "biz_opaque_callback_data":"id"}'),
    ],
)
def test_the_tag_is_added_and_all_other_bytes_stay(body, expected):
    assert tagged(body, "id") == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"biz_opaque_callback_data":"mine"}',
        b'{"a":"' + b"x" * 300_000 + b'"}',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-16-be"),
        b"[" * 100_000,
    ],
    ids=["empty", "list", "broken", "tagged", "large", "utf-16", "utf-16-be", "deep"],
)
def test_what_has_a_tag_or_is_no_object_stays_as_it_is(body):
    assert tagged(body, "id") == body


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text().filter(lambda name: name != TAG), JSON), st.text())
def test_a_tagged_object_is_the_same_object_with_a_tag(value, tag):
    assert json.loads(tagged(json.dumps(value).encode(), tag)) == {**value, TAG: tag}
