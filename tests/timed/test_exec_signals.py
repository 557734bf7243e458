"""Signals that `sidecar exec` passes on, in which order things stop, and what is reaped."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.executed import PATIENCE, arguments, environment, events, executed, python
from tests.support.proxied import soon
from tests.support.steps import OK, body, message, send, wait
from tests.support.upstream import Upstream

PASSED_ON = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"]
SUBREAPER = """
import ctypes, os, sys
PR_SET_CHILD_SUBREAPER = 36
assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""
COUNTING = """
got = []
for each in %r:
    signal.signal(getattr(signal, each), lambda number, _: got.append(signal.Signals(number).name))
say("ready")
until = time.monotonic() + 10
while len(set(got)) < 6 and time.monotonic() < until:
    time.sleep(0.01)
time.sleep(0.2)
say(",".join(sorted(got)))
"""


async def test_each_signal_reaches_the_command_once(tmp_path):
    async with executed(tmp_path, python(COUNTING % PASSED_ON)) as running:
        assert await running.said() == "ready"
        for name in PASSED_ON:
            running.process.send_signal(getattr(signal, name))
        assert await running.said() == ",".join(sorted(PASSED_ON))
        assert (await running.ended())[0] == 0


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
async def test_a_command_that_a_passed_signal_ends_has_its_code(tmp_path, name):
    code = 'signal.signal(signal.SIGINT, signal.SIG_DFL); say("ready"); time.sleep(30)'
    async with executed(tmp_path, python(code)) as running:
        assert await running.said() == "ready"
        running.process.send_signal(getattr(signal, name))
        assert (await running.ended())[0] == 128 + getattr(signal, name)


async def test_the_command_stops_first_and_is_served_while_it_does(tmp_path):
    code = """
def stop(*_):
    time.sleep(0.5)
    say(get("/last"))
    sys.exit(3)
signal.signal(signal.SIGTERM, stop)
say("ready")
time.sleep(30)
"""
    async with (
        Upstream(OK) as origin,
        executed(tmp_path, python(code), url=origin.url) as running,
    ):
        assert await running.said() == "ready"
        running.process.terminate()
        ended, out, log = await running.ended()
    assert (ended, out) == (3, "200\n")
    assert events(log) == ["started", "draining", "stopped"]


async def test_a_signal_during_the_drain_changes_no_exit_code(tmp_path):
    slow = (body, wait(1.2), send(message(b"finished")))
    code = """
if os.fork() == 0:
    say(get())
    os._exit(0)
time.sleep(0.4)
say("gone")
sys.exit(7)
"""
    async with (
        Upstream(slow) as origin,
        executed(tmp_path, python(code), url=origin.url) as running,
    ):
        assert await running.said() == "gone"
        await asyncio.sleep(0.3)
        running.process.terminate()
        ended, out, _ = await running.ended()
    assert (ended, out) == (7, "200\n")


async def test_a_signal_that_came_before_the_command_began_ends_it_all(tmp_path):
    script = """
import os, signal
from sidecar.commands.supervised import supervised, withheld
with withheld() as allowed:
    os.kill(os.getpid(), signal.SIGTERM)
    code = supervised(["echo", "began"], os.environ, allowed)
print(code)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout) == (0, b"143\n")


async def test_the_command_inherits_no_withheld_and_no_ignored_signal(tmp_path):
    async with executed(tmp_path, ["cat", "/proc/self/status"]) as running:
        _, out, _ = await running.ended()
    masks = dict(line.split(":\t") for line in out.splitlines() if line.startswith("Sig"))
    expected = {*(getattr(signal, name) for name in PASSED_ON), signal.SIGCHLD, signal.SIGPIPE}
    for kind in ("SigBlk", "SigIgn"):
        mask = int(masks[kind], 16)
        assert [each.name for each in expected if mask & (1 << (each - 1))] == [], kind


def children(pid):
    """The states of the process's children, by their pid."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found[int(stat.parent.name)] = fields[0]
    return found


async def test_orphans_that_became_ours_are_reaped(tmp_path):
    code = """
for _ in range(5):
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(0.3)
        os._exit(0)
for _ in range(5):
    os.wait()
say("ready")
sys.stdin.readline()
sys.exit(5)
"""
    before = [sys.executable, "-c", SUBREAPER]
    async with executed(tmp_path, python(code), before=before) as running:
        assert await running.said() == "ready"
        pid = running.process.pid
        await soon(lambda: len(children(pid)) == 1)
        assert "Z" not in children(pid).values()
        running.process.stdin.write(b"\n")
        running.process.stdin.close()
        assert (await running.ended())[0] == 5


def namespaced():
    """How to be process 1, or a skip."""
    unshare = shutil.which("unshare")
    command = [unshare or "", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if (
        not unshare
        or subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no rights for a pid namespace")
    return command


async def test_it_works_as_process_1(tmp_path):
    code = """
if os.fork() == 0:
    if os.fork() == 0:
        os._exit(0)
    os._exit(0)
os.wait()
time.sleep(0.3)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(4))
say(os.getppid())
processes = [name for name in os.listdir("/proc") if name.isdigit()]
say([name for name in processes if " Z " in open(f"/proc/{name}/stat").read()])
time.sleep(30)
"""
    async with executed(tmp_path, python(code), before=namespaced()) as running:
        assert await running.said() == "1"
        assert await running.said() == "[]"
        (first,) = children(running.process.pid)  # of `unshare`, which passes nothing on
        os.kill(first, signal.SIGTERM)
        assert (await running.ended())[0] == 4


async def test_ctrl_c_on_a_terminal_reaches_the_command_once_and_the_sidecar_serves_on(tmp_path):
    code = """
got = []
signal.signal(signal.SIGINT, lambda *_: got.append(1))
say("ready")
while not got:
    time.sleep(0.01)
say("interrupted")
time.sleep(1)
say(f"{len(got)} {get()}")
sys.exit(6)
"""
    async with Upstream(OK) as origin:
        command = arguments(tmp_path, python(code))
        code, text = await asyncio.to_thread(on_a_terminal, command, environment(origin.url))
    assert "1 200" in text
    assert code == 6


def on_a_terminal(command, env):
    """Run it on a terminal of its own, press Ctrl-C when it is ready; its code and its output.

    The sidecar sees the signal only after the command did: two at once would arrive as one.
    """
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], command, env)
    text, until = b"", time.monotonic() + PATIENCE

    def press():
        os.kill(pid, signal.SIGSTOP)
        os.write(terminal, b"\x03")

    steps = [(b"interrupted", lambda: os.kill(pid, signal.SIGCONT)), (b"ready", press)]
    while time.monotonic() < until:
        try:
            read = os.read(terminal, 65536)
        except OSError:  # all who had it open are gone
            break
        text += read
        if steps and steps[-1][0] in text:
            steps.pop()[1]()
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text.decode()
