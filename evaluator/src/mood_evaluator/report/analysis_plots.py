"""Plots of how teams do per kind of anomaly, per scan and per object (thesis Fig. 3.8, 4.4 to 4.9)."""

from collections.abc import Sequence
from textwrap import shorten
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from mood_evaluator.report.figure import Figure
from mood_evaluator.report.style import (
    CHANCE,
    COLOURS,
    MARKERS,
    canvas,
    draw_chance,
    height_for,
    label_lines,
    team_styles,
)

Rows = Sequence[dict[str, Any]]


def lines_over(test_set: str, dimension: str, rows: Rows, teams: Sequence[str], unit: str) -> Figure:
    """Show AP over a measure of the anomalies, one line per team (Fig. 4.4)."""
    own = [row for row in rows if row["dimension"] == dimension and row["ap"] is not None]

    def draw() -> Canvas:
        figure, (axes,) = canvas(3.4)
        styles = team_styles(teams)
        for team in teams:
            points = sorted((row["place"], row["ap"]) for row in own if row["team"] == team)
            axes.plot([x for x, _ in points], [y for _, y in points], **styles[team])
        _chance_line(axes, own)
        axes.set_xlabel(f"{dimension} of the anomaly ({unit}; median of each group)")
        axes.set_ylabel("AP")
        label_lines(axes, teams)
        return figure

    caption = (
        f"AP over {dimension}; the five best teams in colour. Dotted: constant guess, band: random guesses."
    )
    return Figure(f"{test_set}-{dimension}", f"AP over {dimension}: {test_set}", caption, own, draw)


def bars(test_set: str, name: str, title: str, rows: Rows, label: str, caption: str) -> Figure:
    """Show the AP of the median team per group, beside what guessing scores (Fig. 4.5, 4.6, 4.8)."""
    own = [row for row in rows if row["ap"] is not None]

    def draw() -> Canvas:
        figure, (axes,) = canvas(height_for(len(own)))
        places = np.arange(len(own))
        axes.barh(places, [row["ap"] for row in own], color=COLOURS[0], height=0.65)
        for place, row in zip(places, own, strict=True):
            axes.plot(
                [row["chance"]] * 2, [place - 0.4, place + 0.4], color="black", linestyle=":", linewidth=1.4
            )
            low, high = row["chance_low"], row["chance_high"]
            axes.fill_betweenx([place - 0.4, place + 0.4], low, high, color=CHANCE, alpha=0.35, linewidth=0)
        axes.set_yticks(places, [f"{row[label]} ({row['cases']})" for row in own], fontsize=7)
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.set_xlabel("AP of the median team (in brackets: abnormal cases)")
        return figure

    guess = " Dotted: constant guess; grey: 95 % of random guesses."
    return Figure(f"{test_set}-{name}", f"{title}: {test_set}", caption + guess, own, draw)


def fpr_bars(test_set: str, rows: Rows) -> Figure:
    """Show FPR@95TPR per subcategory: median team, best team, best of all per subcategory (Fig. 4.7)."""
    own = [row for row in rows if row["dimension"] == "subcategory" and row["fpr_at_95_tpr"] is not None]
    series = (
        ("median team", "fpr_at_95_tpr"),
        ("best team", "fpr_at_95_tpr_of_best_team"),
        ("best per subcategory", "fpr_at_95_tpr_best"),
    )

    def draw() -> Canvas:
        figure, (axes,) = canvas(height_for(len(own)) + 0.4)
        for number, (label, key) in enumerate(series):
            known = [(place, row[key]) for place, row in enumerate(own) if row[key] is not None]
            axes.plot([y for _, y in known], [x for x, _ in known], linestyle="none", marker=MARKERS[number],
                      color=COLOURS[number], label=label)  # fmt: skip
        axes.axvline(0.95, color=CHANCE, linestyle=":", linewidth=1, label="random guess")
        axes.set_yticks(range(len(own)), [row["group"] for row in own], fontsize=7)
        axes.invert_yaxis()
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel("FPR at 95 % TPR (lower is better)")
        axes.legend(fontsize=7, frameon=False)
        return figure

    caption = "Subcategories with at least 20 abnormal cases."
    return Figure(f"{test_set}-fpr", f"False alarms per subcategory: {test_set}", caption, own, draw)


