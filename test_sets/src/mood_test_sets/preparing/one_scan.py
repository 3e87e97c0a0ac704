"""Prepares one scan in a process of its own, and writes down what became of it."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from mood_evaluator.test_set import Dataset
from mood_test_sets.archives.source import Source
from mood_test_sets.findings import Defect, Note
from mood_test_sets.folders import write_part
from mood_test_sets.nifti import encode_label, encode_levels
from mood_test_sets.preparing.preprocess import Preprocessing, check_units, deface, preprocess
from mood_test_sets.preparing.raw import Raw, read_brain, read_mask, read_source
from mood_test_sets.reading.lookalikes import sketch
from mood_test_sets.reading.plausible import looks_like_mask
from mood_test_sets.reading.scan_file import UnusableFile
from mood_test_sets.volume import Mask

__all__ = ["RECORDS", "Order", "Record", "prepare_one"]

RECORDS = "records"


@dataclass(frozen=True, slots=True)
class Order:
    source: Source
    case_id: str
    folder: Path
    options: Preprocessing
    faces_removed: bool


@dataclass(slots=True)
class Record:
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
    points: list[float] = field(default_factory=list)  # a sketch, for finding the same person twice
    defect: str | None = None
    what: str = ""
    remedy: str = ""
    error: bool = True
    marked: bool = False  # its mask shows something, or might: its person is not healthy
    notes: list[tuple[str, str, str]] = field(default_factory=list)


def prepare_one(order: Order) -> Record:
    source, file = order.source, order.folder / RECORDS / f"{order.case_id}.json"
    if source.refusal is not None:
        return _refused(Record(source.name, source.subject, order.case_id), source.refusal)
    origin = _made_from(source)
    if (kept := _kept(order.folder, file, origin)) is not None:
        return kept
    record = Record(source.name, source.subject, order.case_id, origin)
    try:
        _write(order, record)
    except UnusableFile as problem:
        return _refused(record, problem)  # tried again at the next run
    except (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, MemoryError) as reason:
        what = f"It broke the program that reads it ({type(reason).__name__}: {reason})."
        return _refused(record, Note(Defect.UNREADABLE, what, "Convert it again, and report it."))
    file.with_suffix(".new").write_text(json.dumps(asdict(record)), encoding="utf-8")
    file.with_suffix(".new").rename(file)
    return record


def _refused(record: Record, why: Note | UnusableFile) -> Record:
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


def _kept(folder: Path, file: Path, origin: str) -> Record | None:
    if not file.is_file():
        return None
    record = Record(**json.loads(file.read_text(encoding="utf-8")))
    whole = all((folder / part).is_file() for part in (record.image, record.label) if part)
    return record if record.made_from == origin and whole else None


def _write(order: Order, record: Record) -> None:
    source, options = order.source, order.options
    record.marked = any(mask.tells for mask in source.masks)  # until they are read
    raw = read_source(source)
    if not source.forced and (why := looks_like_mask(raw.values)) is not None:
        raise UnusableFile(why.defect, why.what, why.remedy)
    check_units(raw.values, options)
    mask, notes = _read_masks(source, raw)
    record.marked = mask is not None and bool(mask.any())
    record.notes = [(str(one.defect), one.what, one.remedy) for one in (*raw.notes, *notes)]
    if options.dataset is Dataset.BRAIN and not order.faces_removed:
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
    record.points = [
        round(float(one), 5) for one in sketch("", done.levels.astype(np.float64)).points.ravel()
    ]
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
