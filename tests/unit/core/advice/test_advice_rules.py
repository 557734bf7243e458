"""Each rule: what leads to its advice, and what does not."""

from dataclasses import replace

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.commands.check import examine
from sidecar.config import Breaker, Cache, Hedge, Match, Pace, Retry, Route, Timeouts
from sidecar.core.advice import Asked, Learnt, advise, yaml_text
from sidecar.core.advice.rules.database import Index, index_for
from sidecar.core.advice.shape import shape_of, skim
from sidecar.telemetry.record import Record
from sidecar.telemetry.redact import is_secret
from tests.support.builders import config, request, upstream

REST = Route(name="rest", match=Match(path="/rest/v1/**"), timeouts=Timeouts(first_byte=2.0))


class Seen:
    """Calls of one upstream, one after the other."""

    def __init__(self, route=REST, **settings):
        self.learnt = Learnt()
        self.now = 1_700_000_000.0
        self.number = 0
        self.config = config(
            upstreams={"db": upstream("http://db.example", routes=(route,), **settings)}
        )

    def call(self, target, *, took=0.01, wait=1.0, digest=None, group=1, method="GET", **more):
        self.number += 1
        asked = request(method, target)
        skimmed = skim(target)
        call = Asked(
            "db",
            "rest",
            shape_of(asked, is_secret),
            hash(target),
            group,
            offset=skimmed.offset,
            operands=tuple((name, hash(value)) for name, value in skimmed.operands),
        )
        began = self.now + wait
        fields = {"status": 200, "attempts": 1, "at_upstream": took, "duration": took, **more}
        record = Record("x", "db", "rest", method, target, started_wall=began, **fields)
        self.now = began + took
        self.learnt.see(call, record, digest)
        refused = record.status == 429
        self.learnt.counted(("db", "rest"), self.now, accepted=not refused, refused=refused)
        return self

    def calls(self, count, target, **more):
        """`{n}` in the target is the number of the call."""
        for number in range(count):
            self.call(target.replace("{n}", str(number)), **more)
        return self

    @property
    def advice(self):
        return advise(self.learnt, self.config)

    def kinds(self):
        return [each.kind for each in self.advice]

    def only(self):
        (advice,) = self.advice
        return advice


def passes(advice, tmp_path, route=None):
    """Whether the proposal makes a file that can be used."""
    file = tmp_path / "sidecar.yaml"
    base = {"upstreams": {"db": {"url": "https://db.example", "routes": []}}}
    rest = route or {"name": "rest", "match": {"path": "/rest/v1/**"}}
    more = yaml.safe_load(yaml_text(advice.settings))["upstreams"]["db"]
    routes = more.pop("routes", [])
    own = next((each for each in routes if each["name"] == "rest"), {})
    base["upstreams"]["db"] |= more
    base["upstreams"]["db"]["routes"] = [r for r in routes if r is not own] + [{**rest, **own}]
    file.write_text(yaml.safe_dump(base))
    verdict = examine(str(file))
    return verdict.code == 0 and not verdict.problems


def test_nothing_is_proposed_for_what_is_as_it_should_be():
    seen = Seen()
    seen.calls(300, "/rest/v1/plans?id=eq.{n}", digest=None)
    assert seen.advice == []


@pytest.mark.parametrize(
    ("configured", "took", "proposed"),
    [
        (30.0, 0.05, "1s"),  # a call that hangs is noticed late
        (30.0, 1.5, "5s"),
        (2.0, 1.9, "8s"),  # nearly all of it is used
        (5.0, 1.5, None),
        (1.5, 0.3, None),
    ],
)
def test_a_timeout_is_to_be_three_times_what_nearly_all_answers_take(
    configured, took, proposed, tmp_path
):
    timeouts = Timeouts(first_byte=configured, total=60.0)
    seen = Seen(replace(REST, timeouts=timeouts))
    seen.calls(250, "/rest/v1/rpc/sums", method="POST", took=took)
    if proposed is None:
        assert seen.advice == []
        return
    advice = seen.only()
    assert advice.kind == "timeout"
    assert advice.evidence["p99_seconds"] == pytest.approx(took, rel=0.05)
    (route,) = advice.settings["upstreams"]["db"]["routes"]
    assert route["timeouts"]["first_byte"] == proposed
    assert passes(advice, tmp_path)


def test_few_calls_say_nothing_of_a_timeout():
    seen = Seen(replace(REST, timeouts=Timeouts(first_byte=60.0)))
    assert seen.calls(199, "/rest/v1/rpc/sums", method="POST").advice == []


