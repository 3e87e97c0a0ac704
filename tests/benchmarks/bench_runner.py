"""What the platform adds to a case, side by side with `docker run` of the same image by hand.

The image sleeps, then copies its input: the time above the sleep is all overhead. Each round runs the same
cases three ways, so that all three meet the same machine: by hand, by the runner alone, and by slots of the
whole platform (claim, cached case, container, stored prediction, record) on a real PostgreSQL.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import tarfile
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import docker
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from mood_evaluator import Dataset, Task
from mood_platform.contract import CASE_USERS, GROUP
from mood_platform.db.engine import make_engine, make_sessions
from mood_platform.db.transaction import transaction
from mood_platform.execution.docker import DockerRuntime
from mood_platform.execution.limits import Limits
from mood_platform.execution.runtime import CaseJob
from mood_platform.fake_queue import FakeQueue
from mood_platform.machine.migrations import migrate
from mood_platform.models import Stage
from mood_platform.nodes.attendance import Slot
from mood_platform.nodes.execute import work_once
from mood_platform.nodes.node import Node
from mood_platform.runs.door import DatabaseDoor
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.service import submit
from mood_support.edition import DOCUMENT, make_edition, make_image, make_participant
from mood_support.engines import running_postgres

ROOT = Path(__file__).resolve().parents[2]
LIMITS = {"seconds": 60, "memory": "512MiB", "tmp": "16MiB", "output": "64MiB", "shm": "16MiB", "gpus": 0}
BY_HAND = ("docker", "run", "--rm", "--network", "none", "--user", f"{CASE_USERS[0]}:{GROUP}")
WAYS = ("by hand", "runner", "platform")
Seconds = list[float]


@dataclass(frozen=True)
class Bench:
    """One image and its cases; `folder` is for everything that is written."""

    folder: Path
    image: str
    holder: str
    sleep: float
    cases: list[Path]
    slot: Slot
    door: DatabaseDoor
    seconds: dict[tuple[str, int], Seconds] = field(default_factory=dict)
    walls: dict[tuple[str, int], Seconds] = field(default_factory=dict)

    def measure(self, way: str, slots: int, one: Callable[[Path], object]) -> None:
        """All cases once, `slots` at a time; notes the time of each and of all."""
        begun = time.perf_counter()
        with ThreadPoolExecutor(slots) as pool:
            taken = list(pool.map(lambda case: _timed(lambda: one(case)), self.cases))
        self.walls.setdefault((way, slots), []).append(time.perf_counter() - begun)
        self.seconds.setdefault((way, slots), []).extend(taken)

    def run_by_hand(self, case: Path) -> None:
        target = self.folder / uuid.uuid4().hex
        target.mkdir(mode=0o777)
        target.chmod(0o777)
        mounts = ("-v", f"{case.parent}:/mnt/data:ro", "-v", f"{target}:/mnt/pred")
        script = ("sh", "/workspace/run_pixel_brain.sh", "/mnt/data", "/mnt/pred")
        subprocess.run([*BY_HAND, *mounts, self.image, *script], check=True, capture_output=True)
        assert (target / "case.nii.gz").stat().st_size == case.stat().st_size

    def run_by_runner(self, case: Path) -> None:
        claim = uuid.uuid4().hex
        job = CaseJob(
            claim_id=claim, image=self.image, task=Task.PIXEL, dataset=Dataset.BRAIN, case=case,
            output=self.folder / claim, log=self.folder / f"{claim}.log", limits=Limits.parse(LIMITS),
            holder_image=self.holder, instance="bench",
        )  # fmt: skip
        self.slot.runtime.execute(job, should_stop=lambda: False)
        assert job.output.stat().st_size == case.stat().st_size

    def run_by_platform(self, _case: Path) -> None:
        assert work_once(self.slot, stages=[Stage.TOY]), "nothing was left to claim"


def _timed(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


@contextmanager
def prepared(*, cases: int, side: int, sleep: float) -> Iterator[Bench]:
    """A platform with one image and toy cases of side³ voxels; everything is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="mood-bench-", dir="/tmp") as name:
        home = Path(name)
        home.chmod(0o755)
        with running_postgres(home / "pg", options=()) as url, built_image(sleep) as (image, holder):
            migrate({**os.environ, "MOOD_DATABASE__URL": url})
            slot, door = _make_slot(home, url, holder)
            yield Bench(home, image, holder, sleep, _install(home, door, cases // 2, side), slot, door)


def _make_slot(home: Path, url: str, holder: str) -> tuple[Slot, DatabaseDoor]:
    node = Node(
        name="bench",
        machine="bench",
        instance="bench",
        holder_image=holder,
        cache=home / "cache",
        facts={"cpu": "bench"},
    )
    sessions = make_sessions(make_engine(url, pool_size=10))
    door = DatabaseDoor(sessions=sessions, queue=FakeQueue(), store=LocalStore(home / "files"))
    return Slot(door=door, runtime=DockerRuntime(), node=node), door


def _install(home: Path, door: DatabaseDoor, cases: int, side: int) -> list[Path]:
    """The edition, and its toy cases as files in folders of their own, as `docker run` is given them."""
    with transaction(door.sessions, door.queue) as tx:
        make_edition(
            tx, store=door.store, folder=home / "sets", cases=cases, shape=(side,) * 3,
            limits={**DOCUMENT["limits"], **LIMITS},
        )  # fmt: skip
    found = sorted((home / "sets").glob("toy-*/images/*.nii.gz"))
    return [_alone(home / "inputs" / str(index), path) for index, path in enumerate(found)]


def _alone(folder: Path, source: Path) -> Path:
    folder.mkdir(parents=True)
    case = folder / "case.nii.gz"
    case.hardlink_to(source)
    return case


def submit_once(bench: Bench) -> None:
    """A toy Submission of the image by a new team: as many cases to claim as there are toy cases."""
    with transaction(bench.door.sessions, bench.door.queue) as tx:
        team = make_participant(tx, f"team-{uuid.uuid4().hex[:8]}")
        image = make_image(tx, principal=team)
        image.digest = bench.image
        tx.session.flush()
        submit(tx, principal=team, image_id=image.id, task=Task.PIXEL, stage=Stage.TOY)


@contextmanager
def built_image(sleep: float) -> Iterator[tuple[str, str]]:
    """The sleeping image and the base image, by id."""
    subprocess.run([ROOT / "infra" / "base-image" / "build.sh"], check=True, capture_output=True)
    client = docker.from_env()
    base = str(client.images.get("mood-base:bookworm").id)
    script = f'sleep {sleep}; cp "$1"/case.nii.gz "$2"/\n'.encode()
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        lines = f"FROM {base}\nLABEL org.mood.bench={uuid.uuid4()}\nCOPY run /workspace/\n"
        _add(archive, "Dockerfile", lines.encode())
        for dataset in Dataset:
            _add(archive, f"run/run_pixel_{dataset}.sh", script)
    context.seek(0)
    image, _ = client.images.build(fileobj=context, custom_context=True, rm=True, forcerm=True)
    try:
        yield str(image.id), base
    finally:
        client.images.remove(str(image.id), force=True)
        client.close()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o644
    archive.addfile(member, io.BytesIO(content))


def run_rounds(bench: Bench, *, slots: list[int], rounds: int, console: Console) -> None:
    """The ways take turns inside every round, so that a slow minute of the machine slows all of them."""
    ways = {
        "by hand": bench.run_by_hand,
        "runner": bench.run_by_runner,
        "platform": bench.run_by_platform,
    }
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("cases", total=rounds * len(slots) * len(ways) * len(bench.cases))
        for _ in range(rounds):
            for count in slots:
                for way, one in ways.items():
                    if way == "platform":
                        submit_once(bench)
                    bench.measure(way, count, one)
                    progress.advance(task, len(bench.cases))


def report(bench: Bench, slots: list[int], *, title: str) -> Table:
    """Medians of all cases; efficiency is the sleep's share of what the slots' time would allow."""
    table = Table("slots", "way", "s per case", "above the sleep", "above by hand", "efficiency", title=title)
    for count in slots:
        hand = statistics.median(bench.seconds["by hand", count])
        for way in WAYS:
            case = statistics.median(bench.seconds[way, count])
            wall = statistics.median(bench.walls[way, count])
            ideal = bench.sleep * len(bench.cases) / count
            cells = (case, case - bench.sleep, case - hand)
            table.add_row(str(count), way, *(f"{cell:.2f}" for cell in cells), f"{ideal / wall:.0%}")
        table.add_section()
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=8, help="cases a round and way (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: %(default)s)")
    parser.add_argument("--side", type=int, default=128, help="voxels along each axis (default: %(default)s)")
    parser.add_argument(
        "--sleep", type=float, default=2.0, help="seconds a case sleeps (default: %(default)s)"
    )
    parser.add_argument(
        "--slots", type=int, nargs="+", default=[1, 2, 4], help="side by side (default: 1 2 4)"
    )
    given = parser.parse_args()
    console = Console(width=110)
    with prepared(cases=given.cases, side=given.side, sleep=given.sleep) as bench:
        size = bench.cases[0].stat().st_size / 1e6
        run_rounds(bench, slots=given.slots, rounds=given.rounds, console=console)
        title = (
            f"{given.rounds} rounds of {given.cases} cases, {given.side}³ voxels ({size:.1f} MB in and out)"
        )
        console.print(report(bench, given.slots, title=title))


if __name__ == "__main__":
    main()
