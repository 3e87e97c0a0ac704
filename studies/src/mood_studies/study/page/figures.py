"""Figures of the study as PNG: light, 880 pixels wide, colours of Okabe and Ito, titles with the message."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from PIL import Image

from mood_evaluator.plots import LIGHT, team_styles
from mood_evaluator.plots.look import MARKERS
from mood_studies.study.page.sentences import (
    ANATOMY,
    categories_say,
    difficulty_matters,
    false_alarms_say,
    in_dataset_order,
    proxy_agrees,
    sweeps_say,
    who_leads,
)

Json = Mapping[str, Any]
COLOURS, CHANCE, QUIET = LIGHT.teams, "#6b6b6b", LIGHT.quiet
TEAMS = 8  # on a sheet of heat maps
WIDTH, DPI = 8.0, 110  # inches; pixels per inch
TEXT, SMALL, TITLE = 9, 8, 11  # points
MOST_COLOURS = 128
WRAP = 104  # characters of a title
MORE_COLOURS = ("#E69F00", "#56B4E9")
MORE_MARKERS = ("P", "X")
"""Okabe and Ito's next ones, where so few teams take part that all can be told apart."""


def save(figure: Canvas, path: Path) -> None:
    """Few colours make small files; equal figures make equal bytes."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
    picture = Image.open(drawn).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(MOST_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def panels(
    rows: int, columns: int, height: float, title: str, **options: Any
) -> tuple[Canvas, Sequence[Sequence[Axes]]]:
    figure = Canvas(figsize=(WIDTH, height), layout="constrained")
    figure.suptitle(fill(title, WRAP), fontsize=TITLE, x=0.01, ha="left")
    grid = figure.subplots(rows, columns, squeeze=False, **options)
    for axes in grid.flat:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=SMALL)
    return figure, grid


def leaderboard(board: Json) -> Canvas:
    """Score of each team with its 95 % interval, in the order of the consensus."""
    names = [row["name"] for row in board["rows"]]
    datasets = in_dataset_order(board["datasets"])
    height = 1.3 + 0.3 * len(names)
    figure, ((*each,),) = panels(1, len(datasets), height, who_leads(board), sharey=True)
    for axes, dataset in zip(each, datasets, strict=True):
        chance = board["datasets"][dataset]["chance"]
        _guess(axes, chance["constant"], chance["low"], chance["high"])
        for place, row in enumerate(board["rows"]):
            _draw_score(axes, place, row["datasets"][dataset])
        axes.set_title(f"{ANATOMY[dataset]}, {board['datasets'][dataset]['cases']} scans", fontsize=TEXT)
        axes.set_xlabel("AP", fontsize=TEXT)
        axes.set_xlim(-0.01, _reach(board) + 0.02)
    each[0].set_yticks(range(len(names)), names, fontsize=TEXT)
    each[0].set_ylim(len(names) - 0.4, -0.6)
    _legend_below(figure)
    return figure


def _reach(board: Json) -> float:
    """The next tenth above every interval: where an AP is small, differences stay to be seen."""
    cells = [cell for row in board["rows"] for cell in row["datasets"].values()]
    highest = max((cell["interval"][1] for cell in cells if cell["interval"]), default=1.0)
    return min(1.0, math.ceil(10 * highest) / 10)


def _draw_score(axes: Axes, place: int, cell: Json) -> None:
    if cell["score"] is None:
        axes.text(0.02, place, "no result", va="center", fontsize=SMALL, color=CHANCE)
        return
    low, high = cell["interval"] or (cell["score"],) * 2
    label = None if place else "AP and its 95 % interval"
    axes.plot([low, high], [place, place], linewidth=1.6, color=COLOURS[0], label=label)
    axes.plot([cell["score"]], [place], marker="o", markersize=5, color=COLOURS[0])


def _guess(axes: Axes, constant: float, low: float, high: float) -> None:
    axes.axvspan(low, high, color=CHANCE, alpha=0.18, linewidth=0, label="95 % of random guesses")
    axes.axvline(constant, color=CHANCE, linestyle=":", linewidth=1.2, label="constant guess")


def proxy(rows: Sequence[Json], best: Mapping[str, Sequence[str]]) -> Canvas:
    """AP on the toy-ish set over AP on the test set; `best` orders the teams of each Task.

    One legend serves all panels: a team looks the same in each, by its place in the first Task.
    """
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    teams = drawn([*dict.fromkeys(team for task in tasks for team in best[task])], rows, "points")
    height = 0.9 + 2.7 * len(tasks)
    figure, grid = panels(len(tasks), 2, height, proxy_agrees(rows))
    for line, task in zip(grid, tasks, strict=True):
        for axes, row in zip(line, [row for row in rows if row["task"] == task], strict=False):
            _scatter(axes, row, teams)
            axes.set_title(f"{task}, {ANATOMY[row['dataset']]}: {_tau(row)}", fontsize=TEXT)
        line[0].set_ylabel("AP, toy-ish", fontsize=TEXT)
    for axes in grid[-1]:
        axes.set_xlabel("AP, test set", fontsize=TEXT)
    _legend_below(figure)
    return figure


def styles_of(teams: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The evaluator's, with two more colours where that is enough for all but one team."""
    styles = team_styles(teams)
    if len(teams) <= len(COLOURS) + len(MORE_COLOURS) + 1:
        bold = styles[teams[0]] if teams else {}
        for team, colour, marker in zip(teams[len(COLOURS) :], MORE_COLOURS, MORE_MARKERS, strict=False):
            styles[team] = bold | {"color": colour, "marker": marker, "label": team}
    return styles


