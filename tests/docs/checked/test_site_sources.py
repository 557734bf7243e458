"""What the site is made of: links that are rewritten, files from elsewhere, both references."""

import re

import pytest

from scripts.site import commands, outside, settings
from sidecar.cli import COMMANDS
from sidecar.config import Config
from sidecar.loader.schema import sections
from sidecar.loader.shape import members
from tests.docs.blocks import ROOT


@pytest.mark.parametrize(
    ("file", "link", "led"),
    [
        ("docs/cache.md", "operations.md#errors", "operations.md#errors"),
        ("docs/clients/pywa.md", "../clients.md#a", "../clients.md#a"),
        ("docs/clients.md", "../config/sidecar.yaml", "repository/config/sidecar.yaml.md"),
        ("docs/clients/pywa.md", "../../config/reference.yaml", "../reference.md"),
        ("docs/performance.md", "../bench/results/app.svg", "repository/bench/results/app.svg"),
        ("docs/index.md", "../ARCHITECTURE.md", "repository/ARCHITECTURE.md"),
        ("ARCHITECTURE.md", "docs/cache.md#a", "../cache.md#a"),
        ("CONTRIBUTING.md", "SECURITY.md", "SECURITY.md"),
        ("bench/results/app.md", "../../docs/performance.md", "../../../performance.md"),
        ("docs/cache.md", "https://example.com/a.md", "https://example.com/a.md"),
        ("docs/cache.md", "#for-whom", "#for-whom"),
    ],
)
def test_a_link_is_made_to_lead_to_the_page(file, link, led):
    assert outside.for_site(f"a [b]({link}) c", file) == f"a [b]({led}) c"


def test_code_keeps_its_words_and_its_fence_only_its_language():
    text = "```sh until closed\necho [a](../b.md)\n```\n"
    assert outside.for_site(text, "docs/a.md") == "```sh\necho [a](../b.md)\n```\n"


@pytest.mark.parametrize(
    ("text", "site"),
    [
        ("- a\n  - b\n    - c\n", "- a\n    - b\n        - c\n"),
        ("1. a\n\n   more\n\n   - b\n", "1. a\n\n    more\n\n    - b\n"),
        ("- a\n\n  ```sh\n  x\n    y\n  ```\n", "- a\n\n    ```sh\n    x\n        y\n    ```\n"),
        ("words\n  more\n", "words\n  more\n"),
        ("```text\n- a\n  b\n```\n  c\n", "```text\n- a\n  b\n```\n  c\n"),
    ],
)
def test_what_is_in_a_list_is_indented_as_the_site_wants_it(text, site):
    assert outside.for_site(text, "docs/a.md") == site


def test_a_page_is_known_by_its_file_and_a_file_by_its_page():
    for file in ("docs/cache.md", "ARCHITECTURE.md", "config/sidecar.yaml"):
        assert outside.file_of(outside.page_of(file)) == file


def test_what_is_linked_to_from_what_is_linked_to_is_needed_too():
    needed = outside.needed({"docs/a.md": "[x](../bench/results/app.md)"}, roots=())
    assert "bench/results/app.md" in {each.path for each in needed}
    linked = {
        outside.target(link, "bench/results/app.md")[0]
        for link in outside.links((ROOT / "bench/results/app.md").read_text())
    }
    assert {path for path in linked if path and not path.startswith("docs/")} <= {
        each.path for each in needed
    }


def test_a_link_to_what_is_not_there_is_left_for_the_build_to_report():
    assert outside.needed({"docs/a.md": "[x](../gone.md)"}, roots=()) == []


def test_a_file_that_is_no_markdown_is_shown_as_code():
    text = outside.Outside("config/sidecar.yaml").text()
    assert text.startswith("# `config/sidecar.yaml`\n\n`````yaml\n# yaml-language-server")


def test_the_reference_has_every_key_of_every_section():
    text = settings.reference()
    for section in sections(Config):
        table = next(
            part
            for part in text.split("\n## ")
            if [row.split("`")[1] for row in re.findall(r"^\| `\w+`.*$", part, re.MULTILINE)]
            == list(members(section))
        )
        assert "| key | value | default | |" in table


def test_a_section_of_the_reference_is_found_by_its_links():
    text = settings.reference()
    places = set(re.findall(r"\{ #([\w-]+) \}", text))
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= places
    assert len(places) == len(re.findall(r"^## ", text, re.MULTILINE))


def test_the_command_line_has_every_command_and_nothing_of_this_machine(monkeypatch):
    monkeypatch.setenv("SIDECAR_CONFIG", "/secret/place.yaml")
    text = commands.reference()
    assert re.findall(r"^usage: sidecar (\w+)", text, re.MULTILINE) == list(COMMANDS)
    assert "/secret/place.yaml" not in text
