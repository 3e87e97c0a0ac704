"""Import and export of MOOD's own layout (toy/, toy_label/), and import of any images with labels."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from mood_evaluator.test_set import Case, Dataset, Task, TestSet, load_test_set, save_test_set
from mood_test_sets.build import draw_batchings, write_part
from mood_test_sets.errors import FolderOccupied, ImportRefused
from mood_test_sets.nifti import encode_label, encode_values
from mood_test_sets.streams import Streams

__all__ = ["Description", "export_mood", "import_folder", "import_mood"]

ENDINGS = (".nii.gz", ".nii")


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
class _Found:
    """One scan with its truth, read and found in order."""

    values: NDArray[np.float32]
    extent: tuple[float, float, float]  # mm
    abnormal: bool
    mask: NDArray[np.bool_] | None  # None where no voxel is marked


def import_mood(source: Path, out: Path, *, description: Description, streams: Streams) -> TestSet:
    """Read `toy/`, `toy_label/sample/<image>.txt` and `toy_label/pixel/<image>` below `source`."""
    if not (source / "toy").is_dir() or not (source / "toy_label").is_dir():
        raise ImportRefused(f"{source} has no folders toy and toy_label. Name the folder that holds both.")
    labels = source / "toy_label"
    return _import(
        source / "toy", labels / "sample", labels / "pixel", out, description=description, streams=streams
    )


def import_folder(
    images: Path, labels: Path, out: Path, *, description: Description, streams: Streams
) -> TestSet:
    """Read each NIfTI in `images`. Truth: `labels/<image>` (mask), `labels/<image>.txt` (0, 1) or both."""
    return _import(images, labels, labels, out, description=description, streams=streams)


def _import(
    images: Path,
    sample_labels: Path,
    pixel_labels: Path,
    out: Path,
    *,
    description: Description,
    streams: Streams,
) -> TestSet:
    if out.exists():
        raise FolderOccupied(f"{out} exists already. Remove it or choose another folder.")
    paths = sorted(path for path in images.glob("*") if path.name.endswith(ENDINGS))
    if not paths:
        raise ImportRefused(f"{images} holds no .nii.gz or .nii file. Name the folder with the images.")
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "images").mkdir(parents=True)
    (partial / "labels").mkdir()
    cases, problems = [], []
    for path in paths:
        try:
            found = _read(path, sample_labels / f"{path.name}.txt", pixel_labels / path.name)
        except ImportRefused as problem:
            problems.append(str(problem))
            continue
        cases.append(_store(partial, streams.case_id(description.name, path.name), found, description.origin))
    if problems:
        shutil.rmtree(partial)
        raise ImportRefused("\n".join(problems))
    test_set = _describe(cases, description, streams)
    save_test_set(test_set, partial)
    partial.rename(out)
    return test_set


def _describe(cases: list[Case], description: Description, streams: Streams) -> TestSet:
    cases.sort(key=lambda case: case.id)
    return TestSet(
        name=description.name,
        dataset=description.dataset,
        purpose=description.purpose,
        recipe="import",
        generator_version="import 1",
        source_subjects=len(cases),
        cases=tuple(cases),
        batchings=draw_batchings(cases, name=description.name, size=description.batch_size, streams=streams),
        secret_sha256=None if description.public else streams.secret_sha256,
        not_hidden=description.public,
    )


def _read(image: Path, sample_label: Path, pixel_label: Path) -> _Found:
    voxels, extent = _read_nifti(image)
    if not np.isfinite(voxels).all():
        raise ImportRefused(f"{image} has values that are not finite. Replace them before importing.")
    mask = _read_mask(pixel_label, voxels.shape) if pixel_label.is_file() else None
    if not sample_label.is_file() and mask is None:
        raise ImportRefused(f"{image} has no truth. Write {pixel_label} (a mask) or {sample_label} (0 or 1).")
    marked = mask is not None and bool(mask.any())
    abnormal = _read_flag(sample_label) if sample_label.is_file() else marked
    if marked and not abnormal:
        raise ImportRefused(f"{sample_label} says 0, but {pixel_label} marks voxels. Correct one of them.")
    if mask is not None and abnormal and not marked:
        raise ImportRefused(
            f"{sample_label} says 1, but {pixel_label} marks no voxel. "
            "Remove the mask if the anomaly is global."
        )
    return _Found(
        values=voxels.astype(np.float32), extent=extent, abnormal=abnormal, mask=mask if marked else None
    )


def _read_nifti(path: Path) -> tuple[NDArray[np.float64], tuple[float, float, float]]:
    """Voxels times slope plus intercept, and the extent in mm."""
    try:
        image = nib.Nifti1Image.from_filename(path)
        voxels = np.asarray(image.dataobj, dtype=np.float64)
    except (OSError, EOFError, ValueError, TypeError, nib.filebasedimages.ImageFileError) as reason:
        raise ImportRefused(f"{path} cannot be read as NIfTI ({reason}). Convert or replace it.") from None
    while voxels.ndim > 3 and voxels.shape[-1] == 1:
        voxels = voxels[..., 0]
    if voxels.ndim != 3 or 0 in voxels.shape:
        raise ImportRefused(f"{path} has the shape {voxels.shape}. One volume of three axes is expected.")
    x, y, z = (float(length) for length in np.linalg.norm(image.affine[:3, :3], axis=0) * voxels.shape)
    return voxels, (x, y, z)


def _read_mask(path: Path, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """As the evaluator reads labels: rounded half to even, clipped to 0..1, equal to 1."""
    voxels, _ = _read_nifti(path)
    if voxels.shape != shape:
        raise ImportRefused(f"{path} has the shape {voxels.shape}, its image {shape}. Resample the label.")
    return np.asarray(np.clip(np.rint(np.nan_to_num(voxels)), 0, 1) == 1)


def _read_flag(path: Path) -> bool:
    first = path.read_text(encoding="utf-8", errors="replace").strip().split("\n", 1)[0].strip()
    if first not in {"0", "1", "0.0", "1.0"}:
        raise ImportRefused(
            f"{path} says {first[:20]!r}. Write 0 (normal) or 1 (abnormal) in its first line."
        )
    return float(first) == 1


def _store(folder: Path, case_id: str, found: _Found, origin: str) -> Case:
    image, sha256_image = write_part(
        folder, "images", case_id, encode_values(found.values, extent=found.extent)
    )
    label, sha256_label, scope = None, None, "global" if found.abnormal else None
    if found.mask is not None:
        content = encode_label(found.mask, extent=found.extent)
        label, sha256_label = write_part(folder, "labels", case_id, content)
        scope = "local"
    x, y, z = found.values.shape
    return Case(
        id=case_id,
        image=image,
        label=label,
        shape=(x, y, z),
        abnormal=found.abnormal,
        tasks=(Task.SAMPLE,) if scope == "global" else (Task.SAMPLE, Task.PIXEL),
        scope=scope,
        origin=origin if found.abnormal else "none",
        sha256_image=sha256_image,
        sha256_label=sha256_label,
    )


def export_mood(folder: Path, out: Path) -> int:
    """Write a test set in MOOD's layout below `out`; returns the number of cases."""
    test_set = load_test_set(folder)
    if out.exists() and any(out.iterdir()):
        raise FolderOccupied(f"{out} is not empty. Choose another folder.")
    images, sample, pixel = out / "toy", out / "toy_label" / "sample", out / "toy_label" / "pixel"
    for directory in (images, sample, pixel):
        directory.mkdir(parents=True)
    for case in test_set.cases:
        name = Path(case.image).name
        shutil.copyfile(folder / case.image, images / name)
        (sample / f"{name}.txt").write_text(f"{int(case.abnormal)}\n", encoding="ascii")
        if Task.PIXEL in case.tasks:
            (pixel / name).write_bytes(_mood_label(folder, case))
    return len(test_set.cases)


def _mood_label(folder: Path, case: Case) -> bytes:
    """MOOD stores an empty mask with every normal case."""
    if case.label is not None:
        return (folder / case.label).read_bytes()
    _, extent = _read_nifti(folder / case.image)
    return encode_label(np.zeros(case.shape, dtype=np.bool_), extent=extent)