def drawn(best: Sequence[str], rows: Sequence[Json], key: str) -> list[str]:
    """The teams that any row has numbers of, in order; the others would take colours from them."""
    return [team for team in best if any(team in row[key] for row in rows)]


def _tau(row: Json) -> str:
    if row["tau"] is None:
        return "no order"
    bounds = "" if row["low"] is None else f" [{row['low']:.2f}, {row['high']:.2f}]"
    return f"tau-b {row['tau']:.2f}{bounds}"


def _scatter(axes: Axes, row: Json, teams: Sequence[str]) -> None:
    styles = styles_of(teams)
    axes.plot([0, 1], [0, 1], color=CHANCE, linestyle=":", linewidth=0.8)
    for team in teams:
        if team in row["points"]:
            style = styles[team] | {"marker": styles[team]["marker"] or "x", "markersize": 6}
            axes.plot(*([value] for value in row["points"][team]), **(style | {"linestyle": "none"}))
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)


def sweeps(rows: Sequence[Json], best: Sequence[str]) -> Canvas:
    """Fig. 4.4: AP over radius and over intensity, a line for each team."""
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    teams = drawn(best, rows, "teams")
    figure, grid = panels(len(kinds), 2, 1.2 + 2.5 * len(kinds), sweeps_say(rows), sharey=True)
    for line, kind in zip(grid, kinds, strict=True):
        for axes, row in zip(line, [row for row in rows if row["kind"] == kind], strict=False):
            _lines(axes, row, teams)
        line[0].set_ylabel("AP", fontsize=TEXT)
    _legend_below(figure)
    return figure


def _lines(axes: Axes, row: Json, best: Sequence[str]) -> None:
    for team, style in styles_of(best).items():
        if team in row["teams"]:
            axes.plot(row["levels"], [np.nan if ap is None else ap for ap in row["teams"][team]], **style)
    axes.plot(row["levels"], row["chance"], color=CHANCE, linestyle=":", linewidth=1.2, label="guess")
    unit = f" (voxels of {row['side']})" if row["varied"] == "radius" else ""
    axes.set_xlabel(f"{row['varied']} of the sphere{unit}", fontsize=SMALL)
    axes.set_title(ANATOMY[row["dataset"]], fontsize=TEXT)
    axes.set_ylim(-0.02, 1.02)


