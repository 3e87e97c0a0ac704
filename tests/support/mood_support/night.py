"""A night of the platform in virtual time: real claims, records and sweeps on a real database.

Slots, containers and scoring are events on a clock set by hand: nothing is executed, no label is read.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import make_sessions
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.execution.outcome import Outcome
from mood_platform.execution.runtime import Collected, Execution
from mood_platform.execution.starvation import Lack
from mood_platform.failures import FailureReason
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import CaseRun, CaseRunState, Run, RunState, Stage, Submission
from mood_platform.nodes.door import Claim, ClaimingNode, Presence
from mood_platform.queueing import Job
from mood_platform.runs.claims import claim_next, record
from mood_platform.runs.door import hears_again
from mood_platform.runs.node_health import is_quarantined, is_test_due, lock_node, see
from mood_platform.runs.schedule import ring_for_waiting_work
from mood_platform.runs.suspicion import report_self_test
from mood_platform.runs.sweeper import sweep
from mood_platform.storage.store import ObjectStore
from mood_support.edition import DOCUMENT, make_edition
from mood_support.factories import ALL_STAGES, TinyPlatform
from mood_support.hand_clock import HandClock, hand_clock

BEGINS = datetime(2026, 6, 1, 20, tzinfo=UTC)
LEASE_SECONDS = 1e6
"""Nobody beats here; a night in which a node dies ends the claim by an event of its own."""
SWEEP_SECONDS = 10.0
REPORT_SECONDS = 5.0
"""From the last toy case to the report."""
CASE_SECONDS = 30.0
CACHED_IMAGES = 20
SUBMIT_SECONDS = 0.001
"""Between two Submissions of one moment: which one is older is never left to chance."""
REST_SECONDS = 2.0
"""Of a slot that left its bell to others."""
PRESENCE_SECONDS = 15.0
"""Between two looks at whether a quarantined Node's self-test is due."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How one case ends on a slot: after so many seconds, with a prediction or by the platform's fault."""

    seconds: float = CASE_SECONDS
    fault: FailureReason | None = None
    ran: bool = False
    """The container had started before the fault."""
    lack: Lack | None = None
    """It ran into its limit because the Node did not give it this."""


Behaviour = Callable[[ClaimingNode, Claim], Ending]
"""What a slot does with a case; it may look at the node and at the image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One attempt of one case, in seconds since the night began."""

    run_id: UUID
    case_run_id: UUID
    node: str
    toy: bool
    begun: float
    ended: float
    fault: FailureReason | None


@contextmanager
def night_platform(
    database_url: str, *, store: ObjectStore, folder: Path, hidden_cases: int, case_limit: float = 600
) -> Iterator[tuple[TinyPlatform, HandClock]]:
    """Empty, on a clock set by hand: a Run has eight toy cases and twice `hidden_cases` hidden ones."""
    limits = {**DOCUMENT["limits"], "seconds": case_limit}
    with hand_clock(database_url) as clock:
        sessions = make_sessions(clock.engine)
        clock.set(BEGINS)
        with transaction(sessions, FakeQueue()) as tx:
            challenge = make_edition(tx, store=store, folder=folder, hidden_cases=hidden_cases, limits=limits)
        yield TinyPlatform(sessions, store, challenge, folder / "cache"), clock


def slots(number: int) -> list[ClaimingNode]:
    """Each on a machine of its own."""
    numbers = range(1, number + 1)
    return [ClaimingNode(name=f"slot{index}", machine=f"machine{index}", facts={}) for index in numbers]


@dataclass
class Night:
    """A slot for each node. Slots wait for bells as real ones do; equal nights are equal to the second."""

    platform: TinyPlatform
    clock: HandClock
    nodes: Sequence[ClaimingNode]
    behaviour: Behaviour = lambda _node, _claim: Ending()
    stages: Callable[[ClaimingNode], Collection[Stage]] = lambda _node: ALL_STAGES
    self_test: Callable[[ClaimingNode], str | None] = lambda _node: None
    """What a Node's self-test finds: before its first case, after a fault, in quarantine."""
    now: float = 0.0
    served: list[Served] = field(default_factory=list)
    opened: dict[UUID, float] = field(default_factory=dict)
    """When the hidden cases of a Run could be claimed."""
    loads: int = 0
    """How often a slot met an image that it did not have."""

    def __post_init__(self) -> None:
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._idle: OrderedDict[str, ClaimingNode] = OrderedDict((node.name, node) for node in self.nodes)
        self._images: dict[str, OrderedDict[str, None]] = {node.name: OrderedDict() for node in self.nodes}
        self._open_cases: dict[UUID, Counter[bool]] = {}
        self._sweeping = False
        self._free_for_submission = 0.0
        self.clock.set(BEGINS)
        for node in self.nodes:
            self._arrive(node)

    # What a test says

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Something that happens at that moment: a Submission, a cancellation, a node that dies."""
        heapq.heappush(self._events, (seconds, next(self._order), lambda: void(action())))

    def submit(
        self, team: Principal, *, task: Task = Task.PIXEL, stage: Stage = Stage.CHALLENGE, toy: bool = True
    ) -> Submission:
        """Now. With `toy=False` the toy cases are over and reported already."""
        self._pass_to(self._free_for_submission)
        self._free_for_submission = self.now + SUBMIT_SECONDS
        submission = self.platform.submit(team, task=task, stage=stage)
        with self.platform.open() as tx:
            run = tx.session.scalars(select(Run).where(Run.submission_id == submission.id)).one()
            if not toy:
                skip_toy_cases(tx, run)
                self.opened[run.id] = self.now
        self.watch(run)
        return submission

    def watch(self, run: Run) -> None:
        """Bring a Run to its end that was started by other means, such as an analysis."""
        with self.platform.open() as tx:
            queued = (CaseRun.run_id == run.id, CaseRun.state == CaseRunState.QUEUED)
            self._open_cases[run.id] = Counter(tx.session.scalars(select(CaseRun.toy).where(*queued)))

    def run(self, *, until: float) -> None:
        """Let the night pass until that moment, or until nothing will happen any more."""
        self._answer_bells()
        while self._events and self._events[0][0] <= until:
            moment, _, action = heapq.heappop(self._events)
            self._pass_to(moment)
            action()
            self._answer_bells()
        self._pass_to(until)

    # What machines do

    def _pass_to(self, moment: float) -> None:
        if moment > self.now:
            self.now = moment
            self.clock.set(BEGINS + timedelta(seconds=moment))

    def _answer_bells(self) -> None:
        """Every bell wakes a slot that listens to its queue; other messages have stand-ins here."""
        pending = self.platform.queue.pending
        self.platform.queue.sent.clear()
        pending[:] = [message for message in pending if message[0] is Job.WORK]
        while (heard := self._heard()) is not None:
            bell, node = heard
            pending.remove(bell)
            self._work(node)
            pending[:] = [message for message in pending if message[0] is Job.WORK]
        if self._idle and any(sum(left.values()) for left in self._open_cases.values()):
            self._sweep_soon()

    def _heard(self) -> tuple[tuple[Job, dict[str, str]], ClaimingNode] | None:
        for bell in self.platform.queue.pending:
            for node in self._idle.values():
                if Stage(bell[1]["stage"]) in self.stages(node):
                    return bell, node
        return None

    def _work(self, node: ClaimingNode) -> None:
        """As `work_once`, but the container is an event to come."""
        del self._idle[node.name]
        claimant = replace(node, images=tuple(self._images[node.name]))
        with self.platform.open() as tx:
            claim = claim_next(tx, stages=self.stages(node), node=claimant, lease_seconds=LEASE_SECONDS)
            toy = claim is not None and tx.session.get_one(CaseRun, claim.case_run_id).toy
            left = hears_again(tx.jobs, self.stages(node))
        if claim is None:
            self.at(self.now + REST_SECONDS, lambda: self._rise(node)) if left else self._rise(node)
            return
        self._load(node, claim.image)
        ending, begun = self.behaviour(node, claim), self.now
        self.at(begun + ending.seconds, lambda: self._end(node, claim, ending, begun=begun, toy=toy))

    def _rise(self, node: ClaimingNode) -> None:
        self._idle[node.name] = node

    def _arrive(self, node: ClaimingNode) -> None:
        said = Presence(name=node.name, machine=node.machine, stages=self.stages(node), facts=node.facts)
        with self.platform.open() as tx:
            see(tx, said)
        self._test(node)

    def _test(self, node: ClaimingNode) -> None:
        with self.platform.open() as tx:
            problem = self.self_test(node)
            report_self_test(tx, name=node.name, problem=problem, lease_seconds=LEASE_SECONDS)
        self._attend(node)

    def _attend(self, node: ClaimingNode) -> None:
        """As a slot's presence: a Node in quarantine is tested again when it has rested."""
        with self.platform.open() as tx:
            if not is_quarantined(tx, name=node.name):
                return
            row = lock_node(tx, name=node.name)
            due = row is not None and is_test_due(tx, row)
        action = self._test if due else self._attend
        self.at(self.now + PRESENCE_SECONDS, lambda: action(node))

    def _load(self, node: ClaimingNode, image: str) -> None:
        images = self._images[node.name]
        self.loads += image not in images
        images[image] = None
        images.move_to_end(image)
        while len(images) > CACHED_IMAGES:
            images.popitem(last=False)

    def _end(self, node: ClaimingNode, claim: Claim, ending: Ending, *, begun: float, toy: bool) -> None:
        self._idle[node.name] = node
        done = Execution(collected=Collected.PRESENT, exit_code=0, seconds=ending.seconds, ran=ending.ran)
        fault = Outcome("platform_fault", ending.fault)
        with self.platform.open() as tx:
            outcome = Outcome("collected") if ending.fault is None else fault
            held = record(tx, claim_id=claim.claim_id, outcome=outcome, execution=done, lack=ending.lack)
            if held and ending.fault is None and ending.lack is None:
                self._score_case(tx, claim, toy=toy)
        if ending.fault is not None:
            self._after_fault(node)
        self.served.append(
            Served(
                run_id=claim.run_id,
                case_run_id=claim.case_run_id,
                node=node.name,
                toy=toy,
                begun=begun,
                ended=self.now,
                fault=ending.fault,
            )
        )

    def _after_fault(self, node: ClaimingNode) -> None:
        """It is tested at once, unless the fault brought it into quarantine: then it rests first."""
        with self.platform.open() as tx:
            rests = is_quarantined(tx, name=node.name)
        self._attend(node) if rests else self._test(node)

    def _score_case(self, tx: Transaction, claim: Claim, *, toy: bool) -> None:
        """The prediction is fine; the last toy case brings the report, the last of all the end."""
        case_run = tx.session.get_one(CaseRun, claim.case_run_id)
        case_run.advance(CaseRunState.SUCCEEDED, now=tx.now)
        left = self._open_cases[claim.run_id]
        left[toy] -= 1
        if toy and not left[True]:
            self.at(self.now + REPORT_SECONDS, lambda: self._report(claim.run_id))
        elif not sum(left.values()):
            self._finish(tx, tx.session.get_one(Run, claim.run_id))

    def _report(self, run_id: UUID) -> None:
        with self.platform.open() as tx:
            run = tx.session.get_one(Run, run_id)
            if not run.state.live:
                return
            run.toy_reported_at, self.opened[run_id] = tx.now, self.now
            tx.session.flush()
            ring_for_waiting_work(tx)
            if not sum(self._open_cases[run_id].values()):
                self._finish(tx, run)

    def _finish(self, tx: Transaction, run: Run) -> None:
        if run.state is RunState.RUNNING:
            run.advance(RunState.SCORING, now=tx.now)
            run.advance(RunState.SCORED, now=tx.now)

    def _sweep_soon(self) -> None:
        """While a slot stands idle the sweeper may have news for it; else the next claim looks anyway."""
        if not self._sweeping:
            self._sweeping = True
            self.at(self.now + SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = False
        sweep(self.platform.sessions, self.platform.queue, max_attempts=3)


def void(_: object) -> None:
    """An event has no answer."""


def skip_toy_cases(tx: Transaction, run: Run) -> None:
    """As if they had run and had been reported; nobody is charged for them."""
    run.toy_reported_at = tx.now
    run.advance(RunState.RUNNING, now=tx.now)
    toy = select(CaseRun).where(CaseRun.run_id == run.id, CaseRun.toy)
    for case_run in tx.session.scalars(toy):
        for state in (CaseRunState.RUNNING, CaseRunState.COLLECTED, CaseRunState.SUCCEEDED):
            case_run.advance(state, now=tx.now)
    tx.session.flush()
    ring_for_waiting_work(tx)
