"""The results of a Run (mood-run-results/1): the evaluator's result of each test set, and its grounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mood_evaluator import canonical_digest
from mood_platform.clock import rfc3339
from mood_platform.models import CaseRun, Json
from mood_platform.scoring.run_facts import Part, RunView

SCHEMA = "mood-run-results/1"


def run_results(view: RunView, *, results: Sequence[Json], rescoring: int | None = None) -> Json:
    """`results` are the evaluator's dataset results, in the order of `view.scored_parts`. For organizers."""
    run, submission = view.run, view.submission
    document: Json = {
        "schema": SCHEMA,
        "run": str(run.id),
        "number": run.number,
        "rescoring": rescoring,
        "stage": str(run.stage),
        "submission": {
            "id": str(submission.id),
            "team": submission.team.handle,
            "number": submission.number,
            "task": str(submission.task),
            "submitted_at": rfc3339(submission.submitted_at),
        },
        "image": submission.image.digest,
        "limits": run.limits,
        "scoring": run.scoring,
        "node_classes": _node_classes(view.scored_parts),
        "test_sets": [
            _test_set(part, result) for part, result in zip(view.scored_parts, results, strict=True)
        ],
    }
    return document | {"digest": canonical_digest(document)}


def _test_set(part: Part, result: Json) -> Json:
    manifest = part.manifest
    return {
        "name": manifest.name,
        "digest": manifest.digest,
        "purpose": manifest.purpose,
        "dataset": str(manifest.dataset),
        "not_hidden": manifest.not_hidden,
        "dropped": sorted(part.dropped),
        "result": result,
        "cases": {case_run.case.case_id: _case(case_run) for case_run in part.case_runs},
    }


def _case(case_run: CaseRun) -> Json:
    return {
        "outcome": str(case_run.state),
        "reason": None if case_run.reason is None else str(case_run.reason),
        "attempt": case_run.attempt,
        "seconds": case_run.seconds,
        "flags": case_run.flags,
        "score": case_run.score,
        "prediction": case_run.prediction_key,
        "evidence": case_run.evidence_key,
    }


def _node_classes(parts: Sequence[Part]) -> list[Json]:
    """Each kind of node that ran a case, with the number of cases; more than one is worth a look."""
    cases = [case_run for part in parts for case_run in part.case_runs]
    classes = {canonical_digest(case_run.node_facts): case_run.node_facts for case_run in cases}
    counts = Counter(canonical_digest(case_run.node_facts) for case_run in cases)
    return [{"cases": counts[digest], **classes[digest]} for digest in sorted(classes)]
