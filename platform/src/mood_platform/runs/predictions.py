"""Reads stored predictions with the evaluator in a limited child: validity, score and Evidence of a case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mood_evaluator import (
    CaseScore,
    OutputFault,
    PixelTruth,
    Task,
    score_pixel_prediction,
    score_sample_case,
)
from mood_platform.models import CaseRun, Json
from mood_platform.runs.limited_child import Begin, ChildLimits, Unread, run_limited
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
    """The evaluator's CaseScore, without the Evidence; `unforeseen: true` where nobody foresaw its fault."""
    evidence: bytes | None
    unforeseen: str | None = None
    """How reading it ended, for organizers."""


def stored_case(case_run: CaseRun, task: Task) -> StoredCase:
    """Needs the CaseRun's Case loaded."""
    case = case_run.case
    shape = (case.shape["x"], case.shape["y"], case.shape["z"])
    label = label_key(case.label_sha256)
    return StoredCase(task=task, prediction_key=case_run.prediction_key, label_key=label, shape=shape)


def label_key(sha256: str | None) -> str | None:
    """Where the label with this SHA-256 lies."""
    return None if sha256 is None else f"labels/{sha256}.nii.gz"


def score_prediction(store: ObjectStore, limits: ChildLimits, case: StoredCase) -> ScoredCase:
    """Whatever goes wrong while a prediction is read makes it unreadable: it counts as if it were not there.

    What goes wrong before, or without one, is ours and is raised.
    """
    with opened(store, case.prediction_key) as prediction, opened(store, case.label_key) as label:
        answer = run_limited(lambda begin: _pack(_score(case, prediction, label, begin)), limits)
        if not isinstance(answer, Unread):
            return _unpack(answer)
        zero = run_limited(lambda begin: _pack(_score(case, None, label, begin)), limits)
    assert isinstance(zero, bytes), "without a prediction nothing is the prediction's fault"
    scored = _unpack(zero)
    scored.document.update(fault=OutputFault.UNREADABLE.value, unforeseen=True)
    return replace(scored, unforeseen=answer.told)


@contextmanager
def opened(store: ObjectStore, key: str | None) -> Iterator[Path | None]:
    """The object as a local file, or None for none."""
    with ExitStack() as stack:
        yield None if key is None else stack.enter_context(store.local(key))


def _score(case: StoredCase, prediction: Path | None, label: Path | None, begin: Begin) -> CaseScore:
    """The label comes first, and is ours."""
    truth = None if case.task is Task.SAMPLE else PixelTruth.read(label, shape=case.shape)
    if prediction is not None:
        begin()
    return score_sample_case(prediction) if truth is None else score_pixel_prediction(prediction, truth=truth)


def _pack(score: CaseScore) -> bytes:
    evidence = b"" if score.evidence is None else score.evidence.to_bytes()
    return json.dumps(score.to_json()).encode() + b"\n" + evidence


def _unpack(answer: bytes) -> ScoredCase:
    head, _, evidence = answer.partition(b"\n")
    document: dict[str, Any] = json.loads(head)
    return ScoredCase(document, evidence or None)
