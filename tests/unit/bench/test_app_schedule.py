"""The schedule of the benchmark's application: the same for everyone, and of the right kind."""

from collections import Counter
from itertools import pairwise

import pytest

from bench.app.calls import SERVICE, background, caller_of, steps, token, values_of
from bench.app.schedule import Request, schedule
from bench.app.spec import spec

HOUR = 3600.0


@pytest.fixture(scope="module")
def hour() -> list[Request]:
    return schedule(spec(), seed=1, duration=HOUR)


def test_the_same_seed_brings_the_same_requests_and_another_brings_others():
    once, again, other = (schedule(spec(), seed=seed, duration=60) for seed in (1, 1, 2))
    assert once == again
    assert [one.at for one in once] != [one.at for one in other]


def test_a_longer_run_begins_as_a_shorter_one_does():
    short, long = (schedule(spec(), seed=1, duration=seconds) for seconds in (60, 120))
    common = [one._replace(number=0) for one in long if one.at < 60]
    assert [one._replace(number=0) for one in short] == common


def test_requests_are_in_the_order_of_their_instants_and_have_numbers_of_their_own(hour):
    assert all(a.at <= b.at for a, b in pairwise(hour))
    assert len({one.number for one in hour}) == len(hour)
    assert all(0 <= one.at < HOUR for one in hour)


def test_there_are_eight_a_second_and_bursts_of_webhooks(hour):
    steady = 8 * HOUR
    bursts = HOUR / 90 * 15
    assert len(hour) == pytest.approx(steady + bursts, rel=0.05)


def test_endpoints_come_by_their_weights(hour):
    counts = Counter(one.endpoint.name for one in hour)
    assert counts["GET /auth/me"] / len(hour) == pytest.approx(0.18, abs=0.01)
    assert set(counts) == set(spec().reported)


def test_an_agent_works_on_conversations_of_his_own_account(hour):
    accounts = spec().workload.accounts
    assert all(one.conversation % accounts == one.user % accounts for one in hour)
    assert all(0 <= one.conversation < spec().workload.conversations for one in hour)


def test_no_two_calls_share_a_number(hour):
    numbers = [
        call.number
        for one in hour[:2000]
        for call in (*steps(spec(), one), *background(spec(), one))
    ]
    assert len(set(numbers)) == len(numbers)


def test_calls_are_made_with_the_token_of_the_user_where_the_answer_depends_on_it(hour):
    me = next(one for one in hour if one.endpoint.name == "GET /auth/me")
    callers = {call.resource: call.caller for call in steps(spec(), me)}
    assert callers["auth.user"] == f"user-{me.user + 1}"
    assert callers["rest.org"] == SERVICE


def test_a_webhook_has_no_user(hour):
    hook = next(one for one in hour if "webhook" in one.endpoint.name)
    assert {call.caller for call in steps(spec(), hook)} == {SERVICE}


def test_who_sends_a_message_has_the_account_in_memory(hour):
    send = next(one for one in hour if one.endpoint.name.endswith("/send"))
    assert [call.resource for call in steps(spec(), send)] == [
        "rest.conv",
        "wa.send",
        "rest.ins_msg",
        "rest.upd_conv",
    ]


def test_the_bot_replies_to_some_webhooks_only(hour):
    hooks = [one for one in hour if "webhook" in one.endpoint.name]
    replies = [one for one in hooks if background(spec(), one)]
    assert len(replies) / len(hooks) == pytest.approx(0.4, abs=0.03)
    others = (one for one in hour[:2000] if "webhook" not in one.endpoint.name)
    assert not any(background(spec(), one) for one in others)


def test_the_tags_of_a_call_name_its_conversation_and_account(hour):
    one = next(one for one in hour if one.endpoint.name.startswith("GET /messages/{c"))
    values = values_of(spec(), one)
    tags = {call.resource: call.tags for call in steps(spec(), one)}
    assert tags["rest.msgs"] == (f"msgs:{values['conv']}",)


@pytest.mark.parametrize("caller", [SERVICE, "user-7"])
def test_a_token_tells_whose_it_is(caller):
    assert caller_of(f"Bearer {token(caller)}") == caller


@pytest.mark.parametrize("field", ["", "Bearer", "Bearer a.b.c", "Basic eHg6eQ=="])
def test_what_is_no_token_is_nobodys(field):
    assert caller_of(field) == ""
