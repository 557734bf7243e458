"""The tables that `select` embeds are found in a time that does not explode with its length."""

import pytest

from sidecar.core.cache.tables import TableRules, Tables
from sidecar.exchange import Request
from tests.support.costs import cheap

LONG = 64 * 1024
"""As long as a field may be by default."""


@pytest.mark.parametrize("part", ["a", "!", "a!", "x:", ".", ",", "(", "a(", "a!b(", '"'])
def test_no_select_is_looked_at_for_long(part):
    target = "/rest/v1/t?select=" + part * (LONG // len(part))
    with cheap(2.0):
        assert "t" in Tables(TableRules()).read_tags(Request("GET", target, []))


@pytest.mark.parametrize(
    ("select", "name"),
    [
        ("id,author:users!fk!inner(name)", "users"),
        ("...tags(label)", "tags"),
        ('x:"odd name"(a)', "odd name"),
        ("a!b:c!d(e)", "c"),
        ("!x(y)", "x"),
    ],
)
def test_an_embedded_resource_is_read_as_well(select, name):
    assert name in Tables(TableRules()).read_tags(Request("GET", f"/rest/v1/t?select={select}", []))
