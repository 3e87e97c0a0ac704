"""What dropping cases would change: the board without them beside the board as it is, for organizers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mood_evaluator import Dataset, Task
from mood_platform.clock import rfc3339
from mood_platform.db.transaction import Transaction
from mood_platform.documents.draft import DropProposal
from mood_platform.documents.leaderboard import Board
from mood_platform.leaderboards.changes import changed_rows
from mood_platform.leaderboards.document import write_document
from mood_platform.leaderboards.ground import describe_missing, read_ground
from mood_platform.leaderboards.parked import waiting_for_dropped_alone
from mood_platform.leaderboards.scorings import CountingResults, newest_proposal, results_keys, waiting_in
from mood_platform.leaderboards.selection import Contender, find_pending, select_contenders
from mood_platform.models import Challenge, Rescoring, ScoringState
from mood_platform.runs.dropped import Dropped
from mood_platform.storage.store import ObjectStore


def describe_proposal(
    tx: Transaction, *, challenge: Challenge, task: Task, board: Board, store: ObjectStore
) -> DropProposal | None:
    """The newest proposal, with both boards compared once it is scored; `board` is the draft without it."""
    row = newest_proposal(tx, challenge=challenge, task=task)
    if row is None:
        return None
    contenders = _contenders(tx, challenge, task, row)
    found = DropProposal(
        number=row.number,
        proposed_at=rfc3339(row.created_at),
        cases={Dataset(name): tuple(sorted(cases)) for name, cases in row.dropped.items() if cases},
        runs=len(row.scorings),
        waiting=len(waiting_in(row)),
        problems=tuple(_problems(row, contenders)),
        replicates_pending=(),
        rows=None,
    )
    if found.waiting or found.problems:
        return found
    counting = CountingResults(results_keys(contenders, row), row.number, None, Dropped.read(row))
    ground, replicates = read_ground(tx, contenders=contenders, counting=counting, store=store)
    document = write_document(ground, challenge=challenge, task=task)
    return replace(
        found,
        replicates_pending=describe_missing(contenders, replicates),
        rows=changed_rows(board, document),
    )


def _contenders(tx: Transaction, challenge: Challenge, task: Task, row: Rescoring) -> list[Contender]:
    """With the Runs that dropping the cases would let be scored."""
    inside = {one.run_id for one in row.scorings}
    pending = find_pending(tx, challenge=challenge, task=task)
    waiting = waiting_for_dropped_alone(tx, submissions=pending, dropped=Dropped.read(row))
    unfinished = {submission: run for submission, run in waiting.items() if run.id in inside}
    return select_contenders(tx, challenge=challenge, task=task, unfinished=unfinished)


def _problems(row: Rescoring, contenders: Sequence[Contender]) -> Iterator[str]:
    """Why there is nothing to compare."""
    for one in row.scorings:
        if one.state is ScoringState.FAILED:
            submission = one.run.submission
            yield f"{submission.team.handle} #{submission.number} could not be scored: {one.problem}"
    inside = {one.run_id for one in row.scorings}
    for contender in contenders:
        if contender.run.id not in inside:
            yield f"{contender.key} #{contender.submission.number} was scored since: propose it once more."
