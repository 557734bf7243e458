"""`sidecar top` in a real pseudo-terminal, and as plain text."""

import json
import signal
import subprocess

import pytest

from tests.support.admin_stub import AdminStub
from tests.support.summaries import summary, upstream
from tests.support.terminals import Terminal, command, environment

LEFT = b"\x1b[?1049l"


@pytest.fixture
def stub():
    stub = AdminStub()
    stub.value = summary(
        upstream("gemini", rate=1.5),
        upstream("supabase", rate=42.0, p95=2.0),
        upstream("whatsapp-business-platform", state="open", ratio=0.25),
    )
    stub.start()
    yield stub
    stub.stop()


@pytest.fixture
def terminal(stub):
    made = []

    def start(*arguments, **size):
        shown = Terminal("top", "--admin", stub.address, "--interval", "0.1", *arguments, **size)
        made.append(shown)
        return shown

    yield start
    for each in made:
        each.close()


def names(lines):
    """The first words of the rows."""
    titles = next(i for i, line in enumerate(lines) if line.startswith("UPSTREAM"))
    return [line.split()[0] for line in lines[titles + 1 : -1] if line]


def has(text):
    return lambda lines: any(text in line for line in lines)


def test_it_shows_a_row_for_each_upstream_the_worst_first_in_80_columns(terminal):
    shown = terminal().until(has("UPSTREAM"))
    assert shown[0].startswith("sidecar 1.2.3  ready, up 12s  last 60 s")
    assert names(shown) == ["whatsapp-bu~", "supabase", "gemini"]
    assert "OPEN 1.50s" in shown[4]
    assert shown[-1].startswith("q quit   s sort: worst")
    assert max(map(len, shown)) <= 80


def test_keys_sort_filter_pause_and_quit(terminal, stub):
    window = terminal()
    window.until(has("UPSTREAM"))
    window.type("s")
    assert names(window.until(has("sort: rate")))[0] == "supabase"
    window.type("f")
    window.until(has("filter: _"))
    window.type("gemx\x7f")
    assert names(window.until(has("filter: gem_"))) == ["gemini"]
    window.type("\r")
    window.until(has("f filter: gem "))
    window.type(" ")
    window.until(has("paused"))
    stub.value = summary(upstream("gemini", rate=77.0))
    window.read(0.6)
    assert not has("77.0")(window.shown)
    window.type(" ")
    window.until(has("77.0"))
    window.type("\x1b[A\x1b[B")  # arrows do nothing
    window.type("q")
    assert window.process.wait(10) == 0


def test_another_window_is_asked_for_at_once(terminal, stub):
    window = terminal("--window", "1m")
    window.until(has("window: 1m"))
    window.type("w")
    window.until(lambda _: ("/admin/summary", {"window": "5m"}) in stub.asked)


@pytest.mark.parametrize("end", ["q", "\x03", "terminate"])
def test_the_terminal_is_given_back_as_it_was(terminal, end):
    window = terminal()
    window.until(has("UPSTREAM"))
    assert window.attributes() != window.before
    if end == "terminate":
        window.process.send_signal(signal.SIGTERM)
    elif end == "\x03":
        window.process.send_signal(signal.SIGINT)
    else:
        window.type(end)
    assert window.process.wait(10) == (143 if end == "terminate" else 0)
    window.read(0.1)
    assert window.attributes() == window.before
    assert window.written.rstrip().endswith(LEFT)


def test_it_survives_a_restart_of_the_sidecar_and_keeps_what_it_knew(terminal, stub):
    window = terminal()
    window.until(has("UPSTREAM"))
    stub.stop()
    assert "supabase" in names(window.until(has("s ago, retrying")))
    stub.value = summary(upstream("supabase", rate=3.0), uptime=0.5)
    stub.start()
    shown = window.until(lambda lines: not has("retrying")(lines))
    assert (names(shown), shown[0]) == (["supabase"], "sidecar 1.2.3  ready, up 500ms  last 60 s")


def test_it_may_be_started_before_the_sidecar(terminal, stub):
    stub.stop()
    window = terminal()
    window.until(has("no answer from"))
    stub.start()
    window.until(has("UPSTREAM"))


def test_what_a_refusal_says_is_shown(terminal, stub):
    stub.answer = lambda *_: (401, {"error": "show the token of admin.token"})
    terminal().until(has("sidecar: show the token of admin.token"))


def test_a_small_terminal_shows_the_worst_and_how_many_more(terminal, stub):
    stub.value = summary(*[upstream(f"api-{n:02}", rate=1.0 + n) for n in range(30)])
    window = terminal("--sort", "rate", columns=50, lines=12)
    shown = window.until(has("more"))
    assert names(shown)[:2] == ["api-29", "api-28"]
    assert any(line.startswith("… and 2") for line in shown)
    window.resize(100, 40)
    window.screen.resize(40, 100)
    assert len(names(window.until(lambda lines: not has("more")(lines)))) == 30


def run(stub, *arguments):
    return subprocess.run(
        command("top", "--admin", stub.address, *arguments),
        capture_output=True,
        text=True,
        timeout=20,
        env=environment(),
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_once_it_is_plain_text_without_colour(stub):
    done = run(stub, "--once")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert names([*done.stdout.splitlines(), ""]) == ["whatsapp-bu~", "supabase", "gemini"]
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_as_json_it_is_all_that_the_sidecar_says(stub):
    done = run(stub, "--json", "--window", "15m")
    assert json.loads(done.stdout) == stub.value
    assert stub.asked[-1][1]["window"] == "15m"


def test_where_nobody_answers_once_is_a_problem(stub):
    stub.stop()
    done = run(stub, "--once")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"sidecar: no answer from {stub.address}")


def test_without_a_terminal_tables_follow_each_other_until_the_reader_leaves(stub):
    with subprocess.Popen(
        command("top", "--admin", stub.address, "--interval", "0.1"),
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment(),
    ) as process:
        titles = 0
        for line in process.stdout:
            titles += line.startswith("UPSTREAM")
            if titles == 3:
                break
        process.stdout.close()
        assert process.wait(10) == 0
