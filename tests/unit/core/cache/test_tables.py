"""Which writes drop which reads of PostgREST's tables."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.cache.tables import ALL, ANY_WRITE, TableRules, Tables, parameters, target_of
from sidecar.core.cache.writes import write_tags
from tests.support.builders import request
from tests.support.postgrest import MERGE, get, write


def meets(tables, read, change, answer=None):
    """Whether the write drops the read's answer."""
    tags = set(tables.read_tags(read))
    data = None if answer is None else json.dumps(answer).encode()
    return bool(tags & set(write_tags(tables, change, data)))


CASES = [
    # plain rows
    ("t?id=eq.5", "PATCH", "t?id=eq.5", {"x": 1}, True),
    ("t?id=eq.5", "PATCH", "t?id=eq.7", {"x": 1}, False),
    ("t?id=eq.5", "DELETE", "t?id=eq.7", None, False),
    ("t?id=eq.5", "DELETE", "t?id=in.(5,7)", None, True),
    ("t?id=in.(5,6)", "DELETE", "t?id=in.(6,7)", None, True),
    ("t?id=in.(5,6)", "DELETE", "t?id=in.(7,8)", None, False),
    ("t?id=eq.5", "DELETE", "t?id=gt.4", None, True),
    ("t?id=eq.5", "DELETE", "t", None, True),
    ("t?id=eq.5", "PATCH", "t?id=eq.7", {"id": 5}, True),
    ("t?id=eq.5", "DELETE", "u?id=eq.5", None, False),
    ("t?id=not.eq.5", "DELETE", "t?id=eq.7", None, True),
    ("t?or=(id.eq.5,id.eq.6)", "DELETE", "t?id=eq.7", None, True),
    ("t?x->>id=eq.5", "DELETE", "t?id=eq.7", None, True),
    ("t?id=eq(any).{5,7}", "DELETE", "t?id=eq.7", None, True),
    # lists by a key of theirs
    ("m?conversation_id=eq.1", "POST", "m", {"conversation_id": 1, "text": "x"}, True),
    ("m?conversation_id=eq.1", "POST", "m", {"conversation_id": 2, "text": "x"}, False),
    ("m?conversation_id=eq.1", "POST", "m", [{"conversation_id": 2}, {"conversation_id": 1}], True),
    ("m?conversation_id=eq.1", "POST", "m", {"text": "x"}, True),
    ("m?conversation_id=eq.1", "POST", "m?columns=text", {"conversation_id": 2, "text": "x"}, True),
    ("m?conversation_id=eq.1", "PATCH", "m?id=eq.9", {"text": "x"}, True),
    ("m?conversation_id=eq.1", "PATCH", "m?conversation_id=eq.2", {"text": "x"}, False),
    ("m?conversation_id=eq.1", "PATCH", "m?conversation_id=eq.2", {"conversation_id": 1}, True),
    ("m?conversation_id=eq.2", "PATCH", "m?conversation_id=eq.2", {"conversation_id": 1}, True),
    ("m?conversation_id=eq.1", "PATCH", "m?id=eq.9", {"conversation_id": 2}, True),
    ("m", "POST", "m", {"conversation_id": 2}, True),
    ("m?order=id&limit=5", "POST", "m", {"conversation_id": 2}, True),
    # what `columns` names and the body does not becomes NULL
    ("m?x_id=is.null", "PATCH", "m?x_id=eq.2&columns=text,x_id", {"text": "x"}, True),
    # a column that may be computed from what was changed
    ("m?slug=eq.a", "PATCH", "m?id=eq.9", {"title": "a"}, True),
    ("m?slug=eq.b", "PATCH", "m?slug=eq.a", {"title": "b"}, True),
    ("m?slug=eq.b", "DELETE", "m?slug=eq.a", None, False),
    # nulls, booleans, and the ways to write them
    ("t?parent_id=is.null", "POST", "t", {"parent_id": None}, True),
    ("t?parent_id=is.not_null", "POST", "t", {"parent_id": 7}, True),
    ("t?open=is.true", "POST", "t", {"open": True}, True),
    ("t?open=eq.t", "POST", "t", {"open": True}, True),
    ("t?open=eq.yes", "POST", "t", {"open": "true"}, True),
    ("t?open=is.true", "POST", "t", {"open": False}, False),
    ("t?open=is.unknown", "POST", "t", {"open": None}, True),
    # ways to write a number, a UUID, a date
    ("t?id=eq.05", "DELETE", "t?id=eq.5", None, True),
    ("t?id=eq.5.0", "DELETE", "t?id=eq.5", None, True),
    ("t?id=eq.0x5", "POST", "t", {"id": 5}, True),
    ("t?id=eq.5", "POST", "t", {"id": 5.0}, True),
    ("t?id=eq.5", "POST", "t", {"id": "+5"}, True),
    ("t?id=eq.1_0", "POST", "t", {"id": 10}, True),
    ("t?id=eq.0x0000000000000005", "POST", "t", {"id": 5}, True),
    ("t?id=eq.1_000_000_000_000_000", "POST", "t", {"id": 1_000_000_000_000_000}, True),
    ("t?at=eq.20240101T040506Z", "POST", "t", {"at": "20240101T040506-00"}, True),
    (
        "t?id=eq.a0eebc999c0b4ef8bb6d6bb9bd380a11",
        "DELETE",
        "t?id=eq.A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        None,
        True,
    ),
    ("t?day=eq.today", "POST", "t", {"day": "20240101"}, True),
    ("t?day=eq.20240101", "POST", "t", {"day": "2024-01-01"}, True),
    ("t?day=eq.jan-1-2024", "POST", "t", {"day": "20240101"}, True),
    ("t?name=eq.Anna", "POST", "t", {"name": "anna"}, True),
    ("t?name=eq.Anna", "POST", "t", {"name": "berta"}, False),
    ("t?name=eq.a%20b", "POST", "t", {"name": "c"}, True),
    ('t?name=in.("a","b")', "POST", "t", {"name": "a"}, True),
    ("t?x=eq.1", "POST", "t", {"x": {"deep": 1}}, True),
    # embedded resources
    ("c?select=*,m(*)&id=eq.1", "POST", "m", {"conversation_id": 2}, True),
    ("c?select=*,last:m!fk(id,u(name))&id=eq.1", "POST", "m", {"conversation_id": 2}, True),
    ("c?select=*,last:m!fk(id,u(name))&id=eq.1", "POST", "u", {"id": 2}, True),
    ("c?select=id,...u(name)&id=eq.1", "POST", "u", {"id": 2}, True),
    ("c?select=author:author_id(name)&id=eq.1", "POST", "u", {"id": 2}, True),
    ("c?select=*,u!members(name)&id=eq.1", "POST", "members", {"c_id": 1}, True),
    ("c?select=*,u!inner!members(name)&id=eq.1", "POST", "members", {"c_id": 1}, True),
    # upserts may move a row
    ("t?owner_id=eq.1", "POST", "t?on_conflict=id", {"id": 5, "owner_id": 2}, False),
    # bodies that say nothing
    ("t?id=eq.5", "POST", "t", "text", True),
    ("t?id=eq.5", "PATCH", "t?id=eq.7", None, True),
    ("t?id=eq.5", "POST", "t", [{"id": 6}] * 101, True),
    # functions
    ("t?id=eq.5", "POST", "rpc/unknown", {}, True),
    ("t?id=eq.5", "POST", "rpc/changes_u", {}, False),
    ("u?id=eq.5", "POST", "rpc/changes_u", {}, True),
    ("rpc/reads_t?x=1", "DELETE", "t?id=eq.7", None, True),
    ("rpc/reads_t?x=1", "DELETE", "m?id=eq.7", None, False),
    ("rpc/unknown?x=1", "DELETE", "m?id=eq.7", None, True),
    ("rpc/reads_open_t?x=1", "DELETE", "t?id=eq.7", None, True),
    ("rpc/reads_t?select=*,u(name)", "DELETE", "u?id=eq.7", None, True),
    ("rpc/reads_t?select=*,u(name)", "DELETE", "m?id=eq.7", None, False),
    ("audit?id=eq.5", "POST", "rpc/changes_t", {}, True),
    # views and triggers
    ("open_t?id=eq.5", "DELETE", "t?id=eq.7", None, True),
    ("t?id=eq.5", "DELETE", "open_t?id=eq.7", None, True),
    ("audit?id=eq.5", "DELETE", "t?id=eq.7", None, True),
    ("audit?id=eq.5", "DELETE", "m?id=eq.7", None, False),
    ("audit?id=eq.5", "DELETE", "open_t?id=eq.7", None, True),
    # another way to write the same path
    ("%74?id=eq.5", "DELETE", "t?id=eq.5", None, True),
]
RULES = TableRules(
    functions={
        "reads_t": ("t",),
        "reads_open_t": ("open_t",),
        "changes_t": ("t",),
        "changes_u": ("u",),
    },
    views={"open_t": ("t",)},
    related={"t": ("audit",)},
)


