"""Makes deploy/grafana/sidecar-dashboard.json: `python -m scripts.grafana`, from the checkout."""
