"""Told from a prediction alone: scores that became equal when they were stored, which costs AP in silence."""

from typing import Any, Final

import numpy as np

from mood_evaluator.cleaning import Scores
from mood_evaluator.evidence import Evidence
from mood_evaluator.nifti_stream import NiftiStream

FEW: Final = 256  # distinct scores, as many as 8 bits can tell apart
_TIED = 16  # voxels that share a score, on average, where ties begin to cost
_STEP = 64  # of a first look, which nearly always sees enough


def is_squeezed(stream: NiftiStream) -> bool:
    """Whether scores were scaled into 8-bit whole numbers, as nibabel does under an image's own header."""
    return stream.dtype.kind in "iu" and stream.dtype.itemsize == 1 and (stream.slope, stream.inter) != (1, 0)


class DistinctScores:
    """How many distinct scores a map has, counted until they are more than `FEW`."""

    def __init__(self) -> None:
        self._known: Scores | None = None

    @property
    def count(self) -> int:
        """Exact up to `FEW`."""
        return 0 if self._known is None else self._known.size

    def add(self, values: Scores) -> None:
        """Add clean scores (n,), one or more."""
        if self.count > FEW:
            return
        parts = [values[:1]] if values.min() == values.max() else [values[::_STEP], values]
        for part in parts:
            if self.count <= FEW:
                known: list[Any] = [] if self._known is None else [self._known]
                self._known = np.unique(np.concatenate([*known, part]))

    def are_few(self, evidence: Evidence) -> bool:
        """Whether many voxels of the map, beside those of its commonest score, share few scores.

        Small volumes are not judged: their voxels may have all scores that there are.
        """
        others = round((1 - evidence.modal_share) * evidence.voxels)
        return 1 < self.count <= FEW and evidence.voxels >= _TIED * FEW and others >= _TIED * self.count
