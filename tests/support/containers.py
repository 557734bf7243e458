"""Containers of the image that `python -m scripts.image` builds, run as strictly as it allows.

A container has a network namespace of its own with nothing but a loopback interface. Programs of
this machine can be run within it: simulated providers, SDKs, Prometheus.
"""

import functools
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.image import engine
from scripts.image.build import IMAGE
from tests.support.tools import missing

HARDENED = (
    "--read-only",
    "--read-only-tmpfs=false",  # not even /tmp
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--memory=128m",
)
PATIENCE = 20.0


@functools.cache
def require_image() -> str:
    """The image's name, once it is built; skips the test where that is impossible here."""
    lacking = engine.missing()
    if lacking:
        missing(", ".join(lacking))
    if not engine.exists(IMAGE):
        missing("the image (python -m scripts.image)")
    return IMAGE


@dataclass(frozen=True, slots=True)
class Container:
    """A container that was started."""

    name: str
    pid: int

    def healthy(self) -> bool:
        """Run its HEALTHCHECK."""
        return not self._podman_fails("healthcheck", "run", self.name)

    def wait_until_healthy(self) -> float:
        """The seconds that it took.

        Raises:
            TimeoutError: it took too long.
        """
        began = time.monotonic()
        while not self.healthy():
            if time.monotonic() - began > PATIENCE:
                raise TimeoutError(f"{self.name} is not healthy: {self.logs()}")
            time.sleep(0.05)
        return time.monotonic() - began

    def within(self, *command: str | Path) -> list[str]:
        """The command line that runs a program of this machine in its network."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", *map(str, command)]

    def run(self, *command: str | Path, timeout: float = PATIENCE) -> str:
        """Run a program of this machine in its network, to its end; what it printed.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        done = subprocess.run(
            self.within(*command),
            check=True,
            cwd=engine.ROOT,
            env=_without_proxies(),
            stdout=subprocess.PIPE,
            text=True,
            timeout=timeout,
        )
        return done.stdout

    @contextmanager
    def beside(self, *command: str | Path) -> Iterator[None]:
        """A program of this machine that runs in its network until the block ends.

        It prints a line when it is ready.
        """
        with subprocess.Popen(
            self.within(*command),
            cwd=engine.ROOT,
            env=_without_proxies(),
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline(), f"{command} ended"
                yield
            finally:
                process.kill()

    def signal(self, name: str) -> None:
        """Send a signal to its first process."""
        engine.podman("kill", "--signal", name, self.name)

    def stop(self, grace: int = 10) -> int:
        """SIGTERM, and after the grace period SIGKILL; the exit code."""
        engine.podman("stop", "--time", str(grace), self.name)
        return self.exit_code()

    def exit_code(self) -> int:
        """Wait for its end."""
        return int(engine.podman("wait", self.name))

    def logs(self) -> str:
        """What it wrote, to standard output and error."""
        command = ["podman", "logs", self.name]
        done = subprocess.run(
            command,
            check=False,
            env=engine.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        return done.stdout

    def _podman_fails(self, *arguments: str) -> bool:
        done = subprocess.run(
            ["podman", *arguments],
            check=False,
            env=engine.environment(),
            capture_output=True,
            timeout=PATIENCE,
        )
        return done.returncode != 0


@contextmanager
def container(
    image: str, *command: str, options: Sequence[str] = (), hardened: bool = True
) -> Iterator[Container]:
    """Run a container until the block ends.

    Args:
        image: its image.
        command: instead of the image's.
        options: more options of `podman run`.
        hardened: as an orchestrator would run it that allows nothing.
    """
    name = f"test-{os.getpid()}-{time.monotonic_ns()}"
    engine.podman(
        "run",
        "--detach",
        f"--name={name}",
        "--health-interval=disable",  # the timers would be systemd's; the tests run it themselves
        *(HARDENED if hardened else ()),
        *options,
        image,
        *command,
    )
    try:
        pid = int(engine.podman("inspect", name, "--format", "{{.State.Pid}}"))
        yield Container(name, pid)
    finally:
        engine.podman("rm", "--force", "--time", "0", name, check=False)


def python(*arguments: str | Path) -> tuple[str | Path, ...]:
    """A command line of the Python that runs the tests."""
    return (sys.executable, *arguments)


def _without_proxies() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
