"""How large a study is: its methods, its test sets and the hours that both ask for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mood_reference.methods import ABOUT, MethodName

DATASETS = ("brain", "abdom")
TASKS = ("sample", "pixel")
SMALL_METHODS = (
    MethodName.CONSTANT,
    MethodName.THRESHOLD,
    MethodName.PCA,
    MethodName.CEVAE,
    MethodName.FPI,
    MethodName.CANON,
    MethodName.CRADL,
    MethodName.PCHVAE,
)
ANALYSES = {"sample": ("toyish",), "pixel": ("toyish", "size-sweep", "contrast-sweep")}
"""Further test sets that organizers run the challenge Submissions of a Task on."""
SECONDS_PER_CASE = {False: 1.5, True: 4.5}
"""Of a case in one of two slots on two cores that do nothing else; key: whether it needs PyTorch."""
TRAINING_MINUTES = {False: 1.0, True: 3.0}
"""Of the profile `cpu` on two cores, both Datasets together."""


@dataclass(frozen=True)
class Scale:
    """Shares are those of the shipped recipes; every set has scans of `side` voxels along each axis."""

    name: str
    methods: tuple[str, ...]
    share: float
    """Of the recipe `test`; 0.06 gives 41 and 37 scans."""
    proxy_share: float
    """Of the recipe `toyish`; 0.1 gives 20 scans, half of them abnormal."""
    bases: int = 1
    """Subjects of each sweep."""
    side: int = 64
    analysed: tuple[str, ...] | None = None
    """Methods that go through the analysis stage; None: all."""

    @classmethod
    def from_json(cls, fields: Mapping[str, Any] | None) -> Scale | None:
        """From what `asdict` gave; None of nothing."""
        if fields is None:
            return None
        known: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
        }
        return cls(**known)

    def analyses(self, method: str) -> bool:
        return self.analysed is None or method in self.analysed

    @property
    def recipes(self) -> dict[str, tuple[str, ...]]:
        """The options of `mood-test-sets build` for each recipe."""
        size = ("--size", str(self.side), "--not-hidden")
        sweep = (*size, "--bases", str(self.bases))
        return {
            "test": (*size, "--share", f"{self.share:g}"),
            "toy": size,
            "toyish": (*size, "--share", f"{self.proxy_share:g}"),
            "size-sweep": sweep,
            "contrast-sweep": sweep,
        }

    @property
    def command(self) -> str:
        """What makes it, with all that is not as usual."""
        usual = SCALES[self.name]
        given = {
            "METHODS": None if self.methods == usual.methods else ",".join(self.methods),
            "PROXY_SHARE": None if self.proxy_share == usual.proxy_share else f"{self.proxy_share:g}",
            "BASES": None if self.bases == usual.bases else str(self.bases),
            "ANALYSED": None if self.analysed == usual.analysed else ",".join(self.analysed or self.methods),
        }
        words = [f"{name}={value}" for name, value in given.items() if value is not None]
        return " ".join([f"make -C studies study-{self.name} SIZE={self.side} SHARE={self.share:g}", *words])


SCALES = {
    "small": Scale("small", SMALL_METHODS, share=0.05, proxy_share=0.05),
    "full": Scale("full", tuple(MethodName), share=0.1, proxy_share=0.1),
}


def title_of(method: str) -> str:
    """The name of a method's team."""
    return ABOUT[MethodName(method)].title


def needs_torch(method: str) -> bool:
    return ABOUT[MethodName(method)].torch


def cases_of_a_method(test_sets: Path, *, analysed: bool) -> int:
    """How many containers one method's image is started in, by the manifests."""
    return sum(
        runs * _cases(test_sets, kind, task)
        for task in TASKS
        for kind, runs in _runs(task, analysed=analysed).items()
    )


def _runs(task: str, *, analysed: bool) -> dict[str, int]:
    """Toy cases run in the toy stage, and first in the challenge stage."""
    return {"toy": 2, "test": 1} | (dict.fromkeys(ANALYSES[task], 1) if analysed else {})


def _cases(test_sets: Path, kind: str, task: str) -> int:
    manifests = [
        json.loads((test_sets / f"{kind}-{dataset}" / "test_set.json").read_text()) for dataset in DATASETS
    ]
    return sum(task in case["tasks"] for manifest in manifests for case in manifest["cases"])


def expected_hours(*, untrained: Sequence[str], cases: Mapping[str, int], slots: int) -> float:
    """Training of the `untrained`, then so many `cases` of each method."""
    training = sum(TRAINING_MINUTES[needs_torch(method)] for method in untrained) / 60
    running = sum(count * SECONDS_PER_CASE[needs_torch(method)] for method, count in cases.items())
    return training + running / slots / 3600
