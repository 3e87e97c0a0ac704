"""Reads the stored toy report of a Submission: everything in it is about public cases."""

from __future__ import annotations

import json

from mood_platform.db.transaction import Transaction
from mood_platform.errors import NotFound
from mood_platform.models import Submission
from mood_platform.storage.store import ObjectStore
from mood_platform.submissions.queries import newest_run
from mood_platform.views.participant import Document

LARGEST = 64 * 2**20


def read_toy_report(tx: Transaction, *, submission: Submission, store: ObjectStore) -> Document:
    """Of the newest Run, once its toy cases have run."""
    run = newest_run(tx, submission=submission)
    if run.toy_report_key is None:
        raise NotFound("There is no toy report yet.", remedy="It appears as soon as all toy cases have run.")
    document: Document = json.loads(store.read(run.toy_report_key, limit=LARGEST))
    return document
