"""`mood-evaluate rank`: rankings, consensus, agreement and significance of a score table."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from mood_evaluator.cli.options import (
    RANKING,
    AdjustOption,
    Json,
    Missing,
    RankingOption,
    SchemeOption,
    Scores,
    SmallerIsBetter,
    are_runs,
    or_null,
    pair_rows,
    write_json,
)
from mood_evaluator.cli.rank_runs import rank_runs
from mood_evaluator.cli.text import aligned
from mood_evaluator.runs.scored_run import Ranking
from mood_evaluator.tables.agreement import kendall_tau_b
from mood_evaluator.tables.combine import combine_rankings
from mood_evaluator.tables.schemes import Adjust, Method, Scheme, rank_table
from mood_evaluator.tables.score_table import ScoreTable, read_score_tables
from mood_evaluator.tables.signed_rank import PairTest, compare_pairs
from mood_evaluator.whole_file import need_place


def rank(
    scores: Scores,
    *,
    scheme: SchemeOption = Scheme.MEAN_THEN_RANK,
    adjust: AdjustOption = Adjust.NONE,
    missing: Missing = None,
    smaller_is_better: SmallerIsBetter = False,
    ranking: RankingOption = Ranking.AP,
    json: Json = None,
) -> None:
    """Rank the algorithms of a score table, or scored runs by the official rule.

    Each task gets its own ranking; with two or more tasks the consensus is the mean of the ranks.

    [bold]mood-evaluate rank scores.csv --missing 0 --json ranking.json[/bold]

    [bold]mood-evaluate rank scores.csv --scheme test-then-rank --adjust holm[/bold]

    [bold]mood-evaluate rank a.zip b.zip c.zip[/bold]
    """
    need_place(json, scores)
    method = Method(scheme=scheme, adjust=adjust, missing=missing, smaller_is_better=smaller_is_better)
    if are_runs(scores, method, ranking):
        rank_runs(scores, ranking, json)
        return
    document = rank_document(read_score_tables(scores[0]), method)
    write_json(json, {"schema": RANKING, **document})
    sys.stdout.write(_as_text(document))


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
