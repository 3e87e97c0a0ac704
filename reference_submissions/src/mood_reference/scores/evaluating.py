"""Measures trained weights on a test set with labels: AP and AUROC of scans, slices and voxels."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mood_reference.methods import Report
from mood_reference.scans.nifti import read_scan
from mood_reference.scans.volumes import Mask
from mood_reference.scores.scoring import Raw, make_raw_scorer
from mood_reference.weights import Weights

ABNORMAL_SLICE = 20  # abnormal voxels that make a slice abnormal (thesis 3.1.4, which names no grid)


@dataclass(slots=True)
class Pool:
    """Scores of one kind with their truth."""

    scores: list[NDArray[Any]] = field(default_factory=list)
    truths: list[NDArray[Any]] = field(default_factory=list)

    def add(self, scores: Any, truth: Any) -> None:
        self.scores.append(np.atleast_1d(np.asarray(scores)))
        self.truths.append(np.atleast_1d(np.asarray(truth, bool)))

    def measure(self) -> dict[str, float | int]:
        """Return AP, AUROC, share of positives and count; only the last two where one class is missing."""
        from sklearn.metrics import average_precision_score, roc_auc_score

        values = np.concatenate(self.scores) if self.scores else np.zeros(0)
        truth = np.concatenate(self.truths) if self.truths else np.zeros(0, bool)
        found: dict[str, float | int] = {
            "count": len(truth),
            "prevalence": float(truth.mean()) if len(truth) else 0.0,
        }
        if truth.any() and not truth.all():
            found["ap"] = float(average_precision_score(truth, values))
            found["auroc"] = float(roc_auc_score(truth, values))
        return found


def evaluate(weights: Weights, folder: Path, report: Report) -> dict[str, Any]:
    """Return the metrics of `sample`, `slices` and `pixel` on a test-set folder, and seconds per case."""
    score = make_raw_scorer(weights)
    cases = read_manifest(folder)
    pools = {"sample": Pool(), "slices": Pool(), "pixel": Pool()}
    seconds = []
    for number, case in enumerate(cases, 1):
        volume, _ = read_scan(folder / case["image"])
        begun = time.monotonic()
        raw = score(volume)
        seconds.append(time.monotonic() - begun)
        pools["sample"].add(np.inf if raw.sample is None else raw.sample, case["abnormal"])
        if "pixel" in case["tasks"]:
            _add_voxels(pools, raw, read_mask(folder, case, volume.shape))
        report(number, len(cases), f"{seconds[-1]:.1f} s a case")
    measured: dict[str, Any] = {kind: pool.measure() for kind, pool in pools.items()}
    return {**measured, "seconds_per_case": float(np.median(seconds))}


def _add_voxels(pools: dict[str, Pool], raw: Raw, mask: Mask) -> None:
    pools["pixel"].add(raw.voxels.ravel(), mask.ravel())
    if raw.slices is not None:
        known = np.isfinite(raw.slices)
        counts = np.moveaxis(mask, raw.axis, 0).reshape(len(raw.slices), -1).sum(axis=1)
        pools["slices"].add(raw.slices[known], counts[known] >= ABNORMAL_SLICE)


def read_manifest(folder: Path) -> list[dict[str, Any]]:
    """Return the cases of a test set."""
    path = folder / "test_set.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; name a test-set folder as mood-test-sets builds them.")
    cases: list[dict[str, Any]] = json.loads(path.read_text())["cases"]
    return cases


def read_mask(folder: Path, case: dict[str, Any], shape: tuple[int, ...]) -> Mask:
    """Return a case's mask; a normal case has none, so nothing is marked."""
    if not case["label"]:
        return np.zeros(shape, bool)
    marked: Mask = np.rint(read_scan(folder / case["label"])[0]) == 1
    return marked