def _legend_below(figure: Canvas) -> None:
    """Each label of any panel once; quiet teams are counted."""
    found = {
        name: line
        for axes in figure.axes
        for line, name in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    grey = max(sum(line.get_color() == QUIET for line in axes.get_lines()) for axes in figure.axes)
    if grey:
        [line] = figure.axes[0].plot([], [], color=QUIET, linewidth=0.8)
        found[f"{grey} more team{'s' * (grey > 1)}"] = line
    figure.legend(
        found.values(), found.keys(), loc="outside lower center", ncols=4, fontsize=SMALL, frameon=False
    )


def categories(kinds: Json) -> Canvas:
    """Fig. 4.5 and 4.8: the median team per category, and below per subcategory."""
    datasets = in_dataset_order(kinds)
    counts = [max(len(kinds[d][name]) for d in datasets) for name in ("categories", "subcategory")]
    height = 1.6 + 0.21 * sum(counts)
    ratios = {"height_ratios": [count + 1.5 for count in counts]}
    figure, grid = panels(2, len(datasets), height, categories_say(kinds), gridspec_kw=ratios)
    for column, dataset in enumerate(datasets):
        rows = sorted(kinds[dataset]["subcategory"], key=lambda row: -(row["ap"] or 0))
        _bars(grid[0][column], kinds[dataset]["categories"], "category", room=counts[0])
        _bars(grid[1][column], rows, "group", room=counts[1])
        grid[0][column].set_title(ANATOMY[dataset], fontsize=TEXT)
        grid[1][column].set_xlabel("AP, median team; dotted: guess", fontsize=SMALL)
    return figure


def _bars(axes: Axes, rows: Sequence[Json], label: str, *, room: int) -> None:
    known = [row for row in rows if row["ap"] is not None]
    places = np.arange(len(known))
    axes.barh(places, [row["ap"] for row in known], color=COLOURS[0], height=0.65)
    for place, row in zip(places, known, strict=True):
        axes.fill_betweenx(
            [place - 0.45, place + 0.45], row["chance_low"], row["chance_high"], color=CHANCE, alpha=0.3,
            linewidth=0, zorder=0,
        )  # fmt: skip
        axes.plot([row["chance"]] * 2, [place - 0.45, place + 0.45], color="black", linestyle=":")
    axes.set_yticks(places, [f"{row[label]} ({row['cases']})" for row in known], fontsize=SMALL)
    axes.set_ylim(room - 0.4, -0.6)
    axes.set_xlim(0, 1)


def difficulty(kinds_by_task: Json) -> Canvas:
    """Fig. 4.6: the median team's AP by level of difficulty."""
    tasks = list(kinds_by_task)
    title = difficulty_matters(kinds_by_task)
    figure, grid = panels(len(tasks), 2, 0.9 + 2.2 * len(tasks), title, sharex=True, sharey="row")
    for line, task in zip(grid, tasks, strict=True):
        for axes, dataset in zip(line, in_dataset_order(kinds_by_task[task]), strict=False):
            _columns(axes, kinds_by_task[task][dataset]["difficulty"])
            axes.set_title(f"{task}, {ANATOMY[dataset]}", fontsize=TEXT)
        line[0].set_ylabel("AP, median team", fontsize=TEXT)
    for axes in grid[-1]:
        axes.set_xlabel("level of difficulty, 1 = hardest; above: scans", fontsize=SMALL)
    return figure


def _columns(axes: Axes, rows: Sequence[Json]) -> None:
    known = [row for row in rows if row["ap"] is not None]
    axes.bar([row["place"] for row in known], [row["ap"] for row in known], color=COLOURS[0], width=0.65)
    for row in known:
        place, chance = row["place"], row["chance"]
        axes.plot([place - 0.45, place + 0.45], [chance] * 2, color="black", linestyle=":")
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
        axes.text(place, row["ap"] + 0.02, row["cases"], ha="center", fontsize=SMALL, bbox=behind)
    axes.set_xticks(range(1, 9))


def false_alarms(kinds: Json) -> Canvas | None:
    """Fig. 4.7: false alarms when 95 % are found; None where no kind has enough scans."""
    rows = {
        dataset: [row for row in kinds[dataset]["false_alarms"] if row["fpr_at_95_tpr"] is not None]
        for dataset in in_dataset_order(kinds)
    }
    if not any(rows.values()):
        return None
    height = 1.7 + 0.3 * max(map(len, rows.values()))
    figure, ((*each,),) = panels(1, len(rows), height, false_alarms_say(kinds))
    for axes, (dataset, own) in zip(each, rows.items(), strict=True):
        _dots(axes, own)
        axes.set_title(ANATOMY[dataset], fontsize=TEXT)
    _legend_below(figure)
    return figure


def _dots(axes: Axes, rows: Sequence[Json]) -> None:
    series = {
        "median team": "fpr_at_95_tpr",
        "best team by AP": "fpr_at_95_tpr_of_best_team",
        "best of each line": "fpr_at_95_tpr_best",
    }
    for number, (label, key) in enumerate(series.items()):
        known = [(row[key], place) for place, row in enumerate(rows) if row[key] is not None]
        axes.plot(*zip(*known, strict=True), linestyle="none", marker=MARKERS[number], color=COLOURS[number],
                  label=label) if known else None  # fmt: skip
    axes.axvline(0.95, color=CHANCE, linestyle=":", linewidth=1.2, label="random guess")
    axes.set_yticks(range(len(rows)), [f"{row['group']} ({row['cases']})" for row in rows], fontsize=SMALL)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("FPR at 95 % TPR (lower is better)", fontsize=SMALL)


def sheet(figure: Canvas, dataset: str, teams: Sequence[str]) -> Canvas:
    """The evaluator's sheet of heat maps, as wide as the other figures and with larger words."""
    columns = sum(bool(axes.get_title()) for axes in figure.axes)
    cell = WIDTH / columns
    names = [fill(name, int(15 * cell)) for name in ["scan", "annotation", *teams][:columns]]
    lines = max(name.count("\n") for name in names)
    cells = sum(bool(axes.images) for axes in figure.axes)
    figure.set_size_inches(WIDTH, cell * cells / columns + 0.6 + 0.14 * lines)
    for axes, name in zip(figure.axes, names, strict=False):
        axes.set_title(name, fontsize=SMALL)
    what = "each row the slice with most of one anomaly, best team first"
    title = f"Pixel scores on the {ANATOMY[dataset]}: {what}"
    figure.suptitle(fill(title, WRAP), fontsize=TITLE, x=0.01, ha="left")
    return figure


def draw_all(document: Json, folder: Path) -> list[str]:
    """Names of the files; those of an earlier study that have no numbers now are removed."""
    boards, found, empty = document["boards"], document["kinds"], lambda: None
    best = {task: [row["name"] for row in board["rows"]] for task, board in boards.items()}
    wanted: dict[str, Callable[[], Canvas | None]] = {
        **{f"leaderboard-{task}": partial(leaderboard, board) for task, board in boards.items()},
        "proxy": partial(proxy, document["proxy"], best) if document["proxy"] else empty,
        "sweeps": partial(sweeps, document["sweeps"], best["pixel"]) if document["sweeps"] else empty,
        **{f"categories-{task}": partial(categories, kinds) for task, kinds in found.items()},
        "difficulty": partial(difficulty, found) if found else empty,
        "false-alarms": partial(false_alarms, found["sample"]) if "sample" in found else empty,
    }
    names = []
    for name, draw in wanted.items():
        path, figure = folder / f"{name}.png", draw()
        path.unlink(missing_ok=True)
        if figure is not None:
            save(figure, path)
            names.append(path.name)
    return names
