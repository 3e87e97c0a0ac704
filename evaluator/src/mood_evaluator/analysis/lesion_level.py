"""What stands out, lesion by lesion: AUPRO, the AP of single lesions, and both by size."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

import numpy as np

from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.runs.standings import Standings

_CLASSES = ("small", "medium", "large")


@dataclass(frozen=True, slots=True)
class LesionNumbers:
    """One team: AUPRO by its limit of voxel FPR, and the mean AP of single lesions."""

    team: str
    lesions: int
    mean_ap: float | None  # None: the set has no lesion
    aupro: dict[float, float | None]

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"aupro": {str(limit): value for limit, value in self.aupro.items()}}


@dataclass(frozen=True, slots=True)
class SizeClass:
    """One team and a third of the lesions, by volume; equal volumes are in one class."""

    team: str
    name: str  # small | medium | large
    smallest: float  # mm³
    largest: float
    lesions: int
    found: int | None  # at the threshold fixed beforehand; None: no objects were extracted
    mean_ap: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def lesion_numbers(standings: Standings, test_set: str) -> tuple[LesionNumbers, ...]:
    """Return the numbers of each team whose run has lesions."""
    found = []
    for team, run in standings.board_runs(test_set):
        if run.lesions is not None:
            aps = [lesion.ap for scan in run.lesions.scans.values() for lesion in scan]
            numbers = LesionNumbers(team, len(aps), mean(aps) if aps else None, dict(run.lesions.aupro))
            found.append(numbers)
    return tuple(found)


def size_classes(standings: Standings, test_set: str) -> tuple[SizeClass, ...]:
    """Return three classes of about equally many lesions per team whose run has lesions."""
    return tuple(one for team, run in standings.board_runs(test_set) for one in _classes(team, run))


def _classes(team: str, run: ScoredRun) -> list[SizeClass]:
    rows = _lesions(run)
    volumes = np.array([volume for volume, _, _ in rows])
    if not rows:
        return []
    bins = np.searchsorted(np.quantile(volumes, [1 / 3, 2 / 3]), volumes)
    parts = [(name, [rows[k] for k in np.flatnonzero(bins == n)]) for n, name in enumerate(_CLASSES)]
    return [_class(team, name, own) for name, own in parts if own]


def _class(team: str, name: str, own: Sequence[tuple[float, float, bool | None]]) -> SizeClass:
    volumes, aps, hits = zip(*own, strict=True)
    found = None if None in hits else sum(hits)
    return SizeClass(team, name, min(volumes), max(volumes), len(own), found, mean(aps))


def _lesions(run: ScoredRun) -> list[tuple[float, float, bool | None]]:
    """Return volume, AP and whether it was found, of every lesion."""
    if run.lesions is None:
        return []
    rows = []
    for case_id, scan in run.lesions.scans.items():
        objects = run.objects.get(case_id)
        hits = [None] * len(scan) if objects is None else [one.found for one in objects.reference]
        rows += [(lesion.volume, lesion.ap, hit) for lesion, hit in zip(scan, hits, strict=True)]
    return rows
