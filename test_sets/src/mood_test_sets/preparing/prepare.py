"""Prepares a cohort: reads, checks, preprocesses and splits; goes on where it was stopped."""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from mood_evaluator.test_set import Dataset
from mood_test_sets.build import write_part
from mood_test_sets.errors import FolderOccupied, PreparingStopped
from mood_test_sets.findings import Defect, Finding, Severity
from mood_test_sets.nifti import encode_label, encode_levels
from mood_test_sets.parallel import run_all
from mood_test_sets.preparing.cohort_folder import Cohort, CohortRole, CohortScan, save_cohort
from mood_test_sets.preparing.health import check_health
from mood_test_sets.preparing.masks import settle
from mood_test_sets.preparing.plausible import looks_like_mask
from mood_test_sets.preparing.preprocess import Preprocessing, deface, preprocess
from mood_test_sets.preparing.readers import Consensus, Reading, find_consensus, write_consensus
from mood_test_sets.preparing.reading import Raw, read_brain, read_mask, read_source
from mood_test_sets.preparing.source import Note, Source
from mood_test_sets.preparing.splits import split
from mood_test_sets.scan_file import UnusableFile
from mood_test_sets.streams import Streams
from mood_test_sets.volume import Mask

__all__ = ["Prepared", "Wishes", "prepare"]

RECORDS, MARK = "records", "mark.json"


