import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "tools.py"


@pytest.fixture
def tools(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("tools", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "tools", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HOME", tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    return module


@pytest.mark.parametrize(("strict", "code"), [("", 0), ("1", 1)])
def test_a_missing_tool_is_named_and_fails_only_when_strict(
    tools, monkeypatch, capsys, strict, code
):
    monkeypatch.setenv("STRICT", strict)
    assert tools.main(["report", "test-sdk"]) == code
    shown = capsys.readouterr().out
    assert "node" in shown
    assert "apt-get install npm" in shown
    assert "promtool" not in shown


def test_a_fetched_tool_is_found_and_nothing_is_missing(tools, monkeypatch, capsys):
    monkeypatch.setenv("STRICT", "1")
    tools.HOME.mkdir()
    for name in ("promtool", "redis-server"):
        (tools.HOME / name).write_text("#!/bin/sh\n")
        (tools.HOME / name).chmod(0o755)
    assert tools.main(["report", "test"]) == 0
    assert "nothing was missing" in capsys.readouterr().out


def test_a_tool_that_cannot_be_fetched_is_left_missing(tools):
    assert tools.main(["fetch"]) == 0
    assert tools.find("promtool") is None


def test_a_wrong_command_is_a_usage_error(tools, capsys):
    assert tools.main(["install"]) == 2
    assert "fetch" in capsys.readouterr().err
