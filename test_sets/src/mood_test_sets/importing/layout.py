"""Where scans and their truth lie in a folder that is imported, and what lies there besides."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect, Findings

__all__ = ["Layout", "find_layout", "find_strays", "list_scans", "stem"]

ENDINGS = (".nii.gz", ".nii")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where scans and their truth lie below `root`."""

    root: Path
    images: Path
    flags: Path  # NAME.txt with 0 or 1
    masks: Path

    def mask_of(self, image: Path) -> Path | None:
        return _first(self.masks / f"{stem(image)}{ending}" for ending in ENDINGS)

    def flag_of(self, image: Path) -> Path | None:
        return _first(self.flags / name for name in (f"{image.name}.txt", f"{stem(image)}.txt"))


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
    return sorted(path for path in folder.glob("[!.]*") if path.name.endswith(ENDINGS))


def find_strays(layout: Layout, images: Sequence[Path], findings: Findings) -> None:
    """Labels of no scan, scans of one name, and files that are left out."""
    stems = Counter(stem(path) for path in images)
    for path in images:
        if stems[stem(path)] > 1 and path.name.endswith(".nii"):
            findings.error(
                Defect.SAME_NAME, path, f"There is a {path.name}.gz too.", "Remove or rename one of them."
            )
    for path in sorted({*layout.masks.glob("[!.]*"), *layout.flags.glob("[!.]*")}):
        if path.is_file() and stem(path.with_name(path.name.removesuffix(".txt"))) not in stems:
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


def stem(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".nii")


def _first(paths: Iterable[Path]) -> Path | None:
    return next((path for path in paths if path.is_file()), None)
