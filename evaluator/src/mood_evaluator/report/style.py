"""How plots look: colours that colour-blind readers tell apart (Okabe & Ito), and room for many teams."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000")
MARKERS = ("o", "s", "^", "D", "v")
QUIET = "#9a9a9a"
CHANCE = "#6b6b6b"
SEQUENTIAL = "cividis"
_WIDTH = 8.0  # inches


def canvas(height: float, *, columns: int = 1, share: bool = False) -> tuple[Canvas, list[Axes]]:
    """Return an empty canvas of `height` inches with axes side by side."""
    figure = Canvas(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False, sharey=share)[0]
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.tick_params(labelsize=8)
    return figure, list(axes)


def height_for(teams: int) -> float:
    """Return inches in which so many teams are readable, one below the other."""
    return max(2.2, 0.9 + 0.26 * teams)


def team_styles(teams: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return line styles: the first five teams have a colour and a marker each, the others are grey."""
    styles: dict[str, dict[str, Any]] = {}
    for place, team in enumerate(teams):
        known = place < len(COLOURS)
        styles[team] = {
            "color": COLOURS[place] if known else QUIET,
            "marker": MARKERS[place] if known else None,
            "linewidth": 1.6 if known else 0.8,
            "zorder": 3 if known else 2,
            "markersize": 4,
            "label": team if known else None,
        }
    return styles


def label_lines(axes: Axes, teams: Sequence[str]) -> None:
    """Add a legend that says what the grey lines are."""
    if len(teams) > len(COLOURS):
        axes.plot([], [], color=QUIET, linewidth=0.8, label=f"{len(teams) - len(COLOURS)} more teams")
    axes.legend(fontsize=7, frameon=False)


def draw_chance(axes: Axes, row: dict[str, float | None]) -> None:
    """Draw the line of a constant guess and the band of random ones, across the plot."""
    if row["chance"] is not None and row["chance_low"] is not None and row["chance_high"] is not None:
        axes.axhspan(row["chance_low"], row["chance_high"], color=CHANCE, alpha=0.18, linewidth=0)
        axes.axhline(row["chance"], color=CHANCE, linestyle=":", linewidth=1, label="guess")
