from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.config.prefetch_target import prefetch_target
from sidecar.core.prefetch import Plan, Recent, all_targets, headers_ahead, parse, targets
from tests.support.builders import request

ROWS = [{"id": 1, "a": "x y"}, {"id": 2, "a": "é/&"}, {"id": 1, "a": "x y"}, {"a": "z"}, 5, None]


def made(text, target="/asked", params=None, answer=None, most=10):
    return list(targets(Plan(parse(text), most), request("GET", target), params or {}, answer))


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("/p?id=eq.{$.id}", {"id": 7}, ["/p?id=eq.7"]),
        ("/p?id=eq.{$.id}", {"id": "a-b_c.d~e"}, ["/p?id=eq.a-b_c.d~e"]),
        ("/p/{$.id}/x", {"id": "a b"}, ["/p/a%20b/x"]),
        ("/p?id={$.a.b[1]}", {"a": {"b": [0, -3]}}, ["/p?id=-3"]),
        ('/p?id={$["odd name"]}', {"odd name": "x"}, ["/p?id=x"]),
        ("/p?id=eq.{$[*].id}", ROWS, ["/p?id=eq.1", "/p?id=eq.2"]),
        ("/p?id={$.rows[*].id}&a={$.rows[*].a}", {"rows": ROWS[:1]}, ["/p?id=1&a=x%20y"]),
        ("/p?id={$[*]}", ["a", 2, None, True, 1.5, [], {}], ["/p?id=a", "/p?id=2"]),
        ("/p?a={$[*].a}", ROWS, ["/p?a=x%20y", "/p?a=%C3%A9%2F%26", "/p?a=z"]),
        ("/p/{$[*].a}", ROWS, ["/p/x%20y", "/p/z"]),
        ("/p?id={$[*].id}", {"id": 1}, []),
        ("/p?id={$.id}", [{"id": 1}], []),
        ("/p?id={$.id}", None, []),
        ("/p?id={$.id}", {"id": ""}, []),
        ("/p?id={$.id}", {"id": True}, []),
        ("/p?id={$.id}", {"id": 1.0}, []),
        ("/p?id={$.id}", {"id": "a\nb"}, []),
        ("/p?id={$.id}", {"id": "\ud800"}, []),
        ("/p?id={$.id}", {"id": "x" * 257}, []),
    ],
)
def test_fields_of_an_answer_are_filled_in(text, answer, expected):
    assert made(text, answer=answer) == expected


@pytest.mark.parametrize(
    ("text", "target", "params", "expected"),
    [
        ("/c/{id}/m", "/asked", {"id": "a%20b"}, ["/c/a%20b/m"]),
        ("/c/{id}/m", "/asked", {"id": "a:b@c"}, ["/c/a:b@c/m"]),
        ("/c/{id}/m", "/asked", {"id": "..;"}, ["/c/..%3B/m"]),
        ("/c/{id}/m", "/asked", {"id": "a%2Fb"}, []),
        ("/c/{id}/m", "/asked", {"id": "%2e%2E"}, []),
        ("/c/{id}/m", "/asked", {"id": "a%00"}, []),
        ("/c/{id}/m", "/asked", {}, []),
        ("/c?id=eq.{id}", "/asked", {"id": "a&b+c%26"}, ["/c?id=eq.a%26b%2Bc%26"]),
        ("/m?c={?c}", "/asked?x=1&c=eq.5&c=6", {}, ["/m?c=eq.5"]),
        ("/m?c={?c}", "/asked?c=in.(1,2)+3%2C", {}, ["/m?c=in.(1,2)+3%2C"]),
        ("/m?c={?c}", "/asked?c=a;b=%zz", {}, ["/m?c=a%3Bb%3D%25zz"]),
        ("/m?c={?c}", "/asked?c=", {}, []),
        ("/m?c={?c}", "/asked?d=1", {}, []),
        ("/m/{?c}", "/asked?c=a+b", {}, ["/m/a%20b"]),
        ("/m/{?c}", "/asked?c=a/b", {}, []),
        ("/m?all", "/asked", {}, ["/m?all"]),
        ("/asked?c={?c}", "/asked?c=1", {}, []),
    ],
)
def test_parts_of_the_request_are_filled_in(text, target, params, expected):
    assert made(text, target, params) == expected


def test_one_answer_leads_to_so_many_calls_at_the_most():
    rows = [{"id": number} for number in range(50)]
    assert made("/p?id={$[*].id}", answer=rows, most=3) == ["/p?id=0", "/p?id=1", "/p?id=2"]


def test_several_plans_lead_to_each_target_once():
    plans = [Plan(parse("/p?id={$.a}"), 5), Plan(parse("/p?id={$.b}"), 5)]
    assert all_targets(plans, request(), {}, {"a": 1, "b": 1}) == ("/p?id=1",)


