"""`sidecar env`."""

import json
import subprocess

import pytest

from sidecar import cli

TEXT = """\
upstreams:
  supabase: {preset: supabase, url: "${SUPABASE_URL}"}
  shop: {url: "${SHOP:-https://shop.test}"}
"""
BASES = {
    "SUPABASE_URL": "http://127.0.0.1:8080/supabase",
    "SHOP_BASE_URL": "http://127.0.0.1:8080/shop",
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}


@pytest.fixture(autouse=True)
def configured(tmp_path, monkeypatch):
    (tmp_path / "sidecar.yaml").write_text(TEXT)
    monkeypatch.setenv("SUPABASE_URL", "https://x.supabase.co")
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy")


def test_a_shell_can_take_them(capsys):
    assert cli.main(["env"]) == 0
    script = capsys.readouterr().out + 'printf %s "$SHOP_BASE_URL"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True, env={})
    assert done.stdout.decode() == BASES["SHOP_BASE_URL"]


def test_docker_can_take_them(capsys):
    assert cli.main(["env", "--format", "docker"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert dict(line.split("=", 1) for line in lines) == BASES


@pytest.mark.parametrize("flags", [["--json"], ["--format", "json"]])
def test_programs_can_take_them(flags, capsys):
    assert cli.main(["env", *flags]) == 0
    assert json.loads(capsys.readouterr().out) == BASES


def test_the_variable_that_an_url_was_written_with_is_the_one_that_is_set(monkeypatch, capsys):
    monkeypatch.setenv("SHOP", "https://other.test")
    assert cli.main(["env", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["SHOP"] == "http://127.0.0.1:8080/shop"


def test_names_can_be_chosen_by_flag_and_by_variable(monkeypatch, capsys):
    monkeypatch.setenv("SIDECAR_EXEC_ENV", "A=shop,SUPABASE_URL=")
    assert cli.main(["env", "--json", "--env", "B=shop/v1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["A"], found["B"]) == (BASES["SHOP_BASE_URL"], BASES["SHOP_BASE_URL"] + "/v1")
    assert "SUPABASE_URL" not in found


def test_an_upstream_that_is_not_there_is_wrong_usage(capsys):
    assert cli.main(["env", "--env", "A=shp"]) == 2
    assert "did you mean 'shop'?" in capsys.readouterr().err


def test_a_port_that_is_not_known_yet_cannot_be_printed(monkeypatch, capsys):
    monkeypatch.setenv("SIDECAR__LISTEN__PROXY", "127.0.0.1:0")
    assert cli.main(["env"]) == 1
    assert "use `sidecar exec`, or name a port" in capsys.readouterr().err
