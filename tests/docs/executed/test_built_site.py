"""The site builds without a warning, loads nothing from elsewhere, and has what it promises."""

import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec

import pytest

from scripts.site.outside import ROOTS
from sidecar.cli import COMMANDS
from tests.docs.blocks import ROOT, blocks
from tests.docs.treatment import treated
from tests.support.tools import missing

LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class Loads(HTMLParser):
    """What a page makes a browser fetch."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "link" and given.get("rel") in ("canonical", "next", "prev"):
            return
        if given.get(LOADED.get(tag, "")):
            self.found.append(given[LOADED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if find_spec("mkdocs") is None:
        missing("mkdocs (extra `docs`)")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_a_page_loads_nothing_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(ROOTS)
    for page in pages:
        reader = Loads()
        reader.feed(page.read_text())
        assert [each for each in reader.found if re.match(r"(\w+:)?//", each)] == []
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", style.read_text())


def test_it_can_be_searched(site):
    index = json.loads((site / "search" / "search_index.json").read_text())
    assert any("breaker" in each["text"] for each in index["docs"])


def test_both_references_are_filled(site):
    text = (site / "cli.html").read_text()
    assert all(f'id="{name}"' in text for name in COMMANDS)
    assert 'id="upstreams-name-breaker"' in (site / "reference.html").read_text()


def test_files_from_elsewhere_are_pages(site):
    for name in ROOTS:
        assert (site / "repository" / name.replace(".md", ".html")).exists()
    assert "preset: supabase" in re.sub(
        r"<[^>]+>", "", (site / "repository/config/sidecar.yaml.html").read_text()
    )


def test_tables_have_no_backslash_left(site):
    for page in site.rglob("*.html"):
        assert not re.search(r"<code>[^<]*\\\|", page.read_text()), page


def test_every_block_of_a_document_is_one_in_the_site(site):
    for page in site.rglob("*.html"):
        assert "<p>```" not in page.read_text(), page


@pytest.mark.parametrize(
    "block", [each for each in blocks() if treated(each, "javascript")], ids=lambda each: each.id
)
def test_javascript_is_javascript(block):
    node = shutil.which("node")
    if node is None:
        missing("node")
    done = subprocess.run(
        [node, "--input-type=module", "--check"], input=block.text, capture_output=True, text=True,
        timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
