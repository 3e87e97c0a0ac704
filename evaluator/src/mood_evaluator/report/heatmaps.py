"""Sheets of heat maps: what the teams' predictions look like on the scans (thesis Fig. 4.2, 4.3)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from mood_evaluator.analysis.measures import read_image
from mood_evaluator.evidence import Evidence
from mood_evaluator.report.figure import Figure
from mood_evaluator.runs.standings import Standings
from mood_evaluator.test_set import Case, TestSet
from mood_evaluator.volumes import find_prediction, read_label

_CASES, _TEAMS = 6, 8
_HEAT = "inferno"
Slice = npt.NDArray[Any]


def heat_maps(
    standings: Standings,
    test_set: TestSet,
    folder: Path,
    predictions: Mapping[str, Path],
    teams: Sequence[str],
) -> Figure:
    """Show the slice with most of the anomaly in up to six cases, for the best eight teams with predictions.

    `predictions` are folders by team. Cases are spread over the anomalies' sizes.
    """
    shown = [team for team in teams if team in predictions][:_TEAMS]
    cases = {case: _slice_of(case, folder) for case in _pick(standings, test_set)} if shown else {}
    rows = [
        {"case": case.id, "slice": z, "category": case.category, "team": team}
        for case, z in cases.items()
        for team in shown
    ]

    def draw() -> Canvas:
        figure = Canvas(figsize=(1.3 * (2 + len(shown)), 1.3 * len(cases) + 0.4), layout="constrained")
        grid = figure.subplots(len(cases), 2 + len(shown), squeeze=False)
        for line, (case, z) in zip(grid, cases.items(), strict=True):
            _draw_case(line, case, z, folder, [predictions[team] for team in shown])
        for axes, title in zip(grid[0], ["scan", "annotation", *shown], strict=True):
            axes.set_title(shorten(title, 18, placeholder="…"), fontsize=7)
        return figure

    caption = (
        "The slice with most of the anomaly; scans from small anomalies to large ones. Scores from the "
        "lowest (black) to the highest of the slice (yellow), best team first."
    )
    return Figure(f"{test_set.name}-heat-maps", f"Heat maps: {test_set.name}", caption, rows, draw)


def _pick(standings: Standings, test_set: TestSet) -> list[Case]:
    """Return abnormal cases at even steps of size, from the smallest to the largest."""
    runs = standings.sets[test_set.name]
    evidence: Mapping[str, Evidence] = next(iter(runs.values())).evidence
    cases = {case.id: case for case in test_set.cases}
    ids = sorted(
        (key for key, found in evidence.items() if found.positives), key=lambda k: evidence[k].positives
    )
    if not ids:
        return []
    places = np.unique(np.linspace(0, len(ids) - 1, min(_CASES, len(ids))).astype(int))
    return [cases[ids[place]] for place in places]


def _slice_of(case: Case, folder: Path) -> int:
    return int(_mask(case, folder).sum(axis=(0, 1)).argmax())


def _mask(case: Case, folder: Path) -> npt.NDArray[np.bool_]:
    assert case.label is not None, "only annotated cases have positives"
    return read_label(folder / case.label, shape=case.shape)


def _draw_case(line: Sequence[Axes], case: Case, z: int, folder: Path, places: Sequence[Path]) -> None:
    image = read_image(folder / case.image, case.shape)[:, :, z]
    mask = _mask(case, folder)[:, :, z]
    _show(line[0], image, "gray")
    _show(line[1], image, "gray")
    line[1].contour(np.rot90(mask), levels=[0.5], colors="#E69F00", linewidths=1)
    for axes, place in zip(line[2:], places, strict=True):
        found = find_prediction(place / Path(case.image).name, shape=case.shape)
        _show(axes, np.zeros_like(image) if found is None else found.scores[:, :, z], _HEAT)
        if found is None:
            axes.text(0.5, 0.5, "none", color="white", ha="center", transform=axes.transAxes, fontsize=7)


def _show(axes: Axes, voxels: Slice, colours: str) -> None:
    axes.imshow(np.rot90(voxels), cmap=colours, interpolation="nearest")
    axes.set_axis_off()