@pytest.mark.parametrize(("read", "method", "target", "body", "dropped"), CASES)
def test_a_write_drops_what_it_may_have_changed(read, method, target, body, dropped):
    tables = Tables(RULES)
    for name in ("t", "u", "m", "c", "audit"):
        tables.read_tags(get(name))
    headers = [MERGE] if "on_conflict" in target else []
    # The upsert's old row may have had another owner, so it drops them all.
    expected = dropped or "on_conflict" in target
    assert meets(tables, get(read), write(method, target, body, *headers)) == expected


@pytest.mark.parametrize(
    ("read", "method", "target", "body", "answer", "dropped"),
    [
        ("m?conversation_id=eq.1", "PATCH", "m?id=eq.9", {"x": 1}, [{"conversation_id": 2}], False),
        ("m?conversation_id=eq.1", "PATCH", "m?id=eq.9", {"x": 1}, [{"conversation_id": 1}], True),
        ("m?conversation_id=eq.1", "PATCH", "m?id=eq.9", {"x": 1}, [], True),
        ("m?conversation_id=eq.1", "DELETE", "m?id=eq.9", None, [{"conversation_id": 2}], False),
        ("m?conversation_id=eq.1", "DELETE", "m?id=eq.9", None, {"conversation_id": 1}, True),
        ("m?conversation_id=eq.1", "POST", "m", {"x": 1}, [{"conversation_id": 2}], False),
        ("m?conversation_id=eq.1", "POST", "m", {"conversation_id": 1}, [{"id": 4}], True),
        ("m?slug=eq.a", "PATCH", "m?id=eq.9", {"x": 1}, [{"slug": "b"}], True),
        ("m?slug=eq.a", "PATCH", "m?slug=eq.b", {"x": 1}, [{"slug": "c"}], False),
        ("m?slug=eq.c", "PATCH", "m?slug=eq.b", {"x": 1}, [{"slug": "c"}], True),
        ("m?slug=eq.a", "POST", "m", {"slug": "b"}, [{"slug": "a"}], True),
        ("m?slug=eq.a", "PATCH", "m?slug=eq.c", {"slug": "b"}, [{"slug": "a"}], True),
        ("m?slug=eq.d", "PATCH", "m?slug=eq.c", {"slug": "b"}, [{"slug": "a"}], False),
        ("m?id=eq.5", "DELETE", "m?slug=eq.c&select=id", None, [{"id": 7}], False),
        ("m?id=eq.5", "DELETE", "m?slug=eq.c&select=id:old_id", None, [{"id": 7}], True),
        ("m?id=eq.5", "DELETE", "m?slug=eq.c&select=data->id", None, [{"id": 7}], True),
        ("m?slug=eq.a", "POST", "m?select=slug:title", {"title": "b"}, [{"slug": "b"}], True),
    ],
)
def test_the_rows_in_the_answer_say_what_was_changed(read, method, target, body, answer, dropped):
    assert meets(Tables(RULES), get(read), write(method, target, body), answer) == dropped


