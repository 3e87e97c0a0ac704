"""Plots of a ranking and its stability, after those of challengeR (Wiesenfarth et al. 2021)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from mood_evaluator.report.figure import Figure
from mood_evaluator.report.style import (
    CHANCE,
    COLOURS,
    QUIET,
    SEQUENTIAL,
    canvas,
    height_for,
    label_lines,
    team_styles,
)
from mood_evaluator.runs.stability import SetStability
from mood_evaluator.tables.schemes import Method, Scheme, rank_table
from mood_evaluator.tables.score_table import ScoreTable
from mood_evaluator.tables.stability import Stability

Rows = list[dict[str, Any]]
Guess = tuple[float, tuple[float, float]]
"""AP of a constant guess, and the 95 % interval of random ones."""
_SEED = 38  # of broken ties and jitter, as challengeR's


def dot_and_box(
    test_set: str, teams: Sequence[str], values: npt.NDArray[np.float64], what: str, guess: Guess
) -> Figure:
    """Show the values (teams, n) of each team as dots, with quartiles, beside what guessing scores."""
    rows = [
        {"team": team, "number": number + 1, "value": float(value)}
        for team, own in zip(teams, values, strict=True)
        for number, value in enumerate(own)
    ]

    def draw() -> Canvas:
        figure, (axes,) = canvas(height_for(len(teams)))
        places = np.arange(len(teams))
        shown = values[:, :: max(1, values.shape[1] // 200)]
        jitter = np.random.default_rng(_SEED).uniform(-0.25, 0.25, shown.shape)
        axes.scatter(
            shown,
            places[:, None] + jitter,
            s=5 if values.shape[1] > 40 else 14,
            color=COLOURS[0],
            alpha=0.4,
            linewidths=0,
        )
        axes.boxplot(
            list(values), positions=places, orientation="horizontal", showfliers=False, widths=0.5,
            medianprops={"color": COLOURS[1], "linewidth": 1.6},
        )  # fmt: skip
        axes.axvspan(*guess[1], color=CHANCE, alpha=0.25, linewidth=0)
        axes.axvline(guess[0], color=CHANCE, linestyle=":", linewidth=1)
        _list_teams(axes, teams)
        axes.set_xlabel(f"AP ({what})")
        return figure

    caption = f"Each dot is the AP of one of the {what}; box: quartiles, orange: median; dotted: guess."
    return Figure(f"{test_set}-dot-and-box", f"Spread of the scores: {test_set}", caption, rows, draw)


def podium(table: ScoreTable, teams: Sequence[str]) -> Figure:
    """Show who took which place in each batch; ties are broken at random."""
    ranks = _ranks(table, teams, break_ties=True)
    rows = [
        {"team": team, "batch": number + 1, "place": int(place)}
        for team, own in zip(teams, ranks, strict=True)
        for number, place in enumerate(own)
    ]

    def draw() -> Canvas:
        figure, (axes,) = canvas(3.6)
        styles = team_styles(teams)
        for team, own in zip(teams, ranks, strict=True):
            values = table.values[table.algorithms.index(team)]
            style = styles[team] | {"linestyle": "none", "marker": styles[team]["marker"] or "o"}
            axes.plot(own + (list(teams).index(team) + 1) / (len(teams) + 1) - 0.5, values, **style)
        for border in range(1, len(teams)):
            axes.axvline(border + 0.5, color=QUIET, linewidth=0.5)
        axes.set_xticks(range(1, len(teams) + 1))
        axes.set_xlabel("place in the batch")
        axes.set_ylabel("AP")
        label_lines(axes, teams)
        return figure

    caption = (
        "One dot per team and batch of the first batching: how far apart the places are. Ties at random."
    )
    return Figure(f"{table.task}-podium", f"Podium: {table.task}", caption, rows, draw)


def rank_heatmap(table: ScoreTable, teams: Sequence[str]) -> Figure:
    """Show in how many batches each team took each rank."""
    ranks = _ranks(table, teams, break_ties=False).astype(int)
    counts = np.array([np.bincount(own, minlength=len(teams) + 1)[1:] for own in ranks])
    rows = [
        {"team": team, "rank": rank + 1, "batches": int(counts[place, rank])}
        for place, team in enumerate(teams)
        for rank in range(len(teams))
    ]

    def draw() -> Canvas:
        figure, (axes,) = canvas(height_for(len(teams)))
        _cells(axes, counts, teams, numbers=len(teams) <= 15)
        axes.set_xticks(range(len(teams)), [str(place + 1) for place in range(len(teams))])
        axes.set_xlabel("rank in the batch")
        return figure

    caption = "Number of batches of the first batching in which a team had a rank; ties share the smallest."
    return Figure(f"{table.task}-rank-heatmap", f"Ranks in the batches: {table.task}", caption, rows, draw)


def blob(name: str, stability: Stability, title: str) -> Figure:
    """Show how often each team had each rank among the draws."""
    order = np.argsort(stability.full, kind="stable")
    teams = [stability.algorithms[place] for place in order]
    shares = np.array(
        [np.bincount(stability.ranks[:, place], minlength=len(teams) + 1)[1:] for place in order]
    ) / len(stability.ranks)  # fmt: skip
    spans = np.quantile(stability.ranks[:, order], (0.025, 0.5, 0.975), axis=0, method="inverted_cdf")
    rows = [
        {"team": team, "rank": rank + 1, "share": float(shares[place, rank])}
        for place, team in enumerate(teams)
        for rank in range(len(teams))
    ]

    def draw() -> Canvas:
        figure, (axes,) = canvas(height_for(len(teams)))
        places, ranks = np.nonzero(shares)
        axes.scatter(
            ranks + 1, places, s=260 * shares[places, ranks], color=COLOURS[0], alpha=0.55, linewidths=0
        )
        axes.hlines(np.arange(len(teams)), spans[0], spans[2], color="black", linewidth=1)
        axes.plot(spans[1], np.arange(len(teams)), linestyle="none", marker="x", color="black", markersize=5)
        axes.plot([1, len(teams)], [0, len(teams) - 1], color=QUIET, linestyle=":", linewidth=0.8)
        _list_teams(
            axes, [f"{team} ({stability.full[place]})" for team, place in zip(teams, order, strict=True)]
        )
        axes.set_xticks(_few(len(teams)))
        axes.set_xlabel("rank")
        return figure

    caption = (
        f"Area: share of {len(stability.ranks):,} draws at that rank; cross: median; line: 95 % interval; in "
        "brackets the rank in the full data."
    )
    return Figure(name, title, caption, rows, draw)


def tau_violins(parts: dict[str, Stability]) -> Figure:
    """Show how well the ranking of each draw agrees with the full one."""
    known = {name: part.tau_b[~np.isnan(part.tau_b)] for name, part in parts.items()}
    known = {name: values for name, values in known.items() if values.size}
    names = sorted(known, key=lambda name: -float(np.median(known[name])))
    rows = [
        {"ranking": name, "mean": float(known[name].mean()), "q25": float(np.quantile(known[name], 0.25))}
        | {"median": float(np.median(known[name])), "q75": float(np.quantile(known[name], 0.75))}
        for name in names
    ]

    def draw() -> Canvas:
        figure, (axes,) = canvas(2.8)
        if names:
            bodies = axes.violinplot([known[name] for name in names], showmedians=True)["bodies"]
            for body in bodies:  # type: ignore[attr-defined]  # a list of collections
                body.set_facecolor(COLOURS[0])
        axes.set_xticks(range(1, len(names) + 1), names)
        axes.set_ylim(min(0.0, *(float(known[name].min()) for name in names), 0.0) - 0.05, 1.05)
        axes.set_ylabel("Kendall's tau-b")
        return figure

    caption = (
        "Agreement of the ranking of each draw with that of the full data; line: median. 1 is the same order."
    )
    return Figure("kendall-tau", "Stability of the whole ranking", caption, rows, draw)


def significance_map(test_set: str, part: SetStability, teams: Sequence[str]) -> Figure:
    """Show who is significantly better than whom."""
    place = {team: number for number, team in enumerate(teams)}
    cells = np.zeros((len(teams), len(teams)))
    for pair in part.pairs:
        cells[place[pair.worse], place[pair.better]] = 1 if pair.significant else 0
    rows = [
        {"better": pair.better, "worse": pair.worse, "difference": pair.difference, "low": pair.interval[0]}
        | {
            "high": pair.interval[1],
            "p": pair.p,
            "p_adjusted": pair.p_adjusted,
            "significant": pair.significant,
        }
        for pair in part.pairs
    ]

    def draw() -> Canvas:
        figure, (axes,) = canvas(height_for(len(teams)) + 0.8)
        axes.imshow(cells, cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(teams)), teams, rotation=60, ha="right", fontsize=7)
        _list_teams(axes, teams, invert=False)
        axes.set_xlabel("better")
        axes.set_ylabel("worse")
        return figure

    caption = (
        "Yellow: the difference of the scores is significant (paired stratified bootstrap of scans, "
        "all pairs together by step-down max-T, 5 %)."
    )
    return Figure(f"{test_set}-significance", f"Significant differences: {test_set}", caption, rows, draw)


def scheme_lines(table: ScoreTable, teams: Sequence[str]) -> Figure:
    """Show the rank of each team under five schemes."""
    ranks = {
        scheme: {row.algorithm: row.rank for row in rank_table(table, Method(scheme=scheme))}
        for scheme in Scheme
    }
    rows = [{"team": team, **{str(scheme): ranks[scheme][team] for scheme in Scheme}} for team in teams]

    def draw() -> Canvas:
        figure, (axes,) = canvas(height_for(len(teams)) + 0.6)
        styles = team_styles(teams)
        for team in teams:
            axes.plot(range(len(Scheme)), [ranks[scheme][team] for scheme in Scheme], **styles[team])
            axes.annotate(team, (len(Scheme) - 1, ranks[Scheme(list(Scheme)[-1])][team]), fontsize=7,
                          xytext=(6, 0), textcoords="offset points", va="center")  # fmt: skip
        axes.set_xticks(range(len(Scheme)), [str(scheme) for scheme in Scheme], fontsize=7)
        axes.set_yticks(_few(len(teams)))
        axes.set_ylabel("rank")
        axes.invert_yaxis()
        return figure

    caption = "Batches of the first batching as cases: teams whose line moves owe their rank to the scheme."
    return Figure(f"{table.task}-schemes", f"Ranks under other schemes: {table.task}", caption, rows, draw)


def _ranks(table: ScoreTable, teams: Sequence[str], *, break_ties: bool) -> npt.NDArray[np.float64]:
    """Return (teams, cases) ranks within each case, ties the smallest or at random."""
    values = np.array([table.values[table.algorithms.index(team)] for team in teams])
    noise = np.random.default_rng(_SEED).permuted(
        np.tile(np.arange(len(teams))[:, None], values.shape[1]), axis=0
    )
    above = (values[None] > values[:, None]).sum(axis=1)
    ties = ((values[None] == values[:, None]) & (noise[None] < noise[:, None])).sum(axis=1)
    return np.asarray(1.0 + above + (ties if break_ties else 0))


def _cells(axes: Axes, counts: npt.NDArray[np.int64], teams: Sequence[str], *, numbers: bool) -> None:
    axes.imshow(counts, cmap=SEQUENTIAL, aspect="auto")
    _list_teams(axes, teams, invert=False)
    if numbers:
        for (row, column), count in np.ndenumerate(counts):
            colour = "white" if count < counts.max() / 2 else "black"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color=colour)


def _list_teams(axes: Axes, teams: Sequence[str], *, invert: bool = True) -> None:
    axes.set_yticks(range(len(teams)), teams, fontsize=7)
    axes.set_ylim(len(teams) - 0.5, -0.5) if invert else None


def _few(count: int) -> list[int]:
    """Return at most ten ranks to write at an axis."""
    return list(range(1, count + 1, -(-count // 10)))
