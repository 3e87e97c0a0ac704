"""Counts false and true 'significant' on simulated boards: equal teams, and one that is clearly better.

Every board is a sample task of its own: scans are drawn, each team scores them with noise of its own, and the
functions of the product draw, rank and test as on a leaderboard. All teams of a board have the same true AP,
so each 'significant' is false: it may stand on 5 % of the boards, within three standard errors.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mood_evaluator import PairDifference, average_precision, compare_replicates, sample_replicates
from mood_evaluator.significance import ALPHA

DRAWS = 1_000
REAL_SCANS = 542
BETTER = 1.0
"""How much further the abnormal scans of the better team are lifted, in standard deviations of the noise."""


def compare_board(
    random: np.random.Generator, *, teams: int, scans: int, better: float = 0.0
) -> list[PairDifference]:
    """Return the tests of one board; the first team is `better`, the others are equal."""
    truth = np.arange(scans) % 2 == 0
    ids = [f"{number:04}" for number in range(scans)]
    abnormal = dict(zip(ids, truth.tolist(), strict=True))
    hardness = random.normal(0, 1, scans)  # of a scan, for every team
    seed = int(random.integers(2**31))  # the teams share the draws
    scores: dict[str, float | None] = {}
    found = []
    for number in range(teams):
        lift = 1.0 + (better if number == 0 else 0.0)
        values = lift * truth + 0.7 * hardness + 0.7 * random.normal(0, 1, scans)
        name = f"team-{number:02}"
        scores[name] = average_precision(values, truth)
        drawn = dict(zip(ids, values.tolist(), strict=True))
        found.append(sample_replicates(drawn, abnormal, n=DRAWS, seed=seed, stream=""))
    replicates = np.column_stack([own.draws for own in found])
    influences = np.column_stack([own.influences for own in found])
    return compare_replicates(list(scores), scores, replicates, influences)


def count_false(teams: int, scans: int, boards: int) -> int:
    """Return on how many boards of equal teams anything was called significant."""
    found = 0
    for board in track(range(boards), description=f"{teams} equal teams"):
        random = np.random.default_rng([teams, scans, board])
        found += any(pair.significant for pair in compare_board(random, teams=teams, scans=scans))
    return found


def count_found(teams: int, boards: int) -> int:
    """Return on how many boards of real size the better team was found to be better than every other."""
    found = 0
    for board in range(boards):
        random = np.random.default_rng([1, teams, board])
        pairs = compare_board(random, teams=teams, scans=REAL_SCANS, better=BETTER)
        own = [pair for pair in pairs if pair.better == "team-00"]
        found += len(own) == teams - 1 and all(pair.significant for pair in own)
    return found


def main() -> int:
    """Print the shares; 1 where one of them is more than three standard errors from 5 %."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--boards", type=int, default=500, help="simulated boards of each size (default: 500)"
    )
    parser.add_argument("--teams", type=int, nargs="+", default=[8, 27, 65])
    parser.add_argument("--scans", type=int, default=120, help="of equal teams, half abnormal (default: 120)")
    options = parser.parse_args()
    table = Table("teams", "pairs", "boards", "any false 'significant'", "allowed", "better team found", "")
    error = (ALPHA * (1 - ALPHA) / options.boards) ** 0.5
    worst = 0.0
    for teams in options.teams:
        share = count_false(teams, options.scans, options.boards) / options.boards
        distance = abs(share - ALPHA) / error
        worst = max(worst, distance)
        tries = max(options.boards // 25, 1)
        table.add_row(
            str(teams), f"{teams * (teams - 1) // 2:,}", str(options.boards), f"{share:.1%}",
            f"{ALPHA:.0%} ± {3 * error:.1%}", f"{count_found(teams, tries)} of {tries}",
            "holds" if distance <= 3 else "missed",
        )  # fmt: skip
    Console(width=120).print(table)
    return int(worst > 3)


if __name__ == "__main__":
    sys.exit(main())
