"""External programs that some tests need: find them, fetch them without root, say what is missing.

`tools.py fetch` gets what a package of the system offers into .tools/, touching nothing else.
`tools.py report TARGET` prints one table; with STRICT=1 a missing tool is a failure.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).parents[1] / ".tools" / "bin"
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Tool:
    """A program, the `make` target that uses it, and what is skipped without it."""

    name: str
    target: str
    skipped: str
    hint: str
    package: str = ""
    """The Debian package that it can be taken out of; "" where that would not run alone."""
    file: str = ""


TOOLS = (
    Tool(
        "promtool",
        "test",
        "the check of /metrics by Prometheus itself",
        "apt-get install prometheus",
        "prometheus",
        "usr/bin/promtool",
    ),
    Tool(
        "prometheus",
        "test-observability",
        "alerts, dashboard and the drill with a real Prometheus",
        "apt-get install prometheus",
        "prometheus",
        "usr/bin/prometheus",
    ),
    Tool(
        "promtool",
        "test-observability",
        "the tests of the alerts",
        "apt-get install prometheus",
        "prometheus",
        "usr/bin/promtool",
    ),
    Tool("redis-server", "test", "tests of the store in Redis", "apt-get install redis-server"),
    Tool("node", "test-sdk", "tests with the JavaScript SDKs", "apt-get install nodejs"),
    Tool("npm", "test-sdk", "tests with the JavaScript SDKs", "apt-get install npm"),
    Tool("node", "test-supabase", "tests with a real Supabase API", "apt-get install nodejs"),
    Tool("npm", "test-supabase", "tests with a real Supabase API", "apt-get install npm"),
    Tool("curl", "test-docs", "commands of the documents", "apt-get install curl"),
    Tool("node", "test-docs", "the look at JavaScript in documents", "apt-get install nodejs"),
    Tool("chromium", "test-browser", "tests of the dashboard", "apt-get install chromium"),
    *(
        Tool(name, "test-image", "the image and all that is run in it", f"apt-get install {name}")
        for name in ("buildah", "podman", "runc", "debootstrap")
    ),
    Tool("catatonit", "test-image", "containers in one network", "apt-get install catatonit"),
    Tool("nsenter", "test-image", "calls within a container", "apt-get install util-linux"),
    Tool("ss", "test-image", "who listens within a container", "apt-get install iproute2"),
    Tool("kubectl", "test-image", "the manifests of Kubernetes", "apt-get install kubectl"),
    Tool("systemd-analyze", "test-image", "the unit of systemd", "apt-get install systemd"),
    Tool(
        "prometheus",
        "test-image",
        "the example for compose",
        "apt-get install prometheus",
        "prometheus",
        "usr/bin/prometheus",
    ),
)


def find(name: str) -> str | None:
    """The path of a program: on PATH, or fetched earlier."""
    return shutil.which(name) or shutil.which(name, path=str(HOME))


def fetch(tool: Tool) -> bool:
    """Take the program out of its Debian package; whether it is there now. Needs no root."""
    if not tool.package or not (shutil.which("apt-get") and shutil.which("dpkg")):
        return False
    with tempfile.TemporaryDirectory() as scratch:
        try:
            _run(["apt-get", "download", tool.package], scratch)
            (deb,) = Path(scratch).glob("*.deb")
            _run(["dpkg", "-x", str(deb), "unpacked"], scratch)
            HOME.mkdir(parents=True, exist_ok=True)
            shutil.move(Path(scratch, "unpacked", tool.file), HOME / tool.name)
        except (OSError, subprocess.SubprocessError, ValueError):
            return False
    return True


def _run(command: list[str], folder: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_SECONDS)


def report(target: str) -> int:
    """Print what the tests of `target` had to do without; the exit code."""
    wanted = [tool for tool in TOOLS if tool.target == target]
    missing = [tool for tool in wanted if find(tool.name) is None]
    if not missing:
        print(f"tools: {', '.join(tool.name for tool in wanted)}: nothing was missing")
        return 0
    rows = [("MISSING", "SKIPPED", "TO GET IT"), *((t.name, t.skipped, t.hint) for t in missing)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    print()
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    strict = os.environ.get("STRICT") == "1"
    print("STRICT=1: this is a failure" if strict else "STRICT=1 makes this a failure")
    return int(strict)


def main(arguments: list[str]) -> int:
    """Run one of the two commands of the module's docstring."""
    match arguments:
        case ["fetch"]:
            for tool in TOOLS:
                if find(tool.name) is None and fetch(tool):
                    print(f"tools: took {tool.name} out of the package {tool.package}")
            return 0
        case ["report", target]:
            return report(target)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
