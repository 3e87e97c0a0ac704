"""What `score` tells: a text, and a JSON document for scripts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mood_evaluator.batches import Batching
from mood_evaluator.case_score import CaseScore
from mood_evaluator.cli.options import write_json
from mood_evaluator.cli.score_input import ScoreInput
from mood_evaluator.curves import MIN_CASES, Curve
from mood_evaluator.dataset_result import BatchedScore, SetScore
from mood_evaluator.evidence import sum_evidence
from mood_evaluator.objects.rule import spacings_of
from mood_evaluator.objects.sensitivity import ObjectSensitivity, ObjectSweep, object_sensitivity
from mood_evaluator.suspicion import Suspicion
from mood_evaluator.test_set import Task
from mood_evaluator.version import SCORING_VERSION, __version__

_DRAWS, _SEED = 1_000, 1  # of the bootstrap, as `stability` takes them by default


def write_document(
    path: Path,
    given: ScoreInput,
    scores: Mapping[str, CaseScore],
    result: SetScore,
    sensitivity: ObjectSensitivity | None = None,
    suspicions: Sequence[Suspicion] = (),
) -> None:
    """Write everything that was computed."""
    batches = _batches(given, result)
    document = {
        "schema": "mood-scores/1",
        "evaluator": __version__,
        "scoring_version": SCORING_VERSION,
        "task": str(given.task),
        "score": result.score,
        "valid": result.valid,
        "total": result.total,
        "batches": batches[0] if batches else [],
        "second_batching": (
            {"score": result.validation.mean, "batches": batches[1]} if result.validation else None
        ),
        "whole_set_ap": result.whole_set_ap,
        **_rates(given, scores, result),
        **({"object_sensitivity": sensitivity.to_json()} if sensitivity is not None else {}),
        "quantized": dict(result.quantized),
        "lossy": list(result.lossy),
        "warnings": _warnings(given, scores, result, suspicions),
        "cases": [
            {"id": key, "outcome": _outcome(score), **score.to_json()} for key, score in scores.items()
        ],
    }
    write_json(path, document)


def describe_sensitivity(given: ScoreInput, sweep: ObjectSweep) -> ObjectSensitivity:
    """Return the score with its interval and the rule that it rests on."""
    return object_sensitivity(
        sweep, given.abnormal, spacings=spacings_of(given.cases), n=_DRAWS, seed=_SEED, stream=given.name
    )


def as_text(
    given: ScoreInput,
    scores: Mapping[str, CaseScore],
    result: SetScore,
    sensitivity: ObjectSensitivity | None = None,
    suspicions: Sequence[Suspicion] = (),
) -> str:
    """Return one line a case, then the score."""
    lines = [f"{case_id}  {_case_words(score)}" for case_id, score in scores.items()]
    lines.append(f"{result.valid} of {result.total} predictions are valid.")
    if result.score is None:
        lines.append(f"No result: at least {result.valid_share:.0%} must be valid.")
    else:
        lines += _score_lines(result)
    if sensitivity is not None:
        low, high = sensitivity.interval
        lines.append(
            f"Object sensitivity {sensitivity.score!r}, 95 % of draws of scans {low:.4f} - {high:.4f}"
        )
    lines += [f"Warning: {text}" for text in _warnings(given, scores, result, suspicions)]
    return "\n".join(lines) + "\n"


def _score_lines(result: SetScore) -> list[str]:
    lines = [f"AP {result.score!r}"]
    if result.official is not None and len(result.official.batch_aps) > 1:
        lines = [f"AP {result.score!r}, the mean of {len(result.official.batch_aps)} batches"]
        lines.append(f"AP of all voxels at once {result.whole_set_ap!r}")
    if result.validation is not None:
        lines.append(f"AP under the second batching {result.validation.mean!r}")
    return lines


def _warnings(
    given: ScoreInput,
    scores: Mapping[str, CaseScore],
    result: SetScore,
    suspicions: Sequence[Suspicion],
) -> list[str]:
    lossy = [_warning(name, given, scores, result) for name in result.lossy]
    return lossy + [suspicion.text for suspicion in suspicions]


def _warning(name: str, given: ScoreInput, scores: Mapping[str, CaseScore], result: SetScore) -> str:
    """Name the likely reason why rounding changes the score."""
    pooled = sum_evidence([score.evidence for score in scores.values() if score.evidence is not None])
    reason = (
        "many scores lie close to 1, where it is coarse"
        if pooled.max > 0.99
        else "the scores fill only a small part of [0, 1]"
    )
    return (
        f"the AP under {name} is {result.quantized[name]:.6f}, more than 0.001 away: {reason}. "
        f"Spread the scores of the {given.task} task over [0, 1]."
    )


def _batches(given: ScoreInput, result: SetScore) -> list[list[dict[str, Any]]]:
    both = [scored for scored in (result.official, result.validation) if scored is not None]
    if not given.batchings:
        return [[{"cases": list(given.abnormal), "ap": scored.mean}] for scored in both]
    return [_zip(batching, scored) for batching, scored in zip(given.batchings, both, strict=False)]


def _zip(batching: Batching, scored: BatchedScore) -> list[dict[str, Any]]:
    pairs = zip(batching.batches, scored.batch_aps, strict=True)
    return [{"cases": list(case_ids), "ap": ap} for case_ids, ap in pairs]


def _rates(given: ScoreInput, scores: Mapping[str, CaseScore], result: SetScore) -> dict[str, Any]:
    """Return AUROC, FPR@95TPR and best Dice: of scans, or of voxels under the two-sided quantizer."""
    rates: dict[str, Any] = dict.fromkeys(("auroc", "fpr_at_95_tpr", "best_dsc"))
    if result.score is None:
        return rates
    curve = Curve.of_cases(given.task, scores, given.abnormal)
    if given.task is Task.PIXEL:
        rates["best_dsc"] = asdict(curve.best_dsc())
    if curve.negatives.any():
        rates["auroc"] = curve.auroc()
        rates["fpr_at_95_tpr"] = curve.fpr_at_tpr() if len(given.cases) >= MIN_CASES else None
    return rates


def _outcome(score: CaseScore) -> str:
    return "valid" if score.fault is None else str(score.fault)


def _case_words(score: CaseScore) -> str:
    if score.fault is not None:
        return f"invalid: {score.fault.text}"
    value = score.score if score.case_ap is None else score.case_ap
    words = ["valid" if value is None else f"{value:.6f}", *(flag.text for flag in score.flags)]
    return "  ".join(words)
