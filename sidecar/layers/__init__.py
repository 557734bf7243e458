"""The async steps of the pipeline: they do what `core` decides, and do not know each other."""
