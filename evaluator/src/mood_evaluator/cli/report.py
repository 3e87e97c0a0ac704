"""`mood-evaluate report` and `analyse`: everything that scored runs of several teams say."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from datetime import date as date_format
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mood_evaluator.analysis.supplement import supplement_of
from mood_evaluator.cli.options import ANALYSIS, Bootstraps, DrawSeed, write_json
from mood_evaluator.cli.progress import bar
from mood_evaluator.errors import EvaluatorError, in_words
from mood_evaluator.runs.ground import Edition
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.test_set import Task
from mood_evaluator.whole_file import need_place

if TYPE_CHECKING:
    from mood_evaluator.report import MeasuredSet, Report

Drawn = tuple[str, str, Path]
"""Whose predictions, of which test set, in which folder."""


def _predictions(text: str) -> Drawn:
    team_and_set, _, folder = text.partition("=")
    team, _, test_set = team_and_set.rpartition("@")
    if not team or not test_set or not folder or not Path(folder).is_dir():
        raise typer.BadParameter(f"{text!r} is not TEAM@TEST_SET=DIR with a folder that exists")
    return team, test_set, Path(folder)


def _date(text: str) -> str:
    try:
        return date_format.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date such as 2026-10-31") from None


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


Boards = Annotated[
    list[Path] | None,
    typer.Option(
        "--leaderboard",
        metavar="JSON",
        help="The published leaderboard of a task: edition, version, digest, date and caveats come from it.",
    ),
]
ReportDate = Annotated[
    str, typer.Option("--date", parser=_date, metavar="YYYY-MM-DD", help="Of the report (default: today).")
]


def report(
    runs: Runs,
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Holds the report afterwards.")],
    test_set: TestSets = None,
    predictions: Maps = None,
    leaderboard: Boards = None,
    date: ReportDate = "",
    bootstraps: Bootstraps = 1000,
    seed: DrawSeed = 1,
    title: Annotated[str, typer.Option(help="Of the report (default: that of the challenge).")] = "",
) -> None:
    """Write HTML, PDF and CSV of scored runs of one or both tasks.

    Ranks, bootstraps and analyses them. With the folders of their test sets it also tells kinds of anomalies
    apart.

    [bold]mood-evaluate report a.zip b.zip --test-set test-brain --test-set test-abdom --out report[/bold]
    """
    made = _build(
        runs, test_set, predictions, leaderboard, title=title, date=date, bootstraps=bootstraps, seed=seed
    )
    from mood_evaluator.report import write_report  # an extra

    with bar("Drawing figures", 2 * len(made.figures)) as step:
        path = write_report(made, out, on_figure=step)
    sys.stdout.write(f"{path}\n{path.with_suffix('.pdf')}\n{out / 'csv'}\n")


def analyse(
    runs: Runs,
    *,
    json: Annotated[Path, typer.Option(metavar="OUT", help="Write the numbers to this file.")],
    test_set: TestSets = None,
    predictions: Maps = None,
    leaderboard: Boards = None,
    date: ReportDate = "",
    bootstraps: Bootstraps = 1000,
    seed: DrawSeed = 1,
) -> None:
    """Write the numbers of the report.

    [bold]mood-evaluate analyse a.zip b.zip --test-set test-brain --json analysis.json[/bold]
    """
    need_place(json, [*runs, *(leaderboard or ())])
    made = _build(
        runs, test_set, predictions, leaderboard, title="", date=date, bootstraps=bootstraps, seed=seed
    )
    rows: dict[str, dict[str, Any]] = {}
    for item in made.items:
        rows.setdefault(item.task, {})[item.name] = list(item.rows)
    beside = {str(one.task): supplement_of(one, n=bootstraps, seed=seed).to_json() for one in made.standings}
    write_json(json, {"schema": ANALYSIS, **rows, "analysis": beside})


def _build(
    paths: Sequence[Path],
    test_sets: Sequence[Path] | None,
    drawn: Sequence[Drawn] | None,
    boards: Sequence[Path] | None,
    *,
    title: str,
    date: str,
    bootstraps: int,
    seed: int,
) -> Report:
    if find_spec("matplotlib") is None or find_spec("jinja2") is None:
        raise EvaluatorError("Reports need more: pip install 'mood-evaluator[report]'.")
    from mood_evaluator.report import MeasuredSet, build_report  # an extra

    predictions: dict[str, dict[str, Path]] = {}
    for team, test_set, folder in drawn or ():
        predictions.setdefault(test_set, {})[team] = folder
    runs = [ScoredRun.load(path) for path in paths]
    editions = dict(_edition(path) for path in boards or ())
    sets = [MeasuredSet.load(folder) for folder in test_sets or ()]
    _need_known(runs, sets, drawn or ())
    with bar("Drawing scans", len(runs)) as step:
        return build_report(
            runs,
            sets,
            bootstraps=bootstraps,
            seed=seed,
            date=date or datetime.now(UTC).date().isoformat(),
            title=title,
            editions=editions,
            predictions=predictions,
            on_run=step,
        )


def _need_known(runs: Sequence[ScoredRun], sets: Sequence[MeasuredSet], drawn: Sequence[Drawn]) -> None:
    """Raise EvaluatorError for a folder that nothing in the report would be of."""
    digests = {run.test_set: run.test_set_digest for run in runs}
    for one in sets:
        name = one.test_set.name
        if name not in digests:
            raise EvaluatorError(f"{one.folder} holds {name}, of which no run is given. Leave it out.")
        if one.test_set.digest != digests[name]:
            sys.stderr.write(
                f"mood-evaluate: the runs were scored on another form of {name} than {one.folder}.\n"
            )
    known = {one.test_set.name: one.test_set for one in sets}
    teams = {(run.team, run.test_set) for run in runs if run.task is Task.PIXEL}
    for team, test_set, folder in drawn:
        given = f"--predictions {team}@{test_set}={folder}"
        if (team, test_set) not in teams:
            raise EvaluatorError(
                f"{given}: no run of the pixel task is given of {team} on {test_set}. Add it."
            )
        if test_set not in known:
            raise EvaluatorError(
                f"{given}: its scans are needed too. Add --test-set with the folder of {test_set}."
            )
        images = [folder / Path(case.image).name for case in known[test_set].for_task(Task.PIXEL)]
        if not any(path.is_file() for path in images):
            raise EvaluatorError(f"{given}: no file there is called like an image of {test_set}.")


def _edition(path: Path) -> tuple[Task, Edition]:
    """Read a published leaderboard; raises EvaluatorError, naming the file."""
    try:
        document = json_format.loads(path.read_text(encoding="utf-8"))
        return Task(document["task"]), Edition.of_leaderboard(document)
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise EvaluatorError(
            f"{path} is no published leaderboard ({in_words(error)}). Give the JSON of a published version."
        ) from error
