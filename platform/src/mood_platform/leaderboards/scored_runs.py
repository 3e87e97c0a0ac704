"""Scored runs of a contest as files that `mood-evaluate rank`, `analyse` and `report` read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sqlalchemy import select

from mood_evaluator import Manifest, Task
from mood_evaluator.runs import Edition, Ground, ScoredRun
from mood_platform.challenges.queries import config_of
from mood_platform.clock import rfc3339
from mood_platform.db.transaction import Transaction
from mood_platform.documents.run_results import ScoredSet
from mood_platform.leaderboards.counting import CountingRun
from mood_platform.leaderboards.queries import board_of, latest_published
from mood_platform.leaderboards.selection import Standing
from mood_platform.models import Challenge, TestSet
from mood_platform.scoring.results import read_case_score, read_results
from mood_platform.storage.store import ObjectStore


def write_scored_runs(
    tx: Transaction, *, challenge: Challenge, counting: list[CountingRun], folder: Path, store: ObjectStore
) -> Iterator[Path]:
    """A file for each test set of each Run that counts; Teams without a rank are marked as such."""
    folder.mkdir(exist_ok=True)
    editions = {task: _edition(tx, challenge, task) for task in Task}
    manifest_of = cache(lambda digest: _manifest(tx, digest))  # all Runs share a few test sets
    for one in counting:
        for part in read_results(store, one.results_key).test_sets:
            path = folder / f"{one.submission.team.handle}-{one.submission.task}-{part.name}.zip"
            edition = editions[one.submission.task]
            _scored_run(one, part, manifest_of(part.digest), edition, store).save(path)
            yield path


def _scored_run(
    one: CountingRun, part: ScoredSet, whole: Manifest, edition: Edition, store: ObjectStore
) -> ScoredRun:
    task, objects = one.submission.task, part.result.object_sensitivity
    manifest = whole.without(part.dropped, task=task)
    return ScoredRun(
        team=one.submission.team.name,
        task=task,
        test_set=part.name,
        test_set_digest=part.digest,
        precision="float32",
        result=part.result.set_score,
        abnormal={case.id: case.abnormal for case in manifest.for_task(task)},
        cases={case_id: read_case_score(store, case) for case_id, case in part.cases.items()},
        batchings=manifest.batchings if task is Task.PIXEL else (),
        sweep=None if objects is None else objects.swept,
        eligible=one.standing is Standing.RANKED,
        scoring_version=part.result.scoring_version,
        ground=Ground.of(manifest),
        edition=edition,
    )


def _manifest(tx: Transaction, digest: str) -> Manifest:
    row = tx.session.scalars(select(TestSet).where(TestSet.digest == digest)).one()
    return Manifest.from_json(row.manifest)


def _edition(tx: Transaction, challenge: Challenge, task: Task) -> Edition:
    """With the newest published version, which the files may be newer than."""
    title = config_of(challenge).title
    board = latest_published(tx, challenge=challenge, task=task)
    if board is None:
        return Edition(title=title)
    return Edition(
        title=title,
        version=board.version,
        digest=board.digest,
        published_at=rfc3339(board.published_at),
        caveats=board_of(board).sentences,
    )
