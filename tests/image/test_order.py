"""Who starts and stops first: as in a pod of Kubernetes, by the manifest that Kustomize renders.

A kubelet starts a sidecar container, waits for its startup probe, and starts the others; to end a
pod it sends SIGTERM to the others, and when they have ended to the sidecar.
"""

import json
import subprocess
import time
from contextlib import contextmanager

import pytest

from scripts.image import base, engine
from scripts.image.build import build_file
from sidecar.demo.supabase import ANON_KEY
from tests.support.containers import Container, container, python
from tests.support.manifests import rendered

EXAMPLE = engine.ROOT / "deploy" / "example"
PROVIDERS = python("-m", "tests.image.providers")
UPSTREAM = "http://127.0.0.1:7001"
LATER = "import runpy, time; time.sleep(2); runpy.run_path('/app/app.py', run_name='__main__')"
KEY = f"--env=SUPABASE_ANON_KEY={ANON_KEY}"

pytestmark = pytest.mark.timeout(120)


def events(running):
    """What the application printed."""
    lines = [line for line in running.logs().splitlines() if line.startswith('{"event"')]
    return [(each["event"], each["status"]) for each in map(json.loads, lines)]


def options_of(spec, folder):
    """The manifest's words for a container, as options of podman."""
    security = spec["securityContext"]
    yield f"--user={security['runAsUser']}:{security['runAsGroup']}"
    yield from (f"--cap-drop={each}" for each in security["capabilities"]["drop"])
    if security["readOnlyRootFilesystem"]:
        yield from ("--read-only", "--read-only-tmpfs=false")
    if not security["allowPrivilegeEscalation"]:
        yield "--security-opt=no-new-privileges"
    yield f"--memory={spec['resources']['limits']['memory'].removesuffix('i').lower()}"
    for mount in spec["volumeMounts"]:
        source = folder / mount["name"]
        yield f"--volume={source}:{mount['mountPath']}{':ro' if mount.get('readOnly') else ''}"


def probe(running, spec):
    """The startup probe, as often as it may fail."""
    asked = spec["startupProbe"]["httpGet"]
    ports = {each["name"]: each["containerPort"] for each in spec["ports"]}
    url = f"http://127.0.0.1:{ports[asked['port']]}{asked['path']}"
    for _ in range(spec["startupProbe"]["failureThreshold"]):
        code = f"import urllib.request; print(urllib.request.urlopen({url!r}, timeout=1).status)"
        try:
            assert running.run(*python("-c", code)).strip() == "200"
        except subprocess.CalledProcessError:  # not yet
            time.sleep(0.1)
        else:
            return
    raise AssertionError(running.logs())


@contextmanager
def sidecar_of(kind, image, folder):
    """The rendered example's sidecar, ready, beside a simulated Supabase; and its pod."""
    documents = rendered("example")
    (pod,) = [each["spec"]["template"]["spec"] for each in documents if each["kind"] == kind]
    (files,) = [each["data"] for each in documents if each["kind"] == "ConfigMap"]
    (spec,) = pod["initContainers"]
    assert spec["restartPolicy"] == "Always"
    assert "lifecycle" not in spec
    config, state = folder / "outbound-sidecar-config", folder / "outbound-sidecar-state"
    config.mkdir()
    state.mkdir()
    state.chmod(0o777)  # as an emptyDir is
    for name, text in files.items():
        (config / name).write_text(text)
    options = (*options_of(spec, folder), f"--env=SUPABASE_URL={UPSTREAM}")
    with container(image, options=options, hardened=False) as running:
        probe(running, spec)
        with running.beside(*PROVIDERS):
            yield running, pod


@contextmanager
def application_of(pod, sidecar: Container):
    """The pod's own container, in the sidecar's network."""
    (spec,) = pod["containers"]
    options = [f"--env={each['name']}={each['value']}" for each in spec["env"]]
    options += [
        KEY,
        f"--network=container:{sidecar.name}",
        f"--volume={EXAMPLE}:/app:ro",
        "--workdir=/app",
    ]
    with container(base.BASE, *spec["command"], options=options) as running:
        yield running


def wait_for(running, event):
    began = time.monotonic()
    while event not in events(running):
        assert time.monotonic() - began < 20, running.logs()
        time.sleep(0.1)


def test_an_application_calls_from_its_start_to_its_end(image, tmp_path):
    with (
        sidecar_of("Deployment", image, tmp_path) as (sidecar, pod),
        application_of(pod, sidecar) as application,
    ):
        wait_for(application, ("started", 200))
        assert application.stop() == 0
        assert events(application) == [("started", 200), ("stopping", 200)]
        assert sidecar.stop() == 0


def test_a_job_ends_and_its_sidecar_does_not_fail_it(image, tmp_path):
    with (
        sidecar_of("Job", image, tmp_path) as (sidecar, pod),
        application_of(pod, sidecar) as application,
    ):
        assert application.exit_code() == 0
        assert events(application) == [("once", 200)]
        assert sidecar.stop() == 0


def test_the_order_can_be_wrong_and_is_then_seen(image, tmp_path):
    """The negative control: a sidecar that is stopped first takes the way out."""
    with (
        sidecar_of("Deployment", image, tmp_path) as (sidecar, pod),
        application_of(pod, sidecar) as application,
    ):
        wait_for(application, ("started", 200))
        assert sidecar.stop() == 0
        assert application.stop() == 1
        assert events(application)[-1] == ("stopping", 0)


@pytest.fixture(scope="module")
def single(image):
    """The image of deploy/single-container, with application and sidecar in it."""
    name = "localhost/outbound-sidecar-single:test"
    deploy = engine.ROOT / "deploy"
    build_file(
        name, deploy / "single-container" / "Dockerfile", deploy, BASE=base.BASE, SIDECAR=image
    )
    return name


@pytest.mark.parametrize("signal", ["TERM", "INT"])
def test_one_container_for_both_starts_and_ends_in_order(single, signal):
    """What platforms run that have one container for each application; Fly's signal is INT."""
    options = (f"--env=SUPABASE_URL={UPSTREAM}", KEY)
    command = ("python", "-c", LATER)
    with container(single, *command, options=options) as running, running.beside(*PROVIDERS):
        wait_for(running, ("started", 200))
        running.signal(signal)
        assert running.exit_code() == 0
        assert events(running) == [("started", 200), ("stopping", 200)]
        assert '"event":"stopped"' in running.logs()
