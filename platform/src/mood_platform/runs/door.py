"""The Door of slots that share a machine with database and store."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from mood_platform.db.engine import Sessions, is_crowded
from mood_platform.db.outages import DATABASE_AWAY
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.errors import Unreachable
from mood_platform.execution.limits import GIB
from mood_platform.execution.outcome import Outcome
from mood_platform.execution.runtime import Execution
from mood_platform.execution.starvation import Lack
from mood_platform.models import Health
from mood_platform.nodes.door import Answer, Claim, ClaimingNode, Fitness, Left, Presence
from mood_platform.queueing import JobQueue, Message, Work
from mood_platform.runs.claims import claim_next, heartbeat, live_claims, record
from mood_platform.runs.node_health import is_test_due, lock_node, see
from mood_platform.runs.schedule import ring_for_waiting_work
from mood_platform.runs.suspicion import report_self_test
from mood_platform.storage.keys import attempt_key, image_key, scan_key
from mood_platform.storage.store import ObjectStore
from mood_platform.terms import KeptKind, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseDoor:
    """The port `Door`, over the database and the object store."""

    sessions: Sessions
    queue: JobQueue
    store: ObjectStore
    lease_seconds: float = 60
    max_attempts: int = 3
    toy_share: float = 0.1
    """Share of the slots, at least one, that serves toy cases first."""
    store_free_bytes: int = 0

    def attend(self, presence: Presence) -> Fitness:
        with self._open() as tx:
            see(tx, presence)
            node = lock_node(tx, name=presence.name)
            assert node is not None, "it was just seen"
            return Fitness(well=node.health is Health.WELL, test_due=is_test_due(tx, node))

    def report_self_test(self, *, name: str, problem: str | None) -> None:
        with self._open() as tx:
            report_self_test(tx, name=name, problem=problem, lease_seconds=self.lease_seconds)

    def ring(self) -> None:
        with self._open() as tx:
            ring_for_waiting_work(tx)

    def claim(self, node: ClaimingNode, *, stages: Collection[Stage]) -> Answer:
        with self._open() as tx:
            claim = claim_next(
                tx, stages=stages, node=node, lease_seconds=self.lease_seconds, toy_share=self.toy_share
            )
        return Answer(claim, rings_again=claim is None and hears_again(tx.jobs, stages))

    def heartbeat(self, claim_id: UUID) -> bool:
        with self._open() as tx:
            return heartbeat(tx, claim_id=claim_id, lease_seconds=self.lease_seconds)

    def record(
        self,
        claim_id: UUID,
        *,
        outcome: Outcome,
        execution: Execution,
        left: Sequence[Left] = (),
        lack: Lack | None = None,
    ) -> bool:
        with self._open() as tx:
            return record(
                tx,
                claim_id=claim_id,
                outcome=outcome,
                execution=execution,
                left=left,
                lack=lack,
                max_attempts=self.max_attempts,
            )

    def live_claims(self, claim_ids: Iterable[UUID]) -> set[UUID]:
        with self._open() as tx:
            return live_claims(tx, claim_ids=claim_ids)

    def image(self, digest: str) -> AbstractContextManager[Path]:
        return self.store.local(image_key(digest))

    def case(self, sha256: str) -> AbstractContextManager[Path]:
        return self.store.local(scan_key(sha256))

    def keep(self, claim: Claim, kind: KeptKind, path: Path) -> Left:
        """The object comes before the row that names it; its hash can still be shown when it is gone."""
        key = attempt_key(claim.run_id, claim.case_run_id, claim.claim_id, kind)
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        self.store.put_file(key, path)
        return Left(kind=kind, key=key, size=path.stat().st_size, sha256=sha256)

    def find_lack(self) -> str | None:
        try:
            free, floor = self.store.free_bytes(), self.store_free_bytes
        except OSError as error:
            return str(error)
        if free is None or free >= floor:
            return None
        setting = "MOOD_STORAGE__FREE_BYTES"
        return f"The disk of the object store has {free / GIB:.2f} GiB left of {floor / GIB:.2f} ({setting})."

    @contextmanager
    def _open(self) -> Iterator[Transaction]:
        """A transaction; a database that does not answer is told as Unreachable."""
        try:
            with transaction(self.sessions, self.queue) as tx:
                yield tx
        except DATABASE_AWAY as error:
            raise Unreachable(_why(error), remedy="It is asked again.") from error


def hears_again(jobs: Collection[Message], stages: Collection[Stage]) -> bool:
    """Whether a bell that was just rung would wake the slot that rang it."""
    return any(isinstance(job, Work) and job.stage in stages for job in jobs)


def _why(error: Exception) -> str:
    if is_crowded(error):
        return "The database takes no more connections; raise max_connections."
    cause = getattr(error, "orig", None) or error
    return f"The database does not answer: {str(cause).partition(chr(10))[0]}"
