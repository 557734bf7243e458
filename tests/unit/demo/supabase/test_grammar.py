"""PostgREST's grammar on a small table: filters, selects, orders, preferences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.demo.supabase.postgrest.errors import PostgrestError
from sidecar.demo.supabase.postgrest.preferences import content_range, media_type, preferences
from sidecar.demo.supabase.postgrest.query import parse
from sidecar.demo.supabase.postgrest.scanner import split, unquote
from sidecar.demo.supabase.postgrest.schema import Column, Table

ROWS = [
    {"id": 1, "name": "Ann", "age": 30, "on": True, "tags": ["a", "b"], "data": {"x": {"y": 1}}},
    {"id": 2, "name": "Bob", "age": None, "on": False, "tags": [], "data": {"l": [1, 2]}},
    {"id": 3, "name": "a,b(c)", "age": 50, "on": None, "tags": None, "data": None},
    {"id": 4, "name": 'q"\\', "age": 50, "on": True, "tags": ["c"], "data": {"x": "text"}},
]


def table() -> Table:
    kinds = {"id": "bigint", "age": "bigint", "on": "boolean", "tags": "text[]", "data": "jsonb"}
    columns = [Column(name, kinds.get(name, "text")) for name in ROWS[0]]
    return Table("people", {column.name: column for column in columns}, rows=list(ROWS))


def found(*pairs: tuple[str, str]) -> list[dict]:
    people = table()
    return parse({"people": people}, people, list(pairs)).run(people.rows, lambda one: one.rows)[0]


def ids(*pairs: tuple[str, str]) -> list[int]:
    return [row["id"] for row in found(("select", "id"), *pairs)]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("id", "eq.2", [2]),
        ("age", "neq.50", [1]),
        ("age", "not.eq.50", [1]),
        ("age", "gte.50", [3, 4]),
        ("age", "is.null", [2]),
        ("age", "not.is.null", [1, 3, 4]),
        ("age", "isdistinct.50", [1, 2]),
        ("on", "is.true", [1, 4]),
        ("on", "is.unknown", [3]),
        ("name", "like.*n*", [1]),
        ("name", "ilike.A%", [1, 3]),
        ("name", "like.___", [1, 2, 4]),
        ("name", "match.^[AB]", [1, 2]),
        ("name", "like(any).{A*,B*}", [1, 2]),
        ("name", "ilike(all).{*b*,*o*}", [2]),
        ("name", "eq(any).{Ann,Bob}", [1, 2]),
        ("name", 'in.(Ann,"a,b(c)")', [1, 3]),
        ("name", r'in.("q\"\\")', [4]),
        ("name", "eq.a,b(c)", [3]),
        ("name", 'eq."Ann"', []),
        ("name", "fts(english).ann", [1]),
        ("id", "in.()", []),
        ("id", "not.in.(1,2)", [3, 4]),
        ("tags", "cs.{a}", [1]),
        ("tags", "cd.{a,b,c}", [1, 2, 4]),
        ("tags", "ov.{b,c}", [1, 4]),
        ("data", 'cs.{"x":{"y":1}}', [1]),
        ("data->x->>y", "eq.1", [1]),
        ("data->l->0", "eq.1", [2]),
        ("data->>x", "eq.text", [4]),
        ("or", "(id.eq.1,id.eq.2)", [1, 2]),
        ("or", "(id.eq.1,and(age.eq.50,on.is.true))", [1, 4]),
        ("and", "(id.gt.1,id.lt.3)", [2]),
        ("not.or", "(id.eq.1,id.eq.2)", [3, 4]),
        ("or", "(not.and(id.gt.1,id.lt.4),id.eq.2)", [1, 2, 4]),
        ("or", '(name.eq."a,b(c)",name.in.(Ann,Bob))', [1, 2, 3]),
        ("or", "(age.not.is.null,id.eq.2)", [1, 2, 3, 4]),
    ],
)
def test_a_filter_finds_its_rows(name, value, expected):
    assert ids((name, value)) == expected


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("nothing", "eq.1", "42703"),
        ("id", "eq.x", "22P02"),
        ("on", "eq.maybe", "22P02"),
        ("tags", "cs.a", "22P02"),
        ("id", "what.1", "PGRST100"),
        ("id", "1", "PGRST100"),
        ("id", "in.1,2", "PGRST100"),
        ("on", "is.maybe", "PGRST100"),
        ("or", "id.eq.1", "PGRST100"),
        ("or", "()", "PGRST100"),
        ("or", "(id.eq)", "PGRST100"),
        ("name", "match.(", "2201B"),
        ("order", "id.sideways", "PGRST100"),
        ("select", "sum()", "PGRST123"),
        ("select", "nothing", "42703"),
        ("select", "id,other(id)", "PGRST200"),
        ("limit", "many", "22P02"),
    ],
)
def test_a_bad_query_is_refused_with_its_code(name, value, code):
    with pytest.raises(PostgrestError) as refused:
        found((name, value))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("age", [1, 3, 4, 2]),
        ("age.desc", [2, 3, 4, 1]),
        ("age.desc.nullslast,id.desc", [4, 3, 1, 2]),
        ("age.asc.nullsfirst,id.desc", [2, 1, 4, 3]),
        ("data->x->>y", [1, 2, 3, 4]),
    ],
)
def test_rows_are_ordered_with_nulls_where_postgresql_puts_them(order, expected):
    assert ids(("order", order)) == expected


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("name,age", {"name": "Ann", "age": 30}),
        ("nr:id::text", {"nr": "1"}),
        ("data->x", {"x": {"y": 1}}),
        ("data->x->>y", {"y": "1"}),
        ("z:data->x->>y", {"z": "1"}),
        ("data->l->0", {"l": None}),
        (" id , name ", {"id": 1, "name": "Ann"}),
    ],
)
def test_a_select_shapes_its_rows(select, expected):
    assert found(("select", select), ("limit", "1")) == [expected]


def test_limit_and_offset_cut_a_page_and_the_last_of_a_repeated_parameter_counts():
    assert ids(("limit", "9"), ("limit", "2"), ("offset", "1")) == [2, 3]


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5))
def test_quoted_items_survive_the_scanner(items):
    quoted = ['"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items]
    assert [unquote(item) for item in split(",".join(quoted))] == items


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", ("application/json", False)),
        ("text/html, */*", ("application/json", False)),
        ("text/csv", ("text/csv", False)),
        (
            "application/vnd.pgrst.object+json;nulls=stripped",
            ("application/vnd.pgrst.object+json", True),
        ),
    ],
)
def test_the_media_type_is_negotiated(accept, expected):
    assert media_type(accept) == expected


def test_unknown_media_types_and_strict_preferences_are_refused():
    with pytest.raises(PostgrestError, match="None of these media types"):
        media_type("image/png")
    with pytest.raises(PostgrestError, match="Invalid preferences"):
        preferences(["handling=strict, what=ever"])


def test_preferences_are_read_from_every_field_and_reported_as_applied():
    read = preferences(["return=representation,count=exact", "what=ever", "missing=default"])
    assert (read["return"], read["count"], read["missing"]) == (
        "representation",
        "exact",
        "default",
    )
    assert read.applied == "return=representation, count=exact"


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [((0, 10, 300), "0-9/300"), ((20, 1, None), "20-20/*"), ((5, 0, 0), "*/0")],
)
def test_content_range_counts_items(numbers, expected):
    assert content_range(*numbers) == expected
