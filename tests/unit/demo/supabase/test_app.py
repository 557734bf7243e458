"""The whole project: the same every time, reached by one name only, and recorded."""

import pytest
from aiohttp.test_utils import TestClient, TestServer

from sidecar.demo.authority import AUTHORITY, SEEN
from sidecar.demo.supabase import SERVICE_KEY, make_app
from sidecar.demo.supabase.target import parse
from sidecar.demo.targets import TARGETS

NOW = 1_790_000_000.0
VALUES = {
    **dict.fromkeys(("user", "acct", "conv", "prof", "media", "phone_id", "model"), "1"),
    **dict.fromkeys(("wamid", "graph", "gemini"), "x"),
    "acct_phone": "15550000000",
    "phone": "491760000005",
}
SESSION = [
    ("POST", "/auth/v1/signup", {"email": "new@example.com", "password": "password"}),
    (
        "POST",
        "/auth/v1/token?grant_type=password",
        {"email": "new@example.com", "password": "password"},
    ),
    ("POST", "/rest/v1/audit_logs", [{"action": "a"}, {"action": "b"}]),
    ("GET", "/rest/v1/messages?order=id.desc&limit=50", None),
    ("POST", "/storage/v1/bucket", {"name": "files"}),
    ("POST", "/storage/v1/object/files/a.json", {"a": 1}),
    ("POST", "/storage/v1/object/sign/files/a.json", {"expiresIn": 60}),
    ("GET", "/storage/v1/object/files/a.json", None),
    ("GET", "/auth/v1/admin/users", None),
    ("GET", "/functions/v1/bytes?n=5000", None),
]


async def session() -> list[tuple]:
    """Everything that a fresh project answers, but for the date and the port."""
    answers = []
    async with TestClient(TestServer(make_app(now=lambda: NOW))) as client:
        for method, target, body in SESSION:
            headers = {"apikey": SERVICE_KEY}
            answer = await client.request(method, target, json=body, headers=headers)
            fields = [field for field in answer.raw_headers if field[0] != b"Date"]
            answers.append((answer.status, fields, await answer.read()))
    return answers


async def test_two_fresh_projects_give_the_same_bytes():
    first = await session()
    assert [status for status, _, _ in first] == [200, 200, 201, *[200] * 7]
    assert first == await session()


async def test_another_host_is_misdirected(app, call):
    app[AUTHORITY].value = "project.example:80"
    answer = await call("GET", "/rest/v1/accounts")
    assert answer.status == 421
    right = await call("GET", "/rest/v1/accounts", headers={"Host": "project.example:80"})
    assert right.status == 200


async def test_requests_are_recorded_as_they_arrived(app, call):
    await call("POST", "/functions/v1/upload//x?a=%2C&a=", data=b"12345", headers={"X-One": "1"})
    (seen,) = app[SEEN]
    assert (seen.method, seen.raw_target) == ("POST", "/functions/v1/upload//x?a=%2C&a=")
    assert seen.body_length == 5
    assert ("X-One", "1") in seen.headers


@pytest.mark.parametrize(
    ("target", "status"),
    [("/", 404), ("//x", 404), ("/rest", 404), ("/%0A", 404), ("/realtime/v1/websocket", 426)],
)
async def test_other_paths_are_refused(call, target, status):
    assert (await call("GET", target)).status == status


@pytest.mark.parametrize(
    "name", [name for name, one in TARGETS.items() if one.provider == "supabase"]
)
async def test_every_call_of_the_demonstrated_application_succeeds(call, name):
    target, body = TARGETS[name].fill(VALUES)
    headers = {"Authorization": "Bearer demo"}
    answer = await call(TARGETS[name].method, target, data=body or None, headers=headers)
    assert answer.status in (200, 201, 204)
    if answer.status == 200:
        assert await answer.json()


@pytest.mark.parametrize(
    ("raw", "segments", "pairs"),
    [
        ("/a%2Fb/c", ("a/b", "c"), []),
        ("//x//y?", ("", "x", "", "y"), []),
        (
            "/?a=1&a=2&a=&b&&=c",
            ("",),
            [("a", "1"), ("a", "2"), ("a", ""), ("b", ""), ("", ""), ("", "c")],
        ),
        ("/x?q=a+b%2Bc&r=%zz", ("x",), [("q", "a b+c"), ("r", "%zz")]),
    ],
)
def test_targets_are_decoded_once(raw, segments, pairs):
    target = parse(raw)
    assert (target.segments, target.pairs) == (segments, pairs)
