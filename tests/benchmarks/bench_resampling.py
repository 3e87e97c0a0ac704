"""What it takes to draw scans or cases 1,000 times and to score and rank them anew.

Evidence of 542 noisy scans is made once. challengeR's figures were measured before, on such a machine.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mood_evaluator import Evidence, draw_batching, pixel_replicates, whole_set_replicates
from mood_evaluator.tables import Adjust, Method, Scheme, ScoreTable, bootstrap_table

SCANS, DRAWS, VOXELS, ROUNDS = 542, 1_000, 200_000, 3
TEAMS, CASES, TASKS = 12, 200, 2
CHALLENGER = {"mean-then-rank": 15.6, "test-then-rank, Holm": 185.0}  # seconds, measured on such a machine


def make_evidence() -> dict[str, Evidence]:
    """Return Evidence of noisy scans, every second one with an anomaly."""
    random, found = np.random.default_rng(0), {}
    for index in track(range(SCANS), description="Making Evidence"):
        labels = random.random(VOXELS) < (0.02 if index % 2 else 0)
        scores = np.clip(np.abs(random.standard_normal(VOXELS)) * 0.15 + 0.2 * labels, 0, 1)
        scores[: VOXELS // 2] *= random.random()
        found[f"{index:03}"] = Evidence.of(scores.astype(np.float32), labels)
    return found


def median_seconds(work: Callable[[], object]) -> float:
    """Return the median of a few runs."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def bench_scans(table: Table) -> None:
    """Measure the bootstrap of one team on one test set."""
    evidence = make_evidence()
    batching = draw_batching({name: part.positives > 0 for name, part in evidence.items()}, size=20, seed=0)
    thresholds = len(set().union(*(part.two_sided.codes.tolist() for part in evidence.values())))
    for name, bar, work in (
        ("whole-set AP", 0.3, lambda: whole_set_replicates(evidence, n=DRAWS, seed=0, stream="bench")),
        (f"mean AP of {len(batching.batches)} batches", 3.0,
         lambda: pixel_replicates(evidence, batching, n=DRAWS, seed=0, stream="bench")),
    ):  # fmt: skip
        seconds = median_seconds(work)
        what = f"{DRAWS:,} draws of {SCANS} scans, {thresholds:,} levels: {name}"
        table.add_row(what, f"{seconds:.2f}", f"{bar:g}", "", "holds" if seconds < bar else "missed")


def bench_tables(table: Table) -> None:
    """Measure the bootstrap of a whole ranking of score tables."""
    values = np.random.default_rng(1).random((TASKS, TEAMS, CASES))
    names, cases = tuple(f"team {n}" for n in range(TEAMS)), tuple(map(str, range(CASES)))
    tables = [ScoreTable(f"task {n}", names, cases, values[n]) for n in range(TASKS)]
    for name, bar, method in (
        ("mean-then-rank", 0.3, Method(scheme=Scheme.MEAN_THEN_RANK)),
        ("test-then-rank, Holm", 6.0, Method(scheme=Scheme.TEST_THEN_RANK, adjust=Adjust.HOLM)),
    ):

        def work(method: Method = method) -> None:
            for each in tables:
                bootstrap_table(each, method, n=DRAWS, seed=1)

        seconds = median_seconds(work)
        what = f"{DRAWS:,} draws, {TEAMS} teams, {CASES} cases, {TASKS} tasks: {name}"
        older = f"{CHALLENGER[name]:g} ({CHALLENGER[name] / seconds:.0f} x)"
        table.add_row(what, f"{seconds:.3f}", f"{bar:g}", older, "holds" if seconds < bar else "missed")


def main() -> None:
    """Print what everything took."""
    table = Table("work", "seconds", "bar", "challengeR", "", title=f"Median of {ROUNDS} rounds")
    bench_scans(table)
    bench_tables(table)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
