"""Prepares a cohort: reads, checks, preprocesses and splits; goes on where it was stopped."""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mood_evaluator.test_set import Dataset
from mood_test_sets.build import write_part
from mood_test_sets.errors import FolderOccupied
from mood_test_sets.findings import Defect, Finding, Severity
from mood_test_sets.nifti import encode_label, encode_levels
from mood_test_sets.parallel import run_all
from mood_test_sets.preparing.cohort_folder import Cohort, CohortRole, CohortScan, save_cohort
from mood_test_sets.preparing.preprocess import Preprocessing, deface, preprocess
from mood_test_sets.preparing.readers import Consensus, Reading, find_consensus, write_consensus
from mood_test_sets.preparing.reading import read_mask, read_source
from mood_test_sets.preparing.sources import Source
from mood_test_sets.preparing.splits import split
from mood_test_sets.scan_file import UnusableFile
from mood_test_sets.streams import Streams

__all__ = ["Prepared", "Wishes", "prepare"]

RECORDS, MARK = "records", "mark.json"


@dataclass(frozen=True, slots=True)
class Wishes:
    preprocessing: Preprocessing
    shares: tuple[float, float] = (0.2, 0.2)  # of the healthy subjects: normal test, bases of anomalies
    faces_removed: bool = False  # somebody vouches for it


@dataclass(frozen=True, slots=True)
class Prepared:
    findings: tuple[Finding, ...]
    scans: int
    consensus: Consensus
    cohort: Cohort | None  # None if nothing is left


@dataclass(frozen=True, slots=True)
class _Order:
    source: Source
    case_id: str
    folder: Path
    wishes: Wishes


@dataclass(slots=True)
class _Record:
    """What one process tells of one scan."""

    name: str
    subject: str
    id: str = ""
    image: str = ""
    sha256_image: str = ""
    label: str | None = None
    sha256_label: str | None = None
    extent: tuple[float, ...] = ()
    defect: str | None = None
    what: str = ""
    remedy: str = ""
    texts: list[str] = field(default_factory=list)


def prepare(
    sources: Sequence[Source],
    out: Path,
    *,
    wishes: Wishes,
    streams: Streams,
    tables: Sequence[dict[str, Reading]] = (),
    settled: dict[str, Reading] | None = None,
    jobs: int = 1,
    on_scan: Callable[[int, int], None] = lambda _done, _total: None,
) -> Prepared:
    """Write `out` with cohort.json, images/, labels/ and key.csv (owner only: which file became which id).

    A scan that cannot be used is left out and named in the findings; the others go in.
    """
    if out.exists():
        raise FolderOccupied(f"{out} exists already. Remove it or choose another folder.")
    partial = out.with_name(f".{out.name}.partial")
    _open(partial, _mark(wishes, streams))
    consensus = find_consensus(tables, settled or {})
    orders = [_Order(one, streams.case_id("cohort", one.name), partial, wishes) for one in sources]
    records = []
    for record in run_all(_prepare_one, orders, jobs=jobs):
        records.append(record)
        on_scan(len(records), len(orders))
    records.sort(key=lambda one: one.name)
    findings, usable = _sort_out(records, consensus)
    if tables and consensus.unsettled:
        write_consensus(out.with_name(f"{out.name}.consensus.csv"), tables, consensus.unsettled)
    if not usable:
        return Prepared(tuple(findings), len(records), consensus, None)
    cohort = _finish(partial, out, usable, consensus, wishes, streams)
    return Prepared(tuple(findings), len(records), consensus, cohort)


def _mark(wishes: Wishes, streams: Streams) -> str:
    key = hashlib.sha256(streams.key).hexdigest()
    return json.dumps([asdict(wishes.preprocessing), wishes.faces_removed, key], sort_keys=True, default=str)


def _open(partial: Path, mark: str) -> None:
    """What an interrupted run with the same options left is kept."""
    file = partial / MARK
    if file.is_file() and file.read_text(encoding="utf-8") == mark:
        return
    shutil.rmtree(partial, ignore_errors=True)
    for kind in ("images", "labels", RECORDS):
        (partial / kind).mkdir(parents=True)
    file.write_text(mark, encoding="utf-8")


def _prepare_one(order: _Order) -> _Record:
    file = order.folder / RECORDS / f"{order.case_id}.json"
    if file.is_file():
        return _Record(**json.loads(file.read_text(encoding="utf-8")))
    record = _Record(order.source.name, order.source.subject, order.case_id)
    try:
        _write(order, record)
    except UnusableFile as problem:
        record.defect, record.what, record.remedy = str(problem.defect), problem.what, problem.remedy
        return record  # tried again at the next run
    file.with_suffix(".new").write_text(json.dumps(asdict(record)), encoding="utf-8")
    file.with_suffix(".new").rename(file)
    return record


