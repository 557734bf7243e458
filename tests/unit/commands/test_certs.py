"""`sidecar certs`."""

import json
import os
import stat
import sys

import pytest

from sidecar import cli

ALWAYS = ["localhost", "127.0.0.1", "::1"]
CONFIGURED = """\
listen:
  proxy: ["10.0.0.7:8080", "0.0.0.0:8081", "unix:/run/s"]
  proxy_tls: sidecar.internal:8443
  tls: {certificate: certs/server.pem, key: certs/server.key}
upstreams:
  whatsapp: {url: "https://graph.facebook.com", hosts: [Graph.Facebook.com, "[fd00::1]"]}
"""


def made(capsys, *arguments):
    assert cli.main(["certs", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_keys_are_for_their_owner_and_certificates_for_everybody(umask, tmp_path, capsys):
    before = os.umask(umask)
    try:
        made(capsys)
    finally:
        os.umask(before)
    folder = tmp_path / "certs"
    modes = {path.name: mode(path) for path in folder.iterdir()}
    public = dict.fromkeys(["ca.pem", "bundle.pem", "server.pem"], 0o644)
    assert modes == public | {"ca.key": 0o600, "server.key": 0o600}


def test_an_existing_certificate_is_replaced_only_by_force(tmp_path, capsys):
    made(capsys)
    files = {path: path.read_bytes() for path in (tmp_path / "certs").iterdir()}
    assert cli.main(["certs"]) == 1
    assert "server.pem is there already; --force replaces it" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in files} == files


def test_a_renewal_keeps_the_authority_that_clients_trust(tmp_path, capsys):
    made(capsys)
    names = ("ca.pem", "ca.key", "server.pem", "server.key")
    before = {name: (tmp_path / "certs" / name).read_bytes() for name in names}
    assert made(capsys, "--force")["authority_is"] == "kept"
    after = {name: (tmp_path / "certs" / name).read_bytes() for name in names}
    assert [name for name in names if before[name] != after[name]] == ["server.pem", "server.key"]


def test_a_name_that_the_authority_may_not_vouch_for_takes_a_new_one(tmp_path, capsys):
    made(capsys, "--name", "one.test")
    assert made(capsys, "--force", "--name", "two.test")["authority_is"] == "replaced"
    assert cli.main(["certs", "--force", "--name", "three.test"]) == 0
    assert "The authority is another one now" in capsys.readouterr().out


def test_an_authority_of_another_kind_is_not_used(tmp_path, capsys):
    made(capsys)
    folder = tmp_path / "certs"
    (folder / "ca.key").write_bytes((folder / "server.key").read_bytes())
    assert cli.main(["certs", "--force"]) == 1
    assert "ca.key: not the key of ca.pem" in capsys.readouterr().err
    (folder / "ca.pem").write_text("nothing")
    assert cli.main(["certs", "--force"]) == 1
    assert "ca.pem: not a certificate" in capsys.readouterr().err


def test_names_are_given_each_once_and_in_their_usual_form(capsys):
    names = ["API.test", "api.test", "0:0:0:0:0:0:0:1", "10.0.0.1"]
    flags = [word for name in names for word in ("--name", name)]
    assert made(capsys, *flags)["server"]["names"] == [*ALWAYS, "api.test", "10.0.0.1"]


def test_names_come_from_a_configuration_whose_certificate_is_still_to_be_made(tmp_path, capsys):
    (tmp_path / "sidecar.yaml").write_text(CONFIGURED)
    expected = [*ALWAYS, "10.0.0.7", "sidecar.internal", "graph.facebook.com", "fd00::1"]
    assert made(capsys)["server"]["names"] == expected


def test_names_come_from_a_variable(monkeypatch, capsys):
    monkeypatch.setenv("SIDECAR_CERTS_NAMES", "one.test, two.test,")
    assert made(capsys)["server"]["names"] == [*ALWAYS, "one.test", "two.test"]


@pytest.mark.parametrize("name", ["https://x", "a b", "*.test", "x:1", ""])
def test_what_is_no_name_is_wrong_usage(name, capsys):
    assert cli.main(["certs", "--name", name]) == 2
    assert "not a host name or address" in capsys.readouterr().err


@pytest.mark.parametrize("days", ["0", "826", "long"])
def test_a_certificate_lasts_no_longer_than_clients_accept(days, capsys):
    assert cli.main(["certs", "--days", days]) == 2
    assert "expected a number above 0 and below 826" in capsys.readouterr().err


def test_a_configuration_that_cannot_be_used_makes_nothing(tmp_path, capsys):
    assert cli.main(["certs", "-c", "nope.yaml"]) == 2
    (tmp_path / "sidecar.yaml").write_text("upstreams: {}\n")
    assert cli.main(["certs"]) == 1
    assert "sidecar.yaml:1:1: error: upstreams: " in capsys.readouterr().err
    assert not (tmp_path / "certs").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path, capsys):
    (tmp_path / "certs").write_text("a file")
    assert cli.main(["certs"]) == 1
    assert f"{tmp_path / 'certs'}" in capsys.readouterr().err


def test_a_folder_that_is_gone_is_said(tmp_path, monkeypatch, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert cli.main(["certs"]) == 1
    assert capsys.readouterr().err == "sidecar certs: certs: No such file or directory\n"


@pytest.mark.parametrize(("days", "code"), [("31", 0), ("29", 1)])
def test_show_fails_when_the_end_is_near(days, code, capsys):
    made(capsys, "--days", days)
    assert cli.main(["certs", "--show"]) == code
    text = capsys.readouterr().out
    assert f"({days} days)" in text
    assert ("renew it with `sidecar certs --force`" in text) is (code == 1)
    assert cli.main(["certs", "--show", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["ok"] is (code == 0)


def test_show_without_certificates_says_which_file_is_missing(capsys):
    assert cli.main(["certs", "--show"]) == 1
    assert "ca.pem: No such file or directory" in capsys.readouterr().err


def test_what_is_printed_says_what_to_set_for_each_client(tmp_path, capsys):
    assert cli.main(["certs"]) == 0
    text = capsys.readouterr().out
    folder = tmp_path / "certs"
    for line in (
        f"  SSL_CERT_FILE={folder}/bundle.pem ",
        f"  REQUESTS_CA_BUNDLE={folder}/bundle.pem ",
        f"  NODE_EXTRA_CA_CERTS={folder}/ca.pem ",
        f"      certificate: {folder}/server.pem\n",
        f"      key: {folder}/server.key\n",
    ):
        assert line in text
    assert "PRIVATE KEY" not in text


def test_the_bundle_has_the_systems_authorities_and_not_an_earlier_one_of_ours(
    tmp_path, monkeypatch, capsys
):
    system = tmp_path / "system.pem"
    system.write_text("authorities of the system\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(system))
    made(capsys)
    folder = tmp_path / "certs"
    bundle = (folder / "bundle.pem").read_text()
    assert bundle == (folder / "ca.pem").read_text() + system.read_text()
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "bundle.pem"))
    made(capsys, "--force")
    renewed = (folder / "bundle.pem").read_text()
    assert renewed.count((folder / "ca.pem").read_text()) == 1


def test_without_the_package_it_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sidecar.commands.local_authority", None)
    assert cli.main(["certs"]) == 1
    assert "pip install 'outbound-sidecar[certs]'" in capsys.readouterr().err
