"""`mood test` that is killed, hung up on or ended leaves nothing; two at once leave each other alone."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from mood_platform.execution.container_options import INSTANCE_LABEL
from mood_platform.execution.docker import DockerRuntime
from mood_platform.trial.place import trial_place
from mood_support.toy_set import write_toy_set

pytestmark = pytest.mark.docker

MOOD = Path(sys.executable).parent / "mood"
HEARS = ("env", "--default-signal=TERM,HUP,INT")
"""These tests may run where their parents ignore signals, as below `nohup` or behind `&`."""
LIMITS = "limits: {seconds: 600, memory: 128MiB, tmp: 8MiB, output: 1MiB, shm: 8MiB, cpus: 0.5, gpus: 0}\n"
WAITS = b'[ -e /workspace/waits ] && sleep 600; cp "$1/case.nii.gz" "$2/case.nii.gz"\n'


class Trials:
    """Starts `mood test` as one user, who has a home of their own."""

    def __init__(self, engine: docker.DockerClient, home: Path) -> None:
        self.engine, self.home = engine, home
        self.started: list[subprocess.Popen[bytes]] = []
        (home / "limits.yaml").write_text(LIMITS)
        write_toy_set(home / "set")

    def start(self, image: str) -> subprocess.Popen[bytes]:
        words = ["test", image, "--task", "pixel", "--data", "set", "--limits", "limits.yaml"]
        surroundings = {**os.environ, "XDG_CACHE_HOME": str(self.home / "cache")}
        begun = subprocess.Popen([*HEARS, MOOD, *words], cwd=self.home, env=surroundings)
        self.started.append(begun)
        return begun

    def left(self) -> list[str]:
        """Containers and volumes of all trials of this user."""
        tokens = [folder.name for folder in self.places()]
        labels = [{"label": f"{INSTANCE_LABEL}=mood-test-{token}"} for token in tokens]
        found = [
            self.engine.containers.list(all=True, filters=label, ignore_removed=True) for label in labels
        ]
        found += [self.engine.volumes.list(filters=label) for label in labels]
        return [str(one.name) for some in found for one in some]

    def places(self) -> list[Path]:
        return [lock.parent for lock in (self.home / "cache" / "mood" / "tests").rglob("alive")]

    def wait_for_case(self) -> None:
        wait_until(lambda: any(re.fullmatch("mood-local-.*-case", name) for name in self.left()))


@pytest.fixture
def trials(engine: docker.DockerClient, tmp_path: Path) -> Iterator[Trials]:
    made = Trials(engine, tmp_path)
    yield made
    for trial in made.started:
        trial.kill()
        trial.wait()
    with trial_place(DockerRuntime(), tmp_path / "cache" / "mood" / "tests"):
        pass  # it swept what a failed test left


@pytest.fixture(scope="module")
def waiting(build_image: Callable[..., str]) -> str:
    return build_image("RUN touch /workspace/waits", script=WAITS)


@pytest.fixture(scope="module")
def working(build_image: Callable[..., str]) -> str:
    return build_image(script=WAITS)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def containers_of(engine: docker.DockerClient, tokens: list[str]) -> list[str]:
    labels = [{"label": f"{INSTANCE_LABEL}=mood-test-{token}"} for token in tokens]
    lists = [engine.containers.list(all=True, filters=label, ignore_removed=True) for label in labels]
    return [str(one.name) for found in lists for one in found]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda one: one.name)
def test_a_trial_that_is_told_to_end_takes_everything_along(
    trials: Trials, engine: docker.DockerClient, waiting: str, ending: signal.Signals
) -> None:
    trial = trials.start(waiting)
    trials.wait_for_case()
    tokens = [place.name for place in trials.places()]
    trial.send_signal(ending)
    assert trial.wait(timeout=120) == 128 + ending
    assert trials.places() == []
    assert containers_of(engine, tokens) == []


def test_a_killed_trial_is_swept_by_the_next_which_leaves_a_running_one_alone(
    trials: Trials, waiting: str, working: str
) -> None:
    killed = trials.start(waiting)
    trials.wait_for_case()
    [dead] = trials.places()
    killed.kill()
    killed.wait()
    assert trials.left()
    other = trials.start(waiting)
    wait_until(lambda: dead not in trials.places())
    trials.wait_for_case()
    [alive] = trials.places()
    running = trials.left()
    assert trials.start(working).wait(timeout=120) == 0
    assert (trials.places(), sorted(trials.left())) == ([alive], sorted(running))
    assert other.poll() is None
    other.terminate()
    assert other.wait(timeout=120) == 128 + signal.SIGTERM
    assert (trials.places(), trials.left()) == ([], [])
