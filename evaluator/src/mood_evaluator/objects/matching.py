"""Which predicted object finds which reference object (thesis 4.2.2, with its gaps closed).

A predicted object finds a reference object when its centre of mass, rounded to a voxel, lies in it, and their
volumes differ by a factor of at most 2. A reference object such as a ring, which does not contain its own
centre of mass, would never be found: there the predicted object's own voxel nearest to its centre of mass
stands in. Each finds one at most; the surest predicted object chooses first, the others are false positives.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mood_evaluator.objects.components import Component, Components

FACTOR = 2.0  # how much the volumes may differ, inclusive


@dataclass(frozen=True, slots=True)
class FoundObject:
    """A predicted object; `matched` is the place of its reference object, None: a false positive."""

    volume: float  # mm³
    confidence: float  # its highest score
    centre: tuple[int, int, int]  # voxel
    matched: int | None


@dataclass(frozen=True, slots=True)
class ReferenceObject:
    """An annotated object; one that no permitted prediction can match in size is not `reachable`."""

    volume: float  # mm³
    found: bool
    reachable: bool


@dataclass(frozen=True, slots=True)
class ScanObjects:
    """All objects of one scan."""

    predicted: tuple[FoundObject, ...]
    reference: tuple[ReferenceObject, ...]

    @property
    def false_volume(self) -> float:
        """Volume (mm³) of the predicted objects that find nothing."""
        return sum(found.volume for found in self.predicted if found.matched is None)

    def to_json(self) -> dict[str, Any]:
        return {
            "predicted": [
                {
                    "volume": o.volume,
                    "confidence": o.confidence,
                    "centre": list(o.centre),
                    "matched": o.matched,
                }
                for o in self.predicted
            ],
            "reference": [
                {"volume": o.volume, "found": o.found, "reachable": o.reachable} for o in self.reference
            ],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "ScanObjects":
        return cls(
            tuple(FoundObject(**{**o, "centre": tuple(o["centre"])}) for o in document["predicted"]),
            tuple(ReferenceObject(**o) for o in document["reference"]),
        )


def match_objects(
    predicted: Components, reference: Components, *, voxel_volume: float, min_volume: float
) -> ScanObjects:
    """Match the objects of one scan; `voxel_volume` and `min_volume` in mm³.

    `predicted` holds no object below `min_volume`.
    """
    matches: dict[int, int] = {}  # place of the predicted object: place of the reference object
    surest_first = sorted(predicted.objects, key=lambda found: (-found.peak, -found.voxels, found.number))
    for found in surest_first:
        target = _target(found, reference)
        if target is not None and target not in matches.values():
            matches[found.number] = target
    return ScanObjects(
        tuple(
            FoundObject(found.voxels * voxel_volume, found.peak, found.centre, matches.get(found.number))
            for found in predicted.objects
        ),
        tuple(
            ReferenceObject(
                volume=wanted.voxels * voxel_volume,
                found=place in matches.values(),
                reachable=wanted.voxels * voxel_volume * FACTOR >= min_volume,
            )
            for place, wanted in enumerate(reference.objects)
        ),
    )


def _target(found: Component, reference: Components) -> int | None:
    """Return the place of the reference object that `found` may find."""
    for place, wanted in enumerate(reference.objects):
        hollow = wanted.centre != wanted.centre_of_mass
        centre = found.centre if hollow else found.centre_of_mass
        if reference.labelled[centre] == wanted.number and _alike(found.voxels, wanted.voxels):
            return place
    return None


def _alike(one: int, other: int) -> bool:
    return max(one, other) <= FACTOR * min(one, other)
