"""Numbers and version move together: all numbers of a fixed little contest, as one digest a scoring version.

Where a number has changed on purpose: raise SCORING_VERSION, say in CHANGELOG.md what changed and why, and
write the new digest beside the new version. A digest that was released is never replaced.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from mood_evaluator import (
    SCORING_VERSION,
    CaseScore,
    Dataset,
    PixelCase,
    Replicates,
    Task,
    canonical_digest,
    draw_batching,
    replicates_of,
    score_pixel_case,
)
from mood_evaluator.cli.rank_runs import rank_document
from mood_evaluator.dataset_result import score_cases
from mood_evaluator.leaderboard import BoardEntry, compare_entries, rank_entries
from mood_evaluator.runs import ScoredRun, bootstrap_runs, gather_runs

ROOT = Path(__file__).parents[3]
DIGESTS = dict.fromkeys(
    (2, 3),  # what version 3 moved lies beyond the tenth decimal, or at sizes that this contest has not
    "5efcec0b1e930dfba75a55bc85f507bba5d4a6f828e461d6f1473b9e3c6f9cdf",
)
SHAPE = (6, 5, 4)
IDS = [f"case-{number:02}" for number in range(10)]
ABNORMAL = {name: number % 3 == 0 for number, name in enumerate(IDS)}
BATCHINGS = tuple(draw_batching(ABNORMAL, size=5, seed=seed) for seed in ("first", "second"))
TEAMS = {"north": 0.5, "south": 0.3, "west": 0.2}
DRAWS, SEED = 40, 2020


def test_a_number_that_changes_raises_the_scoring_version(tmp_path: Path) -> None:
    numbers = {task: _numbers(task, tmp_path) for task in Task}
    assert canonical_digest(_rounded(numbers)) == DIGESTS[SCORING_VERSION]


def test_the_changelog_tells_of_this_version_and_its_numbers() -> None:
    version = tomllib.loads((ROOT / "evaluator/pyproject.toml").read_text())["project"]["version"]
    told = (ROOT / "CHANGELOG.md").read_text()
    assert f"## mood-evaluator {version}: scoring version {SCORING_VERSION}" in told


def test_the_contest_has_teams_that_differ_and_scores_that_do_not_end() -> None:
    """A digest of nothing but 0 and 1 would hold for any scorer."""
    runs = [_run(Task.SAMPLE, Dataset.BRAIN, team, Path()) for team in TEAMS]
    assert len({run.result.score for run in runs}) == 3
    assert any((run.result.score or 0) * 1000 % 1 for run in runs)


def _numbers(task: Task, folder: Path) -> dict[str, Any]:
    runs = [_run(task, dataset, team, folder) for dataset in Dataset for team in TEAMS]
    standings = gather_runs(runs)
    drawn = bootstrap_runs(standings, n=DRAWS, seed=SEED)
    entries = [
        BoardEntry(
            key=team,
            eligible=True,
            scores={dataset: standings.scores(str(dataset))[team] for dataset in Dataset},
            replicates={dataset: _drawn(standings.sets[str(dataset)][team]) for dataset in Dataset},
        )
        for team in TEAMS
    ]
    return {
        "results": [run.result.to_json() for run in runs],
        "cases": [{name: case.to_json() for name, case in run.cases.items()} for run in runs],
        "board": [asdict(row) for row in rank_entries(entries)],
        "pairs": {
            dataset: [asdict(pair) for pair in found] for dataset, found in compare_entries(entries).items()
        },
        "ranking": rank_document(standings),
        "stability": drawn.to_json(),
    }


def _drawn(run: ScoredRun) -> Replicates:
    return replicates_of(
        task=run.task,
        test_set=run.test_set,
        abnormal=run.abnormal,
        batchings=run.batchings,
        case_scores=run.cases,
        n=DRAWS,
        seed=SEED,
    )


def _run(task: Task, dataset: Dataset, team: str, folder: Path) -> ScoredRun:
    random = np.random.default_rng([len(dataset), len(team), round(100 * TEAMS[team])])
    cases, volumes = _samples(random, team), []
    batchings = BATCHINGS if task is Task.PIXEL else ()
    if task is Task.PIXEL:
        volumes = [_volume(folder / f"{dataset}-{team}-{name}", name, random, team) for name in IDS]
        cases = {
            one.id: score_pixel_case(one.prediction, label=one.label, shape=one.shape) for one in volumes
        }
    result = score_cases(task=task, abnormal=ABNORMAL, batchings=batchings, case_scores=cases, cases=volumes)
    return ScoredRun(
        team, task, str(dataset), str(dataset), "float32", result, ABNORMAL, cases, batchings=batchings
    )


def _samples(random: np.random.Generator, team: str) -> dict[str, CaseScore]:
    noise = random.random(len(IDS))
    return {
        name: CaseScore(valid=True, score=float(TEAMS[team] * ABNORMAL[name] + 2 * noise[number]) / 3)
        for number, name in enumerate(IDS)
    }


def _volume(stem: Path, name: str, random: np.random.Generator, team: str) -> PixelCase:
    label = np.zeros(SHAPE, np.uint8)
    label[1:3, 1:3, 1:3] = ABNORMAL[name]
    scores = (0.5 * TEAMS[team] * label + 0.6 * random.random(SHAPE)).astype(np.float32)
    paths = [stem.with_name(f"{stem.name}-{part}.nii") for part in ("scores", "label")]
    for path, values in zip(paths, (scores, label), strict=True):
        nib.Nifti1Image(values, np.eye(4)).to_filename(path)
    return PixelCase(name, paths[0], paths[1], SHAPE)


def _rounded(value: Any) -> Any:
    """To 10 decimals: what a processor's own way of adding may change does not count."""
    if isinstance(value, float):
        return round(value, 10)
    if isinstance(value, Mapping):
        return {str(name): _rounded(part) for name, part in value.items() if name != "digest"}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value
