"""Checks the weights that were made: losses fell, spheres are found, a case takes its time; prints a table.

    python -m mood_studies.reference.check_weights [METHOD ...] [--profile cpu] [--scans N]

For every method trained by gradients the smoothed training loss must fall. For all but the trivial ones the
lower 95 % limit of the pixel AUROC inside the body must lie above 0.5, over bootstrapped scans with spheres.
A pixel AP below five times the share of sphere voxels must be told on the card.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from mood_reference.methods import ABOUT, MethodName
from mood_reference.scans.nifti import read_scan
from mood_reference.scores.evaluating import read_manifest, read_mask
from mood_reference.scores.scoring import make_raw_scorer
from mood_reference.shipping.cards import NO_SUCCESS, TIMES_CHANCE, validation_file
from mood_reference.weights import load_weights
from mood_studies.intervals import LEVEL, Counts, draw_scans, find_aurocs
from mood_studies.reference.steps import DATA, DATASETS, find_weights, make_parser
from mood_studies.reference.weights import START_FROM

DRAWS = 500
LEVELS = 4096  # of the score, which AUROC is read from


@dataclass(frozen=True)
class Finding:
    """One trained method on one Dataset."""

    method: MethodName
    dataset: str
    auroc: float
    low: float
    high: float
    ap_ratio: float  # pixel AP on all validation scans over the share of sphere voxels, as on the card
    seconds: float  # a case
    losses: str  # stage: first tenth -> last tenth of the smoothed loss
    problems: tuple[str, ...]


def check(method: MethodName, dataset: str, folder: Path, data: Path, scans: int) -> Finding:
    path = folder / f"{dataset}.npz"
    counts, seconds = score_spheres(path, data / f"validation-{dataset}", scans)
    weights = draw_scans(np.ones(len(counts.positives), bool), draws=DRAWS, seed=1)
    aurocs = find_aurocs(counts, weights)
    low, high = (float(value) for value in np.quantile(aurocs, LEVEL))
    voxels = json.loads(validation_file(path).read_text())["pixel"]
    ratio = voxels["ap"] / voxels["prevalence"]
    card = (folder / "card.md").read_text().split(f"## {dataset}\n")[1].split("\n## ")[0]
    falls = dict(read_falls(folder / f"{dataset}.training"))
    problems = [f"the loss of {stage} did not fall" for stage, (a, b) in falls.items() if b >= a]
    if not ABOUT[method].trivial and low <= 0.5:
        problems.append(f"AUROC may be {low:.3f}")
    if ratio < TIMES_CHANCE and not ABOUT[method].trivial and NO_SUCCESS not in card:
        problems.append("the card does not say that it does not work")
    if ABOUT[method].torch and not falls and method not in START_FROM:
        problems.append("its losses are not there")
    told = ", ".join(f"{stage} {a:.3g} to {b:.3g}" for stage, (a, b) in falls.items())
    return Finding(method, dataset, float(aurocs[0]), low, high, ratio, seconds, told, tuple(problems))


def score_spheres(path: Path, folder: Path, scans: int) -> tuple[Counts, float]:
    """Return counts of body voxels per scan with a sphere, and the median seconds of a case."""
    score = make_raw_scorer(load_weights(path))
    scores, truths, seconds = [], [], []
    for case in islice((case for case in read_manifest(folder) if case["label"]), scans):
        volume, _ = read_scan(folder / case["image"])
        begun = time.monotonic()
        raw = score(volume)
        seconds.append(time.monotonic() - begun)
        scores.append(raw.voxels[raw.foreground])
        truths.append(read_mask(folder, case, volume.shape)[raw.foreground])
    edges = np.unique(np.quantile(np.concatenate(scores), np.linspace(0, 1, LEVELS) ** 0.2))
    levels = [np.digitize(part, edges).astype(float) for part in scores]
    return Counts.of(levels, truths), float(np.median(seconds))


def read_falls(folder: Path) -> list[tuple[str, tuple[float, float]]]:
    """Return the mean loss of the first and the last tenth of each stage that was trained here."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        losses = [line["loss"] for line in lines if "loss" in line]
        tenth = max(1, len(losses) // 10)
        if len(losses) > 1:
            found.append((path.stem, (float(np.mean(losses[:tenth])), float(np.mean(losses[-tenth:])))))
    return found


def show(one: Finding) -> str:
    numbers = f"{one.auroc:6.3f} {one.low:6.3f} to {one.high:5.3f} {one.ap_ratio:7.1f} {one.seconds:6.2f} s"
    problems = f"  PROBLEM: {'; '.join(one.problems)}" if one.problems else ""
    return f"{one.method:14} {one.dataset:6} {numbers}  {one.losses}{problems}"


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--scans", type=int, default=20, help="with spheres, for each method and Dataset")
    options = parser.parse_args()
    weights = options.weights or find_weights(options.profile)
    print(f"{'METHOD':14} {'':6} {'AUROC':>6} {'95 %':>15} {'AP/CHANCE':>8} {'A CASE':>7}  LOSS", flush=True)
    bad = 0
    for method in options.methods or list(MethodName):
        for dataset in DATASETS:
            if not (weights / method / f"{dataset}.npz").exists():
                remedy = f"make -C studies weights METHOD={method}"
                print(f"{method:14} {dataset:6} not trained: {remedy}", flush=True)
                continue
            found = check(method, dataset, weights / method, DATA / options.profile, options.scans)
            bad += bool(found.problems)
            print(show(found), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
