"""Plots of scores: with their intervals, how they spread over batches or scans, beside toy scores."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from mood_evaluator.plots.canvas import height_of, key, key_of_teams, list_names, panels
from mood_evaluator.plots.look import LIGHT, Look, team_styles
from mood_evaluator.rank_draws import Interval

Guess = tuple[float, Interval]
"""AP of a constant guess, and the 95 % interval of random ones."""
_SEED = 38  # of the jitter
_DOTS = 200  # of a team


def score_intervals(
    scores: Mapping[str, Mapping[str, tuple[float, Interval | None]]],
    *,
    teams: Sequence[str],
    guesses: Mapping[str, Guess] | None = None,
    look: Look = LIGHT,
    into: SubFigure | None = None,
) -> Figure:
    """Show the score of each team and its 95 % interval, a panel a test set.

    `teams` gives the order from the top; `guesses` has what guessing scores, by panel.

    >>> figure = score_intervals({"Brain": {"A": (0.7, (0.6, 0.8))}}, teams=["A"])
    >>> figure.axes[0].get_xlabel()
    'average precision (AP)'
    """
    figure, axes = panels(list(scores), height_of(len(teams)), look, into, share=True, legend=1)
    for each, (title, own) in zip(axes, scores.items(), strict=True):
        for place, team in enumerate(teams):
            if team in own:
                score, interval = own[team]
                if interval is not None:
                    each.hlines(
                        place, *interval, color=look.range, linewidth=5, label=_once("95 % interval", place)
                    )
                each.plot([score], [place], "o", color=look.accent, markersize=5, label=_once("AP", place))
        _guess(each, (guesses or {}).get(title), look)
        list_names(each, teams, look)
        each.set_xlim(-0.01, 1.01)
        each.set_xlabel("average precision (AP)")
    key(axes[0], look)
    return figure


def score_spread(
    values: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    teams: Sequence[str],
    what: str = "AP of a batch",
    marks: Mapping[str, Mapping[str, float]] | None = None,
    mark: str = "all voxels at once",
    guesses: Mapping[str, Guess] | None = None,
    look: Look = LIGHT,
    into: SubFigure | None = None,
) -> Figure:
    """Show values of each team as dots with their quartiles, a panel a test set; `marks` is one more value.

    >>> figure = score_spread({"Brain": {"A": [0.2, 0.4]}}, teams=["A"], what="AP of a scan")
    >>> figure.axes[0].get_xlabel()
    'AP of a scan'
    """
    figure, axes = panels(list(values), height_of(len(teams)), look, into, share=True, legend=1)
    for each, (title, own) in zip(axes, values.items(), strict=True):
        for place, team in enumerate(teams):
            if own.get(team):
                _dots(each, place, np.array(own[team]), look)
            if marks and team in marks.get(title, {}):
                each.plot(
                    marks[title][team],
                    place,
                    "D",
                    color=look.teams[1],
                    markersize=4.5,
                    zorder=5,
                    label=_once(mark, place),
                )
        _guess(each, (guesses or {}).get(title), look)
        list_names(each, teams, look)
        each.set_xlim(-0.02, 1.02)
        each.set_xlabel(what)
    key(axes[0], look)
    return figure


def _dots(axes: Axes, place: int, values: np.ndarray, look: Look) -> None:
    shown = values[:: max(1, values.size // _DOTS)]
    jitter = np.random.default_rng(_SEED).uniform(-0.24, 0.24, shown.size)
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    axes.scatter(shown, place + jitter, s=7, color=look.accent, alpha=0.45, linewidths=0, zorder=3,
                 label=_once("each one", place))  # fmt: skip
    axes.hlines(
        place,
        low,
        high,
        color=look.range,
        linewidth=7,
        alpha=0.75,
        zorder=2,
        label=_once("middle half", place),
    )
    axes.plot([middle] * 2, [place - 0.26, place + 0.26], color=look.ink, linewidth=1.4, zorder=4,
              label=_once("median", place))  # fmt: skip


def toy_and_test(
    scores: Mapping[str, Mapping[str, tuple[float, float]]],
    *,
    teams: Sequence[str],
    look: Look = LIGHT,
    into: SubFigure | None = None,
) -> Figure:
    """Show each team's score on toy cases (across) and on the test set (up), a panel an anatomy.

    >>> toy_and_test({"Brain": {"A": (0.9, 0.7)}}, teams=["A"]).axes[0].get_xlabel()
    'AP on toy cases'
    """
    figure, axes = panels(list(scores), 1.75, look, into, columns=4, legend=1)
    styles = team_styles(teams, look)
    for each, own in zip(axes, scores.values(), strict=True):
        each.plot([0, 1], [0, 1], color=look.line, linewidth=1, zorder=1)
        for team in teams:
            if team in own:
                style = styles[team] | {"linestyle": "none", "marker": styles[team]["marker"] or "."}
                each.plot(*own[team], **style)
        each.set_xlim(-0.03, 1.03)
        each.set_ylim(-0.03, 1.03)
        each.set_xlabel("AP on toy cases")
        each.set_ylabel("AP on the test set")
    key_of_teams(axes[0], teams, look, grey=".")
    return figure


def _guess(axes: Axes, guess: Guess | None, look: Look) -> None:
    if guess is not None:
        axes.axvspan(*guess[1], color=look.quiet, alpha=0.18, linewidth=0, zorder=0)
        axes.axvline(guess[0], color=look.quiet, linestyle=":", linewidth=1.2, label="a guess")


def _once(label: str, place: int) -> str:
    return label if place == 0 else ""
