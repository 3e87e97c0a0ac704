"""From the platform's export to scored runs, which `mood-evaluate` ranks, analyses and reports.

An export holds the results of every Run as JSON; the Evidence and the predictions that they name lie in the
platform's file store.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from mood_evaluator import CaseScore, Evidence, Manifest, SetScore, Task
from mood_evaluator.runs import Ground, ScoredRun
from mood_studies.study.scale import title_of

Row = dict[str, Any]
SCORE_FIELDS = {field.name for field in fields(SetScore)}


@dataclass(frozen=True)
class Scored:
    """One method on one test set, in one stage."""

    method: str
    stage: str
    run: ScoredRun
    predictions: Mapping[str, Path]
    """Of the cases that left a valid one."""

    @property
    def file_name(self) -> str:
        return f"{self.method}-{self.run.task}-{self.run.test_set}-{self.stage}.zip"


def read_table(export: Path, name: str) -> list[Row]:
    rows: list[Row] = json.loads((export / f"{name}.json").read_text())
    return rows


def load_scored(export: Path, files: Path, test_sets: Mapping[str, Manifest]) -> list[Scored]:
    """Everything that counts; of several analyses of the same test set the last one."""
    found: dict[tuple[str, str, str, str], Scored] = {}
    for submission, run in counting_runs(read_table(export, "submissions"), read_table(export, "runs")):
        results = json.loads((export / "results" / f"{run['id']}.json").read_text())
        for part in results["test_sets"]:
            key = (submission["name"], submission["task"], run["stage"], part["name"])
            scored = as_scored_run(part, submission, test_sets[part["name"]], files)
            found[key] = Scored(submission["name"], run["stage"], scored, _predictions(part, files))
    return list(found.values())


def counting_runs(submissions: Iterable[Row], runs: Iterable[Row]) -> Iterator[tuple[Row, Row]]:
    """Runs that count, as the platform's export says, each with its submission; the first ones first."""
    by_id = {row["id"]: row for row in submissions}
    for run in sorted(runs, key=lambda run: int(run["number"])):
        if run["counts"]:
            yield by_id[run["submission_id"]], run


def as_scored_run(part: Row, submission: Row, manifest: Manifest, files: Path) -> ScoredRun:
    """`part` is one test set of a Run's results (`mood-run-results/1`)."""
    if part["digest"] != manifest.digest:
        raise ValueError(f"{manifest.name} is another one than was scored; remove the study's folder")
    task = Task(submission["task"])
    return ScoredRun(
        team=title_of(submission["name"]),
        task=task,
        test_set=manifest.name,
        test_set_digest=manifest.digest,
        precision="float32",
        result=SetScore.from_json({k: v for k, v in part["result"].items() if k in SCORE_FIELDS}),
        abnormal={case.id: case.abnormal for case in manifest.for_task(task)},
        cases={case_id: _case_score(case, files) for case_id, case in part["cases"].items()},
        batchings=manifest.batchings if task is Task.PIXEL else (),
        ground=Ground.of(manifest),
    )


def _case_score(case: Row, files: Path) -> CaseScore:
    key = case["evidence"]
    evidence = None if key is None else Evidence.from_bytes((files / key).read_bytes())
    return CaseScore.from_json(case["score"], evidence=evidence)


def _predictions(part: Row, files: Path) -> dict[str, Path]:
    return {
        case_id: files / case["prediction"]
        for case_id, case in part["cases"].items()
        if case["outcome"] == "succeeded"
    }


def save_all(scored: Iterable[Scored], folder: Path) -> None:
    """As files for `mood-evaluate report`, whoever wants more than the study tells."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in scored:
        one.run.save(folder / one.file_name)
