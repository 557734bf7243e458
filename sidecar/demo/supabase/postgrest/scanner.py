"""Cutting PostgREST's query grammar at top-level commas: quotes and brackets protect. Pure."""

import re

_OPEN, _CLOSE = "({[", ")}]"


def split(text: str, separator: str = ",") -> list[str]:
    """The items of a list: `a,"b,c",or(d,e)` has three. "" has none."""
    items: list[str] = []
    depth, start, quoted, escaped = 0, 0, False, False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\" and quoted:
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char in _OPEN:
            depth += 1
        elif char in _CLOSE:
            depth -= 1
        elif char == separator and depth == 0:
            items.append(text[start:at])
            start = at + 1
    return [*items, text[start:]] if text else []


def unquote(text: str) -> str:
    r"""The text without its double quotes and the backslashes in between."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text


def enclosed(text: str) -> str | None:
    """What is between the parentheses, or None if the text is not enclosed in them."""
    if len(text) >= 2 and text[0] == "(" and text[-1] == ")":
        return text[1:-1]
    return None
