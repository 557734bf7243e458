"""Names: those that rules and dashboard ask for exist. Numbers: traffic cannot multiply series."""

import asyncio
import json
import random
import re
from pathlib import Path

import pytest
import yaml

from tests.observability.live import CONFIG
from tests.support.ports import free_port
from tests.support.prometheus import DASHBOARD, RULES
from tests.support.sidecar import running_sidecar

NAME = re.compile(r"\b(?:sidecar|process|python)_[a-z0-9_]+\b")
SUFFIXES = re.compile(r"_(bucket|sum|count)$")
NOBODY = "http://127.0.0.1:9"
PRESETS = ("supabase", "whatsapp", "gemini")
REFUSED = f"url: '{NOBODY}', retry: {{attempts: 1}}, breaker: {{enabled: false}}"
REFUSING = """
listen: {proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}
log: {level: error}
upstreams:
""" + "\n".join(f"  {name}: {{preset: {name}, {REFUSED}}}" for name in PRESETS)


def configuration(folder: Path):
    urls = dict.fromkeys(PRESETS, NOBODY)
    return CONFIG.format(**urls, folder=folder, admin=free_port(), nobody=9, key="demo")


def asked_for():
    """Every name in an expression of the rules or the dashboard, and who asks for it."""
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            yield from ((name, str(rule.get("alert"))) for name in NAME.findall(rule["expr"]))
    dashboard = json.loads(DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield from ((name, panel["title"]) for name in NAME.findall(target["expr"]))
    for variable in dashboard["templating"]["list"]:
        yield from ((name, variable["name"]) for name in NAME.findall(str(variable["query"])))


async def test_every_metric_that_rules_and_dashboard_name_exists(tmp_path):
    async with running_sidecar(configuration(tmp_path)) as running:
        families = list(running.sidecar.metrics.registry.collect())
    suffixes = {"counter": "_total", "info": "_info"}
    exported = {family.name + suffixes.get(family.type, "") for family in families}

    asked = {(SUFFIXES.sub("", name), where) for name, where in asked_for()}

    assert len(asked) > 60
    assert sorted((name, where) for name, where in asked if name not in exported) == []


def series(running):
    return sum(len(family.samples) for family in running.sidecar.metrics.registry.collect())


class Caller:
    """Calls one after the other, on one connection for as long as it is kept."""

    def __init__(self, address, dice):
        self._address = address
        self._dice = dice
        self._streams = None

    async def load(self, calls):
        for number in range(calls):
            self._streams = self._streams or await asyncio.open_connection(
                str(self._address.host), self._address.port
            )
            reader, writer = self._streams
            writer.write(self._unseen(number))
            answer = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", answer)
            await reader.readexactly(int(length[1]) if length else 0)
            if b"connection: close" in answer.lower():
                await self.leave()

    async def leave(self):
        if self._streams is not None:
            _, writer = self._streams
            writer.close()
            await writer.wait_closed()
            self._streams = None

    def _unseen(self, number):
        draw = self._dice.random
        where = ("supabase", "gemini", "whatsapp", f"u{draw()}")[number % 4]
        method = ("GET", "POST", "PUT", "DELETE", f"M{number}")[self._dice.randrange(5)]
        target = f"/{where}/{draw()}/models/m{draw()}:x?{draw()}"
        lines = f"{method} {target} HTTP/1.1\r\nHost: h{number}.test\r\nContent-Length: 0\r\n\r\n"
        return lines.encode()


@pytest.mark.timeout(120)
async def test_ten_thousand_paths_that_nobody_has_seen_add_no_series():
    async with running_sidecar(REFUSING) as running:
        caller = Caller(running.proxy, random.Random(7))
        await caller.load(1000)
        before = series(running)

        await caller.load(10_000)
        await caller.leave()

        assert series(running) == before < 4000
