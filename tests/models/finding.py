"""A pytest plugin for `mutants.py`: a failure is enough, it need not be made smaller."""

from hypothesis import Phase, settings

settings.register_profile("finding", phases=[Phase.generate])
settings.load_profile("finding")
