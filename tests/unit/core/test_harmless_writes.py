"""Which writes may be made twice."""

import json

import pytest

from sidecar.core.harmless import is_harmless
from tests.support.builders import request

MERGE = (b"Prefer", b"resolution=merge-duplicates")
RETURN = (b"Prefer", b"return=representation")


def write(method, target, body=None, *headers):
    data = b"" if body is None else json.dumps(body).encode()
    return request(method, target, list(headers), data)


@pytest.mark.parametrize(
    ("harmless", "change"),
    [
        (True, write("PATCH", "/rest/v1/t?id=eq.5", {"unread": 0})),
        (True, write("PATCH", "/rest/v1/t?id=eq.5&select=id", {"unread": 0}, RETURN)),
        (True, write("PATCH", "/rest/v1/t?id=eq.5&a.b=eq.1", {"unread": 0})),
        # what it asks for is not there any more when it was done
        (False, write("PATCH", "/rest/v1/jobs?id=eq.5&state=eq.free", {"state": "taken"})),
        (False, write("PATCH", "/rest/v1/jobs?data->>state=eq.free", {"data": {}})),
        (False, write("PATCH", "/rest/v1/jobs?or=(state.eq.free,id.eq.1)", {"state": "taken"})),
        (False, write("PATCH", "/rest/v1/jobs?not.and=(a.eq.1,b.eq.1)", {"x": 1})),
        (False, write("PATCH", "/rest/v1/jobs?x.or=(a.eq.1,b.eq.1)", {"x": 1})),
        (True, write("PATCH", "/rest/v1/jobs?organization_id=eq.1&order_no=eq.2", {"x": 1})),
        (False, write("PATCH", "/rest/v1/jobs?order_no=eq.2", {"order_no": 1})),
        (False, write("PATCH", "/rest/v1/jobs?limit=1&order=id&a=eq.1", {"x": 1})),
        (False, write("PATCH", "/rest/v1/t?id=eq.5", ["x"])),
        (False, write("PATCH", "/rest/v1/t?id=eq.5")),
        (False, request("PATCH", "/rest/v1/t?id=eq.5")),  # without a body, not even an empty one
        (True, write("DELETE", "/rest/v1/t?id=eq.5")),
        (False, write("DELETE", "/rest/v1/t?state=eq.old&order=id&limit=10")),  # it would go on
        (False, write("DELETE", "/rest/v1/t?state=eq.old&order=id&offset=10")),
        (False, write("DELETE", "/rest/v1/t?id=eq.5", None, RETURN)),
        (False, write("DELETE", "/rest/v1/t?id=eq.5", None, (b"Prefer", b"count=exact"))),
        (True, write("PUT", "/rest/v1/t?id=eq.5", {"id": 5})),
        (False, write("POST", "/rest/v1/t", {"id": 5})),
        (True, write("POST", "/rest/v1/t", {"id": 5}, MERGE)),
        (True, write("POST", "/rest/v1/t?on_conflict=a,b", [{"a": 1, "b": 2}], MERGE)),
        (False, write("POST", "/rest/v1/t?on_conflict=a,b", [{"a": 1}], MERGE)),
        (False, write("POST", "/rest/v1/t?on_conflict=a", [{"a": 1}, {"a": None}], MERGE)),
        (False, write("POST", "/rest/v1/t?columns=x", {"id": 5, "x": 1}, MERGE)),
        (True, write("POST", '/rest/v1/t?columns="id",x', {"id": 5, "x": 1}, MERGE)),
        (False, write("POST", "/rest/v1/t", [], MERGE)),
        (False, write("POST", "/rest/v1/t", {"x": 5}, MERGE)),
        (False, write("POST", "/rest/v1/rpc/f", {"id": 5}, MERGE)),
        (False, write("DELETE", "/auth/v1/user")),
        (False, write("PATCH", "/storage/v1/object/x", {"a": 1})),
    ],
)
def test_a_write_to_a_table_that_finds_the_same_rows_again(harmless, change):
    assert is_harmless("postgrest", change) is harmless
    assert not is_harmless("none", change)
    assert not is_harmless("graph", change)


@pytest.mark.parametrize(
    ("harmless", "target", "body"),
    [
        (True, "/v23.0/1/messages", {"status": "read", "message_id": "wamid.1"}),
        (False, "/v23.0/1/messages", {"to": "49", "type": "text", "text": {"body": "read"}}),
        (False, "/v23.0/1/messages", {"status": "read"}),
        (False, "/v23.0/1/media", {"status": "read", "message_id": "wamid.1"}),
        (False, "/v23.0/1/messages", ["read"]),
    ],
)
def test_a_message_is_marked_as_read_twice_but_never_sent_twice(harmless, target, body):
    assert is_harmless("graph", write("POST", target, body)) is harmless
    assert not is_harmless("postgrest", write("POST", target, body))


def test_what_is_no_json_or_not_in_memory_is_not_harmless():
    assert not is_harmless("graph", request("POST", "/v23.0/1/messages", [], b"{"))
