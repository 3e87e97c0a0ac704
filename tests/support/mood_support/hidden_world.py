"""A platform with Runs in every state and unmistakable hidden facts: where one shows, something leaks."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from mood_evaluator import Dataset, Task
from mood_platform.accounts.principal import Principal
from mood_platform.challenges.service import install_test_set
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.execution.usage import Usage
from mood_platform.failures import FailureReason
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import (
    CaseRun,
    CaseRunState,
    KeptKind,
    KeptObject,
    Run,
    RunState,
    Stage,
    Submission,
    User,
)
from mood_platform.runs.endings import fail_run
from mood_platform.runs.queries import case_runs_of, newest_run
from mood_platform.runs.service import start_analysis, stop_run
from mood_platform.runs.telling import EVERY
from mood_platform.storage.store import ObjectStore
from mood_platform.submissions.queries import find_any_submission
from mood_platform.submissions.service import submit, withdraw
from mood_support.documents import case_json, report_json
from mood_support.edition import make_edition, make_image, make_participant, write_test_set
from mood_support.factories import TinyPlatform

TOY_CASES = 2
"""Per Dataset."""
TOY_LOG = "</pre><script>alert('toy log')</script>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What nobody but an organizer may see; two worlds with other secrets must look alike."""

    seed: int
    """Which hidden cases fail."""
    cases: int
    """Per Dataset."""
    seconds: float
    score: float
    exit_code: int
    kept: int
    """Bytes of each hidden prediction."""
    word: str
    """In logs, nodes, notes, flags, and names of test sets."""

    @property
    def node(self) -> str:
        return f"node-{self.word}"

    @property
    def counts(self) -> set[int]:
        return {self.cases, 2 * self.cases, 2 * (self.cases + TOY_CASES)}


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a Run has come, as shares of its cases."""

    toy: float = 1.0
    hidden: float = 0.0
    state: RunState = RunState.RUNNING


REACHES: Mapping[str, Reach] = {
    "queued": Reach(toy=0, state=RunState.QUEUED),
    "toy": Reach(toy=0.5),
    "hidden": Reach(hidden=0.37),
    "stopped": Reach(hidden=0.37),
    "withdrawn": Reach(hidden=0.02),
    "failed": Reach(hidden=0.62, state=RunState.FAILED),
    "scoring": Reach(hidden=1, state=RunState.SCORING),
    "scored": Reach(hidden=1, state=RunState.SCORED),
    "fresh": Reach(hidden=1, state=RunState.SCORED),
}
"""The Submissions of the own team, by name. All happened an hour ago; the end of `fresh` is not told yet."""
FAULTS: Mapping[CaseRunState, tuple[float, FailureReason]] = {
    CaseRunState.TIMED_OUT: (0.12, FailureReason.TIMED_OUT),
    CaseRunState.CRASHED: (0.03, FailureReason.CRASHED),
    CaseRunState.OUTPUT_INVALID: (0.30, FailureReason.OUTPUT_INVALID),
}
"""Shares of the hidden cases that end so: some, few, many."""


@dataclass(slots=True)
class HiddenWorld:
    platform: TinyPlatform
    secrets: Secrets
    north: Principal
    """The own team; all states are its."""
    south: Principal
    """Another team, with a scored Submission."""
    lone: Principal
    """A user without a team."""
    olga: Principal
    """An organizer."""
    mine: dict[str, Submission]
    theirs: Submission
    analysis_id: UUID


def build_hidden_world(sessions: Sessions, store: ObjectStore, folder: Path, secrets: Secrets) -> HiddenWorld:
    """Everything is played by hand: no container, no evaluator, but the real tables and state rules."""
    with transaction(sessions, FakeQueue()) as tx:
        challenge = make_edition(
            tx, store=store, folder=folder, cases=TOY_CASES, hidden_cases=secrets.cases, hidden=True
        )
        sweep = write_test_set(
            folder / f"sweep-{secrets.word}",
            purpose="size-sweep",
            dataset=Dataset.BRAIN,
            cases=6,
            hidden=True,
        )
        install_test_set(tx, folder=sweep, store=store)
        north, south = make_participant(tx, "north"), make_participant(tx, "south")
        olga = make_participant(tx, "olga", organizer=True)
        lone = User(email="lone@example.org", name="lone", password_hash="!", created_at=tx.now)
        tx.session.add(lone)
    platform = TinyPlatform(sessions, store, challenge, folder / "cache")
    play = _Play(platform, secrets)
    mine = {name: play.submit(north, name, reach) for name, reach in REACHES.items()}
    theirs = play.submit(south, "rival", REACHES["scored"])
    return HiddenWorld(
        platform=platform,
        secrets=secrets,
        north=north,
        south=south,
        lone=Principal(user=lone, team=None, organizer=False),
        olga=olga,
        mine=mine,
        theirs=theirs,
        analysis_id=play.analyse(mine["scored"]),
    )


@dataclass(slots=True)
class _Play:
    platform: TinyPlatform
    secrets: Secrets

    def submit(self, team: Principal, name: str, reach: Reach) -> Submission:
        with self.platform.open() as tx:
            image = make_image(tx, principal=team)
            image.name = f"{name}.tar"
            made = submit(
                tx, principal=team, image_id=image.id, task=Task.SAMPLE, stage=Stage.CHALLENGE, name=name
            )
            run = newest_run(tx, submission=made)
            assert run is not None
            self._advance(tx, run, reach)
            self._end(tx, team, name, run)
            self._place(tx, run, EVERY if name == "fresh" else -timedelta(hours=1))
        return made

    def _place(self, tx: Transaction, run: Run, distance: timedelta) -> None:
        """Move what happened in time; ahead of now, so that no moment of telling comes during a test."""
        tx.session.flush()
        run.state_since = tx.now + distance
        for row in case_runs_of(tx, run=run):
            row.state_since = tx.now + distance

    def _advance(self, tx: Transaction, run: Run, reach: Reach) -> None:
        cases = case_runs_of(tx, run=run)
        toy, hidden = [row for row in cases if row.toy], [row for row in cases if not row.toy]
        if reach.toy:
            run.advance(RunState.RUNNING, now=tx.now)
        for row in toy[: round(reach.toy * len(toy))]:
            self._end_case(tx, row, CaseRunState.SUCCEEDED, None)
        if reach.toy == 1:
            self._report(tx, run, toy)
        self._end_hidden(tx, hidden, round(reach.hidden * len(hidden)))
        if reach.state in (RunState.SCORING, RunState.SCORED):
            run.advance(RunState.SCORING, now=tx.now)
        if reach.state is RunState.SCORED:
            run.results_key = f"runs/{run.id}/results.json"
            self.platform.store.put_bytes(run.results_key, json.dumps({"score": self.secrets.score}).encode())
            run.advance(RunState.SCORED, now=tx.now)
        if reach.state is RunState.FAILED:
            fail_run(tx, run=run, reason=FailureReason.ABANDONED)

    def _end(self, tx: Transaction, team: Principal, name: str, run: Run) -> None:
        if name == "withdrawn":
            withdraw(tx, principal=team, submission_id=run.submission_id)
        if name == "stopped":
            stop_run(tx, run=run, reason=f"{self.secrets.node} hung", actor="olga@example.org")

    def _end_hidden(self, tx: Transaction, hidden: Sequence[CaseRun], count: int) -> None:
        """The first `count`; which of them failed, and how, is drawn from the secret seed."""
        ends: list[tuple[CaseRunState, FailureReason | None]] = []
        for state, (share, fault) in FAULTS.items():
            ends += [(state, fault)] * min(max(1, round(share * len(hidden))), count - len(ends))
        ends += [(CaseRunState.SUCCEEDED, None)] * (count - len(ends))
        random.Random(self.secrets.seed).shuffle(ends)
        for row, (state, reason) in zip(hidden, ends, strict=False):
            self._end_case(tx, row, state, reason)

    def _end_case(
        self, tx: Transaction, row: CaseRun, state: CaseRunState, reason: FailureReason | None
    ) -> None:
        secrets = self.secrets
        row.claim_id, row.node, row.node_facts = uuid4(), secrets.node, {"gpu": secrets.word}
        row.advance(CaseRunState.RUNNING, now=tx.now)
        if state in (CaseRunState.SUCCEEDED, CaseRunState.OUTPUT_INVALID):
            row.advance(CaseRunState.COLLECTED, now=tx.now)
        row.advance(state, now=tx.now, reason=reason)
        self._leave(tx, row)
        if row.toy:
            return
        row.started_at = row.finished_at = tx.now
        row.seconds, row.exit_code, row.flags = secrets.seconds, secrets.exit_code, [secrets.word]
        row.usage = Usage(
            seconds=secrets.seconds, cpu_seconds=secrets.seconds, memory_peak=secrets.cases
        ).to_json()
        row.score = {"score": secrets.score, "valid": True, "fault": secrets.word}
        row.log_key = f"runs/{row.run_id}/{row.id}/{row.claim_id}/log"
        row.prediction_key = f"runs/{row.run_id}/{row.id}/{row.claim_id}/prediction"
        self.platform.store.put_bytes(row.log_key, f"log of {secrets.word}".encode())

    def _leave(self, tx: Transaction, row: CaseRun) -> None:
        """Written down for the ledger: equal for toy cases, secret for hidden ones."""
        team_id = tx.session.scalars(
            select(Submission.team_id)
            .join(Run, Run.submission_id == Submission.id)
            .where(Run.id == row.run_id)
        ).one()
        tx.session.add(
            KeptObject(
                key=f"runs/{row.run_id}/{row.id}/{row.claim_id}/prediction",
                team_id=team_id,
                run_id=row.run_id,
                case_run_id=row.id,
                kind=KeptKind.PREDICTION,
                toy=row.toy,
                size=1000 if row.toy else self.secrets.kept,
                stored_at=tx.now,
            )
        )

    def _report(self, tx: Transaction, run: Run, toy: Sequence[CaseRun]) -> None:
        """As the evaluate worker would have written it, with a log that tries to be a script."""
        run.toy_reported_at, run.toy_report_key = tx.now, f"runs/{run.id}/toy_report.json"
        self.platform.store.put_bytes(run.toy_report_key, json.dumps(make_toy_report(toy)).encode())

    def analyse(self, submission: Submission) -> UUID:
        """On a hidden sweep, with cases that have run."""
        with self.platform.open() as tx:
            row = find_any_submission(tx, submission_id=submission.id)
            names = [f"sweep-{self.secrets.word}"]
            run = start_analysis(tx, submission=row, test_set_names=names, actor="olga@example.org")
            run.advance(RunState.RUNNING, now=tx.now)
            self._end_hidden(tx, case_runs_of(tx, run=run), 5)
        return run.id


def make_toy_report(toy: Sequence[CaseRun]) -> dict[str, Any]:
    ordered = sorted(toy, key=lambda row: row.case.position)
    parts = {
        str(dataset): {
            "test_set": f"toy-{dataset}",
            "digest": "00",
            "ap": 0.5,
            "cases": [
                case_json(case=row.case.case_id, score=0.5, log=TOY_LOG)
                for row in ordered
                if row.dataset is dataset
            ],
        }
        for dataset in Dataset
    }
    return report_json(datasets=parts)


def hidden_words(world: HiddenWorld) -> set[str]:
    """Strings that no participant may read before publication, in any answer.

    Without those of toy cases, whose labels may have the same bytes as hidden ones.
    """
    secrets, public = world.secrets, set[str]()
    words = {
        secrets.word,
        repr(secrets.seconds),
        repr(secrets.score),
        "test-brain",
        "test-abdom",
    }
    with world.platform.open() as tx:
        for submission in (*world.mine.values(), world.theirs):
            run = newest_run(tx, submission=submission)
            assert run is not None
            rows = case_runs_of(tx, run=run)
            words |= {word for row in rows if not row.toy for word in _words_of(row)}
            public |= {word for row in rows if row.toy for word in _words_of(row)}
    return (words | {str(world.analysis_id)}) - public


def _words_of(row: CaseRun) -> set[str]:
    case = row.case
    found = {str(row.id), str(row.claim_id), case.case_id, case.image_sha256, case.label_sha256, str(case.id)}
    return {str(word) for word in found - {None, "None"}}


def own_words(world: HiddenWorld) -> set[str]:
    """Strings about the own team's Submissions that only it may read."""
    words = {"north@example.org"} | {f"{name}.tar" for name in world.mine}
    for submission in world.mine.values():
        words |= {str(submission.id), str(submission.image_id)}
    return words


def rival_words(world: HiddenWorld) -> set[str]:
    """Strings about the other team that nobody else may read before publication."""
    return {"south@example.org", "South", "rival", str(world.theirs.id), str(world.theirs.image_id)}
