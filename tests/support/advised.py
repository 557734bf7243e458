"""Calls of one upstream as advice is drawn from them, and whether a proposal can be used."""

from pathlib import Path
from typing import Any

import yaml

from sidecar.commands.check import examine
from sidecar.config import Match, Route, Timeouts
from sidecar.core.advice import Advice, Asked, Learnt, advise, yaml_text
from sidecar.core.advice.shape import shape_of, skim
from sidecar.telemetry.record import Record
from sidecar.telemetry.redact import is_secret
from tests.support.builders import config, request, upstream

REST = Route(name="rest", match=Match(path="/rest/v1/**"), timeouts=Timeouts(first_byte=2.0))


class Seen:
    """Calls of one upstream, one after the other."""

    def __init__(self, route: Route = REST, **settings: Any) -> None:
        self.learnt = Learnt()
        self.now = 1_700_000_000.0
        self.number = 0
        self.config = config(
            upstreams={"db": upstream("http://db.example", routes=(route,), **settings)}
        )

    def call(
        self,
        target: str,
        *,
        took: float = 0.01,
        wait: float = 1.0,
        digest: int | None = None,
        group: int = 1,
        method: str = "GET",
        **more: Any,
    ) -> "Seen":
        """One call, `wait` seconds after the one before."""
        self.number += 1
        asked = request(method, target)
        skimmed = skim(target)
        call = Asked(
            "db",
            "rest",
            shape_of(asked, is_secret),
            hash(target),
            group,
            offset=skimmed.offset,
            operands=tuple((name, hash(value)) for name, value in skimmed.operands),
        )
        began = self.now + wait
        fields: dict[str, Any] = {
            "status": 200,
            "attempts": 1,
            "at_upstream": took,
            "duration": took,
            **more,
        }
        record = Record("x", "db", "rest", method, target, started_wall=began, **fields)
        self.now = began + took
        self.learnt.see(call, record, digest)
        refused = record.status == 429
        self.learnt.counted(("db", "rest"), self.now, accepted=not refused, refused=refused)
        return self

    def calls(self, count: int, target: str, **more: Any) -> "Seen":
        """`{n}` in the target is the number of the call."""
        for number in range(count):
            self.call(target.replace("{n}", str(number)), **more)
        return self

    @property
    def advice(self) -> list[Advice]:
        """What is proposed by now."""
        return advise(self.learnt, self.config)

    def kinds(self) -> list[str]:
        """The kinds of it."""
        return [each.kind for each in self.advice]

    def only(self) -> Advice:
        """The only one."""
        (advice,) = self.advice
        return advice


def passes(advice: Advice, tmp_path: Path, route: dict[str, Any] | None = None) -> bool:
    """Whether the proposal makes a file that can be used."""
    file = tmp_path / "sidecar.yaml"
    base: dict[str, Any] = {"upstreams": {"db": {"url": "https://db.example", "routes": []}}}
    rest = route or {"name": "rest", "match": {"path": "/rest/v1/**"}}
    more = yaml.safe_load(yaml_text(advice.settings))["upstreams"]["db"]
    routes = more.pop("routes", [])
    own: dict[str, Any] = next((each for each in routes if each["name"] == "rest"), {})
    base["upstreams"]["db"] |= more
    base["upstreams"]["db"]["routes"] = [r for r in routes if r is not own] + [{**rest, **own}]
    file.write_text(yaml.safe_dump(base))
    verdict = examine(str(file))
    return verdict.code == 0 and not verdict.problems


def slow(seen: Seen) -> Seen:
    """Something quick to compare with, so that the distance is known."""
    return seen.calls(30, "/rest/v1/plans?id=eq.{n}", took=0.02)
