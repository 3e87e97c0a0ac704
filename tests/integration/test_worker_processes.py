"""Real Celery processes on real PostgreSQL and Valkey; only the container engine is scripted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

import mood_support
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.errors import Transient
from mood_platform.machine.valkey import ValkeyServer
from mood_platform.models import CaseRun, CaseRunState, Run, RunState, Stage, Submission
from mood_platform.queueing import Job, Queue, ScoreRun, Work
from mood_platform.settings import Settings
from mood_platform.storage.local import LocalStore
from mood_platform.worker.queue import CeleryQueue
from mood_support.factories import TinyPlatform, make_platform

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

SUPPORT = Path(mood_support.__file__).parents[1]
SHIM = '''
import os, time
from pathlib import Path
from mood_platform.settings import Settings
from mood_support.drive import echo
from mood_platform.execution.fake_runtime import FakeRuntime
from mood_platform.worker.app import create_celery
from mood_platform.worker.reaper import serve
from mood_platform.worker.world import build_slot

class Engine(FakeRuntime):
    """Has every image; a case takes a moment. What a killed worker left on it is a file a claim."""
    folder = Path(os.environ.get("ENGINE", "/nowhere"))
    def has_image(self, image):
        return True
    def hold_image(self, image, *, instance):
        return True
    def claims(self, *, instance):
        return {path.name for path in self.folder.glob("*")}
    def remove_claim(self, claim_id):
        (self.folder / claim_id).unlink(missing_ok=True)

def build(settings):
    seconds = float(os.environ.get("CASE_SECONDS", "0.15"))
    return build_slot(settings, runtime=Engine(echo, before_case=lambda job: time.sleep(seconds)))

if __name__ == "__main__":
    settings = Settings.read()
    serve(build(settings), every_seconds=settings.execution.reap_seconds)
app = create_celery(Settings.read(), slot=build)
'''


@dataclass
class Workers:
    """Starts and ends Celery processes that share one configuration."""

    environment: dict[str, str]
    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *arguments: str) -> None:
        self._start(name, ["celery", "-A", "shim", *arguments])

    def start_reaper(self, name: str, *, engine: Path) -> None:
        self._start(name, ["shim"], ENGINE=str(engine), MOOD_EXECUTION__NODE=name)

    def _start(self, name: str, module: list[str], **variables: str) -> None:
        environment = (
            os.environ
            | self.environment
            | {"PYTHONPATH": os.pathsep.join(map(str, (self.folder, SUPPORT)))}
            | variables
        )
        with self.log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", *module],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def start_worker(self, name: str, queues: str) -> None:
        quiet = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")
        self.start(name, "worker", "-Q", queues, "-c", "1", "-n", f"{name}@test", *quiet)

    def kill(self, name: str) -> None:
        """The whole worker, pool child included, with SIGKILL."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop_all(self) -> None:
        for name in list(self.running):
            self.kill(name)


