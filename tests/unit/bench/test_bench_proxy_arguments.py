"""What `make bench-proxy` is asked for, and what it measures then."""

import pytest

from bench.proxy.__main__ import asked
from bench.proxy.contenders import PEERS
from bench.proxy.measurements import MEASUREMENTS, Plan, figures, quick


def test_without_a_flag_all_is_measured_and_kept():
    wanted = asked([])
    assert wanted.plan == Plan()
    assert wanted.peers == tuple(PEERS)
    assert wanted.keep


@pytest.mark.parametrize("flags", [["--quick"], ["--only", "paced"], ["--peers", "node"]])
def test_what_is_not_the_whole_run_is_not_kept(flags):
    assert not asked(flags).keep


def test_the_sidecar_is_always_measured_and_order_is_as_usual():
    assert asked(["--peers", "node, nginx"]).peers == ("sidecar", "nginx", "node")


def test_measurements_are_chosen_by_name_in_their_usual_order():
    wanted = asked(["--only", "events,tls"])
    assert [one.name for one in wanted.plan.measurements] == ["tls", "events"]


@pytest.mark.parametrize(
    "flags", [["--only", "get"], ["--peers", "squid"], ["--only", ","], ["--rounds", "0"]]
)
def test_what_does_not_exist_is_a_wrong_flag(flags, capsys):
    with pytest.raises(SystemExit) as ended:
        asked(flags)
    assert ended.value.code == 2
    assert "bench.proxy: error: " in capsys.readouterr().err


def test_a_wrong_name_is_answered_with_those_that_exist(capsys):
    with pytest.raises(SystemExit):
        asked(["--peers", "squid"])
    assert ", ".join(PEERS) in capsys.readouterr().err


def test_rounds_and_patience_override_those_of_a_quick_run():
    plan = asked(["--quick", "--rounds", "3", "--patience", "0"]).plan
    assert (plan.rounds, plan.patience) == (3, 0)
    assert plan.measurements == quick(Plan()).measurements


def test_a_quick_run_has_every_measurement_at_fewer_connections():
    fewer = quick(Plan())
    assert [one.name for one in fewer.measurements] == [one.name for one in MEASUREMENTS]
    for one, whole in zip(fewer.measurements, MEASUREMENTS, strict=True):
        assert set(one.connections) <= set(whole.connections)
    assert 128 not in {count for one in fewer.measurements for count in one.connections}


def test_figures_have_keys_of_their_own_and_only_what_waits_for_nobody_is_added_latency():
    found = figures(Plan())
    assert len({each.key for each in found}) == len(found)
    added = {each.key for each in found if each.added}
    assert "get-1k/1/p50" in added
    assert "paced/64/p99" in added
    assert "events/8/p50" in added
    assert not [key for key in added if "/32/" in key or "/128/" in key or "/cpu" in key]
