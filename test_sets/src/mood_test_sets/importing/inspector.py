"""Looks for everything that is wrong with scans and labels: file by file, then all of them together."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mood_test_sets.findings import Defect, Finding, Severity
from mood_test_sets.reading.air import count_in_air
from mood_test_sets.reading.geometry import Turn
from mood_test_sets.reading.lookalikes import Sketch, find_lookalikes, sketch
from mood_test_sets.reading.plausible import looks_like_mask
from mood_test_sets.reading.scan_file import ScanFile, UnusableFile, read_scan_file

__all__ = ["Facts", "Inspector", "Truth"]

LISTED = 6
MOST = 0.5  # share of a scan from which a label looks inverted
IDENTICAL = 0.1  # positions that differ by less than this share of a voxel are the same
OBLIQUE = 1.0  # degrees that are told
ROUNDED = 1e-4  # values of a label that are nearer to 0 or 1 are that
KEEP = "Keep one of them."


@dataclass(frozen=True, slots=True)
class Truth:
    abnormal: bool
    mask: NDArray[np.bool_] | None  # None where no voxel is marked


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

    def evidence(self, defect: Defect) -> str:
        """What was seen, in a few words."""
        seen = {
            Defect.TELLING_HEADER: f"{self.texts[0]!r}" if self.texts else "",
            Defect.NO_ORIENTATION: "no sform, no qform",
            Defect.OBLIQUE: str(self.oblique),
            Defect.FORMS_DIFFER: str(self.conflict),
        }
        return seen.get(defect, f"{self.low:g} to {self.high:g}")


@dataclass(slots=True)
class Inspector:
    """Collects findings; file names are told relative to `root`."""

    root: Path
    findings: list[Finding] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not any(one.is_error for one in self.findings)

    def error(self, defect: Defect, file: Path, what: str, remedy: str) -> None:
        self._add(Severity.ERROR, defect, file, what, remedy)

    def warn(self, defect: Defect, file: Path, what: str, remedy: str) -> None:
        self._add(Severity.WARNING, defect, file, what, remedy)

    def _add(self, severity: Severity, defect: Defect, file: Path, what: str, remedy: str) -> None:
        name = str(file.relative_to(self.root)) if file.is_relative_to(self.root) else str(file)
        self.findings.append(Finding(severity, defect, name, what, remedy))

    def read(self, path: Path) -> ScanFile | None:
        try:
            return read_scan_file(path)
        except UnusableFile as problem:
            self.error(problem.defect, path, problem.what, problem.remedy)
            return None

    def inspect_image(self, path: Path) -> ScanFile | None:
        """The scan if it can be used at all; remembered for the comparison with the others."""
        scan = self.read(path)
        if scan is None:
            return None
        bad = int((~np.isfinite(scan.values)).sum())
        if bad:
            self.error(
                Defect.NOT_FINITE,
                path,
                f"{bad} of its voxels are NaN or infinite.",
                "Replace them by numbers.",
            )
            return None
        low, high = float(scan.values.min()), float(scan.values.max())
        if low == high:
            self.error(Defect.CONSTANT, path, f"All of its voxels are {low:g}.", "Export the scan again.")
            return None
        if (why := looks_like_mask(scan.values)) is not None:
            self.error(
                why.defect, path, why.what, "Put the scan there; masks belong into the folder for labels."
            )
            return None
        self.facts.append(_facts(path, scan, low, high))
        return scan

    def inspect_truth(
        self, scan: ScanFile | None, *, image: Path, mask: Path | None, flag: Path | None
    ) -> Truth | None:
        """Abnormal or not, and where; None where that cannot be known. `flag` is a text, 0 or 1."""
        if mask is None and flag is None:
            self.error(
                Defect.NO_LABEL, image, "It has no label.", "Add a mask of its name, or NAME.txt with 0 or 1."
            )
            return None
        marks = self._read_mask(mask, scan, image) if mask is not None else None
        said = self._read_flag(flag) if flag is not None else None
        if (mask is not None and marks is None) or (flag is not None and said is None):
            return None
        marked = marks is not None and bool(marks.any())
        abnormal = marked if said is None else said
        if (
            mask is not None
            and flag is not None
            and not self._agree(mask, flag, marked=marked, abnormal=abnormal)
        ):
            return None
        return Truth(abnormal, marks if marked else None)

    def _agree(self, mask: Path, flag: Path, *, marked: bool, abnormal: bool) -> bool:
        if marked and not abnormal:
            what = f"It marks voxels, but {flag.name} says that the scan is normal (0)."
            self.error(Defect.MARKED_NORMAL, mask, what, "Correct one of the two.")
        if abnormal and not marked:
            what = f"It marks no voxel, but {flag.name} says that the scan is abnormal (1)."
            self.error(
                Defect.EMPTY_LABEL, mask, what, "Draw the mask, or remove the file if the anomaly is global."
            )
        return marked == abnormal

    def _read_flag(self, path: Path) -> bool | None:
        first = path.read_text(encoding="utf-8", errors="replace").strip().split("\n", 1)[0].strip()
        if first not in {"0", "1", "0.0", "1.0"}:
            self.error(
                Defect.FLAG, path, f"Its first line is {first[:20]!r}.", "Write 0 (normal) or 1 (abnormal)."
            )
            return None
        return float(first) == 1

    def _read_mask(self, path: Path, scan: ScanFile | None, image: Path) -> NDArray[np.bool_] | None:
        """As the evaluator reads labels: rounded half to even, equal to 1."""
        label = self.read(path)
        if label is None or not self._check_values(path, label.values):
            return None
        if scan is not None and not self._check_place(path, label, scan, image):
            return None
        marks = np.asarray(np.rint(label.values) == 1)
        if marks.mean() > MOST:
            self.warn(
                Defect.MOSTLY_MARKED,
                path,
                f"It marks {marks.mean():.0%} of the scan.",
                "Check that 1 is abnormal and 0 is not.",
            )
        if marks.any() and scan is not None:
            self._check_air(path, marks, scan)
        return marks

    def _check_air(self, path: Path, marks: NDArray[np.bool_], scan: ScanFile) -> None:
        turned = replace(scan, values=marks.astype(np.float64)).canonical > 0
        outside, objects = count_in_air(turned, scan.canonical)
        if outside:
            which = "All of it lies" if outside == objects else f"{outside} of its {objects} objects lie"
            what = f"{which} in the air around the body."
            self.warn(Defect.IN_AIR, path, what, "Look at the picture: is it flipped, shifted, or another's?")

    def _check_values(self, path: Path, values: NDArray[np.float64]) -> bool:
        found = np.unique(np.where(np.abs(values - np.rint(values)) < ROUNDED, np.rint(values), values))
        shown = ", ".join(f"{value:g}" for value in found[:LISTED]) + (", …" if len(found) > LISTED else "")
        if not np.isfinite(found).all() or found[0] < 0 or found[-1] > 1:
            self.error(Defect.NOT_BINARY, path, f"Its values are {shown}.", "Write 1 where abnormal, else 0.")
            return False
        if found[-1] > 0 and np.rint(found[-1]) == 0:
            what = f"Its values are {shown}: rounded it marks nothing."
            self.error(Defect.EMPTY_LABEL, path, what, "Write 1 where abnormal, or an empty mask.")
            return False
        if not np.isin(found, (0, 1)).all():
            self.warn(
                Defect.FRACTIONS,
                path,
                f"Its values are {shown}: they are rounded, so that above 0.5 counts as abnormal.",
                "Resample labels with nearest neighbours.",
            )
        return True

    def _check_place(self, path: Path, label: ScanFile, scan: ScanFile, image: Path) -> bool:
        """Arrays are compared in index order, so they must lie alike."""
        if label.values.shape != scan.values.shape:
            what = f"Its shape is {_by(label.values.shape)}, that of {image.name} {_by(scan.values.shape)}."
            self.error(Defect.SHAPE, path, what, "Resample the label to its scan.")
            return False
        if label.placed and scan.placed and label.axes != scan.axes:
            what = f"Its axes point to {label.axes}, those of {image.name} to {scan.axes}."
            self.error(Defect.ORIENTATION, path, what, "Bring the label into the orientation of its scan.")
            return False
        tolerated = IDENTICAL * scan.spacing.min()
        if (
            label.placed
            and scan.placed
            and not np.allclose(label.affine, scan.affine, rtol=0, atol=tolerated)
        ):
            off = float(np.abs(label.affine - scan.affine).max())
            what = f"Its header places it differently from {image.name} (by up to {off:.3g} mm)."
            self.warn(
                Defect.SHIFTED, path, what, "Voxels are compared by index; look at the picture of the case."
            )
        return True

    def compare_scans(self, images: Path) -> None:
        """What only shows when all scans are known."""
        if not self.facts:
            return
        self._find_duplicates(images)
        self._find_lookalikes(images)
        self._compare_axes(images)
        self._compare_grids(images)
        self._tell_of_values(images)
        self._tell_of_places(images)

    def _tell_of_values(self, images: Path) -> None:
        self._tell_of_some(
            images,
            Defect.RANGE,
            [one for one in self.facts if one.low < 0 or one.high > 1],
            "leave 0..1",
            "Scale them as the training scans are scaled: methods expect that.",
        )
        self._tell_of_some(
            images,
            Defect.SCALED,
            [one for one in self.facts if one.scaled],
            "store whole numbers with a slope, which is applied",
            "Nothing, if slope and intercept are what you mean.",
        )
        self._tell_of_some(
            images,
            Defect.TELLING_HEADER,
            [one for one in self.facts if one.texts],
            "have words in their headers",
            "Nothing: words, names and dates are not imported.",
        )

    def _tell_of_places(self, images: Path) -> None:
        """Of the scan that is farthest off the size is told."""
        placed = [one for one in self.facts if one.placed]
        self._tell_of_some(
            images,
            Defect.NO_ORIENTATION,
            [one for one in self.facts if not one.placed],
            "do not say how their axes lie in the body",
            "Make sure that they lie as in the training scans.",
        )
        self._tell_of_some(
            images,
            Defect.OBLIQUE,
            sorted((one for one in placed if one.oblique.degrees > OBLIQUE), key=lambda one: -one.oblique.mm),
            "are oblique to the axes of the body",
            "Nothing, if the training scans are, too; else resample scans and labels.",
        )
        differing = [(one.conflict.mm, one) for one in placed if one.conflict is not None]
        self._tell_of_some(
            images,
            Defect.FORMS_DIFFER,
            [one for _, one in sorted(differing, key=lambda pair: -pair[0])],
            "have an sform and a qform that differ; the sform is taken",
            "Correct the one that is wrong; look at left and right.",
        )

    def _tell_of_some(
        self, images: Path, defect: Defect, which: Sequence[Facts], what: str, remedy: str
    ) -> None:
        """One line, however many scans it is about."""
        if which:
            first = which[0]
            count = f"{len(which)} of {len(self.facts)} scans"
            evidence = f" ({first.name}: {first.evidence(defect)})"
            self.warn(defect, images, f"{count} {what}{evidence}.", remedy)

    def _find_duplicates(self, images: Path) -> None:
        files: dict[str, str] = {}
        voxels: dict[str, str] = {}
        for one in self.facts:
            first = files.setdefault(one.sha256, one.name)
            twin = voxels.setdefault(one.voxels_sha256, one.name)
            if first != one.name:
                self.error(Defect.DUPLICATE, images / one.name, f"It is the same file as {first}.", KEEP)
            elif twin != one.name:
                self.error(Defect.DUPLICATE, images / one.name, f"It has the same voxels as {twin}.", KEEP)

    def _find_lookalikes(self, images: Path) -> None:
        told = {(images / one.file).name for one in self.findings if one.defect is Defect.DUPLICATE}
        sketches = [one.sketch for one in self.facts if one.name not in told]
        for first, name, mirrored in find_lookalikes(
            sketches, lambda name: read_scan_file(images / name).canonical
        ):
            like = "the mirror image of" if mirrored else "but for noise, scale or orientation the same as"
            self.error(Defect.DUPLICATE, images / name, f"It is {like} {first}.", KEEP)

    def _compare_axes(self, images: Path) -> None:
        counts = Counter(one.axes for one in self.facts if one.placed)
        usual = max(sorted(counts), key=lambda axes: counts[axes], default="RAS")
        for one in self.facts:
            if one.placed and one.axes != usual:
                what = f"Its axes point to {one.axes}, those of most scans to {usual}."
                self.warn(
                    Defect.ORIENTATION, images / one.name, what, "Bring all scans into the same orientation."
                )
        if usual != "RAS":
            what = f"The scans' axes point to {usual}, not to RAS (right, anterior, superior)."
            self.warn(Defect.NOT_RAS, images, what, "Make sure that the training scans lie in the same way.")

    def _compare_grids(self, images: Path) -> None:
        spacings = sorted({tuple(round(side, 3) for side in one.spacing) for one in self.facts})
        if len(spacings) > 1:
            what = f"Voxels measure from {_by(spacings[0])} to {_by(spacings[-1])} mm."
            self.warn(Defect.SPACINGS_DIFFER, images, what, "Resample, if the training scans are resampled.")
        shapes = sorted({one.shape for one in self.facts})
        if len(shapes) > 1:
            what = f"Shapes go from {_by(shapes[0])} to {_by(shapes[-1])}."
            self.warn(
                Defect.SHAPES_DIFFER, images, what, "Crop or pad, if the training scans are of one shape."
            )


def _facts(path: Path, scan: ScanFile, low: float, high: float) -> Facts:
    voxels = np.ascontiguousarray(scan.values.astype(np.float32))
    digest = hashlib.sha256(repr(voxels.shape).encode() + voxels.tobytes()).hexdigest()
    return Facts(
        name=path.name,
        shape=scan.values.shape,
        spacing=tuple(float(side) for side in scan.spacing),
        axes=scan.axes,
        low=low,
        high=high,
        sha256=scan.sha256,
        voxels_sha256=digest,
        texts=scan.texts,
        scaled=scan.scaled,
        placed=scan.placed,
        sketch=sketch(path.name, scan.canonical),
        oblique=scan.oblique,
        conflict=scan.conflict,
    )


def _by(sides: Sequence[float]) -> str:
    return " x ".join(f"{side:g}" for side in sides)
