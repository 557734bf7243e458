"""The sidecar's own errors, in the shape and with the status that the provider's SDKs can read."""

import json

import pytest

from sidecar.config import Match, Route
from tests.support.builders import one_upstream
from tests.support.ports import free_port
from tests.support.proxied import proxied
from tests.support.raw import ask, call, connected, get
from tests.support.sidecar import running_sidecar
from tests.support.steps import OK, body, close, reply, send, stall
from tests.support.upstream import Upstream
from tests.support.wire import chunked

SHAPES = ["postgrest", "supabase", "graph", "gemini", "generic"]
SECRETS = get("/api/x?apikey=SECRET-1&access_token=SECRET-2", "Authorization: Bearer SECRET-3")

SENT = {
    "first_byte_timeout": ((body, stall), 504),
    "upstream_reset": ((body, close), 502),
    "bad_response": ((body, send(b"HTTP/1.1 999 X\r\n\r\n")), 502),
}


async def refused(shape, request=SECRETS):
    subject = one_upstream(f"http://127.0.0.1:{free_port()}", errors=shape)
    async with running_sidecar(subject) as sidecar:
        return await ask(sidecar.proxy, request)


async def silent(shape):
    """A failure that is a timeout, before anything is sent."""
    async with Upstream(OK, deaf=True) as origin:
        url = origin.url.replace("http:", "https:")
        subject = one_upstream(url, errors=shape, timeouts={"connect": 0.1})
        async with running_sidecar(subject) as sidecar:
            return await ask(sidecar.proxy, SECRETS)


def check_common(answer, code, status):
    assert (answer.error, answer.status) == (code, status)
    assert answer.reason
    assert answer.value("content-type") == "application/json"
    assert int(answer.value("content-length")) == len(answer.body)
    assert answer.value("x-request-id")
    assert b"SECRET" not in answer.head + answer.body
    for name in ("server", "date", "set-cookie", "transfer-encoding"):
        assert not answer.values(name)


def check_shape(answer, shape):
    content = json.loads(answer.body)
    message = content["error"]["message"] if shape in {"graph", "gemini"} else content["message"]
    assert isinstance(message, str)
    assert len(message) > 10
    CHECKS[shape](content, answer)
    return message


def postgrest(content, _):
    assert {"message", "code", "details", "hint"} <= content.keys()
    assert isinstance(content["code"], str)


def supabase(content, answer):
    assert isinstance(content["code"], str)
    assert content["msg"] == content["message"]
    assert isinstance(content["error_code"], str)
    assert content["statusCode"] == str(answer.status)
    assert isinstance(content["error"], str)


def graph(content, answer):
    error = content["error"]
    assert type(error["code"]) is int
    assert isinstance(error["type"], str)
    assert isinstance(error["is_transient"], bool)
    assert error["fbtrace_id"] == answer.value("x-request-id")


def gemini(content, answer):
    error = content["error"]
    assert error["code"] == answer.status
    expected = {502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}
    assert error["status"] == expected[answer.status]


def generic(content, answer):
    assert isinstance(content["code"], str)
    assert content["error"]["code"] == answer.status
    assert content["error"]["message"] == content["message"]


