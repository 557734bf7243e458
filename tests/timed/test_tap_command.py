"""`sidecar tap` as a process: what it prints, what it says of losses, and how it ends."""

import json
import signal
import subprocess
import threading
import time

import pytest

from sidecar.telemetry.recent import Recent, Wanted, shown
from sidecar.telemetry.record import Record
from tests.support.admin_stub import AdminStub
from tests.support.terminals import PATIENCE, command, environment


class Sidecar(AdminStub):
    """An admin listener over a ring of exchanges, as the real one."""

    def __init__(self):
        super().__init__()
        self.recent = Recent(1.0, most=50)

    def see(self, count=1, **changes):
        for _ in range(count):
            settings = {"upstream": "api", "route": "r", "method": "GET", "status": 200, **changes}
            self.recent(Record("id", target="/x?a=1", **settings))

    def answer(self, path, query):
        assert path == "/admin/exchanges"
        if query.get("status") == "nonsense":
            return 400, {"error": "status: expected a status"}
        wanted = Wanted(after=int(query["after"]), limit=int(query["limit"]))
        found = self.recent.find(wanted._replace(upstream=query.get("upstream", "")))
        rows = [shown(number, each) for number, each in found.records]
        return 200, {
            "last": found.last,
            "dropped": found.dropped,
            "since": self.recent.since,
            "exchanges": rows,
        }


@pytest.fixture
def sidecar():
    sidecar = Sidecar()
    sidecar.start()
    yield sidecar
    sidecar.stop()


class Tapped:
    """The process, and the lines that it wrote."""

    def __init__(self, sidecar, *arguments):
        self.process = subprocess.Popen(
            command("tap", "--admin", sidecar.address, "--interval", "0.05", *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self.lines, self.said = [], []
        self._changed = threading.Condition()
        pairs = ((self.process.stdout, self.lines), (self.process.stderr, self.said))
        self._readers = [threading.Thread(target=self._read, args=pair) for pair in pairs]
        for each in self._readers:
            each.start()

    def _read(self, stream, into):
        for line in stream:
            with self._changed:
                into.append(line.rstrip("\n"))
                self._changed.notify_all()

    def until(self, condition):
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), (self.lines, self.said)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        for each in self._readers:
            each.join()
        self.process.stdout.close()
        self.process.stderr.close()


@pytest.fixture
def tap(sidecar):
    made = []

    def start(*arguments):
        before = len(sidecar.asked)
        made.append(Tapped(sidecar, *arguments))
        end = time.monotonic() + PATIENCE
        while len(sidecar.asked) < before + 2:  # it knows where it begins
            assert time.monotonic() < end
            time.sleep(0.01)
        return made[-1]

    yield start
    for each in made:
        each.end()


def test_it_prints_a_line_for_each_exchange_that_ends_from_now_on(sidecar, tap):
    sidecar.see(3)
    tapped = tap()
    sidecar.see(status=503, error="breaker_open", duration=0.25)
    sidecar.see(2)
    tapped.until(lambda: len(tapped.lines) == 3)
    assert tapped.lines[0].split(maxsplit=1)[1] == "503 250ms GET api/r /x?a=*  breaker_open"
    assert "\x1b" not in "".join(tapped.lines)


def test_json_is_one_object_a_line_in_order(sidecar, tap):
    tapped = tap("--json")
    sidecar.see(20)
    tapped.until(lambda: len(tapped.lines) == 20)
    assert [json.loads(line)["seq"] for line in tapped.lines] == list(range(1, 21))


def test_filters_are_the_sidecars(sidecar, tap):
    tapped = tap("--upstream", "b", "--route", "r", "--status", "5xx", "--slow", "1s")
    sidecar.see()
    sidecar.see(upstream="b")
    tapped.until(lambda: len(tapped.lines) == 1)
    asked = sidecar.asked[-1][1]
    assert {name: asked[name] for name in ("upstream", "route", "status", "slow")} == {
        "upstream": "b",
        "route": "r",
        "status": "5xx",
        "slow": "1s",
    }


def test_it_says_when_some_are_missing(sidecar, tap):
    tapped = tap()
    sidecar.see()
    tapped.until(lambda: len(tapped.lines) == 1)
    sidecar.stop()
    tapped.until(lambda: any("retrying" in line for line in tapped.said))
    sidecar.see(80)
    sidecar.start()
    tapped.until(lambda: len(tapped.lines) == 51)
    tapped.until(lambda: any("some are missing" in line for line in tapped.said))
    tapped.until(lambda: tapped.said[-1] == "sidecar tap: it answers again")


def test_another_run_of_the_sidecar_is_seen_from_its_start(sidecar, tap):
    sidecar.see(3)
    tapped = tap("--json")
    sidecar.stop()
    sidecar.recent = Recent(2.0)
    sidecar.see(5)
    sidecar.start()
    tapped.until(lambda: len(tapped.lines) == 5)
    assert [json.loads(line)["seq"] for line in tapped.lines] == [1, 2, 3, 4, 5]


def test_ctrl_c_ends_it_without_a_word(tap):
    tapped = tap()
    tapped.process.send_signal(signal.SIGINT)
    assert tapped.process.wait(PATIENCE) == 0
    tapped.end()
    assert (tapped.lines, tapped.said) == ([], [])


@pytest.mark.parametrize("busy", [True, False])
def test_it_ends_when_its_reader_has_seen_enough(sidecar, busy):
    with subprocess.Popen(
        command("tap", "--admin", sidecar.address, "--interval", "0.05"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        process.stdout.close()
        if busy:
            sidecar.see(10)
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == ""


def test_once_it_prints_what_is_remembered(sidecar):
    sidecar.see(3)
    done = run(sidecar, "--once")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 3)


def run(sidecar, *arguments):
    return subprocess.run(
        command("tap", "--admin", sidecar.address, *arguments),
        capture_output=True,
        text=True,
        timeout=20,
        env=environment(),
        check=False,
    )


def test_a_filter_that_makes_no_sense_is_said_once(sidecar):
    done = run(sidecar, "--status", "nonsense")
    assert (done.returncode, done.stderr) == (1, "sidecar tap: status: expected a status\n")


def test_where_nobody_answers_at_first_it_ends(sidecar):
    sidecar.stop()
    done = run(sidecar)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no answer from" in done.stderr
