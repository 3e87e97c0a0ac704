"""Whether a scan is abnormal, and where: its mask, its flag, and whether both fit."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mood_test_sets.findings import Defect, Findings
from mood_test_sets.importing.scans import by, read_or_tell
from mood_test_sets.reading.air import count_in_air
from mood_test_sets.reading.scan_file import ScanFile

__all__ = ["Truth", "read_truth"]

LISTED = 6
MOST = 0.5  # share of a scan from which a label looks inverted
IDENTICAL = 0.1  # positions that differ by less than this share of a voxel are the same
ROUNDED = 1e-4  # values of a label that are nearer to 0 or 1 are that


@dataclass(frozen=True, slots=True)
class Truth:
    abnormal: bool
    mask: NDArray[np.bool_] | None  # None where no voxel is marked


def read_truth(
    scan: ScanFile | None, findings: Findings, *, image: Path, mask: Path | None, flag: Path | None
) -> Truth | None:
    """Abnormal or not, and where; None where that cannot be known. `flag` is a text, 0 or 1."""
    if mask is None and flag is None:
        findings.error(
            Defect.NO_LABEL, image, "It has no label.", "Add a mask of its name, or NAME.txt with 0 or 1."
        )
        return None
    marks = _read_mask(mask, scan, image, findings) if mask is not None else None
    said = _read_flag(flag, findings) if flag is not None else None
    if (mask is not None and marks is None) or (flag is not None and said is None):
        return None
    marked = marks is not None and bool(marks.any())
    abnormal = marked if said is None else said
    if (
        mask is not None
        and flag is not None
        and not _agree(mask, flag, findings, marked=marked, abnormal=abnormal)
    ):
        return None
    return Truth(abnormal, marks if marked else None)


def _agree(mask: Path, flag: Path, findings: Findings, *, marked: bool, abnormal: bool) -> bool:
    if marked and not abnormal:
        what = f"It marks voxels, but {flag.name} says that the scan is normal (0)."
        findings.error(Defect.MARKED_NORMAL, mask, what, "Correct one of the two.")
    if abnormal and not marked:
        what = f"It marks no voxel, but {flag.name} says that the scan is abnormal (1)."
        findings.error(
            Defect.EMPTY_LABEL, mask, what, "Draw the mask, or remove the file if the anomaly is global."
        )
    return marked == abnormal


def _read_flag(path: Path, findings: Findings) -> bool | None:
    content = path.read_bytes()
    encoding = "utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
    first = content.decode(encoding, errors="replace").strip().split("\n", 1)[0].strip()
    if first not in {"0", "1", "0.0", "1.0"}:
        findings.error(
            Defect.FLAG, path, f"Its first line is {first[:20]!r}.", "Write 0 (normal) or 1 (abnormal)."
        )
        return None
    return float(first) == 1


def _read_mask(
    path: Path, scan: ScanFile | None, image: Path, findings: Findings
) -> NDArray[np.bool_] | None:
    """As the evaluator reads labels: rounded half to even, equal to 1."""
    label = read_or_tell(path, findings)
    if label is None or not _check_values(path, label.values, findings):
        return None
    if scan is not None and not _check_place(path, label, scan, image, findings):
        return None
    marks = np.asarray(np.rint(label.values) == 1)
    if marks.mean() > MOST:
        findings.warn(
            Defect.MOSTLY_MARKED,
            path,
            f"It marks {marks.mean():.0%} of the scan.",
            "Check that 1 is abnormal and 0 is not.",
        )
    if marks.any() and scan is not None:
        _check_air(path, marks, scan, findings)
    return marks


def _check_air(path: Path, marks: NDArray[np.bool_], scan: ScanFile, findings: Findings) -> None:
    turned = replace(scan, values=marks.astype(np.float64)).canonical > 0
    outside, objects = count_in_air(turned, scan.canonical)
    if outside:
        which = "All of it lies" if outside == objects else f"{outside} of its {objects} objects lie"
        what = f"{which} in the air around the body."
        findings.warn(Defect.IN_AIR, path, what, "Look at the picture: is it flipped, shifted, or another's?")


def _check_values(path: Path, values: NDArray[np.float64], findings: Findings) -> bool:
    found = np.unique(np.where(np.abs(values - np.rint(values)) < ROUNDED, np.rint(values), values))
    shown = ", ".join(f"{value:g}" for value in found[:LISTED]) + (", …" if len(found) > LISTED else "")
    if not np.isfinite(found).all() or found[0] < 0 or found[-1] > 1:
        findings.error(Defect.NOT_BINARY, path, f"Its values are {shown}.", "Write 1 where abnormal, else 0.")
        return False
    if found[-1] > 0 and np.rint(found[-1]) == 0:
        what = f"Its values are {shown}: rounded it marks nothing."
        findings.error(Defect.EMPTY_LABEL, path, what, "Write 1 where abnormal, or an empty mask.")
        return False
    if not np.isin(found, (0, 1)).all():
        findings.warn(
            Defect.FRACTIONS,
            path,
            f"Its values are {shown}: they are rounded, so that above 0.5 counts as abnormal.",
            "Resample labels with nearest neighbours.",
        )
    return True


def _check_place(path: Path, label: ScanFile, scan: ScanFile, image: Path, findings: Findings) -> bool:
    """Arrays are compared in index order, so they must lie alike."""
    if label.values.shape != scan.values.shape:
        what = f"Its shape is {by(label.values.shape)}, that of {image.name} {by(scan.values.shape)}."
        findings.error(Defect.SHAPE, path, what, "Resample the label to its scan.")
        return False
    if label.placed and scan.placed and label.axes != scan.axes:
        what = f"Its axes point to {label.axes}, those of {image.name} to {scan.axes}."
        findings.error(Defect.ORIENTATION, path, what, "Bring the label into the orientation of its scan.")
        return False
    tolerated = IDENTICAL * scan.spacing.min()
    if label.placed and scan.placed and not np.allclose(label.affine, scan.affine, rtol=0, atol=tolerated):
        off = float(np.abs(label.affine - scan.affine).max())
        what = f"Its header places it differently from {image.name} (by up to {off:.3g} mm)."
        findings.warn(
            Defect.SHIFTED, path, what, "Voxels are compared by index; look at the picture of the case."
        )
    return True
