"""One method a file, and the face that each of them shows.

A container loads only the module of its own method, so that it starts quickly.
"""

from collections.abc import Callable
from importlib import import_module  # noqa: TID251 - a method is a module of this package, loaded alone
from typing import Any, Protocol, cast

from mood_reference.methods import MethodName, Profile, Report
from mood_reference.scans.raw_scores import Scorer
from mood_reference.scans.volumes import Volume
from mood_reference.weights import Arrays


class Method(Protocol):
    """What every module here offers.

    A method learns in one of two ways: `train` does it all (NumPy methods), or `make_stages` names the nets
    and their losses, which `learning/loop.py` trains (PyTorch methods; see `stages.py`).
    """

    Config: Callable[..., Any]  # frozen dataclass, `reducer` among its fields

    def make_config(self, *, profile: Profile, dataset: str) -> Any:
        """Return the settings for one Dataset."""

    def make_scorer(self, *, config: Any, arrays: Arrays) -> Scorer:
        """Return what scores a volume of any size, intensities in [0, 1]."""

    def train(self, volumes: Volume, *, config: Any, seed: int, report: Report) -> Arrays:
        """Learn from normal scans (N, 64, 64, 64)."""

    def make_stages(self, config: Any) -> Any:
        """Return the stages of a training by gradients, in their order."""


def load_method(name: str) -> Method:
    return cast("Method", import_module(f"{__name__}.{MethodName(name)}"))
