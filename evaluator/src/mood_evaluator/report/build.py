"""Puts tables and figures of one task together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mood_evaluator.analysis import (
    Measures,
    agreement_rows,
    category_rows,
    chance_interval,
    curve_rows,
    detection_rows,
    dice_rows,
    froc_rows,
    group_cases,
    group_rows,
    measure_cases,
    median_rows,
    object_rows,
    per_scan_rows,
    scan_rows,
    slice_rows,
)
from mood_evaluator.report import analysis_plots, ranking_plots
from mood_evaluator.report.figure import Figure, Row, Table
from mood_evaluator.report.heatmaps import heat_maps
from mood_evaluator.runs.batches import batch_table
from mood_evaluator.runs.reversals import find_reversals
from mood_evaluator.runs.stability import RunStability, bootstrap_runs
from mood_evaluator.runs.standings import Standings
from mood_evaluator.test_set import Task, TestSet, load_test_set


@dataclass(frozen=True, slots=True)
class MeasuredSet:
    """A test set, where it lies, and what its anomalies measure."""

    test_set: TestSet
    folder: Path
    measures: Mapping[str, Measures]

    @classmethod
    def load(cls, folder: Path) -> "MeasuredSet":
        test_set = load_test_set(folder)
        return cls(test_set, folder, measure_cases(test_set.cases, folder))


@dataclass(frozen=True, slots=True)
class Part:
    """What the report says of one task."""

    task: Task
    tables: Sequence[Table]
    figures: Sequence[Figure]

    @property
    def items(self) -> list[Table | Figure]:
        """Return tables and figures, in the order of the report."""
        return [*self.tables, *self.figures]


def build_part(
    standings: Standings,
    sets: Sequence[MeasuredSet],
    *,
    bootstraps: int,
    seed: int,
    predictions: Mapping[str, Mapping[str, Path]] | None = None,
    on_run: Callable[[], None] | None = None,
) -> Part:
    """Compute everything.

    `sets`, where given, tell kinds of anomalies apart; `predictions` are folders by test set
    and team, for heat maps; `on_run` is called whenever the scans of a run have been drawn.
    """
    stability = bootstrap_runs(standings, n=bootstraps, seed=seed, on_run=on_run)
    measured = {found.test_set.name: found for found in sets}
    tables, figures = (
        list(_ranking_tables(standings, stability)),
        list(_stability_figures(standings, stability)),
    )
    for test_set in standings.sets:
        scans = scan_rows(standings, test_set)
        means = per_scan_rows(standings, test_set, scans)
        tables += _set_tables(standings, test_set, means)
        figures += _set_figures(standings, test_set, scans, means)
        if test_set in measured:
            known = measured[test_set]
            figures += _kind_figures(standings, known)
            tables.append(_detections(standings, known.test_set))
            if standings.task is Task.PIXEL:
                own, teams = (predictions or {}).get(test_set, {}), by_rank(standings, test_set)
                figures.append(heat_maps(standings, known.test_set, known.folder, own, teams))
    return Part(standings.task, tables, [figure for figure in figures if figure.rows])


def by_rank(standings: Standings, test_set: str) -> list[str]:
    """Return the teams with a result, the best first."""
    scores, ranks = standings.scores(test_set), standings.rankings()[test_set]
    return sorted((team for team in ranks if scores[team] is not None), key=lambda team: (ranks[team], team))


def _ranking_tables(standings: Standings, stability: RunStability) -> Iterator[Table]:
    places, means = standings.consensus()
    columns = {test_set: standings.scores(test_set) for test_set in standings.sets}
    rows = [
        {"rank": places[team], "team": team, **{name: scores[team] for name, scores in columns.items()}}
        | {"mean rank": means[team]}
        for team in sorted(places, key=lambda team: (places[team], team))
    ]
    others = {run.team for run in standings.others}
    for team in sorted(others):
        own = {run.test_set: run.result.score for run in standings.others if run.team == team}
        rows.append(
            {"rank": None, "team": team, **{name: own.get(name) for name in columns}, "mean rank": None}
        )
    yield Table("ranking", "Ranking", "AP per test set, and the consensus of the ranks.", rows)
    for test_set, part in stability.sets.items():
        shown = [
            {"rank": row["rank"], "team": row["algorithm"], "AP": row["score"]}
            | _interval("AP", row["score_interval"]) | _interval("rank", row["interval"])
            | {"wins": row["wins"]}
            for row in part.to_json()["algorithms"]
        ]  # fmt: skip
        caption = f"95 % intervals, and share of first ranks, over {len(part.replicates):,} draws of scans."
        yield Table(f"{test_set}-stability", f"How sure: {test_set}", caption, shown)
    reversals = [
        {"ahead": r.ahead, "behind": r.behind, "changes without": r.without}
        for r in find_reversals(standings)
    ]
    caption = "Pairs of teams whose consensus order depends on another team or on the first batching."
    yield Table("reversals", "Orders that hang by a thread", caption, reversals)
    caption = "Kendall's tau-b of two test sets: 1 is the same order of teams, -1 the reverse."
    yield Table("agreement", "Agreement of test sets", caption, agreement_rows(standings))


def _interval(name: str, bounds: tuple[float, float] | None) -> dict[str, float | None]:
    low, high = bounds or (None, None)
    return {f"{name} low": low, f"{name} high": high}


def _stability_figures(standings: Standings, stability: RunStability) -> Iterator[Figure]:
    for test_set, part in stability.sets.items():
        teams, guess = by_rank(standings, test_set), _guess(standings, test_set)
        table = batch_table(standings.sets[test_set], test_set)
        if table is not None:
            values = np.array([table.values[table.algorithms.index(team)] for team in teams])
            yield ranking_plots.dot_and_box(test_set, teams, values, "batches of the first batching", guess)
            yield ranking_plots.podium(table, teams)
            yield ranking_plots.rank_heatmap(table, teams)
            yield ranking_plots.scheme_lines(table, teams)
        else:
            columns = [part.replicates[:, standings.teams.index(team)] for team in teams]
            yield ranking_plots.dot_and_box(test_set, teams, np.array(columns), "draws of scans", guess)
        yield ranking_plots.blob(f"{test_set}-blob", part.stability, f"Ranks over draws of scans: {test_set}")
        yield ranking_plots.significance_map(test_set, part, teams)
    parts = {test_set: part.stability for test_set, part in stability.sets.items()}
    if stability.consensus is not None:
        parts["consensus"] = stability.consensus
        yield ranking_plots.blob("consensus-blob", stability.consensus, "Consensus ranks over draws of scans")
        together = np.vstack([part.stability.ranks for part in stability.sets.values()])
        pooled = replace(stability.consensus, ranks=together)
        yield ranking_plots.blob("sets-blob", pooled, "Ranks on all test sets, in consensus order")
    yield ranking_plots.tau_violins(parts)


def _guess(standings: Standings, test_set: str) -> ranking_plots.Guess:
    """Return what guessing scores on the whole test set."""
    run = next(iter(standings.sets[test_set].values()))
    truth = [(part.positives, part.voxels) for part in run.evidence.values()]
    if standings.task is Task.SAMPLE:
        truth = [(int(abnormal), 1) for abnormal in run.abnormal.values()]
    positives, total = (sum(column) for column in zip(*truth, strict=True))
    return positives / total, chance_interval(positives, total - positives, balanced=False)


def _set_tables(standings: Standings, test_set: str, means: Sequence[Row]) -> Iterator[Table]:
    if standings.task is Task.SAMPLE:
        return
    caption = "All voxels at once, and the mean over scans with an anomaly, of AP, AUROC and best Dice."
    yield Table(f"{test_set}-per-scan", f"Voxels and scans: {test_set}", caption, means)
    caption = "Threshold chosen on a fifth of the scans, Dice of the others."
    yield Table(f"{test_set}-dice", f"Dice: {test_set}", caption, dice_rows(standings, test_set))
    caption = "Slices with at least 20 annotated voxels against slices without any."
    yield Table(f"{test_set}-slices", f"Slices: {test_set}", caption, slice_rows(standings, test_set))
    caption = "What was found at the detection threshold fixed beforehand."
    yield Table(f"{test_set}-objects", f"Objects: {test_set}", caption, object_rows(standings, test_set))


def _set_figures(
    standings: Standings, test_set: str, scans: Sequence[Row], means: Sequence[Row]
) -> Iterator[Figure]:
    teams = by_rank(standings, test_set)
    yield analysis_plots.curves(test_set, curve_rows(standings, test_set), teams)
    if standings.task is Task.PIXEL:
        by_team = {row["team"]: row for row in means}
        ordered = [by_team[team] for team in teams if team in by_team]
        for number in ("ap", "auroc"):
            yield analysis_plots.scan_histograms(test_set, scans, ordered, number)
        yield analysis_plots.froc_lines(test_set, froc_rows(standings, test_set), teams)


def _detections(standings: Standings, test_set: TestSet) -> Table:
    caption = "Objects found and annotated by difficulty, 1 the hardest. FP: false positives."
    rows = detection_rows(standings, test_set)
    return Table(f"{test_set.name}-detections", f"Detections by difficulty: {test_set.name}", caption, rows)


def _kind_figures(standings: Standings, known: MeasuredSet) -> Iterator[Figure]:
    test_set = known.test_set
    rows = group_rows(standings, test_set.name, group_cases(test_set, standings.task, known.measures))
    teams = by_rank(standings, test_set.name)
    medians = median_rows(rows, teams[0] if teams else "")
    name = test_set.name
    caption = "Mean over the subcategories of the median team's AP."
    yield analysis_plots.bars(name, "categories", "Categories", category_rows(medians), "category", caption)
    for dimension, caption in _CAPTIONS.items():
        own = [row for row in medians if row["dimension"] == dimension]
        rated = f" Rated by: {_sources(test_set)}." if dimension == "difficulty" else ""
        ordered = sorted(
            own, key=lambda row: row["place"] if dimension == "difficulty" else -(row["ap"] or 0)
        )
        yield analysis_plots.bars(name, dimension, f"By {dimension}", ordered, "group", caption + rated)
    yield analysis_plots.fpr_bars(name, medians)
    for dimension, unit in (("size", "mm³"), ("contrast", "image units")):
        yield analysis_plots.lines_over(name, dimension, rows, teams, unit)


def _sources(test_set: TestSet) -> str:
    return (
        ", ".join(sorted({case.difficulty_source for case in test_set.cases if case.difficulty_source}))
        or "unknown"
    )


_CAPTIONS: Mapping[str, str] = {
    "subcategory": "AP of the median team per subcategory, the easiest on top.",
    "difficulty": "AP of the median team by difficulty; 1 is the hardest.",
    "origin": "AP of the median team by where the anomaly comes from.",
}
