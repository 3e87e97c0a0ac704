"""What `score` and `evidence` share: how they read and pool."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from mood_evaluator.case_score import CaseScore, score_pixel_case, score_sample_case
from mood_evaluator.cli.progress import bar
from mood_evaluator.cli.score_input import ScoreInput
from mood_evaluator.cli.scoring_options import ScoringOptions
from mood_evaluator.constant_guess import constant_score
from mood_evaluator.dataset_result import SetScore, score_cases
from mood_evaluator.pools import KeptPositives
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.scoring import LoadPositives, PixelCase
from mood_evaluator.shelf import Shelf
from mood_evaluator.suspicion import Suspicion
from mood_evaluator.suspicions import suspicions_of
from mood_evaluator.test_set import Task

Part = TypeVar("Part")


class Precision(StrEnum):
    """How finely scores are told apart; all but the exact one come from Evidence, in a single pass."""

    FLOAT32 = "float32"
    TWO_SIDED = "two-sided"
    MOOD2020 = "mood2020"

    @property
    def quantizer(self) -> Quantizer | None:
        return None if self is Precision.FLOAT32 else Quantizer(self.replace("-", "_"))


def score_all(
    given: ScoreInput, precision: Precision, options: ScoringOptions, *, exact: bool
) -> tuple[dict[str, CaseScore], SetScore]:
    """Score each case, in order, then pool what was scored."""
    positives: dict[str, LoadPositives] = {}
    with Shelf() as shelf:

        def score(case: PixelCase) -> CaseScore:
            found = _score_case(case, given, exact=exact)
            if found.positives is not None:
                positives[case.id] = KeptPositives.put(shelf, found.positives).load
            return replace(found, positives=None)

        scores = read_each(given, score, "Reading cases", options.threads)
        return scores, _score_set(given, scores, positives, precision, options)


def read_each(
    given: ScoreInput, read: Callable[[PixelCase], Part], title: str, threads: int
) -> dict[str, Part]:
    """Return what `read` makes of each case, by id, in order; shows a bar."""
    with bar(title, len(given.cases)) as step, ThreadPoolExecutor(threads) as readers:

        def read_one(case: PixelCase) -> Part:
            part = read(case)
            step()
            return part

        return dict(zip(given.abnormal, readers.map(read_one, given.cases), strict=True))


def _score_case(case: PixelCase, given: ScoreInput, *, exact: bool) -> CaseScore:
    if given.task is Task.SAMPLE:
        return score_sample_case(case.prediction)
    return score_pixel_case(
        case.prediction,
        label=case.label,
        shape=case.shape,
        affine=case.affine,
        abnormal=given.abnormal[case.id],
        exact=exact,
    )


def _score_set(
    given: ScoreInput,
    scores: Mapping[str, CaseScore],
    positives: Mapping[str, LoadPositives],
    precision: Precision,
    options: ScoringOptions,
) -> SetScore:
    with bar("Pooling voxels", len(given.cases)) as step:
        return score_cases(
            task=given.task,
            abnormal=given.abnormal,
            batchings=given.batchings,
            case_scores=scores,
            cases=given.cases,
            valid_share=options.valid_share,
            positives=positives,
            precision=precision.quantizer,
            threads=options.threads,
            on_read=step,
        )


def suspect_set(
    given: ScoreInput, scores: Mapping[str, CaseScore], result: SetScore
) -> tuple[Suspicion, ...]:
    """Return what looks wrong; the maps of a few abnormal cases are read once more, and turned."""
    if result.score is None:
        return ()
    return suspicions_of(
        task=given.task,
        score=result.score,
        constant=constant_score(given.task, given.abnormal, given.batchings, scores),
        abnormal=given.abnormal,
        case_scores=scores,
        turn=given.cases,
    )
