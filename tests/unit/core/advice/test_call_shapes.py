import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.advice.shape import (
    Filter,
    Order,
    Shapes,
    Skimmed,
    path_template,
    shape_of,
    skim,
)
from sidecar.telemetry.redact import is_secret
from tests.support.builders import request

SECRET = "sb_secret_0123456789abcdef"  # not one


def shape(target, method="GET", headers=None):
    return shape_of(request(method, target, headers), is_secret)


def test_what_differs_in_values_only_has_the_same_shape():
    one = shape("/rest/v1/messages?conversation_id=eq.1&order=timestamp.desc&limit=5")
    other = shape("/rest/v1/messages?limit=50&order=timestamp.desc&conversation_id=eq.2")
    assert one == other
    assert one.table == "messages"
    assert one.filters == (Filter("conversation_id", "equal"),)
    assert one.order == (Order("timestamp", "desc"),)


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ("a=in.(1,2)&b=is.null", (Filter("a", "equal"), Filter("b", "equal"))),
        ("a=gte.1&a=lt.5", (Filter("a", "range"),)),
        ("tags=cs.{vip}", (Filter("tags", "contains"),)),
        ("name=ilike.*x*", (Filter("name", "pattern"),)),
        ("body=fts(english).x", (Filter("body", "search"),)),
        ("select=a,b(c)&limit=1&offset=2", ()),
    ],
)
def test_filters_are_told_apart_by_how_they_compare(query, filters):
    found = shape(f"/rest/v1/t?{query}")
    assert found.filters == filters
    assert not found.partly


@pytest.mark.parametrize("query", ["or=(a.eq.1,b.eq.2)", "a=not.eq.1", "j->>k=eq.1", "b.c=eq.1"])
def test_what_is_not_understood_is_said_to_be_there(query):
    found = shape(f"/rest/v1/t?{query}")
    assert found.partly
    assert found.filters == ()


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("a", [Order("a")]),
        ("a.desc.nullslast,b.asc", [Order("a", "desc", "last"), Order("b")]),
        ("a,b(c).desc", [Order("a")]),
        ("a->>b", []),
    ],
)
def test_the_order_is_read_as_far_as_it_is_one_of_columns(order, found):
    assert list(shape(f"/rest/v1/t?order={order}").order) == found


def test_a_schema_is_part_of_the_table():
    found = shape("/rest/v1/t?a=eq.1", headers=[(b"Accept-Profile", b"private")])
    assert found.table == "private/t"


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/v23.0/106540352242922/messages", "/v23.0/{id}/messages"),
        (
            "/v1beta/models/gemini-2.5-flash:generateContent",
            "/v1beta/models/gemini-2.5-flash:generateContent",
        ),
        ("/storage/v1/object/media/7f3e.jpg", "/storage/v1/object/media/{id}"),
        ("/u/0b9c2a4e-6f1e-4f7a-9f7e-0123456789ab/x", "/u/{id}/x"),
        (f"/k/{SECRET}", "/k/{id}"),
        ("/a%20b", "/{id}"),
        ("/", "/"),
        ("/a" * 30, "/a" * 12 + "/…"),
    ],
)
def test_a_segment_that_may_be_an_id_is_none_of_a_shape(path, template):
    assert path_template(path, is_secret) == template


@given(st.text(max_size=200), st.sampled_from(["GET", "POST", "BREW", ""]))
def test_any_target_has_a_shape_and_is_taken_apart(text, method):
    for target in ("/" + text, "/rest/v1/t?" + text):
        shape(target, method)
        skim(target)


def paired(most):
    return st.lists(
        st.tuples(
            st.sampled_from(["a", "b_id", "order", "offset", "limit", "or", "select"]),
            st.sampled_from(["eq.1", "in.(1,2)", "gt.3", "a.desc", "5", "not.eq.2", "*"]),
        ),
        max_size=most,
    )


@given(paired(6), st.integers(0, 10**6))
def test_what_has_the_same_skeleton_has_the_same_shape(pairs, number):
    target = "/rest/v1/t?" + "&".join(f"{name}={value}" for name, value in pairs)
    other = target.replace("=eq.1", f"=eq.{number}").replace("in.(1,2)", f"in.({number})")
    assert skim(target).skeleton == skim(other).skeleton
    assert shape(target) == shape(other)


@given(paired(2), paired(2))
def test_what_has_another_shape_has_another_skeleton(pairs, others):
    one, other = (
        "/rest/v1/t?" + "&".join(f"{name}={value}" for name, value in each)
        for each in (pairs, others)
    )
    if shape(one) != shape(other):
        assert skim(one).skeleton != skim(other).skeleton


def test_of_a_path_that_names_no_table_the_query_is_not_looked_at():
    assert skim(f"/v23.0/5/messages?a=eq.{SECRET}") == Skimmed(("/v23.0/5/messages",))


def test_no_operand_is_in_a_skeleton_or_a_shape():
    target = f"/rest/v1/t?a=eq.{SECRET}&b=gt.{SECRET}&offset=70&apikey={SECRET}&{SECRET}=eq.1"
    found = skim(target)
    assert found.operands[0] == ("a", SECRET)
    assert found.offset == 70
    assert SECRET not in repr(shape(target))


def test_shapes_are_remembered_and_bounded():
    shapes = Shapes(is_secret)
    for number in range(5000):
        asked = request("GET", f"/rest/v1/t{number}?a=eq.1")
        assert shapes.of(asked, skim(asked.target)).table == f"t{number}"
    assert 0 < len(shapes._known) <= 2048


def test_the_text_of_a_shape_reads_like_the_call():
    found = shape("/rest/v1/t?b=lt.1&a=eq.1&order=c.desc&or=(x.eq.1)")
    assert found.text == "GET /rest/v1/t?a=eq&b=gt|lt&or=…&order=c.desc"
