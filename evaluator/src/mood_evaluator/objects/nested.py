"""Components at rising thresholds: what is too small at one holds nothing large enough at the next."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from mood_evaluator.objects.components import Component, Components, Voxel, find_components
from mood_evaluator.quantizers import Quantizer

Codes = tuple[int, ...]
"""Of the two-sided quantizer, rising."""
_MANY = 64  # components from which on it is quicker to look at all of them at once


@dataclass(frozen=True, slots=True, eq=False)
class _Region:
    """A box of the volume; codes outside the component that it was cut for are 0."""

    corner: Voxel
    codes: npt.NDArray[np.uint16]
    scores: npt.NDArray[np.float32]

    def components(self, code: int, min_voxels: float) -> Components:
        mask = self.codes >= code
        return find_components(mask, min_voxels=min_voxels, scores=self.scores, corner=self.corner)

    def parts(self, found: Components) -> Iterator["_Region"]:
        """Cut out each of the components that were found in it; very many stay together."""
        if len(found.objects) > _MANY:
            own = np.where(found.labelled > 0, self.codes, np.uint16(0))
            yield _Region(self.corner, own, self.scores)
            return
        for number, box in enumerate(ndimage.find_objects(found.labelled), start=1):
            x, y, z = (start + side.start for start, side in zip(self.corner, box, strict=True))
            own = np.where(found.labelled[box] == number, self.codes[box], np.uint16(0))
            yield _Region((x, y, z), own, self.scores[box])


def components_at(
    scores: npt.NDArray[np.float32], codes: Codes, *, min_voxels: float
) -> Iterator[tuple[Component, ...]]:
    """Yield the components of `scores` (x, y, z) at or above each of `codes`; their numbers say nothing."""
    regions = [_Region((0, 0, 0), Quantizer.TWO_SIDED.quantize(scores), scores)]
    for code in codes:
        found = [region.components(code, min_voxels) for region in regions]
        yield tuple(one for part in found for one in part.objects)
        pairs = zip(regions, found, strict=True)
        regions = [part for region, own in pairs for part in region.parts(own)]
