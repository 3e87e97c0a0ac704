"""`mood-evaluate stability RUN.zip ...`: how firm an official ranking is under other draws of scans."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from mood_evaluator.cli.options import OK, write_json
from mood_evaluator.cli.progress import bar
from mood_evaluator.cli.text import aligned, stability_lines
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.runs.stability import bootstrap_runs
from mood_evaluator.runs.standings import gather_runs


def stability_of_runs(options: argparse.Namespace) -> int:
    """Bootstrap the runs that the options name."""
    if options.draws is not None:
        raise EvaluatorError("Draws are replayed for score tables only: leave --draws out.")
    standings = gather_runs([ScoredRun.load(path) for path in options.scores])
    with bar("Drawing scans", len(standings.sets) * len(standings.teams)) as step:
        stability = bootstrap_runs(standings, n=options.bootstraps, seed=options.seed, on_run=step)
    found = stability.to_json()
    write_json(options.json, found)
    sys.stdout.write("\n".join(_as_text(found)) + "\n")
    return OK


def _as_text(found: Mapping[str, Any]) -> Iterator[str]:
    ranked = found["tasks"] | ({"Consensus": found["consensus"]} if "consensus" in found else {})
    yield from stability_lines(ranked)
    for test_set, part in found["tasks"].items():
        rows = [(row["algorithm"], *_score_words(row)) for row in part["algorithms"]]
        yield from ("", f"{test_set}: scores", *aligned(("", "AP", "95 %"), rows))
        certain = [pair for pair in part["significance"]["pairs"] if pair["significant"]]
        pairs = [
            (
                f"{pair['better']} over {pair['worse']}",
                f"{pair['difference']:.4f}",
                f"{pair['p_adjusted']:.4f}",
            )
            for pair in certain
        ]
        if pairs:
            yield from ("", f"{test_set}: significant differences", *aligned(("", "AP", "p (max-T)"), pairs))


def _score_words(row: Mapping[str, Any]) -> tuple[str, str]:
    if row["score"] is None:
        return "no result", ""
    low, high = row["score_interval"]
    mark = "" if low <= row["score"] <= high else " (not the score)"
    return f"{row['score']:.4f}", f"{low:.4f} - {high:.4f}{mark}"
