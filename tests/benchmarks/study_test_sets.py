"""Do grown test sets tell methods apart? PCA, an intensity threshold and a constant guess on both datasets.

python tests/benchmarks/study_test_sets.py FOLDER: with train-, test-brain and train-, test-abdom in it
(`make -C studies study-test-sets` builds them). Prints APs with paired bootstrap intervals, and AP
against difficulty.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray
from scipy import stats

from mood_evaluator import (
    Dataset,
    Evidence,
    Manifest,
    ManifestCase,
    Task,
    average_precision,
    load_test_set,
    pixel_replicates,
    read_label,
    sample_replicates,
    sum_evidence,
)  # fmt: skip
from mood_evaluator.quantizers import Quantizer
from mood_reference.cli import main as train_reference
from mood_reference.scans.nifti import read_scan
from mood_reference.scores.scoring import RawScorer, calibrate_scan, calibrate_voxels, make_raw_scorer
from mood_reference.weights import Header, load_weights

DRAWS = 1000
METHODS = ("pca", "threshold")


@dataclass(slots=True)
class Scored:
    """One method on one test set."""

    samples: dict[str, float]
    evidence: dict[str, Evidence]


def score_method(method: str, dataset: Dataset, folder: Path, test_set: Manifest) -> Scored:
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "weights.npz"
        data = folder / f"train-{dataset}"
        train_reference(["train", method, "--data", str(data), "--dataset", str(dataset), "--out", str(out)])
        weights = load_weights(out)
    scored = Scored({}, {})
    score = make_raw_scorer(weights)
    for case in test_set.cases:
        score_case(scored, case, weights.header, score, folder / test_set.name)
    return scored


def score_case(scored: Scored, case: ManifestCase, header: Header, score: RawScorer, folder: Path) -> None:
    volume, _ = read_scan(folder / case.image)
    raw = score(volume)
    scored.samples[case.id] = calibrate_scan(raw, header)
    if Task.PIXEL in case.tasks:
        truth = (
            read_label(folder / case.label, shape=volume.shape)
            if case.label
            else np.zeros(volume.shape, dtype=np.bool_)
        )
        scored.evidence[case.id] = Evidence.of(calibrate_voxels(raw, header).ravel(), truth.ravel())


def told(difference: NDArray[np.float64]) -> str:
    low, high = np.quantile(difference, (0.025, 0.975))
    return f"{np.mean(difference):+.3f} [{low:+.3f}, {high:+.3f}]{'' if low * high > 0 else '  includes 0'}"


def study(dataset: Dataset, folder: Path) -> None:
    test_set = load_test_set(folder / f"test-{dataset}")
    found = {method: score_method(method, dataset, folder, test_set) for method in METHODS}
    truth = {case.id: case.abnormal for case in test_set.cases}
    replicates = {
        m: sample_replicates(s.samples, truth, n=DRAWS, seed=1, stream=test_set.name).draws
        for m, s in found.items()
    }
    share = sum(truth.values()) / len(truth)
    typer.echo(f"{dataset} sample: {len(truth)} scans, constant guess {share:.3f}")
    for method, scored in found.items():
        ap = average_precision(
            np.array(list(scored.samples.values())), np.array([truth[key] for key in scored.samples])
        )
        typer.echo(f"  {method:10} AP {ap:.3f}")
    typer.echo(f"  pca - threshold {told(replicates['pca'] - replicates['threshold'])}")
    pixel = {
        m: pixel_replicates(s.evidence, test_set.batchings[0], n=DRAWS, seed=1, stream=test_set.name).draws
        for m, s in found.items()
    }
    pooled = {m: sum_evidence(list(s.evidence.values())) for m, s in found.items()}
    one = pooled["pca"]
    typer.echo(
        f"{dataset} pixel: {len(found['pca'].evidence)} scans, prevalence {one.positives / one.voxels:.4f}"
    )
    for method, draws in pixel.items():
        whole = pooled[method].ap(Quantizer.TWO_SIDED)
        typer.echo(f"  {method:10} mean batch AP {draws.mean():.3f}, whole set {whole:.3f}")
    typer.echo(f"  pca - threshold {told(pixel['pca'] - pixel['threshold'])}")
    by_difficulty(test_set, found["pca"])


def by_difficulty(test_set: Manifest, scored: Scored) -> None:
    """AP of each local subcategory's own voxels among all normal scans, against its mean difficulty."""
    normal = [scored.evidence[c.id] for c in test_set.for_task(Task.PIXEL) if not c.abnormal]
    kinds: dict[str, list[ManifestCase]] = {}
    for case in test_set.for_task(Task.PIXEL):
        if case.abnormal:
            kinds.setdefault(f"{case.category}: {case.subcategory}", []).append(case)
    rows = [
        (
            float(np.mean([case.difficulty or 0 for case in cases])),
            own_ap([scored.evidence[case.id] for case in cases], normal),
            name,
        )
        for name, cases in kinds.items()
    ]
    for difficulty, ap, name in sorted(rows):
        typer.echo(f"    {name:28} difficulty {difficulty:.1f}  AP {ap:.3f}")
    result = stats.spearmanr([row[0] for row in rows], [row[1] for row in rows])
    typer.echo(f"  rank correlation of difficulty and AP: {result.statistic:.2f} (p {result.pvalue:.3f})")
    by_case = [
        (case.difficulty or 0, own_ap([scored.evidence[case.id]], []))
        for cases in kinds.values()
        for case in cases
    ]
    result = stats.spearmanr([row[0] for row in by_case], [row[1] for row in by_case])
    typer.echo(f"  the same over {len(by_case)} single scans: {result.statistic:.2f} (p {result.pvalue:.1e})")


def own_ap(abnormal: Sequence[Evidence], normal: Sequence[Evidence]) -> float:
    return sum_evidence([*abnormal, *normal]).ap(Quantizer.TWO_SIDED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for dataset in Dataset:
        study(dataset, folder)


if __name__ == "__main__":
    main()
