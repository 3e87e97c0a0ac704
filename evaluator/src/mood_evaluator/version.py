"""The evaluator's version, which every result names."""

from importlib.metadata import version

__version__ = version("mood-evaluator")
