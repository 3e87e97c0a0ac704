"""The grown scans that the thesis' comparisons need, each set built unless it is there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mood_studies.checkout import BIN
from mood_studies.study.orderings.experiments import Experiment

COMMAND = BIN / "mood-test-sets"
PLACE = Path("demo-data/study/offline")
SIDE = 64
SHARES = {"train": 0.1, "shifted": 0.3, "synth-objects": 0.3, "population": 0.1}
"""Of the shipped recipes; of the population few scans are abnormal, and only these are scored."""
RECIPES = {
    "train-brain": "train",
    "shifted-brain": "shifted",
    "synth-tuning-brain": "synth-objects",
    "synth-test-brain": "synth-objects",
    "population-train-brain": "population",
    "population-test-brain": "population",
}
"""The recipe that makes a set."""

Run = Callable[[Sequence[str]], None]


def run(words: Sequence[str]) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def build_sets(folder: Path, experiments: Iterable[Experiment], run: Run = run) -> None:
    """Build what the experiments train, tune and test on; complete sets are kept, interrupted ones go on."""
    names = {name for e in experiments for name in (e.train, e.test, e.tuning) if name}
    for recipe in sorted({RECIPES[name] for name in names}):
        options = (
            "--dataset",
            "brain",
            "--size",
            str(SIDE),
            "--share",
            f"{SHARES[recipe]:g}",
            "--not-hidden",
        )
        run([str(COMMAND), "build", recipe, str(folder), *options])
