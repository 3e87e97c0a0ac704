"""A whole Run of hostile cases: each gets its named outcome, the team learns no more, the Run is scored."""

import json
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import docker
import pytest
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mood_evaluator import Dataset, Task, load_test_set
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.service import apply_challenge, install_test_set
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.execution.docker import DockerRuntime
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import CaseRun, CaseRunState, Image, Run, RunState, Stage
from mood_platform.nodes.attendance import Slot
from mood_platform.nodes.execute import work_once
from mood_platform.nodes.node import Node
from mood_platform.queueing import Job
from mood_platform.runs.progress import FEW, SOME, read_progress
from mood_platform.scoring.score_case import score_case
from mood_platform.scoring.score_run import score_run
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.service import submit
from mood_support.container_attacks import (
    ATTACKS,
    HONEST,
    HONEST_SAMPLE,
    LIMITS,
    PROGRAM_OF_THE_CASE,
    Attack,
)
from mood_support.drive import evaluation_of
from mood_support.edition import DOCUMENT, make_image, make_participant, write_test_set
from mood_support.factories import ALL_STAGES, TinyPlatform
from mood_support.image_builder import ImageBuilder, image_builder

pytestmark = [pytest.mark.integration, pytest.mark.docker]
BUILD_BASE = Path(__file__).parents[2] / "infra" / "base-image" / "build.sh"
SLOTS = 2
"""As many as two cores carry: a hog that gets its core is not starved, and runs once."""


@pytest.fixture(scope="module")
def builder() -> Iterator[ImageBuilder]:
    done = subprocess.run([str(BUILD_BASE)], check=True, capture_output=True, text=True)
    tag = next(word for word in done.stdout.split() if word.startswith("mood-base:"))
    engine = docker.from_env()
    with image_builder(engine, base=str(engine.images.get(tag).id)) as builder:
        yield builder
    engine.close()


@dataclass(frozen=True)
class World:
    """A platform whose hidden cases are one attack each, and the Run that meets them."""

    platform: TinyPlatform
    attacks: dict[str, Attack]
    """By the case's SHA-256."""
    run_id: UUID
    slots: list[Slot]

    def run(self) -> Run:
        with self.platform.open() as tx:
            return tx.session.get_one(Run, self.run_id)

    def hidden(self) -> list[CaseRun]:
        mine = select(CaseRun).where(CaseRun.run_id == self.run_id, ~CaseRun.toy)
        with self.platform.open() as tx:
            return list(tx.session.scalars(mine.options(joinedload(CaseRun.case))))


def make_world(
    sessions: Sessions, store: LocalStore, builder: ImageBuilder, folder: Path, attacks: Sequence[Attack]
) -> World:
    """The brain's attacks leave a prediction that counts, the abdomen's do not; toy cases are honest."""
    task = attacks[0].task
    survived = [attack for attack in attacks if attack.state is CaseRunState.SUCCEEDED]
    failed = [attack for attack in attacks if attack.state is not CaseRunState.SUCCEEDED]
    chosen: dict[str, Attack] = {}
    with transaction(sessions, FakeQueue()) as tx:
        for dataset, mine in zip(Dataset, (survived, failed), strict=True):
            for purpose, count in (("toy", 2), ("test", len(mine))):
                built = write_test_set(
                    folder / f"{purpose}-{dataset}", purpose=purpose, dataset=dataset, cases=count
                )
                install_test_set(tx, folder=built, store=store)
            digests = (case.sha256_image for case in load_test_set(folder / f"test-{dataset}").cases)
            chosen |= dict(zip(digests, mine, strict=True))
        challenge = apply_challenge(tx, config=ChallengeConfig.parse({**DOCUMENT, "limits": LIMITS}))
    platform = TinyPlatform(sessions, store, challenge, folder / "cache")
    honest = HONEST if task is Task.PIXEL else HONEST_SAMPLE
    toys = (case.sha256_image for path in folder.glob("toy-*") for case in load_test_set(path).cases)
    programs = {digest: attack.program for digest, attack in chosen.items()} | dict.fromkeys(toys, honest)
    files = {f"attacks/{digest}.sh": program.encode() for digest, program in programs.items()}
    image = builder.build(script=PROGRAM_OF_THE_CASE, files=files)
    return World(platform, chosen, _submit(platform, image, task), _slots(platform, builder.base))


def _submit(platform: TinyPlatform, digest: str, task: Task) -> UUID:
    with platform.open() as tx:
        team = make_participant(tx, "north")
        image: Image = make_image(tx, principal=team)
        image.digest = digest
        submission = submit(tx, principal=team, image_id=image.id, task=task, stage=Stage.CHALLENGE)
    return platform.run_of(submission).id


