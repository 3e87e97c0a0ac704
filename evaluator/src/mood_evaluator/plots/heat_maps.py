"""Sheets of heat maps: what the teams' predictions look like on the scans (thesis Fig. 4.2, 4.3)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from mood_evaluator.evidence import Evidence
from mood_evaluator.plots.canvas import shortened
from mood_evaluator.plots.look import LIGHT, TINY, Look
from mood_evaluator.runs.standings import Standings
from mood_evaluator.test_set import Manifest, ManifestCase
from mood_evaluator.volumes import find_prediction, read_image, read_label

TEAMS = 8  # on a sheet that can be read
_HEAT = "inferno"
_COLUMNS = 8  # of a sheet, at least
Slice = npt.NDArray[Any]


def heat_maps(
    cases: Mapping[ManifestCase, int],
    folder: Path,
    predictions: Mapping[str, Path],
    *,
    look: Look = LIGHT,
    into: SubFigure | None = None,
) -> Figure:
    """Show a slice of each case: scan, annotation, and the scores of each team.

    `cases` are of the test set in `folder`, with the number of their slice along the last axis
    (`slices_to_show` picks some); `predictions` are folders by team. Scores are black at the lowest and
    yellow at the highest of the slice.
    """
    columns = 2 + len(predictions)
    cell = look.width / max(columns, _COLUMNS)
    own = (
        Figure(figsize=(look.width, cell * len(cases) + 0.35), layout="constrained") if into is None else None
    )
    target = own or into
    assert target is not None
    target.set_facecolor(look.paper)
    grid = target.subplots(len(cases), max(columns, _COLUMNS), squeeze=False)
    for line, (case, z) in zip(grid, cases.items(), strict=True):
        _draw_case(line, case, z, folder, list(predictions.values()))
        for axes in line[columns:]:
            axes.set_axis_off()
    for axes, title in zip(grid[0], ["scan", "annotation", *predictions], strict=False):
        axes.set_title(shortened(title, max(7, int(17 * cell))), fontsize=TINY, color=look.ink)
    root = target.get_figure(root=True)
    assert isinstance(root, Figure)
    return root


def slices_to_show(
    standings: Standings, test_set: Manifest, folder: Path, *, most: int = 4
) -> dict[ManifestCase, int]:
    """Return up to `most` abnormal cases, small anomalies first, each with the slice that has most of it."""
    return {case: _slice_of(case, folder) for case in _pick(standings, test_set, most)}


def _pick(standings: Standings, test_set: Manifest, most: int) -> list[ManifestCase]:
    """Return abnormal cases at even steps of size, from the smallest to the largest."""
    runs = standings.sets[test_set.name]
    evidence: Mapping[str, Evidence] = next(iter(runs.values())).evidence
    cases = {case.id: case for case in test_set.cases}
    ids = sorted((i for i, found in evidence.items() if found.positives), key=lambda i: evidence[i].positives)
    if not ids:
        return []
    places = np.unique(np.linspace(0, len(ids) - 1, min(most, len(ids))).astype(int))
    return [cases[ids[place]] for place in places]


def _slice_of(case: ManifestCase, folder: Path) -> int:
    return int(_mask(case, folder).sum(axis=(0, 1)).argmax())


def _mask(case: ManifestCase, folder: Path) -> npt.NDArray[np.bool_]:
    assert case.label is not None, "only annotated cases have positives"
    return read_label(folder / case.label, shape=case.shape)


def _draw_case(
    line: Sequence[Axes], case: ManifestCase, z: int, folder: Path, places: Sequence[Path]
) -> None:
    image = read_image(folder / case.image, case.shape)[:, :, z]
    mask = _mask(case, folder)[:, :, z]
    _show(line[0], image, "gray")
    _show(line[1], image, "gray")
    line[1].contour(np.rot90(mask), levels=[0.5], colors="#E69F00", linewidths=1)
    for axes, place in zip(line[2:], places, strict=False):
        found = find_prediction(place / Path(case.image).name, shape=case.shape)
        _show(axes, np.zeros_like(image) if found is None else found.scores[:, :, z], _HEAT)
        if found is None:
            axes.text(0.5, 0.5, "none", color="white", ha="center", transform=axes.transAxes, fontsize=7)


def _show(axes: Axes, voxels: Slice, colours: str) -> None:
    axes.imshow(np.rot90(voxels), cmap=colours, interpolation="nearest")
    axes.set_axis_off()
