"""Plots over thresholds and scores: ROC, precision and recall, objects found, reliability (thesis Fig. 3.8).

Rows are those of `mood_evaluator.analysis`: dicts, or the records of a frame.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure, SubFigure

from mood_evaluator.objects.free_response import RATES as _RATES
from mood_evaluator.plots.canvas import key_of_teams, panels
from mood_evaluator.plots.look import LIGHT, Look, team_styles

Rows = Sequence[Mapping[str, Any]]
_FRACTIONS = ("⅛", "¼", "½", "1", "2", "4", "8")


def threshold_curves(
    rows: Mapping[str, Rows], *, teams: Sequence[str], look: Look = LIGHT, into: SubFigure | None = None
) -> Figure:
    """Show ROC and precision-recall curves, two panels a test set; dotted: guessing.

    Rows have `team`, `fpr`, `tpr` and `precision`.

    >>> row = {"team": "A", "fpr": 0.0, "tpr": 0.0, "precision": 1.0}
    >>> last = {"team": "A", "fpr": 1.0, "tpr": 1.0, "precision": 0.5}
    >>> figure = threshold_curves({"Brain": [row, last]}, teams=["A"])
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['true-positive rate', 'precision']
    """
    figure, axes = panels([title for title in rows for _ in range(2)], 1.65, look, into, legend=1)
    styles = team_styles(teams, look)
    for roc, both, own in zip(axes[::2], axes[1::2], rows.values(), strict=True):
        for team in teams:
            mine = [row for row in own if row["team"] == team]
            style = styles[team] | {"marker": None}
            roc.plot([row["fpr"] for row in mine], [row["tpr"] for row in mine], **style)
            both.step([row["tpr"] for row in mine], [row["precision"] for row in mine], where="pre", **style)
        roc.plot([0, 1], [0, 1], ":", color=look.quiet, linewidth=1)
        if own:  # where all is called abnormal, precision is prevalence
            both.axhline(own[-1]["precision"], color=look.quiet, linestyle=":", linewidth=1)
        for each, (x, y) in zip(
            (roc, both), (("false-positive rate", "true-positive rate"), ("recall", "precision")), strict=True
        ):
            each.set(xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    key_of_teams(axes[0], teams, look)
    return figure


def objects_found(
    rows: Mapping[str, Rows], *, teams: Sequence[str], look: Look = LIGHT, into: SubFigure | None = None
) -> Figure:
    """Show the share of objects found over ⅛ to 8 false alarms a scan (FROC), a panel a test set.

    Rows have `team`, `false_per_scan` and `sensitivity`.

    >>> row = {"team": "A", "false_per_scan": 0.5, "sensitivity": 0.8}
    >>> objects_found({"Brain": [row]}, teams=["A"]).axes[0].get_ylabel()
    'objects found'
    """
    figure, axes = panels(list(rows), 2.1, look, into, columns=2, legend=1)
    styles = team_styles(teams, look)
    for each, own in zip(axes, rows.values(), strict=True):
        for team in teams:
            style = styles[team] | {"marker": None}
            points = [(row["false_per_scan"], row["sensitivity"]) for row in own if row["team"] == team]
            points += [(_RATES[-1], y) for _, y in points[-1:]]  # more false alarms are allowed, not made
            each.step(
                [max(x, _RATES[0] / 2) for x, _ in points], [y for _, y in points], where="post", **style
            )
        each.set_xscale("log", base=2)
        each.set_xticks(_RATES, _FRACTIONS)
        each.minorticks_off()
        each.set(xlabel="false alarms per scan", ylabel="objects found", ylim=(-0.02, 1.02))
        each.set_xlim(_RATES[0], _RATES[-1])
    key_of_teams(axes[0], teams, look)
    return figure


def reliability(
    rows: Mapping[str, Rows], *, teams: Sequence[str], look: Look = LIGHT, into: SubFigure | None = None
) -> Figure:
    """Show the share of abnormal scans over their score, a panel a test set; dotted: a probability.

    Rows have `team`, `score` and `abnormal`, one a bin of scores.

    >>> row = {"team": "A", "score": 0.75, "abnormal": 0.8}
    >>> reliability({"Brain": [row]}, teams=["A"]).axes[0].get_xlabel()
    'mean score of a bin'
    """
    figure, axes = panels(list(rows), 1.9, look, into, columns=2, legend=1)
    styles = team_styles(teams, look)
    for each, own in zip(axes, rows.values(), strict=True):
        each.plot([0, 1], [0, 1], ":", color=look.quiet, linewidth=1)
        for team in teams:
            mine = [row for row in own if row["team"] == team]
            each.plot([row["score"] for row in mine], [row["abnormal"] for row in mine], **styles[team])
        each.set(
            xlabel="mean score of a bin", ylabel="abnormal scans", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02)
        )
    key_of_teams(axes[0], teams, look)
    return figure
