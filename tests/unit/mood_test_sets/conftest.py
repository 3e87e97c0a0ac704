"""Archives as scanners and people write them, made by hand."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

CT, ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1"


def _dataset(sop_class: str, uid: str, *, patient: bytes, charset: Any, study: str, series: str) -> Dataset:
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = sop_class
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = uid
    if charset is not None:
        made.add_new("SpecificCharacterSet", "CS", charset)
    made.PatientID = "X" * len(patient)
    made.StudyInstanceUID, made.SeriesInstanceUID = study, series
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelRepresentation = 15, 1
    return made


def _save(made: Dataset, path: Path, patient: bytes) -> None:
    """The bytes of the id go in as they are, whatever the character set says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a false character set is meant
        made.save_as(path, enforce_file_format=True)
    held = b"X" * len(patient)
    if patient:
        path.write_bytes(path.read_bytes().replace(held, patient, 1))


def write_slices(
    folder: Path, values: np.ndarray, *, patient: bytes = b"patient-7", charset: Any = None,
    uid: str = "1.2.3.4.55", study: str = "1.2.3", step: Sequence[float] = (0, 0, 2),
    turn: Sequence[float] = (1, 0, 0, 0, 1, 0), modality: str = "CT",
    tilt: float | None = None, sop_class: str = CT,
) -> None:  # fmt: skip
    """One file a slice, in HU; `step` in mm from slice to slice."""
    for k in range(values.shape[2]):
        made = _dataset(
            sop_class, f"{uid}.{k + 1}", patient=patient, charset=charset, study=study, series=uid
        )
        made.Modality, made.InstanceNumber = modality, k + 1
        if tilt is not None:
            made.GantryDetectorTilt = tilt
        made.Columns, made.Rows = values.shape[:2]
        made.PixelSpacing = [3, 3]
        made.ImageOrientationPatient = list(turn)
        made.ImagePositionPatient = [-60 + k * step[0], -60 + k * step[1], k * step[2]]
        made.RescaleIntercept, made.RescaleSlope = -1024, 1
        made.PixelData = (values[:, :, k] + 1024).T.astype("<i2").tobytes()
        _save(made, folder / f"{k:03}", patient)


def _group(**fields: Any) -> pydicom.Sequence:
    group = Dataset()
    for name, value in fields.items():
        setattr(group, name, value)
    return pydicom.Sequence([group])


def write_enhanced(
    file: Path, values: np.ndarray, *, order: Sequence[int] | None = None, sop_class: str = ENHANCED_CT,
    own_scale: bool = False, places: Sequence[float] | None = None,
) -> None:  # fmt: skip
    """All frames in one file, in any order, 2 mm apart unless `places` says where they lie."""
    made = _dataset(sop_class, "1.2.9.1", patient=b"E1", charset=None, study="1.2.9", series="1.2.9.55")
    made.Modality = "CT" if sop_class == ENHANCED_CT else "MR"
    made.Columns, made.Rows, made.NumberOfFrames = values.shape
    shared, scale = Dataset(), _group(RescaleIntercept=-1024, RescaleSlope=1, RescaleType="HU")
    shared.PixelMeasuresSequence = _group(PixelSpacing=[3, 3], SliceThickness=2)
    shared.PlaneOrientationSequence = _group(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    if not own_scale:
        shared.PixelValueTransformationSequence = scale
    made.SharedFunctionalGroupsSequence = pydicom.Sequence([shared])
    frames = []
    order = range(values.shape[2]) if order is None else order
    for k in order:
        frame = Dataset()
        z = 2 * k if places is None else places[k]
        frame.PlanePositionSequence = _group(ImagePositionPatient=[-60, -60, z])
        if own_scale:
            frame.PixelValueTransformationSequence = scale
        frames.append(frame)
    made.PerFrameFunctionalGroupsSequence = pydicom.Sequence(frames)
    made.PixelData = np.stack([(values[:, :, k] + 1024).T for k in order]).astype("<i2").tobytes()
    _save(made, file, b"E1")


@pytest.fixture
def slices() -> Callable[..., None]:
    return write_slices


@pytest.fixture
def enhanced() -> Callable[..., None]:
    return write_enhanced


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Writes one volume below raw/: noise of its name unless told otherwise."""

    def write(name: str, values: np.ndarray | None = None, affine: np.ndarray | None = None) -> Path:
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if values is None:
            rng = np.random.default_rng(list(name.encode()))
            values = rng.integers(-900, 900, (20, 20, 20)).astype(np.int16)
        nib.save(nib.Nifti1Image(values, np.diag([3.0, 3, 3, 1]) if affine is None else affine), path)
        return path

    return write


@pytest.fixture
def lesion() -> np.ndarray:
    marks = np.zeros((20, 20, 20), np.uint8)
    marks[8:12, 8:12, 8:12] = 1
    return marks
