"""The numbers of the leaderboards, the proxy test set, the run times and the toy cases, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mood_evaluator import Manifest, Task
from mood_evaluator.analysis import chance_interval
from mood_evaluator.runs import RunStability, SetStability, Standings, bootstrap_runs, gather_runs
from mood_evaluator.tables.agreement import kendall_tau_b, tau_b_of_rows
from mood_platform.documents.leaderboard import Board, LeaderboardRow
from mood_studies.study.numbers.scored import Row, Scored, counting_runs
from mood_studies.study.scale import DATASETS, TASKS, needs_torch, title_of

SEED = 1
DRAWS = 1000
Boards = Mapping[str, Mapping[str, Any]]
"""By Task, the newest published document."""


def standings_of(scored: Iterable[Scored], task: str, stages: Sequence[str]) -> Standings | None:
    """None where nothing was scored."""
    runs = [one.run for one in scored if one.run.task == task and one.stage in stages]
    return gather_runs(runs) if runs else None


def draw_all(
    scored: Sequence[Scored], *, draws: int | None = None
) -> dict[str, tuple[Standings, RunStability]]:
    """Per Task, challenge and proxy sets together: their scores, and those of redrawn scans."""
    found = {}
    for task in TASKS:
        wanted = [one for one in scored if not one.run.test_set.startswith(("size-", "contrast-"))]
        standings = standings_of(wanted, task, ("challenge", "analysis"))
        if standings is not None:
            found[task] = (standings, bootstrap_runs(standings, n=draws or DRAWS, seed=SEED))
    return found


def board(
    task: str,
    document: Mapping[str, Any],
    drawn: tuple[Standings, RunStability],
    sets: Mapping[str, Manifest],
) -> Row:
    """A published leaderboard, with what guessing scores and how many pairs of teams truly differ."""
    standings, stability = drawn
    published = Board.from_json(document, place=f"the {task} board")
    datasets = {}
    for dataset, described in published.datasets.items():
        name = described.test_set
        datasets[str(dataset)] = {
            "test_set": name,
            "cases": described.cases,
            "abnormal": sum(case.abnormal for case in sets[name].for_task(Task(task))),
            "chance": chance_of(standings, name),
            "pairs": pairs_of(stability.sets[name]),
            "moved": len(published.order_changes.get(dataset, ())),
        }
    return {
        "disclaimer": " ".join(published.sentences).rstrip("."),
        "bootstraps": published.bootstraps,
        "evaluator": published.evaluator,
        "adjusted_by": "max-T",  # numbers from before have no such entry: they were adjusted by Holm
        "datasets": datasets,
        "rows": [board_row(row) for row in published.rows],
    }


def board_row(row: LeaderboardRow) -> Row:
    cells = {
        str(dataset): {name: getattr(cell, name) for name in ("score", "interval", "rank", "rank_interval")}
        | {"failed_share": cell.result.failed_share}
        for dataset, cell in row.datasets.items()
    }
    kept = ("name", "rank", "mean_rank", "rank_interval", "keeps_place")
    return {name: getattr(row, name) for name in kept} | {"datasets": cells}


def chance_of(standings: Standings, test_set: str) -> Row:
    """What a constant guess scores on the whole set, and 95 % of random ones."""
    run = next(iter(standings.sets[test_set].values()))
    truth = [(part.positives, part.voxels) for part in run.evidence.values()]
    if standings.task is Task.SAMPLE:
        truth = [(int(abnormal), 1) for abnormal in run.abnormal.values()]
    positives, total = (sum(column) for column in zip(*truth, strict=True))
    low, high = chance_interval(positives, total - positives, balanced=False)
    return {"constant": positives / total, "low": low, "high": high}


def pairs_of(part: SetStability) -> Row:
    """Pairs of teams, those that differ at 5 % (max-T), and the teams that nobody is shown to beat."""
    beaten = {pair.worse for pair in part.pairs if pair.significant}
    known = [team for team, score in part.scores.items() if score is not None]
    return {
        "all": len(part.pairs),
        "significant": sum(pair.significant for pair in part.pairs),
        "unbeaten": sorted(set(known) - beaten),
    }


def proxies(drawn: Mapping[str, tuple[Standings, RunStability]]) -> list[Row]:
    """Does the toy-ish set order the teams as the test set does (thesis Table 4.3)?"""
    found = []
    for task, (standings, stability) in drawn.items():
        for dataset in DATASETS:
            one, other = f"test-{dataset}", f"toyish-{dataset}"
            if {one, other} <= standings.sets.keys():
                row = {"task": task, "dataset": dataset, **compare(standings, one, other)}
                found.append(row | _tau_interval(stability.sets[one], stability.sets[other], row["teams"]))
    return found


def compare(standings: Standings, one: str, other: str) -> Row:
    mine, theirs = standings.scores(one), standings.scores(other)
    both = [team for team in standings.teams if None not in (mine[team], theirs[team])]
    points = {team: (float(mine[team] or 0), float(theirs[team] or 0)) for team in both}
    tau = kendall_tau_b(
        {team: pair[0] for team, pair in points.items()}, {team: pair[1] for team, pair in points.items()}
    )
    best = [_best(points, place, 3) for place in (0, 1)]
    return {
        "teams": both,
        "tau": None if np.isnan(tau) else tau,
        "points": points,
        "same_winner": best[0][:1] == best[1][:1],
        "shared_of_three": len(set(best[0]) & set(best[1])),
    }


def _best(points: Mapping[str, tuple[float, float]], place: int, count: int) -> list[str]:
    return sorted(points, key=lambda team: (-points[team][place], team))[:count]


def _tau_interval(one: SetStability, other: SetStability, teams: Sequence[str]) -> Row:
    """95 % over draws of the scans of both sets; draws that order nobody say nothing."""
    places = [list(one.stability.algorithms).index(team) for team in teams]
    pairs = zip(one.replicates[:, places], other.replicates[:, places], strict=True)
    taus = np.array([tau_b_of_rows(mine, theirs[None])[0] for mine, theirs in pairs])
    known = taus[~np.isnan(taus)]
    low, high = np.quantile(known, (0.025, 0.975)) if known.size else (None, None)
    return {"low": low if low is None else float(low), "high": high if high is None else float(high)}


def run_times(submissions: Iterable[Row], runs: Iterable[Row], case_runs: Iterable[Row]) -> list[Row]:
    """Seconds of the containers of each method, of all stages, beside the limit; of Runs that count."""
    of_run = {
        run["id"]: (str(submission["name"]), float(run["limits"]["seconds"]))
        for submission, run in counting_runs(submissions, runs)
    }
    seconds: dict[str, list[float]] = {}
    limits: dict[str, float] = {}
    ended: dict[str, dict[str, int]] = {}
    for case in case_runs:
        if case["run_id"] not in of_run:
            continue
        method, limit = of_run[case["run_id"]]
        limits[method] = limit
        counts = ended.setdefault(method, {})
        counts[case["state"]] = counts.get(case["state"], 0) + 1
        if case["seconds"] is not None:
            seconds.setdefault(method, []).append(float(case["seconds"]))
    return [
        {
            "method": method,
            "title": title_of(method),
            "torch": needs_torch(method),
            "cases": len(values),
            "not_succeeded": sum(count for state, count in ended[method].items() if state != "succeeded"),
            "median": float(np.median(values)),
            "p95": float(np.quantile(values, 0.95)),
            "longest": max(values),
            "limit": limits[method],
        }
        for method, values in seconds.items()
    ]


def toy_scores(scored: Iterable[Scored]) -> list[Row]:
    """AP of the toy stage."""
    return [
        {"method": one.method, "title": title_of(one.method), "task": str(one.run.task)}
        | {"test_set": one.run.test_set, "ap": one.run.result.score, "cases": len(one.run.cases)}
        for one in scored
        if one.stage == "toy"
    ]
