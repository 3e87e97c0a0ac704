"""`mood-evaluate evidence`: writes a scored run: all that ranking, analysis and report need."""

import argparse
import sys
from pathlib import Path

from mood_evaluator.cli.options import NO_RESULT, OK, Commands
from mood_evaluator.cli.score_document import as_text
from mood_evaluator.cli.score_input import ScoreInput, read_input
from mood_evaluator.cli.scoring_steps import Precision, add_scoring_options, read_each, score_all, score_set
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.objects.matching import ScanObjects
from mood_evaluator.objects.scan import objects_of_case, smallest_reference
from mood_evaluator.runs.scored_run import Detection, ScoredRun
from mood_evaluator.scoring import PixelCase
from mood_evaluator.slices import SliceScores, slices_of_case
from mood_evaluator.test_set import Task

_EXIT_CODES = "exit codes: 0 written, 1 written, but without a result, 2 nothing could be scored"


def add_evidence(commands: Commands) -> None:
    """Add `evidence`."""
    parser = commands.add_parser(
        "evidence", help="write a scored run, which ranking and report read", epilog=_EXIT_CODES
    )
    add_scoring_options(parser)
    parser.add_argument("--team", required=True, help="who made the predictions")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="RUN.zip", help="where the scored run goes"
    )
    parser.add_argument(
        "--exact", action="store_true", help="exact float32 APs, of each scan too, by two passes more"
    )
    parser.add_argument(
        "--objects", type=_threshold, metavar="T",
        help="extract objects at this score: the best-Dice threshold of a validation set, fixed beforehand",
    )  # fmt: skip
    parser.add_argument(
        "--min-volume", type=float, metavar="MM3",
        help="smallest predicted object (default: half the smallest reference object)",
    )  # fmt: skip
    parser.add_argument("--slices", action="store_true", help="also score each slice along the last axis")
    parser.add_argument(
        "--not-eligible", action="store_true", help="list the team at its score, but outside the ranking"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    given = read_input(options)
    precision = Precision.FLOAT32 if options.exact or given.task is Task.SAMPLE else Precision.TWO_SIDED
    scores = score_all(given, exact=options.exact, threads=options.threads)
    result = score_set(given, scores, precision, options)
    detection = _detection(given, options)
    ScoredRun(
        team=options.team,
        task=given.task,
        test_set=given.name,
        test_set_digest=given.digest,
        precision=str(precision),
        result=result,
        abnormal=given.abnormal,
        cases=scores,
        batchings=given.batchings,
        detection=detection,
        objects={} if detection is None else _objects(given, detection, options.threads),
        slices=_slices(given, options.threads) if options.slices and given.task is Task.PIXEL else {},
        eligible=not options.not_eligible,
    ).save(options.out)
    sys.stdout.write(as_text(given, scores, result) + f"Scored run: {options.out}\n")
    return NO_RESULT if result.score is None else OK


def _detection(given: ScoreInput, options: argparse.Namespace) -> Detection | None:
    if options.objects is None:
        return None
    if given.task is Task.SAMPLE:
        raise EvaluatorError("The sample task has no objects: leave --objects out.")
    if options.min_volume is not None:
        return Detection(options.objects, options.min_volume)
    return Detection(options.objects, (smallest_reference(given.cases) or 0.0) / 2)


def _objects(given: ScoreInput, detection: Detection, threads: int) -> dict[str, ScanObjects]:
    def extract(case: PixelCase) -> ScanObjects:
        return objects_of_case(case, threshold=detection.threshold, min_volume=detection.min_volume)

    return read_each(given, extract, "Extracting objects", threads)


def _slices(given: ScoreInput, threads: int) -> dict[str, SliceScores]:
    return read_each(given, slices_of_case, "Scoring slices", threads)


def _threshold(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no score in (0, 1]")
    return number
