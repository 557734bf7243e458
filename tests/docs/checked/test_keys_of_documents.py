"""Keys of the configuration that documents mention, such as `breaker.hold`, are keys of it."""

import re

import pytest

from sidecar.config import Config, Route, Upstream
from sidecar.loader.shape import kinds_of, members
from tests.docs.blocks import DOCUMENTS, named, prose

KEY = re.compile(r"(?<!`)`([a-z][a-z_]*(?:\.[a-z][a-z_]*)+)(?:: [^`]*)?`(?!`)")
FILES = ("md", "py", "yaml", "yml", "toml", "db", "json")
OTHERS = {
    "media.download",  # of a client
    *("url.full", "url.path", "url.query", "url.scheme", "url.template"),  # OpenTelemetry's
    *("cache.hits", "cache.seconds_saved", "errors.classes"),  # figures of /admin/summary
}
"""What looks like a key and is somebody else's word."""


def within(hint):
    """The sections that may stand at a place, also in its lists and under its names."""
    for kind in kinds_of(hint):
        if kind.form == "section":
            yield kind.hint
        elif kind.form in ("list", "named"):
            yield from within(kind.hint)


def leads(section, parts):
    """Whether keys lead somewhere from a section."""
    keys = members(section)
    if parts[0] not in keys:
        return False
    return len(parts) == 1 or any(leads(each, parts[1:]) for each in within(keys[parts[0]]))


def is_key(name):
    return any(leads(section, name.split(".")) for section in (Config, Upstream, Route))


def mentioned(document):
    """What looks like a key: its first part is one."""
    begin = {*members(Config), *members(Upstream), *members(Route)}
    for name in KEY.findall(prose(document.read_text())):
        parts = name.split(".")
        if parts[0] in begin and parts[-1] not in FILES:
            yield name


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_key_that_is_mentioned_is_one(document):
    assert [name for name in mentioned(document) if name not in OTHERS and not is_key(name)] == []


def test_no_word_of_others_is_left_that_nobody_mentions():
    assert {name for document in DOCUMENTS for name in mentioned(document)} >= OTHERS


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("breaker.hold", True),
        ("stores.spool.retention", True),
        ("drills.allowed", True),
        ("breaker.holds", False),
        ("stores.spool.none", False),
    ],
)
def test_a_key_is_known_from_a_word(name, answer):
    assert is_key(name) is answer
