"""`mood-evaluate report` and `analyse`: everything that scored runs of several teams say."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mood_evaluator.cli.options import (
    OK,
    Commands,
    add_bootstrap_options,
    check_bootstrap_options,
    write_json,
)
from mood_evaluator.cli.progress import bar
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.runs.standings import Standings, gather_runs
from mood_evaluator.test_set import Task

if TYPE_CHECKING:
    from mood_evaluator.report import Part

_WORDS = (
    "Ranks, bootstraps and analyses scored runs of one or both tasks. With the folders of their test sets it "
    "also tells kinds of anomalies apart."
)


def add_report(commands: Commands) -> None:
    """Add `report`."""
    parser = commands.add_parser("report", help="write HTML, PDF and CSV of scored runs", description=_WORDS)
    _add_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="holds the report afterwards")
    parser.add_argument("--title", default="MOOD: report", help="of the report")
    parser.set_defaults(run=_report)


def add_analyse(commands: Commands) -> None:
    """Add `analyse`."""
    parser = commands.add_parser("analyse", help="write the numbers of the report", description=_WORDS)
    _add_options(parser)
    parser.add_argument(
        "--json", type=Path, required=True, metavar="OUT", help="write the numbers to this file"
    )
    parser.set_defaults(run=_analyse)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN.zip", help="from `mood-evaluate evidence`")
    parser.add_argument(
        "--test-set", type=Path, action="append", default=[], metavar="DIR", help="may be given several times"
    )
    parser.add_argument(
        "--predictions", type=_predictions, action="append", default=[], metavar="TEAM@TEST_SET=DIR",
        help="for heat maps (pixel task); may be given several times",
    )  # fmt: skip
    add_bootstrap_options(parser)


def _report(options: argparse.Namespace) -> int:
    parts = _load(options)
    from mood_evaluator.report import write_report  # an extra

    with bar("Drawing figures", sum(len(part.figures) for part in parts)) as step:
        path = write_report(parts, options.out, title=options.title, on_figure=step)
    sys.stdout.write(f"{path}\n{path.with_suffix('.pdf')}\n{options.out / 'csv'}\n")
    return OK


def _analyse(options: argparse.Namespace) -> int:
    parts = _load(options)
    document = {str(part.task): {item.name: list(item.rows) for item in part.items} for part in parts}
    write_json(options.json, document)
    return OK


def _load(options: argparse.Namespace) -> list[Part]:
    check_bootstrap_options(options)
    if find_spec("matplotlib") is None or find_spec("jinja2") is None:
        raise EvaluatorError("Reports need more: pip install 'mood-evaluator[report]'.")
    from mood_evaluator.report import MeasuredSet, build_part  # an extra

    predictions: dict[str, dict[str, Path]] = {}
    for team, test_set, folder in options.predictions:
        predictions.setdefault(test_set, {})[team] = folder
    runs = [ScoredRun.load(path) for path in options.runs]
    tasks = _by_task(runs)
    sets = [MeasuredSet.load(folder) for folder in options.test_set]
    with bar("Drawing scans", sum(len(found.sets) * len(found.teams) for found in tasks)) as step:
        return [
            build_part(
                found,
                sets,
                bootstraps=options.bootstraps,
                seed=options.seed,
                predictions=predictions,
                on_run=step,
            )
            for found in tasks
        ]


def _by_task(runs: Sequence[ScoredRun]) -> list[Standings]:
    parts = [[run for run in runs if run.task is task] for task in Task]
    return [gather_runs(part) for part in parts if part]


def _predictions(text: str) -> tuple[str, str, Path]:
    team_and_set, _, folder = text.partition("=")
    team, _, test_set = team_and_set.rpartition("@")
    if not team or not test_set or not Path(folder).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not TEAM@TEST_SET=DIR with a folder that exists")
    return team, test_set, Path(folder)
