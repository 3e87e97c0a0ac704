"""Evidence: the compact, additive summary of one prediction, from which any pooling is scored.

Two histograms of the scores, abnormal and normal voxels apart, under two fixed monotone quantizers of [0, 1],
each one rounding away from the stored number. Sums of Evidence are Evidence of the pooled voxels.
"""

import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from mood_evaluator.ap import average_precision_of_counts
from mood_evaluator.arrays import checked_raw_scores_and_labels
from mood_evaluator.cleaning import CleanScores, clean_scores, ends_of
from mood_evaluator.code_counts import CodeCounts
from mood_evaluator.errors import InvalidEvidence, InvalidInput
from mood_evaluator.quantizers import Quantizer

_MAGIC = b"MOODEVI1"
Counts = npt.NDArray[np.int64]
Labels = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Counts of voxels for the codes in use, ascending."""

    codes: npt.NDArray[np.uint16]
    positives: Counts
    negatives: Counts

    @classmethod
    def of(cls, normal: Counts, abnormal: Counts) -> "Histogram":
        """Pack counts of voxels per code (all codes)."""
        used = np.flatnonzero(normal + abnormal)
        return cls(used.astype(np.uint16), abnormal[used], normal[used])

    def __add__(self, other: "Histogram") -> "Histogram":
        return Histogram.sum([self, other])

    @classmethod
    def sum(cls, parts: Sequence["Histogram"]) -> "Histogram":
        """Add one or more."""
        normal, abnormal = np.zeros((2, 1 + max(int(part.codes[-1]) for part in parts)), np.int64)
        for part in parts:  # the codes of a part are distinct
            abnormal[part.codes] += part.positives
            normal[part.codes] += part.negatives
        return cls.of(normal, abnormal)

    def to_bytes(self, size: int) -> bytes:
        dense = np.zeros((2, size), "<i8")
        dense[:, self.codes] = self.positives, self.negatives
        return dense.view(np.uint8).reshape(-1, 8).T.tobytes()  # equal bytes together: compresses far better

    @classmethod
    def from_bytes(cls, data: bytes) -> "Histogram":
        planes = np.frombuffer(data, np.uint8).reshape(8, -1)
        positives, negatives = np.ascontiguousarray(planes.T).view("<i8").reshape(2, -1).astype(np.int64)
        used = np.flatnonzero(positives + negatives)
        return cls(used.astype(np.uint16), positives[used], negatives[used])


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known about a prediction without its voxels."""

    mood2020: Histogram
    two_sided: Histogram
    voxels: int
    positives: int  # abnormal voxels
    clamped: int  # voxels outside [0, 1] before clamping, infinities among them
    nan: int
    posinf: int
    neginf: int
    min: float  # after clamping
    max: float

    @classmethod
    def of(cls, scores: npt.ArrayLike, labels: npt.ArrayLike | None) -> "Evidence":
        """Summarize raw scores, which are cleaned; `labels` of the same shape, None: nothing is abnormal.

        >>> evidence = Evidence.of([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
        >>> evidence.ap(Quantizer.TWO_SIDED)
        0.8333333333333333
        >>> (evidence + evidence).voxels
        8
        """
        raw, truth = checked_raw_scores_and_labels(scores, labels)
        return cls.of_clean(clean_scores(raw), truth)

    @classmethod
    def of_clean(cls, clean: CleanScores, labels: Labels | None) -> "Evidence":
        sums = EvidenceSums()
        sums.add(clean, labels)
        return sums.result()

    @classmethod
    def of_zeros(cls, *, voxels: int, positives: int) -> "Evidence":
        """Summarize a prediction that is 0 everywhere, as a missing one counts."""
        counts = np.array([positives], np.int64), np.array([voxels - positives], np.int64)
        zeros = Histogram(np.zeros(1, np.uint16), *counts)
        return cls(zeros, zeros, voxels, positives, clamped=0, nan=0, posinf=0, neginf=0, min=0.0, max=0.0)

    @property
    def modal_share(self) -> float:
        """Share of the voxels in the fullest bin: near 1 where a method answers almost one value."""
        return float((self.two_sided.positives + self.two_sided.negatives).max() / self.voxels)

    def histogram(self, quantizer: Quantizer) -> Histogram:
        return self.mood2020 if quantizer is Quantizer.MOOD2020 else self.two_sided

    def ap(self, quantizer: Quantizer) -> float:
        """Return the exact AP of the quantized scores."""
        histogram = self.histogram(quantizer)
        return average_precision_of_counts(histogram.positives, histogram.negatives)

    def __add__(self, other: "Evidence") -> "Evidence":
        return sum_evidence([self, other])

    def to_json(self) -> dict[str, Any]:
        """Return the numbers without the histograms."""
        numbers = {name: getattr(self, name) for name in (*_COUNTS, "min", "max")}
        return numbers | {"modal_share": self.modal_share}

    def to_bytes(self) -> bytes:
        numbers = {name: getattr(self, name) for name in (*_COUNTS, "min", "max")}
        header = json.dumps(numbers, sort_keys=True).encode()
        body = b"".join(self.histogram(q).to_bytes(q.size) for q in Quantizer)
        return _MAGIC + struct.pack("<I", len(header)) + header + zlib.compress(body, 6)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Evidence":
        if not data.startswith(_MAGIC):
            _refuse("they do not start like one")
        try:
            return cls._parse(data)
        except (ValueError, TypeError, struct.error, zlib.error) as error:
            _refuse(str(error))

    @classmethod
    def _parse(cls, data: bytes) -> "Evidence":
        (length,) = struct.unpack_from("<I", data, len(_MAGIC))
        start = len(_MAGIC) + 4
        sizes = [16 * quantizer.size for quantizer in Quantizer]
        body = zlib.decompressobj().decompress(data[start + length :], sum(sizes) + 1)
        if len(body) != sum(sizes):
            raise ValueError(f"{len(body)} bytes of counts instead of {sum(sizes)}")
        histograms = Histogram.from_bytes(body[: sizes[0]]), Histogram.from_bytes(body[sizes[0] :])
        return cls(*histograms, **json.loads(data[start : start + length]))