def test_schemas_are_told_apart_and_public_is_none():
    tables = Tables(RULES)
    read = get("t?id=eq.5", (b"Accept-Profile", b"public"))
    other = get("t?id=eq.5", (b"Accept-Profile", b"tenant"))
    change = write("DELETE", "t?id=eq.5")
    in_tenant = write("DELETE", "t?id=eq.5", None, (b"Content-Profile", b"tenant"))
    assert meets(tables, read, change)
    assert not meets(tables, read, in_tenant)
    assert meets(tables, other, in_tenant)
    embedded = get("c?select=t(*)", (b"Accept-Profile", b"tenant"))
    assert meets(tables, embedded, in_tenant)


def test_what_is_not_about_tables_has_no_tags():
    tables = Tables(RULES)
    for target in ("/auth/v1/user", "/rest/v1/", "/rest/v1/a/b"):
        assert target_of(request(target=target)) is None
        assert tables.read_tags(request(target=target)) == ()
        assert write_tags(tables, request("POST", target), None) == ()


def test_what_is_known_of_a_database_is_bounded():
    tables = Tables(RULES)
    for number in range(300):
        tables.read_tags(get(f"t?c{number}=eq.1"))
    assert len(tables.columns("t")) == 64
    assert meets(tables, get("t?c299=eq.1"), write("POST", "t", {"c299": 2}))


