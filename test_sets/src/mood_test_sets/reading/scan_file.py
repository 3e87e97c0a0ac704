"""One NIfTI file of unknown origin: its voxels and all that its header says, or why it cannot be used."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from mood_evaluator.nifti_header import NUMBER_TYPES, find_texts, read_header
from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect
from mood_test_sets.reading.geometry import Turn, obliquity, turn_between

__all__ = ["Grid", "ScanFile", "UnusableFile", "read_grid", "read_planes", "read_scan_file"]

LARGEST = 2**31  # voxels; more would not fit into memory as float64 anyway
TOLERATED_VOXELS, TOLERATED_DEGREES = 0.1, 1.0
FORMS = range(6)  # codes of sform and qform
FLAT = 1e-3  # volume of a voxel, sides 1, from which on it has none


class UnusableFile(ImportRefused):
    def __init__(self, defect: Defect, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.defect, self.what, self.remedy = defect, what, remedy


@dataclass(frozen=True, slots=True)
class Grid:
    """What the header says of the voxels."""

    shape: tuple[int, ...]  # (x, y, z)
    affine: NDArray[np.float64]  # (4, 4), voxel to mm
    data_type: int

    @property
    def box(self) -> NDArray[np.float64]:
        """(2, 3) mm: the lowest and the highest corner, at the edges of voxels."""
        sides = [(-0.5, side - 0.5) for side in self.shape]
        corners = np.array([(*place, 1) for place in product(*sides)]) @ self.affine.T
        return np.stack([corners[:, :3].min(axis=0), corners[:, :3].max(axis=0)])

    def fills(self, other: "Grid") -> bool:
        """The same place in the body, to a voxel of the coarser: `other` may be it, resampled."""
        coarser = max(float(np.linalg.norm(one.affine[:3, :3], axis=0).max()) for one in (self, other))
        return bool(np.abs(self.box - other.box).max() <= coarser)


@dataclass(frozen=True, slots=True)
class ScanFile:
    values: NDArray[np.float64]  # (x, y, z), times slope plus intercept
    affine: NDArray[np.float64]  # (4, 4), voxel to mm
    placed: bool  # whether the header says how the axes lie in the body
    scaled: bool  # whole numbers with a slope or intercept
    texts: tuple[str, ...]  # what header fields say in words
    sha256: str  # of the file
    conflict: Turn | None = None  # between sform, which counts, and qform

    @property
    def canonical(self) -> NDArray[np.float64]:
        """The values with axes as near as can be to right, anterior, superior."""
        turn = nib.io_orientation(self.affine)  # type: ignore[no-untyped-call]
        return np.asarray(nib.apply_orientation(self.values, turn))  # type: ignore[no-untyped-call]

    @property
    def oblique(self) -> Turn:
        """From the axes of the body."""
        return obliquity(self.affine, self.values.shape)

    @property
    def spacing(self) -> NDArray[np.float64]:
        """Millimetres along each axis."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    @property
    def axes(self) -> str:
        """Where the axes point, such as RAS: right, anterior, superior."""
        codes = nib.aff2axcodes(self.affine)  # type: ignore[no-untyped-call]  # nibabel leaves it so
        return "".join(code or "?" for code in codes)

    @property
    def extent(self) -> tuple[float, float, float]:
        """Millimetres along each axis, of the whole volume."""
        x, y, z = (float(length) for length in self.spacing * self.values.shape)
        return x, y, z


def read_scan_file(path: Path) -> ScanFile:
    """Raises UnusableFile."""
    with _named():
        header = _read_header(path)
        _check_header(header)
        image = _open(path, header)
        affine = _check_affine(image)
        voxels = np.asarray(image.dataobj, dtype=np.float64)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    while voxels.ndim > 3 and voxels.shape[-1] == 1:
        voxels = voxels[..., 0]
    return ScanFile(
        values=voxels,
        affine=affine,
        placed=bool(header["sform_code"] or header["qform_code"]),
        scaled=_is_scaled(header),
        texts=tuple(text for field in find_texts(header).values() if (text := _text(field))),
        sha256=digest,
        conflict=_conflict(image, affine, voxels.shape),
    )


def read_grid(path: Path) -> Grid:
    """Without the voxels. Raises UnusableFile."""
    with _named():
        header = _read_header(path)
        _check_header(header)
        image = _open(path, header)
        return Grid(image.shape[:3], _check_affine(image), int(header["datatype"]))


