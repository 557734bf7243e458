"""What is said of the change from one configuration to another."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.config import Config, Timeouts
from sidecar.core.config_diff import differences
from sidecar.loader import loads
from tests.support.builders import upstream

BASE = """
upstreams:
  api:
    url: https://api.test/v1/secret-part
    timeouts: {total: 10s}
    pace: [{rate: 80/s, name: quick}]
    cache: {ttl: 5s, negative: {404: 30s}}
    credentials: {header: x-key, value: first-secret}
    routes:
      - {name: reads, match: {methods: [GET]}}
      - {name: writes, match: {methods: [POST]}, timeouts: {total: 20s}}
"""


def config(text=BASE):
    return loads(text, env={}).config


def lines(after, before=BASE):
    return [str(each) for each in differences(config(before), config(after))]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("total: 10s", "total: 5s", ["~ upstreams.api.timeouts.total: 10s → 5s"]),
        ("total: 20s", "total: 1m", ["~ upstreams.api.routes.writes.timeouts.total: 20s → 1m"]),
        ("rate: 80/s", "rate: 10/m", ["~ upstreams.api.pace.quick.rate: 80/s → 10/m"]),
        ("name: quick", "name: slow", ["- upstreams.api.pace.quick", "+ upstreams.api.pace.slow"]),
        ("404: 30s", "404: 1m", ["~ upstreams.api.cache.negative.404: 30s → 1m"]),
        ("404: 30s", "401: 30s", None),
        ("first-secret", "other-secret", ["~ upstreams.api.credentials.value: *** → ***"]),
        ("secret-part", "other", ["~ upstreams.api.url: https://api.test/… → https://api.test/…"]),
        ("https://api.test", "https://b.test", None),
        ("[GET]", "[GET, HEAD]", ["~ upstreams.api.routes.reads.match.methods: GET → GET, HEAD"]),
        ("name: reads", "name: looks", None),
        ("  api:", "  two: {url: http://b.test}\n  api:", ["+ upstreams.two"]),
    ],
)
def test_each_change_is_one_line_as_it_is_written(old, new, expected):
    assert old in BASE
    found = lines(BASE.replace(old, new, 1))
    assert found
    if expected is not None:
        assert found == expected


def test_a_list_of_urls_is_told_without_their_paths():
    more = "    returned_urls: {origins: [https://a.test/secret, https://b.test]}\n"
    changed = BASE.replace("    routes:\n", f"{more}    routes:\n")
    key = "upstreams.api.returned_urls.origins"
    assert lines(changed) == [f"~ {key}: none → https://a.test/…, https://b.test"]
    assert lines(BASE, changed) == [f"~ {key}: https://a.test/…, https://b.test → none"]


def test_an_upstream_that_goes_and_one_that_comes_are_named_whole():
    other = BASE.replace("  api:", "  app:")
    assert sorted(lines(other)) == ["+ upstreams.app", "- upstreams.api"]


def test_a_section_that_goes_is_named_whole():
    without = BASE.replace("    credentials: {header: x-key, value: first-secret}\n", "")
    assert lines(without) == ["- upstreams.api.credentials"]
    assert lines(BASE, without) == ["+ upstreams.api.credentials"]


def test_another_kind_of_section_is_told_by_its_kind():
    file, server = (
        f"{BASE}\nstores: {{shared: {{kind: {kind}}}}}\n" for kind in ("sqlite", "redis")
    )
    assert lines(server, file) == ["~ stores.shared: sqlite → redis"]


def test_a_dialect_that_is_described_is_told_as_a_section():
    described = BASE.replace("    routes:\n", "    dialect: {code: error.code}\n    routes:\n")
    assert lines(described) == ["~ upstreams.api.dialect: plain → {…}"]
    assert lines(BASE, described) == ["~ upstreams.api.dialect: {…} → plain"]


def test_another_order_of_routes_is_said_because_the_first_match_is_used():
    reads, writes = BASE.splitlines()[-2:]
    turned = BASE.replace(f"{reads}\n{writes}", f"{writes}\n{reads}")
    assert lines(turned) == ["~ upstreams.api.routes: reads, writes → writes, reads"]


def test_what_routes_inherit_is_said_once():
    found = lines(BASE.replace("ttl: 5s", "ttl: 6s"))
    assert found == ["~ upstreams.api.cache.ttl: 5s → 6s"]


@pytest.mark.parametrize(
    "more",
    [
        "loop: asyncio",
        "stores: {memory: {max_size: 1MiB}}",
        "listen: {ops: '127.0.0.1:1'}",
        "listen: {admin: null}",
        "stores: {shared: {kind: sqlite}}",
    ],
)
def test_what_a_running_program_cannot_change_is_known(more):
    found = differences(config(), config(f"{BASE}\n{more}\n"))
    assert found
    assert all(each.needs_restart for each in found)


@pytest.mark.parametrize("more", ["listen: {proxy: '127.0.0.1:1'}", "limits: {max_headers: 9}"])
def test_the_rest_needs_no_restart(more):
    found = differences(config(), config(f"{BASE}\n{more}\n"))
    assert [each.needs_restart for each in found] == [False]


SECRETS = """
upstreams: {{api: {{url: http://a.test, queue: {{mode: prefer,
  callback: {{url: "http://b.test/hook/{0}", secret: {0}}}}}}}}}
admin: {{token: {0}-{0}-{0}}}
stores: {{secret: {0}, spool: {{kind: redis, url: "redis://u:{0}@localhost"}}}}
"""


def test_no_secret_is_told():
    found = lines(SECRETS.format("hunter3"), SECRETS.format("hunter2"))
    assert len(found) == 5
    assert not [line for line in found if "hunter" in line]


durations = st.integers(1, 500).map(float)
timeouts = st.builds(Timeouts, total=durations, connect=durations, idle=durations)
configs = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.builds(lambda each: upstream("http://x.test", timeouts=each), timeouts),
    min_size=1,
).map(lambda found: Config(upstreams=found))


@given(configs)
def test_the_same_configuration_has_no_difference(subject):
    assert differences(subject, replace(subject)) == []


@given(configs, configs)
def test_there_is_a_line_exactly_where_something_differs(one, other):
    found = differences(one, other)
    assert bool(found) == (one != other)
    assert len(set(found)) == len(found)
    turned = {"+": "-", "-": "+", "~": "~"}
    back = {(each.path, turned[each.sign], each.after, each.before) for each in found}
    assert {
        (each.path, each.sign, each.before, each.after) for each in differences(other, one)
    } == back
