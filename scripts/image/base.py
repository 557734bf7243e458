"""Images to build on, made of Debian's packages where no registry can be reached.

They stand in for `python:3.13-slim`: Debian's Python in /usr instead of a built one in /usr/local,
with the same names for it. The second has neither a shell nor pip, as distroless images have none.
"""

import subprocess
from pathlib import Path

from scripts.image import engine

BASE = "localhost/python:3.13-slim"
BARE = "localhost/python:3.13-bare"
SUITE = "trixie"
"""The Debian release whose Python is 3.13 (3.13.5)."""
_INCLUDED = "ca-certificates,python3,python3-pip,python3-venv"
_PATH = "ENV PATH=/usr/local/bin:/usr/bin:/bin"
_SHELLS = ("sh", "bash", "dash", "rbash", "perl", "apt", "apt-get", "dpkg", "pip", "pip3")
_SECONDS = 600


def make() -> None:
    """Make those of the two that are missing.

    Raises:
        OSError, subprocess.SubprocessError: a program is missing or fails.
    """
    if engine.exists(BASE) and engine.exists(BARE):
        return
    tree = _tree()
    bare = [f"--exclude=./usr/bin/{name}" for name in _SHELLS]
    bare += ["--exclude=./usr/lib/python3/dist-packages/pip", "--exclude=./usr/share/doc"]
    for name, left_out in ((BASE, []), (BARE, bare)):
        _import(tree, name, left_out)


def _tree() -> Path:
    """The unpacked packages; made once."""
    tree = engine.HOME / "base"
    made = engine.HOME / "base.ok"
    if not made.exists():
        subprocess.run(["rm", "-rf", str(tree)], check=True)
        tree.parent.mkdir(parents=True, exist_ok=True)
        command = ["debootstrap", "--variant=minbase", f"--include={_INCLUDED}", SUITE, str(tree)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=_SECONDS)
        for path in tree.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
            path.unlink()
        for name, target in (("python", "python3"), ("pip", "pip3")):
            (tree / "usr/local/bin" / name).symlink_to(f"/usr/bin/{target}")
        made.touch()
    return tree


def _import(tree: Path, name: str, left_out: list[str]) -> None:
    packing = [
        "tar",
        "-C",
        str(tree),
        "--exclude=./var/cache/apt/archives/*.deb",
        *left_out,
        "-c",
        ".",
    ]
    with subprocess.Popen(packing, stdout=subprocess.PIPE) as packed:
        subprocess.run(
            ["podman", "import", "--quiet", "-c", _PATH, "-", name],
            check=True,
            env=engine.environment(),
            stdin=packed.stdout,
            stdout=subprocess.DEVNULL,
            timeout=_SECONDS,
        )
    if packed.returncode:
        raise subprocess.CalledProcessError(packed.returncode, packing)
