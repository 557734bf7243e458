"""The states of a breaker, as the library has them."""

from sidecar.core.breaker.states import Machine


def test_the_machine_follows_the_outcomes():
    breached = False
    machine = Machine(lambda: breached)
    machine.failure()
    assert machine.state == "closed"
    breached = True
    machine.success()
    assert machine.state == "closed"
    machine.failure()
    assert machine.state == "open"
    machine.half_open()
    assert machine.state == "half_open"
    machine.failure()
    assert machine.state == "open"
    machine.half_open()
    machine.success()
    assert (machine.state, repr(machine)) == ("closed", "Machine(closed)")