def curves(test_set: str, rows: Rows, teams: Sequence[str]) -> Figure:
    """Show ROC and precision-recall curves (Fig. 3.8)."""

    def draw() -> Canvas:
        figure, (roc, precision_recall) = canvas(3.6, columns=2)
        styles = team_styles(teams)
        for team in teams:
            own = [row for row in rows if row["team"] == team]
            style = styles[team] | {"marker": None}
            roc.plot([row["fpr"] for row in own], [row["tpr"] for row in own], **style)
            precision_recall.step(
                [row["tpr"] for row in own], [row["precision"] for row in own], where="pre", **style
            )
        roc.plot([0, 1], [0, 1], color=CHANCE, linestyle=":", linewidth=1)
        roc.set_xlabel("false-positive rate")
        roc.set_ylabel("true-positive rate")
        if rows:  # where all is called abnormal, precision is prevalence
            precision_recall.axhline(rows[-1]["precision"], color=CHANCE, linestyle=":", linewidth=1)
        precision_recall.set_xlabel("recall")
        precision_recall.set_ylabel("precision")
        precision_recall.set_ylim(-0.02, 1.02)
        label_lines(roc, teams)
        return figure

    caption = "All scans, or all voxels, of the test set. Dotted: random guess."
    return Figure(f"{test_set}-curves", f"ROC and precision-recall: {test_set}", caption, list(rows), draw)


def scan_histograms(test_set: str, rows: Rows, means: Rows, number: str) -> Figure:
    """Show `ap` or `auroc` of single scans beside that of all voxels (Fig. 4.9), for the best five teams."""
    teams = [row["team"] for row in means][:5]
    lines = (("of_set", COLOURS[1], "-", "all voxels"), ("of_scans", "black", "--", "mean of scans"))

    def draw() -> Canvas:
        figure, axes = canvas(2.6, columns=max(1, len(teams)), share=True)
        for each, team in zip(axes, teams, strict=False):
            values = [row[number] for row in rows if row["team"] == team and row[number] is not None]
            summary = next(row for row in means if row["team"] == team)
            each.hist(values, bins=list(np.linspace(0, 1, 21)), color=COLOURS[0])
            for key, colour, style, label in lines:
                if summary[f"{number}_{key}"] is not None:
                    each.axvline(summary[f"{number}_{key}"], color=colour, linestyle=style, label=label)
            each.set_title(shorten(team, 20, placeholder="…"), fontsize=7)
            each.set_xlabel(f"{number.upper()} of a scan", fontsize=8)
        if teams:
            axes[0].set_ylabel("scans", fontsize=8)
            axes[0].legend(fontsize=6, frameon=False)
        return figure

    caption = (
        "Scans with an anomaly. Large anomalies dominate the value of all voxels; here each scan counts once."
    )
    title = f"{number.upper()} of single scans: {test_set}"
    return Figure(f"{test_set}-scans-{number}", title, caption, list(rows), draw)


def froc_lines(test_set: str, rows: Rows, teams: Sequence[str]) -> Figure:
    """Show sensitivity over false positives per scan."""

    def draw() -> Canvas:
        figure, (axes,) = canvas(3.4)
        styles = team_styles(teams)
        for team in teams:
            own = [row for row in rows if row["team"] == team]
            x, y = [row["false_per_scan"] for row in own], [row["sensitivity"] for row in own]
            axes.step(x, y, where="post", **(styles[team] | {"marker": None}))
        axes.set_xlabel("false positives per scan")
        axes.set_ylabel("objects found")
        axes.set_ylim(-0.02, 1.02)
        label_lines(axes, teams)
        return figure

    caption = "Objects at each team's detection threshold, by their highest score."
    return Figure(
        f"{test_set}-froc", f"Objects found and false alarms: {test_set}", caption, list(rows), draw
    )


def _chance_line(axes: Axes, rows: Rows) -> None:
    """Draw guessing per group where it varies, else across."""
    groups = sorted({(row["place"], row["chance"], row["chance_low"], row["chance_high"]) for row in rows})
    if len(groups) == 1:
        draw_chance(axes, dict(rows[0]))
        return
    x = [group[0] for group in groups]
    axes.plot(x, [group[1] for group in groups], color=CHANCE, linestyle=":", linewidth=1, label="guess")
    axes.fill_between(
        x, [g[2] for g in groups], [g[3] for g in groups], color=CHANCE, alpha=0.18, linewidth=0
    )
