"""`sidecar init`."""

import json

import pytest

from sidecar import cli
from sidecar.commands.init_files import MAX_BYTES
from sidecar.loader import load

SECRET = "eyJhbGciOi"
DOTENV = f"""\
# the application
SUPABASE_URL=https://abcd.supabase.co
SUPABASE_KEY={SECRET}
GEMINI_API_KEY="{SECRET}"
lost words
"""
COMPOSE = f"""\
services:
  web:
    environment: {{WHATSAPP_TOKEN: {SECRET}}}
    env_file: [web.env, gone.env, {{path: optional.env, required: false}}]
"""


@pytest.fixture
def dotenv(tmp_path):
    (tmp_path / ".env").write_text(DOTENV)


@pytest.fixture
def compose(tmp_path):
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    (tmp_path / "web.env").write_text("STRIPE_API_URL=https://api.stripe.com\n")


def test_what_is_written_passes_check(dotenv, compose, monkeypatch, capsys):
    assert cli.main(["init"]) == 0
    monkeypatch.setenv("SUPABASE_URL", "https://abcd.supabase.co")
    assert cli.main(["check"]) == 0
    assert "sidecar.yaml: ok: 4 upstreams" in capsys.readouterr().out


def test_what_was_found_is_told_with_its_place_and_without_its_value(
    dotenv, compose, tmp_path, capsys
):
    assert cli.main(["init"]) == 0
    output = capsys.readouterr()
    told = output.out
    assert told.startswith("wrote sidecar.yaml: supabase, whatsapp, whatsapp-media, gemini\n")
    assert "  .env:2          SUPABASE_URL    supabase\n" in told
    assert "  compose.yaml:3  WHATSAPP_TOKEN  whatsapp\n" in told
    assert "  web.env:1       STRIPE_API_URL  stripe, as a comment\n" in told
    assert 'create_client("http://127.0.0.1:8080/supabase", key)' in told
    assert 'storageKey: "sb-abcd-auth-token"' in told
    assert "whatsapp-media:" not in told
    assert "  .env:5: is no NAME=value\n" in told
    assert "  compose.yaml:4: env_file gone.env: No such file or directory\n" in told
    assert "optional.env" not in told
    assert "  set -a; . ./.env; set +a\n" in told
    assert SECRET not in told + output.err + (tmp_path / "sidecar.yaml").read_text()


def test_a_file_that_is_there_is_left_alone(dotenv, tmp_path, capsys):
    (tmp_path / "sidecar.yaml").write_text("mine")
    assert cli.main(["init"]) == 1
    assert "sidecar.yaml is there already: --force writes over it" in capsys.readouterr().err
    assert (tmp_path / "sidecar.yaml").read_text() == "mine"
    assert cli.main(["init", "--force"]) == 0
    assert (tmp_path / "sidecar.yaml").read_text().startswith("# yaml-language-server")


def test_a_dry_run_writes_nothing_and_prints_what_loads(dotenv, tmp_path, capsys):
    assert cli.main(["init", "--dry-run"]) == 0
    output = capsys.readouterr()
    assert not (tmp_path / "sidecar.yaml").exists()
    (tmp_path / "piped.yaml").write_text(output.out)
    loaded = load(tmp_path / "piped.yaml", env={"SUPABASE_URL": "https://x.supabase.co"})
    assert list(loaded.config.upstreams) == ["supabase", "gemini"]
    assert "found\n" in output.err


def test_json_holds_the_same(dotenv, tmp_path, capsys):
    assert cli.main(["init", "--json", "--out", "made.yaml"]) == 0
    text = capsys.readouterr().out
    said = json.loads(text)
    assert said["file"] == "made.yaml"
    assert said["configuration"] == (tmp_path / "made.yaml").read_text()
    assert said["upstreams"][0] == {
        "name": "supabase",
        "offered": False,
        "found": [
            {"name": "SUPABASE_URL", "file": ".env", "line": 2},
            {"name": "SUPABASE_KEY", "file": ".env", "line": 3},
        ],
    }
    (unclear,) = said["not_understood"]
    assert unclear == {"file": ".env", "line": 5, "message": "is no NAME=value"}
    assert [each["upstream"] for each in said["hints"]] == ["supabase", "gemini"]
    assert SECRET not in text


def test_another_file_can_be_named_and_the_next_steps_name_it_too(tmp_path, capsys):
    (tmp_path / "app.env").write_text("SUPABASE_URL=https://x.supabase.co\n")
    assert cli.main(["init", "--from", "app.env", "--out", "made.yaml"]) == 0
    told = capsys.readouterr().out
    assert "sidecar check -c made.yaml" in told
    assert ". ./app.env;" in told


def test_an_url_that_cannot_be_used_is_said_without_it(tmp_path, capsys):
    (tmp_path / ".env").write_text(f"SUPABASE_URL=https://user:{SECRET}@x.test\n")
    assert cli.main(["init"]) == 0
    output = capsys.readouterr()
    assert ".env:1: SUPABASE_URL has credentials or a query in it" in output.out
    assert SECRET not in output.out + output.err


@pytest.mark.parametrize("content", [None, b"\xff", b"A" * (MAX_BYTES + 1)])
def test_a_file_that_cannot_be_read_is_wrong_usage(tmp_path, content, capsys):
    if content is not None:
        (tmp_path / "a.env").write_bytes(content)
    assert cli.main(["init", "--from", "a.env"]) == 2
    assert capsys.readouterr().err.startswith("sidecar init: a.env: ")


def test_where_there_is_nothing_to_read_it_is_said_what_is_looked_for(capsys):
    assert cli.main(["init"]) == 2
    assert "none of .env, .env.local, compose.yaml" in capsys.readouterr().err


def test_files_that_tell_nothing_give_no_configuration(tmp_path, capsys):
    (tmp_path / ".env").write_text("DATABASE_URL=postgres://x\n")
    assert cli.main(["init"]) == 1
    assert "no variable of Supabase, WhatsApp or Gemini" in capsys.readouterr().err
    assert not (tmp_path / "sidecar.yaml").exists()


def test_a_place_that_cannot_be_written_is_a_problem(dotenv, capsys):
    assert cli.main(["init", "--out", "nowhere/sidecar.yaml"]) == 1
    assert "nowhere/sidecar.yaml: No such file or directory" in capsys.readouterr().err
