"""Walks at random through all that can be done to a small platform, and dies in the middle of much of it."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Update, select, update
from sqlalchemy.orm import InstrumentedAttribute

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.errors import PlatformError
from mood_platform.execution.fake_runtime import FakeRuntime, Scripted
from mood_platform.execution.runtime import CaseJob, Execution
from mood_platform.models import (
    LIVE,
    CaseRun,
    CaseRunState,
    Image,
    KnownNode,
    Run,
    RunState,
    Stage,
    Submission,
)
from mood_platform.nodes.execute import work_once
from mood_platform.nodes.reaper import reap
from mood_platform.queueing import Job
from mood_platform.runs.decisions import resume
from mood_platform.runs.service import rerun, start_analysis, stop_run, void_run
from mood_platform.runs.sweeper import sweep
from mood_platform.scoring.score_case import score_case
from mood_platform.scoring.score_run import score_run
from mood_platform.storage.faulty import FaultyStore, system_error
from mood_platform.submissions.service import cancel, submit, withdraw
from mood_support.drive import echo, evaluation_of
from mood_support.factories import ALL_STAGES, TinyPlatform
from mood_support.organizer import ORGANIZER, answer_nodes, answer_runs

INSTANCE = "test"
HOUR = timedelta(hours=1)
DEEPEST = 3
"""How many things may happen, each in the middle of the one before."""


class Died(BaseException):
    """kill -9: nothing that follows is executed."""


@dataclass
class Explorer:
    """One walker; several, each in a process of its own, may walk over the same database."""

    platform: TinyPlatform
    teams: list[Principal]
    dice: random.Random
    done: Counter[str] = field(default_factory=Counter)
    _left: set[str] = field(default_factory=set)
    """Claims whose containers a death has left behind."""
    _depth: int = 0

    def __post_init__(self) -> None:
        self.store = FaultyStore(self.platform.store, self._store_fault)
        self.platform = replace(self.platform, store=self.store)
        self.runtime = FakeRuntime(self._container, before_case=self._in_mid_case)

    def walk(self, steps: int) -> None:
        """Walk `steps` and on until somebody has died: new ids make every walk another one."""
        taken = 0
        while taken < steps or not self.deaths:
            self.step()
            taken += 1

    @property
    def deaths(self) -> int:
        return sum(count for name, count in self.done.items() if name.endswith(", died"))

    def step(self) -> None:
        """One thing, refused or not, finished or not."""
        weights = {
            self.work: 30, self.answer: 20, self.answer_twice: 6, self.sweep: 6, self.reap: 3,
            self.pass_time: 3, self.submit: 5, self.withdraw: 1, self.cancel: 1, self.rerun: 2,
            self.stop: 1, self.void: 1, self.analyse: 1, self.resume: 2,
        }  # fmt: skip
        (action,) = self.dice.choices(list(weights), list(weights.values()))
        name = action.__name__
        try:
            action()
        except Died:
            name += ", died"
        except PlatformError:
            name += ", refused"
        except OSError:
            name += ", store refused"
        self.done[name] += 1

    # What machines do

    def work(self) -> None:
        self.runtime.unwell = "no GPU" if self.dice.random() < 0.1 else None
        try:
            work_once(self.platform.slot(self.runtime), stages=ALL_STAGES)
        except Died:
            self.runtime.live |= dict.fromkeys(self._left, INSTANCE)
            raise

    def answer(self) -> None:
        """Some message of the queue, not the oldest; it may get lost on the way."""
        pending = self.platform.queue.pending
        if pending:
            message = pending.pop(self.dice.randrange(len(pending)))
            if self.dice.random() > 0.1:
                self._handle(*message)

    def answer_twice(self) -> None:
        """A broker that forgot delivers again, however long ago it was."""
        sent = self.platform.queue.sent
        if sent:
            message = self.dice.choice(sent)
            for _ in range(2):
                self._handle(*message)

    def sweep(self) -> None:
        sweep(self.platform.sessions, self.platform.queue, max_attempts=3)

    def reap(self) -> None:
        reap(self.platform.door(), self.runtime, instance=INSTANCE)

    def pass_time(self) -> None:
        """An hour: every lease lapses, every rest is over, every message looks lost.

        A row at a time: no process of the platform holds many rows and then asks for the Runs of others.
        """
        late = {"lease_until": CaseRun.lease_until - HOUR, "state_since": CaseRun.state_since - HOUR}
        for case_run_id in self._all(CaseRun.id):
            self._change(update(CaseRun).where(CaseRun.id == case_run_id).values(late))
        for run_id in self._all(Run.id):
            self._change(update(Run).where(Run.id == run_id).values(state_since=Run.state_since - HOUR))

        for node_id in self._all(KnownNode.id):
            tested = {"tested_at": KnownNode.tested_at - HOUR, "health_since": KnownNode.health_since - HOUR}
            self._change(update(KnownNode).where(KnownNode.id == node_id).values(tested))

    def _all(self, column: InstrumentedAttribute[UUID]) -> list[UUID]:
        with self.platform.open() as tx:
            return list(tx.session.scalars(select(column)))

    def _change(self, statement: Update) -> None:
        with self.platform.open() as tx:
            tx.session.execute(statement)

    # What people do

    def submit(self) -> None:
        with self.platform.open() as tx:
            team = self.dice.choice(self.teams)
            images = select(Image.id).where(Image.team_id == team.require_team().id).order_by(Image.id)
            image = self.dice.choice(tx.session.scalars(images).all())
            stage = self.dice.choice((Stage.TOY, Stage.CHALLENGE, Stage.CHALLENGE))
            submit(tx, principal=team, image_id=image, task=self.dice.choice(list(Task)), stage=stage)

    def withdraw(self) -> None:
        self._own(lambda tx, team, one: withdraw(tx, principal=team, submission_id=one.id))

    def cancel(self) -> None:
        self._own(lambda tx, team, one: cancel(tx, principal=team, submission_id=one.id))

    def rerun(self) -> None:
        self._own(lambda tx, _, one: rerun(tx, submission=one, reason="again", actor=ORGANIZER))

    def analyse(self) -> None:
        self._own(
            lambda tx, _, one: start_analysis(
                tx, submission=one, test_set_names=["toy-brain"], actor=ORGANIZER
            )
        )

    def stop(self) -> None:
        self._run(lambda tx, run: stop_run(tx, run=run, reason="stuck", actor=ORGANIZER), *LIVE)

    def void(self) -> None:
        self._run(lambda tx, run: void_run(tx, run=run, reason="wrong", actor=ORGANIZER), RunState.SCORED)

    def resume(self) -> None:
        self._run(lambda tx, run: resume(tx, run=run, actor=ORGANIZER), *LIVE)

    def _own(self, act: Callable[..., object]) -> None:
        with self.platform.open() as tx:
            team = self.dice.choice(self.teams)
            mine = select(Submission).where(Submission.team_id == team.require_team().id)
            found = tx.session.scalars(mine.order_by(Submission.number)).all()
            if found:
                act(tx, team, self.dice.choice(found))

    def _run(self, act: Callable[..., object], *states: RunState) -> None:
        with self.platform.open() as tx:
            found = tx.session.scalars(select(Run).where(Run.state.in_(states)).order_by(Run.id)).all()
            if found:
                act(tx, self.dice.choice(found))

    # What goes wrong

    def _handle(self, job: Job, arguments: dict[str, str]) -> None:
        evaluation = evaluation_of(self.platform)
        if job is Job.WORK:
            self.work()
        elif job is Job.SCORE_CASE:
            score_case(evaluation, case_run_id=UUID(arguments["case_run_id"]))
        elif job is Job.SCORE_RUN:
            score_run(evaluation, run_id=UUID(arguments["run_id"]))

    def _in_mid_case(self, job: CaseJob) -> None:
        """While a container runs the world goes on; the worker may not see the end."""
        self._go_on()
        if self.dice.random() < 0.07:
            self._left.add(job.claim_id)
            raise Died

    def _store_fault(self, operation: str, key: str) -> BaseException | None:
        chance = self.dice.random() if key.startswith("runs/") else 1.0
        if chance < 0.1:
            self._go_on()
        if chance < 0.015:
            return Died()
        return system_error(28, key) if chance < 0.03 and operation.startswith("put") else None

    def _go_on(self) -> None:
        """Something else happens right now, in the middle of this."""
        if self._depth < DEEPEST:
            self._depth += 1
            try:
                self.step()
            finally:
                self._depth -= 1

    def _container(self, job: CaseJob) -> Scripted:
        """What an image does with a case never changes; what the engine does may."""
        if self.dice.random() < 0.04:
            return Scripted(execution=Execution(engine_error="the engine went away"))
        return _answer(job)

    def come_to_rest(self, *, rounds: int = 60) -> None:
        """Nothing goes wrong any more; what is left to do is done."""
        self.store.fault = None
        self.settle(rounds=rounds)

    def settle(self, *, rounds: int = 60) -> None:
        """Time passes, machines and organizers work until nothing is left; only the store may refuse."""
        self.runtime = FakeRuntime(_answer)
        for _ in range(rounds):
            with self.platform.open() as tx:
                answer_runs(tx)
                answer_nodes(tx)
            self.pass_time()
            self.sweep()
            self.reap()
            self._work_off()
            if not self._live():
                return

    def _work_off(self, *, most: int = 500) -> None:
        """What hangs in the queues; a bell that nobody may answer yet hangs on until time has passed."""
        for _ in range(most):
            if not self.platform.queue.pending:
                return
            with suppress(PlatformError, OSError):
                self._handle(*self.platform.queue.pending.pop(0))

    def _live(self) -> bool:
        with self.platform.open() as tx:
            live = select(Run.id).where(Run.state.in_(LIVE))
            running = select(CaseRun.id).where(CaseRun.state == CaseRunState.RUNNING)
            return tx.session.scalar(live) is not None or tx.session.scalar(running) is not None


def _answer(job: CaseJob) -> Scripted:
    """Some images fail on some cases, always the same."""
    digest = hashlib.sha256(f"{job.image} {job.case.name}".encode()).digest()
    return Scripted.ending(1) if digest[0] < 40 else echo(job)
