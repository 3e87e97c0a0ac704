"""All that is told beside the official score of one task: it decides nothing, and has no ranks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mood_evaluator.analysis.body_level import BodyNumbers, body_numbers
from mood_evaluator.analysis.calibration import Calibration, calibrations
from mood_evaluator.analysis.lesion_level import LesionNumbers, SizeClass, lesion_numbers, size_classes
from mood_evaluator.analysis.object_level import (
    Detections,
    TeamSensitivity,
    detections,
    object_sensitivities,
)
from mood_evaluator.runs.standings import Standings
from mood_evaluator.test_set import Task

HEADING = "Analysis, decides nothing"


@dataclass(frozen=True, slots=True)
class SetSupplement:
    """One test set; every list is in the order of the official board."""

    object_sensitivity: tuple[TeamSensitivity, ...]
    detections: tuple[Detections, ...]
    lesions: tuple[LesionNumbers, ...]
    size_classes: tuple[SizeClass, ...]
    body: tuple[BodyNumbers, ...]
    calibration: tuple[Calibration, ...]  # sample task

    def to_json(self) -> dict[str, Any]:
        """Return the lists that are not empty."""
        parts = {name: getattr(self, name) for name in self.__slots__}
        return {name: [one.to_json() for one in rows] for name, rows in parts.items() if rows}


@dataclass(frozen=True, slots=True)
class Supplement:
    """One task, by test set."""

    order: tuple[str, ...]  # teams, as the official board lists them
    sets: Mapping[str, SetSupplement]

    def to_json(self) -> dict[str, Any]:
        sets = {name: part.to_json() for name, part in self.sets.items()}
        return {"heading": HEADING, "order_of_the_official_board": list(self.order), "sets": sets}


def supplement_of(standings: Standings, *, n: int = 1_000, seed: int = 1) -> Supplement:
    """Gather it; intervals are over `n` draws of scans."""
    sets = {name: _of_set(standings, name, n, seed) for name in standings.sets}
    return Supplement(standings.board_order(), sets)


def _of_set(standings: Standings, name: str, n: int, seed: int) -> SetSupplement:
    sample = standings.task is Task.SAMPLE
    return SetSupplement(
        object_sensitivity=object_sensitivities(standings, name, n=n, seed=seed),
        detections=detections(standings, name),
        lesions=lesion_numbers(standings, name),
        size_classes=size_classes(standings, name),
        body=body_numbers(standings, name),
        calibration=calibrations(standings, name) if sample else (),
    )
