"""buildah and podman with settings and storage of their own: no other image is touched.

Needs root. The settings are those with which containers run inside of containers, as on builders:
limits within the hard ones, cgroups without systemd, runc for mixed cgroup versions, no network.
"""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".tools" / "image"
PROGRAMS = ("buildah", "podman", "runc", "debootstrap")
PACKAGES = (*PROGRAMS, "catatonit")

_STORAGE = """\
[storage]
driver = "{driver}"
graphroot = "{home}/storage"
runroot = "{home}/run"
"""
_CONTAINERS = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
netns = "none"
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
"""
_INSTALL_SECONDS = 300


def missing() -> list[str]:
    """The programs that are not there; "root" among them for who may not use them."""
    wanted = [name for name in PROGRAMS if shutil.which(name) is None]
    return wanted if os.geteuid() == 0 else ["root", *wanted]


def install() -> None:
    """Install what is missing, with apt-get.

    Raises:
        OSError, subprocess.SubprocessError: there is no apt-get, or it fails.
    """
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES],
    ):
        subprocess.run(command, check=True, env=quiet, timeout=_INSTALL_SECONDS)


def environment() -> dict[str, str]:
    """The variables with which both find our settings, which are written anew."""
    HOME.mkdir(parents=True, exist_ok=True)
    storage, containers = HOME / "storage.conf", HOME / "containers.conf"
    storage.write_text(_STORAGE.format(driver=os.environ.get("DRIVER", "overlay"), home=HOME))
    containers.write_text(_CONTAINERS)
    return {
        **os.environ,
        "CONTAINERS_STORAGE_CONF": str(storage),
        "CONTAINERS_CONF": str(containers),
    }


def podman(*arguments: str, check: bool = True, timeout: float = 60) -> str:
    """Run podman; what it wrote to standard output, without spaces around it.

    Raises:
        subprocess.SubprocessError: it failed, or took too long.
    """
    done = subprocess.run(
        ["podman", *arguments],
        check=False,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if check and done.returncode:
        raise subprocess.CalledProcessError(
            done.returncode, done.args, done.stdout, done.stderr.strip()
        )
    return done.stdout.strip()


def exists(image: str) -> bool:
    """Whether the storage has this image."""
    return bool(podman("images", "--quiet", image))
