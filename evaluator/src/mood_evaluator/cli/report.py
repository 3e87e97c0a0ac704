"""`mood-evaluate report` and `analyse`: everything that scored runs of several teams say."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mood_evaluator.cli.options import ANALYSIS, Bootstraps, DrawSeed, write_json
from mood_evaluator.cli.progress import bar
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.runs.standings import Standings, gather_runs
from mood_evaluator.test_set import Task

if TYPE_CHECKING:
    from mood_evaluator.report import Part

Drawn = tuple[str, str, Path]
"""Whose predictions, of which test set, in which folder."""


def _predictions(text: str) -> Drawn:
    team_and_set, _, folder = text.partition("=")
    team, _, test_set = team_and_set.rpartition("@")
    if not team or not test_set or not Path(folder).is_dir():
        raise typer.BadParameter(f"{text!r} is not TEAM@TEST_SET=DIR with a folder that exists")
    return team, test_set, Path(folder)


Runs = Annotated[list[Path], typer.Argument(metavar="RUN.zip...", help="From `mood-evaluate evidence`.")]
TestSets = Annotated[
    list[Path] | None, typer.Option("--test-set", metavar="DIR", help="May be given several times.")
]
Maps = Annotated[
    list[Any] | None,
    typer.Option(
        "--predictions",
        parser=_predictions,
        metavar="TEAM@TEST_SET=DIR",
        help="For heat maps (pixel task); may be given several times.",
    ),
]


def report(
    runs: Runs,
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Holds the report afterwards.")],
    test_set: TestSets = None,
    predictions: Maps = None,
    bootstraps: Bootstraps = 1000,
    seed: DrawSeed = 1,
    title: Annotated[str, typer.Option(help="Of the report.")] = "MOOD: report",
) -> None:
    """Write HTML, PDF and CSV of scored runs of one or both tasks.

    Ranks, bootstraps and analyses them. With the folders of their test sets it also tells kinds of anomalies
    apart.

    [bold]mood-evaluate report a.zip b.zip --test-set test-brain --test-set test-abdom --out report[/bold]
    """
    parts = _load(runs, test_set, predictions, bootstraps, seed)
    from mood_evaluator.report import write_report  # an extra

    with bar("Drawing figures", sum(len(part.figures) for part in parts)) as step:
        path = write_report(parts, out, title=title, on_figure=step)
    sys.stdout.write(f"{path}\n{path.with_suffix('.pdf')}\n{out / 'csv'}\n")


def analyse(
    runs: Runs,
    *,
    json: Annotated[Path, typer.Option(metavar="OUT", help="Write the numbers to this file.")],
    test_set: TestSets = None,
    predictions: Maps = None,
    bootstraps: Bootstraps = 1000,
    seed: DrawSeed = 1,
) -> None:
    """Write the numbers of the report.

    [bold]mood-evaluate analyse a.zip b.zip --test-set test-brain --json analysis.json[/bold]
    """
    parts = _load(runs, test_set, predictions, bootstraps, seed)
    rows = {str(part.task): {item.name: list(item.rows) for item in part.items} for part in parts}
    write_json(json, {"schema": ANALYSIS, **rows})


def _load(
    paths: Sequence[Path],
    test_sets: Sequence[Path] | None,
    drawn: Sequence[Drawn] | None,
    bootstraps: int,
    seed: int,
) -> list[Part]:
    if find_spec("matplotlib") is None or find_spec("jinja2") is None:
        raise EvaluatorError("Reports need more: pip install 'mood-evaluator[report]'.")
    from mood_evaluator.report import MeasuredSet, build_part  # an extra

    predictions: dict[str, dict[str, Path]] = {}
    for team, test_set, folder in drawn or ():
        predictions.setdefault(test_set, {})[team] = folder
    runs = [ScoredRun.load(path) for path in paths]
    tasks = _by_task(runs)
    sets = [MeasuredSet.load(folder) for folder in test_sets or ()]
    with bar("Drawing scans", sum(len(found.sets) * len(found.teams) for found in tasks)) as step:
        return [
            build_part(
                found,
                sets,
                bootstraps=bootstraps,
                seed=seed,
                predictions=predictions,
                on_run=step,
            )
            for found in tasks
        ]


def _by_task(runs: Sequence[ScoredRun]) -> list[Standings]:
    parts = [[run for run in runs if run.task is task] for task in Task]
    return [gather_runs(part) for part in parts if part]
