"""One scan that is imported: whether it can be used, and what is kept of it to compare it with the others."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mood_test_sets.findings import Defect, Findings
from mood_test_sets.reading.geometry import Turn
from mood_test_sets.reading.lookalikes import Sketch, sketch
from mood_test_sets.reading.plausible import looks_like_mask
from mood_test_sets.reading.scan_file import ScanFile, UnusableFile, read_scan_file

__all__ = ["Facts", "by", "facts_of", "read_or_tell", "read_scan"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is kept of a scan for comparing it with the others."""

    name: str
    shape: tuple[int, ...]
    spacing: tuple[float, ...]
    axes: str
    low: float
    high: float
    sha256: str
    voxels_sha256: str
    texts: tuple[str, ...]
    scaled: bool
    placed: bool
    sketch: Sketch
    oblique: Turn
    conflict: Turn | None


def read_or_tell(path: Path, findings: Findings) -> ScanFile | None:
    """The file, or None and an error."""
    try:
        return read_scan_file(path)
    except UnusableFile as problem:
        findings.error(problem.defect, path, problem.what, problem.remedy)
        return None


def read_scan(path: Path, findings: Findings) -> ScanFile | None:
    """The scan, or None and an error, if it cannot be used at all."""
    scan = read_or_tell(path, findings)
    if scan is None:
        return None
    if bad := int((~np.isfinite(scan.values)).sum()):
        what = f"{bad} of its voxels are NaN or infinite."
        findings.error(Defect.NOT_FINITE, path, what, "Replace them by numbers.")
        return None
    if (low := scan.values.min()) == scan.values.max():
        findings.error(Defect.CONSTANT, path, f"All of its voxels are {low:g}.", "Export the scan again.")
        return None
    if (why := looks_like_mask(scan.values)) is not None:
        remedy = "Put the scan there; masks belong into the folder for labels."
        findings.error(why.defect, path, why.what, remedy)
        return None
    return scan


def facts_of(name: str, scan: ScanFile) -> Facts:
    voxels = np.ascontiguousarray(scan.values.astype(np.float32))
    digest = hashlib.sha256(repr(voxels.shape).encode() + voxels.tobytes()).hexdigest()
    return Facts(
        name=name,
        shape=scan.values.shape,
        spacing=tuple(float(side) for side in scan.spacing),
        axes=scan.axes,
        low=float(scan.values.min()),
        high=float(scan.values.max()),
        sha256=scan.sha256,
        voxels_sha256=digest,
        texts=scan.texts,
        scaled=scan.scaled,
        placed=scan.placed,
        sketch=sketch(name, scan.canonical),
        oblique=scan.oblique,
        conflict=scan.conflict,
    )


def by(sides: Sequence[float]) -> str:
    """Such as 3 x 4 x 5."""
    return " x ".join(f"{side:g}" for side in sides)
