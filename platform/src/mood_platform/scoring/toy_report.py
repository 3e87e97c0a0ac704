"""The toy report (mood-toy-report/1): all that happened on the public toy cases, log included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mood_evaluator import canonical_digest
from mood_platform.execution.case_log import log_text
from mood_platform.execution.case_warnings import warnings_of
from mood_platform.execution.limits import Limits
from mood_platform.models import TEAM_FAULTS, CaseRun, Json
from mood_platform.scoring.run_facts import Part, RunView
from mood_platform.storage.store import ObjectStore

SCHEMA = "mood-toy-report/1"
LOGS_BYTES = 24 * 2**20
"""Of all logs of a report together: it must remain a document that a page can read."""


def toy_report(view: RunView, *, results: Sequence[Json], store: ObjectStore) -> Json:
    """`results` are the evaluator's dataset results of the toy sets, in the order of `view.toy_parts`."""
    task, parts = view.submission.task, view.toy_parts
    limits = Limits.restore(view.run.limits)
    logs = LOGS_BYTES // max(1, sum(len(part.case_runs) for part in parts))
    limits = replace(limits, log=min(limits.log, logs))
    datasets = {
        str(part.manifest.dataset): _dataset(part, result, limits=limits, store=store)
        for part, result in zip(parts, results, strict=True)
    }
    report: Json = {
        "schema": SCHEMA,
        "head": _head(parts),
        "run": str(view.run.id),
        "submission": {"number": view.submission.number, "name": view.submission.name, "task": str(task)},
        "image": view.submission.image.digest,
        "limits": view.run.limits,
        "datasets": datasets,
        "warnings": [
            warning
            for (dataset, part), result in zip(datasets.items(), results, strict=True)
            for warning in warnings_of(task, dataset, part["cases"], result["suspicions"])
        ],
        "failed": all_failed(parts),
    }
    return report | {"digest": canonical_digest(report)}


def all_failed(parts: Iterable[Part]) -> bool:
    """Every toy case ended in a fault of the team: there is no point in going on."""
    return all(case_run.state in TEAM_FAULTS for part in parts for case_run in part.case_runs)


def _head(parts: Sequence[Part]) -> str:
    cases = sum(len(part.case_runs) for part in parts)
    return f"{cases} toy cases only show that your container works; they do not predict your rank."


def _dataset(part: Part, result: Json, *, limits: Limits, store: ObjectStore) -> Json:
    return {
        "test_set": part.manifest.name,
        "digest": part.manifest.digest,
        "ap": result["score"],
        "constant": result["constant"],
        "cases": [_case(case_run, limits=limits, store=store) for case_run in part.case_runs],
    }


def _case(case_run: CaseRun, *, limits: Limits, store: ObjectStore) -> Json:
    score = case_run.score or {}
    return {
        "case": case_run.case.case_id,
        "outcome": str(case_run.state),
        "text": case_run.reason.text if case_run.reason else "",
        "fault": score.get("fault"),
        "flags": case_run.flags,
        "score": score.get("score"),
        "ap": score.get("case_ap"),
        "seconds": case_run.seconds,
        "limit_seconds": limits.seconds,
        "exit_code": case_run.exit_code,
        "usage": case_run.usage,
        "log": _log(store, case_run.log_key, limit=limits.log),
    }


def _log(store: ObjectStore, key: str | None, *, limit: int) -> str:
    if key is None:
        return ""
    with store.local(key) as path:
        return log_text(path.read_bytes(), limit=limit)
