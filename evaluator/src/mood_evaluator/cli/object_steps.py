"""What `score` and `evidence` do about objects: their options, the least volume, the sweep of thresholds."""

import math
from collections.abc import Mapping
from typing import Annotated

import typer

from mood_evaluator.case_score import CaseScore
from mood_evaluator.cli.numbers import number_where
from mood_evaluator.cli.score_input import ScoreInput
from mood_evaluator.cli.scoring_steps import read_each
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.evidence import sum_evidence
from mood_evaluator.objects.scan import smallest_reference
from mood_evaluator.objects.sensitivity import ObjectSweep, SweptScan, sweep_case, sweep_codes
from mood_evaluator.scoring import PixelCase
from mood_evaluator.test_set import Task

ObjectSensitivityOption = Annotated[
    bool,
    typer.Option(
        "--object-sensitivity",
        help="Pixel task: the share of objects found at few false alarms a scan, over all thresholds.",
    ),
]
MinVolume = Annotated[
    float | None,
    typer.Option(
        parser=number_where(lambda number: 0 <= number < math.inf, "a volume of 0 mm³ or more"),
        metavar="MM3",
        help="Smallest predicted object.",
        show_default="half the smallest reference object",
    ),
]


def sweep_objects(
    given: ScoreInput, scores: Mapping[str, CaseScore], min_volume: float | None, threads: int
) -> ObjectSweep:
    """Extract objects at all thresholds."""
    require_pixel(given, "--object-sensitivity")
    pooled = sum_evidence([score.evidence for score in scores.values() if score.evidence is not None])
    codes, least = sweep_codes(pooled), least_volume(given, min_volume)

    def sweep(case: PixelCase) -> SweptScan:
        return sweep_case(case, codes, min_volume=least)

    return ObjectSweep(codes, least, read_each(given, sweep, "Sweeping thresholds", threads))


def require_pixel(given: ScoreInput, option: str) -> None:
    """Raise EvaluatorError where voxels are needed and there are none."""
    if given.task is Task.SAMPLE:
        raise EvaluatorError(f"The sample task has no objects: leave {option} out.")


def least_volume(given: ScoreInput, min_volume: float | None) -> float:
    """Return what was given, else half of the smallest reference object, in mm³."""
    return (smallest_reference(given.cases) or 0.0) / 2 if min_volume is None else min_volume
