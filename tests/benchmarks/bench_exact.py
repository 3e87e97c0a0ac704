"""What exact replicates cost where scores are squeezed: counting the voxels, then 1,000 draws of 542 scans.

Each step runs in a process of its own, so that its peak memory is its own. Volumes are noise in an ellipsoid,
all of their scores below the smallest float16, hence nearly all different and none told apart by Evidence.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import nibabel as nib
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mood_evaluator import (
    ExactCounts,
    PixelCase,
    count_exactly,
    draw_batching,
    exact_replicates,
    official_batching,
    score_of_counts,
    score_pixel_dataset,
)
from mood_evaluator.exact_counts import CELLS

SCANS, DRAWS = 542, 1_000
LARGE, SMALL = (512, 2), (96, 20)
"""Side of the volumes, and how many."""
ABNORMAL = 0.003
"""Share of the voxels of every second volume."""
Measured = tuple[float, float, str]
"""CPU seconds, peak gigabytes, and what was found."""


def make_volumes(folder: Path, side: int, count: int) -> list[PixelCase]:
    axes = np.ogrid[tuple(slice(-1, 1, side * 1j) for _ in range(3))]
    body = sum(axis**2 for axis in axes) < 0.8
    anomaly = sum((axis - 0.3) ** 2 for axis in axes) < (6 * ABNORMAL / np.pi) ** (2 / 3)
    found = []
    for number in track(range(count), description=f"Making {count} volumes of {side}³"):
        random = np.random.default_rng([side, number])
        scores = body * (random.random(body.shape, np.float32) + 0.5 * (anomaly & (number % 2 == 1)))
        paths = folder / f"{side}-{number}.nii", folder / f"{side}-{number}-label.nii"
        nib.Nifti1Image((1e-9 * scores).astype(np.float32), np.eye(4)).to_filename(paths[0])
        nib.Nifti1Image(anomaly.astype(np.uint8), np.eye(4)).to_filename(paths[1])
        label = paths[1] if number % 2 else None
        found.append(PixelCase(f"{side}-{number}", paths[0], label, body.shape))
    return found


def count_large(cases: list[PixelCase]) -> str:
    """As many thresholds as 542 scans would leave to each."""
    counts = count_exactly(cases, cells=CELLS // SCANS * len(cases))
    return f"{counts.positives.shape[1]:,} thresholds, complete: {counts.complete}"


def draw_all(_: list[PixelCase]) -> str:
    random = np.random.default_rng(0)
    size = (SCANS, CELLS // SCANS)
    counts = ExactCounts(*(random.integers(0, 9, size, np.int32) for _ in range(2)), complete=True)
    counts.positives[::2] = 0
    batching = draw_batching({f"{n:03}": n % 2 == 1 for n in range(SCANS)}, size=20, seed=0)
    exact_replicates(counts, batching, n=DRAWS, seed=0, stream="bench")
    return f"{size[1]:,} thresholds, {len(batching.batches)} batches"


def compare_spaced(cases: list[PixelCase]) -> str:
    """How far the score is off where only some scores are thresholds."""
    whole = official_batching([case.id for case in cases], [])
    official, told = score_pixel_dataset(cases, whole).mean, []
    for most in (1_000, 10_000, 10**7):
        counts = count_exactly(cases, cells=most * len(cases))
        off = abs(score_of_counts(counts, whole) - official)
        told.append(f"{counts.positives.shape[1]:,}: {off:.1e}")
    return f"off the official {official:.4f} with {', '.join(told)}"


def measure(work: Callable[[list[PixelCase]], str], cases: list[PixelCase]) -> Measured:
    """Call this in a process of its own."""
    start = time.process_time()
    found = work(cases)
    status = Path("/proc/self/status").read_text()  # ru_maxrss would count the process that started this one
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1e6
    return time.process_time() - start, peak, found


def main() -> None:
    """Print what everything took."""
    table = Table("work", "CPU seconds", "peak GB", "")
    with tempfile.TemporaryDirectory() as home:
        large, small = (make_volumes(Path(home), *size) for size in (LARGE, SMALL))
        for name, work, cases in (
            (f"counting {LARGE[1]} scans of {LARGE[0]}³, one of them abnormal", count_large, large),
            (f"{DRAWS:,} draws of {SCANS} scans", draw_all, []),
            (f"spaced thresholds of {SMALL[1]} scans of {SMALL[0]}³", compare_spaced, small),
        ):
            with get_context("spawn").Pool(1) as pool:
                seconds, peak, found = pool.apply(measure, (work, cases))
            table.add_row(name, f"{seconds:.1f}", f"{peak:.2f}", found)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
