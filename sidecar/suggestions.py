"""Which known word was probably meant by one that is not known. Knows nothing of ours."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Which of `known` was probably meant; None where none is near."""
    from difflib import get_close_matches  # only who has a word wrong waits for it

    return next(iter(get_close_matches(word, list(known), 1)), None)


def hint(guess: str | None) -> str:
    """What is put behind the message, for a guess of `nearest`."""
    return f" (did you mean '{guess}'?)" if guess else ""
