"""A live platform for end-to-end tests: `mood up` in a home of its own, and people who type `mood …`."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import docker
import httpx
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, joinedload

from mood_platform.db.engine import Sessions, make_engine, make_sessions
from mood_platform.db.transaction import database_now
from mood_platform.execution.container_options import INSTANCE_LABEL
from mood_platform.machine.installation import Installation
from mood_platform.machine.processes import processes_of
from mood_platform.machine.supervisor import Supervisor
from mood_platform.models import CaseRun, Event, Run, Submission, Team
from mood_platform.storage.local import LocalStore

MOOD = Path(sys.executable).parent / "mood"
QUICK = {"LEASE_SECONDS": "4", "HEARTBEAT_SECONDS": "1", "SWEEP_SECONDS": "2", "REAP_SECONDS": "3"}
"""A lost case is noticed in seconds, so that a test can wait for it."""
PATIENCE_SECONDS = 60.0
SICK_SLOT = "sick"
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with a login of their own, as if on a machine of their own."""

    name: str
    folder: Path
    url: str
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18))

    @property
    def email(self) -> str:
        return f"{self.name}@example.org"

    def register(self, *, team: str | None = None) -> None:
        founds = ["--team", team, "--handle", team] if team else []
        self.mood("register", "--email", self.email, "--name", self.name, *founds)

    def mood(self, *words: str | Path) -> str:
        """What `mood WORDS` prints; an error ends the test with what the command said."""
        return run_command([MOOD, *words], self._environment())

    def ask(self, *words: str | Path) -> Any:
        """The JSON document that a command prints."""
        return json.loads(self.mood(*words, "--json"))

    def get(self, path: str) -> httpx.Response:
        """The API's answer, whatever it is, to this person's token."""
        return httpx.get(f"{self.url}/api/v1{path}", headers=self._bearer(), timeout=30)

    def post(self, path: str, body: dict[str, str], *, key: str) -> httpx.Response:
        """The same for a POST with an Idempotency-Key."""
        headers = {**self._bearer(), "Idempotency-Key": key}
        return httpx.post(f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=30)

    def start(self, *words: str | Path) -> subprocess.Popen[bytes]:
        """`mood WORDS` in the background, to be killed in the middle."""
        command = [str(word) for word in (MOOD, *words)]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            command,
            env=_inherited() | self._environment(),
            stdout=quiet,
            stderr=quiet,
            start_new_session=True,
        )

    def _bearer(self) -> dict[str, str]:
        known = json.loads((self.folder / "config" / "mood" / "credentials.json").read_text())
        return {"Authorization": f"Bearer {known['tokens'][self.url]}"}

    def _environment(self) -> dict[str, str]:
        return {
            "MOOD_URL": self.url,
            "MOOD_PASSWORD": self.password,
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }


@dataclass(frozen=True, slots=True)
class Record:
    """A team's Runs, in the order they were handed in, their cases and all that happened to them."""

    runs: Sequence[Run]
    cases: Sequence[CaseRun]
    events: Sequence[Event]

    @property
    def over(self) -> bool:
        return bool(self.runs) and all(not run.state.live for run in self.runs)

    def cases_of(self, run: Run) -> list[CaseRun]:
        return [case for case in self.cases if case.run_id == run.id]


