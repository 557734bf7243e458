"""The REST service over HTTP: statuses, headers, bodies, and who sees what."""

import csv
import gzip
import io

import pytest

from sidecar.demo.supabase import SERVICE_KEY
from sidecar.demo.supabase.ids import uuid_of
from sidecar.demo.supabase.jwt import sign
from sidecar.demo.supabase.project import PROJECT

ONE = {"Accept": "application/vnd.pgrst.object+json"}
BACK = {"Prefer": "return=representation"}


@pytest.mark.parametrize(
    ("target", "headers", "status", "content_range"),
    [
        ("/rest/v1/accounts", {}, 200, "0-3/*"),
        ("/rest/v1/accounts", {"Prefer": "count=exact"}, 200, "0-3/4"),
        ("/rest/v1/messages?limit=2", {"Prefer": "count=planned"}, 206, "0-1/2400"),
        ("/rest/v1/messages?limit=2&offset=3", {}, 200, "3-4/*"),
        ("/rest/v1/messages", {"Range": "5-6", "Range-Unit": "items"}, 200, "5-6/*"),
        ("/rest/v1/messages", {}, 200, "0-999/*"),
        ("/rest/v1/accounts?id=eq.0", {"Prefer": "count=exact"}, 200, "*/0"),
        ("/rest/v1/accounts?offset=9", {}, 200, "*/*"),
        ("/rest/v1/accounts?offset=9", {"Prefer": "count=exact"}, 416, None),
        ("/rest/v1/nothing", {}, 404, None),
        ("/rest/v1/rpc/nothing", {}, 404, None),
        ("/rest/v1/a/b/c", {}, 404, None),
        ("/rest/v1/accounts", {"Accept": "image/png"}, 406, None),
        ("/rest/v1/accounts", {"Accept-Profile": "secret"}, 406, None),
        ("/rest/v1/accounts", ONE, 406, None),
        ("/rest/v1/accounts", {"Authorization": "Bearer x.y.z"}, 401, None),
        ("/rest/v1/accounts", {"apikey": "wrong"}, 401, None),
    ],
)
async def test_a_read_is_answered(call, target, headers, status, content_range):
    answer = await call("GET", target, headers=headers)
    assert (answer.status, answer.headers.get("Content-Range")) == (status, content_range)


async def test_errors_name_their_code_in_the_body_and_in_proxy_status(call):
    answer = await call("GET", "/rest/v1/accounts", headers=ONE)
    body = await answer.json()
    assert set(body) == {"code", "details", "hint", "message"}
    assert body["code"] == "PGRST116"
    assert answer.headers["Proxy-Status"] == "PostgREST; error=PGRST116"
    head = await call("HEAD", "/rest/v1/nothing")
    assert (head.status, head.headers["Proxy-Status"]) == (404, "PostgREST; error=PGRST205")
    assert await head.read() == b""


async def test_head_has_the_count_and_no_body(call):
    answer = await call("HEAD", "/rest/v1/users", headers={"Prefer": "count=exact"})
    assert (answer.headers["Content-Range"], await answer.read()) == ("0-39/40", b"")


async def test_csv_is_one_line_a_row(call):
    answer = await call("GET", "/rest/v1/contacts?limit=2", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(await answer.text())))
    assert [row["tags"] for row in rows] == ["{new,fr,eu}", "{vip,de}"]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"


