"""deploy/compose is started, called and stopped, with what is missing here stood in for.

Bases and Prometheus cannot be pulled, so local ones stand in; and all are in one network without a
way out, so that ports are not published. All else is as it is written there.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from scripts.image import base, engine
from sidecar.demo.supabase import ANON_KEY
from tests.support.containers import Container, python, require_image
from tests.support.tools import missing

HOME = engine.ROOT / "deploy" / "compose"
COMPOSE = Path(sys.executable).parent / "podman-compose"
PROJECT = "outbound-sidecar-example"
TOKEN = "a-token-of-sixteen-or-more"
PATIENCE = 30.0
"""Seconds."""
PROVIDERS = python("-m", "tests.image.providers")
GET = (
    "import sys, urllib.request as u; r = u.Request(sys.argv[1], headers=dict([sys.argv[2:4]] "
    "if sys.argv[2:] else [])); print(u.urlopen(r, timeout=10).read().decode())"
)

pytestmark = pytest.mark.timeout(180)


def adapted(folder):
    """The compose file for this machine."""
    file = yaml.safe_load((HOME / "compose.yaml").read_text())
    sidecar, app, prometheus = (file["services"][name] for name in ("sidecar", "app", "prometheus"))
    sidecar["image"] = require_image()
    del sidecar["build"], sidecar["ports"], sidecar["healthcheck"]
    sidecar["network_mode"] = "none"
    app["image"] = base.BASE
    program = shutil.which("prometheus")
    if program is None:
        missing("prometheus")
    prometheus["image"] = base.BASE
    prometheus["network_mode"] = "service:sidecar"
    del prometheus["ports"]
    prometheus["entrypoint"] = [
        "/prometheus",
        "--storage.tsdb.path=/tmp/data",
        "--web.listen-address=127.0.0.1:9091",
    ]
    targets = (HOME / "prometheus.yml").read_text().replace('"sidecar:9090"', '"127.0.0.1:9090"')
    (folder / "prometheus.yml").write_text(targets.replace("15s", "1s").replace("5s", "1s"))
    (folder / "sidecar.yaml").write_text((HOME / "sidecar.yaml").read_text())
    prometheus["volumes"] = [
        f"{folder}/prometheus.yml:/etc/prometheus/prometheus.yml:ro",
        f"{HOME.parent}/prometheus/sidecar.rules.yml:/etc/prometheus/sidecar.rules.yml:ro",
        f"{program}:/prometheus:ro",
    ]
    app["volumes"] = [f"{HOME.parent}/example:/app:ro"]
    # This podman has no start conditions that wait; the test waits instead.
    del app["depends_on"]
    (folder / "compose.yaml").write_text(yaml.safe_dump(file))


def compose(folder, *arguments):
    environment = {
        **engine.environment(),
        "SUPABASE_URL": "http://127.0.0.1:7001",
        "SUPABASE_ANON_KEY": ANON_KEY,
        "SIDECAR_ADMIN_TOKEN": TOKEN,
    }
    command = [str(COMPOSE), "--file", str(folder / "compose.yaml"), *arguments]
    done = subprocess.run(
        command, check=False, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def running(service):
    name = engine.podman("ps", "--all", "--format={{.Names}}", f"--filter=name={PROJECT}.{service}")
    pid = int(engine.podman("inspect", name, "--format", "{{.State.Pid}}"))
    return Container(name, pid)


def answered(container, *arguments):
    """What is answered, once somebody listens there."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return container.run(*python("-c", GET, *arguments))
        except subprocess.CalledProcessError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


@pytest.fixture
def folder(tmp_path):
    if not COMPOSE.exists():
        missing("podman-compose (extra `ship`)")
    adapted(tmp_path)
    yield tmp_path
    compose(tmp_path, "down", "--volumes", "--timeout", "0")


def test_the_example_starts_works_and_stops_in_order(folder):
    up = ("up", "--detach", "--no-build")
    compose(folder, *up, "sidecar")
    sidecar = running("sidecar")
    sidecar.wait_until_healthy()
    with sidecar.beside(*PROVIDERS):
        compose(folder, *up, "app", "prometheus")
        app = running("app")
        assert answered(app, "http://127.0.0.1:8000/") == "upstream\n\n"
        query = "http://127.0.0.1:9091/api/v1/query?query=sidecar_exchanges_total"
        began = time.monotonic()
        while not json.loads(answered(sidecar, query))["data"]["result"]:
            assert time.monotonic() - began < PATIENCE
            time.sleep(0.5)
        shown = answered(
            sidecar,
            "http://127.0.0.1:9901/admin/circuit-breakers",
            "Authorization",
            f"Bearer {TOKEN}",
        )
        assert "supabase" in shown
        assert app.stop() == 0
        said = [json.loads(line) for line in app.logs().splitlines() if line.startswith("{")]
        assert [(each["event"], each["status"]) for each in said][-1] == ("stopping", 200)
    assert sidecar.stop() == 0


def test_the_application_waits_for_the_sidecar_and_shares_its_network():
    services = yaml.safe_load((HOME / "compose.yaml").read_text())["services"]
    assert services["app"]["network_mode"] == "service:sidecar"
    assert services["app"]["depends_on"]["sidecar"]["condition"] == "service_healthy"
    assert services["sidecar"]["healthcheck"]["test"] == ["CMD", "sidecar", "healthcheck"]
    assert all(str(port).startswith("127.0.0.1:") for port in services["sidecar"]["ports"])