@dataclass(frozen=True)
class LivePlatform:
    """`mood up` in `home`, whose path is short because it holds unix sockets; its people in `folder`."""

    home: Path
    folder: Path
    port: int
    slots: int = 2

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def installation(self) -> Installation:
        return Installation(self.home.resolve())

    @property
    def instance(self) -> str:
        return self.installation.settings()["MOOD_EXECUTION__INSTANCE"]

    @cached_property
    def sessions(self) -> Sessions:
        """The platform's own database, for a look at what was recorded."""
        return make_sessions(make_engine(self.installation.postgres.url, pool_size=2))

    def up(self, **execution: str) -> None:
        """`execution` adds to or changes the quick settings of that group."""
        self._write_settings(execution)
        port, number = str(self.port), str(self.slots)
        size = ["--slots", number, "--overcommit"]  # tests run on two cores, and wait more than they work
        run_command([MOOD, "up", "--home", self.home, "--port", port, *size, "--detach"])

    def down(self) -> None:
        run_command([MOOD, "down", "--home", self.home])

    def admin(self, *words: str | Path) -> str:
        """A command of the operator, who works on the server itself."""
        return run_command([MOOD, "admin", *words, "--home", self.home])

    def person(self, name: str, *, team: str | None = None) -> Person:
        """A new registered person, who founds a team."""
        one = Person(name, self.folder / name, self.url)
        one.register(team=team)
        return one

    @contextmanager
    def sick_slot(self) -> Iterator[str]:
        """One more slot on the same Engine, whose GPU does not exist; gives its name."""
        settings = {"MOOD_EXECUTION__NODE": SICK_SLOT, "MOOD_EXECUTION__GPU": "GPU-00000000-dead"}
        command = [sys.executable, "-m", "celery", "-A", "mood_platform.worker.celery", "worker"]
        options = ["-Q", "toy,challenge,analysis", "-c", "1", "-n", f"{SICK_SLOT}@%h"]
        log = self.installation.logs / f"{SICK_SLOT}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*command, *options, "--without-gossip", "--without-mingle", "--loglevel", "INFO"],
                env=self.installation.environment(_inherited()) | settings,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        try:
            yield SICK_SLOT
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def process_of(self, program: str) -> int | None:
        """Its process while it is up, as the supervisor says."""
        found = (one.pid for one in Supervisor(self.installation).states() if one.name == program)
        return next((pid for pid in found if pid), None)

    def is_running(self, program: str) -> bool:
        states = Supervisor(self.installation).states()
        return any(one.name == program and one.state == "RUNNING" for one in states)

    def kill(self, program: str, *, tree: bool) -> int:
        """SIGKILL to the program's process, and at once to all it started or not; returns the process."""
        process = self.process_of(program)
        assert process in processes_of(self.home), f"{program} does not run here"
        for one in [process, *(children_of(process) if tree else [])]:
            os.kill(one, signal.SIGKILL)
        return process

    def record_of(self, team: str) -> Record:
        """What the database says of a team's Runs now."""
        return self.read(lambda session: read_record(session, team))

    def now(self) -> datetime:
        """The database's clock, by which everything is recorded."""
        return self.read(database_now)

    @property
    def store(self) -> LocalStore:
        return LocalStore(self.installation.read_settings().storage.root)

    def results_of(self, run: Run) -> dict[str, Any]:
        """The stored results of a scored Run."""
        assert run.results_key is not None
        found: dict[str, Any] = json.loads(self.store.read(run.results_key, limit=2**24))
        return found

    def logs(self) -> str:
        """The end of every program's log."""
        supervisor = Supervisor(self.installation)
        names = sorted(path.stem for path in self.installation.logs.glob("*.log"))
        return "\n".join(f"== {name}\n{supervisor.log_tail(name)}" for name in names)

    def leftovers(self) -> list[str]:
        """Containers, volumes and half-made files of this installation, and processes nobody looks after."""
        return [*self.engine_leftovers(), *self._file_leftovers(), *self._process_leftovers()]

    def engine_leftovers(self) -> list[str]:
        """Containers and volumes, whatever their state."""
        with docker_client() as client:
            mine: dict[str, str | list[str] | bool] = {"label": f"{INSTANCE_LABEL}={self.instance}"}
            containers = client.containers.list(all=True, filters=mine, ignore_removed=True)
            return [
                *(f"container {one.name}" for one in containers),
                *(f"volume {one.name}" for one in client.volumes.list(filters=mine)),
            ]

    def _file_leftovers(self) -> list[str]:
        """Locks stay, they are empty; an upload's file goes once its image is checked."""
        root = self.store.root
        patterns = ("cache/case-*", "cache/**/*.part", "**/.new-*", "uploads/*")
        return [f"file {path.relative_to(root)}" for pattern in patterns for path in root.glob(pattern)]

    def _process_leftovers(self) -> list[str]:
        """Everything that runs here descends from the supervisor, while there is one."""
        pid_file = self.installation.run_folder / "supervisord.pid"
        keepers = [int(pid_file.read_text())] if pid_file.exists() else []
        kept = {one for keeper in keepers for one in (keeper, *children_of(keeper))}
        stray = processes_of(self.home) - kept
        return [f"process {one} {_command_of(one)}" for one in sorted(stray) if _command_of(one)]

    def read(self, query: Callable[[Session], Found]) -> Found:
        """Waits for a database that is just being started again."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with self.sessions() as session:
                    return query(session)
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def _write_settings(self, execution: Mapping[str, str]) -> None:
        """What `mood up` finds there it keeps."""
        lines = {"INSTANCE": f"mood-live-{secrets.token_hex(4)}", **QUICK, **execution}
        text = "".join(f"MOOD_EXECUTION__{name}={value}\n" for name, value in lines.items())
        self.installation.settings_file.write_text(text)


def read_record(session: Session, team: str) -> Record:
    query = select(Run).join(Submission, Run.submission_id == Submission.id)
    query = query.join(Team, Submission.team_id == Team.id).where(Team.handle == team)
    relations = joinedload(Run.submission)
    runs = session.scalars(query.order_by(Submission.number, Run.number).options(relations)).all()
    ids = [run.id for run in runs]
    cases = select(CaseRun).where(CaseRun.run_id.in_(ids)).options(joinedload(CaseRun.case))
    events = select(Event).where(Event.run_id.in_(ids)).order_by(Event.sequence)
    return Record(runs, session.scalars(cases).all(), session.scalars(events).all())


def children_of(process: int) -> list[int]:
    """Processes it started, and those they started."""
    own = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [one for child in map(int, own) for one in (child, *children_of(child))]


def what_counts(results: dict[str, Any]) -> list[Any]:
    """The results without times, attempts and names of files: what two equal images share."""
    kept = ("outcome", "reason", "flags", "score")
    return [
        part["result"]
        | {"cases": {name: {key: case[key] for key in kept} for name, case in part["cases"].items()}}
        for part in results["test_sets"]
    ]


def _command_of(process: int) -> str:
    """Empty once it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _inherited() -> dict[str, str]:
    """A command needs PATH and the like."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MOOD_")}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_command(words: list[str | Path], variables: dict[str, str] | None = None) -> str:
    """What a command wrote to standard output; its errors become the test's."""
    done = subprocess.run(
        [str(word) for word in words],
        env=_inherited() | (variables or {}),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, (
        f"`{' '.join(map(str, words))}` → {done.returncode}\n{done.stdout}{done.stderr}"
    )
    return done.stdout


@contextmanager
def docker_client() -> Iterator[docker.DockerClient]:
    client = docker.from_env(timeout=60)
    try:
        yield client
    finally:
        client.close()
