"""What the figures were taken on: figures without their machine mean nothing."""

import os
import platform
import subprocess
import sysconfig
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path


def describe(programs: Mapping[str, str]) -> dict[str, str]:
    """The machine and the versions, those of `programs` among them, as text by name."""
    info = Path("/proc/cpuinfo").read_text()
    model = next(
        (line.partition(":")[2].strip() for line in info.splitlines() if "model name" in line),
        "unknown",
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    hypervisor = " (virtual machine)" if "hypervisor" in info else ""
    packages = ("aiohttp", "httptools", "uvloop")
    return {
        "cpu": f"{model}, {os.cpu_count()} cores{hypervisor}",
        "memory": f"{memory:.0f} GB",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_version()} ({_build()})",
        "sidecar": f"{version('outbound-sidecar')} at {_revision()}",
        **{name: version(name) for name in packages},
        **programs,
    }


def _build() -> str:
    """How the interpreter was compiled: it matters about as much as anything in the sidecar."""
    arguments = str(sysconfig.get_config_var("CONFIG_ARGS"))
    found = "--enable-optimizations" in arguments
    return "configured with --enable-optimizations" if found else "no --enable-optimizations"


def _revision() -> str:
    """The commit, with a `+` where files differ from it."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+"]
    try:
        done = subprocess.run(git, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return "an unknown revision"
    return done.stdout.strip()
