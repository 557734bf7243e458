"""Many sidecars before one provider: simulated up to 10,000, and eight real ones with a Redis."""
