"""Documents of a small contest, byte for byte: what a change of the code must not change by accident.

A document that is meant to change: remove its file in tests/golden/, run this test, review the difference.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from mood_evaluator import Task
from mood_platform.db.engine import Sessions
from mood_platform.execution.limits import Limits
from mood_platform.execution.runtime import CaseJob
from mood_platform.leaderboards.export import export
from mood_platform.leaderboards.service import draft, publish
from mood_platform.models import Challenge, Run, Submission
from mood_platform.storage.local import LocalStore
from mood_platform.trial.local_test import try_image
from mood_support.contest import Contest
from mood_support.factories import make_platform

pytestmark = pytest.mark.integration

GOLDEN = Path(__file__).parents[1] / "golden"
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?")
ID = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")


def settle(text: str) -> str:
    """The same name for the same id or digest, in the order in which they are met; no time at all."""
    known: dict[str, str] = {}
    return ID.sub(lambda hit: known.setdefault(hit[0], f"<{len(known)}>"), TIME.sub("<time>", text))


@pytest.fixture
def documents(sessions: Sessions, store: LocalStore, tmp_path: Path) -> dict[str, str]:
    """By name: what a contest of three teams, one of which crashes on some cases, writes."""
    sets = tmp_path / "sets"
    contest = Contest(make_platform(sessions, store, sets, cases=6), sets)
    for name, quality in (("good", 0.9), ("fair", 0.5), ("poor", 0.1)):
        contest.enter(contest.join(name), quality=quality, skips=_every_third if name == "poor" else None)
    contest.run()
    return _written(contest, tmp_path) | {"local_report": _local_report(contest)}


def _every_third(job: CaseJob) -> bool:
    return job.case.read_bytes()[-8] % 3 == 0


def _local_report(contest: Contest) -> str:
    runtime = contest.runtime()
    image = next(iter(contest.quality))
    runtime.images.add(image)
    report = try_image(
        runtime,
        image=image,
        test_sets=[contest.folder / "toy-brain"],
        tasks=[Task.PIXEL],
        limits=Limits(seconds=3),
    )
    return json.dumps(report.to_json(), indent=1)


def _written(contest: Contest, folder: Path) -> dict[str, str]:
    platform = contest.platform
    found: dict[str, str] = {}
    with platform.open() as tx:
        query = (
            select(Run).join(Submission, Run.submission_id == Submission.id).order_by(Submission.submitted_at)
        )
        run = tx.session.scalars(query).all()[-1]
        for kind, key in (("run_results", run.results_key), ("toy_report", run.toy_report_key)):
            assert key is not None
            found[kind] = _lines(platform.store.read(key, limit=10**8))
    with platform.open() as tx:
        challenge = tx.session.get_one(Challenge, platform.challenge.id)
        found["draft"] = json.dumps(
            draft(tx, challenge=challenge, task=Task.PIXEL, store=platform.store).to_json(), indent=1
        )
        publish(
            tx,
            challenge=challenge,
            task=Task.PIXEL,
            actor="o@example.org",
            store=platform.store,
            before_close=True,
        )
    with platform.open() as tx:
        challenge = tx.session.get_one(Challenge, platform.challenge.id)
        paths = export(
            tx, challenge=challenge, folder=folder / "export", store=platform.store, scored_runs=True
        )
    found["export_submissions.csv"] = (folder / "export" / "submissions.csv").read_text()
    found["leaderboard"] = next(path.read_text() for path in paths if path.parent.name == "leaderboards")
    return found


def _lines(data: bytes) -> str:
    """One value a line, in the order of the document: differences can be read."""
    return json.dumps(json.loads(data), indent=1)


def test_documents_are_those_of_the_golden_files(documents: dict[str, str]) -> None:
    for name, text in documents.items():
        path = GOLDEN / (name if "." in name else f"{name}.json")
        settled = settle(text)
        if not path.exists():
            path.write_text(settled)
            pytest.fail(f"{path.name} was not there and is written: look at it, and run again.")
        assert settled == path.read_text(), f"{path.name} differs."
