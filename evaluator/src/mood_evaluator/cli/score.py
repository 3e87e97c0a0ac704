"""`mood-evaluate score`: scores a folder of predictions, exactly as the platform does."""

import argparse
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path

from mood_evaluator.case_score import CaseScore, score_pixel_case, score_sample_case
from mood_evaluator.cli.options import NO_RESULT, OK, Commands
from mood_evaluator.cli.progress import bar
from mood_evaluator.cli.score_document import as_text, write_document
from mood_evaluator.cli.score_input import ScoreInput, read_input
from mood_evaluator.dataset_result import SetScore, score_cases
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.scoring import PixelCase
from mood_evaluator.test_set import Task

_EXIT_CODES = "exit codes: 0 scored, 1 too few valid predictions for a result, 2 nothing could be scored"


class Precision(StrEnum):
    """How finely scores are told apart; all but the exact one come from Evidence, in a single pass."""

    FLOAT32 = "float32"
    TWO_SIDED = "two-sided"
    MOOD2020 = "mood2020"

    @property
    def quantizer(self) -> Quantizer | None:
        return None if self is Precision.FLOAT32 else Quantizer(self.replace("-", "_"))


def add_score(commands: Commands) -> None:
    """Add `score`."""
    score = commands.add_parser("score", help="score a folder of predictions", epilog=_EXIT_CODES)
    score.add_argument(
        "--predictions", type=Path, required=True, metavar="DIR",
        help="one file per case, named like the image (pixel), or like the image with .txt behind (sample)",
    )  # fmt: skip
    truth = score.add_mutually_exclusive_group(required=True)
    truth.add_argument("--test-set", type=Path, metavar="DIR", help="a folder with test_set.json")
    truth.add_argument(
        "--labels",
        type=Path,
        metavar="DIR",
        help="labels as MOOD lays them out: toy_label, or its pixel or sample",
    )
    score.add_argument("--task", type=Task, required=True, choices=list(Task))
    score.add_argument(
        "--batch-size", type=_whole, metavar="N",
        help="with --labels: scans per batch of the pixel task; 0 takes all at once (default: 20)",
    )  # fmt: skip
    score.add_argument("--seed", metavar="S", help="with --labels: decides who shares a batch (default: 0)")
    score.add_argument(
        "--precision", type=Precision, choices=list(Precision), default=Precision.FLOAT32,
        help="float32 is exact and official; the others need one pass less (default: float32)",
    )  # fmt: skip
    score.add_argument("--valid-share", type=float, default=0.5, metavar="SHARE", help="default: 0.5")
    score.add_argument(
        "--threads", type=_positive, default=os.cpu_count() or 1, metavar="N", help="default: one per core"
    )
    score.add_argument(
        "--json", type=Path, metavar="OUT", help="write the scores, batches and cases to this file"
    )
    score.set_defaults(run=_score)


def _score(options: argparse.Namespace) -> int:
    given = read_input(options)
    scores = _score_all(given, options)
    result = _score_set(given, scores, options)
    if options.json is not None:
        write_document(options.json, given, scores, result)
    sys.stdout.write(as_text(given, scores, result))
    return NO_RESULT if result.score is None else OK


def _score_all(given: ScoreInput, options: argparse.Namespace) -> dict[str, CaseScore]:
    exact = options.precision is Precision.FLOAT32
    with bar("Reading cases", len(given.cases)) as step, ThreadPoolExecutor(options.threads) as readers:

        def score(case: PixelCase) -> CaseScore:
            scored = _score_case(case, given.task, exact=exact)
            step()
            return scored

        return dict(zip(given.abnormal, readers.map(score, given.cases), strict=True))


def _score_case(case: PixelCase, task: Task, *, exact: bool) -> CaseScore:
    if task is Task.SAMPLE:
        return score_sample_case(case.prediction)
    return score_pixel_case(case.prediction, label=case.label, shape=case.shape, exact=exact)


def _score_set(given: ScoreInput, scores: Mapping[str, CaseScore], options: argparse.Namespace) -> SetScore:
    with bar("Pooling voxels", 2 * len(given.cases)) as step:
        return score_cases(
            task=given.task,
            abnormal=given.abnormal,
            batchings=given.batchings,
            case_scores=scores,
            cases=given.cases,
            valid_share=options.valid_share,
            precision=options.precision.quantizer,
            threads=options.threads,
            on_read=step,
        )


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative; give 0 or more")
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not positive; give 1 or more")
    return number
