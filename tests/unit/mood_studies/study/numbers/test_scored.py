"""From an export to scored runs: which Runs count, and that nothing is lost on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mood_evaluator import Manifest
from mood_evaluator.runs import ScoredRun
from mood_studies.study.numbers.scored import Scored, counting_runs, load_scored, save_all

Row = dict[str, Any]


@pytest.fixture
def submission() -> Row:
    return {"id": "s1", "name": "cevae", "task": "pixel", "stage": "challenge", "state": "accepted",
            "submitted_at": "2026-01-01T00:00:00Z"}  # fmt: skip


def run_of(submission: Row, number: int, **changes: Any) -> Row:
    run = {"id": f"run{number}", "submission_id": submission["id"], "number": number, "stage": "challenge",
           "state": "scored", "counts": True}  # fmt: skip
    return run | changes


def test_runs_that_count_are_those_of_the_export(submission: Row) -> None:
    runs = [
        run_of(submission, 3, stage="analysis"),
        run_of(submission, 1, counts=False),
        run_of(submission, 2),
    ]
    assert [run["id"] for _, run in counting_runs([submission], runs)] == ["run2", "run3"]


def export_of(one: ScoredRun, submission: Row, folder: Path, digest: str) -> Path:
    """What the platform would export of it, and the Evidence in its file store."""
    cases = {}
    for case_id, case in one.cases.items():
        (folder / f"{case_id}.bin").write_bytes(case.evidence.to_bytes() if case.evidence else b"")
        cases[case_id] = {"score": case.to_json(), "evidence": f"{case_id}.bin",
                          "prediction": f"{case_id}.nii", "outcome": "succeeded"}  # fmt: skip
    part = {"name": one.test_set, "digest": digest, "cases": cases,
            "result": one.result.to_json() | {"schema": "mood-dataset-result/1", "lossy": []}}  # fmt: skip
    (folder / "results").mkdir()
    (folder / "results" / "run1.json").write_text(json.dumps({"test_sets": [part]}))
    (folder / "submissions.json").write_text(json.dumps([submission]))
    (folder / "runs.json").write_text(json.dumps([run_of(submission, 1)]))
    return folder


def test_an_exported_run_comes_back_as_the_scored_run_it_was(
    scored: list[Scored], sets: dict[str, Manifest], submission: Row, tmp_path: Path
) -> None:
    [one] = [s for s in scored if s.file_name == "cevae-pixel-test-brain-challenge.zip"]
    folder = export_of(one.run, submission, tmp_path, sets["test-brain"].digest)
    [found] = load_scored(folder, folder, sets)
    save_all([one], tmp_path / "before")
    save_all([found], tmp_path / "after")
    written = [(tmp_path / when / one.file_name).read_bytes() for when in ("before", "after")]
    assert written[0] == written[1]
    assert len(found.predictions) == len(one.run.cases)


def test_results_of_another_form_of_a_test_set_are_refused(
    scored: list[Scored], sets: dict[str, Manifest], submission: Row, tmp_path: Path
) -> None:
    folder = export_of(scored[0].run, submission, tmp_path, "another")
    with pytest.raises(ValueError, match="is another one than was scored"):
        load_scored(folder, folder, sets)
