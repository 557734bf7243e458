"""YAML and environment → `Config`, with the origin of every value; or every problem at once.

text ─ document ─► tree ─ variables ─► presets, overrides, inheritance ─► model ─► Config
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

from sidecar.config import Config
from sidecar.config.written import dotted
from sidecar.loader.agreement import disagreements
from sidecar.loader.document import MAX_CHARACTERS, parse
from sidecar.loader.idle_settings import idle_settings
from sidecar.loader.named_files import unreadable_files
from sidecar.loader.overrides import apply_overrides
from sidecar.loader.presets import apply_presets, inherit
from sidecar.loader.problems import (
    ConfigErrors,
    ConfigNotFound,
    Problem,
    in_order,
)
from sidecar.loader.trace import trace
from sidecar.loader.tree import Origin, Path, Table
from sidecar.loader.validation import validate
from sidecar.loader.variables import Substitution

__all__ = [
    "ConfigErrors",
    "ConfigNotFound",
    "Loaded",
    "Origin",
    "Problem",
    "dotted",
    "load",
    "loads",
]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used."""

    config: Config
    origins: Mapping[Path, Origin]
    """Where each effective value comes from, by its path in `config`."""
    warnings: tuple[Problem, ...]
    files: tuple[FilePath, ...] = ()
    """What `${file:…}` named, and so brought values."""


def load(path: FilePath, *, env: Mapping[str, str] | None = None) -> Loaded:
    """The configuration in a file.

    Args:
        path: a YAML file in UTF-8.
        env: the environment; that of the process by default.

    Raises:
        ConfigNotFound: there is no such file, or it cannot be read.
        ConfigErrors: it cannot be used; all the reasons.
    """
    name = str(path)
    try:
        with path.open("rb") as source:
            data = source.read(4 * MAX_CHARACTERS + 1)
    except FileNotFoundError:
        raise ConfigNotFound([Problem(Origin("", name), (), "no such file")]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        problem = Problem(Origin("", name), (), f"cannot be read: {reason}")
        raise ConfigNotFound([problem]) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise ConfigErrors([Problem(Origin("", name, line, column), (), "not UTF-8")]) from None
    return loads(text, name=name, env=env, base=path.parent, look_for_files=True)


def loads(
    text: str,
    *,
    name: str = "<text>",
    env: Mapping[str, str] | None = None,
    base: FilePath | None = None,
    look_for_files: bool = False,
) -> Loaded:
    """The configuration in a YAML text.

    Args:
        text: the YAML.
        name: what messages call it.
        env: the environment; that of the process by default.
        base: the folder of relative `${file:…}` paths; the current one by default.
        look_for_files: whether certificates and keys that it names must be there.

    Raises:
        ConfigErrors: it cannot be used; all the reasons.
    """
    environment = os.environ if env is None else env
    written, problems = parse(text, name)
    substitution = Substitution(environment, base or FilePath())
    root = substitution.apply(written)
    assert isinstance(root, Table)
    problems += substitution.problems
    problems += apply_overrides(root, environment, presets=True)
    apply_presets(root)
    problems += apply_overrides(root, environment, presets=False)
    inherit(root)
    config, invalid = validate(root)
    missing = unreadable_files(root) if look_for_files else []
    idle = idle_settings(config, root) if config is not None else []
    found = in_order([*problems, *invalid, *disagreements(root), *idle, *missing])
    if config is None or any(problem.severity == "error" for problem in found):
        raise ConfigErrors(found)
    return Loaded(config, trace(config, root), tuple(found), tuple(substitution.files))