def test_a_read_that_is_repeated_is_to_be_kept_as_long_as_its_answer_lasts(tmp_path):
    seen = Seen()
    for number in range(400):  # it changes once, and is asked for every 2 s
        seen.call("/rest/v1/plans?active=is.true", wait=1.99, digest=(number + 7) // 200)
    advice = seen.only()
    assert advice.kind == "cache"
    assert advice.evidence["of_them_changed"] <= 2
    (route,) = advice.settings["upstreams"]["db"]["routes"]
    assert route == {
        "name": "plans-reads",
        "match": {"methods": ["GET"], "path": "/rest/v1/plans"},
        "cache": {"ttl": "5s", "tags": "table"},
    }
    assert passes(advice, tmp_path)


@pytest.mark.parametrize(
    "more",
    [
        {"digest": None},  # the answers are not known
        {"digest": 1, "method": "POST"},
    ],
)
def test_other_calls_are_not_to_be_kept(more):
    seen = Seen()
    digest = more.pop("digest")
    for number in range(100):
        seen.call("/rest/v1/plans?a=is.true", digest=digest and number, **more)
    assert seen.advice == []


def test_reads_of_ever_other_rows_are_not_to_be_kept():
    assert Seen().calls(100, "/rest/v1/plans?id=eq.{n}", digest=1).advice == []


def test_what_is_kept_already_is_not_proposed():
    seen = Seen(replace(REST, cache=Cache(ttl=5.0)))
    assert seen.calls(100, "/rest/v1/plans?a=is.true", digest=1).advice == []


def test_a_route_of_the_same_name_is_not_overwritten():
    other = Route(name="plans-reads", match=Match(path="/nowhere"))
    seen = Seen()
    db = seen.config.upstreams["db"]
    seen.config = config(upstreams={"db": replace(db, routes=(REST, other))})
    advice = seen.calls(100, "/rest/v1/plans?a=is.true", digest=1).only()
    assert advice.settings["upstreams"]["db"]["routes"][0]["name"] == "plans-reads-2"


def slow(seen):
    """Something quick to compare with, so that the distance is known."""
    return seen.calls(30, "/rest/v1/plans?id=eq.{n}", took=0.02)


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("account_id=eq.{n}&order=updated_at.desc", '"account_id", "updated_at" DESC'),
        ("order=at.asc&status=eq.x&account_id=eq.{n}", '"account_id", "status", "at"'),
        ("account_id=eq.{n}&at=gt.5", '"account_id", "at"'),
        ("at=gte.{n}", '"at"'),
        ("order=at.desc.nullslast,id.desc", '"at" DESC NULLS LAST, "id" DESC'),
        ("order=at.desc.nullsfirst", '"at" DESC'),
        ("phone=in.({n},7)", '"phone"'),
        ("order=Weird.desc", '"Weird" DESC'),
    ],
)
def test_a_slow_filter_gets_an_index_equality_first(query, columns):
    advice = slow(Seen()).calls(25, f"/rest/v1/things?{query}", took=0.16).only()
    assert advice.kind == "index"
    assert advice.confidence == "high"
    assert advice.sql.endswith(f' ON "public"."things" ({columns});')
    assert advice.sql.startswith("CREATE INDEX CONCURRENTLY IF NOT EXISTS ")
    assert advice.evidence["fastest_p50_seconds"] == pytest.approx(0.02, rel=0.06)


def test_what_is_in_a_value_is_found_by_another_kind_of_index():
    advice = slow(Seen()).calls(25, "/rest/v1/things?tags=cs.{a}", took=0.16).only()
    assert advice.sql.endswith(' ON "public"."things" USING gin ("tags");')


@pytest.mark.parametrize(
    ("target", "count", "took"),
    [
        ("/rest/v1/things?id=eq.{n}&a=eq.1", 25, 0.16),  # the primary key
        ("/rest/v1/things?a=eq.{n}", 19, 0.16),  # too few
        ("/rest/v1/things?a=eq.{n}", 25, 0.05),  # not that much slower
        ("/rest/v1/things?order=id.desc", 25, 0.16),
        ("/rest/v1/things?or=(a.eq.{n},b.eq.1)", 25, 0.16),
        ("/rest/v1/rpc/things?a={n}", 25, 0.16),
        ("/things?a=eq.{n}", 25, 0.16),
    ],
)
def test_no_index_is_proposed_where_it_would_not_help(target, count, took):
    assert slow(Seen()).calls(count, target, took=took).advice == []


def test_an_index_that_is_the_beginning_of_another_is_not_proposed_beside_it():
    seen = slow(Seen())
    seen.calls(25, "/rest/v1/things?account_id=eq.{n}", took=0.16)
    seen.calls(25, "/rest/v1/things?account_id=eq.{n}&order=at.desc", took=0.16)
    advice = seen.only()
    assert '("account_id", "at" DESC)' in advice.sql
    assert (advice.evidence["calls"], advice.evidence["shapes"]) == (50, 2)


