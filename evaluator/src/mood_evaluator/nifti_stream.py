"""Reads the voxels of a NIfTI file as a bounded stream: nothing is allocated that the caller did not expect.

Knows `.nii` and `.nii.gz` (told apart by content), NIfTI-1 and NIfTI-2, both byte orders, all integers and
float32/64. The expected shape bounds everything: at most header + expected voxels + 1 byte are inflated, from
not many more bytes of the file.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from nibabel.spatialimages import HeaderDataError

from mood_evaluator.arrays import as_path
from mood_evaluator.errors import InvalidPrediction
from mood_evaluator.faults import OutputFault
from mood_evaluator.gzip_stream import INFLATE_ERRORS, BoundedGzip, most_compressed
from mood_evaluator.nifti_header import NUMBER_TYPES, NoNifti, Readable, read_exactly, read_header

Shape = tuple[int, int, int]
_CHUNK = 1 << 19  # voxels held at once: few enough for the processor's cache
_MAX_OFFSET = (
    1 << 26
)  # bytes of header and extensions before the voxels; some writers keep DICOM headers there
_SKIPPED = 1 << 20  # bytes of extensions that are read at once, and forgotten
_WIDEST = 8  # bytes of the widest type
_UNSOUND: tuple[type[Exception], ...] = (*INFLATE_ERRORS, NoNifti)
_EXACT_IN_FLOAT32 = {"u1", "i1", "u2", "i2", "f4"}


@dataclass(frozen=True, slots=True)
class NiftiStream:
    """An open file whose header fits; voxels come in index order, first axis fastest."""

    file: Readable
    voxels: int
    dtype: np.dtype[Any]
    slope: float
    inter: float
    affine: npt.NDArray[np.float64] | None  # None: the header's transformation makes no sense
    compressed: bool

    def chunks(self) -> Iterator[npt.NDArray[np.floating[Any]]]:
        """Yield stored number x slope + inter: float64, or float32 where that holds the number exactly."""
        yield from map(self._scale, self._stored())

    def numbers(self) -> Iterator[npt.NDArray[Any]]:
        """Yield the same, but whole numbers that are not scaled as they are stored."""
        plain = self.dtype.kind in "ui" and (self.slope, self.inter) == (1.0, 0.0)
        yield from self._stored() if plain else self.chunks()

    def _stored(self) -> Iterator[npt.NDArray[Any]]:
        for start in range(0, self.voxels, _CHUNK):
            count = min(_CHUNK, self.voxels - start)
            yield np.frombuffer(read_exactly(self.file, count * self.dtype.itemsize), self.dtype)

    def has_more(self) -> bool:
        """Whether bytes follow the last voxel; reaching the end also verifies a gzip file's checksum."""
        return bool(self.file.read(1))

    def _scale(self, stored: npt.NDArray[Any]) -> npt.NDArray[np.floating[Any]]:
        if (self.slope, self.inter) == (1.0, 0.0):
            exact = self.dtype.str[1:] in _EXACT_IN_FLOAT32
            return stored.astype(np.float32 if exact else np.float64, copy=False)
        with np.errstate(over="ignore", invalid="ignore"):  # infinities and NaN are the caller's to judge
            return stored.astype(np.float64) * self.slope + self.inter


def largest_volume_file(shape: Shape) -> int:
    """Return the bytes that no useful file of such a volume exceeds: 8 a voxel, header, gzip's share."""
    return most_compressed(_MAX_OFFSET + _WIDEST * math.prod(shape))


@contextmanager
def open_nifti(path: Path | str, *, shape: Shape) -> Iterator[NiftiStream]:
    """Open `path` if it holds a volume of `shape` (voxels); raise InvalidPrediction, also while reading."""
    with _open(path) as file:
        yield _read_header(file, shape)


def read_shape(path: Path | str) -> Shape:
    """Return the voxels along each axis that the header of `path` states; raises InvalidPrediction."""
    with _open(path) as file:
        found = _dimensions(read_header(file))
    x, y, z = (*found, 1, 1, 1)[:3]
    if len(found) < 3 or min(found) < 1 or found[3:] != (1,) * (len(found) - 3):
        raise InvalidPrediction(OutputFault.SHAPE_MISMATCH, f"it has the shape {found}, not three dimensions")
    return x, y, z


@contextmanager
def _open(path: Path | str) -> Iterator[Readable]:
    try:
        with as_path(path).open("rb") as raw:
            yield _inflated(raw)
    except _UNSOUND as error:
        raise _unreadable(str(error)) from error


def _inflated(raw: IO[bytes]) -> Readable:
    start = raw.read(2)
    raw.seek(0)
    return BoundedGzip(raw) if start == b"\x1f\x8b" else raw


def _read_header(file: Readable, shape: Shape) -> NiftiStream:
    header = read_header(file)
    _check_shape(header, shape)
    dtype = NUMBER_TYPES.get(int(header["datatype"]))
    if dtype is None:
        raise InvalidPrediction(OutputFault.UNSUPPORTED_TYPE, f"NIfTI datatype {int(header['datatype'])}")
    offset, size = float(header["vox_offset"]), int(header["sizeof_hdr"])
    if not size + 4 <= offset <= _MAX_OFFSET or offset % 1:  # 4: the extension flag
        raise _unreadable(
            f"the voxels start at byte {offset:.0f}, not at a whole one from {size + 4} to {_MAX_OFFSET}"
        )
    _skip(file, int(offset) - size)
    slope, inter = _read_scaling(header)
    return NiftiStream(
        file=file,
        voxels=math.prod(shape),
        dtype=np.dtype(header.endianness + dtype),
        slope=slope,
        inter=inter,
        affine=_read_affine(header),
        compressed=isinstance(file, BoundedGzip),
    )


def _dimensions(header: Any) -> tuple[int, ...]:
    rank, *sizes = (int(size) for size in header["dim"])
    if not 1 <= rank <= 7:
        raise _unreadable(f"the header states {rank} dimensions")
    return tuple(sizes[:rank])


def _check_shape(header: Any, shape: Shape) -> None:
    found = _dimensions(header)
    rank = len(found)
    if (*found, 1, 1, 1)[: max(rank, 3)] != shape + (1,) * (rank - 3):
        raise InvalidPrediction(OutputFault.SHAPE_MISMATCH, f"{found} instead of {shape}")


def _read_scaling(header: Any) -> tuple[float, float]:
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0 or math.isnan(slope):  # the standard's way to say: not scaled
        return 1.0, 0.0
    if not (math.isfinite(slope) and math.isfinite(inter)):
        raise _unreadable(f"the header scales by {slope} and adds {inter}")
    return slope, inter


def _read_affine(header: Any) -> npt.NDArray[np.float64] | None:
    try:
        with np.errstate(all="ignore"):
            return np.asarray(header.get_best_affine(), np.float64)
    except (HeaderDataError, ValueError, ArithmeticError):
        return None


def _skip(file: Readable, size: int) -> None:
    for start in range(0, size, _SKIPPED):
        read_exactly(file, min(_SKIPPED, size - start))


def _unreadable(detail: str) -> InvalidPrediction:
    return InvalidPrediction(OutputFault.UNREADABLE, detail)
