"""Links of the documents, which are true in the checkout, made true in the site.

The site is made of docs/. A file elsewhere that a document links to becomes a page below
`repository/`; nothing has to be written twice, and no link has to name a host. Knows no MkDocs.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = "docs/"
PAGES = "repository/"
"""Where, in the site, the files are that are not in docs/."""

ALIASES = {"config/reference.yaml": "reference.md", "README.md": "index.md"}
"""Files that have a better page in the site than their own text."""

ROOTS = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
"""Files outside docs/ that the navigation names, whether or not a document links to them."""

_PICTURES = (".png", ".svg")
_LANGUAGES = {".yml": "yaml", ".yaml": "yaml", ".py": "python", ".json": "json", ".toml": "toml"}
_LANGUAGES |= {".sql": "sql", ".service": "ini"}
_FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2 *$\n?", re.MULTILINE | re.DOTALL)
_INFO = re.compile(r"^( *(?:`{3,}|~{3,})) *([\w-]+) [^\n]*$", re.MULTILINE)
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")
_ITEM = re.compile(r"([-*+]|\d+[.)]) ")
_OPENED = re.compile(r"`{3,}|~{3,}")
_ROW = re.compile(r"^\|.*\|$", re.MULTILINE)
_CODE = re.compile(r"`[^`\n]+`")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#|//")


@dataclass(frozen=True, slots=True)
class Outside:
    """A file of the checkout that the site needs besides docs/."""

    path: str
    """From the checkout's root."""

    @property
    def page(self) -> str:
        """Where it is among the sources of the site."""
        return page_of(self.path)

    @property
    def is_picture(self) -> bool:
        """Whether it is copied as it is."""
        return self.path.endswith(_PICTURES)

    def text(self) -> str:
        """The page: Markdown as it stands, anything else as a block of code."""
        text = (ROOT / self.path).read_text()
        if self.path.endswith(".md"):
            return text
        language = _LANGUAGES.get(posixpath.splitext(self.path)[1], "text")
        return f"# `{self.path}`\n\n`````{language}\n{text.rstrip()}\n`````\n"


def page_of(path: str) -> str:
    """Where a file of the checkout is among the sources of the site."""
    if path.startswith(DOCS):
        return path.removeprefix(DOCS)
    alias = ALIASES.get(path)
    if alias is not None:
        return alias
    return PAGES + (path if path.endswith((".md", *_PICTURES)) else f"{path}.md")


def file_of(page: str) -> str:
    """The file of the checkout that a Markdown page of the site is made of."""
    if not page.startswith(PAGES):
        return DOCS + page
    path = page.removeprefix(PAGES)
    return path if (ROOT / path).exists() else path.removesuffix(".md")


def links(text: str) -> list[str]:
    """What a document links to, without what is in blocks of code."""
    return [found[2] for found in _LINK.finditer(_FENCE.sub("", text))]


def target(link: str, file: str) -> tuple[str, str]:
    """The file that a link in `file` leads to, from the checkout's root, and its fragment.

    A link to elsewhere, or into the same page, has the file "".
    """
    if _ELSEWHERE.match(link):
        return "", link.partition("#")[2] if link.startswith("#") else ""
    path, _, fragment = link.partition("#")
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), path)), fragment


def for_site(text: str, file: str) -> str:
    """The text of a document as the site wants it.

    Links lead to its pages, info strings have one word, and what is within a list is indented by
    four for each level (python-markdown.github.io, "Differences"); GitHub is content with two.
    """
    here = posixpath.dirname(page_of(file))

    def led(found: re.Match[str]) -> str:
        path, fragment = target(found[2], file)
        if not path:
            return found[0]
        to = posixpath.relpath(page_of(path), here or ".")
        return f"{found[1]}{to}{'#' if fragment else ''}{fragment}{found[3]}"

    return _indented(_outside_of_code(text, lambda part: _LINK.sub(led, part)))


def _indented(text: str) -> str:
    """Lists with four blanks for each level."""
    lines, fence, in_list = [], "", False
    for line in text.split("\n"):
        blanks = len(line) - len(line.lstrip(" "))
        if fence:
            fence = "" if line.rstrip() == fence else fence
        elif line.strip() and not blanks:
            in_list = bool(_ITEM.match(line))
            opened = _OPENED.match(line)
            fence = opened[0] if opened else ""
        elif in_list and line.strip():
            blanks = 2 * (blanks - blanks % 2)
        lines.append(" " * blanks + line.lstrip(" "))
    return "\n".join(lines)


def _outside_of_code(text: str, change: Callable[[str], str]) -> str:
    parts, end = [], 0
    for found in _FENCE.finditer(text):
        parts += [_piped(change(text[end : found.start()])), _INFO.sub(r"\1\2", found[0], count=1)]
        end = found.end()
    return "".join([*parts, _piped(change(text[end:]))])


def _piped(text: str) -> str:
    """Tables without the backslash before a `|` in code, which GitHub wants and the site shows."""
    return _ROW.sub(lambda row: _CODE.sub(lambda code: code[0].replace(r"\|", "|"), row[0]), text)


def needed(documents: Mapping[str, str], roots: Iterable[str] = ROOTS) -> list[Outside]:
    """The files outside docs/ that the site needs: the roots, and all that is linked to from there.

    Args:
        documents: the text of each Markdown file in docs/, by its path from the checkout's root.
        roots: files that are needed in any case.
    """
    waiting = [*documents, *roots]
    texts = dict(documents)
    found: dict[str, Outside] = {}
    for file in waiting:
        if file not in texts:
            found[file] = Outside(file)
            texts[file] = (ROOT / file).read_text() if file.endswith(".md") else ""
        for link in links(texts[file]):
            path, _ = target(link, file)
            if _is_outside(path) and path not in waiting:
                waiting.append(path)
    return [found[file] for file in sorted(found)]


def _is_outside(path: str) -> bool:
    """Whether it is a file that needs a page; one that is not there is for MkDocs to report."""
    if not path or path.startswith((DOCS, "..")) or path in ALIASES:
        return False
    return (ROOT / path).is_file()
