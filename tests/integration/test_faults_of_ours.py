"""Label, store, database and child broken on purpose: whatever was predicted, the fault is ours."""

from __future__ import annotations

import errno
import gzip
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import nibabel as nib
import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from mood_evaluator import Task
from mood_platform.db.engine import Sessions
from mood_platform.errors import PlatformError
from mood_platform.execution.fake_runtime import FakeRuntime
from mood_platform.models import CaseRun, CaseRunState, Stage, Submission
from mood_platform.nodes.execute import work_once
from mood_platform.scoring.limited_child import ChildLimits
from mood_platform.scoring.predictions import StoredCase, score_prediction
from mood_platform.scoring.score_case import score_case
from mood_platform.storage.faulty import FaultyStore, broken
from mood_platform.storage.local import LocalStore
from mood_platform.storage.store import ObjectStore
from mood_support.drive import echo, evaluation_of
from mood_support.factories import make_platform
from mood_support.interrupted import InterruptedSessions

pytestmark = pytest.mark.integration

SHAPE = (6, 5, 4)
ROOMY = ChildLimits(memory=2**30, cpu_seconds=10, wall_seconds=120.0)
PLAIN = nib.Nifti1Image(np.ones(SHAPE, np.float32), np.eye(4)).to_bytes()
PREDICTIONS = {
    "an honest one": gzip.compress(PLAIN),
    "nothing": b"",
    "garbage": b"garbage",
    "a long gzip name": b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * 600_000 + b"\0" + gzip.compress(PLAIN)[10:],
    "empty members": gzip.compress(b"") * 200_000,
    "a bomb": gzip.compress(PLAIN + bytes(2**24)),
}
LABEL = "labels/l.nii.gz"


@dataclass(frozen=True)
class World:
    """Where one case lies, and what breaks it."""

    store: LocalStore

    def label(self, content: bytes | None) -> None:
        self.store.delete(LABEL)
        if content is not None:
            self.store.put_bytes(LABEL, content)


Broken = tuple[ObjectStore, ChildLimits]


class Ending(type(Path())):  # type: ignore[misc]  # the class of this system's paths
    """A file whose reader is ended from outside."""

    def open(self, *_arguments: object, **_options: object) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("dead")


class Sick(type(Path())):  # type: ignore[misc]
    """A file on a disk that cannot be read."""

    def open(self, *_arguments: object, **_options: object) -> NoReturn:
        raise OSError(errno.EIO, os.strerror(errno.EIO), self.name)


class Greedy(type(Path())):  # type: ignore[misc]
    """A file for whose reader the memory is not enough."""

    def open(self, *_arguments: object, **_options: object) -> NoReturn:
        raise MemoryError


class Handing:
    """As the store behind it, but its predictions, or labels, are handed out as another kind of file."""

    def __init__(self, behind: ObjectStore, kind: type[Path], part: str = "prediction") -> None:
        self._behind, self._kind, self._part = behind, kind, part

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        with self._behind.local(key) as path:
            yield self._kind(path) if self._part in key else path


def break_label(content: bytes | None) -> Callable[[World], Broken]:
    def act(world: World) -> Broken:
        world.label(content)
        return world.store, ROOMY

    return act


def lose_prediction(world: World) -> Broken:
    world.store.delete("runs/r/prediction")
    return world.store, ROOMY


FAULTS: dict[str, Callable[[World], Broken]] = {
    "a label that is none": break_label(b"no label"),
    "a label that ends early": break_label(gzip.compress(PLAIN)[:-40]),
    "a label of another shape": break_label(nib.Nifti1Image(np.ones((2, 2, 2)), np.eye(4)).to_bytes()),
    "no label": break_label(None),
    "a prediction that is gone": lose_prediction,
    "a store that refuses": lambda world: (FaultyStore(world.store, broken), ROOMY),
    "a disk that cannot be read": lambda world: (Handing(world.store, Sick), ROOMY),
    "a child that is killed": lambda world: (Handing(world.store, Ending), ROOMY),
    "limits that cannot be set": lambda world: (world.store, replace(ROOMY, memory=2**70)),
    "no memory for the label": lambda world: (Handing(world.store, Greedy, "label"), ROOMY),
    "the wall limit": lambda world: (world.store, replace(ROOMY, wall_seconds=0.0)),
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(LocalStore(tmp_path))
    made.label(gzip.compress(PLAIN))
    return made


@pytest.mark.parametrize("prediction", PREDICTIONS.values(), ids=PREDICTIONS)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_it_is_ours_whatever_was_predicted(
    world: World, fault: Callable[[World], Broken], prediction: bytes
) -> None:
    world.store.put_bytes("runs/r/prediction", prediction)
    store, limits = fault(world)
    with pytest.raises((PlatformError, OSError)):
        score_prediction(store, limits, case_of("runs/r/prediction"))


def test_a_child_that_cannot_be_started_is_ours(world: World) -> None:
    world.store.put_bytes("runs/r/prediction", PREDICTIONS["an honest one"])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            score_prediction(world.store, ROOMY, case_of("runs/r/prediction"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def case_of(key: str) -> StoredCase:
    return StoredCase(task=Task.PIXEL, prediction_key=key, label_key=LABEL, shape=SHAPE)


def test_a_database_that_goes_away_charges_nobody(
    sessions: Sessions, store: LocalStore, tmp_path: Path
) -> None:
    platform = make_platform(sessions, store, tmp_path / "sets", cases=2)
    submission = platform.submit(platform.join("north"), stage=Stage.TOY)
    work_once(platform.slot(FakeRuntime(echo)), stages=set(Stage))

    def go_away() -> NoReturn:
        raise OperationalError("SELECT", {}, OSError("the server closed the connection"))

    with platform.open() as tx:
        case = tx.session.scalars(select(CaseRun).where(CaseRun.state == CaseRunState.COLLECTED)).one()
    for at in (1, 2):
        evaluation = replace(
            evaluation_of(platform), sessions=InterruptedSessions(sessions, at=at, act=go_away)
        )
        with pytest.raises(OperationalError):
            score_case(evaluation, case_run_id=case.id)
    with platform.open() as tx:
        now = tx.session.get_one(CaseRun, case.id)
        assert (now.state, now.scoring_attempt) == (CaseRunState.COLLECTED, 0)
        assert tx.session.get_one(Submission, submission.id).refunded_at is None
