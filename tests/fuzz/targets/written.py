"""What people and applications write: configurations, targets, queries of tables."""

import re
from functools import cache

from sidecar.core.cache.literals import normalised
from sidecar.core.cache.tables import TableRules, Tables
from sidecar.core.cache.targets import Targets
from sidecar.core.routing import RouteTable
from sidecar.errors import DownstreamError
from sidecar.exchange import Request
from sidecar.loader import ConfigErrors, loads
from sidecar.telemetry import redact
from tests.fuzz.targets.registry import target

_PLACE = re.compile(r"(?:preset [a-z-]+|fuzz\.yaml:\d+:\d+): (?:error|warning): [^\n]+")


@target
def config(data: bytes) -> None:
    """A text is a configuration, or it is said in which line it is none."""
    text = data.decode("utf-8", "replace")
    try:
        found = loads(text, name="fuzz.yaml", env={"A": "x"})
    except ConfigErrors as errors:
        said = [str(each) for each in errors.problems]
        assert any(": error: " in each for each in said)
    else:
        said = [str(each) for each in found.warnings]
        assert loads(text, name="fuzz.yaml", env={"A": "x"}).config == found.config
        RouteTable.from_config(found.config)
    for line in said:
        assert _PLACE.fullmatch(line) or _is_of_all(line), line


def _is_of_all(line: str) -> bool:
    """What is wrong with the text as a whole has no line."""
    return line.startswith("fuzz.yaml: error: over 1000000 characters")


@cache
def _table() -> RouteTable:
    text = """
    upstreams:
      api:
        url: http://x.test
        hosts: [api.test]
        routes:
          - {name: rows, match: {methods: [GET], path: "/rest/v1/{table}"}}
          - {name: deep, match: {path: "/a/**/b/*"}}
      other: {url: "http://y.test/base"}
    """
    return RouteTable.from_config(loads(text, env={}).config)


@target
def targets(data: bytes) -> None:
    """Any target goes where its first part says, and what goes on is what came behind that."""
    text = data.decode("utf-8", "surrogateescape")
    shown = redact.target(text)
    assert len(shown) <= redact.MAX_TARGET
    assert shown.isascii()
    assert not shown or shown.isprintable()
    for host, bound in (("", None), ("api.test:80", None), ("", "other")):
        try:
            routed = _table().resolve("GET", text, host, bound)
        except DownstreamError:
            continue
        assert routed.target.startswith("/")
        assert text.endswith(routed.target) or routed.target[:2] in ("/", "/?")
        if bound:
            assert (routed.route.upstream, routed.target) == (bound, text)
    request = Request("GET", text, [])
    for tag in Targets("http://x.test/base").read_tags(request):
        assert tag.startswith("@")


@target
def tables(data: bytes) -> None:
    """Any query of PostgREST reads tables that can be named; its values have one normal form."""
    text = data.decode("utf-8", "surrogateescape")
    subject = Tables(TableRules())
    path, _, query = text.partition("?")
    for place in (text, f"/rest/v1/{path}?{query}", f"/rest/v1/t?{text}"):
        found = subject.read_tags(Request("GET", place, []))
        assert len(found) == len(set(found))
        if place.startswith("/rest/v1/t?"):
            assert found, "an answer that no write could drop"
    once = normalised(text)
    assert once is None or normalised(once) == once
