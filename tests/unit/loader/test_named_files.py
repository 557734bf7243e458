import pytest

from sidecar.loader import ConfigErrors, load

TEXT = """
upstreams:
  api:
    url: https://api.test
    tls: {{ca: {ca}}}
listen:
  tls: {{certificate: {certificate}, key: {key}}}
"""


def problems(tmp_path, **names):
    file = tmp_path / "sidecar.yaml"
    (tmp_path / "there.pem").write_text("pem")
    there = dict.fromkeys(("ca", "certificate", "key"), tmp_path / "there.pem")
    file.write_text(TEXT.format(**{**there, **names}))
    try:
        load(file, env={})
    except ConfigErrors as errors:
        return [str(problem).partition("sidecar.yaml:")[2] for problem in errors.problems]
    return []


def test_files_that_are_there_are_no_problem(tmp_path):
    assert problems(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("ca", "5:15: error: upstreams.api.tls.ca"),
        ("certificate", "7:22: error: listen.tls.certificate"),
    ],
)
def test_a_file_that_is_missing_is_found_at_its_name(name, place, tmp_path):
    (line,) = problems(tmp_path, **{name: "/nowhere/secret.pem"})
    assert line == f"{place}: this file cannot be read: no such file or directory"


def test_a_folder_is_no_file(tmp_path):
    (line,) = problems(tmp_path, ca=tmp_path)
    assert "this file cannot be read: is a directory" in line
