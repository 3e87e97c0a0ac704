"""An engine of our own is restarted in mid-case: the platform's fault, tried again, nothing is left over."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from mood_platform.execution.docker import DockerRuntime
from mood_platform.execution.outcome import Outcome, outcome
from mood_platform.execution.runtime import CaseJob, Execution
from mood_platform.machine.processes import wait_until

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.geteuid() != 0, reason="a second engine needs root"),
    pytest.mark.skipif(shutil.which("dockerd") is None, reason="no dockerd here to start a second one"),
]
ANSWER = "cp /mnt/data/case.nii.gz /mnt/pred/case.nii.gz"


@dataclass
class Engine:
    """A second dockerd in a network namespace of its own: the first one's bridge is out of its reach.

    Its containerd is a service of its own, as it is where Docker comes from packages, and outlives it.
    """

    home: Path
    servers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_containerd(self) -> None:
        config = self.home / "containerd.toml"
        config.write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        places = [f"--{name}={self.home / name}" for name in ("root", "state")]
        self._run("containerd", "containerd", f"--config={config}", f"--address={self._containerd}", *places)
        assert wait_until(self._containerd.exists, seconds=30), self.log()

    @property
    def _containerd(self) -> Path:
        return self.home / "containerd.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.home}/docker.sock"

    def start(self) -> None:
        places = {"data-root": "data", "exec-root": "exec", "pidfile": "pid", "containerd": "containerd.sock"}
        options = [f"--{name}={self.home / place}" for name, place in places.items()]
        options += ["--bridge=none", "--iptables=false", "--shutdown-timeout=5", f"--host={self.url}"]
        self._run("dockerd", "unshare", "--net", "dockerd", *options)
        assert wait_until(self.answers, seconds=60), self.log()

    def _run(self, name: str, *command: str) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self.servers[name] = subprocess.Popen(command, stdout=log, stderr=log)

    def log(self) -> str:
        return "\n".join(path.read_text()[-3000:] for path in self.home.glob("*.log"))

    def stop(self, sign: signal.Signals, *, name: str = "dockerd") -> None:
        """`unshare` has become dockerd, so this is its process."""
        if name in self.servers:
            server = self.servers.pop(name)
            server.send_signal(sign)
            server.wait(timeout=60)

    def restart(self, sign: signal.Signals) -> None:
        self.stop(sign)
        self.start()

    def answers(self) -> bool:
        try:
            with closing(self.client()) as client:
                return bool(client.ping())
        except (DockerException, OSError):
            return False

    def client(self) -> docker.DockerClient:
        return docker.DockerClient(base_url=self.url, timeout=30)

    def is_running(self, name: str) -> bool:
        with closing(self.client()) as client:
            return bool(client.containers.list(filters={"name": name}))

    def leftovers(self) -> list[str]:
        with closing(self.client()) as client:
            found = [one.name or "" for one in client.containers.list(all=True)]
            return found + [one.name or "" for one in client.volumes.list()]


@pytest.fixture(scope="module")
def engine_of_our_own(image: str, base_image: str) -> Iterator[Engine]:
    """With the two images that a case needs."""
    engine = Engine(Path(tempfile.mkdtemp(prefix="mood-engine-")))
    try:
        engine.start_containerd()
        engine.start()
        copy = f"docker save {image} {base_image} | docker --host {engine.url} load --quiet"
        subprocess.run(["bash", "-o", "pipefail", "-c", copy], check=True, capture_output=True)
        yield engine
    finally:
        engine.stop(signal.SIGTERM)
        engine.stop(signal.SIGTERM, name="containerd")
        _end_leftovers(engine.home)
        shutil.rmtree(engine.home)


def _end_leftovers(home: Path) -> None:
    """What a failed test may have left: shims and their containers, then their mounts."""
    for shim in _uses(home):
        children = Path(f"/proc/{shim}/task/{shim}/children").read_text().split()
        for process in (*map(int, children), shim):
            os.kill(process, signal.SIGKILL)
    assert wait_until(lambda: not _uses(home), seconds=30)
    mounted = (line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines())
    for place in sorted((one for one in mounted if one.startswith(str(home))), reverse=True):
        subprocess.run(["umount", "--lazy", place], check=True)


def _uses(home: Path) -> list[int]:
    """Processes that name the folder in their command."""
    found = ((int(entry.name), _read(entry / "cmdline")) for entry in Path("/proc").glob("[0-9]*"))
    return [process for process, command in found if str(home).encode() in command]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def run_and_restart(
    engine: Engine, job: CaseJob, sign: signal.Signals, *, ready: Callable[[], bool]
) -> tuple[Execution, float]:
    """The worker's view of a case whose engine is restarted when `ready` says so."""
    results: list[Execution] = []
    runtime = DockerRuntime(base_url=engine.url, timeout=30)
    worker = threading.Thread(target=lambda: results.append(runtime.execute(job, should_stop=lambda: False)))
    worker.start()
    assert wait_until(ready, seconds=30, every=0.02)
    begun = time.monotonic()
    engine.restart(sign)
    worker.join(timeout=60)
    assert not worker.is_alive(), "the worker still waits for a case that is gone"
    return results[0], time.monotonic() - begun


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
@pytest.mark.parametrize(
    "program", ["sleep 300", f"{ANSWER}; trap '' TERM; sleep 300"], ids=["idle", "answered"]
)
def test_a_restart_in_mid_case_is_never_the_teams_fault_and_the_case_can_be_run_again(
    sign: signal.Signals, program: str, engine_of_our_own: Engine, make_job: Callable[..., CaseJob]
) -> None:
    engine = engine_of_our_own
    job = make_job(program, seconds=120)
    name = f"mood-{job.claim_id}-case"
    execution, _ = run_and_restart(engine, job, sign, ready=lambda: engine.is_running(name))
    assert outcome(execution).state_name == "platform_fault", execution
    assert not job.output.exists()
    reap(engine, job.instance)
    again = replace(make_job(ANSWER), claim_id=job.claim_id[::-1], instance=job.instance)
    second = DockerRuntime(base_url=engine.url).execute(again, should_stop=lambda: False)
    assert outcome(second) == Outcome("collected")
    assert engine.leftovers() == []


def reap(engine: Engine, instance: str) -> None:
    """What a dead worker's reaper does; afterwards nothing is there."""
    runtime = DockerRuntime(base_url=engine.url)
    for claim in runtime.claims(instance=instance):
        runtime.remove_claim(claim)
    assert engine.leftovers() == []
