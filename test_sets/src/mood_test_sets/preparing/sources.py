"""Finds the scans in a folder: NIfTI files and DICOM series, whose they are, and the masks beside them.

`NAME_mask.nii.gz` beside a scan, or labels/NAME.nii.gz, marks what is abnormal; above 0 in
`NAME_brain.nii.gz` is the brain.
"""

import csv
import locale
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from mood_test_sets.errors import ImportRefused

__all__ = ["Source", "dicom_toolkit", "find_sources", "kept_locale", "read_subjects"]

ENDINGS = (".nii.gz", ".nii")
BIDS = re.compile(r"(?:^|[/_])sub-([A-Za-z0-9]+)")
MAGIC = 128, b"DICM"
PATIENT = "0010|0020"


@dataclass(frozen=True, slots=True)
class Source:
    name: str  # relative to the folder, without ending; of a DICOM series its folder and the end of its UID
    files: tuple[Path, ...]
    dicom: bool
    subject: str
    mask: Path | None = None
    brain: Path | None = None


def find_sources(root: Path, subjects: Mapping[str, str]) -> list[Source]:
    """All scans below `root`, by name; `subjects` overrides what names and headers say."""
    found = [*_nifti(root, subjects), *_dicom(root, subjects)]
    if not found:
        raise ImportRefused(f"{root} holds neither NIfTI files nor DICOM series. Name another folder.")
    return sorted(found, key=lambda one: one.name)


def read_subjects(file: Path | None) -> dict[str, str]:
    """A table with the columns scan and subject; the scan as `Source.name`."""
    if file is None:
        return {}
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows or not {"scan", "subject"} <= set(rows[0]):
        raise ImportRefused(f"{file} has no columns scan and subject. Add a line with their names.")
    return {row["scan"]: row["subject"] for row in rows}


def _nifti(root: Path, subjects: Mapping[str, str]) -> Iterator[Source]:
    for path in sorted(root.rglob("*.nii*")):
        stem = path.name.removesuffix(".gz").removesuffix(".nii")
        inner = path.relative_to(root)
        if inner.parts[0] == "labels" or not path.name.endswith(ENDINGS) or _belongs(path, stem):
            continue
        name = str(inner.with_name(stem))
        bids = BIDS.search(name)
        own = bids.group(1) if bids else name
        places = [path.with_name(f"{stem}_mask"), root / "labels" / name, root / "labels" / stem]
        yield Source(
            name,
            (path,),
            dicom=False,
            subject=subjects.get(name, own),
            mask=_first(places),
            brain=_first([path.with_name(f"{stem}_brain")]),
        )


def _belongs(path: Path, stem: str) -> bool:
    """Whether it marks something in the scan beside it."""
    bases = [stem.removesuffix(end) for end in ("_mask", "_brain") if stem.endswith(end)]
    return any(_first([path.with_name(base)]) is not None for base in bases)


def _first(stems: list[Path]) -> Path | None:
    return next((p for s in stems for e in ENDINGS if (p := s.with_name(s.name + e)).is_file()), None)


def _dicom(root: Path, subjects: Mapping[str, str]) -> Iterator[Source]:
    folders = sorted({path.parent for path in root.rglob("*") if _is_dicom(path)})
    with kept_locale():
        yield from [source for folder in folders for source in _series(root, folder, subjects)]


def _series(root: Path, folder: Path, subjects: Mapping[str, str]) -> Iterator[Source]:
    sitk = dicom_toolkit()
    for series in sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder)):
        files = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), series)
        inner = folder.relative_to(root)
        name = str(inner / series[-12:]) if inner.parts else series[-12:]
        reader = sitk.ImageFileReader()
        reader.SetFileName(files[0])
        reader.ReadImageInformation()
        patient = reader.GetMetaData(PATIENT).strip() if reader.HasMetaDataKey(PATIENT) else ""
        bids = BIDS.search(name)
        subject = subjects.get(name, bids.group(1) if bids else patient or name)
        places = [root / "labels" / name, root / "labels" / Path(name).name]
        yield Source(name, tuple(map(Path, files)), dicom=True, subject=subject, mask=_first(places))


def dicom_toolkit() -> Any:
    """SimpleITK, which reads DICOM series; untyped. Raises ImportRefused where it is not installed."""
    try:
        return import_module("SimpleITK")
    except ImportError:
        remedy = "Install it with: pip install 'mood-test-sets[dicom]'"
        raise ImportRefused(f"DICOM series need the library SimpleITK. {remedy}") from None


@contextmanager
def kept_locale() -> Iterator[None]:
    """The library leaves the locale C behind, in which Python reads files as ASCII."""
    before = locale.setlocale(locale.LC_ALL, None)
    try:
        yield
    finally:
        locale.setlocale(locale.LC_ALL, before)


def _is_dicom(path: Path) -> bool:
    if not path.is_file() or path.name.endswith(ENDINGS):
        return False
    with path.open("rb") as stream:
        stream.seek(MAGIC[0])
        return stream.read(4) == MAGIC[1]
