"""Blocks that are for Prometheus or Kubernetes; where there is none, an example stands in."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.blocks import blocks, read
from tests.docs.treatment import treated, treatment
from tests.support.prometheus import promtool

RULES = """
groups:
  - name: an-example
    rules: [{alert: Down, expr: up == 0, for: 1m}]
"""
SCRAPES = """
scrape_configs:
  - {job_name: sidecar, static_configs: [{targets: ["127.0.0.1:9090"]}]}
"""
MANIFEST = """
apiVersion: v1
kind: ConfigMap
metadata: {name: outbound-sidecar}
data: {sidecar.yaml: "upstreams: {}"}
"""
VALIDATE = Path(sys.executable).parent / "kubernetes-validate"


def of(kind, example):
    """The blocks of a kind, and an example of it."""
    found = [block for block in blocks() if treated(block, kind)]
    made = list(read(f"example of {kind}", f"```yaml\n{example}```\n"))
    return pytest.mark.parametrize("block", [*found, *made], ids=lambda block: block.id)


def checked(kind, text, folder):
    """Whether promtool takes it."""
    file = folder / "file.yml"
    file.write_text(text)
    return promtool("check", *kind, str(file)).returncode == 0


def faults(text, folder):
    """What is wrong with manifests; by the schemas of Kubernetes where they are installed."""
    if not all(
        {"apiVersion", "kind", "metadata"} <= set(tree) for tree in yaml.safe_load_all(text)
    ):
        return "one does not say what it is"
    if not VALIDATE.exists():
        return ""
    file = folder / "manifest.yaml"
    file.write_text(text)
    command = [str(VALIDATE), "--strict", "-k", "1.34", str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr if done.returncode else ""


@of("rules", RULES)
def test_rules_are_what_prometheus_takes(block, tmp_path):
    assert treatment(block) == "rules"
    assert checked(["rules"], block.text, tmp_path)


@of("prometheus", SCRAPES)
def test_a_configuration_of_prometheus_is_what_it_takes(block, tmp_path):
    assert treatment(block) == "prometheus"
    assert checked(["config", "--syntax-only"], block.text, tmp_path)


@of("kubernetes", MANIFEST)
def test_a_manifest_is_what_kubernetes_takes(block, tmp_path):
    assert treatment(block) == "kubernetes"
    assert faults(block.text, tmp_path) == ""


@pytest.mark.parametrize(
    "block", [block for block in blocks() if treated(block, "promql")], ids=lambda block: block.id
)
def test_a_query_is_what_prometheus_takes(block, tmp_path):
    lines = block.text.splitlines()
    rules = [{"record": f"query:{number}", "expr": line} for number, line in enumerate(lines)]
    text = json.dumps({"groups": [{"name": "queries", "rules": rules}]})
    assert checked(["rules"], text, tmp_path)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (["rules"], RULES.replace("up == 0", "up ==")),
        (["config", "--syntax-only"], SCRAPES.replace("job_name", "jobname")),
    ],
)
def test_a_mistake_in_what_is_for_prometheus_is_seen(kind, text, tmp_path):
    assert not checked(kind, text, tmp_path)


def test_a_manifest_without_a_name_is_seen(tmp_path):
    assert faults(MANIFEST.replace("metadata", "meta"), tmp_path) != ""
