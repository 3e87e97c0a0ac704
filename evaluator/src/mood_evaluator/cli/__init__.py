"""`mood-evaluate`: scores predictions as the platform does, ranks teams, and reports how sure that is."""

import argparse
import sys
from collections.abc import Callable, Sequence

from mood_evaluator.cli.evidence import add_evidence
from mood_evaluator.cli.options import CANNOT_SCORE
from mood_evaluator.cli.rank import add_rank
from mood_evaluator.cli.report import add_analyse, add_report
from mood_evaluator.cli.score import add_score
from mood_evaluator.cli.stability import add_stability
from mood_evaluator.errors import EvaluatorError

_EXIT_CODES = "exit codes: 0 done, 1 too few valid predictions for a result, 2 wrong use or wrong input"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except (EvaluatorError, OSError) as error:
        if options.debug:
            raise
        sys.stderr.write(f"mood-evaluate: {error}\n")
        return CANNOT_SCORE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mood-evaluate", description=__doc__, epilog=_EXIT_CODES)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (add_evidence, add_score, add_rank, add_stability, add_analyse, add_report):
        add(commands)
    for command in commands.choices.values():
        command.add_argument("--debug", action="store_true", help="show where an error comes from")
    return parser