@dataclass(frozen=True, slots=True)
class Wishes:
    preprocessing: Preprocessing
    shares: tuple[float, float] = (0.2, 0.2)  # of the healthy subjects: normal test, bases of anomalies
    faces_removed: bool = False  # somebody vouches for it
    all_healthy: bool = False  # somebody vouches for all of whom nothing is said
    lesions: frozenset[int] | None = (
        None  # values of masks that mark what is abnormal, where nothing else tells
    )


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
    made_from: str = ""  # names, sizes and times of its files
    image: str = ""
    sha256_image: str = ""
    label: str | None = None
    sha256_label: str | None = None
    extent: tuple[float, ...] = ()
    defect: str | None = None
    what: str = ""
    remedy: str = ""
    error: bool = True
    marked: bool = False  # its mask shows something, or might: its person is not healthy
    notes: list[tuple[str, str, str]] = field(default_factory=list)


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

    A scan that cannot be used is left out and named in the findings; the others go in. Raises ImportRefused
    where nothing says what masks mark or who is healthy, PreparingStopped with findings where it cannot end.
    """
    if out.exists():
        raise FolderOccupied(f"{out} exists already. Remove it or choose another folder.")
    consensus = find_consensus(tables, settled or {})
    sources = settle(sources, wishes.lesions)
    check_health(sources, tables, all_healthy=wishes.all_healthy)
    partial = out.with_name(f".{out.name}.partial")
    _open(partial, _mark(wishes, streams))
    orders = [_Order(one, streams.case_id("cohort", one.name), partial, wishes) for one in sources]
    read = {scan for table in tables for scan in table}
    records: list[_Record] = []
    known = {one.name: one for one in sources}
    try:
        for record in run_all(_prepare_one, orders, jobs=jobs):
            records.append(record)
            on_scan(len(records), len(orders))
        records.sort(key=lambda one: one.name)
        findings, usable = _sort_out(records, consensus, known, read)
        if tables and consensus.unsettled:
            write_consensus(out.with_name(f"{out.name}.consensus.csv"), tables, consensus.unsettled)
        count = sum(one.refusal is None for one in sources)
        if not usable:
            return Prepared(tuple(findings), count, consensus, None)
        cohort, left = _finish(partial, out, usable, records, consensus, wishes, streams)
    except Exception as reason:
        told = [finding for one in records for finding in _tell(one, known[one.name])]
        raise PreparingStopped(reason, told, done=len(records), total=len(orders), kept=partial) from reason
    return Prepared((*findings, *left), count, consensus, cohort)


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
    source, file = order.source, order.folder / RECORDS / f"{order.case_id}.json"
    if source.refusal is not None:
        return _refused(_Record(source.name, source.subject, order.case_id), source.refusal)
    origin = _made_from(source)
    if (kept := _kept(order.folder, file, origin)) is not None:
        return kept
    record = _Record(source.name, source.subject, order.case_id, origin)
    try:
        _write(order, record)
    except UnusableFile as problem:
        return _refused(record, problem)  # tried again at the next run
    except (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError) as reason:
        what = f"It broke the program that reads it ({type(reason).__name__}: {reason})."
        return _refused(record, Note(Defect.UNREADABLE, what, "Convert it again, and report it."))
    file.with_suffix(".new").write_text(json.dumps(asdict(record)), encoding="utf-8")
    file.with_suffix(".new").rename(file)
    return record


def _refused(record: _Record, why: Note | UnusableFile) -> _Record:
    record.defect, record.what, record.remedy = str(why.defect), why.what, why.remedy
    record.error = not isinstance(why, Note) or why.error
    return record


def _made_from(source: Source) -> str:
    """Changes with whatever decides what becomes of a scan."""
    masks = [(one.path, sorted(one.lesions) if one.lesions is not None else None) for one in source.masks]
    files = [*source.files, *(path for path, _ in masks), *filter(None, [source.brain])]
    stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(
        repr((stats, masks, source.subject, source.forced)).encode("utf-8", "replace")
    ).hexdigest()


def _kept(folder: Path, file: Path, origin: str) -> _Record | None:
    if not file.is_file():
        return None
    record = _Record(**json.loads(file.read_text(encoding="utf-8")))
    whole = all((folder / part).is_file() for part in (record.image, record.label) if part)
    return record if record.made_from == origin and whole else None


def _write(order: _Order, record: _Record) -> None:
    source, options = order.source, order.wishes.preprocessing
    record.marked = bool(source.masks)  # until they are read
    raw = read_source(source)
    if not source.forced and (why := looks_like_mask(raw.values)) is not None:
        raise UnusableFile(why.defect, why.what, why.remedy)
    mask, notes = _read_masks(source, raw)
    record.marked = mask is not None and bool(mask.any())
    record.notes = [(str(one.defect), one.what, one.remedy) for one in (*raw.notes, *notes)]
    if options.dataset is Dataset.BRAIN and not order.wishes.faces_removed:
        if source.brain is None:
            remedy = "Add NAME_brain.nii.gz, or say --faces-removed if that is so."
            raise UnusableFile(Defect.FACE, "It may show a face.", remedy)
        raw = deface(raw, read_brain(source.brain, raw))
    done = preprocess(raw, mask, options)
    if not done.levels.any():
        raise UnusableFile(Defect.CONSTANT, "No body was found in it.", "Check modality and units.")
    if mask is not None and record.marked and (done.mask is None or not done.mask.any()):
        lost = f"Of {int(mask.sum())} marked voxels none is left"
        what = f"{lost}: too small for {options.side}³, or outside the body."
        raise UnusableFile(Defect.LOST_MASK, what, "Take a larger --side, or correct the mask.")
    content = encode_levels(done.levels, extent=done.extent)
    record.image, record.sha256_image = write_part(order.folder, "images", order.case_id, content)
    if done.mask is not None and done.mask.any():
        content = encode_label(done.mask, extent=done.extent)
        record.label, record.sha256_label = write_part(order.folder, "labels", order.case_id, content)
    record.extent = done.extent


def _read_masks(source: Source, raw: Raw) -> tuple[Mask | None, list[Note]]:
    """All of them together."""
    read = [read_mask(one, raw) for one in source.masks]
    notes = [note for _, told in read for note in told]
    return (np.logical_or.reduce([marks for marks, _ in read]) if read else None), notes


def _tell(one: _Record, source: Source) -> list[Finding]:
    told = [(str(note.defect), note.what, note.remedy) for note in source.notes]
    notes = [
        Finding(Severity.WARNING, Defect(defect), one.name, *text) for defect, *text in (*told, *one.notes)
    ]
    if one.defect is not None:
        severity = Severity.ERROR if one.error else Severity.WARNING
        notes.append(Finding(severity, Defect(one.defect), one.name, one.what, one.remedy))
    return notes


def _sort_out(
    records: Sequence[_Record], consensus: Consensus, sources: dict[str, Source], read: set[str]
) -> tuple[list[Finding], list[_Record]]:
    findings, usable = [finding for one in records for finding in _tell(one, sources[one.name])], []
    seen: dict[str, str] = {}
    for one in records:
        doubt = sources[one.name].doubt
        if one.defect is not None:
            continue
        if one.sha256_image in seen:
            what = f"Its voxels are those of {seen[one.sha256_image]}."
            findings.append(Finding(Severity.ERROR, Defect.DUPLICATE, one.name, what, "Keep one of them."))
        elif one.name in consensus.unsettled:
            what, remedy = "The readers disagree.", "Settle it in the consensus table."
            findings.append(Finding(Severity.WARNING, Defect.UNSETTLED, one.name, what, remedy))
        elif doubt is not None and not one.marked and one.name not in read:
            findings.append(
                Finding(
                    Severity.WARNING, doubt.defect, one.name, f"{doubt.what} It is left out.", doubt.remedy
                )
            )
        else:
            seen[one.sha256_image] = one.name
            usable.append(one)
    return findings, usable


def _finish(
    partial: Path,
    out: Path,
    usable: Sequence[_Record],
    records: Sequence[_Record],
    consensus: Consensus,
    wishes: Wishes,
    streams: Streams,
) -> tuple[Cohort, list[Finding]]:
    """The cohort, and who was left out because of another scan of the same person."""
    natural = {one.name: _reading(one, consensus) for one in usable}
    abnormal = {one.subject: False for one in usable}
    ill = [one.subject for one in records if one.marked or one.name in consensus.unsettled]
    ill += [one.subject for one in usable if natural[one.name].finding]
    abnormal |= {subject: True for subject in ill if subject in abnormal}
    roles = split([one.subject for one in usable], abnormal, wishes.shares, streams)
    scans, left = [], []
    for one in usable:
        role = CohortRole.NATURAL if natural[one.name].finding else roles[one.subject]
        if role is None:
            what = "Another scan of its person shows something: it is left out."
            remedy = "Nothing, or mark what it shows itself."
            left.append(Finding(Severity.WARNING, Defect.ILL, one.name, what, remedy))
        else:
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
    partial.rename(out)
    shutil.rmtree(out / RECORDS)
    (out / MARK).unlink()
    return Cohort(out, cohort.dataset, cohort.side, cohort.subjects, cohort.scans), left


def _reading(one: _Record, consensus: Consensus) -> Reading:
    """A marked scan is abnormal whether or not a reader said so."""
    found = consensus.settled.get(one.name, Reading(finding=False))
    if one.label is not None:
        return replace(found, finding=True, scope="local", category=found.category or "pathology")
    if found.finding:
        return replace(found, scope="global", category=found.category or "condition")
    return found


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
