"""`mood-evaluate score`: scores a folder of predictions, exactly as the platform does."""

import argparse
import sys
from pathlib import Path

from mood_evaluator.cli.options import NO_RESULT, OK, Commands
from mood_evaluator.cli.score_document import as_text, write_document
from mood_evaluator.cli.score_input import read_input
from mood_evaluator.cli.scoring_steps import Precision, add_scoring_options, score_all, score_set

EXIT_CODES = "exit codes: 0 scored, 1 too few valid predictions for a result, 2 nothing could be scored"


def add_score(commands: Commands) -> None:
    """Add `score`."""
    score = commands.add_parser("score", help="score a folder of predictions", epilog=EXIT_CODES)
    add_scoring_options(score)
    score.add_argument(
        "--precision", type=Precision, choices=list(Precision), default=Precision.FLOAT32,
        help="float32 is exact and official; the others need one pass less (default: float32)",
    )  # fmt: skip
    score.add_argument(
        "--json", type=Path, metavar="OUT", help="write scores, batches and cases to this file"
    )
    score.set_defaults(run=_score)


def _score(options: argparse.Namespace) -> int:
    given = read_input(options)
    exact = options.precision is Precision.FLOAT32
    scores = score_all(given, exact=exact, threads=options.threads)
    result = score_set(given, scores, options.precision, options)
    if options.json is not None:
        write_document(options.json, given, scores, result)
    sys.stdout.write(as_text(given, scores, result))
    return NO_RESULT if result.score is None else OK
