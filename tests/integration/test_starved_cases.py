"""Real containers beside real hogs: the honest image's time-out does not count, its second run ends well."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from sqlalchemy import select

from mood_evaluator import Task
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.execution.docker import DockerRuntime
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import CaseRun, CaseRunState, Stage
from mood_platform.nodes.execute import Slot, work_once
from mood_platform.nodes.node import Node
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.service import submit
from mood_support.edition import DOCUMENT, make_edition, make_image, make_participant
from mood_support.factories import ALL_STAGES, TinyPlatform
from mood_support.hogs import hogs
from mood_support.image_builder import ImageBuilder, image_builder

pytestmark = [pytest.mark.integration, pytest.mark.docker]
BUILD_BASE = Path(__file__).parents[2] / "infra" / "base-image" / "build.sh"
HONEST = b"i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done; echo 0.5 > /mnt/pred/case.nii.gz.txt\n"
"""A second or so of one core."""
SECONDS = 12
"""Beside hogs less than half a second of one core, else enough on a busy machine too."""


@pytest.fixture(scope="module")
def builder() -> Iterator[ImageBuilder]:
    done = subprocess.run([str(BUILD_BASE)], check=True, capture_output=True, text=True)
    tag = next(word for word in done.stdout.split() if word.startswith("mood-base:"))
    engine = docker.from_env()
    with image_builder(engine, base=str(engine.images.get(tag).id)) as builder:
        yield builder
    engine.close()


def make_world(sessions: Sessions, store: LocalStore, folder: Path) -> TinyPlatform:
    limits = {**DOCUMENT["limits"], "seconds": SECONDS}
    with transaction(sessions, FakeQueue()) as tx:
        challenge = make_edition(tx, store=store, folder=folder, limits=limits)
    return TinyPlatform(sessions, store, challenge, folder / "cache")


def make_slot(platform: TinyPlatform, builder: ImageBuilder) -> Slot:
    node = Node(
        name="n",
        machine="m",
        instance=f"test-{uuid.uuid4().hex[:12]}",
        holder_image=builder.base,
        cache=platform.cache,
        facts={"cpu": "test"},
    )
    return Slot(door=platform.door(), runtime=DockerRuntime(), node=node)


def hand_in(platform: TinyPlatform, digest: str) -> None:
    with platform.open() as tx:
        team = make_participant(tx, "north")
        image = make_image(tx, principal=team)
        image.digest = digest
        submit(tx, principal=team, image_id=image.id, task=Task.SAMPLE, stage=Stage.TOY)


def run_one(platform: TinyPlatform, slot: Slot) -> CaseRun:
    assert work_once(slot, stages=ALL_STAGES)
    with platform.open() as tx:
        newest = select(CaseRun).where(CaseRun.attempt > 0).order_by(CaseRun.started_at.desc())
        return tx.session.scalars(newest.limit(1)).one()


def test_an_honest_image_beside_hogs_runs_again_alone_and_is_collected(
    sessions: Sessions, store: LocalStore, builder: ImageBuilder, tmp_path: Path
) -> None:
    platform = make_world(sessions, store, tmp_path / "sets")
    hand_in(platform, builder.build(script=HONEST))
    slot = make_slot(platform, builder)
    with hogs(builder.engine, image=builder.base):
        starved = run_one(platform, slot)
    assert starved.first_run is not None
    assert starved.first_run["lack"] == "cpu"
    assert starved.first_run["usage"]["cpu_seconds"] > 0
    again = run_one(platform, slot)
    assert (again.id, again.attempt, again.state) == (starved.id, 2, CaseRunState.COLLECTED)
    assert again.flags == ["ran_twice"]