def _slots(platform: TinyPlatform, holder: str) -> list[Slot]:
    instance = f"test-{uuid.uuid4().hex[:12]}"
    node = Node(
        name="n",
        machine="m",
        instance=instance,
        holder_image=holder,
        cache=platform.cache,
        facts={"cpu": "test"},
    )
    return [Slot(door=platform.door(), runtime=DockerRuntime(), node=node) for _ in range(SLOTS)]


def drive(world: World) -> None:
    """Until nobody has anything to do: containers side by side, then what they left is scored."""
    evaluation = evaluation_of(world.platform)
    handlers = {
        Job.SCORE_CASE: lambda case_run_id: score_case(evaluation, case_run_id=UUID(case_run_id)),
        Job.SCORE_RUN: lambda run_id: score_run(evaluation, run_id=UUID(run_id)),
    }
    with ThreadPoolExecutor(SLOTS) as pool:
        while sum(pool.map(work_all, world.slots)):
            world.platform.queue.drain(handlers)


def work_all(slot: Slot) -> int:
    return sum(1 for _ in iter(lambda: work_once(slot, stages=ALL_STAGES), False))


@pytest.mark.parametrize("task", Task)
def test_a_run_that_meets_every_attack(
    sessions: Sessions, store: LocalStore, builder: ImageBuilder, tmp_path: Path, task: Task
) -> None:
    attacks = one_of_each_ending(attack for attack in ATTACKS if attack.task is task)
    world = make_world(sessions, store, builder, tmp_path / "sets", attacks)
    drive(world)
    assert world.run().state is RunState.SCORED
    assert {name: endings(case) for name, case in by_attack(world).items()} == {
        attack.name: (attack.state, attack.reason, attack.fault, sorted(attack.flags), 1)
        for attack in attacks
    }
    assert_the_team_learns_reasons_and_bands(world, attacks)
    assert_only_the_brain_has_a_result(world, store)
    assert_nothing_is_left(world)


def one_of_each_ending(attacks: Iterable[Attack]) -> list[Attack]:
    """A Run tells no two of one ending apart; each attack by itself is `tests/security/test_attacks.py`."""
    endings = {(one.state, one.reason, one.fault, tuple(sorted(one.flags))): one for one in attacks}
    return list(endings.values())


def by_attack(world: World) -> dict[str, CaseRun]:
    return {world.attacks[case_run.case.image_sha256].name: case_run for case_run in world.hidden()}


def endings(case_run: CaseRun) -> tuple[Any, ...]:
    invalid = case_run.state is CaseRunState.OUTPUT_INVALID
    fault = case_run.score["fault"] if invalid and case_run.score else None
    again, attempts = ("ran_twice", 2) if lacked_its_core(case_run) else (None, 1)
    flags = sorted(flag for flag in case_run.flags if flag != again)
    return case_run.state, case_run.reason, fault, flags, case_run.attempt - attempts + 1


def lacked_its_core(case_run: CaseRun) -> bool:
    """Others on this machine took more than a fifth of the core it may use: only then it may run twice."""
    if case_run.first_run is None:
        return False
    usage = case_run.first_run["usage"]
    return bool(usage["cpu_seconds"] < 0.8 * LIMITS["cpus"] * usage["seconds"])


def assert_the_team_learns_reasons_and_bands(world: World, attacks: Sequence[Attack]) -> None:
    counts = Counter(attack.reason for attack in attacks if attack.reason is not None)
    shares = {reason: 0 if count == 1 else count / len(attacks) for reason, count in counts.items()}
    with world.platform.open() as tx:
        progress = read_progress(tx, runs=[tx.session.get_one(Run, world.run_id)])[world.run_id]
    assert {failure.reason: (failure.text, failure.band) for failure in progress.failures} == {
        reason: (reason.text, "few" if share < FEW else "some" if share < SOME else "many")
        for reason, share in shares.items()
    }
    told = json.dumps(asdict(progress), default=str)
    names = chain.from_iterable((case.case.case_id, str(case.id)) for case in world.hidden())
    assert not [name for name in names if name in told]


def assert_only_the_brain_has_a_result(world: World, store: LocalStore) -> None:
    """Less than half of the abdomen's cases are valid."""
    key = world.run().results_key
    assert key is not None
    results = json.loads(store.read(key, limit=2**24))
    scores = {part["dataset"]: part["result"]["score"] for part in results["test_sets"]}
    assert scores["brain"] is not None
    assert scores["abdom"] is None


def assert_nothing_is_left(world: World) -> None:
    node = world.slots[0].node
    assert world.slots[0].runtime.claims(instance=node.instance) == set()
    assert not list(node.cache.glob("case-*"))
