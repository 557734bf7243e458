"""supabase-py: tables and database functions."""

from typing import Any

from postgrest import CountMethod, ReturnMethod

NOBODY = "00000000-0000-4000-8000-000000000000"
CSV_ROWS = 3


def rows(builder: Any) -> Any:
    """What a query brings: the rows, and the count if it was asked for."""
    response = builder.execute()
    return {"data": response.data, "count": getattr(response, "count", None)}


def _select(*columns: str, of: str = "contacts", **options: Any) -> Any:
    return lambda c: c.anon.table(of).select(*columns, **options).order("id").limit(5)


def _contacts(refine: Any, *columns: str) -> Any:
    """A check of a few contacts, refined."""
    return lambda c: rows(refine(_select(*(columns or ("id", "name")))(c)))


def _pages(c: Any) -> list[Any]:
    table = c.anon.table("messages")
    return [
        rows(table.select("id", count=CountMethod.exact).order("id").range(first, first + 9))
        for first in (0, 10, 2395)
    ]


def _many(c: Any) -> list[int]:
    """A target of about 6 KB, and an answer that is worth compressing."""
    ids = list(range(1, 1200, 2))
    found = rows(c.anon.table("messages").select("id,body").in_("id", ids).order("id"))
    return [len(found["data"]), found["data"][-1]["id"]]


def _insert_many(c: Any) -> Any:
    given = [{"actor": "a", "action": f"bulk {n}"} for n in range(3)] + [{"action": "no actor"}]
    return rows(c.anon.table("audit_logs").insert(given))


def _odd_text(c: Any) -> Any:
    """Characters that the query grammar and the URL both have a use for."""
    text = 'a,b(c) "d" \\ %2C + & = ? # é 😀 .'
    c.anon.table("audit_logs").insert({"action": text, "subject": "odd"}).execute()
    table = c.anon.table("audit_logs")
    return [
        rows(table.select("action").eq("action", text)),
        rows(table.select("action").in_("action", [text, "x"])),
        rows(table.select("action").or_("action.like.*😀*,action.eq.none")),
    ]


