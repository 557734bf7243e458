"""Whether what a document shows is what a program prints, where figures and names may differ.

Lines of the document must come in the output, in their order. Numbers, durations and times of day
are compared by being there; `…` in the document stands for anything.
"""

import re

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_FIGURE = re.compile(
    r"(?<![\w.])[~+-]?\d[\d,.:/-]*(?:ms|us|µs|s|m|h|d|%|KiB|MiB)?(?:\d+s)?(?![\w])"
)
_NONE = re.compile(r"(?<=\s)-(?=\s|$)")
_COUNTED = re.compile(r"# x [\w #,]+")
"""How often calls failed, by reason: which there are is chance."""

_CLASSES = re.compile(r" \((?:\w+ # ?)+\)(?: queue: .*)?| queue: .*")
"""The same, of `sidecar top`."""
_BREAKER = re.compile(r"(?<= )(?:closed|half-open|OPEN(?: #)?)(?= #)")
"""How a breaker stands just then, in its columns."""

_ZONE = re.compile(r"since # # \w+")
_VERSION = re.compile(r"^sidecar \d\S*")


def shape(line: str) -> str:
    """A line without its figures, its colours and its padding."""
    plain = _VERSION.sub("sidecar #", _COLOUR.sub("", line))
    plain = _NONE.sub("#", _FIGURE.sub("#", plain))
    plain = " ".join(plain.split())
    for pattern, word in (
        (_COUNTED, "# x"),
        (_CLASSES, ""),
        (_BREAKER, "closed"),
        (_ZONE, "since # #"),
    ):
        plain = pattern.sub(word, plain)
    return plain


def missing(shown: str, printed: str, *, ordered: bool = True) -> list[str]:
    """The lines of a document that the output does not have.

    Args:
        shown: by the document.
        printed: by the program.
        ordered: whether they must come in the document's order.
    """
    left = [shape(line) for line in printed.splitlines()]
    absent = []
    for line in filter(str.strip, shown.splitlines()):
        pattern = ".*".join(re.escape(part) for part in shape(line).split("…"))
        place = next((n for n, each in enumerate(left) if re.fullmatch(pattern, each)), None)
        if place is None:
            absent.append(line)
        elif ordered:
            del left[: place + (1 if shape(line) != "…" else 0)]
    return absent
