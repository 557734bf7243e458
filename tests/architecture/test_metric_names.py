"""The tables of metrics in docs/operations.md against what a running sidecar exports."""

import re
from pathlib import Path

import pytest

from tests.support.sidecar import running_sidecar

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
NAME = re.compile(r"`(sidecar_\w+)`")
CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}}
log: {{level: error}}
upstreams:
  api: {{url: "http://127.0.0.1:1"}}
stores:
  shared: {{kind: sqlite, path: "{path}"}}
  spool: {{kind: sqlite, path: "{path}.spool"}}
drills: {{allowed: true}}
"""


def documented():
    """The names in the first column of the tables."""
    section = OPERATIONS.read_text().partition("\n## Metrics\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in NAME.findall(row)]


@pytest.fixture
async def exported(tmp_path):
    """The names as Prometheus shows them."""
    async with running_sidecar(CONFIG.format(path=tmp_path / "store.db")) as running:
        families = list(running.sidecar.metrics.registry.collect())
    suffixes = {"counter": "_total", "info": "_info"}
    return {
        family.name + suffixes.get(family.type, "")
        for family in families
        if family.name.startswith("sidecar_")
    }


async def test_every_metric_is_documented_once_and_no_other(exported):
    assert sorted(documented()) == sorted(exported)
