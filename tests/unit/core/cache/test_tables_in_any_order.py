"""Any rows, reads and writes: what a write changes, it drops.

A model: rows in memory, reads as filters over them, writes as PostgREST does them. Columns have
types, so one value has several ways to be written.
"""

import json
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.cache.tables import TableRules, Tables
from sidecar.core.cache.writes import write_tags
from tests.support.postgrest import MERGE, REPRESENTATION, get, write

INTS = ["0", "1", "2", "+2", "02", "2.0", "-1", "0x2"]
BOOLS = ["true", "t", "on", "1", "false", "no", "null"]
TEXTS = ["a", "A", "b", "a b", "1", "null", "2024-01-01"]
COLUMNS = {"id": "int", "owner_id": "int", "open": "bool", "name": "text", "upper": "text"}


def stored(kind, text):
    """The value that PostgreSQL reads in it."""
    if text is None:
        return None
    if kind == "int":
        return int(float(text)) if "x" not in text else int(text, 16)
    if kind == "bool":
        return None if text == "null" else text.lower() in ("true", "t", "on", "1")
    return text.lower()  # a column that ignores case, as citext


def computed(row):
    """With what the database itself makes of it."""
    name = row.get("name")
    return {**row, "upper": None if name is None else name.upper().lower()}


KINDS = {"int": INTS, "bool": BOOLS, "text": TEXTS}
writable = st.sampled_from(["owner_id", "open", "name"])


@st.composite
def filters(draw, most=2):
    """A query of filters, and the predicate that it stands for."""
    parts, tests = [], []
    for column in draw(st.lists(st.sampled_from(list(COLUMNS)), max_size=most)):
        kind = COLUMNS[column]
        operator = draw(st.sampled_from(["eq", "eq", "in", "is", "neq", "not.eq", "not_null"]))
        texts = draw(st.lists(st.sampled_from(KINDS[kind]), min_size=1, max_size=2))
        if kind == "bool":
            texts = [text for text in texts if text != "null"] or ["true"]
        values = {stored(kind, text) for text in texts[:1]}
        if operator == "in":
            values = {stored(kind, text) for text in texts}
            texts = [f'"{text}"' if " " in text else text for text in texts]
            parts.append((column, f"in.({','.join(texts)})"))
            tests.append(lambda row, c=column, v=values: row[c] in v and row[c] is not None)
        elif operator == "is":
            parts.append((column, "is.null"))
            tests.append(lambda row, c=column: row[c] is None)
        elif operator == "not_null":
            parts.append((column, "is.not_null"))
            tests.append(lambda row, c=column: row[c] is not None)
        elif operator == "eq":
            parts.append((column, f"eq.{texts[0]}"))
            tests.append(lambda row, c=column, v=values: row[c] in v and row[c] is not None)
        else:
            parts.append((column, f"{operator}.{texts[0]}"))
            tests.append(lambda row, c=column, v=values: row[c] not in v and row[c] is not None)
    query = "&".join(f"{name}={quote(value)}" for name, value in parts)
    return query, lambda row: all(test(row) for test in tests)


@st.composite
def values(draw, columns):
    """A JSON object, and the row that it means."""
    sent, row = {}, {}
    for column in columns:
        kind = COLUMNS[column]
        text = draw(st.sampled_from(KINDS[kind]))
        if kind == "int":
            text = draw(st.sampled_from(["0", "1", "2", "-1"]))
            sent[column] = draw(st.sampled_from([int(text), text, float(text)]))
        elif kind == "bool" and text in ("true", "false", "null"):
            sent[column] = draw(st.sampled_from([json.loads(text), text]))
            if sent[column] == "null":
                sent[column] = None
        elif draw(st.booleans()) and column != "id":
            sent[column], text = None, None
        else:
            sent[column] = text
        row[column] = stored(kind, text)
    return sent, row


@st.composite
def writes(draw):
    kind = draw(st.sampled_from(["insert", "upsert", "update", "delete", "put"]))
    columns = draw(st.lists(writable, unique=True, max_size=3))
    represented = draw(st.booleans())
    shown = draw(st.none() | st.lists(st.sampled_from(list(COLUMNS)), min_size=1, unique=True))
    if kind == "delete":
        return kind, draw(filters()), None, represented, shown
    if kind == "update":
        moved = draw(st.booleans())
        return kind, draw(filters()), draw(values(columns + ["id"] * moved)), represented, shown
    rows = draw(st.lists(values(["id", *columns]), min_size=1, max_size=2))
    return kind, ("", None), rows, represented, shown


def apply(rows, change):
    """The rows after the write, and those that its answer shows; as PostgREST would."""
    kind, (_, holds), data, _, _ = change
    if kind == "delete":
        gone = [row for row in rows if holds(row)]
        return [row for row in rows if not holds(row)], gone
    if kind == "update":
        changed = [computed({**row, **data[1]}) if holds(row) else row for row in rows]
        return changed, [new for old, new in zip(rows, changed, strict=True) if holds(old)]
    after, shown = list(rows), []
    for _, row in data:
        old = next((each for each in after if each["id"] == row["id"]), None)
        if old is not None and kind == "insert":
            continue
        empty = dict.fromkeys(COLUMNS)
        new = computed({**(old or empty), **row})
        after = [new if each is old else each for each in after] if old else [*after, new]
        shown.append(new)
    return after, shown


def as_request(change):
    kind, (query, _), data, represented, shown = change
    method = {"insert": "POST", "upsert": "POST", "put": "PUT"}.get(kind, kind)
    method = {"update": "PATCH", "delete": "DELETE"}.get(method, method)
    headers = [REPRESENTATION] if represented else []
    body = None
    if kind in ("insert", "upsert", "put"):
        body = [sent for sent, _ in data]
        if kind != "insert":
            headers.append(MERGE)
        query = "id=eq." + str(body[0]["id"]) if kind == "put" else query
        body = body[0] if kind == "put" else body
    elif kind == "update":
        body = data[0]
    if shown is not None:
        query += "&select=" + ",".join(shown)
    return write(method, f"t?{query}", body, *headers)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from([0, 1, 2, -1]),
            "owner_id": st.sampled_from([None, 0, 1, 2]),
            "open": st.sampled_from([None, True, False]),
            "name": st.sampled_from([None, "a", "b", "a b", "1"]),
        }
    ).map(computed),
    max_size=4,
    unique_by=lambda row: row["id"],
)


@settings(max_examples=700, deadline=None)
@given(ROWS, st.lists(filters(), min_size=1, max_size=3), writes())
def test_whatever_a_write_changes_is_dropped(rows, reads, change):
    if change[0] == "put":
        change = (change[0], change[1], change[2][:1], *change[3:])
    tables = Tables(TableRules())
    tags = [set(tables.read_tags(get(f"t?{query}"))) for query, _ in reads]
    after, shown = apply(rows, change)
    answer = None
    if change[3]:
        columns = change[4] or list(COLUMNS)
        answer = json.dumps([{name: row[name] for name in columns} for row in shown]).encode()
    bumped = set(write_tags(tables, as_request(change), answer))
    for (query, holds), carried in zip(reads, tags, strict=True):
        before_rows = [row for row in rows if holds(row)]
        after_rows = [row for row in after if holds(row)]
        if before_rows != after_rows:
            assert carried & bumped, query
