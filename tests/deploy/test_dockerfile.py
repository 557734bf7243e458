"""What can be said of the Dockerfile without building it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sidecar.loader import loads
from tests.support.tools import missing

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
LINT = Path(sys.executable).parent / "hadolint"
FINAL = DOCKERFILE[DOCKERFILE.index("FROM ${RUNTIME}") :]
EXAMPLES = sorted((ROOT / "deploy").rglob("sidecar.yaml"))


def test_the_linter_has_no_complaint():
    if not LINT.exists():
        missing("hadolint (extra `ship`)")
    command = [str(LINT), "--failure-threshold=style", str(ROOT / "Dockerfile")]
    checked = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_nothing_is_executed_in_the_image_that_runs():
    assert not re.search(r"^\s*(RUN|SHELL)\b", FINAL, re.MULTILINE)
    for word in ("ENTRYPOINT", "CMD"):
        assert re.search(rf"^{word} \[", FINAL, re.MULTILINE)


def test_the_context_is_what_the_build_copies_and_nothing_else():
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in lines if line.startswith("!")} == copied
    assert lines[1] == "*"


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_configuration_of_an_example_loads(file):
    loads(file.read_text(), env={"SUPABASE_URL": "https://project.test"})


def test_compose_gives_its_sidecar_time_to_drain():
    services = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text())["services"]
    config = loads(
        (ROOT / "deploy/compose/sidecar.yaml").read_text(), env={"SUPABASE_URL": "http://a"}
    )
    grace = float(services["sidecar"]["stop_grace_period"].removesuffix("s"))
    assert grace >= config.config.drain_timeout + 1
