"""`mood-evaluate`: scores predictions as the platform does, ranks teams, and reports how sure that is."""

from collections.abc import Sequence
from typing import Annotated

from mood_evaluator.cli.ending import Commands, DebugOption, run_commands, version_option
from mood_evaluator.cli.evidence import evidence
from mood_evaluator.cli.options import CANNOT_SCORE
from mood_evaluator.cli.rank import rank
from mood_evaluator.cli.report import analyse, report
from mood_evaluator.cli.score import score
from mood_evaluator.cli.stability import stability
from mood_evaluator.errors import EvaluatorError

HELP = """Score predictions as the platform does, rank teams, and tell how sure that is.

A first afternoon, with eight toy cases and their labels as MOOD lays them out:

[bold]mood-evaluate score --task pixel --predictions mine --labels toy_label --batch-size 0[/bold]

Any table of scores, with the columns task, alg_name, value and case:

[bold]mood-evaluate rank scores.csv[/bold] and [bold]mood-evaluate stability scores.csv[/bold]

Several teams on a test set: [bold]mood-evaluate evidence[/bold] for each, then
[bold]mood-evaluate report a.zip b.zip --test-set test-brain --out report[/bold].

Exit codes: 0 done, 1 too few valid predictions for a result, 2 wrong use or input, 70 a fault of ours.
Environment: MOOD_DEBUG, NO_COLOR.
"""

app = Commands(no_args_is_help=True, rich_markup_mode="rich", help=HELP, pretty_exceptions_enable=False)
for command in (score, evidence, rank, stability, analyse, report):
    app.command()(command)


@app.callback()
def _options(
    *,
    debug: Annotated[bool, DebugOption] = False,
    show_version: Annotated[bool, version_option("mood-evaluate", "mood-evaluator")] = False,
) -> None: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    known: dict[type[Exception], int] = {EvaluatorError: CANNOT_SCORE, OSError: CANNOT_SCORE}
    return run_commands(app, arguments, name="mood-evaluate", known=known)