def test_names_are_quoted_and_no_longer_than_postgresql_allows():
    index = Index('odd"schema/' + "t" * 60, "btree", ('"conversation_id"', '"at" DESC'))
    assert '"odd""schema"."tttt' in index.sql
    name = index.sql.split("EXISTS ")[1].split(" ON ")[0].strip('"')
    assert len(name) == 63
    assert name.endswith("_conversation_id_at_idx")


def test_no_shape_but_a_tables_has_an_index():
    assert index_for(shape_of(request("GET", "/v23.0/5/messages?a=eq.1"), is_secret)) is None


def test_deep_pages_are_to_be_asked_for_by_key():
    seen = Seen().calls(30, "/rest/v1/things?order=at.asc&limit=9", took=0.02)
    for number in range(12):
        seen.call(f"/rest/v1/things?order=at.asc&limit=9&offset={2000 + number}", took=0.09)
    advice = seen.only()
    assert (advice.kind, advice.confidence) == ("paging", "high")
    assert advice.text.endswith(
        "order=at.asc,id.asc&or=(at.gt.LAST,and(at.eq.LAST,id.gt.LAST_ID))&limit=N"
    )


def test_pages_that_are_not_deep_are_left_alone():
    assert Seen().calls(50, "/rest/v1/things?order=at.asc&offset={n}").advice == []


def rows(seen, count=4, calls=6):
    for parent in range(count):
        seen.call(f"/rest/v1/conversations?account_id=eq.{parent}")
        for child in range(calls):
            seen.call(f"/rest/v1/messages?conversation_id=eq.{parent}{child}", wait=0.001)
    return seen


def test_rows_of_calls_are_to_be_one_or_made_ahead(tmp_path):
    advice = rows(Seen()).only()
    assert (advice.kind, advice.confidence) == ("n_plus_one", "medium")
    assert "conversation_id=in.(ID,ID,…)" in advice.text
    assert "/rest/v1/conversations?select=*,messages(*)" in advice.text
    first, second = advice.settings["upstreams"]["db"]["routes"]
    assert first["cache"]["prefetch"] == [
        {"target": "/rest/v1/messages?conversation_id=eq.{$[*].id}", "most": 10}
    ]
    assert second["match"]["path"] == "/rest/v1/messages"
    assert passes(advice, tmp_path)


def test_two_rows_may_be_chance():
    assert rows(Seen(), count=2).advice == []


def test_a_call_that_follows_another_is_to_be_made_ahead(tmp_path):
    seen = Seen()
    for number in range(25):
        seen.call(f"/rest/v1/conversations?id=eq.{number}")
        seen.call(f"/rest/v1/messages?conversation_id=eq.{number}", wait=0.005)
    advice = seen.only()
    assert advice.kind == "sequence"
    first, _ = advice.settings["upstreams"]["db"]["routes"]
    assert first["cache"]["prefetch"] == [{"target": "/rest/v1/messages?conversation_id={?id}"}]
    assert passes(advice, tmp_path)


def test_a_call_that_asks_for_something_else_only_happens_to_follow():
    seen = Seen()
    for number in range(25):
        seen.call(f"/rest/v1/conversations?id=eq.{number}")
        seen.call(f"/rest/v1/messages?conversation_id=eq.{number + 500}", wait=0.005)
    assert seen.advice == []


def limited(seen, seconds=6, allowed=20):
    for _ in range(seconds):
        began = int(seen.now) + 1.0
        for number in range(30):
            seen.now = began
            status = 200 if number < allowed else 429
            seen.call("/rest/v1/rpc/send", method="POST", wait=0.01 * number, status=status)
    return seen


def test_calls_are_to_be_paced_just_below_where_refusals_began(tmp_path):
    advice = limited(Seen()).only()
    assert advice.kind == "pace"
    assert (advice.evidence["let_through"], advice.evidence["refused"]) == (20, 60)
    (route,) = advice.settings["upstreams"]["db"]["routes"]
    assert route["pace"] == [{"rate": "18/s", "burst": 10}]
    assert passes(advice, tmp_path)


def test_a_limit_by_the_minute_is_seen_over_a_minute():
    seen = Seen()
    for _ in range(6):
        began = int(seen.now) + 60.0
        for number in range(20):
            seen.now = began + number
            status = 200 if number < 10 else 429
            seen.call("/rest/v1/rpc/send", method="POST", wait=0.0, took=0.0, status=status)
    advice = seen.only()
    assert advice.evidence["let_through"] == pytest.approx(10, abs=1)
    assert advice.evidence["in_seconds"] == 60
    (route,) = advice.settings["upstreams"]["db"]["routes"]
    assert route["pace"] == [{"rate": "9/m", "burst": 9}]


