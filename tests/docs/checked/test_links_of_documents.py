"""Links of the documents lead to files, headings and pictures that exist in the checkout."""

import re
from functools import cache

import pytest

from scripts.site import outside
from tests.docs.blocks import DOCUMENTS, ROOT, named, prose

HEADING = re.compile(r"^#{1,6} +(.*?)(?: *\{ *#[\w-]+ *\})? *$", re.MULTILINE)
ITEM = re.compile(r"^( *)([-*+]|\d+\.) \S")
MOST_LINES = 150


@cache
def anchors(path):
    """The fragments of a document, as GitHub makes them of its headings; the site does likewise."""
    seen = {}
    found = set()
    for title in HEADING.findall(prose((ROOT / path).read_text())):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number = seen.get(slug, 0)
        seen[slug] = number + 1
        found.add(f"{slug}-{number}" if number else slug)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_leads_somewhere(document):
    file = named(document)
    broken = []
    for link in outside.links(document.read_text()):
        path, fragment = outside.target(link, file)
        if link.startswith("#"):
            path = file
        is_there = not path or (ROOT / path).exists()
        if not is_there or (path.endswith(".md") and fragment and fragment not in anchors(path)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_list_begins_after_an_empty_line_so_that_the_site_sees_one_too(document):
    lines = prose(document.read_text()).splitlines()
    glued = [
        f"{number + 1}: {line}"
        for number, (before, line) in enumerate(zip(["", *lines], lines, strict=False))
        if ITEM.match(line) and before.strip() and not ITEM.match(before) and before[0] != " "
    ]
    assert glued == []


def test_a_page_of_the_navigation_is_every_page():
    text = (ROOT / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    listed = re.findall(r"[\w./-]+\.md", text)
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(listed) == sorted([*pages, *(f"repository/{name}" for name in outside.ROOTS)])


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= MOST_LINES
