"""Runs an image on public test sets here and scores it, as the platform does: what `mood test` calls."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mood_evaluator import (
    CaseScore,
    Evidence,
    Manifest,
    ManifestCase,
    PixelCase,
    Task,
    find_affine,
    load_test_set,
    result_of,
)
from mood_platform.documents.case_row import CaseRow
from mood_platform.documents.local_report import LocalPart, LocalReport
from mood_platform.documents.set_result import Suspected
from mood_platform.errors import Misconfigured, NotFound
from mood_platform.execution.case_warnings import warnings_of
from mood_platform.execution.limits import Limits
from mood_platform.execution.outcome import Outcome, OutcomeFlag, outcome
from mood_platform.execution.runtime import CaseJob, ContainerRuntime, Execution
from mood_platform.execution.starvation import lack_of
from mood_platform.failures import FailureReason
from mood_platform.scoring.case_files import CaseFiles, ScoredCase, score_files
from mood_platform.scoring.case_row import Ran, case_row
from mood_platform.scoring.limited_child import ChildLimits
from mood_platform.trial.place import TrialPlace

READING = ChildLimits(memory=8 * 2**30, cpu_seconds=900, wall_seconds=1800)
"""Of the child that reads a prediction, as on a platform by default."""


class Stopped(Exception):
    """The test was asked to end; nothing of it is left on the engine."""


OnCase = Callable[[int, int], object]
"""Told how many cases are done, and of how many."""


def try_image(
    runtime: ContainerRuntime,
    *,
    image: str,
    test_sets: Sequence[Path],
    tasks: Sequence[Task],
    limits: Limits,
    holder_image: str | None = None,
    gpu: str | None = None,
    place: TrialPlace | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    on_case: OnCase = lambda _done, _of: None,
) -> LocalReport:
    """Each part of the report is a task on a test set, with its cases and its AP.

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
    parts = tuple(
        _test_part(trial, folder, test_set, task, lambda: on_case(next(count), total))
        for folder, test_set, task in plan
    )
    failed = any(case.outcome != "succeeded" for part in parts for case in part.cases)
    return LocalReport(image=image, limits=limits.to_json(), parts=parts, failed=failed)


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
    row: CaseRow


def _test_part(
    trial: _Trial, folder: Path, test_set: Manifest, task: Task, on_case: Callable[[], object]
) -> LocalPart:
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
    rows = tuple(one.row for one in done.values())
    suspicions = [Suspected(code=one.code, text=one.text) for one in result.suspicions]
    return LocalPart(
        task=task,
        dataset=test_set.dataset,
        test_set=test_set.name,
        digest=test_set.digest,
        ap=result.score,
        constant=result.constant,
        cases=rows,
        warnings=tuple(warnings_of(task, test_set.dataset, rows, suspicions)),
    )


def _test_case(
    trial: _Trial, folder: Path, test_set: Manifest, case: ManifestCase, task: Task, scratch: Path
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
    prediction = files.prediction if scored.score.valid else None
    volume = PixelCase(case.id, prediction, files.label, files.shape)
    ran = _ran(job, case, execution, found, scored)
    return _Done(scored.score.with_evidence(evidence), volume, case_row(ran, job.limits))


def _ran(job: CaseJob, case: ManifestCase, execution: Execution, found: Outcome, scored: ScoredCase) -> Ran:
    reason, state = found.reason, str(found.state_name)
    if found.state_name == "collected":
        state = "succeeded" if scored.score.valid else "output_invalid"
        reason = None if scored.score.valid else FailureReason.OUTPUT_INVALID
    starved = state == "timed_out" and lack_of(execution.usage, job.limits) is not None
    flags = (*found.flags, OutcomeFlag.STARVED) if starved else found.flags
    return Ran(
        case=case.id,
        outcome=state,
        text=_text(reason, scored),
        flags=[*map(str, flags), *scored.score.flags],
        score=scored.score,
        seconds=execution.seconds,
        exit_code=execution.exit_code,
        usage=None if execution.usage is None else execution.usage.to_json(),
        log=job.log.read_bytes() if job.log.exists() else b"",
    )


def _text(reason: FailureReason | None, scored: ScoredCase) -> str:
    """With what a reader wants to know who may have written the file."""
    if scored.unforeseen is not None:
        ended = scored.unforeseen.strip().splitlines()[-1]
        return f"{FailureReason.OUTPUT_INVALID.text} Reading it ended with: {ended}"
    return reason.text if reason else ""
