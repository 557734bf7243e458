"""The official JavaScript SDK, in a process of its own. Asserts nothing itself."""

import json
import os
import subprocess

from tests.supabase.server import HERE, PUBLISHABLE_KEY, SECRET_KEY, require_node
from tests.supabase.transcripts import Transcript

PATIENCE = 120.0


def transcript(base_url: str) -> Transcript:
    """What `checks.mjs` prints.

    Raises:
        AssertionError: it failed.
    """
    finished = subprocess.run(
        [require_node(), str(HERE / "checks.mjs"), base_url, PUBLISHABLE_KEY, SECRET_KEY],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    return [json.loads(line) for line in finished.stdout.split("\n") if line]
