"""Turns a folder of NIfTI files with labels into a test set, or says all that is wrong with it."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mood_evaluator.errors import BatchingImpossible
from mood_evaluator.placement import find_affine
from mood_evaluator.test_set import Case, Dataset, Task, TestSet, save_test_set
from mood_test_sets.batchings import draw_batchings
from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect, Finding
from mood_test_sets.folders import new_folder, write_part
from mood_test_sets.importing.inspector import Inspector, Truth
from mood_test_sets.nifti import encode_label, encode_values
from mood_test_sets.reading.scan_file import ScanFile
from mood_test_sets.streams import Streams

__all__ = ["Description", "Imported", "Layout", "find_layout", "import_set"]

ENDINGS = (".nii.gz", ".nii")
RANDOM_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Description:
    """What the files themselves do not say."""

    name: str
    dataset: Dataset
    purpose: str
    origin: str  # natural or artificial anomalies
    batch_size: int
    public: bool  # the labels are known to participants


@dataclass(frozen=True, slots=True)
class Layout:
    """Where scans and their truth lie below `root`."""

    root: Path
    images: Path
    flags: Path  # NAME.txt with 0 or 1
    masks: Path


@dataclass(frozen=True, slots=True)
class Imported:
    """`test_set` is None when there are errors: then nothing was written."""

    findings: tuple[Finding, ...]
    scans: int
    test_set: TestSet | None


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


def import_set(
    layout: Layout,
    out: Path,
    *,
    description: Description,
    streams: Streams,
    on_scan: Callable[[int, int], None] = lambda _done, _total: None,
) -> Imported:
    """Every file is looked at, whatever is wrong with the others; `out` appears only if nothing is."""
    images = list_scans(layout.images)
    inspector = Inspector(layout.root)
    _find_strays(layout, images, inspector)
    with new_folder(out) as (partial, finish):
        cases = []
        for done, image in enumerate(images, start=1):
            found = _inspect(image, layout, inspector)
            if found is not None and inspector.sound:
                case_id = _case_id(image, description, streams)
                cases.append(write_case(partial, case_id, *found, origin=description.origin))
            on_scan(done, len(images))
        inspector.compare_scans(layout.images)
        if inspector.sound:
            _check_counts(cases, layout, inspector)
        test_set = _describe(cases, layout, inspector, description, streams) if inspector.sound else None
        if test_set is not None:
            save_test_set(test_set, partial)
            finish()
    return Imported(tuple(inspector.findings), len(images), test_set)


def _find_strays(layout: Layout, images: list[Path], inspector: Inspector) -> None:
    """Labels of no scan, scans of one name, and files that are left out."""
    stems = Counter(_stem(path) for path in images)
    for path in images:
        if stems[_stem(path)] > 1 and path.name.endswith(".nii"):
            inspector.error(
                Defect.SAME_NAME, path, f"There is a {path.name}.gz too.", "Remove or rename one of them."
            )
    for path in sorted({*layout.masks.glob("[!.]*"), *layout.flags.glob("[!.]*")}):
        if path.is_file() and _stem(path.with_name(path.name.removesuffix(".txt"))) not in stems:
            inspector.error(
                Defect.NO_IMAGE, path, "No scan has its name.", "Add the scan, or remove the label."
            )
    for path in sorted(layout.images.glob("*")):
        if path not in images and not path.name.startswith("."):
            inspector.warn(
                Defect.STRAY,
                path,
                "It is no .nii or .nii.gz file and is left out.",
                "Convert it if it is a scan.",
            )


def _inspect(image: Path, layout: Layout, inspector: Inspector) -> tuple[ScanFile, Truth] | None:
    stem = _stem(image)
    mask = _first(layout.masks / f"{stem}{ending}" for ending in ENDINGS)
    flag = _first(layout.flags / name for name in (f"{image.name}.txt", f"{stem}.txt"))
    scan = inspector.inspect_image(image)
    truth = inspector.inspect_truth(scan, image=image, mask=mask, flag=flag)
    return None if scan is None or truth is None else (scan, truth)


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".nii")


def _first(paths: Iterable[Path]) -> Path | None:
    return next((path for path in paths if path.is_file()), None)


def _case_id(image: Path, description: Description, streams: Streams) -> str:
    """A name that is a random id already, such as that of an exported case, is kept."""
    stem = _stem(image)
    return stem if RANDOM_ID.fullmatch(stem) else streams.case_id(description.name, image.name)


def write_case(folder: Path, case_id: str, scan: ScanFile, truth: Truth, *, origin: str) -> Case:
    content = encode_values(scan.values.astype(np.float32), extent=scan.extent)
    image, sha256_image = write_part(folder, "images", case_id, content)
    label, sha256_label, scope = None, None, "global" if truth.abnormal else None
    if truth.mask is not None:
        content = encode_label(truth.mask, extent=scan.extent)
        label, sha256_label = write_part(folder, "labels", case_id, content)
        scope = "local"
    x, y, z = scan.values.shape
    return Case(
        id=case_id,
        image=image,
        label=label,
        shape=(x, y, z),
        abnormal=truth.abnormal,
        tasks=(Task.SAMPLE,) if scope == "global" else (Task.SAMPLE, Task.PIXEL),
        scope=scope,
        origin=origin if truth.abnormal else "none",
        sha256_image=sha256_image,
        sha256_label=sha256_label,
        affine=find_affine(None, folder / image, shape=(x, y, z)),
    )


def _check_counts(cases: list[Case], layout: Layout, inspector: Inspector) -> None:
    if not any(case.abnormal for case in cases):
        inspector.error(
            Defect.NO_ABNORMAL, layout.root, "No case is abnormal, so nothing can be scored.", "Add some."
        )
    if all(case.abnormal for case in cases):
        inspector.warn(
            Defect.NO_NORMAL,
            layout.root,
            "Every case is abnormal, so every score of the sample task would be 1.",
            "Add normal scans, with a 0 in NAME.txt or an empty mask.",
        )


def _describe(
    cases: list[Case], layout: Layout, inspector: Inspector, description: Description, streams: Streams
) -> TestSet | None:
    cases.sort(key=lambda case: case.id)
    try:
        batchings = draw_batchings(cases, name=description.name, size=description.batch_size, streams=streams)
    except BatchingImpossible as reason:
        inspector.error(Defect.BATCHES, layout.root, str(reason), "Or choose another --batch-size.")
        return None
    return TestSet(
        name=description.name,
        dataset=description.dataset,
        purpose=description.purpose,
        recipe="import",
        generator_version="import 1",
        source_subjects=len(cases),
        cases=tuple(cases),
        batchings=batchings,
        secret_sha256=None if description.public else streams.secret_sha256,
        not_hidden=description.public,
    )