@pytest.mark.parametrize(
    ("text", "needs"),
    [("/a", False), ("/a/{x}?b={?c}", False), ("/a/{$.x}", True), ("/a?x={$[*].x}", True)],
)
def test_a_template_knows_whether_it_needs_the_answer(text, needs):
    assert parse(text).needs_answer is needs


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "//host/a", "http://host/a", "/a b", "/a#b", "/é", "/a%zz", "/a\n"),
        *("/a/{", "/a/}", "/{a", "/{}", "/{A}", "/{$}", "/{$x}", "/{$.a[*].b[*].c}", "/{$..a}"),
        *("/{?}", "/{?a b}", "/{{a}}", "/../a", "/a/%2E.", "/a/.", "/{$.a[*].x}/{$.b[*].x}"),
    ],
)
def test_what_is_no_target_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r"\w+ \w+ \w+"):
        prefetch_target(text)
    with pytest.raises(ValueError, match=r"\w+ \w+ \w+"):
        parse(text)


def test_the_configuration_passes_a_good_target_as_it_is():
    text = '/rest/v1/a/{id}?b=eq.{$.rows[*]["c d"]}&e={?f}'
    assert prefetch_target(text) == text


TEMPLATES = st.sampled_from(
    [
        "/a/{$.x}/b?c={$.y}&d=1",
        "/a/{$.x}{$.y}?{$.x}={$.y}",
        "/{$.x}",
        "/a/{p}/{?q}?c={p}&e={?q}",
        "/a/{p}{?q}?c={$.y}",
    ]
)
NASTY = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=12),
    st.text(st.sampled_from("./\\?&=#;%2fFeE+ \r\n\t\0@:"), max_size=8),
    st.integers(),
)
RAW = st.text(st.sampled_from("./\\&=;%2fFeE+ab\udc80:"), max_size=8)


@given(TEMPLATES, NASTY, NASTY, RAW.filter(lambda raw: "/" not in raw), RAW)
def test_no_value_adds_a_segment_or_a_parameter(text, x, y, p, q):
    pattern = text.replace("{$.x}", "v").replace("{$.y}", "v").replace("{p}", "v")
    shape = pattern.replace("{?q}", "v")
    asked = "/asked?q=" + q.split("&")[0]
    for target in made(text, asked, {"p": p}, {"x": x, "y": y}):
        assert target.isascii()
        assert target.isprintable()
        assert not set(target) & set(" #\\;")
        path, _, query = target.partition("?")
        again = unquote(path).replace("\\", "/")
        assert again.count("/") == shape.partition("?")[0].count("/")
        assert not {".", "..", ""} & set(again.split("/")[1:])
        assert len(parse_qsl(query, keep_blank_values=True)) == len(
            parse_qsl(shape.partition("?")[2], keep_blank_values=True)
        )
        assert query.count("&") == shape.partition("?")[2].count("&")


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40))
def test_a_value_in_the_query_arrives_as_it_was(value):
    for target in made("/a?b={$.x}", answer={"x": value}):
        assert parse_qsl(target.partition("?")[2]) == [("b", value)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("xyz"), inner),
)


@given(TEMPLATES | st.sampled_from(["/a/{$[*].x}", "/a/{$.x[*]}", "/a/{$.x[*].y[0]}"]), JSON)
def test_no_answer_is_too_odd(text, answer):
    assert len(made(text, "/asked?q=1", {"p": "1"}, answer)) <= 10


def test_the_fields_are_those_of_another_get_of_the_same_client():
    kept = [
        (b"Authorization", b"Bearer t"),
        (b"apikey", b"k"),
        (b"Cookie", b"c=1"),
        (b"Accept", b"application/json"),
        (b"Accept-Encoding", b"gzip"),
        (b"Accept-Profile", b"public"),
        (b"User-Agent", b"u"),
        (b"X-Client-Info", b"supabase-js"),
        (b"Content-Type", b"application/json"),
        (b"traceparent", b"00-1"),
    ]
    dropped = [
        (b"Range", b"0-9"),
        (b"Range-Unit", b"items"),
        (b"Prefer", b"count=exact"),
        (b"If-None-Match", b'"e"'),
        (b"if-range", b'"e"'),
        (b"Cache-Control", b"no-cache"),
        (b"Pragma", b"no-cache"),
        (b"Content-Length", b"0"),
        (b"X-Retry-Count", b"1"),
        (b"x-stainless-retry-count", b"1"),
        (b"X-Server-Timeout", b"5"),
        (b"X-Sidecar-Timeout", b"5s"),
        (b"Idempotency-Key", b"1"),
    ]
    mixed = [field for pair in zip(kept, dropped, strict=False) for field in pair] + dropped[10:]
    assert headers_ahead(mixed) == kept


def test_a_call_is_due_again_after_a_while():
    recent = Recent(10.0, most=2)
    assert recent.is_due("a", 0.0)
    assert not recent.is_due("a", 9.9)
    assert recent.is_due("a", 10.0)
    assert not recent.is_due("a", 19.0)


def test_the_oldest_call_is_forgotten_first():
    recent = Recent(10.0, most=2)
    assert [recent.is_due(key, 0.0) for key in "abc"] == [True] * 3
    assert len(recent) == 2
    assert not recent.is_due("c", 1.0)
    assert recent.is_due("a", 1.0)
