"""A small platform in one process: edition, teams, Submissions, claims, slots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.execution.fake_runtime import FakeRuntime
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import Challenge, Image, Run, Stage, Submission
from mood_platform.nodes.attendance import Slot
from mood_platform.nodes.door import Claim, ClaimingNode
from mood_platform.nodes.node import Node
from mood_platform.runs.claims import claim_next
from mood_platform.runs.door import DatabaseDoor
from mood_platform.runs.queries import newest_run
from mood_platform.storage.store import ObjectStore
from mood_platform.submissions.service import submit
from mood_support.edition import make_edition, make_image, make_participant

ALL_STAGES = frozenset(Stage)
NODE = ClaimingNode(name="node-1", facts={"cpu": "test"})


@dataclass(frozen=True, slots=True)
class TinyPlatform:
    sessions: Sessions
    store: ObjectStore
    challenge: Challenge
    cache: Path
    queue: FakeQueue = field(default_factory=FakeQueue)

    @contextmanager
    def open(self) -> Iterator[Transaction]:
        with transaction(self.sessions, self.queue) as tx:
            yield tx

    def join(self, name: str) -> Principal:
        with self.open() as tx:
            return make_participant(tx, name)

    def submit(
        self, team: Principal, *, task: Task = Task.PIXEL, stage: Stage = Stage.CHALLENGE
    ) -> Submission:
        with self.open() as tx:
            image = make_image(tx, principal=team)
            return submit(tx, principal=team, image_id=image.id, task=task, stage=stage)

    def run_of(self, submission: Submission) -> Run:
        with self.open() as tx:
            run = newest_run(tx, submission=submission)
        assert run is not None
        return run

    def claim(self, *stages: Stage, node: ClaimingNode = NODE, lease_seconds: float = 60) -> Claim | None:
        with self.open() as tx:
            return claim_next(tx, stages=stages or ALL_STAGES, node=node, lease_seconds=lease_seconds)

    def open_hidden_cases(self, run_id: UUID) -> None:
        """As if the toy cases had been reported."""
        with self.open() as tx:
            tx.session.get_one(Run, run_id).toy_reported_at = tx.now

    def slot(self, runtime: FakeRuntime, **changes: Any) -> Slot:
        """A slot whose engine has all images already; `changes` are of its Door or of its node."""
        with self.open() as tx:
            runtime.images |= {digest for digest in tx.session.scalars(select(Image.digest)) if digest}
        node = Node(
            name="node-1",
            machine="machine-1",
            instance="test",
            holder_image="base",
            cache=self.cache,
            facts={"cpu": "test"},
        )
        runtime.images.add(node.holder_image)
        doors = {one.name for one in fields(DatabaseDoor)}
        door = replace(self.door(), **{name: changes[name] for name in changes.keys() & doors})
        node = replace(node, **{name: changes[name] for name in changes.keys() - doors})
        return Slot(door=door, runtime=runtime, node=node)

    def door(self) -> DatabaseDoor:
        return DatabaseDoor(sessions=self.sessions, queue=self.queue, store=self.store)


def make_platform(
    sessions: Sessions, store: ObjectStore, folder: Path, *, cases: int = 4, **changes: Any
) -> TinyPlatform:
    with transaction(sessions, FakeQueue()) as tx:
        challenge = make_edition(tx, store=store, folder=folder, cases=cases, **changes)
    return TinyPlatform(sessions, store, challenge, folder / "cache")
