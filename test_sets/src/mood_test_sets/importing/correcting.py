"""A new version of a test set in which labels are corrected or cases dropped; scans and ids stay."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mood_evaluator.batches import Batching, draw_batching
from mood_evaluator.test_set import Manifest, ManifestCase, Task, load_test_set, save_test_set
from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Finding, Findings
from mood_test_sets.folders import new_folder, write_part
from mood_test_sets.importing.truths import Truth, read_truth
from mood_test_sets.manifest_check import find_problems
from mood_test_sets.nifti import encode_label
from mood_test_sets.reading.scan_file import read_scan_file

__all__ = ["Corrected", "correct_set"]


@dataclass(frozen=True, slots=True)
class Corrected:
    """`test_set` is None when there are errors: then nothing was written."""

    findings: tuple[Finding, ...]
    changed: tuple[str, ...]
    dropped: tuple[str, ...]
    test_set: Manifest | None


def correct_set(
    folder: Path, out: Path, *, labels: Path | None = None, drop: Sequence[str] = ()
) -> Corrected:
    """`labels` has ID.nii.gz for a new mask, ID.txt with 0 (normal) or 1 (global without a mask)."""
    test_set = load_test_set(folder)
    if problems := find_problems(folder):
        raise ImportRefused(f"{folder} is damaged: {problems[0]}")
    by_id = {case.id: case for case in test_set.cases}
    given = _given_labels(labels) if labels is not None else {}
    _check_known(by_id, [*given, *drop], test_set.name)
    findings = Findings(labels or folder)
    with new_folder(out) as (partial, finish):
        truths = {one: _read_truth(folder, by_id[one], given[one], findings) for one in sorted(given)}
        if not findings.sound:
            return Corrected(tuple(findings.found), (), (), None)
        kept = [case for case in test_set.cases if case.id not in drop]
        cases = tuple(_write(folder, partial, case, truths.get(case.id)) for case in kept)
        changed = tuple(case.id for case in cases if case != by_id[case.id])
        if not changed and not drop:
            raise ImportRefused(f"{labels} changes nothing in {folder}. Put the corrected labels there.")
        corrected = replace(test_set, cases=cases, batchings=_batchings(test_set.batchings, cases))
        save_test_set(corrected, partial)
        finish()
    return Corrected(tuple(findings.found), changed, tuple(drop), corrected)


def _given_labels(folder: Path) -> dict[str, list[Path]]:
    given: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*")):
        given.setdefault(path.name.split(".")[0], []).append(path)
    if not given:
        raise ImportRefused(
            f"{folder} holds no label. Name corrected masks ID.nii.gz, or write ID.txt with 0 or 1."
        )
    return given


def _check_known(by_id: Mapping[str, ManifestCase], named: Iterable[str], name: str) -> None:
    for one in named:
        if one not in by_id:
            raise ImportRefused(f"{name} has no case {one!r}. `mood-test-sets show` lists the ids.")


def _read_truth(folder: Path, case: ManifestCase, files: Sequence[Path], findings: Findings) -> Truth | None:
    masks = [path for path in files if path.name.endswith((".nii", ".nii.gz"))]
    flags = [path for path in files if path.suffix == ".txt"]
    image = folder / case.image
    return read_truth(
        read_scan_file(image),
        findings,
        image=image,
        mask=masks[0] if masks else None,
        flag=flags[0] if flags else None,
    )


def _write(folder: Path, partial: Path, case: ManifestCase, truth: Truth | None) -> ManifestCase:
    """The scan as it is, to the byte; the label as it is, or as corrected."""
    shutil.copyfile(folder / case.image, partial / case.image)
    if truth is None:
        if case.label is not None:
            shutil.copyfile(folder / case.label, partial / case.label)
        return case
    if not truth.abnormal:
        normal = replace(case, label=None, sha256_label=None, abnormal=False, scope=None, origin="none")
        return replace(
            normal, tasks=(Task.SAMPLE, Task.PIXEL), category=None, subcategory=None, difficulty=None,
            difficulty_source=None, annotation=None,
        )  # fmt: skip
    origin = case.origin if case.abnormal else "natural"
    abnormal = replace(case, abnormal=True, origin=origin)
    if truth.mask is None:
        return replace(abnormal, label=None, sha256_label=None, scope="global", tasks=(Task.SAMPLE,))
    content = encode_label(truth.mask, extent=read_scan_file(folder / case.image).extent)
    label, sha256 = write_part(partial, "labels", case.id, content)
    both = (Task.SAMPLE, Task.PIXEL)
    return replace(abnormal, label=label, sha256_label=sha256, scope="local", tasks=both)


def _batchings(before: Iterable[Batching], cases: Iterable[ManifestCase]) -> tuple[Batching, ...]:
    """As they were, while they fit; else drawn anew from the same seed."""
    has_positive = {case.id: case.label is not None for case in cases if Task.PIXEL in case.tasks}
    return tuple(
        batching
        if _fits(batching, has_positive)
        else draw_batching(has_positive, size=batching.size, seed=batching.seed)
        for batching in before
    )


def _fits(batching: Batching, has_positive: Mapping[str, bool]) -> bool:
    same = sorted(batching.case_ids) == sorted(has_positive)
    return same and all(any(has_positive[case_id] for case_id in batch) for batch in batching.batches)
