"""Kubernetes manifests as `kubectl kustomize` renders them, which asks no server."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.support.tools import missing

HOME = Path(__file__).parents[2] / "deploy" / "kubernetes"


def rendered(name: str) -> list[dict[str, Any]]:
    """The documents of a folder of deploy/kubernetes."""
    return list(yaml.safe_load_all(text_of(HOME / name)))


def text_of(folder: Path) -> str:
    """The same as text, of any folder."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        missing("kubectl")
    done = subprocess.run(
        [str(kubectl), "kustomize", str(folder)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout
