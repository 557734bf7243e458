"""What presets and the shipped configuration say of limits, paces, attempts and breakers."""

from pathlib import Path

import pytest

from sidecar.core.pace import Lanes, Passage, Refusal, Wait
from sidecar.loader import load, loads

ROOT = Path(__file__).parents[3]
SHIPPED = load(ROOT / "config" / "sidecar.yaml", env={}).config.upstreams


def preset(name):
    text = f"upstreams: {{a: {{preset: {name}, url: 'https://x'}}}}"
    return loads(text, env={}).config.upstreams["a"]


def paces(route):
    found = next(each for each in preset("whatsapp").routes if each.name == route)
    return {pace.title: pace for pace in found.pace}


def steps(pace, calls, total=10.0):
    """What calls that come at once, with so many seconds to their deadline, are told at first."""
    lane = Lanes(pace).get("one", 0.0)
    return [Passage([lane], 0.0, total, lambda: None).step(0.0) for _ in range(calls)]


def test_a_number_may_send_eighty_messages_at_once_and_those_that_follow_wait():
    found = steps(paces("messages")["number"], 81)
    assert found[:80] == [None] * 80
    assert isinstance(found[80], Wait)


def test_a_recipient_gets_45_at_once_one_that_waits_and_no_more():
    found = steps(paces("messages")["recipient"], 47)
    assert found[:45] == [None] * 45
    assert isinstance(found[45], Wait)
    assert found[45].seconds == pytest.approx(6.0)
    assert isinstance(found[46], Refusal)


def test_a_message_that_has_waited_for_its_turn_still_has_time_to_be_sent():
    route = next(each for each in preset("whatsapp").routes if each.name == "messages")
    assert route.timeouts.total - max(pace.max_wait for pace in route.pace) >= 4.0


def test_what_is_told_apart_by_number_and_recipient_is_read_from_the_request():
    keys = {title: pace.key for title, pace in paces("messages").items()}
    assert keys == {"number": "phone_number_id", "recipient": "phone_number_id+$.to"}


def test_messages_and_marketing_messages_share_their_paces():
    """Lanes are shared by paces that are equal."""
    assert paces("messages") == paces("marketing-messages")


def test_only_an_upstream_that_is_the_users_own_has_an_adaptive_limit():
    modes = {name: preset(name).limit.mode for name in ("supabase", "whatsapp", "gemini")}
    assert modes == {"supabase": "adaptive", "whatsapp": "fixed", "gemini": "fixed"}
    limit = preset("supabase").limit
    assert limit.initial == limit.min < limit.inflight


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_configuration_tries_three_times_and_probes_within_a_minute(name):
    upstream = SHIPPED[name]
    for settings in (upstream, *upstream.routes):
        assert settings.retry.attempts == 3
    assert upstream.breaker.enabled
    assert upstream.breaker.max_open <= 60
    assert upstream.limit.inflight <= upstream.pool.max_connections == 100


def test_each_model_of_the_shipped_configuration_has_a_breaker_of_its_own():
    assert {route.breaker.key for route in SHIPPED["gemini"].routes} == {"upstream+model"}
