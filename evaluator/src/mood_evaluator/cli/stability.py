"""`mood-evaluate stability`: how firm the ranking of a score table is under other draws of its cases."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mood_evaluator.cli.options import (
    OK,
    Commands,
    add_bootstrap_options,
    add_table_options,
    are_runs,
    check_bootstrap_options,
    method_of,
    write_json,
)
from mood_evaluator.cli.stability_runs import stability_of_runs
from mood_evaluator.cli.text import stability_lines
from mood_evaluator.errors import InvalidTable
from mood_evaluator.tables.resamples import Draws
from mood_evaluator.tables.score_table import ScoreTable, read_score_tables
from mood_evaluator.tables.stability import Repeats, draw_cases, draws_of_names, replay_table

_WORDS = "Draws cases with replacement, in each task by itself, and ranks every draw anew."
_REMEDY = 'Write {"task": [["case", ...], ...]}'


def add_stability(commands: Commands) -> None:
    """Add `stability`."""
    parser = commands.add_parser("stability", help="bootstrap the ranking of a table", description=_WORDS)
    add_table_options(parser)
    add_bootstrap_options(parser)
    parser.add_argument("--draws", type=Path, metavar="DRAWS.json", help="replay these draws: " + _REMEDY[6:])
    parser.add_argument(
        "--repeats", type=Repeats, choices=list(Repeats), default=Repeats.HONOURED,
        help="what a case drawn k times counts: k times (default), or as challengeR treats it",
    )  # fmt: skip
    parser.set_defaults(run=_stability)


def _stability(options: argparse.Namespace) -> int:
    check_bootstrap_options(options)
    if are_runs(options):
        return stability_of_runs(options)
    tables = read_score_tables(options.scores[0])
    method = method_of(options)
    found = {
        task: replay_table(tables[task], method, draws, repeats=options.repeats).to_json()
        for task, draws in _draws(tables, options)
    }
    document = {"scheme": method.scheme, "repeats": options.repeats, "tasks": found}
    write_json(options.json, document)
    sys.stdout.write("\n".join(stability_lines(found)) + "\n")
    return OK


def _draws(tables: Mapping[str, ScoreTable], options: argparse.Namespace) -> Iterator[tuple[str, Draws]]:
    if options.draws is None:
        for number, (task, table) in enumerate(tables.items()):
            seed = options.seed + 1_000_003 * number  # tasks are drawn independently
            yield task, draw_cases(len(table.cases), n=options.bootstraps, seed=seed)
        return
    for task, names in _read_draws(options.draws).items():
        if task not in tables:
            raise InvalidTable(
                f"{options.draws}: the table has no task {task!r}. Remove it, or correct the name."
            )
        yield task, draws_of_names(tables[task], names, str(options.draws))


def _read_draws(path: Path) -> dict[str, list[list[str]]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidTable(f"{path} is no JSON ({error}). {_REMEDY}.") from error
    if not isinstance(document, dict) or not all(_are_draws(draws) for draws in document.values()):
        raise InvalidTable(f"{path} does not hold draws. {_REMEDY}.")
    return document


def _are_draws(draws: Any) -> bool:
    return isinstance(draws, list) and bool(draws) and all(isinstance(draw, list) for draw in draws)
