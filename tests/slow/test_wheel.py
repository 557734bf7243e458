"""What is published: it holds what it should, and works where nothing else is installed."""

import hashlib
import json
import socket
import subprocess
import tarfile
import time
import tomllib
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("build", reason="install the `ship` extra")

from scripts import lock, package, sbom
from scripts.released import ROOT, version
from scripts.runtime_set import runtime_set

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
FOR_DEVELOPERS = {"browser", "docs", "fuzz", "sdk", "ship", "test"}
STARTS_WITHIN = 20

IMPORT_ALL = """
import importlib, pkgutil, sidecar
print(len([importlib.import_module(each.name)
           for each in pkgutil.walk_packages(sidecar.__path__, "sidecar.")
           if not each.name.endswith("__main__")]))
"""
READ_DATA = """
import hashlib, json, sidecar
from importlib.resources import files
from pathlib import Path
root = Path(str(files("sidecar")))
print(json.dumps({path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
                  for path in root.rglob("*")
                  if path.is_file() and path.suffix not in (".py", ".pyc")}))
"""
CONFIG = """\
listen: {{proxy: "127.0.0.1:{proxy}", ops: "127.0.0.1:{ops}", admin: "127.0.0.1:{admin}"}}
upstreams:
  supabase: {{preset: supabase, url: "https://project.test"}}
  whatsapp: {{preset: whatsapp, url: "https://graph.test"}}
  gemini: {{preset: gemini, url: "https://gemini.test"}}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return package.build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def environments(built, tmp_path_factory):
    """Pythons with nothing but the wheel, and with all that it can have besides; made once."""
    everything = [name for name in EXTRAS if name not in FOR_DEVELOPERS]
    return {
        "bare": package.installed(built[1], tmp_path_factory.mktemp("bare")),
        "full": package.installed(built[1], tmp_path_factory.mktemp("full"), *everything),
    }


@pytest.fixture(params=["bare", "full"])
def python(request, environments):
    return environments[request.param]


def package_files():
    """The files of the package in the checkout."""
    files = [path for path in (ROOT / "sidecar").rglob("*") if path.is_file()]
    return {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def run(python, *arguments, folder, check=True):
    """Run it away from the checkout, which must not be found by chance."""
    command = [str(python), "-I", *arguments]
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=120, env={}
    )
    assert done.returncode == 0 or not check, done.stderr
    return done


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(built):
    with zipfile.ZipFile(built[1]) as archive:
        names = archive.namelist()
    shipped = {name for name in names if ".dist-info/" not in name}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert shipped == package_files()
    presets = {Path(name).stem for name in shipped if name.startswith("sidecar/presets/")}
    assert {"supabase", "whatsapp", "gemini"} <= presets
    assert {
        "sidecar/py.typed",
        "sidecar/demo/workload.json",
        "sidecar/admin/static/index.html",
        "sidecar/admin/static/vendor/THIRD_PARTY_NOTICES",
        "sidecar/spool/scripts/take.lua",
    } <= shipped


def test_the_sdist_has_what_is_needed_to_build_it_and_little_more(built):
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert package_files() <= names
    assert {"pyproject.toml", "README.md", "LICENSE", "requirements.lock", "PKG-INFO"} <= names
    assert {"THIRD_PARTY_NOTICES", "CHANGELOG.md", "config/reference.yaml"} <= names
    assert not {
        name for name in names if name.split("/")[0] in ("tests", "bench", ".git", ".tools")
    }


def test_both_have_the_version_that_git_says(built):
    number = version()
    assert built[0].name == f"outbound_sidecar-{number}.tar.gz"
    assert built[1].name == f"outbound_sidecar-{number}-py3-none-any.whl"


def test_an_sdist_builds_where_there_is_no_git(built, tmp_path):
    with tarfile.open(built[0]) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    _, wheel = package.build(tmp_path / "dist", unpacked)
    assert wheel.name == built[1].name
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(built[1]) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())


def test_each_extra_of_the_image_is_an_extra(built):
    assert set(lock.EXTRAS) <= EXTRAS.keys() - FOR_DEVELOPERS


def test_it_knows_its_version(python, tmp_path):
    shown = run(python, "-m", "sidecar", "version", folder=tmp_path)
    assert shown.stdout == f"sidecar {version()}\n"


def test_it_brings_all_data_along_unchanged(python, tmp_path):
    found = json.loads(run(python, "-c", READ_DATA, folder=tmp_path).stdout)
    suffixes = (".py", ".pyc")
    expected = {name for name in package_files() if not name.endswith(suffixes)}
    assert {f"sidecar/{name}" for name in found} == expected
    for name, digest in found.items():
        assert hashlib.sha256((ROOT / "sidecar" / name).read_bytes()).hexdigest() == digest, name


def test_with_all_extras_every_module_can_be_imported(environments, tmp_path):
    assert int(run(environments["full"], "-c", IMPORT_ALL, folder=tmp_path).stdout) > 300


def test_its_bill_of_materials_is_valid_and_names_every_package(environments, tmp_path):
    file = tmp_path / "sbom.json"
    sbom.write(file, environments["full"])
    bill = json.loads(file.read_text())
    named = {each["name"]: each.get("version") for each in bill["components"]}
    deployed = {each.metadata["Name"]: each.version for each in runtime_set()}
    assert {name: named[name] for name in deployed} == deployed
    assert named.keys() - deployed.keys() == {"preact", "htm", "uplot"}
    assert bill["metadata"]["component"]["version"] == version()
    again = tmp_path / "again.json"
    sbom.write(again, environments["full"])
    assert again.read_bytes() == file.read_bytes()


def test_a_bill_that_is_not_valid_is_seen():
    assert sbom.problem('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": 1}')


def test_without_extras_nothing_of_them_is_there(environments, tmp_path):
    for name in ("uvloop", "redis", "cryptography", "pytest"):
        done = run(environments["bare"], "-c", f"import {name}", folder=tmp_path, check=False)
        assert "ModuleNotFoundError" in done.stderr, name


def test_it_starts_serves_and_ends(python, tmp_path):
    proxy, ops, admin = free_ports(3)
    config = tmp_path / "sidecar.yaml"
    config.write_text(CONFIG.format(proxy=proxy, ops=ops, admin=admin))
    program = str(python.parent / "sidecar")
    environment = {"SIDECAR_CONFIG": str(config), "SIDECAR_OPS": f"127.0.0.1:{ops}"}
    checked = subprocess.run([program, "check"], env=environment, cwd=tmp_path, check=False)
    assert checked.returncode == 0
    log = tmp_path / "log"
    with (
        log.open("w") as written,
        subprocess.Popen(
            [program, "run"], env=environment, cwd=tmp_path, stderr=written
        ) as process,
    ):
        try:
            began = time.monotonic()
            asked = [program, "healthcheck"]
            while subprocess.run(
                asked, env=environment, check=False, capture_output=True
            ).returncode:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() - began < STARTS_WITHIN
        finally:
            process.terminate()
        assert process.wait(10) == 0
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert [events[0], events[-1]] == ["started", "stopped"]
