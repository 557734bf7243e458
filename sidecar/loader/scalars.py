"""What a plain (unquoted) scalar means: the core schema of YAML 1.2, without its traps.

The traps are words that YAML 1.1, and with it most tools, reads as something else.
"""

import re

from sidecar.loader.tree import Scalar

_WORDS: dict[str, Scalar] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)

_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)"
    r"|\.(?:nan|NaN|NAN)"
)
_DOTTED = re.compile(r"\.(?=[inIN])")
_MAX_DIGITS = 40

_SWITCH = re.compile(r"(on|yes|off|no)", re.IGNORECASE)
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
_UNDERSCORE = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?")
_BINARY = re.compile(r"[-+]?0b[01_]+")


class Surprise(ValueError):
    """The word means different things to different readers; the message says what to write."""


def resolve(text: str) -> Scalar:
    """The value of the plain scalar `text`.

    Raises:
        Surprise: YAML 1.1 and 1.2 read it differently, or it is no number that fits.
    """
    if text in _WORDS:
        return _WORDS[text]
    _refuse_surprises(text)
    number = _INTEGER.fullmatch(text) or _BASED.fullmatch(text) or _FLOAT.fullmatch(text)
    if number and len(text) > _MAX_DIGITS:
        raise Surprise("too long for a number; put it in quotes if it is a text")
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(_DOTTED.sub("", text))
    return text


def _refuse_surprises(text: str) -> None:
    if _SWITCH.fullmatch(text):
        word = "true" if text.lower() in ("on", "yes") else "false"
        raise Surprise(f"'{text}' is a truth value to some readers: write {word}, or \"{text}\"")
    if _SEXAGESIMAL.fullmatch(text):
        raise Surprise(
            'this is a number in base 60 to some readers: write a duration such as "90s", '
            "or put it in quotes"
        )
    if _LEADING_ZERO.fullmatch(text):
        raise Surprise(
            "a leading zero means octal to some readers: write the number without it, "
            "or put it in quotes"
        )
    if _UNDERSCORE.fullmatch(text):
        raise Surprise(
            "underscores vanish from numbers for some readers: write it without them, "
            "or put it in quotes"
        )
    if _BINARY.fullmatch(text):
        raise Surprise("this is a binary number to some readers: write it in decimal or in quotes")
