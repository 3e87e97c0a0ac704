"""Scores one prediction with the evaluator in a limited child: validity, score and Evidence of a case."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from mood_evaluator import (
    LARGEST_STORED,
    Affine,
    CaseScore,
    PixelTruth,
    Task,
    score_pixel_prediction,
    score_sample_case,
)
from mood_platform.documents.case_score import StoredScore
from mood_platform.scoring.limited_child import Begin, ChildLimits, Unread, run_limited


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFiles:
    """A case's prediction and truth; no prediction counts as all zero, no label as a normal case.

    `affine` is the test set's: a prediction that states another one is flagged.
    """

    task: Task
    prediction: Path | None
    label: Path | None
    shape: tuple[int, int, int]
    affine: Affine | None = None


@dataclass(frozen=True, slots=True)
class ScoredCase:
    score: StoredScore
    evidence: bytes | None
    positives: bytes | None = None
    """The scores of its abnormal voxels, where there are any and they are no more than is stored."""
    unforeseen: str | None = None
    """How reading it ended, for organizers."""


def score_files(case: CaseFiles, limits: ChildLimits) -> ScoredCase:
    """Whatever goes wrong while a prediction is read makes it unreadable: it counts as if it were not there.

    What goes wrong before, or without one, is ours and is raised.
    """
    answer = run_limited(lambda begin: _pack(_score(case, begin)), limits)
    if not isinstance(answer, Unread):
        return _unpack(answer)
    zero = run_limited(lambda begin: _pack(_score(replace(case, prediction=None), begin)), limits)
    assert isinstance(zero, bytes), "without a prediction nothing is the prediction's fault"
    scored = _unpack(zero)
    return replace(scored, score=scored.score.unread(), unforeseen=answer.told)


def _score(case: CaseFiles, begin: Begin) -> CaseScore:
    """The label comes first, and is ours."""
    truth = None
    if case.task is Task.PIXEL:
        truth = PixelTruth.read(case.label, shape=case.shape, affine=case.affine)
    if case.prediction is not None:
        begin()
    if truth is None:
        return score_sample_case(case.prediction)
    return score_pixel_prediction(case.prediction, truth=truth)


def _pack(score: CaseScore) -> bytes:
    evidence = b"" if score.evidence is None else score.evidence.to_bytes()
    head = json.dumps([score.to_json(), len(evidence)]).encode()
    return head + b"\n" + evidence + _positives(score)


def _positives(score: CaseScore) -> bytes:
    """Nothing where nothing is abnormal, and where it would be more than is stored."""
    if score.positives is None or not score.positives.codes.size:
        return b""
    found = score.positives.to_bytes()
    return found if len(found) <= LARGEST_STORED else b""


def _unpack(answer: bytes) -> ScoredCase:
    head, _, rest = answer.partition(b"\n")
    score, size = json.loads(head)
    return ScoredCase(StoredScore.of(score), rest[:size] or None, rest[size:] or None)
