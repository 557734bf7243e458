"""`sidecar queue` and `/admin/queue`, before a queue that notes its orders."""

import json
from contextlib import asynccontextmanager
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from aiohttp import web

from sidecar import cli
from sidecar.admin.app import make_admin_app
from sidecar.admin.queue import queue_endpoints
from sidecar.config.admin import DEFAULT_ADMIN, Admin
from sidecar.delivering.control import Change, Selection
from sidecar.side_listener import make_runner
from sidecar.spool import SpoolUnavailable
from tests.support.background import in_thread

ID = "0" * 36
ROW = {"id": ID, "upstream": "whatsapp", "state": "failed", "attempts": 3}


class Queue:
    """What the admin API needs of one."""

    def __init__(self):
        self.orders = []
        self.done = True
        self.down = False
        self.known = {ID}

    def note(self, *order):
        self.orders.append(order)
        if self.down:
            raise SpoolUnavailable("down")

    async def rows(self, chosen, after, most):
        self.note("rows", chosen, after, most)
        return [ROW]

    async def show(self, delivery_id):
        return ROW if delivery_id in self.known else None

    async def snapshot(self):
        return {"deliveries": {"failed": 1}}

    async def replay(self, ids):
        self.note("replay", *ids)
        return int(self.done)

    async def replay_all(self, chosen):
        self.note("replay_all", chosen)
        return 7

    def replay_slowly(self, chosen, rate):
        self.note("replay_slowly", chosen, rate)
        return self.done

    async def discard(self, ids, reason):
        self.note("discard", *ids, reason)
        return int(self.done)

    async def discard_all(self, chosen, reason):
        self.note("discard_all", chosen, reason)
        return 5

    async def edit(self, delivery_id, change):
        self.note("edit", delivery_id, change)
        return self.done


QUEUE = Queue()


@asynccontextmanager
async def listening():
    runner = make_runner(make_admin_app(Admin(), DEFAULT_ADMIN, queue_endpoints(QUEUE)))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner
    await runner.cleanup()


@pytest.fixture(scope="module")
def address():
    with in_thread(listening, "admin") as runner:
        yield f"127.0.0.1:{runner.addresses[0][1]}"


@pytest.fixture
def run(address, monkeypatch, capsys):
    monkeypatch.setenv("SIDECAR_ADMIN", address)
    QUEUE.__init__()

    def run(*arguments):
        code = cli.main(["queue", *arguments])
        out = capsys.readouterr()
        return code, out.out + out.err

    return run


def test_without_a_spool_there_are_no_endpoints():
    assert queue_endpoints(None) == ()


def test_what_there_is_is_listed(run):
    code, text = run("list", "--state", "failed,expired", "--upstream", "whatsapp", "--limit", "5")
    chosen = Selection(("failed", "expired"), "whatsapp", None)
    assert (code, QUEUE.orders) == (0, [("rows", chosen, None, 5)])
    assert "whatsapp  failed" in text
    assert "deliveries  failed 1" in text


def test_json_is_what_the_api_says(run):
    code, text = run("--json")
    assert (code, json.loads(text)) == (0, {"deliveries": {"failed": 1}, "found": [ROW]})
    assert QUEUE.orders == [("rows", Selection(), None, 50)]


@pytest.mark.parametrize("limit", ["0", "1001", "001000999", "-1", "1e3", "\u0663"])
def test_no_page_is_longer_than_it_may_be(run, address, limit):
    url = f"http://{address}/admin/queue?{urlencode({'limit': limit})}"
    with pytest.raises(HTTPError) as caught:
        urlopen(url, timeout=10)
    assert caught.value.code == 400
    caught.value.close()
    assert QUEUE.orders == []


def test_a_page_is_asked_for_by_the_last_of_the_one_before(run):
    run("list", "--page", ID)
    assert QUEUE.orders == [("rows", Selection(), ID, 50)]


@pytest.mark.parametrize("action", ["show", "list"])
def test_one_is_shown(run, action):
    code, text = run(action, ID, "--json")
    assert (code, json.loads(text)) == (0, ROW)


def test_what_is_not_there_is_said(run):
    assert run("show", "1" * 36) == (1, "error  there is no such delivery\n")
    assert run("replay", "1" * 36) == (1, "error  there is no such delivery\n")


