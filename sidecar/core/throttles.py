"""Decides what is a throttle, and which of a call's paces it is for.

Knows keys as they are configured and scopes as dialects name them; no lanes. Pure.
"""

from collections.abc import Callable, Sequence

from sidecar.core.keys import CREDENTIALS, Part
from sidecar.judgement import Judgement, Scope


def narrowness(key: Sequence[Part], rate: float) -> tuple[int, float]:
    """Sorts paces: the key of most parts first, then the slower one.

    A narrow key is waited for first because a call that holds up the line of a broad key holds
    up those of other narrow keys.
    """
    return -sum(not part.is_constant for part in key), rate


def is_throttle(judgement: Judgement) -> bool:
    """Whether the upstream refused a call for coming too fast: no failure, and it was not done."""
    return (
        judgement.kind == "refused" and judgement.verdict == "ignore" and judgement.scope != "call"
    )


def concerned(scope: Scope, keys: Sequence[Sequence[Part]]) -> tuple[int, ...]:
    """Which of a call's paces must rest after a throttle of this scope, by number.

    `recipient`: those with a part of the body in their key. `phone_number`: those with the path's
    `phone_number_id` and no part of the body. `model`: those with the path's `model`, else those
    of the whole upstream. `key`, which is a whole account: those with a credential, else those of
    the whole upstream, else all that know no recipient, since they are parts of the account.
    """

    def those(fits: Callable[[Sequence[Part]], bool]) -> tuple[int, ...]:
        return tuple(number for number, key in enumerate(keys) if fits(key))

    match scope:
        case "recipient":
            return those(_is_personal)
        case "phone_number":
            return those(_has_parameter("phone_number_id"))
        case "model":
            return those(_has_parameter("model")) or those(_is_constant)
        case "key":
            return (
                those(_has_credential)
                or those(_is_constant)
                or those(lambda key: not _is_personal(key))
            )
    return ()


def _is_personal(key: Sequence[Part]) -> bool:
    return any(part.kind == "json" for part in key)


def _is_constant(key: Sequence[Part]) -> bool:
    return all(part.is_constant for part in key)


def _has_credential(key: Sequence[Part]) -> bool:
    return not _is_personal(key) and any(
        part.kind == "credential" or (part.kind == "header" and part.name.encode() in CREDENTIALS)
        for part in key
    )


def _has_parameter(name: str) -> Callable[[Sequence[Part]], bool]:
    wanted = Part("parameter", name)
    return lambda key: wanted in key and not _is_personal(key)
