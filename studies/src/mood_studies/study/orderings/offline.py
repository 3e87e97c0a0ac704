"""Runs the thesis' comparisons with several seeds, a training on every core, and keeps what they say as JSON.

    python -m mood_studies.study.orderings.offline [--small] [--only KEY]

A second call goes on where the first stopped. `gather.py` and the page tell the results in docs/study.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np

from mood_studies.intervals import Counts, Matrix, compare, describe, draw_scans, find_aps, find_aurocs
from mood_studies.study.orderings.experiments import EXPERIMENTS, Experiment, Variant, shares_nets
from mood_studies.study.orderings.measuring import Bench, base_of, count_body, measure, train
from mood_studies.study.orderings.sets import PLACE, build_sets

Job = tuple[Experiment, Variant, int]
"""What to train or measure, with its seed."""
Wanted = tuple[str, tuple[str, ...]]
"""A set to measure on, with settings of scoring."""
DRAWS = 400
SEEDS = (0, 1, 2)


def learn(bench: Bench, job: Job) -> None:
    experiment, variant, seed = job
    train(bench, variant, data=experiment.train, seed=seed)


def score(bench: Bench, job: Job, test: str, choice: tuple[str, ...]) -> None:
    experiment, variant, seed = job
    measure(bench, experiment, variant, test=test, seed=seed, choice=choice)


def on_tuning(_: Bench, experiment: Experiment, variant: Variant, __: Sequence[int]) -> list[Wanted]:
    """The tuning set with each choice."""
    return [(str(experiment.tuning), choice) for choice in variant.choices]


def on_test(bench: Bench, experiment: Experiment, variant: Variant, seeds: Sequence[int]) -> list[Wanted]:
    """The test set with the choice that the tuning set made; nothing where that one is not measured yet."""
    measured = has_counts(bench, experiment, variant, seeds, on_tuning(bench, experiment, variant, seeds))
    return [(experiment.test, choose(bench, experiment, variant, seeds))] if measured else []


def has_counts(
    bench: Bench, experiment: Experiment, variant: Variant, seeds: Sequence[int], wanted: Sequence[Wanted]
) -> bool:
    return all(
        bench.counts(experiment, variant, test, seed, choice).exists()
        for seed in seeds
        for test, choice in wanted
    )


def run_all(bench: Bench, experiments: Sequence[Experiment], seeds: Sequence[int], workers: int) -> list[str]:
    """Do all that is missing, nothing twice; returns a line for each that failed."""
    jobs = [(e, v, seed) for seed in seeds for e in experiments for v in e.variants]
    plain = [job for job in jobs if job[1].start is None]
    bases = [(e, base_of(v), seed) for e, v, seed in jobs if v.start is not None]
    built = [job for job in jobs if job[1].start is not None]
    failed = run_group("trained", learn, bench, [(job,) for job in unique(bench, [*plain, *bases])], workers)
    failed += run_group("trained", learn, bench, [(job,) for job in unique(bench, built)], workers)
    trained = [job for job in jobs if weights_of(bench, job).exists()]
    for wanted in (on_tuning, on_test):
        scores = unique_scores(bench, trained, seeds, wanted)
        failed += run_group("measured", score, bench, scores, workers)
    return failed


def weights_of(bench: Bench, job: Job) -> Path:
    experiment, variant, seed = job
    return bench.weights(variant, experiment.train, seed)


def unique(bench: Bench, jobs: Sequence[Job]) -> list[Job]:
    """One job for each weights file that is missing."""
    found = {weights_of(bench, job): job for job in jobs}
    return [job for path, job in found.items() if not path.exists()]


def unique_scores(
    bench: Bench, jobs: Sequence[Job], seeds: Sequence[int], wanted: Callable[..., list[Wanted]]
) -> list[tuple[Job, str, tuple[str, ...]]]:
    """One job, test set and choice for each file of counts that is wanted and missing."""
    found = {
        bench.counts(*job[:2], test, job[2], choice): (job, test, choice)
        for job in jobs
        for test, choice in wanted(bench, *job[:2], seeds)
    }
    return [score for path, score in found.items() if not path.exists()]


def run_group(
    done: str, work: Callable[..., None], bench: Bench, tasks: Sequence[tuple[Any, ...]], workers: int
) -> list[str]:
    """Each task begins with its job."""
    failed: list[str] = []
    with ProcessPoolExecutor(workers) as pool:
        futures = {pool.submit(work, bench, *task): task[0] for task in tasks}
        for number, future in enumerate(as_completed(futures), 1):
            experiment, variant, seed = futures[future]
            error = future.exception()
            note = "" if error is None else f" FAILED: {error}"
            failed += [f"{experiment.key}, {variant.name}, seed {seed}: {error}"] if error else []
            say(f"{done} {number} of {len(futures)}, {experiment.key}: {variant.name}, seed {seed}{note}")
    return failed


def tables(bench: Bench, experiment: Experiment, variant: Variant, seeds: Sequence[int]) -> dict[str, Matrix]:
    """Return each measure of a variant as (seeds, draws), with the choice that the tuning set made."""
    choice = choose(bench, experiment, variant, seeds)
    rows: dict[str, list[Matrix]] = {}
    for seed in seeds:
        path = bench.counts(experiment, variant, experiment.test, seed, choice)
        names = (experiment.measure, *experiment.also)
        for name, values in measures(path, names).items():
            rows.setdefault(name, []).append(values)
    return {name: np.stack(values) for name, values in rows.items()}


def choose(bench: Bench, experiment: Experiment, variant: Variant, seeds: Sequence[int]) -> tuple[str, ...]:
    """Return the settings with the best mean pixel AP on the tuning set."""
    if not variant.choices:
        return ()
    means = []
    for choice in variant.choices:
        paths = [bench.counts(experiment, variant, str(experiment.tuning), seed, choice) for seed in seeds]
        means.append(np.mean([measures(path, ("pixel_ap",), draws=1)["pixel_ap"][0] for path in paths]))
    return variant.choices[int(np.argmax(means))]


def measures(path: Path, names: Sequence[str], *, draws: int = DRAWS) -> dict[str, Matrix]:
    """Return (draws,) of each measure of one training on one set."""
    kept = np.load(path)
    weights = draw_scans(kept["abnormal"], draws=draws, seed=7)
    voxels = Counts(kept["positives"].astype(np.float32), kept["negatives"].astype(np.float32))
    found = {}
    for name in names:
        if name == "mse":
            normal = np.isfinite(kept["errors"])
            found[name] = -(weights[:, normal] @ kept["errors"][normal]) / weights[:, normal].sum(axis=1)
        elif name.startswith("slice"):
            parts = [kept["slice_owner"] == scan for scan in range(kept["abnormal"].size)]
            counts = Counts.of(
                [kept["slices"][part] for part in parts], [kept["slice_truth"][part] for part in parts]
            )
            found[name] = _areas(name, counts, weights)
    return found | of_voxels(voxels, names, weights)


def of_voxels(counts: Counts, names: Sequence[str], weights: Matrix) -> dict[str, Matrix]:
    """Return (draws,) of each measure of voxels among the names."""
    return {name: _areas(name, counts, weights) for name in names if name.startswith("pixel")}


def _areas(name: str, counts: Counts, weights: Matrix) -> Matrix:
    return (find_aurocs if name.endswith("auroc") else find_aps)(counts, weights)


def conclude(bench: Bench, experiment: Experiment, seeds: Sequence[int]) -> dict[str, Any]:
    """Return the table and the orderings of one experiment, as JSON."""
    found = {variant.name: tables(bench, experiment, variant, seeds) for variant in experiment.variants}
    body = count_body(bench, experiment)
    rows = [
        {
            "name": variant.name,
            "choice": list(choose(bench, experiment, variant, seeds)),
            **{name: describe(table) for name, table in found[variant.name].items()},
        }
        for variant in experiment.variants
    ]
    orderings = []
    for claim in experiment.claims:
        names = (claim.better, claim.worse)
        better, worse = (found[name][experiment.measure] for name in names)
        paired = shares_nets(*map(experiment.find, names))
        difference = compare(better, worse, seed=11, paired=paired)
        orderings.append({"better": claim.better, "worse": claim.worse, **vars(difference)})
    return {
        "rows": rows,
        "orderings": orderings,
        "seeds": list(seeds),
        "steps": bench.steps,
        "profile": bench.profile,
        "only_abnormal": experiment.only_abnormal,
        "scans": len(body.positives),
        "body": body_values(body, (experiment.measure, *experiment.also)),
    }


def body_values(counts: Counts, names: Sequence[str]) -> dict[str, float]:
    """Return each measure of voxels of a map that knows the body alone."""
    scans = np.ones((1, len(counts.positives)))
    return {name: float(values[0]) for name, values in of_voxels(counts, names, scans).items()}


def is_complete(bench: Bench, experiment: Experiment, seeds: Sequence[int]) -> bool:
    return all(
        (wanted := on_test(bench, experiment, variant, seeds))
        and has_counts(bench, experiment, variant, seeds, wanted)
        for variant in experiment.variants
    )


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def select(*, small: bool, only: Sequence[str]) -> Iterator[Experiment]:
    for experiment in EXPERIMENTS:
        if (experiment.key in only) if only else (experiment.small or not small):
            yield experiment


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=PLACE / "test-sets", help="what is missing is built here"
    )
    parser.add_argument("--results", type=Path, default=PLACE / "results")
    parser.add_argument("--small", action="store_true", help="only the experiments of study-small")
    parser.add_argument(
        "--only", action="append", default=[], metavar="KEY", choices=[one.key for one in EXPERIMENTS]
    )
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--steps", type=int, help="of every training instead of its profile's")
    parser.add_argument("--profile", default="cpu")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # one core a training, as many trainings as cores
    bench = Bench(options.data, options.results, options.steps, options.profile)
    experiments, seeds = list(select(small=options.small, only=options.only)), range(options.seeds)
    build_sets(options.data, experiments)
    failed = run_all(bench, experiments, seeds, options.workers)
    for experiment in experiments:
        path = bench.results / f"{experiment.key}.json"
        path.unlink(missing_ok=True)  # of another call, it might tell of other settings
        if is_complete(bench, experiment, seeds):
            path.write_text(json.dumps(conclude(bench, experiment, seeds), indent=1) + "\n")
            say(f"wrote {path}")
    print("\n".join(failed), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
