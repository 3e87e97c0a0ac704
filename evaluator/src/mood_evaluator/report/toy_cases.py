"""Do toy cases tell: whether scores on the toy cases, which teams see, foretell the ranking."""

from collections.abc import Iterator

import numpy as np

from mood_evaluator.plots import toy_and_test
from mood_evaluator.report.blocks import Block, Column, Figure, Row, Table, Words
from mood_evaluator.report.contest import Contest
from mood_evaluator.report.words import NOTHING, inside, number, signed, together
from mood_evaluator.runs.stability import bootstrap_runs
from mood_evaluator.tables.agreement import tau_b_of_rows

ENOUGH_TEAMS = 5  # fewer have orders that agree by chance
TELLING = 0.5  # agreement of orders from which on toy cases tell
_NONE = "no runs on toy cases were given; add them to see whether they foretell the ranking"
Points = dict[str, tuple[float, float]]


class ToyComparison:
    """Scores on toy cases and on the test set, by anatomy; agreement over draws of both."""

    def __init__(self, contest: Contest) -> None:
        self.contest = contest
        self.points: dict[str, Points] = {}
        self.rows: list[Row] = []
        toy = contest.toy
        stability = None if toy is None else bootstrap_runs(toy, n=contest.draws, seed=contest.seed)
        for name in contest.standings.sets:
            dataset = contest.grounds[name].dataset
            for other in toy.sets if toy is not None else ():
                if (
                    dataset is not None
                    and contest.grounds[other].dataset is dataset
                    and stability is not None
                ):
                    self._compare(name, other, stability.sets[other].replicates)

    def _compare(self, name: str, other: str, replicates: np.ndarray) -> None:
        contest, toy = self.contest, self.contest.toy
        assert toy is not None
        real, easy = contest.standings.scores(name), toy.scores(other)
        both = [team for team in contest.teams if real.get(team) is not None and easy.get(team) is not None]
        title = contest.title(name)
        points = {team: (easy[team] or 0.0, real[team] or 0.0) for team in both}
        self.points[title] = points
        row: Row = {"test set": title, "toy set": other, "teams": len(both)}
        row |= {"toy scans": len(next(iter(toy.sets[other].values())).abnormal)}
        mine = contest.stability.sets[name].replicates[
            :, [contest.standings.teams.index(team) for team in both]
        ]
        theirs = replicates[:, [toy.teams.index(team) for team in both]]
        self.rows.append(
            row | _agreement(np.array([points[team] for team in both]).reshape(-1, 2), theirs, mine)
        )


def _agreement(points: np.ndarray, toy: np.ndarray, real: np.ndarray) -> Row:
    """Return Kendall's tau-b of both orders, and its 95 % interval over draws of both sets of scans."""
    if len(points) < 2:
        return {"kendall_tau_b": None, "low": None, "high": None}
    tau = tau_b_of_rows(points[:, 0], points[None, :, 1])[0]
    draws = np.array([tau_b_of_rows(one, other[None])[0] for one, other in zip(toy, real, strict=True)])
    known = draws[~np.isnan(draws)]
    low, high = np.quantile(known, (0.025, 0.975)).tolist() if known.size else (None, None)
    return {"kendall_tau_b": None if np.isnan(tau) else float(tau), "low": low, "high": high}


def answer(found: ToyComparison) -> str:
    """Return in words whether toy cases foretell the ranking."""
    name = found.contest.name
    if not found.rows:
        return f"{name}: not told, {_NONE}."
    if all(row["teams"] < ENOUGH_TEAMS for row in found.rows):
        teams = max(row["teams"] for row in found.rows)
        return (
            f"{name}: {teams} teams are too few to tell; orders of so few agree by chance (from "
            f"{ENOUGH_TEAMS} on)."
        )
    return f"{name}: {together(_verdict(row) for row in found.rows)}."


def _verdict(row: Row) -> str:
    title, low, high = inside(str(row["test set"])), row["low"], row["high"]
    if low is None or row["kendall_tau_b"] is None:
        return f"on {title} all are tied"
    verdict = (
        "mislead" if high < 0 else "do not tell" if low <= 0 else "tell a little" if low < TELLING else "tell"
    )
    between = _between(row)
    tau = signed(f"{row['kendall_tau_b']:.2f}")
    return f"on {title} toy cases {verdict} (agreement of the orders {tau}, 95 % of the draws {between})"


def _is_outside(row: Row) -> bool:
    """Return whether the agreement is not in its own interval."""
    tau, low, high = row["kendall_tau_b"], row["low"], row["high"]
    return tau is not None and low is not None and not low <= tau <= high


def _between(row: Row) -> str:
    return signed(f"{row['low']:.2f} to {row['high']:.2f}") + (" †" if _is_outside(row) else "")


def blocks(found: ToyComparison) -> Iterator[Block]:
    """Yield the agreement, and the plot where there are teams enough."""
    if not found.rows:
        return
    task = str(found.contest.task)
    columns = [
        Column("Test set", lambda row: str(row["test set"]), right=False),
        Column("Toy set", lambda row: f"{row['toy set']}, {row['toy scans']} scans", right=False, weight=1.6),
        Column("Teams", lambda row: str(row["teams"])),
        Column("Agreement of the orders", lambda row: number(row["kendall_tau_b"])),
        Column(
            "95 % of the draws",
            lambda row: NOTHING if row["low"] is None else _between(row),
        ),
    ]
    caption = (
        "Kendall's tau-b of both orders: 1 is the same order, 0 unrelated, minus 1 the reverse. Toy cases "
        "move no rank."
    )
    yield Table(task, "toy", "Agreement of toy cases and test set", caption, found.rows, columns)
    if any(map(_is_outside, found.rows)):
        yield Words(
            "† Not around the agreement: a draw has some scans twice and others not at all.",
            quiet=True,
        )
    if max(row["teams"] for row in found.rows) < 3:
        yield Words("The plot is left out: it needs three teams.", quiet=True)
        return
    rows = [
        {"test set": title, "team": team, "toy AP": toy, "AP": real}
        for title, own in found.points.items()
        for team, (toy, real) in own.items()
    ]
    teams = found.contest.teams
    yield Figure(
        task, "toy-and-test", "Scores on toy cases and on the test set", "A dot a team (n = "
            f"{max(map(len, found.points.values()))}); on the line both scores are equal.", rows,
        lambda look, into: toy_and_test(
            found.points, teams=teams, look=look.styling(found.contest.styled), into=into
        ),
    )  # fmt: skip
