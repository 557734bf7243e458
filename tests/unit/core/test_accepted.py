import json

import pytest

from sidecar.core.accepted import Accepted, answer, delivery_id


def said(response):
    return json.loads(response.body.data)


def value(response, name):
    return [value for field, value in response.headers if field == name]


def test_a_202_names_the_delivery_its_durability_and_where_it_is():
    response = answer(Accepted("abc", "sqlite-wal-full"), "accepted", b"")
    assert (response.status, response.reason, response.source) == (202, b"Accepted", "sidecar")
    assert value(response, b"X-Sidecar-Delivery") == [b"abc"]
    assert value(response, b"X-Sidecar-Durability") == [b"sqlite-wal-full"]
    assert value(response, b"Location") == [b"/_sidecar/deliveries/abc"]
    assert said(response) == {"id": "abc", "state": "queued", "durability": "sqlite-wal-full"}
    assert value(response, b"Content-Length") == [b"%d" % len(response.body.data)]
    assert not value(response, b"Preference-Applied")


def test_where_the_pages_are_not_at_hand_no_location_is_given():
    response = answer(Accepted("abc", "x", at_prefix=False), "accepted", b"")
    assert not value(response, b"Location")


def test_an_applied_preference_and_a_duplicate_are_said():
    response = answer(Accepted("abc", "x", duplicate=True, applied=True), "accepted", b"")
    assert value(response, b"Preference-Applied") == [b"respond-async"]
    assert value(response, b"Idempotency-Replayed") == [b"true"]


def test_whatsapp_clients_read_a_message_id_of_ours():
    response = answer(Accepted("abc", "x"), "whatsapp", b'{"to": "+491"}')
    assert response.status == 200
    assert said(response) == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": "+491", "wa_id": "491"}],
        "messages": [{"id": "wamid.sidecar.abc"}],
    }
    assert delivery_id("wamid.sidecar.abc") == delivery_id("abc") == "abc"


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"to": 5}', b"[" * 100_000, b"\xff"])
def test_a_body_without_a_recipient_has_no_contacts(body):
    assert said(answer(Accepted("abc", "x"), "whatsapp", body))["contacts"] == []


@pytest.mark.parametrize("more", [{}, {"typing_indicator": {"type": "text"}}])
def test_what_marks_a_message_as_read_has_no_id(more):
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x", **more}
    response = answer(Accepted("abc", "x"), "whatsapp", json.dumps(body).encode())
    assert (response.status, said(response)) == (200, {"success": True})
    assert value(response, b"X-Sidecar-Delivery") == [b"abc"]


def test_a_recipient_may_go_by_another_name():
    body = b'{"recipient": "US.13491208655302741918"}'
    contacts = said(answer(Accepted("abc", "x"), "whatsapp", body))["contacts"]
    assert contacts == [{"input": "US.13491208655302741918", "wa_id": "US.13491208655302741918"}]