def test_refusals_at_any_rate_have_nothing_to_do_with_it():
    seen = Seen()
    for _ in range(3):
        for allowed in (1, 100, 5, 300, 2):
            limited(seen, seconds=1, allowed=min(allowed, 25))
            seen.now += 90.0
            seen.calls(allowed, "/rest/v1/rpc/send", method="POST", wait=0.001, took=0.0)
            seen.call("/rest/v1/rpc/send", method="POST", wait=0.0, took=0.0, status=429)
    assert seen.advice == []


def test_who_is_paced_below_that_already_needs_no_advice():
    assert limited(Seen(replace(REST, pace=(Pace(rate=10.0),)))).advice == []


def test_repetitions_that_hardly_ever_help_are_to_be_fewer(tmp_path):
    seen = Seen(replace(REST, retry=Retry(attempts=4)))
    seen.calls(25, "/rest/v1/rpc/x", method="POST", attempts=4, status=503)
    seen.calls(3, "/rest/v1/rpc/x", method="POST", attempts=2)
    advice = seen.only()
    assert advice.kind == "retry"
    assert advice.evidence["wasted_attempts"] == 75
    assert passes(advice, tmp_path)


def test_repetitions_that_help_are_left_alone():
    seen = Seen(replace(REST, retry=Retry(attempts=4)))
    seen.calls(25, "/rest/v1/rpc/x", method="POST", attempts=2)
    assert seen.advice == []


def test_a_pool_whose_connections_are_all_busy_is_to_be_larger(tmp_path):
    seen = Seen().calls(100, "/rest/v1/rpc/x", method="POST", pool_wait=0.2)
    advice = seen.only()
    assert (advice.kind, advice.route) == ("pool", "")
    assert advice.settings == {"upstreams": {"db": {"pool": {"max_connections": 200}}}}
    assert passes(advice, tmp_path)


def test_reads_with_a_long_tail_may_be_hedged(tmp_path):
    seen = Seen()
    for number in range(300):
        seen.call(f"/rest/v1/things?id=eq.{number}", took=0.3 if number % 15 == 0 else 0.02)
    advice = seen.only()
    assert (advice.kind, advice.confidence) == ("hedge", "low")
    assert passes(advice, tmp_path)
    db = seen.config.upstreams["db"]
    hedged = replace(db.routes[0], hedge=Hedge(enabled=True))
    seen.config = config(upstreams={"db": replace(db, routes=(hedged,))})
    assert seen.advice == []


def test_a_breaker_that_opens_again_and_again_needs_more_probes(tmp_path):
    seen = Seen(breaker=Breaker())
    seen.call("/rest/v1/rpc/x", method="POST")
    (advice,) = advise(seen.learnt, seen.config, {("db", "db"): 9})
    assert advice.kind == "breaker"
    assert passes(advice, tmp_path)
    assert advise(seen.learnt, seen.config, {("db", "db"): 4}) == []


def test_the_surest_and_most_worthwhile_comes_first():
    seen = slow(Seen()).calls(25, "/rest/v1/things?a=eq.{n}", took=0.2)
    seen.calls(60, "/rest/v1/others?a=eq.{n}", took=0.2)
    limited(seen)
    assert [each.kind for each in seen.advice] == ["index", "index", "pace"]
    assert "others" in seen.advice[0].title


def test_routes_that_are_gone_get_no_advice():
    seen = limited(Seen())
    db = seen.config.upstreams["db"]
    seen.config = config(upstreams={"db": replace(db, routes=())})
    assert seen.advice == []


steps = st.lists(
    st.tuples(
        st.sampled_from(["GET", "POST"]),
        st.sampled_from(
            [
                "/rest/v1/a?b_id=eq.{n}&order=c.desc&offset=2000",
                "/rest/v1/a?b=eq.1",
                "/rest/v1/bs?id=eq.{n}",
                "/rest/v1/é?x=gt.{n}",
                "/storage/v1/object/{n}/x",
                "/" + "x/" * 20,
            ]
        ),
        st.integers(1, 60),
        st.sampled_from([0.001, 0.03, 0.2]),
        st.sampled_from([0.0, 0.01, 1.0]),
        st.sampled_from([200, 404, 429, 503]),
        st.integers(1, 3),
    ),
    max_size=12,
)


@given(steps)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_was_seen_proposals_are_settings_that_can_be_used(tmp_path_factory, taken):
    seen = Seen(replace(REST, timeouts=Timeouts()))
    for method, target, count, took, wait, status, attempts in taken:
        more = {"method": method, "took": took, "wait": wait, "status": status}
        seen.calls(count, target, digest=1, attempts=attempts, pool_wait=wait, **more)
    for advice in seen.advice:
        assert advice.sql or advice.text or advice.settings
        if advice.settings:
            assert passes(advice, tmp_path_factory.mktemp("proposal"))
