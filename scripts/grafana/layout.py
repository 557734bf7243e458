"""The dashboard as Grafana imports it: the panels in their places, and what can be chosen.

Ids and places follow from the order of the panels, so that nothing overlaps.
"""

from collections.abc import Iterator
from typing import Any

from scripts.grafana import calls, kept
from scripts.grafana.queries import PROCESS, Panel, Row

UID = "outbound-sidecar"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
_ROW_HEIGHT = 1

ROWS = (
    Row("At a glance", calls.GLANCE),
    Row("Traffic", calls.TRAFFIC),
    Row("Time", calls.TIME),
    Row("Repetition and breakers", calls.REPETITION),
    Row("Limits, paces and quotas", calls.RATES),
    Row("Connections", calls.CONNECTIONS),
    Row("What is kept", kept.KEPT),
    Row("Queue", kept.QUEUE),
    Row("The process", kept.ITSELF),
)


def _targets(panel: Panel) -> list[dict[str, Any]]:
    return [
        {
            "refId": chr(ord("A") + number),
            "datasource": DATASOURCE,
            "expr": query,
            "legendFormat": legend or "__auto",
            "range": panel.kind != "stat",
            "instant": panel.kind == "stat",
            "exemplar": panel.exemplars,
        }
        for number, (legend, query) in enumerate(panel.queries.items())
    ]


def _defaults(panel: Panel) -> dict[str, Any]:
    """How values are shown."""
    found: dict[str, Any] = {"unit": panel.unit, "min": 0}
    if panel.steps:
        steps = [{"value": value, "color": colour} for value, colour in panel.steps]
        found["thresholds"] = {"mode": "absolute", "steps": steps}
        found["color"] = {"mode": "thresholds"}
    else:
        found["color"] = {"mode": "palette-classic"}
    if panel.kind == "timeseries":
        found["custom"] = {
            "lineWidth": 1,
            "fillOpacity": 30 if panel.stacked else 10,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none"},
        }
    return found


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "none"}
    return {
        "legend": {"displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _placed() -> Iterator[dict[str, Any]]:
    """All rows and panels, each beside the one before where there is room."""
    number, top = 0, 0
    for row in ROWS:
        number += 1
        place = {"x": 0, "y": top, "w": COLUMNS, "h": _ROW_HEIGHT}
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": place,
        }
        top, left = top + _ROW_HEIGHT, 0
        for panel in row.panels:
            number += 1
            if left + panel.width > COLUMNS:
                top, left = top + panel.height, 0
            yield {
                "id": number,
                "type": panel.kind,
                "title": panel.title,
                "description": panel.text,
                "datasource": DATASOURCE,
                "gridPos": {"x": left, "y": top, "w": panel.width, "h": panel.height},
                "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
                "options": _options(panel),
                "targets": _targets(panel),
            }
            left += panel.width
        top += row.panels[-1].height


def _variable(name: str, query: str, label: str) -> dict[str, Any]:
    """One that offers what Prometheus knows; all of it at first."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def dashboard() -> dict[str, Any]:
    """The whole of it, as Grafana imports it."""
    where = "sidecar_build_info"
    upstreams = 'label_values(sidecar_inflight_exchanges{job=~"$job"}, upstream)'
    return {
        "uid": UID,
        "title": "Outbound sidecar",
        "description": "What each provider does to the application. Alerts: docs/alerts.md.",
        "tags": ["sidecar"],
        "schemaVersion": 38,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                },
                _variable("job", f"label_values({where}, job)", "Job"),
                _variable(
                    "instance", f'label_values({where}{{job=~"$job"}}, instance)', "Instance"
                ),
                _variable("upstream", upstreams, "Upstream"),
            ]
        },
        "annotations": {
            "list": [
                {
                    "name": "Started",
                    "datasource": DATASOURCE,
                    "enable": True,
                    "iconColor": "blue",
                    "expr": f"changes(process_start_time_seconds{{{PROCESS}}}[1m]) > 0",
                    "titleFormat": "{{instance}} started",
                }
            ]
        },
        "panels": list(_placed()),
    }
