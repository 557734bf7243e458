"""Builds the Dockerfile as `docker build` does, with the local bases."""

import os
import subprocess
import sys
from pathlib import Path

from scripts.image import base, engine
from scripts.released import revision, version

IMAGE = "localhost/outbound-sidecar:test"
_OF_THIS_MACHINE = ("/etc/pip.conf", "/etc/ssl/certs")
"""How this machine reaches the package index; the build has to reach it, too."""
_SECONDS = 600


def build(image: str, *, runtime: str = base.BASE) -> None:
    """Build the sidecar's image.

    Args:
        image: its name.
        runtime: the image that it is to run on.

    Raises:
        OSError, subprocess.SubprocessError: buildah is missing, or the build fails.
    """
    build_file(
        image,
        engine.ROOT / "Dockerfile",
        engine.ROOT,
        BASE=base.BASE,
        RUNTIME=runtime,
        VERSION=version(),
        REVISION=revision(),
    )


def build_file(image: str, file: Path, context: Path, **arguments: str) -> None:
    """Build any Dockerfile with these build arguments.

    Raises:
        OSError, subprocess.SubprocessError: buildah is missing, or the build fails.
    """
    mounted = [f"--volume={path}:{path}:ro" for path in _OF_THIS_MACHINE if Path(path).exists()]
    command = [
        "buildah",
        "bud",
        "--isolation=chroot",  # a build needs no container of its own
        "--format=docker",  # OCI's has no HEALTHCHECK
        "--layers",
        "--force-rm",  # an unchanged stage leaves a container behind otherwise
        "--pull-never",
        *mounted,
        *(f"--build-arg={name}={value}" for name, value in arguments.items()),
        f"--file={file}",
        f"--tag={image}",
        str(context),
    ]
    verbose = bool(os.environ.get("VERBOSE"))
    done = subprocess.run(
        command,
        check=False,
        env=engine.environment(),
        stdout=None if verbose else subprocess.PIPE,
        stderr=None if verbose else subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
    )
    if done.returncode:
        print(done.stdout or "", file=sys.stderr)
        raise subprocess.CalledProcessError(done.returncode, command[:2])