def test_a_table_by_way_of_which_others_are_joined_is_known_by_a_hint_or_by_the_rules():
    """A request does not name it otherwise, and all else that it reads is known."""
    by_hint, by_rule = Tables(RULES), Tables(TableRules(related={"members": ("c",)}))
    change = write("POST", "members", {"c_id": 1, "u_id": 2})
    for tables, read, dropped in (
        (Tables(RULES), "c?select=*,u(name)", False),
        (by_hint, "c?select=*,u!members(name)", True),
        (by_rule, "c?select=*,u(name)", True),
    ):
        tables.read_tags(get("u"))
        assert meets(tables, get(read), change) == dropped


def test_of_an_embedded_view_the_rules_say_what_it_reads():
    assert ANY_WRITE not in Tables(RULES).read_tags(get("c?select=*,open_t(*)"))
    assert ANY_WRITE in Tables(RULES).read_tags(get("c?select=*,t(*)"))


def test_the_tables_of_which_columns_are_known_are_bounded():
    tables = Tables(RULES)
    names = [f"t{number}" for number in range(5000)]
    for name in names:
        tables.read_tags(get(f"{name}?id=eq.1"))
    assert sum(bool(tables.columns(name)) for name in names) == 4096
    assert meets(tables, get("t4999?id=eq.1"), write("DELETE", "t4999?id=eq.2"))


@given(st.text(max_size=8), st.text(max_size=8))
def test_no_target_makes_it_raise(path, query):
    tables = Tables(RULES)
    subject = request("POST", f"/rest/v1/{path}?{query}", body=query.encode())
    parameters(subject)
    assert ALL in {*tables.read_tags(subject), ALL}
    write_tags(tables, subject, query.encode())


def test_a_tag_of_every_kind_is_bumped_by_something():
    tables = Tables(RULES)
    assert tables.read_tags(get("t?id=eq.5")) == (ALL, "t!", "t.id", "t.id=5", "t.id+")
    assert tables.read_tags(get("rpc/unknown")) == (ALL, ANY_WRITE)
    assert write_tags(tables, write("DELETE", "t?id=eq.5"), None) == (
        ANY_WRITE,
        "t",
        "t.id=5",
        "audit!",
    )
