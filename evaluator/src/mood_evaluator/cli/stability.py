"""`mood-evaluate stability`: how firm the ranking of a score table is under other draws of its cases."""

import sys
from collections.abc import Iterator, Mapping
from json import loads
from pathlib import Path
from typing import Annotated, Any

import typer

from mood_evaluator.cli.options import (
    STABILITY,
    AdjustOption,
    Bootstraps,
    DrawSeed,
    Json,
    Missing,
    RankingOption,
    SchemeOption,
    Scores,
    SmallerIsBetter,
    are_runs,
    write_json,
)
from mood_evaluator.cli.stability_runs import stability_of_runs
from mood_evaluator.cli.text import stability_lines
from mood_evaluator.errors import EvaluatorError, InvalidTable
from mood_evaluator.runs.scored_run import Ranking
from mood_evaluator.tables.resamples import Draws
from mood_evaluator.tables.schemes import Adjust, Method, Scheme
from mood_evaluator.tables.score_table import ScoreTable, read_score_tables
from mood_evaluator.tables.stability import Repeats, draw_cases, draws_of_names, replay_table
from mood_evaluator.whole_file import need_place

_REMEDY = 'Write {"task": [["case", ...], ...]}'


def stability(
    scores: Scores,
    *,
    scheme: SchemeOption = Scheme.MEAN_THEN_RANK,
    adjust: AdjustOption = Adjust.NONE,
    missing: Missing = None,
    smaller_is_better: SmallerIsBetter = False,
    ranking: RankingOption = Ranking.AP,
    json: Json = None,
    bootstraps: Bootstraps = 1000,
    seed: DrawSeed = 1,
    draws: Annotated[
        Path | None, typer.Option(metavar="DRAWS.json", help="Replay these draws: " + _REMEDY[6:])
    ] = None,
    repeats: Annotated[
        Repeats, typer.Option(help="What a case drawn k times counts: k times, or as challengeR treats it.")
    ] = Repeats.HONOURED,
) -> None:
    """Tell how firm a ranking is: draw cases with replacement, in each task by itself, and rank every draw.

    [bold]mood-evaluate stability scores.csv --missing 0 --bootstraps 1000[/bold]

    [bold]mood-evaluate stability a.zip b.zip c.zip --json stability.json[/bold]
    """
    need_place(json, scores)
    method = Method(scheme=scheme, adjust=adjust, missing=missing, smaller_is_better=smaller_is_better)
    if are_runs(scores, method, ranking):
        if draws is not None:
            raise EvaluatorError("Draws are replayed for score tables only: leave --draws out.")
        stability_of_runs(scores, ranking, json, bootstraps=bootstraps, seed=seed)
        return
    tables = read_score_tables(scores[0])
    drawn = _draw(tables, bootstraps, seed) if draws is None else _named(tables, draws)
    found = {
        task: replay_table(tables[task], method, of_task, repeats=repeats).to_json()
        for task, of_task in drawn
    }
    document = {"schema": STABILITY, "scheme": method.scheme, "repeats": repeats, "tasks": found}
    write_json(json, document)
    sys.stdout.write("\n".join(stability_lines(found)) + "\n")


def _draw(tables: Mapping[str, ScoreTable], bootstraps: int, seed: int) -> Iterator[tuple[str, Draws]]:
    for number, (task, table) in enumerate(tables.items()):
        own = seed + 1_000_003 * number  # tasks are drawn independently
        yield task, draw_cases(len(table.cases), n=bootstraps, seed=own)


def _named(tables: Mapping[str, ScoreTable], path: Path) -> Iterator[tuple[str, Draws]]:
    for task, names in _read_draws(path).items():
        if task not in tables:
            raise InvalidTable(f"{path}: the table has no task {task!r}. Remove it, or correct the name.")
        yield task, draws_of_names(tables[task], names, str(path))


def _read_draws(path: Path) -> dict[str, list[list[str]]]:
    try:
        document = loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidTable(f"{path} is no JSON ({error}). {_REMEDY}.") from error
    if not isinstance(document, dict) or not all(_are_draws(draws) for draws in document.values()):
        raise InvalidTable(f"{path} does not hold draws. {_REMEDY}.")
    return document


def _are_draws(draws: Any) -> bool:
    return isinstance(draws, list) and bool(draws) and all(isinstance(draw, list) for draw in draws)
