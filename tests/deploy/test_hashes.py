"""The image takes no file that was not locked: its Dockerfile says so, and pip takes it so."""

import hashlib
import re
import shlex
import subprocess
import zipfile

import pytest

from scripts import lock, package

DOCKERFILE = (lock.ROOT / "Dockerfile").read_text().replace("\\\n", "")
COMMAND = re.compile(r"\bpip --python \S+ install ([^&\n]+)")
INSTALLED = [shlex.split(options) for options in COMMAND.findall(DOCKERFILE)]
DESCRIBED = {
    "METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
    "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": "",
}
FETCHED = [options for options in INSTALLED if "--no-index" not in options]


def test_all_that_is_installed_is_seen_here():
    commands = [line for line in DOCKERFILE.splitlines() if not line.startswith("#")]
    assert "\n".join(commands).count("install") == len(INSTALLED) == 3
    assert [options[-1] for options in FETCHED] == [lock.BUILD.name, lock.IMAGE.name]
    assert FETCHED[0][:-1] == FETCHED[1][:-1]


def test_what_builds_the_sidecar_was_locked_too():
    """Where pip builds it, or an sdist, it fetches the build requirements, and asks for no hash."""
    assert [options for options in INSTALLED if "." in options or "-e" in options] == []
    assert all("--only-binary=:all:" in options for options in FETCHED)


@pytest.fixture
def wheel(tmp_path):
    """A package in a file, which is all that the registry of these tests has."""
    path = tmp_path / "registry" / "thing-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thing.py", "")
        for name, text in DESCRIBED.items():
            archive.writestr(f"thing-1.0.dist-info/{name}", text)
    return path


def digest(path):
    return f" --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def install(wheel, hashes):
    """Do with the wheel what the Dockerfile does with its packages; what pip said."""
    requirements = wheel.with_name("requirements.txt")
    requirements.write_text(f"thing==1.0{hashes}\n")
    target = wheel.parent / "installed"
    done = subprocess.run(
        [
            *package.pip(), "--isolated", "install", "--disable-pip-version-check",
            "--no-index", f"--find-links={wheel.parent}", f"--target={target}",
            *FETCHED[0][:-1], str(requirements),
        ],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode == 0) == (target / "thing.py").exists()
    return done


def test_a_file_that_was_not_locked_is_refused(wheel):
    locked = digest(wheel)
    assert install(wheel, locked).returncode == 0
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("another.py", "")
    (wheel.parent / "installed" / "thing.py").unlink()
    refused = install(wheel, locked)
    assert refused.returncode == 1
    assert "DO NOT MATCH THE HASHES" in refused.stderr


def test_a_package_without_a_hash_is_refused(wheel):
    refused = install(wheel, "")
    assert refused.returncode == 1
    assert "hashes are required" in refused.stderr.lower()
