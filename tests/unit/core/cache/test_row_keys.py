"""Rows that were read tell which lists a write changes."""

import json
from collections import OrderedDict

import pytest

from sidecar.core.cache.row_keys import RowKeys
from sidecar.core.cache.rows_read import asked_of, is_complete, outlived, rows_of
from sidecar.core.cache.tables import TableRules, Tables
from sidecar.core.cache.told import tables_written
from sidecar.core.cache.writes import write_tags
from tests.support.builders import request
from tests.support.postgrest import REST, get, write

RELATED = TableRules(related={"messages.conversation_id": ("conversations.id",)})
STAMP = (("t!", 0),)


class Database:
    """Reads and writes, with what is learnt in between."""

    def __init__(self, rules=RELATED):
        self.tables = Tables(rules)
        self.now = 0.0
        self.current = True
        self.kept = {}

    def known(self, table, names, column):
        return self.tables.keys.values(table, names, column, lambda _: self.current, self.now)

    def read(self, target, answer):
        tags = set(self.tables.read_tags(get(target)))
        asked = asked_of(self.tables, get(target))
        if asked is not None:
            rows = rows_of(answer)
            self.tables.keys.learn(asked.table, rows, STAMP, self.now)
            if is_complete(asked, rows):
                tags.discard(outlived(asked))
        self.kept[target] = tags

    def dropped(self, change, answer=None, *, sure=True):
        data = None if answer is None else json.dumps(answer).encode()
        tags = set(write_tags(self.tables, change, data, self.known, sure=sure))
        return {target for target, carried in self.kept.items() if carried & tags}


ONE, TWO = "conversations?account_id=eq.1", "conversations?account_id=eq.2"
PATCH = write("PATCH", "conversations?id=eq.5", {"unread": 0})
ROW = {"id": 5, "account_id": 1, "contact_id": 7}


def database(rules=RELATED):
    """Its rows are written by `id`, so that they are worth remembering."""
    made = Database(rules)
    made.read(ONE, [ROW])
    made.read(TWO, [{"id": 6, "account_id": 2}])
    made.read("conversations?contact_id=eq.8", [])
    made.dropped(PATCH)
    made.read("conversations?id=eq.5", [ROW])
    made.read("conversations?id=eq.6", [{"id": 6, "account_id": 2}])
    return made


def test_nothing_is_remembered_of_tables_that_are_not_written_by_row():
    made = Database()
    made.read(ONE, [ROW])
    assert repr(made.tables.keys) == "<RowKeys 0 of 0 tables>"
    assert made.dropped(PATCH) == {ONE}
    made.read(ONE, [ROW])
    assert repr(made.tables.keys) == "<RowKeys 1 of 1 tables>"


def test_a_write_by_id_drops_the_lists_of_its_row_and_no_others():
    assert database().dropped(PATCH) == {ONE, "conversations?id=eq.5"}


def test_where_one_row_of_several_is_not_known_all_lists_are_dropped():
    made = database()
    change = write("PATCH", "conversations?id=in.(5,9)", {"unread": 0})
    assert made.dropped(change) >= {ONE, TWO, "conversations?contact_id=eq.8"}


def test_a_deleted_row_leaves_its_own_lists():
    change = request("DELETE", REST + "conversations?id=eq.5", [], b"")
    assert database().dropped(change) == {ONE, "conversations?id=eq.5"}


def test_a_row_that_moves_leaves_a_list_and_enters_one():
    made = database()
    change = write("PATCH", "conversations?id=eq.5", {"account_id": 2})
    assert made.dropped(change) == {ONE, TWO, "conversations?id=eq.5"}
    assert made.known("conversations", {"6"}, "account_id") == {"2"}, "of others all is known still"
    assert made.dropped(PATCH) >= {ONE, TWO}, "where it is now has not been read"
    made.read("conversations?id=eq.5", [{**ROW, "account_id": 2}])
    assert made.dropped(PATCH) == {TWO, "conversations?id=eq.5"}


def test_rows_that_move_without_being_named_are_not_known_any_more():
    made = database()
    made.dropped(write("PATCH", "conversations?account_id=eq.1", {"account_id": 3}))
    assert made.known("conversations", {"5"}, "account_id") is None


def test_while_it_is_unsure_when_a_row_moves_nothing_of_its_table_holds():
    made = database()
    move = write("PATCH", "conversations?id=eq.5", {"account_id": 2})
    assert "conversations!" in write_tags(made.tables, move, None, made.known, sure=False)
    assert "conversations!" not in write_tags(made.tables, PATCH, None, made.known, sure=False)


@pytest.mark.parametrize(
    ("prefer", "forgotten"),
    [((), True), (((b"Prefer", b"resolution=merge-duplicates"),), True)],
)
def test_a_row_that_is_written_whole_may_have_other_keys(prefer, forgotten):
    made = database()
    made.dropped(write("POST", "conversations", {"id": 5, "account_id": 2}, *prefer))
    assert (made.known("conversations", {"5"}, "account_id") is None) is forgotten
    assert made.known("conversations", {"6"}, "account_id") == {"2"}


def test_an_upsert_by_another_column_may_change_any_row():
    made = database()
    merge = (b"Prefer", b"resolution=merge-duplicates")
    made.dropped(write("POST", "conversations?on_conflict=ref", {"ref": 1, "account_id": 2}, merge))
    assert made.known("conversations", {"6"}, "account_id") is None


def test_what_was_read_long_ago_or_before_a_change_of_the_table_is_not_relied_on():
    made = database()
    made.now = 601.0
    assert made.dropped(PATCH) >= {ONE, TWO}
    made.now = 10.0
    made.current = False
    assert made.dropped(PATCH) >= {ONE, TWO}


