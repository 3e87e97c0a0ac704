"""Reads stored predictions with the evaluator in a limited child: validity, score and Evidence of a case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mood_evaluator import CaseScore, OutputFault, Task, score_pixel_case, score_sample_case
from mood_platform.errors import Transient
from mood_platform.models import CaseRun, Json
from mood_platform.runs.limited_child import ChildLimits, Exhausted, run_limited
from mood_platform.storage.store import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCase:
    """Where a case's prediction and truth lie; no prediction counts as all zero."""

    task: Task
    prediction_key: str | None
    label_key: str | None
    shape: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ScoredCase:
    document: Json
    """The evaluator's CaseScore, without the Evidence."""
    evidence: bytes | None


def stored_case(case_run: CaseRun, task: Task) -> StoredCase:
    """Needs the CaseRun's Case loaded."""
    case = case_run.case
    label = None if case.label_sha256 is None else f"labels/{case.label_sha256}.nii.gz"
    shape = (case.shape["x"], case.shape["y"], case.shape["z"])
    return StoredCase(task=task, prediction_key=case_run.prediction_key, label_key=label, shape=shape)


def score_prediction(store: ObjectStore, limits: ChildLimits, case: StoredCase) -> ScoredCase:
    """A prediction that exhausts its limits is unreadable, and is scored as if it were not there."""
    with opened(store, case.prediction_key) as prediction, opened(store, case.label_key) as label:
        answer = run_limited(lambda: _pack(_score(case, prediction, label)), limits)
        if not isinstance(answer, Exhausted):
            return _unpack(answer)
        zero = run_limited(lambda: _pack(_score(case, None, label)), limits)
    if isinstance(zero, Exhausted):
        raise Transient(
            f"Scoring a case without a prediction used up its {zero}.",
            remedy="Raise MOOD_EXECUTION__SCORING_MEMORY or MOOD_EXECUTION__SCORING_SECONDS, "
            f"or look at the label {case.label_key}.",
        )
    scored = _unpack(zero)
    scored.document["fault"] = OutputFault.UNREADABLE.value
    return scored


@contextmanager
def opened(store: ObjectStore, key: str | None) -> Iterator[Path | None]:
    """The object as a local file, or None for none."""
    with ExitStack() as stack:
        yield None if key is None else stack.enter_context(store.local(key))


def _score(case: StoredCase, prediction: Path | None, label: Path | None) -> CaseScore:
    if case.task is Task.SAMPLE:
        return score_sample_case(prediction)
    return score_pixel_case(prediction, label=label, shape=case.shape)


def _pack(score: CaseScore) -> bytes:
    evidence = b"" if score.evidence is None else score.evidence.to_bytes()
    return json.dumps(score.to_json()).encode() + b"\n" + evidence


def _unpack(answer: bytes) -> ScoredCase:
    head, _, evidence = answer.partition(b"\n")
    document: dict[str, Any] = json.loads(head)
    return ScoredCase(document, evidence or None)
