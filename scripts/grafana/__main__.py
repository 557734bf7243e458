"""Writes the dashboard: `python -m scripts.grafana`, from the checkout."""

import json
from pathlib import Path

from scripts.grafana.layout import dashboard

FILE = Path(__file__).parents[2] / "deploy" / "grafana" / "sidecar-dashboard.json"


def text() -> str:
    """What the file is to hold."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
