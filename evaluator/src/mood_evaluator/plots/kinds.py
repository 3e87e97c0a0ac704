"""Plots of what is hard: scores per kind, over size and contrast, false alarms (thesis Fig. 4.4 to 4.8).

Rows are those of `mood_evaluator.analysis`: dicts, or the records of a frame.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from mood_evaluator.plots.canvas import height_of, key, key_of_teams, panels, shortened
from mood_evaluator.plots.look import LIGHT, MARKERS, SMALL, TINY, Look, team_styles

Rows = Sequence[Mapping[str, Any]]
_LETTERS = 30


def kind_bars(kinds: Mapping[str, Rows], *, look: Look = LIGHT, into: SubFigure | None = None) -> Figure:
    """Show the AP of the median team per kind, n its number of abnormal scans, a panel a group of kinds.

    Rows have `name`, `cases`, `ap`, `low`, `high` (95 % interval, or None), and `chance`, `chance_low`,
    `chance_high` of guessing.

    >>> row = {"name": "fracture", "cases": 12, "ap": 0.8, "low": 0.6, "high": 0.9}
    >>> figure = kind_bars({"Brain": [row | {"chance": 0.5, "chance_low": 0.4, "chance_high": 0.6}]})
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['fracture (n = 12)']
    """
    heights = [height_of(len(rows)) - (0.12 if look.narrow else 0.25) for rows in kinds.values()]
    figure, axes = panels(list(kinds), heights, look, into, columns=2, legend=1)
    for number, (each, rows) in enumerate(zip(axes, kinds.values(), strict=True)):
        _draw_bars(each, rows, look)
        if look.narrow or number >= len(kinds) - 2:
            each.set_xlabel("AP of the median team")
        else:
            each.tick_params(axis="x", labelbottom=False)
    key(axes[0], look)
    return figure


def _draw_bars(axes: Axes, rows: Rows, look: Look) -> None:
    places = list(range(len(rows)))
    axes.barh(places, [row["ap"] for row in rows], height=0.44, zorder=2, color=look.range, label="AP")
    for place, row in enumerate(rows):
        edge = [place - 0.42, place + 0.42]
        band = axes.fill_betweenx(edge, row["chance_low"], row["chance_high"], color=look.line, linewidth=0)
        (guess,) = axes.plot([row["chance"]] * 2, edge, ":", color=look.ink, linewidth=1.2, zorder=3)
        if place == 0:
            band.set_label("95 % of random guesses")
            guess.set_label("a constant guess")
    known = [(place, row["low"], row["high"]) for place, row in enumerate(rows) if row["low"] is not None]
    if known:
        axes.hlines(*zip(*known, strict=True), color=look.ink, linewidth=1.3, label="95 % interval", zorder=3)
    _name_kinds(axes, rows)


def _name_kinds(axes: Axes, rows: Rows) -> None:
    names = [f"{shortened(str(row['name']), _LETTERS)} (n = {row['cases']})" for row in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=SMALL if len(rows) <= 14 else TINY)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(max(len(rows), 2) - 0.4, -0.6)
    axes.set_xlim(0, 1)


def score_over(
    rows: Mapping[str, Rows],
    *,
    units: Mapping[str, str],
    teams: Sequence[str],
    look: Look = LIGHT,
    into: SubFigure | None = None,
) -> Figure:
    """Show AP over a measure of the anomalies, a line a team, a panel a test set or measure.

    Rows have `team`, `place`, `cases`, `ap` and `chance`; below each step stands its `place`, and in brackets
    how many scans it has. `units` names the measure of each panel.

    >>> row = {"team": "A", "place": 8.0, "cases": 12, "ap": 0.8, "chance": 0.5}
    >>> figure = score_over({"Brain": [row]}, units={"Brain": "volume in mm³"}, teams=["A"])
    >>> figure.axes[0].get_xlabel()
    'volume in mm³'
    """
    figure, axes = panels(list(rows), 1.7, look, into, legend=2)
    for each, (title, own) in zip(axes, rows.items(), strict=True):
        _draw_lines(each, own, teams, look)
        each.set_xlabel(units[title])
        each.set_ylabel("AP")
    key_of_teams(axes[0], teams, look)
    return figure


def _draw_lines(axes: Axes, rows: Rows, teams: Sequence[str], look: Look) -> None:
    """Groups stand at equal steps: they are of about equally many scans."""
    groups = sorted({row["place"]: (row["cases"], row["chance"]) for row in rows}.items())
    step = {place: number for number, (place, _) in enumerate(groups)}
    styles = team_styles(teams, look)
    for team in teams:
        points = sorted((step[row["place"]], row["ap"]) for row in rows if row["team"] == team)
        axes.plot([x for x, _ in points], [y for _, y in points], **styles[team])
    axes.plot(range(len(groups)), [guess for _, (_, guess) in groups], ":", color=look.quiet, label="a guess")
    shown = range(0, len(groups), -(-len(groups) // 6))
    names = [f"{_plain(groups[number][0])}\n({groups[number][1][0]})" for number in shown]
    axes.set_xticks(list(shown), names, fontsize=TINY)
    axes.set_ylim(-0.02, 1.02)


def _plain(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.2g}"


def false_alarms(kinds: Mapping[str, Rows], *, look: Look = LIGHT, into: SubFigure | None = None) -> Figure:
    """Show the false-positive rate at which 95 % of a kind are found: lower is better (Fig. 4.7).

    Rows have `name`, `cases`, and of the median team, the best team and the best for this kind
    `fpr_at_95_tpr`, `fpr_at_95_tpr_of_best_team` and `fpr_at_95_tpr_best`.

    >>> row = dict.fromkeys(("fpr_at_95_tpr", "fpr_at_95_tpr_of_best_team", "fpr_at_95_tpr_best"), 0.2)
    >>> figure = false_alarms({"Brain": [row | {"name": "fracture", "cases": 31}]})
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['fracture (n = 31)']
    """
    series = (
        ("median team", "fpr_at_95_tpr"),
        ("team ranked first", "fpr_at_95_tpr_of_best_team"),
        ("best team of each kind", "fpr_at_95_tpr_best"),
    )
    figure, axes = panels(
        list(kinds), height_of(max(map(len, kinds.values()))), look, into, columns=2, legend=1
    )
    for each, rows in zip(axes, kinds.values(), strict=True):
        for number, (label, name) in enumerate(series):
            known = [(row[name], place) for place, row in enumerate(rows) if row[name] is not None]
            each.plot([x for x, _ in known], [y for _, y in known], linestyle="none", marker=MARKERS[number],
                      color=look.teams[number], markersize=5, label=label)  # fmt: skip
        each.axvline(0.95, color=look.quiet, linestyle=":", linewidth=1, label="a guess")
        _name_kinds(each, rows)
        each.set_xlim(-0.02, 1.02)
        each.set_xlabel("false-positive rate where 95 % are found")
    key(axes[0], look)
    return figure
