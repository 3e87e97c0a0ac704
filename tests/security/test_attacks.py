"""Every attack of the table in a real container: its named outcome, and a host that notices nothing."""

import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import NotFound
from docker.models.containers import Container

from mood_evaluator import Task, score_pixel_case, score_sample_case
from mood_platform.contract import CASE_USERS, HOLDER_USER
from mood_platform.execution.container_options import CLAIM_LABEL
from mood_platform.execution.outcome import outcome
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRunState
from mood_support.container_attacks import (
    ATTACKS,
    HONEST,
    LIMITS,
    ON_THE_RUNNER,
    SHAPE,
    Attack,
)

pytestmark = pytest.mark.docker
Run = Callable[..., Any]
DISK_BOUND = 2**28
"""Bytes; each filler alone would write more, were it not for its limit."""
BY_NAME = {attack.name: attack for attack in ATTACKS}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What only the evaluator can judge needs a container each in `make attacks` alone."""
    if "name" in metafunc.fixturenames:
        every = metafunc.config.getoption("--attack-table", default=False)
        metafunc.parametrize("name", [attack.name for attack in (ATTACKS if every else ON_THE_RUNNER)])


@dataclass
class Host:
    """What attacks could do to the machine around them."""

    engine: docker.DockerClient
    bystander: Container
    made: set[str] = field(default_factory=set)
    """Ids of the containers of all attacks."""

    def __post_init__(self) -> None:
        self.before = self.look()
        self.free = self.free_bytes()

    def look(self) -> dict[str, object]:
        self.bystander.reload()
        state = self.bystander.attrs["State"]
        loops = sorted(str(path) for path in Path("/sys/block").glob("loop*/loop/backing_file"))
        return {
            "bystander": {name: state[name] for name in ("Running", "Pid", "StartedAt", "OOMKilled")},
            "loop devices": loops,
            "shared memory": sorted(path.name for path in Path("/dev/shm").iterdir() if owned(path)),
        }

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.engine.info()["DockerRootDir"]).free

    def remember(self, claim: str, *, since: float) -> None:
        """Ids of the containers of this claim, long gone; at once: the engine forgets its older events."""
        wanted = {"type": "container", "event": "create"}
        until = f"{time.time():.9f}"
        events = self.engine.events(since=int(since), until=until, filters=wanted, decode=True)
        actors = [event["Actor"] for event in events]
        made = {actor["ID"] for actor in actors if actor["Attributes"].get(CLAIM_LABEL) == claim}
        assert len(made) >= 2
        self.made |= made


def owned(path: Path) -> bool:
    """Whether a submission or its holder made it; others may come and go meanwhile."""
    with suppress(FileNotFoundError):
        return path.lstat().st_uid in {*CASE_USERS, HOLDER_USER}
    return False


@pytest.fixture(scope="module")
def host(engine: docker.DockerClient, base_image: str) -> Iterator[Host]:
    """Somebody else's container runs all the while; afterwards everything is as it was."""
    bystander = engine.containers.run(
        base_image, ["sleep", "3600"], detach=True, name=f"mood-tests-bystander-{uuid.uuid4().hex}"
    )
    try:
        host = Host(engine, bystander)
        yield host
        assert host.look() == host.before
        groups = {path.name for path in Path("/sys/fs/cgroup").rglob("*") if path.is_dir()}
        assert not [group for group in groups if any(name in group for name in host.made)]
        wait_until(lambda: host.free - host.free_bytes() < DISK_BOUND)
    finally:
        with suppress(NotFound):
            bystander.remove(force=True)


def wait_until(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def attacked(run_case: Run, host: Host, attack: Attack) -> tuple[Any, Attack]:
    """The attack, with what became of it in the place of what should."""
    started = time.time()
    ran = run_case(attack.program, task=attack.task, **LIMITS)
    host.remember(ran.claim_id, since=started)
    assert ran.execution.engine_error is None
    judged = outcome(ran.execution)
    facts: dict[str, Any] = {"name": attack.name, "program": attack.program, "task": attack.task}
    if judged.state_name != "collected":
        state = CaseRunState(judged.state_name)
        return ran, Attack(**facts, state=state, reason=judged.reason, flags=judged.flags)
    if attack.task is Task.SAMPLE:
        score = score_sample_case(ran.output)
    else:
        score = score_pixel_case(ran.output, label=None, shape=SHAPE)
    return ran, Attack(
        **facts,
        state=CaseRunState.SUCCEEDED if score.valid else CaseRunState.OUTPUT_INVALID,
        reason=None if score.valid else FailureReason.OUTPUT_INVALID,
        fault=score.fault,
        flags=(*judged.flags, *score.flags),
    )


def test_it_has_its_named_outcome(
    name: str, run_case: Run, host: Host, record_property: Callable[[str, object], None]
) -> None:
    expected = BY_NAME[name]
    ran, found = attacked(run_case, host, expected)
    assert found == expected, ran.log[-500:]
    notes = [str(note) for note in (found.fault, *found.flags) if note is not None]
    record_property(
        "attack", (name, str(found.reason or found.state), ", ".join(notes), ran.execution.seconds)
    )


def test_an_honest_case_runs_as_ever_after_all_of_them(run_case: Run, host: Host) -> None:
    assert host.made
    ran = run_case(HONEST, **LIMITS)
    assert score_pixel_case(ran.output, label=None, shape=SHAPE).valid
