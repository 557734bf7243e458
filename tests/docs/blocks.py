"""The blocks of code of the documents: what they are said to be, and their text.

Code that is only indented cannot say what it is: its kind is `indented`, which nothing treats.
"""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"( *)(`{3,}|~{3,}) *([^\n`]*)$")
_ITEM = re.compile(r" *([-*+]|\d+[.)]) ")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    document: str
    """From the checkout's root."""
    line: int
    kind: str
    """The first word of the info string; "" where there is none."""
    about: str
    """The rest of it."""
    text: str

    @property
    def id(self) -> str:
        return f"{self.document}:{self.line}"


def named(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def blocks() -> list[Block]:
    """All of them, in order."""
    return [block for each in DOCUMENTS for block in read(named(each), each.read_text())]


def read(document: str, text: str) -> Iterator[Block]:
    """The blocks of one document."""
    lines = enumerate(text.splitlines(), 1)
    before, in_list = "", False
    for number, line in lines:
        fence = _FENCE.match(line)
        if fence:
            body, ends = _until(fence, lines)
            kind, _, about = (fence[3].strip() if ends else "endless").partition(" ")
            yield Block(document, number, kind, about.strip(), textwrap.dedent(body))
            before = line
            continue
        if line.strip() and not line.startswith(" "):
            in_list = bool(_ITEM.match(line))
        if line.startswith(("    ", "\t")) and not before.strip() and not in_list:
            yield Block(document, number, "indented", "", line.strip())
        before = line


def _until(fence: re.Match[str], lines: Iterator[tuple[int, str]]) -> tuple[str, bool]:
    """The text up to the end of the fence, and whether it has one."""
    body = []
    for _, line in lines:
        if line.strip() == fence[2]:
            return "".join(f"{each}\n" for each in body), True
        body.append(line)
    return "", False


def prose(text: str) -> str:
    """A document without its blocks of code, with as many lines."""
    kept, end = [], ""
    for line in text.splitlines():
        fence = _FENCE.match(line)
        if end:
            end = "" if line.strip() == end else end
            kept.append("")
        elif fence:
            end = fence[2]
            kept.append("")
        else:
            kept.append(line)
    return "\n".join(kept)
