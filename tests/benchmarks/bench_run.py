"""All scoring of a pixel Run (cases, both batchings, whole set), beside an earlier evaluator in the same run.

    bench_run.py                 542 scans of 128³ and 60 of 256³, CPU seconds against the evaluator of 0.2.0
    bench_run.py --large         peak memory where pools do not fit: scans of 512³, noise, 6 % abnormal

The earlier evaluator is taken from the repository's history; both run the same lines in own processes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

import nibabel as nib
import numpy as np
from rich.console import Console
from rich.table import Table

BEFORE = "44d49fc"
"""The last commit with evaluator 0.2.0."""
ROOT = Path(__file__).parents[2]
ROUNDS = 1
SIZES = ((542, 128), (60, 256))
"""Scans and their side; every second one is abnormal."""
LARGE_SIDE, LARGE_SCANS, ABNORMAL = 512, 60, 0.06


def write_volumes(folder: Path, *, count: int, side: int) -> None:
    """Write predictions, and labels of every second scan."""
    from bench_evaluator import _draw

    for index in range(count):
        scores, label = _draw(np.random.default_rng(index), side)
        nib.Nifti1Image(scores, np.eye(4)).to_filename(folder / f"{index:03}.nii.gz")
        if index % 2:
            nib.Nifti1Image(label, np.eye(4)).to_filename(folder / f"{index:03}-label.nii.gz")


def score_run(folder: Path, side: int) -> dict[str, Any]:
    """Score every case, then both batchings and the whole set: what the platform does for a Run."""
    from mood_evaluator import PixelCase, Task, draw_batching, score_pixel_case
    from mood_evaluator.dataset_result import score_cases

    shape = (side,) * 3
    paths = sorted(path for path in folder.iterdir() if "label" not in path.name)
    labels = {path: path.with_name(path.name.replace(".nii", "-label.nii")) for path in paths}
    cases = [PixelCase(p.name, p, labels[p] if labels[p].exists() else None, shape) for p in paths]
    abnormal = {case.id: case.label is not None for case in cases}
    batchings = [draw_batching(abnormal, size=20, seed=seed) for seed in "ab"]
    _warm()
    start = time.process_time()
    scores = {one.id: score_pixel_case(one.prediction, label=one.label, shape=shape) for one in cases}
    middle = time.process_time()
    result = score_cases(
        task=Task.PIXEL, abnormal=abnormal, batchings=batchings, case_scores=scores, cases=cases
    )
    ended = time.process_time()
    return {"cases": middle - start, "pools": ended - middle, "score": result.score, "peak": _peak()}


def _warm() -> None:
    try:
        from mood_evaluator import prepare_kernels
    except ImportError:  # the earlier one
        return
    prepare_kernels()


def score_large(folder: Path) -> dict[str, Any]:
    """Pool noise of which hardly two voxels are alike; a few volumes stand for all normal voxels."""
    from mood_evaluator import PixelCase, PositiveScores, draw_batching, pooled_aps

    shape = (LARGE_SIDE,) * 3
    path, label = folder / "noise.nii.gz", folder / "label.nii.gz"
    cases = [PixelCase(f"{number:03}", path, label, shape) for number in range(LARGE_SCANS)]

    def draw(seed: int) -> PositiveScores:
        size = int(ABNORMAL * LARGE_SIDE**3)
        return PositiveScores.of(np.random.default_rng(seed).random(size, np.float32))

    positives = {case.id: partial(draw, int(case.id)) for case in cases}
    batchings = [draw_batching(dict.fromkeys(positives, True), size=20, seed=seed) for seed in "ab"]
    groups = [batch for batching in batchings for batch in batching.batches] + [tuple(positives)]
    start = time.process_time()
    aps = pooled_aps(cases, groups, positives=positives)
    return {"pools": time.process_time() - start, "peak": _peak(), "score": aps[-1]}


def write_large(folder: Path) -> None:
    random, shape = np.random.default_rng(0), (LARGE_SIDE,) * 3
    nib.openers.Opener.default_compresslevel = 1
    nib.Nifti1Image(random.random(shape, np.float32), np.eye(4)).to_filename(folder / "noise.nii.gz")
    label = np.zeros(shape, np.uint8)
    label[: int(ABNORMAL * LARGE_SIDE)] = 1
    nib.Nifti1Image(label, np.eye(4)).to_filename(folder / "label.nii.gz")


def _peak() -> float:
    """Megabytes of this process; mapped files count while they are mapped."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(way: str, folder: Path, side: int, source: Path) -> dict[str, Any]:
    """Run one of the two evaluators in a process of its own."""
    command = [sys.executable, __file__, "--run", way, "--folder", str(folder), "--side", str(side)]
    environment = os.environ | {"PYTHONPATH": str(source)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return dict(json.loads(done.stdout))


def earlier_source(folder: Path) -> Path:
    archive = subprocess.run(
        ["git", "archive", BEFORE, "evaluator/src"], cwd=ROOT, check=True, capture_output=True
    )
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder / "evaluator/src"


def compare(home: Path) -> None:
    """Take turns, and show medians."""
    sources = {"before": earlier_source(home / "before"), "now": ROOT / "evaluator/src"}
    table = Table(
        "scans", "evaluator", "cases CPU s", "pools CPU s", "together", "peak MB", "score", title="A Run"
    )
    for count, side in SIZES:
        folder = home / f"{count}x{side}"
        folder.mkdir()
        write_volumes(folder, count=count, side=side)
        found = {
            name: [measure("score", folder, side, source) for _ in range(ROUNDS)]
            for name, source in sources.items()
        }
        totals = {name: median(row["cases"] + row["pools"] for row in rows) for name, rows in found.items()}
        for name, rows in found.items():
            parts = [f"{median(row[key] for row in rows):.1f}" for key in ("cases", "pools")]
            peak = f"{max(row['peak'] for row in rows):.0f}"
            table.add_row(
                f"{count} x {side}³", name, *parts, f"{totals[name]:.1f}", peak, repr(rows[0]["score"])
            )
        table.add_row("", "ratio", "", "", f"1/{totals['before'] / totals['now']:.2f}", "", "bar: 1/2.5")
    Console(width=140).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--run", choices=["score", "large"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--side", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        found = (
            score_run(options.folder, options.side) if options.run == "score" else score_large(options.folder)
        )
        sys.stdout.write(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as home:
        if not options.large:
            compare(Path(home))
            return
        write_large(Path(home))
        found = measure("large", Path(home), LARGE_SIDE, ROOT / "evaluator/src")
        Console().print(
            f"{LARGE_SCANS} scans of {LARGE_SIDE}³, {ABNORMAL:.0%} abnormal, all noise: "
            f"peak {found['peak']:.0f} MB, {found['pools']:.0f} CPU s for all pools"
        )


if __name__ == "__main__":
    main()