class Broker:
    """A broker of this test, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.valkey = ValkeyServer(folder)
        self.start()

    def start(self) -> None:
        self._server = subprocess.Popen(self.valkey.server_command(), stdout=subprocess.DEVNULL)
        until(self.valkey.socket.exists)

    def kill(self) -> None:
        self._server.kill()
        self._server.wait()
        self.valkey.socket.unlink(missing_ok=True)


@dataclass
class Machine:
    platform: TinyPlatform
    queue: CeleryQueue
    workers: Workers
    broker: Broker

    def submit(self, name: str, *, stage: Stage = Stage.CHALLENGE) -> Submission:
        submission = self.platform.submit(self.platform.join(name), stage=stage)
        for job, arguments in self.platform.queue.pending:
            assert job is Job.WORK
            self.queue.send(Work(Stage(arguments["stage"])))
        self.platform.queue.pending.clear()
        return submission

    def states(self, run: Run) -> Counter[CaseRunState]:
        with transaction(self.platform.sessions, self.queue) as tx:
            return Counter(tx.session.scalars(select(CaseRun.state).where(CaseRun.run_id == run.id)))

    def attempts(self, run: Run) -> set[int]:
        with transaction(self.platform.sessions, self.queue) as tx:
            return set(tx.session.scalars(select(CaseRun.attempt).where(CaseRun.run_id == run.id)))

    def ended(self, submission: Submission) -> bool:
        return not self.platform.run_of(submission).state.live


@pytest.fixture
def machine(
    sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str, engines_home: Path
) -> Iterator[Machine]:
    (tmp_path / "shim.py").write_text(SHIM)
    with ExitStack() as stack:
        home = engines_home / f"broker-{time.monotonic_ns()}"
        broker = Broker(home)
        stack.callback(broker.kill)
        environment = {
            "MOOD_DATABASE__URL": database_url,
            "MOOD_BROKER__URL": ValkeyServer(home).url,
            "MOOD_STORAGE__ROOT": str(store.root),
            "MOOD_EXECUTION__LEASE_SECONDS": "3",
            "MOOD_EXECUTION__HEARTBEAT_SECONDS": "1",
            "MOOD_EXECUTION__SWEEP_SECONDS": "1",
            "MOOD_EXECUTION__REAP_SECONDS": "2",
            "MOOD_EXECUTION__CASE_SECONDS_MAX": "10",
        }
        settings = Settings.model_validate(nested(environment))
        workers = Workers(environment, tmp_path)
        stack.callback(workers.stop_all)
        platform = make_platform(sessions, store, tmp_path / "sets")
        yield Machine(platform, CeleryQueue(settings), workers, broker)


def nested(environment: dict[str, str]) -> dict[str, dict[str, str]]:
    """MOOD_GROUP__NAME=value as the groups of Settings."""
    groups: dict[str, dict[str, str]] = {}
    for name, value in environment.items():
        group, _, key = name.removeprefix("MOOD_").lower().partition("__")
        groups.setdefault(group, {})[key] = value
    return groups


def until(ready: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_a_toy_slot_serves_toy_cases_while_the_challenge_waits_and_no_run_needs_a_sweep(
    machine: Machine,
) -> None:
    machine.workers.start_worker("toy-slot", "toy")
    machine.workers.start_worker("evaluate", "evaluate,intake")
    waiting = machine.submit("north")
    until(lambda: machine.platform.run_of(waiting).toy_reported_at is not None)
    toy = machine.submit("south", stage=Stage.TOY)
    until(lambda: machine.ended(toy))
    assert machine.platform.run_of(toy).state is RunState.SCORED
    assert machine.states(machine.platform.run_of(waiting))[CaseRunState.QUEUED] == 8
    machine.workers.start_worker("slot", "toy,challenge,analysis")
    until(lambda: machine.ended(waiting))
    run = machine.platform.run_of(waiting)
    assert run.state is RunState.SCORED
    assert machine.states(run) == {CaseRunState.SUCCEEDED: 16}
    until(lambda: machine.queue.waiting(Queue.TOY) + machine.queue.waiting(Queue.CHALLENGE) == 0)


def test_killed_slot_evaluator_sweeper_beat_and_broker_all_come_back_and_the_run_ends_scored(
    machine: Machine,
) -> None:
    start = {
        "slot": lambda: machine.workers.start_worker("slot", "toy,challenge,analysis"),
        "evaluate": lambda: machine.workers.start_worker("evaluate", "evaluate,intake"),
        "upkeep": lambda: machine.workers.start_worker("upkeep", "upkeep,mail"),
        "beat": lambda: machine.workers.start("beat", "beat"),
    }
    for begin in start.values():
        begin()
    submission = machine.submit("north")
    run = machine.platform.run_of(submission)
    for done, victim in ((2, "slot"), (5, "evaluate"), (8, "beat"), (9, "upkeep"), (10, "slot")):
        until(lambda done=done: machine.states(run)[CaseRunState.SUCCEEDED] >= done)
        machine.workers.kill(victim)
        machine.broker.kill()
        machine.broker.start()
        start[victim]()
    until(lambda: machine.ended(submission), seconds=120)
    assert machine.platform.run_of(submission).state is RunState.SCORED
    assert machine.states(run) == {CaseRunState.SUCCEEDED: 16}


def test_a_broker_that_is_away_during_a_case_costs_neither_worker_nor_attempt(machine: Machine) -> None:
    machine.workers.environment["CASE_SECONDS"] = "1"
    machine.workers.start_worker("slot", "toy")
    submission = machine.submit("north", stage=Stage.TOY)
    run = machine.platform.run_of(submission)
    until(lambda: machine.states(run)[CaseRunState.RUNNING] == 1)
    machine.broker.kill()
    until(lambda: machine.states(run)[CaseRunState.COLLECTED] == 1)
    assert machine.workers.running["slot"].poll() is None
    assert machine.attempts(run) == {0, 1}


def test_a_broker_that_is_down_costs_the_sender_no_error(machine: Machine) -> None:
    gone = Settings.model_validate(
        {
            "database": {"url": "postgresql+psycopg://nobody@/nothing"},
            "broker": {"url": "redis+socket:///tmp/there-is-no-broker.sock"},
            "storage": {"root": "/nowhere"},
        }
    )
    started = time.monotonic()
    CeleryQueue(gone).send(Work(Stage.TOY))
    with pytest.raises(Transient, match="broker does not answer"):
        CeleryQueue(gone).waiting(Queue.TOY)
    assert time.monotonic() - started < 5


def test_a_bell_that_hangs_unanswered_is_not_hung_twice(machine: Machine) -> None:
    for _ in range(5):
        machine.queue.send(Work(Stage.TOY))
        machine.queue.send(Work(Stage.CHALLENGE))
        machine.queue.send(ScoreRun(UUID(int=1)))
    waiting = [machine.queue.waiting(queue) for queue in (Queue.TOY, Queue.CHALLENGE, Queue.EVALUATE)]
    assert waiting == [1, 1, 5]


def test_every_node_is_reaped_whatever_others_do_and_live_claims_stay(
    machine: Machine, tmp_path: Path
) -> None:
    machine.submit("north")
    claim = machine.platform.claim()
    assert claim is not None
    engines = [tmp_path / f"engine-{name}" for name in ("a", "b")]
    for engine in engines:
        engine.mkdir()
        for left in (claim.claim_id.hex, UUID(int=7).hex, "odd"):
            (engine / left).touch()
        machine.workers.start_reaper(engine.name, engine=engine)
    machine.workers.start_reaper("a-again", engine=engines[0])  # two on one node do no harm
    for engine in engines:
        until(lambda engine=engine: [path.name for path in engine.iterdir()] == [claim.claim_id.hex])
    late = engines[1] / UUID(int=8).hex
    late.touch()
    until(lambda: not late.exists())