def _write(order: _Order, record: _Record) -> None:
    source, options = order.source, order.wishes.preprocessing
    raw = read_source(source)
    if options.dataset is Dataset.BRAIN and not order.wishes.faces_removed:
        if source.brain is not None:
            raw = deface(raw, read_mask(source.brain, raw, of_brain=True))
        else:
            remedy = "Add NAME_brain.nii.gz, or say --faces-removed if that is so."
            raise UnusableFile(Defect.FACE, "It may show a face.", remedy)
    mask = read_mask(source.mask, raw) if source.mask is not None else None
    done = preprocess(raw, mask, options)
    if not done.levels.any():
        raise UnusableFile(Defect.CONSTANT, "No body was found in it.", "Check modality and units.")
    content = encode_levels(done.levels, extent=done.extent)
    record.image, record.sha256_image = write_part(order.folder, "images", order.case_id, content)
    if done.mask is not None and done.mask.any():
        content = encode_label(done.mask, extent=done.extent)
        record.label, record.sha256_label = write_part(order.folder, "labels", order.case_id, content)
    record.extent = done.extent


def _sort_out(records: Sequence[_Record], consensus: Consensus) -> tuple[list[Finding], list[_Record]]:
    findings, usable = [], []
    seen: dict[str, str] = {}
    for one in records:
        if one.defect is not None:
            findings.append(Finding(Severity.ERROR, Defect(one.defect), one.name, one.what, one.remedy))
        elif one.sha256_image in seen:
            what = f"Its voxels are those of {seen[one.sha256_image]}."
            findings.append(Finding(Severity.ERROR, Defect.DUPLICATE, one.name, what, "Keep one of them."))
        elif one.name in consensus.unsettled:
            what, remedy = "The readers disagree.", "Settle it in the consensus table."
            findings.append(Finding(Severity.WARNING, Defect.UNSETTLED, one.name, what, remedy))
        else:
            seen[one.sha256_image] = one.name
            usable.append(one)
    return findings, usable


def _finish(
    partial: Path,
    out: Path,
    usable: Sequence[_Record],
    consensus: Consensus,
    wishes: Wishes,
    streams: Streams,
) -> Cohort:
    natural = {one.name: _reading(one, consensus) for one in usable}
    abnormal: dict[str, bool] = {}
    for one in usable:
        abnormal[one.subject] = abnormal.get(one.subject, False) or natural[one.name].finding
    roles = split([one.subject for one in usable], abnormal, wishes.shares, streams)
    scans = []
    for one in usable:
        role = CohortRole.NATURAL if natural[one.name].finding else roles[one.subject]
        if role is not None:
            scans.append(_describe(one, role, natural[one.name], streams))
    scans.sort(key=lambda scan: scan.id)
    kept = {part for scan in scans for part in (scan.image, scan.label)}
    for path in [*(partial / "images").iterdir(), *(partial / "labels").iterdir()]:
        if f"{path.parent.name}/{path.name}" not in kept:
            path.unlink()
    cohort = Cohort(
        partial, wishes.preprocessing.dataset, wishes.preprocessing.side, len(abnormal), tuple(scans)
    )
    save_cohort(cohort)
    _write_key(partial / "key.csv", usable)
    shutil.rmtree(partial / RECORDS)
    (partial / MARK).unlink()
    partial.rename(out)
    return Cohort(out, cohort.dataset, cohort.side, cohort.subjects, cohort.scans)


def _reading(one: _Record, consensus: Consensus) -> Reading:
    """A marked scan is abnormal whether or not a reader said so."""
    found = consensus.settled.get(one.name, Reading(finding=False))
    if one.label is not None:
        return Reading(
            True, "local", found.category or "pathology", found.subcategory, found.grade, found.note
        )
    return (
        found
        if not found.finding
        else Reading(
            True, "global", found.category or "condition", found.subcategory, found.grade, found.note
        )
    )


def _describe(one: _Record, role: CohortRole, reading: Reading, streams: Streams) -> CohortScan:
    natural = role is CohortRole.NATURAL
    x, y, z = one.extent
    note = " ".join(filter(None, (reading.grade, reading.note)))
    return CohortScan(
        id=one.id,
        role=role,
        subject=streams.case_id("subject", one.subject)[:12],
        image=one.image,
        sha256_image=one.sha256_image,
        extent=(x, y, z),
        label=one.label if natural else None,
        sha256_label=one.sha256_label if natural else None,
        scope=reading.scope if natural else None,
        category=reading.category if natural else None,
        subcategory=reading.subcategory if natural else None,
        note=(note or None) if natural else None,
    )


def _write_key(file: Path, usable: Sequence[_Record]) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["scan", "subject", "id"])
        writer.writerows((one.name, one.subject, one.id) for one in usable)