CHECKS = {
    "rest: all columns": lambda c: rows(_select("*")(c)),
    "rest: some columns": lambda c: rows(_select("id", "name", "phone")(c)),
    "rest: alias, cast, json path": lambda c: rows(
        _select(
            "nr:id::text", "settings->greeting->>en", "settings->temperature", of="bot_configs"
        )(c)
    ),
    "rest: embedded": lambda c: rows(
        _select("id", "contacts(name,phone)", "messages(id)", of="conversations")(c)
    ),
    "rest: filter on embedded": lambda c: rows(
        _select("id", "contacts!inner(name)", of="conversations")(c).eq(
            "contacts.name", "Contact 003"
        )
    ),
    "rest: eq": _contacts(lambda q: q.eq("id", 4)),
    "rest: neq": _contacts(lambda q: q.neq("id", 1)),
    "rest: gt lt": _contacts(lambda q: q.gt("id", 10).lt("id", 13)),
    "rest: gte lte on one column": _contacts(lambda q: q.gte("id", 10).lte("id", 13)),
    "rest: like": _contacts(lambda q: q.like("name", "%act 01%")),
    "rest: ilike": _contacts(lambda q: q.ilike("name", "CONTACT 00_")),
    "rest: is null": _contacts(lambda q: q.is_("notes", "null")),
    "rest: not is null": _contacts(lambda q: q.not_.is_("notes", "null"), "id", "notes"),
    "rest: in": _contacts(lambda q: q.in_("id", [2, 4, 400])),
    "rest: contains": _contacts(lambda q: q.contains("tags", ["vip", "de"]), "id", "tags"),
    "rest: contained by": _contacts(lambda q: q.contained_by("tags", ["new", "de"]), "id", "tags"),
    "rest: overlaps": _contacts(lambda q: q.overlaps("tags", ["paid"]), "id", "tags"),
    "rest: or": _contacts(lambda q: q.or_("id.eq.3,and(id.gt.7,id.lt.9)")),
    "rest: not in": _contacts(lambda q: q.not_.in_("id", [1, 2, 3])),
    "rest: json contains": lambda c: rows(
        _select("id", of="bot_configs")(c).contains("settings", {"tools": ["search"]})
    ),
    "rest: text search": _contacts(lambda q: q.text_search("name", "contact 007")),
    "rest: match": _contacts(lambda q: q.match({"account_id": 2, "name": "Contact 001"})),
    "rest: descending": lambda c: rows(
        c.anon.table("contacts").select("id").order("notes", desc=True).order("id").limit(3)
    ),
    "rest: pages with count": _pages,
    "rest: range past the end": lambda c: rows(
        c.anon.table("accounts").select("*", count=CountMethod.exact).range(50, 60)
    ),
    "rest: planned count": lambda c: rows(
        c.anon.table("accounts").select("id", count=CountMethod.planned)
    ),
    "rest: head count": lambda c: rows(
        c.anon.table("messages").select("*", count=CountMethod.exact, head=True)
    ),
    "rest: long target": _many,
    "rest: single": lambda c: rows(c.anon.table("users").select("*").eq("id", 7).single()),
    "rest: single of none": lambda c: rows(c.anon.table("users").select("*").eq("id", 0).single()),
    "rest: single of many": lambda c: rows(c.anon.table("users").select("*").single()),
    "rest: maybe single": lambda c: repr(
        c.anon.table("users").select("*").eq("id", 0).maybe_single().execute()
    ),
    "rest: csv": lambda c: rows(c.anon.table("accounts").select("id,name").limit(CSV_ROWS).csv()),
    "rest: other schema": lambda c: rows(
        c.anon.schema("archive").table("conversations").select("*")
    ),
    "rest: unknown schema": lambda c: rows(
        c.anon.schema("none").table("conversations").select("*")
    ),
    "rest: unknown table": lambda c: rows(c.anon.table("nothing").select("*")),
    "rest: unknown column": lambda c: rows(c.anon.table("users").select("nothing")),
    "rest: bad filter value": lambda c: rows(c.anon.table("users").select("*").eq("id", "x")),
    "rest: bad tree": lambda c: rows(c.anon.table("users").select("*").or_("id.what.3")),
    "rest: no relationship": lambda c: rows(c.anon.table("users").select("id,messages(id)")),
    "rest: insert": lambda c: rows(
        c.anon.table("messages").insert({"conversation_id": 3, "direction": "out", "body": "Hi"})
    ),
    "rest: insert minimal": lambda c: rows(
        c.anon.table("messages").insert(
            {"conversation_id": 3, "body": "Quiet"}, returning=ReturnMethod.minimal
        )
    ),
    "rest: insert many": _insert_many,
    "rest: insert with count": lambda c: rows(
        c.anon.table("audit_logs").insert({"action": "counted"}, count=CountMethod.exact)
    ),
    "rest: insert duplicate": lambda c: rows(
        c.anon.table("users").insert({"name": "Twice", "email": "user1@example.com"})
    ),
    "rest: insert without required": lambda c: rows(c.anon.table("users").insert({"name": "No"})),
    "rest: insert dangling": lambda c: rows(
        c.anon.table("messages").insert({"conversation_id": 99999, "body": "Lost"})
    ),
    "rest: upsert": lambda c: rows(
        c.anon.table("users").upsert(
            {"name": "Renamed", "email": "user3@example.com"}, on_conflict="email"
        )
    ),
    "rest: upsert many": lambda c: rows(
        c.anon.table("roles").upsert([{"id": 1, "name": "root"}, {"id": 9, "name": "guest"}])
    ),
    "rest: upsert ignoring": lambda c: rows(
        c.anon.table("roles").upsert({"id": 9, "name": "other"}, ignore_duplicates=True)
    ),
    "rest: update": lambda c: rows(
        c.anon.table("conversations").update({"unread": 0, "status": "closed"}).eq("id", 5)
    ),
    "rest: update without filter": lambda c: rows(c.anon.table("roles").update({"name": "x"})),
    "rest: delete": lambda c: rows(c.anon.table("audit_logs").delete().eq("action", "bulk 1")),
    "rest: delete none": lambda c: rows(c.anon.table("audit_logs").delete().eq("action", "never")),
    "rest: after the writes": lambda c: rows(c.anon.table("audit_logs").select("*").order("id")),
    "rest: odd text": _odd_text,
    "rpc: value": lambda c: c.anon.rpc("add", {"a": 2, "b": 3}).execute().data,
    "rpc: get": lambda c: c.anon.rpc("add", {"a": 2, "b": 3}, get=True).execute().data,
    "rpc: rows": lambda c: rows(c.anon.rpc("search_contacts", {"term": "ct 00"}).limit(2)),
    "rpc: structure": lambda c: c.anon.rpc("echo", {"value": {"a": [1, None]}}).execute().data,
    "rpc: unknown": lambda c: rows(c.anon.rpc("nothing", {})),
    "rpc: volatile by get": lambda c: rows(
        c.anon.rpc("close_conversation", {"conversation_id": 9}, get=True)
    ),
    "rpc: raises": lambda c: rows(
        c.anon.rpc("fail", {"sqlstate": "57014", "message": "canceling statement"})
    ),
    "rls: a stranger sees nothing": lambda c: rows(c.anon.table("notes").select("*")),
    "rls: the service role sees all": lambda c: rows(c.service.table("notes").select("*")),
    "rls: a stranger cannot write": lambda c: rows(
        c.anon.table("notes").insert({"user_id": NOBODY})
    ),
}
