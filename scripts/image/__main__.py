"""`python -m scripts.image`: builds the image from the Dockerfile, on bases made of packages.

`--install` first installs what is missing (buildah, podman, runc, debootstrap), with apt-get.
"""

import os
import subprocess
import sys
import time

from scripts.image import base, engine
from scripts.image.build import IMAGE, build


def main(arguments: list[str]) -> int:
    """Build it.

    Returns:
        0 when it is built, or programs are missing and nobody insists (STRICT=1); 1 when it fails;
        2 for wrong usage.
    """
    if arguments not in ([], ["--install"]):
        print(__doc__, file=sys.stderr)
        return 2
    began = time.monotonic()
    try:
        if engine.missing() and arguments:
            engine.install()
        if missing := engine.missing():
            print(f"image: not built, missing: {', '.join(missing)}", file=sys.stderr)
            return int(os.environ.get("STRICT") == "1")
        base.make()
        made = time.monotonic()
        build(IMAGE, runtime=base.BARE)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    ended = time.monotonic()
    print(f"image: {IMAGE}: bases {made - began:.0f} s, build {ended - made:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
