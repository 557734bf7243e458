"""The files for platforms parse, and leave time to drain; their order is run in tests/image."""

import json
import tomllib
from pathlib import Path

import yaml

from sidecar.loader import loads

DEPLOY = Path(__file__).parents[2] / "deploy"
SINGLE = DEPLOY / "single-container"
CLOUD_RUN_GRACE = 10.0
DRAIN = loads((DEPLOY / "kubernetes/example/sidecar.yaml").read_text(), env={}).config.drain_timeout


def seconds(text):
    return float(text.removesuffix("s"))


def test_one_container_has_time_for_both():
    fly = tomllib.loads((SINGLE / "fly.toml").read_text())
    render = yaml.safe_load((SINGLE / "render.yaml").read_text())["services"][0]
    railway = json.loads((SINGLE / "railway.json").read_text())["deploy"]
    given = (
        seconds(fly["kill_timeout"]),
        render["maxShutdownDelaySeconds"],
        railway["drainingSeconds"],
    )
    assert all(each >= 2 * DRAIN + 1 for each in given)
    assert fly["kill_signal"] == "SIGTERM"


def test_cloud_run_starts_the_sidecar_first_and_gives_one_port_to_the_application():
    service = yaml.safe_load((DEPLOY / "cloud-run" / "service.yaml").read_text())
    template = service["spec"]["template"]
    annotations = template["metadata"]["annotations"]
    assert json.loads(annotations["run.googleapis.com/container-dependencies"]) == {
        "app": ["sidecar"]
    }
    app, sidecar = template["spec"]["containers"]
    assert app["ports"] == [{"containerPort": 8000}]
    assert "ports" not in sidecar
    assert sidecar["startupProbe"]["httpGet"] == {"path": "/health/ready", "port": 9090}
    environment = {each["name"]: each["value"] for each in sidecar["env"]}
    assert seconds(environment["SIDECAR__DRAIN_TIMEOUT"]) < CLOUD_RUN_GRACE
    text = (DEPLOY / "kubernetes/example/sidecar.yaml").read_text()
    assert loads(text, env=environment).config.drain_timeout == 8
