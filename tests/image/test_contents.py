"""What is in the image, and what is not."""

import json
import re
import time

import pytest
from packaging.utils import canonicalize_name

from scripts.image import engine
from scripts.lock import IMAGE
from scripts.released import version
from scripts.runtime_set import runtime_set
from tests.support.containers import container

PINNED = re.compile(r"^([\w.-]+)==([\w.+-]+)", re.MULTILINE)
LIST = """
import json
from importlib.metadata import distributions
print(json.dumps({each.metadata["Name"]: each.version for each in distributions(
    path=["/opt/sidecar/lib/python3.13/site-packages"])}))
"""
NOTICES = "print(open('/usr/share/doc/outbound-sidecar/THIRD_PARTY_NOTICES').read())"
WRITABLE = """
import os
for folder in ("/opt", "/etc", "/usr"):
    for path, folders, files in os.walk(folder):
        for each in (path, *(os.path.join(path, name) for name in files)):
            if not os.path.islink(each) and os.access(each, os.W_OK):
                print(each)
"""
STARTS = 15
LONGEST_PROBE = 0.25
"""Seconds of CPU; 0.06 where nothing else runs."""


def asked(image, *command, entrypoint=None):
    chosen = [f"--entrypoint={entrypoint}"] if entrypoint else []
    options = ["--rm", "--no-healthcheck", "--cap-drop=ALL", *chosen]
    return engine.podman("run", *options, image, *command)


@pytest.fixture(scope="module")
def inspected(image):
    (found,) = json.loads(engine.podman("image", "inspect", image))
    return found


def test_it_is_labelled_with_what_it_is(inspected):
    labels = inspected["Config"]["Labels"]
    prefix = "org.opencontainers.image."
    assert labels[f"{prefix}title"] == "outbound-sidecar"
    assert labels[f"{prefix}licenses"] == "Apache-2.0"
    assert re.match(r"[0-9a-f]{40}|unknown", labels[f"{prefix}revision"])
    assert labels[f"{prefix}version"].split("+")[0] == version().split("+")[0]


def test_it_runs_as_a_user_with_a_number_and_without_a_shell(inspected):
    config = inspected["Config"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", config["User"])
    assert config["Entrypoint"] == ["sidecar"]
    assert config["Cmd"] == ["run"]


def test_its_health_is_asked_for_without_a_shell_and_without_curl(inspected):
    assert inspected["Healthcheck"]["Test"] == ["CMD", "sidecar", "healthcheck"]


def test_it_needs_no_shell_and_no_pip(image):
    for program in ("sh", "bash", "pip", "apt-get"):
        with pytest.raises(Exception, match=r"not found|non-zero"):
            asked(image, entrypoint=program)


def test_its_python_is_new_enough(image):
    found = json.loads(asked(image, "version", "--json"))
    assert tuple(map(int, found["python"].split("."))) >= (3, 13, 2)
    assert found["uvloop"]
    assert found["sidecar"].split("+")[0] == version().split("+")[0]


def test_the_packages_in_it_are_the_locked_ones(image):
    pins = PINNED.findall(IMAGE.read_text())
    pinned = {canonicalize_name(name): version for name, version in pins}
    there = json.loads(asked(image, "-c", LIST, entrypoint="python"))
    there.pop("outbound-sidecar")
    assert {canonicalize_name(name): version for name, version in there.items()} == pinned
    assert {"aiohttp", "cryptography", "redis", "uvloop"} <= pinned.keys()
    assert not pinned.keys() & {"pytest", "hypothesis", "hatchling", "pip", "setuptools"}


def test_what_is_in_it_is_what_the_notices_and_the_bill_are_made_of(image):
    there = json.loads(asked(image, "-c", LIST, entrypoint="python"))
    deployed = {each.metadata["Name"]: each.version for each in runtime_set()}
    assert there.keys() - {"outbound-sidecar"} == deployed.keys()
    notices = asked(image, "-c", NOTICES, entrypoint="python")
    assert [name for name in deployed if f"{name} {there[name]} (" not in notices] == []


def test_its_user_can_change_nothing_of_it(image):
    assert asked(image, "-c", WRITABLE, entrypoint="python") == ""


def test_it_holds_nothing_of_the_checkout_but_the_package(image):
    code = "import os; print([each for each in ('/src', '/.git') if os.path.exists(each)])"
    assert asked(image, "-c", code, entrypoint="python") == "[]"


def test_a_probe_costs_little(sidecar):
    before = time.process_time(), time.monotonic()
    code = (
        "import resource, subprocess\n"
        f"for _ in range({STARTS}): subprocess.run(['sidecar', 'healthcheck'], check=True,"
        " stdout=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        f"print((used.ru_utime + used.ru_stime) / {STARTS})"
    )
    used = float(engine.podman("exec", sidecar.name, "python", "-c", code))
    assert used < LONGEST_PROBE, before


def test_a_configuration_with_a_mistake_is_refused_with_its_line(image, tmp_path):
    file = tmp_path / "sidecar.yaml"
    file.write_text("upstreams:\n  supabase: {preset: supabase, ulr: 'https://a.test'}\n")
    with container(image, options=(f"--volume={file}:/etc/sidecar/sidecar.yaml:ro",)) as broken:
        assert broken.exit_code() == 1
        assert "sidecar.yaml:2:" in broken.logs()
