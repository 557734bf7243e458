"""`make audit` says what is known, and never that all is well where nobody could be asked."""

import pytest

from scripts import audit
from scripts.audit import report

FINE = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
UNFIXED = {"name": "c", "version": "2", "vulns": [{"id": "CVE-2", "fix_versions": []}]}


def test_without_an_answer_nothing_is_known():
    (line,), code = report([], 90)
    assert code == 2
    assert "NOTHING IS KNOWN" in line


def test_what_is_known_is_said():
    lines, code = report([FINE, BAD, UNFIXED], 3)
    assert code == 1
    assert lines[:2] == ["b 2: CVE-1, fixed in 3", "c 2: CVE-2, fixed in no version"]


def test_all_is_well_only_where_all_are_known():
    assert report([FINE], 1)[1] == 0
    lines, code = report([FINE], 2)
    assert code == 2
    assert "of the others NOTHING IS KNOWN" in lines[-1]


@pytest.mark.parametrize(
    ("found", "code", "where_possible"), [([], 2, 0), ([FINE], 2, 0), ([FINE, BAD], 1, 1)]
)
def test_ci_is_stopped_by_what_is_known_only(monkeypatch, capsys, found, code, where_possible):
    monkeypatch.setattr(audit, "audited", lambda *_: found)
    assert audit.main("pip-audit") == code
    assert audit.main("pip-audit", "--where-possible") == where_possible
    assert "NOTHING IS KNOWN" in capsys.readouterr().out
