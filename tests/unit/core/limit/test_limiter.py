import pytest

from sidecar.config.limit import Limit
from sidecar.core.limit import Limiter, Permit, Refusal, Ticket


def limiter(**settings):
    return Limiter(Limit(**{"inflight": 1, **settings}))


def outcomes(subject):
    return [(ticket.lane, type(ticket.outcome).__name__) for ticket in subject.decided()]


def test_the_limit_holds_and_the_next_call_gets_the_permit_that_is_released():
    subject = limiter(inflight=2)
    first, second, third = (subject.admit(0.0) for _ in range(3))
    assert [type(each) for each in (first, second, third)] == [Permit, Permit, Ticket]
    assert (repr(subject), subject.decided()) == ("<Limiter 2 of 2 in flight, 1 waiting>", [])
    first.release(0.05)
    assert subject.decided() == [third]
    assert isinstance(third.outcome, Permit)
    assert (subject.inflight, subject.waiters, subject.decided()) == (2, 0, [])


def test_a_permit_is_given_back_once():
    subject = limiter(inflight=2)
    permit, _ = subject.admit(0.0), subject.admit(0.0)
    permit.release(0.0)
    permit.release(0.0)
    assert subject.inflight == 1


def test_a_call_that_waited_for_too_long_gets_nothing_even_if_its_timer_is_late():
    subject = limiter(max_wait=0.1)
    permit, old = subject.admit(0.0), subject.admit(0.0, lane="old")
    young = subject.admit(0.05, lane="young")
    permit.release(0.11)
    assert outcomes(subject) == [("old", "Refusal"), ("young", "Permit")]
    assert (old.outcome, subject.expire(old)) == (Refusal("timeout"), Refusal("timeout"))
    assert subject.expire(young) is young.outcome


def test_a_call_whose_timer_expires_is_refused():
    subject = limiter(max_wait=0.1)
    subject.admit(0.0)
    ticket = subject.admit(0.0)
    assert ticket.patience == 0.1
    assert subject.expire(ticket) == Refusal("timeout")
    assert (subject.waiters, subject.decided()) == (0, [])


def test_a_permit_for_somebody_who_left_goes_to_the_next():
    subject = limiter()
    permit, gone, next_ = subject.admit(0.0), subject.admit(0.0), subject.admit(0.0)
    permit.release(0.01)
    assert subject.decided() == [gone]
    subject.abandon(gone, 0.02)
    assert subject.decided() == [next_]
    assert isinstance(next_.outcome, Permit)
    assert (subject.inflight, subject.waiters) == (1, 0)


def test_who_leaves_while_waiting_is_not_served():
    subject = limiter()
    permit, gone = subject.admit(0.0), subject.admit(0.0)
    subject.abandon(gone, 0.01)
    subject.abandon(gone, 0.01)
    permit.release(0.02)
    assert (subject.decided(), subject.inflight, subject.waiters) == ([], 0, 0)


def test_a_full_queue_refuses():
    subject = limiter(max_waiters=1)
    subject.admit(0.0)
    assert isinstance(subject.admit(0.0), Ticket)
    assert subject.admit(0.0) == Refusal("full")


@pytest.mark.parametrize("settings", [{"max_wait": 0.0}, {"max_waiters": 0}])
def test_without_a_queue_a_call_is_refused_at_once(settings):
    subject = limiter(**settings)
    assert isinstance(subject.admit(0.0), Permit)
    assert subject.admit(0.0) == Refusal("full")


def test_in_a_full_queue_a_batch_call_makes_room_for_an_interactive_one():
    subject = limiter(max_waiters=1)
    subject.admit(0.0)
    batch = subject.admit(0.0, "batch")
    call = subject.admit(0.0, "interactive")
    assert (subject.decided(), batch.outcome) == ([batch], Refusal("displaced"))
    assert isinstance(call, Ticket)
    assert subject.admit(0.0, "batch") == Refusal("full")


def test_a_call_does_not_wait_beyond_its_deadline():
    subject = limiter(max_wait=0.1)
    subject.admit(0.0)
    ticket = subject.admit(0.0, left=0.04)
    assert ticket.patience == 0.04
    assert subject.expire(ticket) == Refusal("deadline")


def test_a_call_that_cannot_be_answered_in_time_is_refused_early():
    subject = limiter(max_wait=0.1)
    subject.admit(0.0).release(0.3, 0.3)
    subject.admit(1.0).release(1.2, 0.2)
    subject.admit(11.0)  # both are of the last period now: no answer came in less than 0.2 s
    assert subject.admit(11.0, left=0.2) == Refusal("deadline")
    assert subject.admit(11.0, left=0.25).patience == pytest.approx(0.05)
    assert subject.admit(11.0, left=5.0).patience == 0.1


def test_a_call_with_little_time_is_let_through_where_there_is_room():
    subject = limiter()
    subject.admit(0.0).release(5.0, 5.0)
    subject.admit(10.0).release(15.0, 5.0)
    assert isinstance(subject.admit(20.0, left=0.001), Permit)


def test_an_adaptive_limit_lets_more_in_as_it_grows():
    subject = limiter(mode="adaptive", inflight=100, initial=4, min=1)
    permits = [subject.admit(0.0) for _ in range(4)]
    for step in range(400):
        permits.append(subject.admit(step * 0.01))
        subject.decided()
        granted = [each if isinstance(each, Permit) else each.outcome for each in permits]
        held = [each for each in granted if isinstance(each, Permit)]
        held[step].release(step * 0.01, 0.1)
    assert subject.limit > 4
    assert subject.inflight <= subject.limit <= 100


def test_an_adaptive_limit_that_shrinks_grants_nothing_until_calls_have_ended():
    subject = limiter(mode="adaptive", inflight=100, initial=40, min=4)
    permits = [subject.admit(0.0) for _ in range(40)]
    ticket = subject.admit(0.0)
    for permit in permits[:20]:
        permit.release(0.01, dropped=True)
    assert (subject.limit < 25, subject.inflight) == (True, 21)  # one was granted before it shrank
    assert isinstance(ticket.outcome, Permit)
    late = [subject.admit(0.02) for _ in range(10)]
    for permit in permits[20:25]:
        permit.release(0.02)
    granted = sum(isinstance(each, Permit) or each.outcome is not None for each in late)
    assert granted + 16 == subject.inflight <= subject.limit


def test_a_limit_that_is_not_enforced_counts_and_lets_through():
    subject = limiter(enforce=False)
    permits = [subject.admit(0.0) for _ in range(3)]
    assert [permit.beyond for permit in permits] == [False, True, True]
    permits[0].release(0.0)
    assert (subject.inflight, subject.waiters) == (2, 0)


def test_a_snapshot_says_how_it_stands():
    subject = limiter()
    subject.admit(0.0)
    subject.admit(0.0, "batch")
    subject.admit(0.0)
    assert subject.snapshot(0.0) == {
        "mode": "fixed",
        "enforced": True,
        "limit": 1,
        "inflight": 1,
        "waiters": 2,
        "batch_waiters": 1,
        "standing": False,
    }
    assert limiter(mode="adaptive").snapshot(0.0)["usual_first_byte"] == 0.0
