"""What the commands of `mood-evaluate` share: exit codes, and the options of a ranking."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

from mood_evaluator.errors import EvaluatorError
from mood_evaluator.tables.schemes import Adjust, Method, Scheme
from mood_evaluator.tables.signed_rank import PairTest

OK, NO_RESULT, CANNOT_SCORE = 0, 1, 2


class Commands(Protocol):
    """Where a command adds its parser."""

    def add_parser(self, name: str, **settings: Any) -> argparse.ArgumentParser: ...


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Add the score table and how it is ranked."""
    parser.add_argument(
        "scores", type=Path, nargs="+", metavar="SCORES",
        help="one .csv with columns task, alg_name, value, case (empty = missing), or scored runs (.zip)",
    )  # fmt: skip
    parser.add_argument(
        "--scheme", type=Scheme, choices=list(Scheme), default=Scheme.MEAN_THEN_RANK, metavar="SCHEME",
        help=f"one of {', '.join(Scheme)} (default: mean-then-rank)",
    )  # fmt: skip
    parser.add_argument(
        "--adjust", type=Adjust, choices=list(Adjust), default=Adjust.NONE,
        help="of the p-values of test-then-rank (default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--missing", type=_missing, metavar="NUMBER|drop",
        help="what counts for a missing value; rank-then-* put it behind the last rank of its case instead",
    )  # fmt: skip
    parser.add_argument("--smaller-is-better", action="store_true", help="as for errors and distances")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the numbers to this file")


def are_runs(options: argparse.Namespace) -> bool:
    """Whether scored runs were given; raises EvaluatorError for anything but runs or a single table."""
    runs = [path.suffix == ".zip" for path in options.scores]
    if not all(runs) and len(runs) > 1:
        raise EvaluatorError("Give one score table (.csv), or one or more scored runs (.zip), not a mixture.")
    if all(runs) and (options.smaller_is_better or method_of(options) != Method()):
        raise EvaluatorError(
            "Scored runs are ranked by the official rule: leave --scheme, --adjust, --missing and "
            "--smaller-is-better out."
        )
    return all(runs)


def add_bootstrap_options(parser: argparse.ArgumentParser) -> None:
    """Add how often and from which seed to draw."""
    parser.add_argument("--bootstraps", type=int, default=1000, metavar="N", help="draws (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="of the draws (default: 1)")


def check_bootstrap_options(options: argparse.Namespace) -> None:
    """Raise EvaluatorError for what cannot be drawn."""
    if options.bootstraps < 1 or options.seed < 0:
        raise EvaluatorError("--bootstraps must be at least 1 and --seed at least 0.")


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
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def method_of(options: argparse.Namespace) -> Method:
    """Return the method that the options describe."""
    return Method(
        scheme=options.scheme,
        adjust=options.adjust,
        missing=options.missing,
        smaller_is_better=options.smaller_is_better,
    )


def _missing(text: str) -> float | Literal["drop"]:
    if text == "drop":
        return "drop"
    number = float(text)
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text} is no finite number; give one such as 0, or drop")
    return number