def read_planes(path: Path) -> Iterator[NDArray[Any]]:
    """Voxels plane by plane as they are stored, times the slope if there is one. Raises UnusableFile."""
    with _named():
        header = _read_header(path)
        _check_header(header)
        voxels = np.asanyarray(_open(path, header).dataobj)
    yield from np.moveaxis(voxels.reshape(voxels.shape[:3]), 2, 0)


def _conflict(image: Any, affine: NDArray[np.float64], shape: tuple[int, ...]) -> Turn | None:
    """None where they agree to a tenth of a voxel and a degree, or where one of them says nothing."""
    try:
        other, code = image.get_qform(coded=True)
    except (ValueError, nib.spatialimages.HeaderDataError):
        return None
    if not code or not image.header["sform_code"]:
        return None
    turn = turn_between(affine, other, shape)
    far = turn.mm > TOLERATED_VOXELS * float(np.linalg.norm(affine[:3, :3], axis=0).min())
    return turn if far or turn.degrees > TOLERATED_DEGREES else None


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except (
        OSError,
        EOFError,
        ValueError,
        TypeError,
        zlib.error,
        nib.filebasedimages.ImageFileError,
        nib.spatialimages.HeaderDataError,
    ) as reason:
        raise UnusableFile(
            Defect.UNREADABLE, f"It cannot be read as NIfTI ({reason}).", "Convert it again or replace it."
        ) from None


def _read_header(path: Path) -> Any:
    """As it is in the file: nibabel repairs what it reads."""
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    with opener(path, "rb") as stream:
        return read_header(stream)


def _open(path: Path, header: Any) -> nib.Nifti1Image:
    kind = nib.Nifti2Image if isinstance(header, nib.Nifti2Header) else nib.Nifti1Image
    return kind.from_filename(path)


def _check_header(header: Any) -> None:
    rank, sides = int(header["dim"][0]), [int(side) for side in header["dim"][1:]]
    if rank not in range(8):
        what = f"Its header claims {rank} axes."
        raise UnusableFile(Defect.UNREADABLE, what, "Convert it again or replace it.")
    used = sides[:rank]
    if len(used) < 3 or min(used[:3]) < 1 or any(side > 1 for side in used[3:]):
        shape = " x ".join(map(str, used)) or "no axes"
        raise UnusableFile(
            Defect.NOT_3D,
            f"It has {shape}; one volume of three axes is expected.",
            "Export one volume a file.",
        )
    if np.prod(used[:3], dtype=np.float64) > LARGEST:
        raise UnusableFile(
            Defect.UNREADABLE, f"Its header claims {used[:3]} voxels.", "Convert it again or replace it."
        )
    if int(header["datatype"]) not in NUMBER_TYPES:
        raise UnusableFile(
            Defect.DATA_TYPE,
            f"Its voxels are no real numbers (data type {int(header['datatype'])}).",
            "Export magnitudes as whole numbers or float32.",
        )
    _check_spacing(np.abs(header["pixdim"][1:4].astype(np.float64)))
    _check_forms(header)


def _check_forms(header: Any) -> None:
    """The sform says where it lies, else the qform."""
    for form in ("sform_code", "qform_code"):
        if (code := int(header[form])) not in FORMS:
            what, remedy = (
                f"Its {form} is {code}, which NIfTI does not know.",
                "Write 1 where its place is true.",
            )
            raise UnusableFile(Defect.NO_ORIENTATION, what, remedy)
        if code:
            break


def _check_spacing(spacing: NDArray[np.float64]) -> None:
    if not np.isfinite(spacing).all() or not (spacing > 0).all():
        shown = " x ".join(f"{side:g}" for side in spacing)
        raise UnusableFile(
            Defect.SPACING, f"Its voxels measure {shown} mm.", "Write the true spacing into the header."
        )


def _check_affine(image: nib.Nifti1Image) -> NDArray[np.float64]:
    """Voxel to mm, as the sform says, else the qform."""
    affine = np.asarray(image.affine, dtype=np.float64)
    _check_spacing(np.linalg.norm(affine[:3, :3], axis=0))
    if abs(np.linalg.det(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0))) < FLAT:
        what = "By its sform or qform its axes lie in one plane."
        raise UnusableFile(Defect.NO_ORIENTATION, what, "Write the true axes into the header.")
    return affine


def _is_scaled(header: Any) -> bool:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    whole = int(header["datatype"]) not in {16, 64}
    return whole and np.isfinite(slope) and slope != 0 and (slope, intercept) != (1, 0)


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("latin-1").strip()
