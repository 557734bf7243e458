"""While a write may give rows other keys, nothing that is read of them says where they were."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.cache.tables import TableRules, Tables
from sidecar.core.cache.writes import begin, write_tags
from tests.support.postgrest import MERGE, get, write

STAMP = (("t!", 0),)
ONE, TWO = "t?account_id=eq.21", "t?account_id=eq.22"
MOVE = write("PATCH", "t?id=eq.5", {"account_id": 22})
OTHER = write("PATCH", "t?id=eq.5", {"name": "x"})


class Database:
    """A row that was read in the list of account 21, and lists by account."""

    def __init__(self):
        self.tables = Tables(TableRules())
        self.kept = {target: set(self.tables.read_tags(get(target))) for target in (ONE, TWO)}
        self.dropped(OTHER)  # its rows are written by `id`
        self.read(21)

    def known(self, table, names, column):
        return self.tables.keys.values(table, names, column, lambda _: True, 0.0)

    def read(self, account):
        self.tables.keys.learn("t", [{"id": 5, "account_id": account}], STAMP, 0.0)

    def dropped(self, change):
        tags = set(write_tags(self.tables, change, None, self.known))
        return {target for target, carried in self.kept.items() if carried & tags}


def test_a_row_that_is_read_while_it_moves_has_left_the_list_that_it_was_in():
    made = Database()
    over = begin(made.tables, MOVE)
    made.read(22)  # it is done, and not answered yet
    over()
    assert made.dropped(MOVE) == {ONE, TWO}


def test_another_write_to_a_row_that_moves_drops_all_lists():
    made = Database()
    begin(made.tables, MOVE)
    assert made.dropped(OTHER) == {ONE, TWO}


def test_of_two_that_move_a_row_at_once_neither_knows_where_it_was():
    made = Database()
    first, second = begin(made.tables, MOVE), begin(made.tables, MOVE)
    first()
    first()
    assert made.known("t", {"5"}, "account_id") is None
    second()
    assert made.known("t", {"5"}, "account_id") == {"21"}


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        (MOVE, True),
        (write("PATCH", "t?name=eq.x", {"account_id": 22}), True),
        (write("POST", "t?on_conflict=ref", {"ref": 1, "account_id": 22}, MERGE), True),
        (write("POST", "t", {"id": 5, "account_id": 22}, MERGE), True),
        (write("PATCH", "t?id=eq.6", {"account_id": 22}), False),
        (write("POST", "t", {"account_id": 22}), False),
        (write("DELETE", "t?id=eq.5"), False),
        (OTHER, False),
        (write("POST", "rpc/f", {"account_id": 22}), False),
        (write("PATCH", "u?id=eq.5", {"account_id": 22}), False),
    ],
)
def test_what_a_write_may_move_is_not_known_until_it_is_over(change, moves):
    made = Database()
    over = begin(made.tables, change)
    assert (made.known("t", {"5"}, "account_id") is None) is moves
    over()
    assert made.known("t", {"5"}, "account_id") == {"21"}


ACCOUNTS = (21, 22, 23)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("list"), st.sampled_from(ACCOUNTS)),
        st.tuples(st.just("row"), st.none()),
        st.tuples(st.just("move"), st.sampled_from(ACCOUNTS)),
        st.tuples(st.just("do"), st.integers(0, 2)),
        st.tuples(st.just("answer"), st.integers(0, 2)),
        st.tuples(st.just("rename"), st.none()),
    ),
    min_size=6,
    max_size=24,
)


class Table(Database):
    """One row that moves and is renamed; who moves it waits for the answer."""

    def __init__(self):
        super().__init__()
        self.past = [(21, 0)]
        """The account and the name of the row, now and before."""
        self.answered = 0
        """As of which of them no list may be older."""
        self.shown, self.moves = {}, []

    def write(self, account=None):
        """Done: which state that is."""
        was, name = self.past[-1]
        self.past.append((was, name + 1) if account is None else (account, name))
        return len(self.past) - 1

    def end(self, change, done):
        for target in self.dropped(change):
            self.shown.pop(target, None)
        self.answered = max(self.answered, done)

    def act(self, what, which):
        if what == "list":
            target = f"t?account_id=eq.{which}"
            self.kept[target] = set(self.tables.read_tags(get(target)))
            self.shown.setdefault(target, (which, len(self.past) - 1))
        elif what == "row":
            self.read(self.past[-1][0])
        elif what == "rename":
            self.end(OTHER, self.write())
        elif what == "move":
            change = write("PATCH", "t?id=eq.5", {"account_id": which})
            self.moves.append([change, begin(self.tables, change), which, None])
        elif which < len(self.moves):
            move = self.moves[which]
            move[3] = move[3] or self.write(move[2])
            if what == "answer":
                self.moves.pop(which)
                move[1]()
                self.end(move[0], move[3])

    def in_list(self, account, state):
        where, name = self.past[state]
        return name if where == account else None


@settings(max_examples=600, deadline=None)
@given(ACTS)
def test_no_list_shows_what_was_there_before_a_write_that_was_answered(acts):
    table = Table()
    for act in acts:
        table.act(*act)
        for account, read in table.shown.values():
            shown = table.in_list(account, read)
            since = range(table.answered, len(table.past))
            assert any(table.in_list(account, state) == shown for state in since)