def test_a_column_that_may_be_computed_is_not_taken_from_what_was_read():
    made = Database()
    made.read("conversations?status=eq.open", [{**ROW, "status": "open"}])
    made.dropped(PATCH)
    made.read("conversations?id=eq.5", [{**ROW, "status": "closed"}])
    assert "conversations?status=eq.open" in made.dropped(PATCH)


@pytest.mark.parametrize(
    "select",
    ["account_id:other_id,id", "id,account_id::text", "*,accounts(*)", "data->>account_id"],
)
def test_columns_under_other_names_are_not_taken_for_keys(select):
    made = database()
    made.read(f"conversations?select={select}&id=eq.6", [{"id": 6, "account_id": 9}])
    assert made.known("conversations", {"6"}, "account_id") == {"2"}


def test_a_related_row_changes_with_its_lists_and_no_other_row():
    made = database()
    made.dropped(write("POST", "messages", {"conversation_id": 5}))
    made.read("conversations?id=eq.5", [ROW])
    change = write("POST", "messages", {"conversation_id": 5})
    assert made.dropped(change) == {ONE, "conversations?id=eq.5"}


def test_a_relation_whose_row_is_not_known_is_one_to_the_whole_table():
    made = database()
    assert made.dropped(write("POST", "messages", {"body": "x"})) == set(made.kept)
    assert made.dropped(write("PATCH", "messages?id=eq.1", {"read": True})) == set(made.kept)


def test_the_row_that_a_written_row_was_related_to_is_known_from_what_was_read():
    made = database()
    change = write("PATCH", "messages?id=eq.1", {"read": True})
    made.dropped(change)
    made.read("messages?id=eq.1", [{"id": 1, "conversation_id": 5}])
    assert made.dropped(change) == {ONE, "conversations?id=eq.5", "messages?id=eq.1"}


def test_others_are_told_of_the_whole_related_table():
    change = write("POST", "messages", {"conversation_id": 5})
    assert tables_written(Tables(RELATED), change) == ("?", "messages!", "conversations!")


def test_a_new_row_drops_reads_by_id_that_found_nothing():
    made = Database()
    made.read("messages?id=eq.1", [{"id": 1}])
    made.read("messages?id=in.(1,2)", [{"id": 1}])
    made.read("messages?id=eq.3", [])
    insert = write("POST", "messages", {"body": "x"})
    assert made.dropped(insert) == {"messages?id=in.(1,2)", "messages?id=eq.3"}
    assert "messages?id=eq.1" in made.dropped(write("POST", "messages", {"id": 1}))
    assert made.dropped(insert, [{"id": 9}]) == set()
    assert made.dropped(insert, [{"id": 3}]) == {"messages?id=eq.3"}


def test_rows_whose_ids_differ_in_case_only_are_not_taken_for_each_other():
    made = database()
    made.read(ONE, [{"id": "Ab", "account_id": 1}])
    made.read(TWO, [{"id": "ab", "account_id": 2}])
    assert made.dropped(write("PATCH", "conversations?id=eq.Ab", {"unread": 0})) >= {ONE, TWO}
    made.read(ONE, [{"id": "01HZXK3V9W8M7N6P5Q4R3S2T1U", "account_id": 1}])
    change = write("PATCH", "conversations?id=eq.01HZXK3V9W8M7N6P5Q4R3S2T1U", {"unread": 0})
    assert {ONE, TWO} & made.dropped(change) == {ONE}


def test_a_count_says_nothing_of_rows():
    assert asked_of(Tables(TableRules()), get("messages?id=eq.1&select=count()")) is None
    asked = asked_of(Tables(TableRules()), get("messages?id=eq.1"))
    assert asked is not None
    assert not is_complete(asked, rows_of({"count": 0}))
    assert not is_complete(asked, rows_of(None))
    assert is_complete(asked, rows_of({"id": "1"}))


@pytest.mark.parametrize("target", ["rpc/f?id=eq.1", "inbox?id=eq.1"])
def test_the_rows_of_a_function_or_a_view_are_not_those_of_a_table(target):
    tables = Tables(TableRules(views={"inbox": ("conversations",)}))
    assert asked_of(tables, get(target)) is None


def test_a_bounded_number_of_rows_is_remembered():
    keys = RowKeys(most=2)
    keys.values("t", (), "a_id", lambda _: True, 0.0)
    keys.learn("t", [{"id": n, "a_id": n + 5} for n in range(5, 8)], STAMP, 0.0)
    keys.learn("t", ["no row", {"a_id": 1}, {"id": 2.5}], STAMP, 0.0)
    held = [keys.values("t", (str(n),), "a_id", lambda _: True, 0.0) for n in range(5, 8)]
    assert held == [None, {"11"}, {"12"}]


def test_a_table_is_forgotten_without_a_look_at_the_rows_of_others():
    keys = RowKeys(most=4)
    keys.learn("a", [{"id": number} for number in (10, 11, 12)], STAMP, 0.0)
    keys.learn("b", [{"id": number} for number in (10, 11, 12)], STAMP, 0.0)
    assert list(keys._rows) == [("a", "12"), ("b", "10"), ("b", "11"), ("b", "12")]
    keys._rows = _NotLookedThrough(keys._rows)
    keys.forget("c", None)
    keys.forget("b", None)
    keys.forget("a", ["7"])
    assert len(keys._rows) == 1
    keys.forget("a", None)
    assert not keys._rows
    assert not keys._names


class _NotLookedThrough(OrderedDict):
    def __iter__(self):
        raise AssertionError("it costs as much as there are rows")
