"""Figures of small multiples: panels side by side, or below each other where the figure is narrow."""

import math
from collections.abc import Sequence
from textwrap import shorten

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from mood_evaluator.plots.look import SMALL, TEXT, TINY, Look, team_styles

_LEGEND = 0.28  # inches of a line of a legend
_TITLE_AND_AXIS = 0.6  # inches around the rows of a panel
NAME = 24  # letters of a team at an axis
_KEY = 18  # in a legend of teams
_ROOM = 0.95  # of the width, for a legend; letters of a page may be wider than those measured


def panels(
    titles: Sequence[str],
    height: float | Sequence[float],
    look: Look,
    into: SubFigure | None,
    *,
    columns: int = 4,
    share: bool = False,
    legend: int = 0,
) -> tuple[Figure, list[Axes]]:
    """Return a figure, or the one that `into` is in, and a panel of `height` inches for each title.

    With a height for each, a row of panels is as high as its highest. `share`: the panels of a
    row have one vertical axis. `legend` is the lines it takes.
    """
    columns = 1 if look.narrow else max(1, min(columns, len(titles)))
    rows = max(1, math.ceil(len(titles) / columns))
    each = [height] * len(titles) if isinstance(height, float) else list(height)
    heights = [max(each[row * columns : (row + 1) * columns], default=1.0) for row in range(rows)]
    size = (look.width, sum(heights) + _LEGEND * legend * (2 if look.narrow else 1))
    own = Figure(figsize=size, layout="constrained") if into is None else None
    target = own if own is not None else into
    assert target is not None
    target.set_facecolor(look.paper)
    grid = target.subplots(
        rows, columns, squeeze=False, sharey="row" if share else False, height_ratios=heights
    )
    found = list(grid.flat)
    for axes, title in zip(found, titles, strict=False):
        _dress(axes, title, look)
    for axes in found[len(titles) :]:
        axes.set_axis_off()
    root = target.get_figure(root=True)
    assert isinstance(root, Figure)
    return root, found[: len(titles)]


def _dress(axes: Axes, title: str, look: Look) -> None:
    axes.set_facecolor(look.paper)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(look.line)
    axes.tick_params(colors=look.quiet, labelcolor=look.ink, labelsize=SMALL, length=2.5)
    axes.xaxis.label.set(color=look.quiet, size=SMALL)
    axes.yaxis.label.set(color=look.quiet, size=SMALL)
    axes.set_axisbelow(True)
    axes.set_title(title, loc="left", fontsize=TEXT, fontweight="bold", color=look.ink)


def height_of(lines: int) -> float:
    """Return inches of a panel in which so many names are readable, one below the other."""
    return _TITLE_AND_AXIS + max(2, lines) * (0.21 if lines <= 12 else 0.145 if lines <= 20 else 0.105)


def list_names(
    axes: Axes, names: Sequence[str], look: Look, letters: int = NAME, *, ruled: bool = True
) -> None:
    """Write names down the vertical axis, the first on top; `ruled` with a line each."""
    size = SMALL if len(names) <= 12 else TINY - 0.5 if len(names) <= 20 else TINY - 1
    axes.set_yticks(range(len(names)), [shortened(name, letters) for name in names], fontsize=size)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for place in range(len(names)) if ruled else ():
        axes.axhline(place, color=look.line, linewidth=0.5, zorder=0)


def few(count: int) -> list[int]:
    """Return at most seven ranks to write at an axis."""
    if count <= 6:
        return list(range(1, count + 1))
    step = 5 * math.ceil(count / 25)
    return sorted({1, *range(5, count - 2, step), count})


def key_of_teams(axes: Axes, teams: Sequence[str], look: Look, *, grey: str = "-") -> None:
    """Add a legend below all panels that says which line is whose, and what the grey ones are."""
    more = sum(style["label"] is None for style in team_styles(teams, look).values())
    if more:
        axes.plot([], [], grey, color=look.quiet, linewidth=0.8, label=f"{more} more")
    key(axes, look, letters=_KEY)


def key(axes: Axes, look: Look, *, letters: int = NAME) -> None:
    """Add a legend of what `axes` shows below all panels, in as many columns as the figure is wide."""
    handles, labels = axes.get_legend_handles_labels()
    labels = [shortened(label, letters) for label in labels]
    figure = axes.get_figure(root=False)
    assert figure is not None
    for lines in range(1, len(handles) + 1):
        columns = math.ceil(len(handles) / lines)
        legend = figure.legend(
            handles, labels, loc="outside lower left", ncols=columns, fontsize=SMALL,
            frameon=False, labelcolor=look.ink, handlelength=1.6, columnspacing=1.0,
        )  # fmt: skip
        if columns == 1 or legend.get_window_extent().width <= _ROOM * look.width * figure.dpi:
            return
        legend.remove()


def shortened(name: str, letters: int) -> str:
    """Return a name that fits, its end cut off where it does not."""
    short = shorten(name, letters, placeholder="…")
    return short if len(short) > letters // 2 or len(name) <= letters else name[: letters - 1] + "…"
