"""Prepares a cohort: reads, checks, preprocesses and splits; goes on where it was stopped."""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mood_test_sets.archives.source import Source
from mood_test_sets.cohort_folder import Cohort, CohortRole, CohortScan, save_cohort
from mood_test_sets.errors import FolderOccupied, ImportRefused, PreparingStopped
from mood_test_sets.findings import Defect, Finding, Severity
from mood_test_sets.parallel import run_all
from mood_test_sets.preparing.health import check_health
from mood_test_sets.preparing.masks import settle
from mood_test_sets.preparing.one_scan import RECORDS, Order, Record, prepare_one
from mood_test_sets.preparing.preprocess import Preprocessing
from mood_test_sets.preparing.readers import Consensus, Reading, find_consensus, write_consensus
from mood_test_sets.preparing.sorting import Sorting, tell
from mood_test_sets.preparing.splits import split
from mood_test_sets.streams import Streams

__all__ = ["Prepared", "Wishes", "prepare"]

MARK, RECORD_VERSION = "mark.json", 3


@dataclass(frozen=True, slots=True)
class Wishes:
    preprocessing: Preprocessing
    shares: tuple[float, float] = (0.2, 0.2)  # of the healthy subjects: normal test, bases of anomalies
    faces_removed: bool = False  # somebody vouches for it
    all_healthy: bool = False  # somebody vouches for all of whom nothing is said
    lesions: frozenset[int] | None = None  # what masks mark as abnormal, where nothing else tells

    def __post_init__(self) -> None:
        if sum(self.shares) > 1:
            normal, base = self.shares
            what = f"--normal-share {normal:g} and --base-share {base:g} are more than everybody."
            raise ImportRefused(f"{what} Say shares of at most 1 together.")


@dataclass(frozen=True, slots=True)
class Prepared:
    findings: tuple[Finding, ...]
    scans: int
    consensus: Consensus
    cohort: Cohort | None  # None if nothing is left


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
    settled = settled or {}
    consensus = find_consensus(tables, settled)
    sources = settle(sources, wishes.lesions)
    check_health(sources, (*tables, settled), all_healthy=wishes.all_healthy)
    partial = out.with_name(f".{out.name}.partial")
    _open(partial, _mark(wishes, streams))
    orders = [
        Order(one, streams.case_id("cohort", one.name), partial, wishes.preprocessing, wishes.faces_removed)
        for one in sources
    ]
    records: list[Record] = []
    known = {one.name: one for one in sources}
    try:
        for record in run_all(prepare_one, orders, jobs=jobs):
            records.append(record)
            on_scan(len(records), len(orders))
        records.sort(key=lambda one: one.name)
        findings, usable = Sorting(partial, known, consensus, _read_scans((*tables, settled))).sort_out(
            records
        )
        if tables and consensus.unsettled:
            write_consensus(out.with_name(f"{out.name}.consensus.csv"), tables, consensus.unsettled)
        count = sum(one.refusal is None for one in sources)
        if not usable:
            return Prepared(tuple(findings), count, consensus, None)
        cohort, left = _finish(partial, out, usable, records, consensus, wishes, streams)
    except Exception as reason:
        told = [finding for one in records for finding in tell(one, known[one.name])]
        raise PreparingStopped(reason, told, done=len(records), total=len(orders), kept=partial) from reason
    return Prepared((*findings, *left), count, consensus, cohort)


def _read_scans(tables: Sequence[Mapping[str, Reading]]) -> set[str]:
    """The scans of which a table says what they show."""
    return {scan for table in tables for scan, said in table.items() if said.finding is not None}


def _mark(wishes: Wishes, streams: Streams) -> str:
    key = hashlib.sha256(streams.key).hexdigest()
    wished = [RECORD_VERSION, asdict(wishes.preprocessing), wishes.faces_removed, key]
    return json.dumps(wished, sort_keys=True, default=str)


def _open(partial: Path, mark: str) -> None:
    """What an interrupted run with the same options left is kept."""
    file = partial / MARK
    if file.is_file() and file.read_text(encoding="utf-8") == mark:
        return
    shutil.rmtree(partial, ignore_errors=True)
    for kind in ("images", "labels", RECORDS):
        (partial / kind).mkdir(parents=True)
    file.write_text(mark, encoding="utf-8")


def _finish(
    partial: Path,
    out: Path,
    usable: Sequence[Record],
    records: Sequence[Record],
    consensus: Consensus,
    wishes: Wishes,
    streams: Streams,
) -> tuple[Cohort, list[Finding]]:
    """The cohort, and who was left out because of another scan of the same person."""
    natural = {one.name: _reading(one, consensus) for one in usable}
    abnormal = {one.subject: False for one in usable}
    ill = [one.subject for one in records if one.marked or one.name in consensus.unsettled]
    ill += [one.subject for one in records if (said := consensus.settled.get(one.name)) and said.finding]
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


def _reading(one: Record, consensus: Consensus) -> Reading:
    """A marked scan is abnormal whether or not a reader said so."""
    found = consensus.settled.get(one.name, Reading(finding=False))
    if one.label is not None:
        return replace(found, finding=True, scope="local", category=found.category or "pathology")
    if found.finding:
        return replace(found, scope="global", category=found.category or "condition")
    return found


def _describe(one: Record, role: CohortRole, reading: Reading, streams: Streams) -> CohortScan:
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


def _write_key(file: Path, usable: Sequence[Record]) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["scan", "subject", "id"])
        writer.writerows((one.name, one.subject, one.id) for one in usable)
