import os
import subprocess
import sys
import time

import pytest

PROGRAM = """
from sidecar import config
from sidecar.telemetry import logs
logs.setup(config.Log())
for n in range(2000):
    logs.event("filler", text="x" * 200)
print("done")
"""


def run(stderr):
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, timeout=30, check=False)


def test_every_line_is_out_when_the_process_ends():
    done = run(subprocess.PIPE)
    assert done.stderr.count(b"\n") == 2000
    assert done.stderr.endswith(b"}\n")


def test_a_stderr_that_nobody_reads_does_not_hold_the_exit():
    reader, writer = os.pipe()
    try:
        began = time.monotonic()
        done = run(writer)
        assert (done.returncode, done.stdout) == (0, b"done\n")
        assert time.monotonic() - began < 15
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_ends_nothing():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        assert run(full).returncode == 0


def test_a_closed_stderr_ends_nothing():
    command = f"{sys.executable} -c '{PROGRAM}' 2>&-"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (0, b"done\n")
