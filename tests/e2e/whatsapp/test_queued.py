"""Each client takes an answer of the queue for one of Meta, and what it sent is delivered."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

pytest.importorskip("httpx", reason="install the `sdk` extra")

import httpx

from tests.e2e.ways import transcript_of_node
from tests.support.sidecar import sidecar_in_thread
from tests.support.simulated import simulated, whatsapp

CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}}
log: {{level: error}}
stores: {{spool: {{kind: sqlite, path: "{path}"}}}}
upstreams:
  whatsapp:
    preset: whatsapp
    url: {url}
    routes:
      - name: messages
        pace: []
        queue: {{mode: always, order: phone_number_id+$.to, answer: {answer}, tag: true}}
"""
PHONE = "106540352242922"
OURS = "wamid.sidecar."


@contextmanager
def queueing(folder, answer="whatsapp") -> Iterator[str]:
    """The base URL of a simulated Graph API behind a queue."""
    with simulated(whatsapp) as simulators:
        url, path = simulators.urls["whatsapp"], folder / "spool.db"
        text = CONFIG.format(url=url, path=path, answer=answer)
        with sidecar_in_thread(text) as sidecar:
            yield f"{sidecar.proxy_url}/whatsapp"


def delivered(base: str, message_id: str) -> str:
    """Meta's id of the message with this id of ours, once it is delivered."""
    page = f"{base.removesuffix('/whatsapp')}/_sidecar/deliveries/{message_id}"
    for _ in range(250):
        shown = httpx.get(page).json()
        if shown["state"] == "delivered":
            wamid: str = json.loads(shown["answer"]["body"])["messages"][0]["id"]
            assert wamid.startswith("wamid.")
            assert not wamid.startswith(OURS)
            return wamid
        time.sleep(0.02)
    raise AssertionError(shown)


def test_pywa_gets_an_id_that_leads_to_the_real_one(tmp_path):
    pytest.importorskip("pywa", reason="install the `sdk` extra")
    from tests.e2e.whatsapp import pywa_checks

    with queueing(tmp_path) as base:
        wa = pywa_checks.point_at(base)
        sent = wa.send_message("491", "Hello")
        template = pywa_checks.CHECKS["send: template"](wa)
        assert sent.id.startswith(OURS)
        assert pywa_checks.seen(sent)["input"] == "491"
        assert delivered(base, sent.id) != delivered(base, template.id)
        assert wa.mark_message_as_read(pywa_checks.MESSAGE).success
        assert wa.indicate_typing(pywa_checks.MESSAGE).success
        wa.api._session.close()


def test_the_clients_of_node_get_ids_that_lead_to_the_real_ones(tmp_path):
    packages = ("@great-detail/whatsapp", "whatsapp-api-js")
    with queueing(tmp_path) as base:
        lines = transcript_of_node("whatsapp_queued.mjs", base, packages=packages)
        answers = {line["check"]: line["answer"] for line in lines}
        sends = [answer for check, answer in answers.items() if "send" in check]
        ids = [answer["messages"][0]["id"] for answer in sends]
        assert len({delivered(base, one) for one in ids}) == 4
        assert [one["contacts"][0]["wa_id"] for one in sends] == ["491", "492", "493", "494"]
        assert answers["read: mark"] == answers["api-js read: mark"] == {"success": True}


def test_heyoo_takes_it_for_an_answer(tmp_path):
    pytest.importorskip("heyoo", reason="install the `sdk` extra")
    from tests.e2e.whatsapp import heyoo_checks

    with queueing(tmp_path) as base:
        client = heyoo_checks.point_at(base)
        answer = client.send_message("Hello", "491")
        assert delivered(base, answer["messages"][0]["id"])


def test_without_that_shape_the_answer_is_202_and_leads_to_its_page(tmp_path):
    with queueing(tmp_path, "accepted") as base:
        body = {"messaging_product": "whatsapp", "to": "491", "text": {"body": "Hello"}}
        token = {"Authorization": "Bearer token-1"}
        answer = httpx.post(f"{base}/v26.0/{PHONE}/messages", json=body, headers=token)
        assert answer.status_code == 202
        assert answer.json() == {
            "id": answer.headers["x-sidecar-delivery"],
            "state": "queued",
            "durability": "sqlite-wal-full",
        }
        assert answer.headers["location"] == f"/_sidecar/deliveries/{answer.json()['id']}"
        assert delivered(base, answer.json()["id"])


def test_a_client_that_would_rather_wait_is_served_live(tmp_path):
    """The 202 is what `Prefer: respond-async` asks for; without it, the answer is Meta's."""
    with simulated(whatsapp) as simulators:
        text = CONFIG.replace("mode: always", "mode: prefer")
        text = text.format(
            url=simulators.urls["whatsapp"], path=tmp_path / "spool.db", answer="accepted"
        )
        with sidecar_in_thread(text) as sidecar:
            url = f"{sidecar.proxy_url}/whatsapp/v26.0/{PHONE}/messages"
            body = {"messaging_product": "whatsapp", "to": "491", "type": "text"}
            body["text"] = {"body": "Hello"}
            token = {"Authorization": "Bearer token-1"}
            live = httpx.post(url, json=body, headers=token)
            later = httpx.post(url, json=body, headers={**token, "Prefer": "respond-async"})
    assert (live.status_code, later.status_code) == (200, 202)
    assert live.json()["messages"][0]["id"].startswith("wamid.")
    assert later.headers["preference-applied"] == "respond-async"
