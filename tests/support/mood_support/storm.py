"""A storm over a live platform: a seeded sequence of kills, pauses and refusals, and what came back when."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import docker
import redis
from docker.errors import APIError
from sqlalchemy import select

from mood_platform.execution.container_options import INSTANCE_LABEL
from mood_platform.execution.docker import DockerRuntime
from mood_platform.machine.processes import processes_of, wait_until
from mood_platform.machine.supervisor import Supervisor
from mood_platform.models import LIVE, CaseRun, CaseRunState, Run, Stage
from mood_platform.nodes.reaper import reap
from mood_platform.queueing import Job, queue_of
from mood_platform.runs.door import DatabaseDoor
from mood_platform.runs.sweeper import sweep
from mood_platform.worker.config import new_celery
from mood_platform.worker.queue import BROKER_AWAY, CeleryQueue
from mood_support.live import LivePlatform, children_of, docker_client

MEAN_PAUSE_SECONDS = 2.0
PAUSED_SECONDS = 7.0
"""How long a process stands still: past the lease of a quick platform and the sweep after it."""
REFUSING_SECONDS = 2.0
TARGET_SECONDS = 20.0
"""How long a disturbance waits for somebody to disturb."""


class Kind(StrEnum):
    KILL = "kill -9 alone"
    KILL_TREE = "kill -9 with children"
    PAUSE = "SIGSTOP past the lease"
    LOSE_HOLDER = "holder killed"
    LOSE_CONTAINERS = "containers removed"
    EMPTY_BROKER = "broker emptied"
    RING_TWICE = "every job twice"
    SWEEP_TWICE = "four sweepers at once"
    REAP_TWICE = "four reapers at once"
    REFUSE = "object store refuses"


@dataclass(frozen=True, slots=True)
class Step:
    """One disturbance: what, of which program, and how long after the one before."""

    kind: Kind
    program: str | None
    pause: float

    @property
    def name(self) -> str:
        return str(self.kind) if self.program is None else f"{self.kind}: {self.program}"


@dataclass(frozen=True, slots=True)
class Happened:
    """A step as it went; times are those of the wall clock."""

    step: Step
    at: float
    running: int
    """Cases that were being run."""
    process: int | None = None


def plan(platform: LivePlatform, *, seed: int, count: int) -> list[Step]:
    """The same seed, the same sequence; every program of the platform is in it, whatever there are."""
    programs = platform.installation.programs(slots=platform.slots)
    names = [program.name for program in programs]
    workers = [program.name for program in programs if "worker" in program.command]
    everything: list[tuple[Kind, str | None]] = [(Kind.KILL, name) for name in names]
    everything += [(kind, name) for kind in (Kind.KILL_TREE, Kind.PAUSE) for name in workers]
    everything += 2 * [(kind, None) for kind in list(Kind)[3:]]
    dice = random.Random(seed)
    chosen = (dice.choice(everything) for _ in range(count))
    return [Step(kind, name, dice.expovariate(1 / MEAN_PAUSE_SECONDS)) for kind, name in chosen]


@dataclass
class Storm:
    """Goes over `platform` step by step; afterwards `happened` and `up_again` say how it went."""

    platform: LivePlatform
    happened: list[Happened] = field(default_factory=list)
    starts: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    """By program: when which process was first seen to be up."""
    _resumptions: list[threading.Timer] = field(default_factory=list)

    def rage(self, steps: Sequence[Step], *, told: Callable[[str], None]) -> None:
        _prepare_refusals(self.platform.store.root / "runs")
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(over,))
        watcher.start()
        try:
            for number, step in enumerate(steps, start=1):
                time.sleep(step.pause)
                told(f"{number:4}/{len(steps)}  {step.name}")
                self._disturb(step)
            for resumption in self._resumptions:
                resumption.join()
            wait_until(self._all_up, seconds=120, every=0.5)
        finally:
            over.set()
            watcher.join()

    def seconds_until_up(self, one: Happened) -> float | None:
        """Until the killed program's next process was up; None: nothing was killed, or it is not back."""
        if one.process is None or one.step.program is None:
            return None
        later = (
            at - one.at
            for at, process in self.starts.get(one.step.program, [])
            if at > one.at and process != one.process
        )
        return next(later, None)

    def _watch(self, over: threading.Event) -> None:
        supervisor = Supervisor(self.platform.installation)
        while not over.wait(0.5):
            for one in supervisor.states():
                seen = self.starts.setdefault(one.name, [])
                if one.state == "RUNNING" and (not seen or seen[-1][1] != one.pid):
                    seen.append((time.time(), one.pid))

    def _all_up(self) -> bool:
        states = Supervisor(self.platform.installation).states()
        return bool(states) and all(one.state == "RUNNING" for one in states)

    def _disturb(self, step: Step) -> None:
        running, at = self._running(), time.time()
        process: int | None = None
        if step.program is not None:
            process = self._hit(step, step.program)
        else:
            getattr(self, f"_{step.kind.name.lower()}")()
        self.happened.append(Happened(step, at, running, process))

    def _running(self) -> int:
        live = select(CaseRun.id).where(CaseRun.state == CaseRunState.RUNNING)
        return len(self.platform.read(lambda session: session.scalars(live).all()))

    def _hit(self, step: Step, program: str) -> int | None:
        """The process that was hit; None when the program did not come up in time."""
        wait_until(lambda: self.platform.process_of(program) is not None, seconds=TARGET_SECONDS)
        process = self.platform.process_of(program)
        if process is None or process not in processes_of(self.platform.home):
            return None
        family = [process, *([] if step.kind is Kind.KILL else _children(process))]
        if step.kind is Kind.PAUSE:
            _signal(family, signal.SIGSTOP)
            resume = threading.Timer(PAUSED_SECONDS, _signal, [family, signal.SIGCONT])
            resume.start()
            self._resumptions.append(resume)
            return None
        _signal(family, signal.SIGKILL)
        return process

    def _lose_holder(self) -> None:
        """Somebody else's hand on the engine: the holder of a running case is killed."""
        with docker_client() as client:
            for case in self._running_cases(client)[:1]:
                with suppress(APIError):  # its case may just have ended
                    client.api.kill(case.removesuffix("case") + "holder")

    def _lose_containers(self) -> None:
        """The same, but both its containers are removed."""
        with docker_client() as client:
            for case in self._running_cases(client)[:1]:
                for name in (case, case.removesuffix("case") + "holder"):
                    with suppress(APIError):
                        client.api.remove_container(name, force=True)

    def _running_cases(self, client: docker.DockerClient) -> list[str]:
        """Names of containers that run a submission now; waits for one."""
        mine: dict[str, str | list[str] | bool] = {"label": f"{INSTANCE_LABEL}={self.platform.instance}"}

        def find() -> list[str]:
            found = client.containers.list(filters=mine, ignore_removed=True)
            return sorted(one.name for one in found if one.name and one.name.endswith("-case"))

        wait_until(lambda: bool(find()), seconds=TARGET_SECONDS)
        return find()

    def _empty_broker(self) -> None:
        with suppress(redis.RedisError), redis.Redis(unix_socket_path=str(self._broker_socket())) as client:
            client.flushall()

    def _broker_socket(self) -> Path:
        return self.platform.installation.valkey.socket

    def _ring_twice(self) -> None:
        """As a broker does that forgot what was acknowledged."""
        app = new_celery(self.platform.installation.read_settings())
        jobs: list[tuple[Job, dict[str, str]]] = [(Job.WORK, {"stage": str(stage)}) for stage in Stage]
        cases = select(CaseRun.id).join(Run).where(Run.state.in_(LIVE))
        runs = select(Run.id).where(Run.state.in_(LIVE))
        known = self.platform.read(
            lambda session: (session.scalars(cases).all(), session.scalars(runs).all())
        )
        jobs += [(Job.SCORE_CASE, {"case_run_id": str(one)}) for one in known[0]]
        jobs += [(Job.SCORE_RUN, {"run_id": str(one)}) for one in known[1]]
        with suppress(*BROKER_AWAY):
            for job, arguments in 2 * jobs:
                app.send_task(job, kwargs=arguments, queue=queue_of(job, arguments), retry=False)
        app.close()

    def _sweep_twice(self) -> None:
        queue = CeleryQueue(self.platform.installation.read_settings())
        attempts = self.platform.installation.read_settings().execution.max_attempts
        _at_once(lambda: sweep(self.platform.sessions, queue, max_attempts=attempts))

    def _reap_twice(self) -> None:
        queue = CeleryQueue(self.platform.installation.read_settings())
        instance = self.platform.instance
        door = DatabaseDoor(sessions=self.platform.sessions, queue=queue, store=self.platform.store)
        _at_once(lambda: reap(door, DockerRuntime(), instance=instance))

    def _refuse(self) -> None:
        """Where predictions and results go there is suddenly a file: nothing can be read or written below."""
        runs = self.platform.store.root / "runs"
        kept = runs.resolve()
        nothing = kept.with_name("nothing")
        nothing.touch()
        _point(runs, nothing)
        time.sleep(REFUSING_SECONDS)
        _point(runs, kept)


def _prepare_refusals(runs: Path) -> None:
    """A link can be turned in one step; the folder it stands for is kept beside it."""
    kept = runs.with_name("runs-kept")
    if not runs.is_symlink():
        runs.rename(kept)
        runs.symlink_to(kept)


def _point(link: Path, target: Path) -> None:
    fresh = link.with_name(f"{link.name}.fresh")
    fresh.symlink_to(target)
    fresh.replace(link)


def _at_once(action: Callable[[], object]) -> None:
    """By four threads; one that meets a dead database or engine has nothing to say."""

    def attempt() -> None:
        with suppress(Exception):
            action()

    with ThreadPoolExecutor(4) as four:
        for _ in range(4):
            four.submit(attempt)


def _children(process: int) -> list[int]:
    with suppress(OSError):
        return children_of(process)
    return []


def _signal(processes: Sequence[int], sign: signal.Signals) -> None:
    for one in processes:
        with suppress(ProcessLookupError):
            os.kill(one, sign)
