"""The benchmark's providers and the witness of their answers, and configurations in less time."""

import json

import pytest

from bench.app.calls import Call, headers_of, steps
from bench.app.compressed import compressed
from bench.app.contenders import CONFIGS, EVERY, SHIPPED
from bench.app.rows import Rows
from bench.app.schedule import schedule
from bench.app.spec import spec
from bench.app.witness import Witness
from sidecar.demo.targets import TARGETS
from sidecar.loader import load

MEDIA = "https://media.test"


def calls() -> dict[str, Call]:
    """One call of each resource that a request waits for."""
    found: dict[str, Call] = {}
    for request in schedule(spec(), seed=1, duration=120):
        for call in steps(spec(), request):
            found.setdefault(call.resource, call)
    return found


def ask(rows: Rows, call: Call) -> bytes:
    who = call.headers.get("Authorization", "")
    return rows.act(call.resource, str(call.number), call.target, call.body, who)


def witnessed(rows: Rows, *made: Call) -> Witness:
    witness = Witness()
    for call in made:
        witness.after(call, witness.before(call), ask(rows, call), degraded=False)
    return witness


@pytest.mark.parametrize("name", sorted(calls()))
def test_a_right_answer_is_found_right(name):
    counted = witnessed(Rows(spec(), MEDIA), calls()[name]).counted()
    assert (counted["judged"], counted["wrong"], counted["stale"]) == (1, 0, 0)


def test_an_answer_for_another_user_is_found():
    witness, call = Witness(), calls()["auth.user"]
    other = call._replace(headers=headers_of("supabase", "user-999", with_body=False))
    witness.after(call, {}, ask(Rows(spec(), MEDIA), other), degraded=False)
    assert witness.counted()["wrong"] == 1


def test_an_answer_to_another_question_is_found():
    witness, call = Witness(), calls()["rest.conv"]
    other = call._replace(target="/rest/v1/conversations?select=*&id=eq.299")
    witness.after(call, {}, ask(Rows(spec(), MEDIA), other), degraded=False)
    assert witness.counted()["wrong"] == 1


def pair() -> tuple[Call, Call]:
    """A write of a conversation, and a read of it."""
    hook = next(
        steps(spec(), one)
        for one in schedule(spec(), seed=1, duration=120)
        if "webhook" in one.endpoint.name
    )
    named = {call.resource: call for call in hook}
    return named["rest.upd_conv"], named["rest.conv_by_contact"]


def test_an_answer_older_than_a_write_that_was_answered_is_stale():
    rows, witness = Rows(spec(), MEDIA), Witness()
    write, read = pair()
    old = ask(rows, read)
    witness.after(write, {}, ask(rows, write), degraded=False)
    witness.after(read, witness.before(read), old, degraded=False)
    assert witness.counted()["stale"] == 1
    assert witness.counted()["stale_of"] == {"rest.conv_by_contact": 1}


def test_an_old_answer_that_says_so_is_counted_apart():
    rows, witness = Rows(spec(), MEDIA), Witness()
    write, read = pair()
    old = ask(rows, read)
    witness.after(write, {}, ask(rows, write), degraded=False)
    witness.after(read, witness.before(read), old, degraded=True)
    assert (witness.counted()["stale"], witness.counted()["stale_labelled"]) == (0, 1)


def test_a_read_that_began_before_the_write_was_answered_may_show_the_old():
    rows, witness = Rows(spec(), MEDIA), Witness()
    write, read = pair()
    seen, old = witness.before(read), ask(rows, read)
    witness.after(write, {}, ask(rows, write), degraded=False)
    witness.after(read, seen, old, degraded=False)
    assert witness.counted()["stale"] == 0


def test_a_receipt_of_a_queue_is_not_judged():
    witness, call = Witness(), calls()["wa.send"]
    witness.after(call, {}, b'{"messages":[{"id":"wamid.sidecar.1"}]}', degraded=False)
    assert witness.counted()["judged"] == 0


def test_a_message_that_is_sent_twice_is_a_duplicate_and_a_read_is_none():
    rows, found = Rows(spec(), MEDIA), calls()
    for name in ("wa.send", "wa.send", "rest.conv", "rest.conv", "rest.upd_conv", "rest.upd_conv"):
        ask(rows, found[name])
    assert {name: n for name, n in rows.duplicates.items() if n} == {"wa.send": 1}


def test_a_media_url_leads_to_the_media_host():
    told = json.loads(ask(Rows(spec(), MEDIA), calls()["wa.media_meta"]))
    path = told["url"].removeprefix(MEDIA)
    assert TARGETS["wa.media_get"].pattern.fullmatch(path.partition("?")[0])


@pytest.mark.parametrize("name", [SHIPPED, EVERY])
def test_a_configuration_is_compressed_with_its_defaults(name):
    plain = load(CONFIGS[name], env={}).config.upstreams["supabase"]
    fast = compressed(load(CONFIGS[name], env={}).config, 0.1).upstreams["supabase"]
    assert fast.timeouts.total == pytest.approx(plain.timeouts.total / 10)
    assert fast.breaker.open == pytest.approx(plain.breaker.open / 10)
    assert fast.retry.budget.half_life == pytest.approx(plain.retry.budget.half_life / 10)
    assert fast.routes[0].cache.ttl == pytest.approx(plain.routes[0].cache.ttl / 10)
    assert fast.routes[0].cache.negative[401] == pytest.approx(0.5)


def test_numbers_that_are_no_durations_stay():
    plain = load(CONFIGS[SHIPPED], env={}).config.upstreams["whatsapp"]
    fast = compressed(load(CONFIGS[SHIPPED], env={}).config, 0.1).upstreams["whatsapp"]
    assert fast.retry.attempts == plain.retry.attempts
    assert fast.breaker.failure_rate == plain.breaker.failure_rate
    assert fast.retry.budget.ratio == plain.retry.budget.ratio
    assert fast.pool.max_connections == plain.pool.max_connections


def test_rates_become_higher():
    plain = load(CONFIGS[SHIPPED], env={}).config.upstreams["whatsapp"].routes[0]
    fast = compressed(load(CONFIGS[SHIPPED], env={}).config, 0.1).upstreams["whatsapp"].routes[0]
    assert fast.pace[0].rate == pytest.approx(10 * plain.pace[0].rate)
    assert fast.pace[0].burst == plain.pace[0].burst
