"""The distinct scores of a case's abnormal voxels, with counts: the thresholds of every pool that it is in.

Kept beside the Evidence when a case is scored, they spare every pool its first pass over the voxels.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mood_evaluator.errors import InvalidEvidence
from mood_evaluator.kernels import Bits
from mood_evaluator.shelf import Kept
from mood_evaluator.sorted_scores import SortedScores, starts_of

LARGEST_STORED: Final = 64 << 20  # bytes; above, they are read from the prediction again
Small = npt.NDArray[np.uint32]  # a volume has fewer than 2**32 voxels
_MAGIC = b"MOODPOS1"
_HEAD = struct.Struct("<8sQ")
_SORTED = 1 << 24  # codes; more are marked in a table instead


@dataclass(frozen=True, slots=True, eq=False)
class PositiveScores:
    """Abnormal voxels (`counts`) at each of the ascending distinct scores `codes`, bits of float32."""

    codes: Bits
    counts: Small

    @classmethod
    def of(cls, scores: npt.NDArray[np.float32]) -> "PositiveScores":
        """Take the scores (n,) of the abnormal voxels, in [0, 1] and without -0.0."""
        return cls._of_ascending(np.sort(scores.view(np.uint32)))

    @classmethod
    def gather(cls, parts: Sequence[SortedScores]) -> "PositiveScores":
        """Take what was sorted in parts."""
        zeros = np.zeros(sum(part.zeros for part in parts), np.uint32)
        return cls._of_ascending(np.sort(np.concatenate([zeros, *(part.ascending for part in parts)])))

    @classmethod
    def _of_ascending(cls, codes: Bits) -> "PositiveScores":
        starts = starts_of(codes)
        return cls(codes[starts], np.diff(starts, append=codes.size).astype(np.uint32))

    @classmethod
    def of_zeros(cls, voxels: int) -> "PositiveScores":
        """Of a prediction that is 0 everywhere, as a missing one counts."""
        used = slice(0, min(voxels, 1))
        return cls(np.zeros(1, np.uint32)[used], np.full(1, voxels, np.uint32)[used])

    def to_bytes(self) -> bytes:
        steps = np.diff(self.codes, prepend=np.uint32(0))
        planes = np.stack([steps, self.counts]).astype("<u4").view(np.uint8).reshape(-1, 4).T
        return _HEAD.pack(_MAGIC, self.codes.size) + zlib.compress(planes.tobytes(), 1)

    @classmethod
    def from_bytes(cls, data: bytes) -> "PositiveScores":
        """Read what `to_bytes` wrote; raises InvalidEvidence."""
        try:
            magic, size = _HEAD.unpack_from(data)
            body = zlib.decompressobj().decompress(data[_HEAD.size :], 8 * size + 1)
        except (OverflowError, struct.error, zlib.error):
            magic, size, body = b"", 0, b""
        if magic != _MAGIC or len(body) != 8 * size:
            raise InvalidEvidence("These bytes are no scores of abnormal voxels. Score the case again.")
        words = np.ascontiguousarray(np.frombuffer(body, np.uint8).reshape(4, -1).T).view("<u4")
        steps, counts = words.reshape(2, -1)
        return cls(np.cumsum(steps, dtype=np.uint32), counts.astype(np.uint32))


def union_of(parts: Sequence[Kept[Bits]]) -> Bits:
    """Return the distinct codes of all parts, ascending."""
    if sum(part.size for part in parts) > _SORTED:
        return _marked(parts)
    codes = np.concatenate([np.zeros(0, np.uint32), *(part.get() for part in parts)])
    codes.sort()  # np.unique would hash first
    return codes[starts_of(codes)]


def _marked(parts: Sequence[Kept[Bits]]) -> Bits:
    """Mark them in a table of all scores, of which only touched pages cost memory."""
    seen = np.zeros(int(np.float32(1).view(np.uint32)) + 1, np.bool_)
    for part in parts:
        seen[part.get()] = True
    return np.flatnonzero(seen).astype(np.uint32)
