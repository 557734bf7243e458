"""`sidecar exec`: the sidecar before, beside and after its command."""

import socket

import pytest

from tests.support.executed import events, executed, python
from tests.support.steps import OK, body, message, send, wait
from tests.support.upstream import Upstream


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", 0),
        ("sys.exit(255)", 255),
        ("os.kill(os.getpid(), signal.SIGKILL)", 137),
    ],
)
async def test_the_exit_code_is_the_commands(tmp_path, code, expected):
    async with executed(tmp_path, python(code)) as running:
        assert (await running.ended())[0] == expected


async def test_a_command_that_is_not_there_is_127(tmp_path):
    async with executed(tmp_path, ["no-such-command"]) as running:
        code, _, log = await running.ended()
    assert code == 127
    assert "sidecar exec: no-such-command: not found\n" in log


@pytest.mark.parametrize("kind", ["folder", "not executable", "no program"])
async def test_a_command_that_cannot_be_run_is_126(tmp_path, kind):
    file = tmp_path / "command"
    if kind == "folder":
        file.mkdir()
    else:
        file.write_bytes(b"\x00\x01")
        file.chmod(0o755 if kind == "no program" else 0o644)
    async with executed(tmp_path, [str(file)]) as running:
        code, _, log = await running.ended()
    assert code == 126
    assert f"sidecar exec: {file}: " in log


async def test_the_command_finds_the_sidecar_ready_by_its_variables(tmp_path):
    code = 'say(get("/now")); say(os.environ["SHOP_URL"]); say(os.environ["NO_PROXY"])'
    async with Upstream(OK) as origin:
        async with executed(tmp_path, python(code), url=origin.url) as running:
            assert await running.said() == "200"
            base = await running.said()
            assert base != origin.url
            assert base.startswith("http://127.0.0.1:")
            assert base.endswith("/shop")
            assert "127.0.0.1" in await running.said()
            assert (await running.ended())[0] == 0
        assert [request.target for request in origin.requests] == [b"/now"]


async def test_further_variables_can_be_named(tmp_path):
    code = 'say(os.environ["API"]); say(os.environ["SHOP_URL"])'
    env = {"SIDECAR_EXEC_ENV": "API=shop/v1,SHOP_URL="}
    async with executed(tmp_path, python(code), url="http://shop.test", env=env) as running:
        assert (await running.said()).endswith("/shop/v1")
        assert await running.said() == "http://shop.test"


async def test_input_and_output_are_the_commands_alone(tmp_path):
    code = "say(sys.stdin.readline().upper().strip()); say(sys.stdin.read() == '')"
    async with executed(tmp_path, python(code)) as running:
        running.process.stdin.write(b"hello\n")
        running.process.stdin.close()
        code, out, log = await running.ended()
    assert (code, out) == (0, "HELLO\nTrue\n")
    assert events(log) == ["started", "draining", "stopped"]


async def test_a_sidecar_that_cannot_start_starts_no_command(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with executed(tmp_path, python('say("began")'), port=port) as running:
            code, out, log = await running.ended()
    assert (code, out) == (1, "")
    assert f"cannot listen on 127.0.0.1:{port}" in log
    assert "the command was not started" in log


async def test_a_configuration_with_a_problem_starts_no_command(tmp_path):
    async with executed(tmp_path, python('say("began")'), url="nonsense") as running:
        code, out, log = await running.ended()
    assert (code, out) == (1, "")
    assert "error: upstreams.shop.url" in log


async def test_without_a_command_it_is_wrong_usage(tmp_path):
    async with executed(tmp_path, []) as running:
        code, _, log = await running.ended()
    assert code == 2
    assert "name the command to run" in log


async def test_arguments_of_the_command_are_not_read_as_ours(tmp_path):
    command = ["sh", "-c", 'printf "%s\\n" "$@"', "sh", "-c", "--", "--env", "x"]
    async with executed(tmp_path, command) as running:
        assert (await running.ended())[:2] == (0, "-c\n--\n--env\nx\n")


async def test_calls_that_the_command_left_behind_finish(tmp_path):
    slow = (body, wait(0.8), send(message(b"finished")))
    code = """
if os.fork() == 0:
    say(get())
    os._exit(0)
time.sleep(0.4)
"""
    async with (
        Upstream(slow) as origin,
        executed(tmp_path, python(code), url=origin.url) as running,
    ):
        code, out, _ = await running.ended()
    assert (code, out) == (0, "200\n")


async def test_a_proxy_in_the_environment_does_not_come_between(tmp_path):
    code = """
import urllib.request
say(urllib.request.urlopen(os.environ["SHOP_URL"] + "/", timeout=10).status)
"""
    proxy = {"http_proxy": "http://127.0.0.1:9", "NO_PROXY": "x.test", "no_proxy": "x.test"}
    async with (
        Upstream(OK) as origin,
        executed(tmp_path, python(code), url=origin.url, env=proxy) as running,
    ):
        code, out, log = await running.ended()
    assert (code, out) == (0, "200\n")
    assert "NO_PROXY" not in log
