"""Checks a test set's folder against its manifest and reports every problem at once."""

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import nibabel as nib
import numpy as np

from mood_evaluator.errors import EvaluatorError
from mood_evaluator.neutral import find_marks, stored_as
from mood_evaluator.nifti_header import NoNifti
from mood_evaluator.test_set import MANIFEST, Manifest, ManifestCase, load_test_set
from mood_test_sets.nifti import read_image

__all__ = ["find_problems"]

REBUILD = "Build the test set again or restore the file."


def find_problems(folder: Path) -> list[str]:
    """One sentence a problem; empty if the folder is what its manifest says."""
    try:
        test_set = load_test_set(folder)
    except EvaluatorError as reason:
        return [str(reason)]
    problems = [problem for case in test_set.cases for problem in _check_case(folder, case)]
    return [
        *problems,
        *_check_batches(test_set),
        *_check_strays(folder, test_set),
        *_check_types(folder, test_set),
    ]


def _check_case(folder: Path, case: ManifestCase) -> Iterator[str]:
    image = folder / case.image
    problems = list(_check_file(image, case.sha256_image, case.shape))
    yield from problems or (f"{image}: {told}: that could mark it. {REBUILD}" for told in find_marks(image))
    if case.label is None:
        return
    label = folder / case.label
    problems = list(_check_file(label, case.sha256_label or "", case.shape))
    yield from problems
    if not problems:
        values = np.unique(np.asarray(read_image(label).dataobj))
        if not set(values.tolist()) <= {0, 1} or 1 not in values:
            yield f"{label}: a label holds 0 and 1 and at least one 1, not {values[:5].tolist()}. {REBUILD}"


def _check_file(path: Path, sha256: str, shape: tuple[int, int, int]) -> Iterator[str]:
    if not path.is_file():
        yield f"{path} is missing. {REBUILD}"
        return
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        yield f"{path}: the SHA-256 differs from the manifest. {REBUILD}"
    try:
        found = read_image(path).shape
    except (OSError, EOFError, ValueError, zlib.error, nib.filebasedimages.ImageFileError) as reason:
        yield f"{path} cannot be read as NIfTI ({reason}). {REBUILD}"
        return
    if found != shape:
        yield f"{path}: shape {found} differs from {shape} in the manifest. {REBUILD}"


def _check_batches(test_set: Manifest) -> Iterator[str]:
    positive = {case.id for case in test_set.cases if case.label is not None}
    for number, batching in enumerate(test_set.batchings, start=1):
        for batch in batching.batches:
            if positive.isdisjoint(batch):
                yield f"{test_set.name}: a batch of batching {number} has no abnormal voxel. {REBUILD}"


def _check_strays(folder: Path, test_set: Manifest) -> Iterator[str]:
    known = {MANIFEST} | {part for case in test_set.cases for part in (case.image, case.label) if part}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and str(path.relative_to(folder)) not in known:
            yield f"{path} is not in the manifest. Remove it."


def _check_types(folder: Path, test_set: Manifest) -> Iterator[str]:
    """Another data type or slope would tell a case from the others."""
    kinds = set()
    for case in test_set.cases:
        with suppress(FileNotFoundError, NoNifti):
            kinds.add(stored_as(folder / case.image))
    if len(kinds) > 1:
        yield f"{folder}: the images have {len(kinds)} different data types or slopes. {REBUILD}"
