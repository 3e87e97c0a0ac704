"""Reads predictions, labels and images, bounded by the shape of their case."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.arrays import as_path, checked_shape
from mood_evaluator.cleaning import CleanScores, clean_scores
from mood_evaluator.errors import InvalidGroundTruth, InvalidPrediction
from mood_evaluator.faults import Flag, OutputFault
from mood_evaluator.nifti_stream import NiftiStream, Shape, open_nifti

LARGEST_SCORE_FILE = 4_096  # bytes


@dataclass(slots=True)
class PredictionReader:
    """Streams one prediction; what it noticed is complete when the chunks are used up."""

    stream: NiftiStream
    trailing_data: bool = field(default=False, init=False)

    @property
    def affine(self) -> npt.NDArray[np.float64] | None:
        return self.stream.affine

    def chunks(self) -> Iterator[CleanScores]:
        """Yield scores in [0, 1] in index order, first axis fastest."""
        yield from map(clean_scores, self.stream.chunks())
        self.trailing_data = self.stream.has_more()


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """A whole prediction in memory."""

    scores: npt.NDArray[np.float32]  # (x, y, z), in [0, 1]
    flags: tuple[Flag, ...]
    affine: npt.NDArray[np.float64] | None = None  # (4, 4); None: the header's makes no sense


@contextmanager
def open_prediction(path: Path | str, *, shape: Shape) -> Iterator[PredictionReader]:
    """Open the prediction of a case of `shape`; raises InvalidPrediction, also while it is read."""
    path = as_path(path)
    if not path.is_file():
        raise InvalidPrediction(OutputFault.MISSING, f"{path.name} is no file")
    with open_nifti(path, shape=shape) as stream:
        yield PredictionReader(stream)


def read_prediction(path: Path | str, *, shape: Shape) -> Prediction:
    """Read a whole prediction: NaN counts as 0, the rest is clamped, then rounded once to float32."""
    shape = checked_shape(shape)
    scores = np.empty(math.prod(shape), np.float32)
    start = clamped = nan = 0
    with open_prediction(path, shape=shape) as reader:
        for chunk in reader.chunks():
            scores[start : start + chunk.values.size] = chunk.values
            start, clamped, nan = start + chunk.values.size, clamped + chunk.clamped, nan + chunk.nan
    noticed = {
        Flag.CLAMPED: clamped > 0,
        Flag.NAN: nan > 0,
        Flag.CONSTANT: scores.min() == scores.max(),
        Flag.TRAILING_DATA: reader.trailing_data,
    }
    flags = tuple(flag for flag, seen in noticed.items() if seen)
    return Prediction(scores.reshape(shape, order="F"), flags, reader.affine)


def find_prediction(path: Path | None, *, shape: Shape) -> Prediction | None:
    """Read a whole prediction; None where there is none that can be read."""
    try:
        return None if path is None else read_prediction(path, shape=shape)
    except InvalidPrediction:  # named as a fault when the case was scored
        return None


def read_label(path: Path | str, *, shape: Shape) -> npt.NDArray[np.bool_]:
    """Return the abnormal voxels (x, y, z): stored numbers rounded half to even, clipped to [0, 1], = 1.

    Raises InvalidGroundTruth.
    """
    shape = checked_shape(shape)
    start = 0
    try:
        abnormal, marked = np.empty(math.prod(shape), np.bool_), False
        with open_nifti(path, shape=shape) as stream:
            for chunk in stream.numbers():
                limit = 0.5 if chunk.dtype.kind == "f" else 0  # 0.5 rounds to 0
                np.greater(chunk, limit, out=abnormal[start : start + chunk.size])
                _refuse_no_truth(path, chunk)
                marked = marked or bool(chunk.max() > 0)
                start += chunk.size
            stream.has_more()
    except (InvalidPrediction, OSError, MemoryError, ValueError) as error:  # ValueError: no such size or name
        problem = error.detail if isinstance(error, InvalidPrediction) else error
        raise InvalidGroundTruth(
            f"The label {path} cannot be used ({problem}). Write it again in the shape of its image."
        ) from error
    if marked and not abnormal.any():
        raise InvalidGroundTruth(
            f"All that the label {path} marks rounds to 0. Write 1 for abnormal voxels, or an empty label."
        )
    return abnormal.reshape(shape, order="F")


def _refuse_no_truth(path: Path | str, chunk: npt.NDArray[Any]) -> None:
    """Refuse voxels that say neither normal nor abnormal; what rounds to 0 is normal, -0.4 too."""
    if (
        chunk.dtype.kind != "u" and chunk.size and not chunk.min() >= -0.5
    ):  # a NaN anywhere makes the smallest NaN
        found = "NaN" if np.isnan(chunk).any() else f"{chunk.min():g}"
        raise InvalidGroundTruth(
            f"The label {path} has voxels of {found}, which say neither normal nor abnormal. "
            f"Write 0 for normal and 1 for abnormal voxels."
        )


def read_image(path: Path, shape: Shape) -> npt.NDArray[np.float64]:
    """Return the voxels (x, y, z) of a test set's image; raises InvalidGroundTruth."""
    try:
        with open_nifti(path, shape=shape) as stream:
            return np.concatenate([*stream.chunks()]).astype(np.float64).reshape(shape, order="F")
    except (InvalidPrediction, OSError) as error:
        problem = error.detail if isinstance(error, InvalidPrediction) else error
        raise InvalidGroundTruth(
            f"The image {path} cannot be read ({problem}). Build the set again."
        ) from error


def read_sample_score(path: Path | str) -> float:
    """Return the number on the first line of a score file, not yet clamped; raises InvalidPrediction."""
    path = as_path(path)
    if not path.is_file():
        raise InvalidPrediction(OutputFault.MISSING, f"{path.name} is no file")
    with path.open("rb") as file:
        line = file.readline(LARGEST_SCORE_FILE + 1)
    if len(line) > LARGEST_SCORE_FILE:  # a number cut short would be another number
        raise InvalidPrediction(
            OutputFault.NOT_A_NUMBER, f"the line is longer than {LARGEST_SCORE_FILE} bytes"
        )
    try:
        text = line.decode("ascii").strip()
        return _parse_number(text)
    except ValueError:
        raise InvalidPrediction(OutputFault.NOT_A_NUMBER, f"the line is {line[:40]!r}") from None


def _parse_number(text: str) -> float:
    if "_" in text:  # Python's own digit groups are no number to anyone else
        raise ValueError(text)
    return float(text)
