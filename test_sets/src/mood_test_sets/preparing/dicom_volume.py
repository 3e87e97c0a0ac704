"""The voxels of a DICOM series, one file a slice or many frames in one, and where its headers place them."""

import locale
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mood_test_sets.archives.dicom_series import dicom_library, read_header
from mood_test_sets.findings import Defect
from mood_test_sets.reading.scan_file import UnusableFile

__all__ = ["kept_locale", "read_series", "said_tilt"]

UNEVEN = 0.02  # share by which distances of slices may differ
TO_RAS = np.diag([-1.0, -1, 1, 1])  # DICOM counts towards left and posterior
AGAIN = "Export the series again with its positions."


@dataclass(frozen=True, slots=True)
class _Frame:
    file: int
    number: int  # within its file
    position: NDArray[np.float64]  # (3,) mm
    turn: tuple[float, ...]  # cosines along a row, then along a column
    spacing: tuple[float, float]  # mm between rows, then between columns
    scale: tuple[float, float]  # slope and intercept
    inverted: bool = False  # in HU, though low values shall be shown bright


def read_series(files: Sequence[Path]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """(x, y, z) in HU for CT, and its affine towards right, anterior, superior. Raises UnusableFile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frames = [frame for number, file in enumerate(files) for frame in _frames(number, file)]
    if len(frames) < 2:
        raise UnusableFile(Defect.SLICES, "It has one slice.", "Leave it out.")
    first = frames[0]
    if not all(_are_parallel(frame, first) for frame in frames):
        what = "Its slices lie in different directions or have different pixels."
        raise UnusableFile(Defect.SLICES, what, "Leave out localizers; export one series each.")
    row, column = np.reshape(first.turn, (2, 3))
    frames.sort(key=lambda frame: float(frame.position @ np.cross(row, column)))
    affine = np.eye(4)
    affine[:3, :3] = np.stack([row * first.spacing[1], column * first.spacing[0], _step(frames)], axis=1)
    affine[:3, 3] = frames[0].position
    return _voxels(files, frames), TO_RAS @ affine


def said_tilt(file: Path) -> float:
    """Degrees by which the header says that the gantry was tilted."""
    try:
        return abs(float(read_header(file, only=["GantryDetectorTilt"]).get("GantryDetectorTilt") or 0))
    except (ValueError, TypeError):
        return 0.0


def _are_parallel(one: _Frame, other: _Frame) -> bool:
    return np.allclose(one.turn, other.turn, atol=1e-3) and np.allclose(one.spacing, other.spacing, atol=1e-3)


def _frames(number: int, file: Path) -> Iterator[_Frame]:
    try:
        header = read_header(file)
        inverted = (header.get("Modality"), header.get("PhotometricInterpretation")) == ("CT", "MONOCHROME1")
        yield from (replace(frame, inverted=inverted) for frame in _read_frames(number, header))
    except UnusableFile:
        raise
    except ValueError as reason:
        raise UnusableFile(
            Defect.UNREADABLE, f"The series cannot be read ({reason}).", "Export it again."
        ) from None
    except (AttributeError, KeyError, TypeError, IndexError):
        raise UnusableFile(Defect.SLICES, "Some slices do not say where they lie.", AGAIN) from None


def _read_frames(number: int, header: Any) -> Iterator[_Frame]:
    """Of an enhanced file each frame has its place in the functional groups, shared ones or its own."""
    if "PerFrameFunctionalGroupsSequence" not in header:
        yield from _stacked(_frame(number, 0, header, header, header, header), header)
        return
    shared = (header.get("SharedFunctionalGroupsSequence") or [{}])[0]
    for place, own in enumerate(header.PerFrameFunctionalGroupsSequence):
        groups = [
            (own.get(name) or shared.get(name) or [header])[0]
            for name in ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence",
                         "PixelValueTransformationSequence")
        ]  # fmt: skip
        yield _frame(number, place, *groups)


def _stacked(first: _Frame, header: Any) -> Iterator[_Frame]:
    """Frames of a file that says where the first lies, and how far the others are apart."""
    row, column = np.reshape(first.turn, (2, 3))
    for place in range(int(header.get("NumberOfFrames") or 1)):
        apart = float(header["SpacingBetweenSlices"].value) if place else 0.0
        yield replace(first, number=place, position=first.position + place * apart * np.cross(row, column))


def _frame(file: int, number: int, place: Any, turn: Any, measures: Any, scale: Any) -> _Frame:
    position = np.array([float(v) for v in place["ImagePositionPatient"].value])
    cosines = tuple(float(v) for v in turn["ImageOrientationPatient"].value)
    rows, columns = (float(v) for v in measures["PixelSpacing"].value)
    if position.shape != (3,) or len(cosines) != 6 or not min(rows, columns) > 0:
        raise KeyError("PixelSpacing")
    factors = (_number(scale, "RescaleSlope", 1.0), _number(scale, "RescaleIntercept", 0.0))
    return _Frame(file, number, position, cosines, (rows, columns), factors)


def _number(group: Any, field: str, otherwise: float) -> float:
    said = group.get(field)
    return otherwise if said is None else float(getattr(said, "value", said))


def _step(frames: Sequence[_Frame]) -> NDArray[np.float64]:
    """From slice to slice, mm; refused where they are not equally far from each other."""
    steps = np.diff([frame.position for frame in frames], axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    usual = np.median(steps, axis=0)
    if np.linalg.norm(steps - usual, axis=1).max() > UNEVEN * max(float(np.linalg.norm(usual)), 1e-6):
        apart = f"{lengths.min():.3g} to {lengths.max():.3g} mm apart"
        what = f"Its slices are {apart}: some are missing or repeated."
        raise UnusableFile(Defect.SLICES, what, "Complete the series or leave it out.")
    return np.asarray((frames[-1].position - frames[0].position) / (len(frames) - 1))


def _voxels(files: Sequence[Path], frames: Sequence[_Frame]) -> NDArray[np.float32]:
    """In the order of `frames`."""
    planes: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(frames)
    for number, file in enumerate(files):
        places = [place for place, frame in enumerate(frames) if frame.file == number]
        stack = _decode(file, inverted=any(frames[place].inverted for place in places))
        scales = {frames[place].scale for place in places}
        if len(scales) > 1:
            what = "Its frames are scaled in different ways."
            raise UnusableFile(Defect.DATA_TYPE, what, "Export it as one file a slice.")
        for place in places:
            planes[place] = stack[frames[place].number]
    if len({plane.shape for plane in planes}) > 1:
        raise UnusableFile(Defect.SLICES, "Its slices have different sizes.", "Export one series each.")
    return np.stack(planes).transpose(2, 1, 0)


def _decode(file: Path, *, inverted: bool) -> NDArray[np.float32]:
    """(frames, rows, columns), with slope and intercept."""
    sitk = dicom_library("SimpleITK")
    sitk.ProcessObject.SetGlobalWarningDisplay(False)  # what matters is checked here
    with kept_locale(), _readable(file, inverted=inverted) as name:
        try:
            image = sitk.ReadImage(name, imageIO="GDCMImageIO")
        except RuntimeError as reason:
            what = f"The series cannot be read ({str(reason).strip().splitlines()[-1]})."
            raise UnusableFile(Defect.UNREADABLE, what, "Export it again.") from None
    if image.GetNumberOfComponentsPerPixel() != 1:
        what = "The series is no grey volume."
        raise UnusableFile(Defect.NOT_3D, what, "Leave out pictures in colour.")
    values = sitk.GetArrayFromImage(image).astype(np.float32)
    return np.asarray(values.reshape(-1, *values.shape[-2:]))


@contextmanager
def _readable(file: Path, *, inverted: bool) -> Iterator[str]:
    """The library takes names in UTF-8 alone, and turns values round that are to be shown so."""
    if not inverted and _is_text(file):
        yield str(file)
        return
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "file.dcm"
        if inverted:
            made = dicom_library("pydicom").dcmread(file, force=True)
            made.PhotometricInterpretation = "MONOCHROME2"
            made.save_as(copy, enforce_file_format=False)
        else:
            copy.symlink_to(file.absolute())
        yield str(copy)


def _is_text(file: Path) -> bool:
    try:
        str(file).encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def kept_locale() -> Iterator[None]:
    """The library leaves the locale C behind, in which Python reads files as ASCII."""
    before = locale.setlocale(locale.LC_ALL, None)
    try:
        yield
    finally:
        locale.setlocale(locale.LC_ALL, before)
