"""An image that an earlier version of the check accepted is checked again before it runs again. Repeatable.

What its archive holds has not changed, but what a case may read has: a Run that would only fail is ended
with the reason, and nobody is charged for it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol
from uuid import UUID

from sqlalchemy import select

from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.errors import NotFound, SubmissionFault
from mood_platform.failures import FailureReason
from mood_platform.images import intake_child
from mood_platform.images.image_config import CHECK, ImageFacts
from mood_platform.models import Image, ImageState, Run, Submission
from mood_platform.queueing import CollectImage, JobQueue
from mood_platform.runs.checked import runs_to_stop, waits_for_check
from mood_platform.runs.endings import fail_run, lock_run
from mood_platform.storage.keys import image_key
from mood_platform.storage.store import ObjectStore
from mood_platform.submissions.intake import reject

_SLACK = 64 * 2**20
"""The archive was bounded when it came; here the limit only keeps a damaged one from running on."""


class Inspector(Protocol):
    """Judges a clean archive; the default does it in a limited child process."""

    def __call__(self, source: Path, *, limit: int) -> ImageFacts: ...


def recheck_image(
    sessions: Sessions,
    queue: JobQueue,
    store: ObjectStore,
    *,
    image_id: UUID,
    inspect: Inspector = intake_child.inspect_image,
) -> None:
    """Two short transactions around the check; an image that no live Run waits for is left alone."""
    with transaction(sessions, queue) as tx:
        image = tx.session.scalar(select(Image).where(Image.id == image_id, Image.id.in_(waits_for_check())))
    if image is None:
        return
    found = None if image.state is ImageState.REJECTED else _judge(store, image, inspect)
    with transaction(sessions, queue) as tx:
        _decide(tx, image, found)


def _judge(store: ObjectStore, image: Image, inspect: Inspector) -> ImageFacts | SubmissionFault:
    """Facts are kept as they were where the check has nothing new to say."""
    known = ImageFacts.from_json(image.facts)
    try:
        with store.local(image_key(str(image.digest))) as archive:
            tasks = inspect(archive, limit=2 * known.unpacked + _SLACK).tasks
    except NotFound:
        tasks = known.tasks  # the node that cannot load it says so, to organizers
    except SubmissionFault as fault:
        return fault
    return replace(known, tasks=tasks, check=CHECK)


def _decide(tx: Transaction, image: Image, found: ImageFacts | SubmissionFault | None) -> None:
    """Runs before the Image, as everywhere."""
    runs = [run for run_id in tx.session.scalars(runs_to_stop(image)) if (run := lock_run(tx, run_id))]
    row = _lock(tx, image.id)
    if row.state is ImageState.ACCEPTED and isinstance(found, ImageFacts):
        row.facts, row.checked_at = found.to_json(), tx.now
    elif row.state is ImageState.ACCEPTED and isinstance(found, SubmissionFault):
        row.checked_at = tx.now
        reject(tx, row, found)
        tx.enqueue(CollectImage(str(row.digest)))
    for run in runs:
        if run.state.live and not _serves(tx, row, run):
            fail_run(tx, run=run, reason=row.reason or FailureReason.IMAGE_SCRIPT_UNREADABLE)


def _lock(tx: Transaction, image_id: UUID) -> Image:
    query = select(Image).where(Image.id == image_id).with_for_update(key_share=True)
    return tx.session.scalars(query, execution_options={"populate_existing": True}).one()


def _serves(tx: Transaction, image: Image, run: Run) -> bool:
    task = tx.session.scalar(select(Submission.task).where(Submission.id == run.submission_id))
    return image.state is ImageState.ACCEPTED and str(task) in image.facts["tasks"]
