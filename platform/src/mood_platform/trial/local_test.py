"""Runs an image on public test sets here and scores it, as the platform does: what `mood test` calls."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mood_evaluator import (
    Case,
    CaseScore,
    Evidence,
    PixelCase,
    Task,
    TestSet,
    find_affine,
    load_test_set,
    result_of,
)
from mood_platform.errors import Misconfigured, NotFound
from mood_platform.execution.case_log import log_text
from mood_platform.execution.case_warnings import warnings_of
from mood_platform.execution.limits import Limits
from mood_platform.execution.outcome import Outcome, OutcomeFlag, outcome
from mood_platform.execution.runtime import CaseJob, ContainerRuntime, Execution
from mood_platform.execution.starvation import lack_of
from mood_platform.failures import FailureReason
from mood_platform.scoring.case_files import CaseFiles, ScoredCase, score_files
from mood_platform.scoring.limited_child import ChildLimits
from mood_platform.trial.place import TrialPlace

SCHEMA = "mood-local-report/1"
READING = ChildLimits(memory=8 * 2**30, cpu_seconds=900, wall_seconds=1800)
"""Of the child that reads a prediction, as on a platform by default."""


class Stopped(Exception):
    """The test was asked to end; nothing of it is left on the engine."""


OnCase = Callable[[int, int], object]
"""Told how many cases are done, and of how many."""


def test_image(
    runtime: ContainerRuntime,
    *,
    image: str,
    test_sets: Sequence[Path],
    tasks: Sequence[Task],
    limits: Limits,
    holder_image: str | None = None,  # noqa: PT028 - no test of pytest
    gpu: str | None = None,  # noqa: PT028 - no test of pytest
    place: TrialPlace | None = None,  # noqa: PT028 - no test of pytest
    should_stop: Callable[[], bool] = lambda: False,  # noqa: PT028 - no test of pytest
    on_case: OnCase = lambda _done, _of: None,  # noqa: PT028 - no test of pytest
) -> dict[str, Any]:
    """The report (mood-local-report/1): each part is a task on a test set, with its cases and its AP.

    `test_sets` are folders with a test_set.json. Without a holder image the tested image holds its own
    volumes, for which it needs `sleep`. `failed` is true when any case gave no valid prediction. Everything
    is made in `place`. Raises Stopped soon after `should_stop`, and SubmissionFault as intake would.
    """
    if not runtime.has_image(image):
        raise NotFound(
            f"The engine has no image {image}.",
            remedy="Build or pull it first; see `docker images`, where all names are in lower case.",
        )
    instance, scratch = ("mood-test", None) if place is None else (place.instance, place.folder)
    runtime.check_image(image, instance=instance, limit=limits.image)
    trial = _Trial(runtime, image, limits, holder_image or image, gpu, instance, scratch, should_stop)
    plan = [(folder, load_test_set(folder), task) for folder in test_sets for task in tasks]
    total = sum(len(test_set.for_task(task)) for _, test_set, task in plan)
    count = iter(range(1, total + 1))
    parts = [
        _test_part(trial, folder, test_set, task, lambda: on_case(next(count), total))
        for folder, test_set, task in plan
    ]
    failed = any(case["outcome"] != "succeeded" for part in parts for case in part["cases"])
    return {"schema": SCHEMA, "image": image, "limits": limits.to_json(), "parts": parts, "failed": failed}


test_image.__test__ = False  # type: ignore[attr-defined]  # its name is not meant for pytest


@dataclass(frozen=True, slots=True)
class _Trial:
    runtime: ContainerRuntime
    image: str
    limits: Limits
    holder_image: str
    gpu: str | None
    instance: str
    scratch: Path | None
    should_stop: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Done:
    """One executed and scored case, where its volumes lie, and its row of the report."""

    score: CaseScore
    volume: PixelCase
    row: dict[str, Any]


def _test_part(
    trial: _Trial, folder: Path, test_set: TestSet, task: Task, on_case: Callable[[], object]
) -> dict[str, Any]:
    with TemporaryDirectory(prefix="mood-test-", dir=trial.scratch) as scratch:
        done: dict[str, _Done] = {}
        for index, case in enumerate(test_set.for_task(task)):
            done[case.id] = _test_case(trial, folder, test_set, case, task, Path(scratch) / str(index))
            on_case()
        result = result_of(
            task=task,
            test_set=test_set,
            case_scores={name: one.score for name, one in done.items()},
            cases=[one.volume for one in done.values()] if task is Task.PIXEL else (),
        )
    rows, suspicions = [one.row for one in done.values()], [one.to_json() for one in result.suspicions]
    return {
        "task": str(task),
        "dataset": str(test_set.dataset),
        "test_set": test_set.name,
        "digest": test_set.digest,
        "ap": result.score,
        "constant": result.constant,
        "cases": rows,
        "warnings": [*warnings_of(task, str(test_set.dataset), rows, suspicions)],
    }


def _test_case(
    trial: _Trial, folder: Path, test_set: TestSet, case: Case, task: Task, scratch: Path
) -> _Done:
    job = CaseJob(
        claim_id=f"local-{uuid.uuid4().hex}",
        image=trial.image,
        task=task,
        dataset=test_set.dataset,
        case=folder / case.image,
        output=scratch.with_suffix(".txt" if task is Task.SAMPLE else ".nii.gz"),
        log=scratch.with_suffix(".log"),
        limits=trial.limits.for_case(task=task, shape=case.shape),
        holder_image=trial.holder_image,
        instance=trial.instance,
        gpu=trial.gpu,
    )
    if trial.should_stop():
        raise Stopped
    execution = trial.runtime.execute(job, should_stop=trial.should_stop)
    found = outcome(execution)
    if found.state_name == "cancelled":
        raise Stopped
    if found.state_name == "platform_fault":
        raise Misconfigured(
            f"The case could not be run: {execution.engine_error or found.reason}.",
            remedy="Check that Docker works here, and that the image has `sleep`.",
        )
    files = CaseFiles(
        task=task,
        prediction=job.output if found.state_name == "collected" else None,
        label=None if case.label is None else folder / case.label,
        shape=case.shape,
        affine=find_affine(case.affine, job.case, shape=case.shape),
    )
    scored = score_files(files, READING)
    evidence = None if scored.evidence is None else Evidence.from_bytes(scored.evidence)
    score = CaseScore.from_json(scored.document, evidence=evidence)
    volume = PixelCase(case.id, files.prediction if score.valid else None, files.label, files.shape)
    return _Done(score, volume, _row(job, volume, execution, found, score) | _unforeseen(scored))


def _unforeseen(scored: ScoredCase) -> dict[str, str]:
    """What a reader of the row wants to know who may have written the file."""
    if scored.unforeseen is None:
        return {}
    ended = scored.unforeseen.strip().splitlines()[-1]
    return {"text": f"{FailureReason.OUTPUT_INVALID.text} Reading it ended with: {ended}"}


def _row(
    job: CaseJob, volume: PixelCase, execution: Execution, found: Outcome, score: CaseScore
) -> dict[str, Any]:
    """The same fields as in the platform's toy report."""
    reason, state = found.reason, str(found.state_name)
    if found.state_name == "collected":
        state = "succeeded" if score.valid else "output_invalid"
        reason = None if score.valid else FailureReason.OUTPUT_INVALID
    starved = state == "timed_out" and lack_of(execution.usage, job.limits) is not None
    flags = (*found.flags, OutcomeFlag.STARVED) if starved else found.flags
    return {
        "case": volume.id,
        "outcome": state,
        "text": reason.text if reason else "",
        "fault": str(score.fault) if score.fault else None,
        "flags": [*map(str, flags), *map(str, score.flags)],
        "score": score.score,
        "ap": score.case_ap,
        "seconds": execution.seconds,
        "limit_seconds": job.limits.seconds,
        "exit_code": execution.exit_code,
        "usage": None if execution.usage is None else execution.usage.to_json(),
        "log": log_text(job.log.read_bytes(), limit=job.limits.log) if job.log.exists() else "",
    }
