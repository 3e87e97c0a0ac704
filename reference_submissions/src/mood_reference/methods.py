"""The list of methods, and what a module has to offer to be one.

A container imports only the module of its own method, so that it starts quickly.
"""

from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from typing import Any, Protocol, cast

from mood_reference.volumes import Volume
from mood_reference.weights import Arrays

Report = Callable[[int, int, str], None]  # step, of how many, what was measured


class MethodName(StrEnum):
    """Each is the name of a module of this package."""

    THRESHOLD = "threshold"
    PCA = "pca"
    CEVAE = "cevae"


class Profile(StrEnum):
    """How much training a method gets."""

    TINY = "tiny"  # a second or two: to see that everything fits together
    CPU = "cpu"  # at most half a minute on two cores


class Method(Protocol):
    """The face of threshold.py, pca.py and cevae.py."""

    Config: Callable[..., Any]  # frozen dataclass, `reducer` among its fields

    def make_config(self, *, profile: Profile, dataset: str) -> Any:
        """Return the settings for one Dataset."""

    def train(self, volumes: Volume, *, config: Any, seed: int, report: Report) -> Arrays:
        """Learn from normal scans (N, 64, 64, 64)."""

    def score(self, volume: Volume, *, config: Any, arrays: Arrays) -> Volume:
        """Return a raw score >= 0 for each voxel of a volume of any size, higher is more abnormal."""


def load_method(name: str) -> Method:
    return cast("Method", import_module(f"mood_reference.{MethodName(name)}"))
