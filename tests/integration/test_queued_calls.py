"""Store and forward through a real sidecar: what the application sees, and what the upstream."""

import asyncio
import json

import pytest

from tests.support import steps
from tests.support.proxied import soon
from tests.support.queued import Application
from tests.support.raw import ask, call, connected, get
from tests.support.sidecar import running_sidecar
from tests.support.upstream import Upstream

CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: "127.0.0.1:0"}}
log: {{level: error}}
drain_timeout: 500ms
upstreams:
  api:
    url: {url}
    timeouts: {{connect: 300ms, first_byte: 300ms, total: 600ms}}
    retry: {{attempts: 1}}
    breaker: {{enabled: {breaker}, consecutive: 1, open: 200ms, max_open: 400ms, hold: 0s}}
    routes:
      - name: send
        match: {{methods: [POST], path: "/send/**"}}
        queue:
          mode: {mode}
          order: $.to
          schedule: {{base: 100ms}}
          tag: {tag}
          {more}
stores: {{spool: {{kind: sqlite, path: "{folder}/spool.db"{spool}}}}}
"""

OK = steps.reply(b'{"id":"wamid.1"}', b"Content-Type: application/json")
LOST = (steps.body, steps.close)
BUSY = steps.reply(b"{}", status=b"429 Too Many Requests")
WRONG = steps.reply(b"{}", status=b"400 Bad Request")


@pytest.fixture
def application(tmp_path):
    def configured(origin, mode="always", tag="false", breaker="false", more="", spool=""):
        text = CONFIG.format(
            url=origin if isinstance(origin, str) else origin.url,
            mode=mode,
            tag=tag,
            breaker=breaker,
            more=more,
            spool=spool,
            folder=tmp_path,
        )
        return running_sidecar(text)

    return configured


async def test_a_call_is_answered_at_once_and_delivered_as_it_came(application):
    async with Upstream(OK) as origin, application(origin) as running:
        subject = Application(running)
        body = b'{"to": "49", "text": "\xc3\xa9"}'
        name = await subject.accepted(body, "Authorization: Bearer x", "X-Odd:  a ", "x-odd: b")
        shown = await subject.ends(name)
        assert (shown["state"], shown["answer"]["body"]) == ("delivered", '{"id":"wamid.1"}')
        (got,) = origin.requests
        assert (got.target, bytes(got.body)) == (b"/send/x", body)
        assert [value for key, value in got.headers if key.lower() == b"x-odd"] == [b"a", b"b"]
        assert (b"Authorization", b"Bearer x") in got.headers


async def test_the_answer_names_the_durability_and_the_page(application):
    async with Upstream(OK) as origin, application(origin) as running:
        answer = await Application(running).send()
        assert answer.value("x-sidecar-durability") == "sqlite-wal-full"
        page = await ask(running.proxy, get(answer.value("location")))
        assert json.loads(page.body)["id"] == answer.value("x-sidecar-delivery")


async def test_what_was_accepted_while_nobody_listened_is_delivered_after_a_restart(application):
    async with Upstream(OK) as origin:
        url = origin.url
    async with application(url) as running:
        names = [await Application(running).accepted(b'{"to":"%d"}' % to) for to in range(3)]
        await asyncio.sleep(0.2)
    async with Upstream(OK, port=origin.port) as origin, application(url) as running:
        for name in names:
            assert (await Application(running).ends(name))["state"] == "delivered"
        assert len(origin.requests) == 3


async def test_what_is_refused_is_tried_again_in_order(application):
    async with Upstream(BUSY, OK) as origin, application(origin) as running:
        subject = Application(running)
        names = [await subject.accepted(b'{"to":"49","n":%d}' % number) for number in range(3)]
        for name in names:
            await subject.ends(name)
        bodies = [json.loads(bytes(each.body))["n"] for each in origin.requests]
        assert bodies == [0, 0, 1, 2]


async def test_a_dead_letter_is_seen_and_sent_again_by_hand(application):
    async with Upstream(WRONG, OK) as origin, application(origin) as running:
        subject = Application(running)
        name = await subject.accepted()
        assert (await subject.ends(name))["state"] == "failed"
        status, said = await subject.admin("GET", "/admin/queue?state=failed")
        assert (status, [row["id"] for row in said["found"]]) == (200, [name])
        assert (await subject.admin("POST", f"/admin/queue/{name}/replay"))[0] == 200
        assert (await subject.ends(name))["state"] == "delivered"


async def test_a_doubt_is_settled_by_the_status_webhook(application):
    async with Upstream(LOST) as origin, application(origin, tag="true") as running:
        subject = Application(running)
        name = await subject.accepted()
        assert (await subject.ends(name))["state"] == "unknown"
        tag = json.loads(bytes(origin.requests[0].body))["biz_opaque_callback_data"]
        status = {"id": "wamid.1", "status": "delivered", "biz_opaque_callback_data": tag}
        webhook = {"entry": [{"changes": [{"value": {"statuses": [status]}}]}]}
        content = json.dumps(webhook).encode()
        settle = call("POST", "/_sidecar/deliveries/settle", content=content)
        assert json.loads((await ask(running.proxy, settle)).body)["settled"] == [name]
        assert (await subject.delivery(name))["reason"] == "webhook_delivered"
        assert len(origin.requests) == 1


async def test_a_webhook_may_come_in_chunks(application):
    async with Upstream(OK) as origin, application(origin) as running:
        settle = call("POST", "/_sidecar/deliveries/settle", "Transfer-Encoding: chunked")
        answer = await ask(running.proxy, settle + b"2\r\n{}\r\n0\r\n\r\n")
        assert json.loads(answer.body)["unmatched"] == 0


async def test_who_expects_to_be_told_to_send_a_webhook_is_told(application):
    async with Upstream(OK) as origin, application(origin) as running:
        settle = call("POST", "/_sidecar/deliveries/settle", "Expect: 100-continue", content=b"{}")
        assert (await ask(running.proxy, settle)).interim == [b"HTTP/1.1 100 Continue\r\n\r\n"]


async def test_where_the_upstream_cannot_be_reached_a_live_call_is_queued(application):
    async with Upstream(OK) as origin:
        url = origin.url
    async with application(url, "on_failure") as running:
        subject = Application(running)
        name = await subject.accepted()
        async with Upstream(OK, port=origin.port) as back:
            assert (await subject.ends(name))["state"] == "delivered"
            assert (await subject.send()).status == 200
            assert len(back.requests) == 2


async def test_a_live_call_whose_answer_is_lost_is_not_queued(application):
    async with Upstream(LOST) as origin, application(origin, "on_failure") as running:
        answer = await Application(running).send()
        assert (answer.status, answer.error) == (502, "upstream_reset")
        assert len(origin.requests) == 1


async def test_an_open_breaker_burns_no_attempts(application):
    async with Upstream(OK) as origin:
        url = origin.url
    async with application(url, breaker="true") as running:
        subject = Application(running)
        names = [await subject.accepted(b'{"to":"%d"}' % to) for to in range(5)]
        await asyncio.sleep(1.5)
        async with Upstream(OK, port=origin.port):
            shown = [await subject.ends(name, within=10.0) for name in names]
        assert {each["state"] for each in shown} == {"delivered"}
        assert sum(each["attempts"] for each in shown) < 20


async def test_changes_are_streamed_and_the_stream_ends_with_the_sidecar(application):
    async with Upstream(OK) as origin, application(origin) as running:
        subject = Application(running)
        async with connected(running.proxy) as client:
            await client.send(get("/_sidecar/events"))
            head = await client.head()
            assert b"text/event-stream" in head
            name = await subject.accepted()
            seen = b""
            async with asyncio.timeout(5):
                while b'"delivered"' not in seen:
                    seen += await client.reader.read(4096)
            assert seen.count(name.encode()) == 3
            began = asyncio.get_running_loop().time()
            await running.sidecar.drain()
            rest = await client.reader.read()
            assert rest.endswith(b"0\r\n\r\n")
            assert asyncio.get_running_loop().time() - began < 2.0


async def test_callbacks_are_made_to_the_configured_url(application):
    async with Upstream(steps.OK) as hook, Upstream(OK) as origin:
        more = f'callback: {{url: "{hook.url}/told", secret: s3cret}}'
        async with application(origin, more=more) as running:
            name = await Application(running).accepted()
            await soon(lambda: len(hook.requests) == 1)
            (told,) = hook.requests
            assert (told.target, json.loads(bytes(told.body))["data"]["id"]) == (b"/told", name)
            assert any(key.lower() == b"webhook-signature" for key, _ in told.headers)


async def test_a_drain_waits_for_what_is_under_way_and_leaves_the_rest(application):
    slow = (steps.body, steps.wait(0.2), steps.send(steps.message(b"{}")))
    async with Upstream(slow) as origin:
        async with application(origin) as running:
            subject = Application(running)
            first = await subject.accepted(b'{"to":"1","n":1}')
            second = await subject.accepted(b'{"to":"1","n":2}')
            await soon(lambda: len(origin.requests) == 1)
            await running.sidecar.drain()
        async with application(origin) as running:
            subject = Application(running)
            assert (await subject.delivery(first))["state"] == "delivered"
            assert (await subject.ends(second))["state"] == "delivered"
        assert len(origin.requests) == 2


async def test_without_a_spool_the_pages_do_not_exist():
    config = 'upstreams: {api: {url: "http://127.0.0.1:1"}}\nlisten: {proxy: "127.0.0.1:0", '
    config += 'ops: "127.0.0.1:0", admin: null}\nlog: {level: error}'
    async with running_sidecar(config) as running:
        answer = await ask(running.proxy, get("/_sidecar/deliveries"))
        assert (answer.status, answer.error) == (404, "reserved_path")


async def test_a_full_spool_refuses_in_the_words_of_the_route(application):
    async with Upstream(OK) as origin:
        url = origin.url
    async with application(url, spool=", max_deliveries: 1") as running:
        subject = Application(running)
        await subject.accepted()
        answer = await subject.send()
        assert (answer.status, answer.error) == (503, "spool_full")
        assert answer.value("retry-after") == "1"


async def test_how_the_spool_stands_is_in_health_and_metrics(application):
    async with Upstream(OK) as origin, application(origin) as running:
        subject = Application(running)
        await subject.ends(await subject.accepted())
        ops = running.bound["ops"]
        health = json.loads((await ask(ops, get("/health"))).body)
        assert health["stores"]["spool"] == "up"
        metrics = (await ask(ops, get("/metrics"))).body.decode()
        labels = 'outcome="delivered",route="send",upstream="api"'
        assert f"sidecar_queue_outcomes_total{{{labels}}} 1.0" in metrics
