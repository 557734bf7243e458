"""Messages, tokens, errors and headers of the simulated Cloud API."""

import json

import pytest
from aiohttp.test_utils import TestClient, TestServer

from sidecar.demo import whatsapp
from sidecar.demo.authority import AUTHORITY
from sidecar.demo.whatsapp.errors import refusal_of
from sidecar.demo.whatsapp.wire import dump

TOKEN = {"Authorization": "Bearer token", "Accept-Encoding": "identity"}
MESSAGES = "/v26.0/106540352242922/messages"
USER = "4917612345678"


@pytest.fixture
async def graph():
    app = whatsapp.make_app(now=lambda: 1_790_000_000.0)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


def message(**content):
    return {"messaging_product": "whatsapp", "to": USER, **content}


TEXT = message(type="text", text={"body": "Hello"})


def send(graph, body, headers=TOKEN):
    return graph.post(MESSAGES, json=body, headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        TEXT,
        message(text={"body": "without a type"}),
        message(type="image", image={"link": "https://example.com/a.png"}),
        message(type="interactive", interactive={"type": "button", "action": {}}),
        message(type="reaction", reaction={"message_id": "wamid.x", "emoji": ""}),
        message(type="location", location={"latitude": 1, "longitude": 2}),
        message(type="contacts", contacts=[{"name": {"formatted_name": "Ada"}}]),
        message(type="template", template={"name": "hello_world", "language": {"code": "en_US"}}),
    ],
)
async def test_every_kind_of_message_gets_an_id(graph, body):
    response = await send(graph, body)
    answer = await response.json()
    assert response.status == 200
    assert answer["contacts"] == [{"input": USER, "wa_id": USER}]
    assert answer["messages"][0]["id"].startswith("wamid.")
    accepted = answer["messages"][0].get("message_status")
    assert accepted == ("accepted" if body.get("type") == "template" else None)


async def test_ids_differ_but_are_the_same_in_every_run():
    runs = []
    for _ in range(2):
        app = whatsapp.make_app(now=lambda: 1.0)
        async with TestClient(TestServer(app)) as client:
            responses = [await send(client, TEXT) for _ in range(3)]
            headers = [[h for h in r.raw_headers if h[0] != b"Date"] for r in responses]
            runs.append((headers, [await response.read() for response in responses]))
    assert runs[0] == runs[1]
    assert len(set(runs[0][1])) == 3


@pytest.mark.parametrize("extra", [{}, {"typing_indicator": {"type": "text"}}])
async def test_reading_and_typing_succeed(graph, extra):
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x"}
    assert await (await send(graph, body | extra)).json() == {"success": True}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, 100),
        ({"messaging_product": "whatsapp"}, 400, 100),
        (message(type="text"), 400, 100),
        (message(type="text", text={"body": "x" * 4097}), 400, 100),
        (message(type="nothing"), 400, 100),
        (message(type="image", image={"id": "1"}), 400, 100),
        (message(type="image", image={"caption": "x"}), 400, 100),
        (message(type="template", template={"name": "none", "language": {}}), 404, 132001),
        (message(status="read", message_id="x"), 400, 100),
        (message(status="sent", message_id="wamid.x"), 400, 100),
        (TEXT | {"to": "15550130429"}, 429, 130429),
        (TEXT | {"to": "15550131000"}, 500, 131000),
        (TEXT | {"to": "15550131030"}, 400, 131030),
        (TEXT | {"to": "+1 555 013-1056"}, 400, 131056),
    ],
)
async def test_what_cannot_be_sent_is_refused_in_graphs_shape(graph, body, status, code):
    response = await send(graph, body)
    error = (await response.json())["error"]
    assert (response.status, error["code"]) == (status, code)
    assert {"message", "type", "fbtrace_id"} <= error.keys()


async def test_a_body_that_is_not_json_is_refused(graph):
    response = await graph.post(MESSAGES, data=b"[1", headers=TOKEN)
    assert response.status == 400


def test_only_a_transient_error_says_so():
    assert refusal_of("15550131016").error["is_transient"] is True
    assert "is_transient" not in refusal_of("15550131056").error
    assert refusal_of(USER) is None


@pytest.mark.parametrize(
    ("headers", "query", "status", "code"),
    [
        ({"Authorization": "Bearer token"}, "", 200, None),
        ({"Authorization": "OAuth token"}, "", 200, None),
        ({}, "?access_token=token", 200, None),
        ({}, "", 401, 104),
        ({"Authorization": "Basic token"}, "", 401, 104),
        ({"Authorization": "Bearer invalid"}, "", 401, 190),
        ({}, "?access_token=expired", 401, 190),
    ],
)
async def test_a_token_is_needed(graph, headers, query, status, code):
    path = f"/v26.0/102290129340398{query}"
    response = await graph.get(path, headers=headers | {"Accept-Encoding": "identity"})
    assert response.status == status
    assert (await response.json()).get("error", {}).get("code") == code


@pytest.mark.parametrize("version", ["v17.0", "v23.0", "v99.1"])
async def test_any_version_is_served_and_named(graph, version):
    response = await graph.get(f"/{version}/102290129340398", headers=TOKEN)
    assert response.status == 200
    assert response.headers["facebook-api-version"] == version


async def test_usage_and_traces_are_in_the_headers(graph):
    response = await send(graph, TEXT)
    assert json.loads(response.headers["X-App-Usage"]).keys() >= {"call_count"}
    business = json.loads(response.headers["X-Business-Use-Case-Usage"])
    assert business["102290129340398"][0]["type"] == "whatsapp"
    assert response.headers["x-fb-trace-id"]


async def test_gzip_comes_only_to_a_client_that_reads_it(graph):
    plain = await send(graph, TEXT)
    packed = await send(graph, TEXT, TOKEN | {"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    raw = await packed.read()
    assert raw.startswith(b"\x1f\x8b")
    assert packed.headers["Content-Length"] == str(len(raw))


def test_json_is_written_as_php_writes_it():
    assert dump({"url": "http://é/"}) == b'{"url":"http:\\/\\/\\u00e9\\/"}'


@pytest.mark.parametrize("path", ["/v26.0/1/none", "/", "/v26.0/102290129340398/messages/x"])
async def test_an_unknown_path_is_refused_in_graphs_shape(graph, path):
    response = await graph.get(path, headers=TOKEN)
    assert (response.status, (await response.json())["error"]["code"]) == (400, 2500)


async def test_another_host_is_refused(graph):
    graph.app[AUTHORITY].value = "example.com"
    assert (await send(graph, TEXT)).status == 421
