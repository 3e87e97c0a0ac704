"""What the commands of `mood-evaluate` share: exit codes, and the options of a ranking."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mood_evaluator.cli.numbers import number_where
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.runs.counting import count_runs, grounds_of, sets_twice
from mood_evaluator.runs.scored_run import Ranking, ScoredRun
from mood_evaluator.runs.standings import Standings
from mood_evaluator.tables.schemes import Adjust, Method, Scheme
from mood_evaluator.tables.signed_rank import PairTest
from mood_evaluator.whole_file import whole_file

OK, NO_RESULT, CANNOT_SCORE = 0, 1, 2
RANKED_BY = {Ranking.AP: "AP", Ranking.OBJECT_SENSITIVITY: "object sensitivity"}
RANKING, STABILITY, ANALYSIS = "mood-ranking/1", "mood-stability/1", "mood-analysis/1"


def _missing(text: str) -> float | Literal["drop"]:
    if text == "drop":
        return "drop"
    return number_where(math.isfinite, "a finite number such as 0, or drop")(text)


def _whole_from(least: int, most: int) -> Callable[[str], int]:
    def parse(given: object) -> int:  # the text, or the default
        text = str(given)
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            raise typer.BadParameter(f"{text!r} is no whole number from {least} to {most:,}")
        return int(text)

    return parse


Scores = Annotated[
    list[Path],
    typer.Argument(
        metavar="SCORES...",
        help="One .csv with columns task, alg_name, value, case (empty = missing), or scored runs (.zip).",
    ),
]
SchemeOption = Annotated[Scheme, typer.Option(metavar="SCHEME", help=f"One of {', '.join(Scheme)}.")]
AdjustOption = Annotated[Adjust, typer.Option(help="Of the p-values of test-then-rank.")]
Missing = Annotated[
    Any,
    typer.Option(
        parser=_missing,
        metavar="NUMBER|drop",
        help="What counts for a missing value; rank-then-* put it behind the last rank of its case instead.",
    ),
]
SmallerIsBetter = Annotated[bool, typer.Option("--smaller-is-better", help="As for errors and distances.")]
RankingOption = Annotated[Ranking, typer.Option(help="What scored runs are ranked by.")]
Json = Annotated[Path | None, typer.Option(metavar="OUT", help="Write the numbers to this file.")]
Bootstraps = Annotated[
    int, typer.Option(parser=_whole_from(1, 1_000_000), metavar="N", help="Draws of scans or cases.")
]
DrawSeed = Annotated[int, typer.Option(parser=_whole_from(0, 2**63), metavar="SEED", help="Of the draws.")]


def load_standings(paths: Sequence[Path], ranking: Ranking) -> Standings:
    """Put the scored runs that lie at `paths` and count side by side, by the score that ranks."""
    runs = [ScoredRun.load(path) for path in paths]
    if ranking is Ranking.OBJECT_SENSITIVITY:
        runs = [run.by_object_sensitivity() for run in runs]
    counted = count_runs(runs)
    if counted.beside:
        sys.stderr.write(
            f"mood-evaluate: {', '.join(counted.beside)}: left out, for toy cases and sweeps move no rank. "
            f"Give their runs by themselves to rank them.\n"
        )
    for dataset, names in sets_twice(counted.standings, grounds_of(runs)).items():
        raise EvaluatorError(
            f"{' and '.join(names)} are all test sets of {dataset}, which a consensus counts once. Give the "
            f"runs of one of them."
        )
    return counted.standings


def are_runs(scores: Sequence[Path], method: Method, ranking: Ranking) -> bool:
    """Whether scored runs were given; raises EvaluatorError for anything but runs or a single table."""
    runs = [path.suffix == ".zip" for path in scores]
    if not all(runs) and len(runs) > 1:
        raise EvaluatorError("Give one score table (.csv), or one or more scored runs (.zip), not a mixture.")
    if not all(runs) and ranking is not Ranking.AP:
        raise EvaluatorError("--ranking is for scored runs (.zip): a score table is ranked by its values.")
    if all(runs) and method != Method():
        raise EvaluatorError(
            "Scored runs are ranked by the official rule: leave --scheme, --adjust, --missing and "
            "--smaller-is-better out."
        )
    return all(runs)


def or_null(value: float) -> float | None:
    """Return a number that JSON knows; None for NaN."""
    return None if math.isnan(value) else float(value)


def pair_rows(pairs: Iterable[PairTest]) -> list[dict[str, Any]]:
    """Return the tests of pairs as JSON."""
    return [
        {
            "better": pair.better,
            "worse": pair.worse,
            "p": or_null(pair.p),
            "p_adjusted": or_null(pair.p_adjusted),
            "significant": pair.significant,
        }
        for pair in pairs
    ]


def write_json(path: Path | None, document: Mapping[str, Any]) -> None:
    """Write what a command found, where it was told to."""
    if path is not None:
        with whole_file(path) as place:
            place.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
