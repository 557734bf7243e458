"""Path patterns of routes: which raw paths a pattern is for.

Works on raw, still encoded paths; knows nothing of routes or upstreams.
"""

import re

_TOKEN = re.compile(r"\*\*|\*|\{[a-z][a-z0-9_]*\}")


def compile_path(pattern: str) -> re.Pattern[str]:
    """The expression that matches what `pattern` describes.

    `*` and `{name}` stand for one or more characters within a segment, `**` for anything,
    also for nothing: `/a/**` matches `/a`, `/a/` and `/a/b/c`.

    Raises:
        ValueError: the pattern does not begin with a slash, or uses a name twice.
    """
    if not pattern.startswith("/"):
        raise ValueError("a path pattern begins with /")
    expression, end, names = "", 0, set[str]()
    for found in _TOKEN.finditer(pattern):
        literal, text = pattern[end : found.start()], found[0]
        end = found.end()
        if text == "**" and literal.endswith("/") and pattern[end : end + 1] in ("", "/"):
            expression += re.escape(literal[:-1]) + "(?:/.*)?"
        else:
            expression += re.escape(literal) + _expression(text, names)
    return re.compile(expression + re.escape(pattern[end:]), re.DOTALL)


def literal_prefix(pattern: str) -> str | None:
    """`/a/b` of `/a/b/**`, for a faster match; None where the expression is needed."""
    prefix = pattern.removesuffix("/**")
    return None if prefix == pattern or _TOKEN.search(prefix) else prefix


def _expression(wildcard: str, names: set[str]) -> str:
    if wildcard == "**":
        return ".*"
    if wildcard == "*":
        return "[^/]+"
    name = wildcard[1:-1]
    if name in names:
        raise ValueError(f"the name {{{name}}} is used twice")
    names.add(name)
    return f"(?P<{name}>[^/]+)"
