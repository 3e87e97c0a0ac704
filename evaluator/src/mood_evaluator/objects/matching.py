"""Which predicted object finds which reference object (thesis 4.2.2, with its gaps closed).

A predicted object finds a reference object when its centre of mass, rounded to a voxel, lies in it, and their
volumes differ by a factor of at most 2. A reference object such as a ring, which does not contain its own
centre of mass, would never be found: there the predicted object's own voxel nearest to its centre of mass
stands in. Each finds one at most; the surest predicted object chooses first, the others are false positives.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mood_evaluator.arrays import is_finite
from mood_evaluator.errors import InvalidInput
from mood_evaluator.objects.components import Component, Components

FACTOR = 2.0  # how much the volumes may differ, inclusive
_TOLERANCE = 1e-6  # relative, of volumes in mm³: headers keep spacings in 32 bits


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

    `predicted` holds no object below `min_volume`. Raises InvalidInput for volumes that are none, and for
    objects of two scans.
    """
    shapes = predicted.labelled.shape, reference.labelled.shape
    if shapes[0] != shapes[1]:
        raise InvalidInput(
            f"predicted has the shape {shapes[0]}, reference {shapes[1]}. Give those of one scan."
        )
    if not (is_finite(voxel_volume) and voxel_volume > 0 and is_finite(min_volume) and min_volume >= 0):
        raise InvalidInput(f"voxel_volume is {voxel_volume!r}, min_volume {min_volume!r}. Give both in mm³.")
    return match_components(predicted.objects, reference, voxel_volume=voxel_volume, min_volume=min_volume)


def match_components(
    predicted: Sequence[Component], reference: Components, *, voxel_volume: float, min_volume: float
) -> ScanObjects:
    """Match as `match_objects` does what was found in parts of the scan."""
    matches: dict[Component, int] = {}  # place of the reference object
    for found in sorted(predicted, key=lambda found: (-found.peak, -found.voxels, found.centre)):
        free = (place for place in _targets(found, reference) if place not in matches.values())
        target = next(free, None)
        if target is not None:
            matches[found] = target
    return ScanObjects(
        tuple(
            FoundObject(found.voxels * voxel_volume, found.peak, found.centre, matches.get(found))
            for found in predicted
        ),
        tuple(
            ReferenceObject(
                volume=wanted.voxels * voxel_volume,
                found=place in matches.values(),
                reachable=is_reachable(wanted, least_voxels(min_volume, voxel_volume)),
            )
            for place, wanted in enumerate(reference.objects)
        ),
    )


def least_voxels(min_volume: float, voxel_volume: float) -> float:
    """Return from how many voxels on an object has `min_volume`, exactly as much included (both in mm³)."""
    return min_volume / voxel_volume * (1 - _TOLERANCE)


def is_reachable(wanted: Component, least: float) -> bool:
    """Whether a predicted object of at least `least` voxels may find it."""
    return wanted.voxels * FACTOR >= least


def _targets(found: Component, reference: Components) -> Iterator[int]:
    """Yield the places of the reference objects that `found` may find."""
    for place, wanted in enumerate(reference.objects):
        hollow = wanted.centre != wanted.centre_of_mass
        centre = found.centre if hollow else found.centre_of_mass
        if reference.labelled[centre] == wanted.number and _alike(found.voxels, wanted.voxels):
            yield place


def _alike(one: int, other: int) -> bool:
    return max(one, other) <= FACTOR * min(one, other)
