"""Stored predictions and labels, as files that are scored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mood_evaluator import Affine, Task, as_affine, find_affine
from mood_platform.models import CaseRun
from mood_platform.scoring.case_files import CaseFiles, ScoredCase, score_files
from mood_platform.scoring.limited_child import ChildLimits
from mood_platform.storage.keys import label_key, scan_key
from mood_platform.storage.store import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCase:
    """Where a case's prediction and truth lie; no prediction counts as all zero."""

    task: Task
    prediction_key: str | None
    label_key: str | None
    shape: tuple[int, int, int]
    affine: Affine | None = None
    image_key: str | None = None
    """Tells where its voxels lie, where the manifest does not."""


def stored_case(case_run: CaseRun, task: Task) -> StoredCase:
    """Needs the CaseRun's Case loaded."""
    case = case_run.case
    shape = (case.shape["x"], case.shape["y"], case.shape["z"])
    affine = None if case.affine is None else as_affine(case.affine)
    return StoredCase(
        task=task,
        prediction_key=case_run.prediction_key,
        label_key=known_label(case.label_sha256),
        shape=shape,
        affine=affine,
        image_key=scan_key(case.image_sha256) if affine is None and task is Task.PIXEL else None,
    )


def known_label(sha256: str | None) -> str | None:
    """The key of the label with this SHA-256; None: the case has none."""
    return None if sha256 is None else label_key(sha256)


def score_prediction(store: ObjectStore, limits: ChildLimits, case: StoredCase) -> ScoredCase:
    """As `score_files` for what is stored."""
    with (
        opened(store, case.prediction_key) as prediction,
        opened(store, case.label_key) as label,
        opened(store, case.image_key) as image,
    ):
        affine = find_affine(case.affine, image, shape=case.shape)
        files = CaseFiles(task=case.task, prediction=prediction, label=label, shape=case.shape, affine=affine)
        return score_files(files, limits)


@contextmanager
def opened(store: ObjectStore, key: str | None) -> Iterator[Path | None]:
    """The object as a local file, or None for none."""
    with ExitStack() as stack:
        yield None if key is None else stack.enter_context(store.local(key))
