"""`mood-evaluate rank RUN.zip ...`: the official ranking and consensus of scored runs."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from mood_evaluator.cli.options import RANKED_BY, RANKING, load_standings, or_null, pair_rows, write_json
from mood_evaluator.cli.text import aligned
from mood_evaluator.runs.batches import batch_table
from mood_evaluator.runs.reversals import find_reversals
from mood_evaluator.runs.scored_run import Ranking
from mood_evaluator.runs.standings import Standings
from mood_evaluator.tables.agreement import kendall_tau_b
from mood_evaluator.tables.signed_rank import compare_pairs


def rank_runs(paths: Sequence[Path], ranking: Ranking, out: Path | None) -> None:
    """Rank the scored runs that lie at `paths`."""
    document = {"ranked_by": str(ranking), **rank_document(load_standings(paths, ranking))}
    write_json(out, {"schema": RANKING, **document})
    sys.stdout.write("\n".join(_as_text(document)) + "\n")


def rank_document(standings: Standings) -> dict[str, Any]:
    """Return rankings, consensus, agreement, reversals, and the tests over batches, as JSON."""
    rankings = standings.rankings()
    document: dict[str, Any] = {
        "rankings": {test_set: _rows(standings, test_set, places) for test_set, places in rankings.items()}
    }
    document["not_ranked"] = [
        {"test_set": run.test_set, "algorithm": run.team, "aggregate": run.result.score}
        for run in standings.others
    ]
    if len(rankings) > 1:
        places, means = standings.consensus()
        rows = [{"algorithm": team, "value": means[team], "rank": places[team]} for team in places]
        document["consensus"] = sorted(rows, key=lambda row: (row["rank"], row["algorithm"]))
    document["kendall_tau_b"] = {
        f"{one}|{other}": or_null(kendall_tau_b(rankings[one], rankings[other]))
        for one, other in combinations(rankings, 2)
    }
    document["batching_agreement"] = {
        test_set: or_null(kendall_tau_b(_numbers(standings.scores(test_set)), _numbers(second)))
        for test_set in rankings
        if (second := standings.second_scores(test_set)) != standings.scores(test_set)
    }
    document["reversals"] = [asdict(reversal) for reversal in find_reversals(standings)]
    document["significance_over_batches_of_the_first_batching"] = {
        test_set: {"pairs": pair_rows(compare_pairs(table))}
        for test_set, runs in standings.sets.items()
        if (table := batch_table(runs, test_set)) is not None
    }
    return document


def _rows(standings: Standings, test_set: str, places: Mapping[str, int]) -> list[dict[str, Any]]:
    scores = standings.scores(test_set)
    rows = [{"algorithm": team, "aggregate": scores[team], "rank": places[team]} for team in places]
    return sorted(rows, key=lambda row: (row["rank"], row["algorithm"]))


def _numbers(scores: Mapping[str, float | None]) -> dict[str, float]:
    return {team: -np.inf if score is None else score for team, score in scores.items()}


def _as_text(document: Mapping[str, Any]) -> Iterator[str]:
    for test_set, ranking in document["rankings"].items():
        rows = [(row["algorithm"], row["rank"], _words(row["aggregate"])) for row in ranking]
        yield from (test_set, *aligned(("", "rank", RANKED_BY[document["ranked_by"]]), rows), "")
    if "consensus" in document:
        rows = [(row["algorithm"], row["rank"], f"{row['value']:.3f}") for row in document["consensus"]]
        yield from ("Consensus", *aligned(("", "rank", "mean rank"), rows), "")
    for sets, tau in document["kendall_tau_b"].items():
        yield f"Kendall's tau-b of {' and '.join(sets.split('|'))}: {_words(tau)}"
    for test_set, tau in document["batching_agreement"].items():
        yield f"Kendall's tau-b of the two batchings of {test_set}: {_words(tau)}"
    for row in document["not_ranked"]:
        yield f"{row['algorithm']} is not ranked; it has {_words(row['aggregate'])} on {row['test_set']}."
    for row in document["reversals"]:
        yield f"{row['ahead']} is no longer ahead of {row['behind']} without {row['without']}."


def _words(value: float | None) -> str:
    return "no result" if value is None else f"{value:.6f}"
