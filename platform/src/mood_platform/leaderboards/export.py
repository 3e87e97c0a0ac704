"""Writes everything about a challenge as CSV and JSON, for organizers: hidden scores included."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from mood_platform.accounts.audit import PLATFORM, audit, subject_of
from mood_platform.clock import rfc3339
from mood_platform.db.transaction import Transaction
from mood_platform.leaderboards.counting import counting_runs
from mood_platform.leaderboards.scored_runs import write_scored_runs
from mood_platform.leaderboards.selection import Standing
from mood_platform.models import Base, CaseRun, Challenge, Leaderboard, Run, RunScoring, Submission
from mood_platform.storage.keys import exported_results
from mood_platform.storage.store import ObjectStore

Row = Mapping[str, Any]
LARGEST_RESULTS = 64 * 2**20


def export(
    tx: Transaction,
    *,
    challenge: Challenge,
    folder: Path,
    store: ObjectStore,
    scored_runs: bool = False,
    actor: str = PLATFORM,
) -> list[Path]:
    """Tables of submissions, runs and case runs as CSV and JSON; results and leaderboards as JSON.

    `scored_runs`: also the files that `mood-evaluate` reads, in the folder `scored-runs`. Of Runs, `counts`
    says whether it stands for its Team in its stage, and `standing` how.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counting = counting_runs(tx, challenge=challenge)
    standings = {one.run.id: one.standing for one in counting}
    submissions = _submissions(tx, challenge)
    runs = tx.session.scalars(
        select(Run).where(Run.submission_id.in_([row.id for row in submissions])).order_by(Run.created_at)
    ).all()
    written = [
        *_write_table(folder / "submissions", [_submission(row) for row in submissions]),
        *_write_table(folder / "runs", [_run(row, standings) for row in runs]),
        *_write_table(folder / "case_runs", [*_case_runs(tx, runs)]),
        *_write_results(folder / "results", tx, runs, store),
        *_write_leaderboards(folder / "leaderboards", tx, challenge),
    ]
    if scored_runs:
        place = folder / "scored-runs"
        written += write_scored_runs(tx, challenge=challenge, counting=counting, folder=place, store=store)
    audit(tx, actor=actor, action="challenge.export", subject=subject_of("challenge", challenge))
    return written


def _submissions(tx: Transaction, challenge: Challenge) -> Sequence[Submission]:
    query = (
        select(Submission).where(Submission.challenge_id == challenge.id).order_by(Submission.submitted_at)
    )
    return tx.session.scalars(
        query.options(selectinload(Submission.team), selectinload(Submission.image))
    ).all()


def _submission(row: Submission) -> Row:
    """Without `state_since`: the audit trail says who changed its state, when and why."""
    columns = {name: value for name, value in _columns(row).items() if name != "state_since"}
    return {"team": row.team.handle, "reference": row.team.reference, "image": row.image.digest} | columns


def _run(row: Run, standings: Mapping[UUID, Standing]) -> Row:
    standing = standings.get(row.id)
    return {"counts": standing is not None, "standing": standing} | dict(_columns(row))


def _case_runs(tx: Transaction, runs: Sequence[Run]) -> Iterator[Row]:
    """Each with its Case's id in the manifest, which is what results and labels are filed under."""
    query = (
        select(CaseRun)
        .where(CaseRun.run_id.in_([run.id for run in runs]))
        .order_by(CaseRun.run_id, CaseRun.toy.desc(), CaseRun.position)
        .options(selectinload(CaseRun.case))
    )
    for row in tx.session.scalars(query):
        yield {"case": row.case.case_id, "abnormal": row.case.abnormal} | dict(_columns(row))


def _columns(row: Base) -> Row:
    return {column.key: _plain(getattr(row, column.key)) for column in row.__table__.columns}


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    return value if isinstance(value, int | float | dict | list | None) else str(value)


def _write_table(stem: Path, rows: Sequence[Row]) -> list[Path]:
    return [_write_csv(stem.with_suffix(".csv"), rows), _write_json(stem.with_suffix(".json"), rows)]


def _write_csv(path: Path, rows: Sequence[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return path


def _cell(value: object) -> Any:
    """JSON inside a cell; a text that a spreadsheet would run as a formula is quoted."""
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    return f"'{value}" if isinstance(value, str) and value[:1] in set("=+-@\t\r") else value


def _write_results(folder: Path, tx: Transaction, runs: Sequence[Run], store: ObjectStore) -> Iterator[Path]:
    """The first results of each Run, and those of each Rescoring, which carry its number."""
    folder.mkdir(exist_ok=True)
    keys = [run.results_key for run in runs]
    again = select(RunScoring.results_key).where(RunScoring.run_id.in_([run.id for run in runs]))
    for key in (*keys, *tx.session.scalars(again.order_by(RunScoring.results_key))):
        if key is not None:
            path = folder / exported_results(key)
            path.write_bytes(store.read(key, limit=LARGEST_RESULTS))
            yield path


def _write_leaderboards(folder: Path, tx: Transaction, challenge: Challenge) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    query = select(Leaderboard).where(Leaderboard.challenge_id == challenge.id)
    for row in tx.session.scalars(query.order_by(Leaderboard.task, Leaderboard.version)):
        yield _write_json(folder / f"{row.task}-{row.version}.json", row.document)


def _write_json(path: Path, document: Sequence[Row] | Row) -> Path:
    path.write_text(
        json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return path
