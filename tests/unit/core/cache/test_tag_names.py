import itertools
import json

import pytest

from sidecar.core.cache.model import Entry, Head, Plan
from sidecar.core.cache.purge import Purge, target_tag
from sidecar.core.cache.tables import TableRules, Tables
from sidecar.core.cache.tag_names import TagNames, for_others, is_told
from sidecar.core.cache.told import tables_written
from sidecar.core.cache.writes import write_tags
from tests.support.builders import request

NAMES = TagNames(b"secret")
RULES = TableRules(
    functions={"archive": ("messages",), "now": ()},
    views={"inbox": ("messages", "people")},
    related={"people": ("messages",)},
)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("api/messages!", True),
        ("api/*", True),
        ("api/?", True),
        ("api/@0123", True),
        ("api/#mine", True),
        ("api/=/rest/v1/messages?id=eq.1", True),
        ("~0123", True),
        ("media:4711", True),
        ("api/messages", False),
        ("api/messages.id", False),
        ("api/messages.id=5", False),
        ("api/private/messages", False),
    ],
)
def test_others_are_told_of_what_they_would_call_the_same(name, told):
    (tag,) = NAMES.of([name])
    assert is_told(tag) is told


def test_a_tag_gives_nothing_away_and_is_the_same_for_all_who_share_the_secret():
    (tag,) = NAMES.of(["api/messages.phone=4917012345"])
    assert "4917012345" not in tag
    assert len(tag) == 25
    assert TagNames(b"secret").of(["api/messages.phone=4917012345"]) == (tag,)
    assert TagNames(b"other").of(["api/messages.phone=4917012345"]) != (tag,)


def test_a_write_drops_rows_here_and_the_table_elsewhere():
    change = NAMES.change(["api/?", "api/messages.id=5", for_others("api/messages!")])
    assert change.here == NAMES.of(["api/?", "api/messages.id=5"])
    assert change.told == NAMES.of(["api/?", "api/messages!"])


READS = [
    "/rest/v1/messages",
    "/rest/v1/messages?id=eq.1",
    "/rest/v1/messages?chat_id=eq.7&select=*",
    "/rest/v1/messages?id=eq.2&select=*,people(name)",
    "/rest/v1/people?select=id,messages(*)",
    "/rest/v1/inbox?id=eq.1",
    "/rest/v1/rpc/archive?x=1",
    "/rest/v1/rpc/unknown?x=1",
    "/rest/v1/others?id=eq.1",
    "/auth/v1/user",
]
WRITES = [
    ("POST", "/rest/v1/messages", {"id": 1, "chat_id": 7}),
    ("POST", "/rest/v1/messages", None),
    ("PATCH", "/rest/v1/messages?id=eq.1", {"text": "x"}),
    ("PATCH", "/rest/v1/messages?chat_id=eq.7", {"chat_id": 8}),
    ("DELETE", "/rest/v1/messages?id=eq.2", None),
    ("DELETE", "/rest/v1/people?id=eq.2", None),
    ("PATCH", "/rest/v1/inbox?id=eq.1", {"x": 1}),
    ("POST", "/rest/v1/rpc/archive", {}),
    ("POST", "/rest/v1/rpc/now", {}),
    ("POST", "/rest/v1/rpc/unknown", {}),
    ("PUT", "/rest/v1/others?id=eq.1", {"id": 1}),
    ("POST", "/auth/v1/token", {}),
]


@pytest.mark.parametrize(("target", "write"), list(itertools.product(READS, WRITES)))
def test_whatever_a_write_drops_here_others_who_know_other_columns_drop_too(target, write):
    method, at, body = write
    data = json.dumps(body).encode() if body is not None else None
    writing = request(method, at, body=data)
    here, elsewhere = Tables(RULES), Tables(RULES)
    for read in ("/rest/v1/messages?id=eq.9", "/rest/v1/messages?chat_id=eq.9", target):
        carried = here.read_tags(request("GET", read))
    if set(carried) & set(write_tags(here, writing, None)):
        assert set(carried) & set(tables_written(elsewhere, writing))


def test_a_row_that_is_written_elsewhere_is_dropped_by_the_tag_of_its_table_only():
    """What others call its rows, and what this one does, have nothing in common."""
    reading, writing = Tables(RULES), Tables(RULES)
    carried = set(reading.read_tags(request("GET", "/rest/v1/messages?id=eq.1")))
    write = request("PATCH", "/rest/v1/messages?id=eq.1", body=b'{"text": "x"}')
    assert not carried & set(write_tags(writing, write, None))
    assert carried & set(tables_written(writing, write)) == {"messages!"}


def test_what_is_not_about_tables_tells_of_none():
    assert tables_written(Tables(RULES), request("POST", "/auth/v1/token")) == ()


def test_a_target_is_the_same_in_whatever_order_its_query_is():
    assert target_tag("/a?x=1&b=2") == target_tag("/a?b=2&x=1")
    assert target_tag("/a?x=1") != target_tag("/a?x=2") != target_tag("/a")


def test_a_purge_without_tags_is_by_path():
    tags = (("", 0), ("t", 1))
    subject = Entry(Head(200, b"OK", []), b"", 0.0, Plan(1.0), tags, upstream="api", path="/a")
    assert Purge(("t", "u")).meets(subject)
    assert not Purge(("u",)).meets(subject)
    assert Purge().meets(subject)
    assert Purge((), "api", "/a").meets(subject)
    assert not Purge((), "api", "/b").meets(subject)
    assert not Purge((), "other").meets(subject)
