"""The evaluator's version, and that of its numbers, which every result names."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

__version__ = version("mood-evaluator")

SCORING_VERSION: Final = 3
"""Raised when any number may change: a score, a rank, an interval, a p. Only results of one are compared."""
_UNTOLD = 1  # results from before it was told


def scoring_version_of(document: Mapping[str, Any]) -> int:
    """Return the version that a stored result, or a scored run, names."""
    return int(document.get("scoring_version", _UNTOLD))
