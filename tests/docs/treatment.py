"""How each block of code of the documents is proved: by its kind and what it holds.

A block that none of these is for is a failure: nothing is passed over silently.
"""

from collections.abc import Mapping

import yaml

from sidecar.config import Config
from sidecar.loader.shape import members
from tests.docs.blocks import Block
from tests.docs.placing import placed_keys

ELSEWHERE = {
    "docs/drill-alert-to-fix.md": "tests/observability/test_drill.py",
    "docs/clients": "tests/e2e/pages.py",
}
"""Documents of which another test runs blocks as they stand: of clients, those marked `run`."""

PLAIN = {
    "sh": "commands",
    "console": "session",
    "json": "json",
    "promql": "promql",
    "dockerfile": "dockerfile",
    "ini": "variables",
    "python": "python",
    "js": "javascript",
    "http": "request",
}
TEXTS = {"drawing", "of", "order", "changes"}


class Unknown(Exception):
    """Nobody said how such a block is proved."""


def treatment(block: Block) -> str:
    """The name of the way in which a block is proved.

    Raises:
        Unknown: there is none.
    """
    if block.kind in ("yaml", "yml"):
        return _of_yaml(block)
    if block.kind == "text":
        word = block.about.partition(" ")[0]
        if word not in TEXTS:
            raise Unknown(f"{block.id}: text, but of what? One of {', '.join(sorted(TEXTS))}")
        return {"of": "output"}.get(word, word)
    if block.kind not in PLAIN:
        raise Unknown(f"{block.id}: a block of kind {block.kind!r}")
    return PLAIN[block.kind]


def treated(block: Block, *ways: str) -> bool:
    """Whether it is proved in one of these ways; not, where nobody knows how."""
    try:
        return treatment(block) in ways
    except Unknown:
        return False


def _of_yaml(block: Block) -> str:
    try:
        tree = yaml.safe_load(block.text)
    except yaml.YAMLError as error:
        raise Unknown(f"{block.id}: {error}") from error
    if not isinstance(tree, Mapping):
        raise Unknown(f"{block.id}: YAML that is no table")
    keys = set(tree)
    if "services" in keys:
        return "compose"
    if "groups" in keys:
        return "rules"
    if "scrape_configs" in keys:
        return "prometheus"
    if {"apiVersion", "kind"} <= keys:
        return "kubernetes"
    if keys <= set(members(Config)) and "url" not in keys:
        return "configuration"
    if placed_keys(keys):
        return "configuration"
    raise Unknown(f"{block.id}: YAML with the keys {', '.join(sorted(keys))}")
