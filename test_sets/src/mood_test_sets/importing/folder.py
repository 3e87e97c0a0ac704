"""Turns a folder of NIfTI files with labels into a test set, or says all that is wrong with it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mood_evaluator.errors import BatchingImpossible
from mood_evaluator.placement import find_affine
from mood_evaluator.test_set import Dataset, Manifest, ManifestCase, Task, save_test_set
from mood_test_sets.batchings import draw_batchings
from mood_test_sets.findings import Defect, Finding, Findings
from mood_test_sets.folders import new_folder, write_part
from mood_test_sets.importing.comparing import compare_scans
from mood_test_sets.importing.layout import Layout, find_strays, list_scans, stem
from mood_test_sets.importing.scans import facts_of, read_scan
from mood_test_sets.importing.truths import Truth, read_truth
from mood_test_sets.nifti import encode_label, encode_values
from mood_test_sets.reading.scan_file import ScanFile
from mood_test_sets.streams import Streams

__all__ = ["Description", "Imported", "import_set"]

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
class Imported:
    """`test_set` is None when there are errors: then nothing was written."""

    findings: tuple[Finding, ...]
    scans: int
    test_set: Manifest | None


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
    findings, facts = Findings(layout.root), []
    find_strays(layout, images, findings)
    with new_folder(out) as (partial, finish):
        cases = []
        for done, image in enumerate(images, start=1):
            scan = read_scan(image, findings)
            truth = read_truth(
                scan, findings, image=image, mask=layout.mask_of(image), flag=layout.flag_of(image)
            )
            if scan is not None:
                facts.append(facts_of(image.name, scan))
            if scan is not None and truth is not None and findings.sound:
                case_id = _case_id(image, description, streams)
                cases.append(write_case(partial, case_id, scan, truth, origin=description.origin))
            on_scan(done, len(images))
        compare_scans(facts, layout.images, findings)
        if findings.sound:
            _check_counts(cases, layout, findings)
        test_set = _describe(cases, layout, findings, description, streams) if findings.sound else None
        if test_set is not None:
            save_test_set(test_set, partial)
            finish()
    return Imported(tuple(findings.found), len(images), test_set)


def _case_id(image: Path, description: Description, streams: Streams) -> str:
    """A name that is a random id already, such as that of an exported case, is kept."""
    known = stem(image)
    return known if RANDOM_ID.fullmatch(known) else streams.case_id(description.name, image.name)


def write_case(folder: Path, case_id: str, scan: ScanFile, truth: Truth, *, origin: str) -> ManifestCase:
    content = encode_values(scan.values.astype(np.float32), extent=scan.extent)
    image, sha256_image = write_part(folder, "images", case_id, content)
    label, sha256_label, scope = None, None, "global" if truth.abnormal else None
    if truth.mask is not None:
        content = encode_label(truth.mask, extent=scan.extent)
        label, sha256_label = write_part(folder, "labels", case_id, content)
        scope = "local"
    x, y, z = scan.values.shape
    return ManifestCase(
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


def _check_counts(cases: list[ManifestCase], layout: Layout, findings: Findings) -> None:
    if not any(case.abnormal for case in cases):
        findings.error(
            Defect.NO_ABNORMAL, layout.root, "No case is abnormal, so nothing can be scored.", "Add some."
        )
    if all(case.abnormal for case in cases):
        findings.warn(
            Defect.NO_NORMAL,
            layout.root,
            "Every case is abnormal, so every score of the sample task would be 1.",
            "Add normal scans, with a 0 in NAME.txt or an empty mask.",
        )


def _describe(
    cases: list[ManifestCase], layout: Layout, findings: Findings, description: Description, streams: Streams
) -> Manifest | None:
    cases.sort(key=lambda case: case.id)
    try:
        batchings = draw_batchings(cases, name=description.name, size=description.batch_size, streams=streams)
    except BatchingImpossible as reason:
        findings.error(Defect.BATCHES, layout.root, str(reason), "Or choose another --batch-size.")
        return None
    return Manifest(
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
