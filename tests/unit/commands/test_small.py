"""`healthcheck` and `--help` load nothing that they do not need."""

import subprocess
import sys
import time

import pytest

PROGRAM = """
import sys
from sidecar.cli import main
code = main(sys.argv[1:])
print(code, *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""
HEAVY = {"aiohttp", "asyncio", "pydantic", "yaml", "httptools", "prometheus_client", "uvloop"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--help"], "0"), (["healthcheck", "--url", "127.0.0.1:1"], "1"), (["chek"], "2")],
)
def test_nothing_heavy_is_imported(arguments, code):
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    last = done.stderr.splitlines()[-1].split()
    assert last[0] == code
    assert not HEAVY & set(last)
    assert time.monotonic() - started < 5
