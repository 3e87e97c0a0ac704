"""What `score` and `evidence` share: their options, and how they read and pool."""

import argparse
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from mood_evaluator.case_score import CaseScore, score_pixel_case, score_sample_case
from mood_evaluator.cli.progress import bar
from mood_evaluator.cli.score_input import ScoreInput
from mood_evaluator.dataset_result import SetScore, score_cases
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.scoring import PixelCase
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


def add_scoring_options(parser: argparse.ArgumentParser) -> None:
    """Add what says which files are scored against which truth."""
    parser.add_argument(
        "--predictions", type=Path, required=True, metavar="DIR",
        help="one file per case, named like the image (pixel), or like the image with .txt behind (sample)",
    )  # fmt: skip
    truth = parser.add_mutually_exclusive_group(required=True)
    truth.add_argument("--test-set", type=Path, metavar="DIR", help="a folder with test_set.json")
    truth.add_argument(
        "--labels",
        type=Path,
        metavar="DIR",
        help="labels as MOOD lays them out: toy_label, or its pixel or sample",
    )
    parser.add_argument("--task", type=Task, required=True, choices=list(Task))
    parser.add_argument(
        "--batch-size", type=_whole, metavar="N",
        help="with --labels: scans per batch of the pixel task; 0 takes all at once (default: 20)",
    )  # fmt: skip
    parser.add_argument("--seed", metavar="S", help="with --labels: decides who shares a batch (default: 0)")
    parser.add_argument("--valid-share", type=float, default=0.5, metavar="SHARE", help="default: 0.5")
    parser.add_argument(
        "--threads", type=_positive, default=os.cpu_count() or 1, metavar="N", help="default: one per core"
    )


def score_all(given: ScoreInput, *, exact: bool, threads: int) -> dict[str, CaseScore]:
    """Score each case, in order."""

    def score(case: PixelCase) -> CaseScore:
        return _score_case(case, given.task, exact=exact)

    return read_each(given, score, "Reading cases", threads)


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


def _score_case(case: PixelCase, task: Task, *, exact: bool) -> CaseScore:
    if task is Task.SAMPLE:
        return score_sample_case(case.prediction)
    return score_pixel_case(case.prediction, label=case.label, shape=case.shape, exact=exact)


def score_set(
    given: ScoreInput, scores: Mapping[str, CaseScore], precision: Precision, options: argparse.Namespace
) -> SetScore:
    """Pool what was scored."""
    with bar("Pooling voxels", 2 * len(given.cases)) as step:
        return score_cases(
            task=given.task,
            abnormal=given.abnormal,
            batchings=given.batchings,
            case_scores=scores,
            cases=given.cases,
            valid_share=options.valid_share,
            precision=precision.quantizer,
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
