"""What an application could do better, or a sidecar do for it, by what was seen of its calls."""

from sidecar.core.advice.advice import Advice
from sidecar.core.advice.called import Asked, Ended
from sidecar.core.advice.learnt import Learnt
from sidecar.core.advice.rules import advise
from sidecar.core.advice.yaml_text import yaml_text

__all__ = ["Advice", "Asked", "Ended", "Learnt", "advise", "yaml_text"]
