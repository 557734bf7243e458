"""The manifests are what Kubernetes takes, by its own schemas; and old versions are refused."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sidecar.loader import loads
from tests.support.manifests import HOME, rendered, text_of
from tests.support.tools import missing

VALIDATE = Path(sys.executable).parent / "kubernetes-validate"
SIDECAR = "outbound-sidecar"


@pytest.fixture(scope="module")
def manifests(tmp_path_factory):
    file = tmp_path_factory.mktemp("kubernetes") / "example.yaml"
    file.write_text(text_of(HOME / "example"))
    return file


def validated(file, version):
    if not VALIDATE.exists():
        missing("kubernetes-validate (extra `ship`)")
    command = [str(VALIDATE), "--strict", "-k", version, str(file)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def pods():
    """The pod of each workload that is rendered, by its kind."""
    return {
        each["kind"]: each["spec"]["template"]["spec"]
        for each in rendered("example")
        if each["kind"] in ("Deployment", "Job")
    }


@pytest.mark.parametrize("version", ["1.29", "1.32", "1.34"])
def test_versions_with_sidecar_containers_take_them(manifests, version):
    checked = validated(manifests, version)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_version_without_sidecar_containers_does_not(manifests):
    """The negative control: a validator that takes everything would take this, too."""
    checked = validated(manifests, "1.27")
    assert checked.returncode == 1
    assert "'restartPolicy' was unexpected" in checked.stdout + checked.stderr


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_the_sidecar_outlives_the_application_and_is_waited_for(kind):
    (sidecar,) = pods()[kind]["initContainers"]
    assert sidecar["name"] == SIDECAR
    assert sidecar["restartPolicy"] == "Always"
    assert sidecar["startupProbe"]["httpGet"]["path"] == "/health/ready"
    assert "lifecycle" not in sidecar


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_the_sidecar_is_allowed_nothing(kind):
    (sidecar,) = pods()[kind]["initContainers"]
    security = sidecar["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert sidecar["resources"]["limits"]["memory"] == "128Mi"


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_the_configuration_is_a_folder_that_exists_and_loads(kind):
    """A folder, because a file of its own (`subPath`) is never updated."""
    pod = pods()[kind]
    (sidecar,) = pod["initContainers"]
    mounts = {each["name"]: each for each in sidecar["volumeMounts"]}
    assert "subPath" not in mounts["outbound-sidecar-config"]
    (volume,) = [each for each in pod["volumes"] if each["name"] == "outbound-sidecar-config"]
    (config,) = [each for each in rendered("example") if each["kind"] == "ConfigMap"]
    assert volume["configMap"]["name"] == config["metadata"]["name"]
    loads(config["data"]["sidecar.yaml"], env={})


def test_the_component_leaves_other_workloads_alone(tmp_path):
    shutil.copytree(HOME, tmp_path / "kubernetes")
    deployment = tmp_path / "kubernetes" / "example" / "deployment.yaml"
    deployment.write_text(deployment.read_text().replace(", outbound-sidecar: enabled", ""))
    documents = yaml.safe_load_all(text_of(tmp_path / "kubernetes" / "example"))
    pod_of = {each["kind"]: each for each in documents}
    assert "initContainers" not in pod_of["Deployment"]["spec"]["template"]["spec"]
    assert "initContainers" in pod_of["Job"]["spec"]["template"]["spec"]


def test_init_containers_that_are_there_stay(tmp_path):
    shutil.copytree(HOME, tmp_path / "kubernetes")
    deployment = tmp_path / "kubernetes" / "example" / "deployment.yaml"
    document = yaml.safe_load(deployment.read_text())
    spec = document["spec"]["template"]["spec"]
    spec["initContainers"] = [{"name": "migrate", "image": "app:1"}]
    deployment.write_text(yaml.safe_dump(document))
    documents = yaml.safe_load_all(text_of(tmp_path / "kubernetes" / "example"))
    (pod,) = [each for each in documents if each["kind"] == "Deployment"]
    names = [each["name"] for each in pod["spec"]["template"]["spec"]["initContainers"]]
    assert names == [SIDECAR, "migrate"]