CHECKS = {
    "postgrest": postgrest,
    "supabase": supabase,
    "graph": graph,
    "gemini": gemini,
    "generic": generic,
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_what_was_never_sent_invites_a_retry_except_where_sdks_would_amplify_it(shape):
    answer = await refused(shape)
    check_common(answer, "connect_error", 502 if shape == "postgrest" else 503)
    check_shape(answer, shape)
    assert answer.values("retry-after") == ([] if shape == "postgrest" else [b"1"])


@pytest.mark.parametrize("shape", SHAPES)
async def test_timeout_before_sending_is_a_503_or_for_postgrest_a_504(shape):
    answer = await silent(shape)
    check_common(answer, "tls_timeout", 504 if shape == "postgrest" else 503)
    check_shape(answer, shape)
    assert answer.values("retry-after") == ([] if shape == "postgrest" else [b"1"])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("code", SENT)
async def test_what_was_sent_is_a_502_or_504_in_the_shape_of_the_provider(shape, code):
    script, status = SENT[code]
    settings = {"errors": shape, "timeouts": {"first_byte": 0.1}}
    async with proxied(script, **settings) as (sidecar, _):
        answer = await ask(sidecar.proxy, SECRETS)
    check_common(answer, code, status)
    check_shape(answer, shape)
    assert not answer.values("retry-after")


async def test_timeout_names_the_timer_its_length_and_the_attempt():
    async with proxied((body, stall), timeouts={"first_byte": 0.125}) as (sidecar, _):
        answer = await ask(sidecar.proxy, get())
    message = check_shape(answer, "generic")
    for part in ("0.125", "attempt 1"):
        assert part in message


@pytest.mark.parametrize("shape", SHAPES)
async def test_answer_to_head_is_the_same_without_a_body(shape):
    subject = one_upstream(f"http://127.0.0.1:{free_port()}", errors=shape)
    async with running_sidecar(subject) as sidecar, connected(sidecar.proxy) as client:
        for _ in range(2):
            await client.send(call("HEAD"))
            answer = await client.response(bodyless=True)
            assert answer.status == (502 if shape == "postgrest" else 503)
            assert answer.error == "connect_error"
            assert answer.value("x-request-id")
        client.writer.write_eof()
        assert await client.rest() == b""


async def test_route_decides_the_shape():
    routes = (Route(name="rest", match=Match(path="/rest/**"), errors="postgrest"),)
    subject = one_upstream(f"http://127.0.0.1:{free_port()}", errors="supabase", routes=routes)
    async with running_sidecar(subject) as sidecar:
        rest = await ask(sidecar.proxy, get("/api/rest/v1/t"))
        auth = await ask(sidecar.proxy, get("/api/auth/v1/user"))
    assert (rest.status, auth.status) == (502, 503)
    check_shape(rest, "postgrest")
    check_shape(auth, "supabase")


async def test_every_error_has_a_request_id_of_its_own():
    async with proxied((body, close)) as (sidecar, _):
        answers = [await ask(sidecar.proxy, get()) for _ in range(5)]
    assert len({answer.value("x-request-id") for answer in answers}) == 5


async def test_connection_of_the_application_survives_an_error():
    async with (
        proxied((body, close), reply(b"next")) as (sidecar, _),
        connected(sidecar.proxy) as client,
    ):
        await client.send(get())
        assert (await client.response()).status == 502
        await client.send(call("POST", "/nowhere", content=b"{}"))
        assert (await client.response()).status == 404
        await client.send(get())
        assert (await client.response()).body == b"next"


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503, 504, 520, 544])
async def test_errors_of_the_upstream_pass_unchanged(status):
    content = b'{"error":{"code":131056,"message":"pair"}}'
    fields = (b"Retry-After: 7", b"Proxy-Status: PostgREST; error=57014")
    script = reply(content, *fields, status=b"%d Own" % status)
    async with proxied(script, errors="postgrest") as (sidecar, origin):
        answer = await ask(sidecar.proxy, get())
        assert (answer.status, answer.reason, answer.body) == (status, b"Own", content)
        assert answer.values("retry-after") == [b"7"]
        assert answer.error is None
        assert len(origin.requests) == 1


@pytest.mark.parametrize("framing", ["Content-Length: 1001", "Transfer-Encoding: chunked"])
async def test_body_over_the_limit_is_refused(framing):
    content = b"x" * 1001
    data = chunked(content) if "chunked" in framing else content
    async with proxied(OK, limits={"max_body": 1000}) as (sidecar, origin):
        answer = await ask(sidecar.proxy, call("POST", "/api/x", framing) + data)
        assert (answer.status, answer.error) == (413, "body_too_large")
        assert not any(request.complete.is_set() for request in origin.requests)


async def test_body_at_the_limit_passes():
    async with proxied(OK, limits={"max_body": 1000}) as (sidecar, _):
        assert (await ask(sidecar.proxy, call("POST", content=b"x" * 1000))).status == 200
