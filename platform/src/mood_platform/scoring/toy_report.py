"""Makes the toy report of a Run, of its rows and of what the evaluator says of its toy sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mood_platform.documents.case_score import StoredScore
from mood_platform.documents.set_result import SetResult
from mood_platform.documents.toy_report import ReportedSubmission, ToyReport, ToySet
from mood_platform.execution.case_warnings import warnings_of
from mood_platform.execution.limits import Limits
from mood_platform.models import TEAM_FAULTS, CaseRun
from mood_platform.scoring.case_row import Ran, case_row
from mood_platform.scoring.run_facts import Part, RunFacts
from mood_platform.storage.store import ObjectStore

LOGS_BYTES = 24 * 2**20
"""Of all logs of a report together: it must remain a document that a page can read."""


def toy_report(view: RunFacts, *, results: Sequence[SetResult], store: ObjectStore) -> ToyReport:
    """`results` are the evaluator's results of the toy sets, in the order of `view.toy_parts`."""
    submission, parts = view.submission, view.toy_parts
    limits = Limits.restore(view.run.limits)
    logs = LOGS_BYTES // max(1, sum(len(part.case_runs) for part in parts))
    limits = replace(limits, log=min(limits.log, logs))
    datasets = {
        part.manifest.dataset: _toy_set(part, result, limits=limits, store=store)
        for part, result in zip(parts, results, strict=True)
    }
    return ToyReport(
        head=_head(parts),
        run=str(view.run.id),
        submission=ReportedSubmission(number=submission.number, name=submission.name, task=submission.task),
        image=submission.image.digest,
        limits=view.run.limits,
        datasets=datasets,
        warnings=tuple(
            warning
            for (dataset, part), result in zip(datasets.items(), results, strict=True)
            for warning in warnings_of(submission.task, dataset, part.cases, result.suspicions)
        ),
        failed=all_failed(parts),
    )


def all_failed(parts: Iterable[Part]) -> bool:
    """Every toy case ended in a fault of the team: there is no point in going on."""
    return all(case_run.state in TEAM_FAULTS for part in parts for case_run in part.case_runs)


def _head(parts: Sequence[Part]) -> str:
    cases = sum(len(part.case_runs) for part in parts)
    return f"{cases} toy cases only show that your container works; they do not predict your rank."


def _toy_set(part: Part, result: SetResult, *, limits: Limits, store: ObjectStore) -> ToySet:
    return ToySet(
        test_set=part.manifest.name,
        digest=part.manifest.digest,
        ap=result.score,
        constant=result.constant,
        cases=tuple(case_row(_ran(case_run, store), limits) for case_run in part.case_runs),
    )


def _ran(case_run: CaseRun, store: ObjectStore) -> Ran:
    return Ran(
        case=case_run.case.case_id,
        outcome=str(case_run.state),
        text=case_run.reason.text if case_run.reason else "",
        flags=case_run.flags,
        score=None if case_run.score is None else StoredScore.of(case_run.score),
        seconds=case_run.seconds,
        exit_code=case_run.exit_code,
        usage=case_run.usage,
        log=_log(store, case_run.log_key),
    )


def _log(store: ObjectStore, key: str | None) -> bytes:
    if key is None:
        return b""
    with store.local(key) as path:
        return path.read_bytes()
