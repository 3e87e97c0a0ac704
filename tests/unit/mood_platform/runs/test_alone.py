"""Which Node may claim what while second runs wait for a machine of their own: the pure table."""

from uuid import UUID

import pytest

from mood_platform.models import Stage
from mood_platform.runs.alone import FREE, NOTHING, Living, Solo, Turn, turn_of

BOTH = frozenset({Stage.TOY, Stage.CHALLENGE})


def node(name: str, machine: str, stages: frozenset[Stage] = BOTH) -> Living:
    return Living(name=name, machine=machine, stages=stages)


A1, A2, B1 = node("a1", "a"), node("a2", "a"), node("b1", "b")
TOYS = node("toys", "a", frozenset({Stage.TOY}))


def solo(
    machine: str | None,
    *,
    number: int = 1,
    kind: Stage = Stage.CHALLENGE,
    running: bool = False,
    failed: str = "",
) -> Solo:
    return Solo(
        case_run_id=UUID(int=number),
        kind=kind,
        machine=machine,
        running=running,
        failed_on=frozenset(failed.split()),
    )


HERE, THERE, LOST = solo("a"), solo("b"), solo("gone")
FAILED = solo("a", failed="a1")
TABLE = {
    "none waits": (A1, [], [A1, B1], False, FREE),
    "one waits here, nothing runs": (A1, [HERE], [A1, B1], False, Turn(HERE)),
    "one waits here, something runs": (A1, [HERE], [A1, B1], True, Turn(HERE, nothing=True)),
    "one waits elsewhere": (A1, [THERE], [A1, B1], True, FREE),
    "one runs here": (A1, [solo("a", running=True)], [A1, B1], True, NOTHING),
    "one runs elsewhere": (A1, [solo("b", running=True)], [A1, B1], False, FREE),
    "one runs here and one waits here": (
        A1,
        [solo("a", running=True), solo("a", number=2)],
        [A1],
        True,
        NOTHING,
    ),
    "two wait here: the older first": (A1, [HERE, solo("a", number=2)], [A1], False, Turn(HERE)),
    "a Node of this machine that cannot take it stands back": (TOYS, [HERE], [A1, TOYS], False, NOTHING),
    "none of this machine can take it: others go on": (TOYS, [HERE], [TOYS], False, FREE),
    "none of its machine lives: another adopts it": (A1, [LOST], [A1, B1], False, Turn(LOST)),
    "which first ends what runs there": (A1, [LOST], [A1, B1], True, Turn(LOST, nothing=True)),
    "it has no machine": (A1, [solo(None)], [A1, B1], False, Turn(solo(None))),
    "its Node failed it, another of the machine is there": (
        A1,
        [FAILED],
        [A1, A2, B1],
        False,
        NOTHING,
    ),
    "and takes it": (A2, [FAILED], [A1, A2, B1], False, Turn(FAILED)),
    "its only Node failed it, another machine lives": (
        A1,
        [FAILED],
        [A1, B1],
        False,
        FREE,
    ),
    "which adopts it": (B1, [FAILED], [A1, B1], False, Turn(FAILED)),
    "all failed it": (A1, [solo("a", failed="a1 b1")], [A1, B1], False, Turn(solo("a", failed="a1 b1"))),
}


@pytest.mark.parametrize(("me", "solos", "nodes", "busy", "turn"), TABLE.values(), ids=TABLE.keys())
def test_a_second_run_has_a_machine_to_itself(
    me: Living, solos: list[Solo], nodes: list[Living], busy: bool, turn: Turn
) -> None:
    assert turn_of(me, solos, nodes, busy=busy) == turn