async def test_answers_are_compressed_only_when_asked(call):
    target = "/rest/v1/messages?limit=100"
    plain = await call("GET", target, headers={"Accept-Encoding": "gzip;q=0"})
    zipped = await call("GET", target, headers={"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(await zipped.read()) == await plain.read()


async def test_writes_answer_as_preferred(call):
    given = {"action": "x"}
    minimal = await call("POST", "/rest/v1/audit_logs", json=given)
    assert (minimal.status, await minimal.read()) == (201, b"")
    shown = await call("POST", "/rest/v1/audit_logs?select=id", json=given, headers=BACK)
    assert (shown.status, await shown.json()) == (201, [{"id": 2}])
    where = await call(
        "POST", "/rest/v1/audit_logs", json=given, headers={"Prefer": "return=headers-only"}
    )
    assert where.headers["Location"] == "/audit_logs?id=eq.3"
    changed = await call("PATCH", "/rest/v1/audit_logs?id=eq.3", json={"action": "y"})
    assert changed.status == 204
    gone = await call("DELETE", "/rest/v1/audit_logs?select=action&id=eq.3", headers=BACK)
    assert (gone.status, await gone.json()) == (200, [{"action": "y"}])


async def test_a_refused_write_changes_nothing(call):
    both = [
        {"name": "New", "email": "new@example.com"},
        {"name": "Old", "email": "user1@example.com"},
    ]
    answer = await call("POST", "/rest/v1/users", json=both)
    assert (answer.status, (await answer.json())["code"]) == (409, "23505")
    one = await call("PATCH", "/rest/v1/roles?id=gt.0", json={"name": "z"}, headers={**ONE, **BACK})
    assert one.status == 409
    left = await call("GET", "/rest/v1/users?email=eq.new@example.com")
    assert await left.json() == []


async def test_a_single_object_is_not_written_if_there_would_be_more(call):
    headers = {"Accept": ONE["Accept"], **BACK}
    answer = await call("DELETE", "/rest/v1/accounts?id=lt.3", headers=headers)
    assert answer.status == 406
    assert len(await (await call("GET", "/rest/v1/accounts")).json()) == 4


async def test_columns_and_json_text_decide_what_is_inserted(call):
    target = "/rest/v1/messages?columns=%22conversation_id%22,body"
    given = [{"conversation_id": "7", "body": "Hi", "direction": "in"}]
    answer = await call("POST", target, json=given, headers=BACK)
    (row,) = await answer.json()
    assert (row["conversation_id"], row["direction"]) == (7, None)


@pytest.mark.parametrize("table", ["roles", "accounts"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_write_needs_a_filter(call, method, table):
    answer = await call(method, f"/rest/v1/{table}", json={"name": "x"})
    assert (answer.status, (await answer.json())["code"]) == (400, "21000")


async def test_old_rows_leave_a_table_that_is_full(app, call):
    app[PROJECT].database.schemas["public"]["audit_logs"].max_rows = 5
    for number in range(8):
        await call("POST", "/rest/v1/audit_logs", json={"action": str(number)})
    answer = await call("GET", "/rest/v1/audit_logs?select=action")
    assert [row["action"] for row in await answer.json()] == ["3", "4", "5", "6", "7"]


async def notes(call, **headers: str) -> list[str]:
    answer = await call("GET", "/rest/v1/notes?select=body&order=id", headers=headers)
    return [row["body"] for row in await answer.json()]


def token(number: int, exp: float = 2e9) -> str:
    return sign({"sub": uuid_of("auth-user", number), "role": "authenticated", "exp": exp})


async def test_users_see_their_own_notes_and_the_service_role_all(call):
    assert await notes(call, Authorization=f"Bearer {token(1)}") == ["Note 0", "Note 2", "Note 4"]
    assert await notes(call, Authorization=f"Bearer {token(2)}") == ["Note 1", "Note 3", "Note 5"]
    assert await notes(call, Authorization="Bearer demo") == ["Note 0", "Note 2", "Note 4"]
    assert await notes(call) == []
    assert len(await notes(call, apikey=SERVICE_KEY)) == 6


async def test_a_user_cannot_touch_the_notes_of_another(call):
    headers = {"Authorization": f"Bearer {token(1)}"}
    given = {"body": "x", "user_id": uuid_of("auth-user", 2)}
    answer = await call("POST", "/rest/v1/notes", json=given, headers=headers)
    assert (answer.status, (await answer.json())["code"]) == (403, "42501")
    await call("DELETE", "/rest/v1/notes?id=gt.0", headers=headers)
    assert await notes(call, apikey=SERVICE_KEY) == ["Note 1", "Note 3", "Note 5"]


async def test_an_expired_token_is_refused(call, clock):
    headers = {"Authorization": f"Bearer {token(1, exp=clock() + 60)}"}
    assert (await call("GET", "/rest/v1/notes", headers=headers)).status == 200
    clock.now += 61
    answer = await call("GET", "/rest/v1/notes", headers=headers)
    assert (answer.status, (await answer.json())["code"]) == (401, "PGRST303")


@pytest.mark.parametrize(
    ("sqlstate", "status"),
    [
        ("57014", 500),
        ("40001", 500),
        ("53300", 503),
        ("08006", 503),
        ("P0001", 400),
        ("42P01", 404),
    ],
)
async def test_a_function_fails_with_any_sqlstate(call, sqlstate, status):
    given = {"sqlstate": sqlstate, "message": "m"}
    answer = await call("POST", "/rest/v1/rpc/fail", json=given)
    assert (answer.status, (await answer.json())["code"]) == (status, sqlstate)


async def test_a_function_that_writes_refuses_get(call):
    answer = await call("GET", "/rest/v1/rpc/close_conversation?conversation_id=1")
    assert (answer.status, (await answer.json())["code"]) == (405, "25006")
    given = {"conversation_id": 1}
    closed = await call("POST", "/rest/v1/rpc/close_conversation?select=status", json=given)
    assert await closed.json() == [{"status": "closed"}]


async def test_a_function_is_called_by_get_and_post_only(call):
    answer = await call("PUT", "/rest/v1/rpc/add", json={"a": 1, "b": 2})
    assert (answer.status, (await answer.json())["code"]) == (405, "PGRST101")
