"""The Door over a database and a store that are away, or full."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from mood_platform.db.engine import make_engine, make_sessions
from mood_platform.errors import Unreachable
from mood_platform.fake_queue import FakeQueue
from mood_platform.nodes.door import ClaimingNode, Presence
from mood_platform.runs.door import DatabaseDoor
from mood_platform.storage.local import LocalStore
from mood_platform.terms import Stage

NODE = ClaimingNode(name="n", facts={})
SAID = Presence(name="n", machine="m", stages={Stage.TOY}, facts={})


@pytest.fixture
def door(tmp_path: Path) -> DatabaseDoor:
    engine = make_engine(f"postgresql+psycopg://mood@/mood?host={tmp_path}")
    return DatabaseDoor(sessions=make_sessions(engine), queue=FakeQueue(), store=LocalStore(tmp_path))


@pytest.mark.parametrize(
    "ask",
    [
        lambda door: door.attend(SAID),
        lambda door: door.claim(NODE, stages={Stage.TOY}),
        lambda door: door.heartbeat(uuid4()),
        lambda door: door.live_claims([uuid4()]),
        lambda door: door.ring(),
        lambda door: door.report_self_test(name="n", problem=None),
    ],
)
def test_a_database_that_is_away_is_told_as_unreachable(
    door: DatabaseDoor, ask: Callable[[DatabaseDoor], object]
) -> None:
    with pytest.raises(Unreachable, match="The database does not answer"):
        ask(door)


def test_a_store_below_its_floor_is_named_with_its_setting(door: DatabaseDoor) -> None:
    assert door.find_lack() is None
    assert "MOOD_STORAGE__FREE_BYTES" in str(replace(door, store_free_bytes=2**60).find_lack())