class EvidenceSums:
    """Evidence in the making: counts of all codes, to which chunks of a volume are added."""

    def __init__(self) -> None:
        self._codes = CodeCounts()
        self._counts = dict.fromkeys(_COUNTS, 0)
        self._min, self._max = 1.0, 0.0

    def add(self, clean: CleanScores, labels: Labels | None) -> None:
        """Add voxels; `labels` as long, None where nothing is abnormal."""
        values = clean.values
        self._min, self._max = ends_of(values, within=(self._min, self._max))
        for name in ("clamped", "nan", "posinf", "neginf"):
            self._counts[name] += getattr(clean, name)
        self._counts["voxels"] += values.size
        self._counts["positives"] += 0 if labels is None else int(np.count_nonzero(labels))
        self._codes.add(values, labels)

    def result(self) -> Evidence:
        """Return what was added so far."""
        mood2020, two_sided = (Histogram.of(*self._codes.of(quantizer)) for quantizer in Quantizer)
        return Evidence(mood2020, two_sided, **self._counts, min=self._min, max=self._max)


def sum_evidence(parts: Iterable[Evidence]) -> Evidence:
    """Pool the Evidence of one or more cases; raises InvalidInput for none."""
    parts = list(parts) if isinstance(parts, Iterable) else []
    if not parts or not all(isinstance(part, Evidence) for part in parts):
        raise InvalidInput("parts is no list of Evidence. Give the Evidence of one or more cases.")
    return Evidence(
        mood2020=Histogram.sum([part.mood2020 for part in parts]),
        two_sided=Histogram.sum([part.two_sided for part in parts]),
        **{name: sum(getattr(part, name) for part in parts) for name in _COUNTS},
        min=min(part.min for part in parts),
        max=max(part.max for part in parts),
    )


def _refuse(problem: str) -> NoReturn:
    raise InvalidEvidence(f"These bytes are not an Evidence of version 1: {problem}. Score the case again.")


_COUNTS = tuple(field.name for field in fields(Evidence) if field.type is int)
