"""`mood-evaluate stability RUN.zip ...`: how firm an official ranking is under other draws of scans."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mood_evaluator.cli.options import RANKED_BY, STABILITY, load_standings, write_json
from mood_evaluator.cli.progress import bar
from mood_evaluator.cli.text import aligned, stability_lines
from mood_evaluator.runs.scored_run import Ranking
from mood_evaluator.runs.stability import bootstrap_runs


def stability_of_runs(
    paths: Sequence[Path], ranking: Ranking, out: Path | None, *, bootstraps: int, seed: int
) -> None:
    """Bootstrap the scored runs that lie at `paths`."""
    standings = load_standings(paths, ranking)
    with bar("Drawing scans", len(standings.sets) * len(standings.teams)) as step:
        drawn = bootstrap_runs(standings, n=bootstraps, seed=seed, on_run=step)
    found = {"ranked_by": str(ranking), **drawn.to_json()}
    write_json(out, {"schema": STABILITY, **found})
    sys.stdout.write("\n".join(_as_text(found)) + "\n")


def _as_text(found: Mapping[str, Any]) -> Iterator[str]:
    ranked = found["tasks"] | ({"Consensus": found["consensus"]} if "consensus" in found else {})
    score = RANKED_BY[found["ranked_by"]]
    yield from stability_lines(ranked)
    for test_set, part in found["tasks"].items():
        rows = [(row["algorithm"], *_score_words(row)) for row in part["algorithms"]]
        yield from ("", f"{test_set}: scores", *aligned(("", score, "95 %"), rows))
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
            yield from ("", f"{test_set}: significant differences", *aligned(("", score, "p (max-T)"), pairs))


def _score_words(row: Mapping[str, Any]) -> tuple[str, str]:
    if row["score"] is None:
        return "no result", ""
    low, high = row["score_interval"]
    mark = "" if low <= row["score"] <= high else " (not the score)"
    return f"{row['score']:.4f}", f"{low:.4f} - {high:.4f}{mark}"
