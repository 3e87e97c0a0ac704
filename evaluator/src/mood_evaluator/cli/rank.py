"""`mood-evaluate rank`: rankings, consensus, agreement and significance of a score table."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from mood_evaluator.cli.options import (
    OK,
    Commands,
    add_table_options,
    are_runs,
    method_of,
    or_null,
    pair_rows,
    write_json,
)
from mood_evaluator.cli.rank_runs import rank_runs
from mood_evaluator.cli.text import aligned
from mood_evaluator.tables.agreement import kendall_tau_b
from mood_evaluator.tables.combine import combine_rankings
from mood_evaluator.tables.schemes import Method, rank_table
from mood_evaluator.tables.score_table import ScoreTable, read_score_tables
from mood_evaluator.tables.signed_rank import PairTest, compare_pairs

_WORDS = "Each task gets its own ranking; with two or more tasks the consensus is the mean of the ranks."


def add_rank(commands: Commands) -> None:
    """Add `rank`."""
    parser = commands.add_parser("rank", help="rank the algorithms of a score table", description=_WORDS)
    add_table_options(parser)
    parser.set_defaults(run=_rank)


def _rank(options: argparse.Namespace) -> int:
    if are_runs(options):
        return rank_runs(options)
    document = rank_document(read_score_tables(options.scores[0]), method_of(options))
    write_json(options.json, document)
    sys.stdout.write(_as_text(document))
    return OK


def rank_document(tables: Mapping[str, ScoreTable], method: Method) -> dict[str, Any]:
    """Return rankings, consensus, Kendall's tau-b and significance as JSON."""
    rankings = {task: rank_table(table, method) for task, table in tables.items()}
    document: dict[str, Any] = {
        "rankings": {task: [asdict(row) for row in ranking] for task, ranking in rankings.items()}
    }
    if len(tables) > 1:
        document["consensus"] = [asdict(row) for row in combine_rankings(rankings)]
    places = {task: {row.algorithm: row.rank for row in ranking} for task, ranking in rankings.items()}
    document["kendall_tau_b"] = {
        f"{one}|{other}": or_null(kendall_tau_b(places[one], places[other]))
        for one, other in combinations(places, 2)
    }
    document["significance"] = {
        task: {"pairs": pair_rows(_compare(table, method))} for task, table in tables.items()
    }
    return document


def _compare(table: ScoreTable, method: Method) -> list[PairTest]:
    """Test with the number for missing values put in, else on the cases that both of a pair have."""
    if isinstance(method.missing, float):
        values = np.where(np.isnan(table.values), method.missing, table.values)
        table = ScoreTable(table.task, table.algorithms, table.cases, values)
    return compare_pairs(table, smaller_is_better=method.smaller_is_better)


def _as_text(document: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for task, ranking in document["rankings"].items():
        beaten = [pair["better"] for pair in document["significance"][task]["pairs"] if pair["significant"]]
        rows = [(row["algorithm"], row["rank"], f"{row['aggregate']:.6g}") for row in ranking]
        lines += [task, *aligned(("", "rank", "value", "significantly beats"), [
            (*row, f"{beaten.count(row[0])} of {len(ranking) - 1}") for row in rows
        ]), ""]  # fmt: skip
    if "consensus" in document:
        rows = [(row["algorithm"], row["rank"], f"{row['value']:.3f}") for row in document["consensus"]]
        lines += ["Consensus", *aligned(("", "rank", "mean rank"), rows), ""]
    for tasks, tau in document["kendall_tau_b"].items():
        text = "undefined: all are tied" if tau is None else f"{tau:.3f}"
        lines.append(f"Kendall's tau-b of {' and '.join(tasks.split('|'))}: {text}")
    return "\n".join(lines).rstrip() + "\n"
