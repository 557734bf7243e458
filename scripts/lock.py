"""Writes the locks anew, with uv: `requirements.lock` for checkouts, two with hashes for the image.

`python -m scripts.lock`, which `make lock` runs; `--keep` keeps the versions of `requirements.lock`
and writes the two others to them. Any Python must do: what is locked is not installed yet.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "pyproject.toml"
EVERYTHING = ROOT / "requirements.lock"
IMAGE = ROOT / "requirements-image.lock"
"""What is in the image."""
BUILD = ROOT / "requirements-build.lock"
"""What builds the sidecar for the image, and is left behind."""
EXTRAS = ("encryption", "fast", "otel", "redis")
"""Those that the image has."""
_OPTIONS = (
    "--universal",
    "--quiet",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
)
# What an sdist is built with would be in no lock.
_OF_THE_IMAGE = ("--python-version=3.13", "--generate-hashes", "--only-binary=:all:")
_SECONDS = 600


def resolved(*arguments: str, given: str = "") -> str:
    """What `uv pip compile` makes of a file, or of what is `given` for the file `-`.

    Raises:
        OSError, subprocess.SubprocessError: there is no uv, or it finds no answer.
    """
    done = subprocess.run(
        ["uv", "pip", "compile", *_OPTIONS, *arguments],
        cwd=ROOT,
        check=True,
        input=given,
        stdout=subprocess.PIPE,
        text=True,
        timeout=_SECONDS,
    )
    return done.stdout


def write(*, keep: bool) -> None:
    """Write them all, or none.

    Args:
        keep: whether `requirements.lock` stays as it is.

    Raises:
        OSError, subprocess.SubprocessError: as `resolved`.
    """
    new = {each: each.with_name(f"{each.name}.new") for each in (EVERYTHING, IMAGE, BUILD)}
    head = "# Written by 'make lock': "
    text = EVERYTHING.read_text()
    if not keep:
        text = f"{head}exact versions for every extra, for Python 3.11 to 3.14.\n"
        text += resolved("--python-version=3.11", "--all-extras", str(PROJECT))
    new[EVERYTHING].write_text(text)
    # All of the image's are in the first one, too, so this leaves one version of each.
    same = ("-c", str(new[EVERYTHING]))
    extras = [f"--extra={each}" for each in EXTRAS]
    text = f"{head}what is in the image, with the hashes of its files, for Python 3.13 and newer.\n"
    new[IMAGE].write_text(text + resolved(*_OF_THE_IMAGE, *same, *extras, str(PROJECT)))
    wanted = tomllib.loads(PROJECT.read_text())["build-system"]["requires"]
    text = f"{head}what builds the sidecar for the image; hashes and Python as there.\n"
    new[BUILD].write_text(text + resolved(*_OF_THE_IMAGE, *same, "-", given="\n".join(wanted)))
    for lock, written in new.items():
        written.replace(lock)


def main(arguments: list[str]) -> int:
    """0 when they are written, 1 when that fails, 2 for wrong usage."""
    if arguments not in ([], ["--keep"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        write(keep=bool(arguments))
    except (OSError, subprocess.SubprocessError) as error:
        print(f"lock: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
