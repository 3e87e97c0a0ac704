"""The results of a Run, made of its rows and of what the evaluator says of each test set."""

from __future__ import annotations

import json
from collections.abc import Sequence

from mood_evaluator import CaseScore, Evidence
from mood_platform.clock import rfc3339
from mood_platform.documents.case_score import StoredScore
from mood_platform.documents.node_class import NodeClass, summed_up
from mood_platform.documents.run_results import LARGEST, CaseResult, RunResults, ScoredSet, ScoredSubmission
from mood_platform.documents.set_result import SetResult
from mood_platform.models import CaseRun
from mood_platform.scoring.run_facts import Part, RunFacts
from mood_platform.storage.store import ObjectStore

LARGEST_EVIDENCE = 16 * 2**20


def run_results(view: RunFacts, *, results: Sequence[SetResult], rescoring: int | None = None) -> RunResults:
    """`results` are in the order of `view.scored_parts`."""
    run, submission = view.run, view.submission
    return RunResults(
        run=str(run.id),
        number=run.number,
        rescoring=rescoring,
        stage=str(run.stage),
        submission=ScoredSubmission(
            id=str(submission.id),
            team=submission.team.handle,
            number=submission.number,
            task=submission.task,
            submitted_at=rfc3339(submission.submitted_at),
        ),
        image=submission.image.digest,
        limits=run.limits,
        scoring=run.scoring,
        node_classes=summed_up(
            NodeClass(cases=1, facts=case_run.node_facts)
            for part in view.scored_parts
            for case_run in part.case_runs
        ),
        test_sets=tuple(
            _test_set(part, result) for part, result in zip(view.scored_parts, results, strict=True)
        ),
    )


def read_results(store: ObjectStore, key: str) -> RunResults:
    return RunResults.from_json(json.loads(store.read(key, limit=LARGEST)), place=key)


def read_case_score(store: ObjectStore, case: CaseResult) -> CaseScore:
    assert case.score is not None, "every case is scored, as all zero where it has no prediction"
    key = case.evidence
    evidence = None if key is None else Evidence.from_bytes(store.read(key, limit=LARGEST_EVIDENCE))
    return case.score.with_evidence(evidence)


def _test_set(part: Part, result: SetResult) -> ScoredSet:
    manifest = part.manifest
    return ScoredSet(
        name=manifest.name,
        digest=manifest.digest,
        purpose=manifest.purpose,
        dataset=manifest.dataset,
        not_hidden=manifest.not_hidden,
        dropped=tuple(sorted(part.dropped)),
        result=result,
        cases={case_run.case.case_id: _case(case_run) for case_run in part.case_runs},
    )


def _case(case_run: CaseRun) -> CaseResult:
    return CaseResult(
        outcome=str(case_run.state),
        reason=None if case_run.reason is None else str(case_run.reason),
        attempt=case_run.attempt,
        seconds=case_run.seconds,
        flags=tuple(case_run.flags),
        score=None if case_run.score is None else StoredScore.of(case_run.score),
        prediction=case_run.prediction_key,
        evidence=case_run.evidence_key,
    )
