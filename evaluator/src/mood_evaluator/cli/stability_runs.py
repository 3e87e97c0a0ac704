"""`mood-evaluate stability RUN.zip ...`: how firm an official ranking is under other draws of scans."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mood_evaluator.cli.options import STABILITY, write_json
from mood_evaluator.cli.progress import bar
from mood_evaluator.cli.text import aligned, stability_lines
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.runs.stability import bootstrap_runs
from mood_evaluator.runs.standings import gather_runs


def stability_of_runs(paths: Sequence[Path], out: Path | None, *, bootstraps: int, seed: int) -> None:
    """Bootstrap the scored runs that lie at `paths`."""
    standings = gather_runs([ScoredRun.load(path) for path in paths])
    with bar("Drawing scans", len(standings.sets) * len(standings.teams)) as step:
        found = bootstrap_runs(standings, n=bootstraps, seed=seed, on_run=step).to_json()
    write_json(out, {"schema": STABILITY, **found})
    sys.stdout.write("\n".join(_as_text(found)) + "\n")


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
