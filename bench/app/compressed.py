"""`python -m bench.app.compressed SCALE run -c FILE`: the sidecar with all its durations divided.

The configuration is loaded as always; then every duration in it, defaults included, is multiplied
by SCALE, and every rate divided by it. What is written in the code itself stays as it is: the pause
before an answer that a write dropped is fetched again, for instance.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any, get_args, get_type_hints

from sidecar import loader
from sidecar.config.pace import Rate
from sidecar.config.values import Duration, Timeout


def compressed(value: Any, scale: float, hint: Any = None) -> Any:
    """`value` with every duration in it multiplied by `scale`, and every rate divided by it.

    Args:
        value: a configuration, or anything that it holds.
        scale: below 1 for a faster world.
        hint: the type that the configuration declares for it; it tells durations from numbers.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value, scale)
    if _holds(hint, Rate):
        return value / scale
    if isinstance(value, Mapping):
        return {key: compressed(one, scale, hint) for key, one in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(compressed(one, scale, hint) for one in value)
    if isinstance(value, float) and (_holds(hint, Duration) or _holds(hint, Timeout)):
        return value * scale
    return value


def _fields(value: Any, scale: float) -> Any:
    hints = get_type_hints(type(value), include_extras=True)
    changes = {
        each.name: compressed(getattr(value, each.name), scale, hints[each.name])
        for each in fields(value)
        if each.init
    }
    return replace(value, **changes)


def _holds(hint: Any, wanted: Any) -> bool:
    """Whether `hint` is `wanted`, or an optional, a list or a mapping of it."""
    return hint == wanted or any(_holds(one, wanted) for one in get_args(hint))


def _load(
    original: Callable[..., loader.Loaded], scale: float, *args: Any, **named: Any
) -> loader.Loaded:
    found = original(*args, **named)
    return replace(found, config=compressed(found.config, scale))


def main() -> int:
    """Run the sidecar's own command line on a configuration that was compressed."""
    scale = float(sys.argv.pop(1))
    loader.load = partial(_load, loader.load, scale)
    from sidecar.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