def test_an_id_that_is_none_is_no_path(run):
    assert run("show", "../breaker")[0] == 1


def test_one_is_sent_again(run):
    assert run("replay", ID)[0] == 0
    assert QUEUE.orders == [("replay", ID)]


def test_what_cannot_be_done_is_refused_with_the_state(run):
    QUEUE.done = False
    for action in ("replay", "discard"):
        assert run(action, ID) == (1, "error  that cannot be done to one that is failed\n")


def test_all_of_a_state_are_sent_again(run):
    code, text = run("replay", "--state", "failed", "--route", "messages")
    assert (code, text) == (0, "replayed  7\n")
    assert QUEUE.orders == [("replay_all", Selection(("failed",), None, "messages"))]


def test_doubts_are_sent_again_only_where_they_are_named(run):
    run("replay", "--upstream", "whatsapp")
    run("replay", "--state", "unknown")
    assert [order[1].states for order in QUEUE.orders] == [("failed", "expired"), ("unknown",)]


def test_a_rate_makes_it_slow(run):
    assert run("replay", "--state", "failed", "--rate", "10/s") == (0, "replaying  yes\n")
    assert QUEUE.orders == [("replay_slowly", Selection(("failed",)), 10.0)]
    QUEUE.done = False
    code, text = run("replay", "--state", "failed", "--rate", "10/s")
    assert (code, text) == (1, "error  another replay is under way\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("replay", "--state", "delivered"), "only expired, failed, unknown can be sent again"),
        (("replay", "--state", "lost"), "state: expected any of queued, sending"),
        (("replay", "--state", "failed", "--rate", "fast"), "rate: expected a rate"),
        (("discard", "--upstream", "x"), "name what is meant"),
        (("discard", "--state", "delivered"), "name what is meant"),
        (("list", "--limit", "0"), "limit: expected 1 to 1000"),
        (("edit", ID), "change what?"),
        (("edit", ID, "--after", "soon"), "after: expected a duration"),
        (("edit", ID, "--body", "{"), "body: expected the text of a JSON value"),
        (("edit", ID, "--authorization", "a\r\nX: y"), "authorization: expected the value"),
        (("edit", ID, "--authorization", " a"), "authorization: expected the value"),
        (("edit", ID, "--authorization", "ä"), "authorization: expected the value"),
    ],
)
def test_what_makes_no_sense_is_refused(run, arguments, text):
    code, said = run(*arguments)
    assert code == 1
    assert text in said


@pytest.mark.parametrize("action", ["show", "edit", "replay", "discard"])
def test_what_is_meant_must_be_said(run, action):
    code, text = run(action)
    assert code == 2
    assert text.startswith(f"sidecar queue: {action} which?")


def test_one_or_all_are_discarded_with_a_reason(run):
    assert run("discard", ID, "--reason", "test data")[0] == 0
    assert run("discard", "--state", "failed") == (0, "discarded  5\n")
    assert QUEUE.orders == [
        ("discard", ID, "by_hand"),
        ("discard_all", Selection(("failed",)), "discarded"),
    ]


def test_one_is_edited_and_its_body_is_in_no_log(run, caplog):
    caplog.set_level("INFO", "sidecar.event")
    code, _ = run("edit", ID, "--after", "10m", "--expires", "2h", "--body", '{"s3cret": 1}',
                  "--note", "s3cret")  # fmt: skip
    assert code == 0
    change = Change(600.0, 7200.0, b'{"s3cret": 1}', "s3cret")
    assert QUEUE.orders == [("edit", ID, change)]
    lines = [record.fields for record in caplog.records if record.msg == "admin"]
    assert len(lines) == 1
    assert "s3cret" not in str(lines)


def test_a_token_that_has_run_out_is_replaced_from_a_variable_and_is_in_no_log(
    run, caplog, monkeypatch
):
    caplog.set_level("INFO", "sidecar.event")
    monkeypatch.setenv("SIDECAR_QUEUE_AUTHORIZATION", "Bearer s3cret")
    assert run("edit", ID)[0] == 0
    assert QUEUE.orders == [("edit", ID, Change(authorization="Bearer s3cret"))]
    assert "s3cret" not in str([record.__dict__ for record in caplog.records])


def test_a_spool_that_is_away_is_said(run):
    QUEUE.down = True
    assert run() == (1, "error  the spool does not answer\n")
