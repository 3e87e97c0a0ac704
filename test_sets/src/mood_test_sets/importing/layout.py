"""Where scans and their truth lie in a folder that is imported, and what lies there besides."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect, Findings

__all__ = ["Layout", "find_layout", "find_strays", "list_scans", "stem"]

MASK = re.compile(r"\.nii(?:\.gz)?$", re.IGNORECASE)
FLAG = re.compile(r"(?:\.nii(?:\.gz)?)?\.txt$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where scans and their truth lie below `root`."""

    root: Path
    images: Path
    flags: Path  # NAME.txt with 0 or 1
    masks: Path

    def mask_of(self, image: Path) -> Path | None:
        return next((path for path in _labels(self.masks, MASK) if stem(path) == stem(image)), None)

    def flag_of(self, image: Path) -> Path | None:
        return next((path for path in _labels(self.flags, FLAG) if stem(path) == stem(image)), None)


def find_layout(root: Path) -> Layout:
    """`toy/` with `toy_label/sample/` and `toy_label/pixel/` as MOOD has it, or `images/` with `labels/`."""
    labels = root / "toy_label"
    for layout in (
        Layout(root, root / "toy", labels / "sample", labels / "pixel"),
        Layout(root, root / "images", root / "labels", root / "labels"),
    ):
        if layout.images.is_dir() and (layout.flags.is_dir() or layout.masks.is_dir()):
            if not list_scans(layout.images):
                raise ImportRefused(f"{layout.images} holds no .nii.gz or .nii file. Put the scans there.")
            return layout
    raise ImportRefused(
        f"{root} has neither images/ with labels/ nor toy/ with toy_label/. Name the folder that holds both."
    )


def list_scans(folder: Path) -> list[Path]:
    """Without hidden files, such as the `._` twins that macOS makes."""
    return sorted(path for path in folder.glob("[!.]*") if MASK.search(path.name))


def find_strays(layout: Layout, images: Sequence[Path], findings: Findings) -> None:
    """Labels of no scan, scans of one name, and files that are left out."""
    for paths in (images, _labels(layout.masks, MASK), _labels(layout.flags, FLAG)):
        _find_doubles(paths, findings)
    stems = {stem(path) for path in images}
    for path in sorted({*layout.masks.glob("[!.]*"), *layout.flags.glob("[!.]*")}):
        if path.is_dir():
            what = "It is a folder, and what it holds is left out."
            findings.error(Defect.STRAY, path, what, "Move the labels out of it, or remove it.")
        elif stem(path) not in stems:
            findings.error(
                Defect.NO_IMAGE, path, "No scan has its name.", "Add the scan, or remove the label."
            )
    for path in sorted(layout.images.glob("*")):
        if path not in images and not path.name.startswith("."):
            findings.warn(
                Defect.STRAY,
                path,
                "It is no .nii or .nii.gz file and is left out.",
                "Convert it if it is a scan.",
            )


def _find_doubles(paths: Iterable[Path], findings: Findings) -> None:
    """Files that mean the same scan, of which only one would be read."""
    first: dict[str, Path] = {}
    for path in sorted(paths, key=lambda one: (not one.name.lower().endswith(".gz"), one)):
        if (other := first.setdefault(stem(path), path)) is not path:
            findings.error(
                Defect.SAME_NAME, path, f"There is a {other.name} too.", "Remove or rename one of them."
            )


def _labels(folder: Path, ending: re.Pattern[str]) -> list[Path]:
    return sorted(path for path in folder.glob("[!.]*") if ending.search(path.name) and path.is_file())


def stem(path: Path) -> str:
    """Without its ending, composed: what a scan and its labels have in common."""
    return unicodedata.normalize("NFC", MASK.sub("", FLAG.sub("", path.name)))
