"""Plots of ranks and how firm they are, after those of challengeR (Wiesenfarth et al. 2021)."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure, SubFigure

from mood_evaluator.plots.canvas import few, height_of, key_of_teams, list_names, panels, shortened
from mood_evaluator.plots.look import LIGHT, TINY, Look, team_styles
from mood_evaluator.significance import PairDifference
from mood_evaluator.tables.schemes import Method, Scheme, rank_table
from mood_evaluator.tables.score_table import ScoreTable
from mood_evaluator.tables.stability import Stability

_SEED = 38  # of broken ties, as challengeR's
_SEEN = 0.02  # a smaller share is no disc that could be seen
_NUMBERED = 8  # teams up to which a cell holds a number


def rank_shares(
    rankings: Mapping[str, Stability],
    *,
    teams: Sequence[str] | None = None,
    look: Look = LIGHT,
    into: SubFigure | None = None,
) -> Figure:
    """Show how often each team had each rank among the draws of scans, a panel a ranking.

    The area of a disc is a share, the line the 95 % interval, the cross the rank in the full data. `teams`
    gives the order from the top (default: by mean rank).

    >>> from mood_evaluator.tables import Method, ScoreTable, bootstrap_table
    >>> table = ScoreTable("t", ("A", "B"), ("c1", "c2"), np.array([[0.9, 0.8], [0.1, 0.2]]))
    >>> figure = rank_shares({"Brain": bootstrap_table(table, Method(), n=20, seed=1)})
    >>> figure.axes[0].get_title(loc="left")
    'Brain'
    """
    order = list(teams) if teams is not None else _by_mean_rank(list(rankings.values()))
    figure, axes = panels(list(rankings), height_of(len(order)), look, into, columns=3, share=True)
    for each, stability in zip(axes, rankings.values(), strict=True):
        _draw_shares(each, stability, order, look)
        list_names(each, order, look)
        each.set_xlim(0.4, len(order) + 0.6)
        each.set_xticks(few(len(order)))
        each.set_xlabel("rank")
    return figure


def _draw_shares(axes: Axes, stability: Stability, order: Sequence[str], look: Look) -> None:
    columns = [stability.algorithms.index(team) for team in order]
    ranks, full = stability.ranks[:, columns], stability.full[columns]
    shares = np.array([np.bincount(own, minlength=len(order) + 1)[1:] for own in ranks.T]) / len(ranks)
    places, at = np.nonzero(shares >= _SEEN)
    size = 190 if len(order) <= 12 else 70
    axes.scatter(at + 1, places, s=size * shares[places, at], color=look.range, linewidths=0, zorder=2)
    low, high = np.quantile(ranks, (0.025, 0.975), axis=0, method="inverted_cdf")
    axes.hlines(np.arange(len(order)), low, high, color=look.accent, linewidth=1.1, zorder=3)
    axes.plot(full, np.arange(len(order)), "x", color=look.ink, markersize=4, zorder=4)


def _by_mean_rank(rankings: Sequence[Stability]) -> list[str]:
    places: dict[str, list[int]] = {}
    for stability in rankings:
        for team, rank in zip(stability.algorithms, stability.full.tolist(), strict=True):
            places.setdefault(team, []).append(rank)
    return sorted(places, key=lambda team: (sum(places[team]) / len(places[team]), team))


def differences(
    pairs: Mapping[str, Sequence[PairDifference]],
    teams: Mapping[str, Sequence[str]],
    *,
    look: Look = LIGHT,
    into: SubFigure | None = None,
) -> Figure:
    """Show which team is better than which, all pairs tested together, a panel a ranking.

    `teams` are those of each panel, the best first; the columns have their numbers. A filled cell: the team
    of the row is significantly better than that of the column. Up to 8 teams it has the difference of AP.

    >>> found = [PairDifference("A", "B", 0.2, (0.1, 0.3), 0.001, 0.001)]
    >>> len(differences({"Brain": found}, {"Brain": ["A", "B"]}).axes)
    1
    """
    most = max(map(len, teams.values()), default=2)
    figure, axes = panels(list(pairs), height_of(most), look, into, columns=2)
    for each, (title, found) in zip(axes, pairs.items(), strict=True):
        _draw_differences(each, found, list(teams[title]), look)
    return figure


def _draw_differences(axes: Axes, pairs: Sequence[PairDifference], teams: Sequence[str], look: Look) -> None:
    place = {team: number for number, team in enumerate(teams)}
    pairs = [pair for pair in pairs if pair.better in place and pair.worse in place]
    cells = np.full((len(teams), len(teams)), np.nan)
    for pair in pairs:
        row, column = place[pair.better], place[pair.worse]
        cells[row, column] = pair.significant
        if len(teams) <= _NUMBERED:
            colour = look.paper if pair.significant else look.quiet
            text = f"{pair.difference:.3f}".removeprefix("0")
            axes.text(column, row, text, ha="center", va="center", fontsize=TINY, color=colour)
    colours = LinearSegmentedColormap.from_list("yes or no", [look.soft, look.accent])
    edges = np.arange(len(teams) + 1) - 0.5
    axes.pcolormesh(edges, edges, np.ma.masked_invalid(cells), cmap=colours, vmin=0, vmax=1)
    list_names(
        axes, [f"{number}. {shortened(team, 20)}" for number, team in enumerate(teams, 1)], look, ruled=False
    )
    shown = few(len(teams)) if len(teams) > _NUMBERED else range(1, len(teams) + 1)
    axes.set_xticks([number - 1 for number in shown], [str(number) for number in shown])
    axes.tick_params(axis="x", length=0)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlabel("better than number …")


def rank_counts(
    tables: Mapping[str, ScoreTable],
    *,
    look: Look = LIGHT,
    into: SubFigure | None = None,
) -> Figure:
    """Show in how many cases (batches, say) each algorithm had each rank; ties share the smallest.

    >>> table = ScoreTable("t", ("A", "B"), ("b1", "b2"), np.array([[0.9, 0.8], [0.1, 0.2]]))
    >>> [text.get_text() for text in rank_counts({"Brain": table}).axes[0].texts]
    ['2', '2']
    """
    most = max(len(table.algorithms) for table in tables.values())
    figure, axes = panels(list(tables), height_of(most), look, into, columns=2)
    for each, table in zip(axes, tables.values(), strict=True):
        teams = table.algorithms
        counts = np.array([np.bincount(own, minlength=len(teams) + 1)[1:] for own in _ranks(table)])
        colours = LinearSegmentedColormap.from_list("counts", [look.soft, look.accent])
        each.imshow(np.where(counts == 0, np.nan, counts), cmap=colours, vmin=0, aspect="auto")
        for row, column in zip(*np.nonzero(counts), strict=True) if most <= 2 * _NUMBERED else ():
            dark = counts[row, column] > 0.6 * counts.max()
            each.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=TINY,
                      color=look.paper if dark else look.ink)  # fmt: skip
        list_names(each, teams, look, ruled=False)
        each.set_xticks([place - 1 for place in few(len(teams))], [str(place) for place in few(len(teams))])
        each.set_xlabel("rank in a batch")
    return figure


def podium(tables: Mapping[str, ScoreTable], *, look: Look = LIGHT, into: SubFigure | None = None) -> Figure:
    """Show how far apart the places of each case are: a dot an algorithm and case; ties at random.

    >>> table = ScoreTable("t", ("A", "B"), ("b1", "b2"), np.array([[0.9, 0.8], [0.1, 0.2]]))
    >>> podium({"Brain": table}).axes[0].get_xlabel()
    'place in the batch'
    """
    figure, axes = panels(list(tables), 2.6, look, into, columns=2, legend=1)
    for each, table in zip(axes, tables.values(), strict=True):
        teams = table.algorithms
        styles = team_styles(teams, look)
        for number, (team, own) in enumerate(zip(teams, _ranks(table, break_ties=True), strict=True)):
            style = styles[team] | {"linestyle": "none", "marker": styles[team]["marker"] or "."}
            each.plot(own + (number + 1) / (len(teams) + 1) - 0.5, table.values[number], **style)
        for border in range(1, len(teams)):
            each.axvline(border + 0.5, color=look.line, linewidth=0.5)
        each.set_xticks(few(len(teams)))
        each.set_xlabel("place in the batch")
        each.set_ylabel("AP")
    key_of_teams(axes[0], next(iter(tables.values())).algorithms, look, grey=".")
    return figure


def scheme_ranks(
    tables: Mapping[str, ScoreTable], *, look: Look = LIGHT, into: SubFigure | None = None
) -> Figure:
    """Show the rank of each algorithm under the five ranking schemes.

    >>> table = ScoreTable("t", ("A", "B"), ("b1", "b2"), np.array([[0.9, 0.8], [0.1, 0.2]]))
    >>> len(scheme_ranks({"Brain": table}).axes[0].lines)
    2
    """
    most = max(len(table.algorithms) for table in tables.values())
    figure, axes = panels(list(tables), height_of(most) + 0.5, look, into, columns=2)
    for each, table in zip(axes, tables.values(), strict=True):
        styles = team_styles(table.algorithms, look)
        last: dict[int, list[str]] = {}
        for team, ranks in ranks_by_scheme(table).items():
            each.plot(range(len(Scheme)), list(ranks.values()), **styles[team])
            last.setdefault(list(ranks.values())[-1], []).append(shortened(team, 14))
        for rank, names in last.items():
            each.annotate("\n".join(names), (len(Scheme) - 1, rank), fontsize=TINY - 0.5, xytext=(5, 0),
                          textcoords="offset points", va="center", color=look.ink)  # fmt: skip
        schemes = [scheme.replace("-then-", "\nthen ") for scheme in Scheme]
        each.set_xticks(range(len(Scheme)), schemes, fontsize=TINY - 1)
        each.set_yticks(few(most))
        each.set_ylabel("rank")
        each.invert_yaxis()
    return figure


def ranks_by_scheme(table: ScoreTable) -> dict[str, dict[Scheme, int]]:
    """Return the rank of each algorithm under each scheme."""
    found = {scheme: rank_table(table, Method(scheme=scheme)) for scheme in Scheme}
    ranks = {scheme: {row.algorithm: row.rank for row in rows} for scheme, rows in found.items()}
    return {team: {scheme: ranks[scheme][team] for scheme in Scheme} for team in table.algorithms}


def agreement(
    rankings: Mapping[str, Stability], *, look: Look = LIGHT, into: SubFigure | None = None
) -> Figure:
    """Show how well the ranking of each draw agrees with that of the full data (Kendall's tau-b).

    >>> table = ScoreTable("t", ("A", "B"), ("c1", "c2"), np.array([[0.9, 0.8], [0.1, 0.2]]))
    >>> from mood_evaluator.tables import bootstrap_table
    >>> agreement({"Brain": bootstrap_table(table, Method(), n=20, seed=1)}).axes[0].get_xlabel()
    "Kendall's tau-b with the ranking of the full data"
    """
    figure, (axes,) = panels([""], height_of(len(rankings)), look, into)
    for place, stability in enumerate(rankings.values()):
        known = stability.tau_b[~np.isnan(stability.tau_b)]
        if known.size:
            low, quarter, middle, most, high = np.quantile(known, (0.025, 0.25, 0.5, 0.75, 0.975))
            axes.hlines(place, low, high, color=look.accent, linewidth=1.1)
            axes.hlines(place, quarter, most, color=look.range, linewidth=7)
            axes.plot([middle], [place], "o", color=look.accent, markersize=5)
    list_names(axes, list(rankings), look)
    axes.set_xlim(right=1.03)
    axes.set_xlabel("Kendall's tau-b with the ranking of the full data")
    return figure


def _ranks(table: ScoreTable, *, break_ties: bool = False) -> npt.NDArray[np.int64]:
    """Return (algorithms, cases) ranks within each case, ties the smallest or at random."""
    values = table.values
    noise = np.random.default_rng(_SEED).permuted(
        np.tile(np.arange(len(values))[:, None], values.shape[1]), axis=0
    )
    above = (values[None] > values[:, None]).sum(axis=1)
    ties = ((values[None] == values[:, None]) & (noise[None] < noise[:, None])).sum(axis=1)
    return np.asarray(1 + above + (ties if break_ties else 0))
