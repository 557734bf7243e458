"""Finding commands, flags and variables; exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar import __version__, cli

MINIMAL = "upstreams: {a: {url: 'https://x', routes: [{name: r, match: {path: /r}}]}}\n"
READERS = ("check", "explain", "routes", "schema", "healthcheck", "version")


@pytest.fixture
def minimal(tmp_path):
    (tmp_path / "sidecar.yaml").write_text(MINIMAL)


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"]])
def test_help_lists_every_command_in_80_columns(arguments, capsys):
    assert cli.main(arguments) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in cli.COMMANDS)
    assert max(map(len, text.splitlines())) <= 80


def test_without_a_command_the_usage_is_shown_and_it_is_an_error(capsys):
    assert cli.main([]) == 2
    assert "usage: sidecar COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "command"), [("chek", "check"), ("rn", "run"), ("explan", "explain")]
)
def test_a_mistyped_command_gets_a_suggestion(word, command, capsys):
    assert cli.main([word]) == 2
    assert f"did you mean '{command}'?" in capsys.readouterr().err


def test_a_mistyped_flag_gets_a_suggestion(capsys):
    assert cli.main(["routes", "--jsn"]) == 2
    assert "did you mean '--json'?" in capsys.readouterr().err


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_help_of_every_command_is_80_columns_wide(name, capsys):
    assert cli.main([name, "--help"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


@pytest.mark.parametrize("name", [name for name in cli.COMMANDS if name != "demo"])
def test_every_flag_has_a_variable(name):
    for action in cli.parser_of(name)._actions:
        if action.option_strings and "--help" not in action.option_strings:
            assert "SIDECAR_" in action.help, action.option_strings


@pytest.mark.parametrize("name", READERS)
def test_every_command_that_reads_can_print_json(name):
    flags = [flag for action in cli.parser_of(name)._actions for flag in action.option_strings]
    assert "--json" in flags


@pytest.mark.parametrize("name", ["run", "check", "routes"])
def test_a_missing_file_is_wrong_usage_and_never_the_defaults(name, capsys):
    assert cli.main([name, "-c", "nope.yaml"]) == 2
    output = capsys.readouterr()
    assert "nope.yaml: error: no such file" in output.out + output.err


@pytest.mark.parametrize("name", ["run", "routes", "check"])
def test_a_problem_is_exit_code_1(name, tmp_path, capsys):
    (tmp_path / "sidecar.yaml").write_text("upstreams: {}\n")
    assert cli.main([name]) == 1
    output = capsys.readouterr()
    assert "sidecar.yaml:1:1: error: upstreams: " in output.out + output.err


def test_run_serves_the_loaded_configuration(minimal, monkeypatch):
    from sidecar import process

    served = []
    monkeypatch.setattr(process, "run", lambda first, _: served.append(first.config) or 0)
    assert cli.main(["run"]) == 0
    assert served[0].upstreams["a"].url == "https://x"


def test_a_variable_stands_in_for_a_flag_and_the_flag_wins(tmp_path, monkeypatch, capsys):
    (tmp_path / "one.yaml").write_text(MINIMAL)
    (tmp_path / "two.yaml").write_text(MINIMAL.replace("name: r", "name: second"))
    monkeypatch.setenv("SIDECAR_CONFIG", "one.yaml")
    monkeypatch.setenv("SIDECAR_JSON", "true")
    assert cli.main(["routes"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["route"] == "r"
    assert cli.main(["routes", "-c", "two.yaml"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["route"] == "second"


def test_a_variable_is_checked_like_its_flag(monkeypatch, capsys):
    monkeypatch.setenv("SIDECAR_FORMAT", "xml")
    assert cli.main(["check"]) == 2
    monkeypatch.setenv("SIDECAR_JSON", "perhaps")
    assert cli.main(["version"]) == 2
    assert "SIDECAR_JSON must be true or false" in capsys.readouterr().err


def test_routes_are_listed_in_the_order_of_matching(minimal, capsys):
    assert cli.main(["routes"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [
        ["a", "r", "any", "10s", "30s", "/r"],
        ["a", "default", "any", "10s", "30s", "/**"],
    ]


def test_the_version_is_that_of_the_package(capsys):
    assert cli.main(["version"]) == 0
    assert capsys.readouterr().out == f"sidecar {__version__}\n"
    assert cli.main(["--version"]) == 0
    capsys.readouterr()
    assert cli.main(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["aiohttp"]


def test_the_schema_and_the_reference_are_printed(capsys):
    assert cli.main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].endswith("2020-12/schema")
    assert cli.main(["schema", "--reference"]) == 0
    assert "\nupstreams:\n" in capsys.readouterr().out


def test_output_that_nobody_reads_to_the_end_is_no_error(minimal):
    command = f"{sys.executable} -m sidecar schema | head -n 1"
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, timeout=30, check=True
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", ["--help", "routes --help", "version", "routes", "schema"])
def test_output_that_nobody_reads_at_all_is_no_error(arguments, unbuffered, minimal, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    command = f"{sys.executable} -m sidecar {arguments} | sleep 0"
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, timeout=30, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", ["--help", "version", "routes", "schema"])
def test_a_full_disk_for_the_output_is_said_in_one_line(
    arguments, unbuffered, minimal, monkeypatch
):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    command = f"{sys.executable} -m sidecar {arguments} > /dev/full"
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (1, "sidecar: No space left on device\n")


@pytest.mark.parametrize(
    ("arguments", "code"), [("version", 0), ("check", 0), ("check -c nope", 2), ("tap --once", 1)]
)
def test_closed_standard_streams_change_no_exit_code(arguments, code, minimal, monkeypatch):
    monkeypatch.setenv("SIDECAR_ADMIN", "127.0.0.1:1")
    command = f"{sys.executable} -m sidecar {arguments} <&- >&-"
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    command = f"{command} 2>&-"
    assert subprocess.run(["/bin/sh", "-c", command], timeout=30, check=False).returncode == code


@pytest.mark.parametrize("coding", ["ascii", "latin-1", "utf-8"])
def test_a_locale_that_lacks_a_character_prints_its_escape(coding, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", coding)
    for arguments in (["schema", "--reference"], ["check", "-c", b"b\xfccher.yaml"]):
        done = subprocess.run(
            [sys.executable, "-m", "sidecar", *arguments],
            capture_output=True, timeout=30, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0 if "schema" in arguments else 2, b"")
        assert done.stdout.decode(coding)
