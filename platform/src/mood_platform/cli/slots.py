"""How many slots `mood up` starts: no more than the machine carries, unless that is asked for by name."""

from __future__ import annotations

from collections.abc import Mapping

from mood_platform.cli.problems import Problem
from mood_platform.execution.capacity import UNKNOWN, Machine
from mood_platform.execution.limits import Limits

USUAL_SLOTS = 2
TOY_SLOTS = 1
"""Beside the slots one takes toy cases alone."""


def usual_slots(machine: Machine) -> int:
    """Without a wish: two, or what the machine carries of cases of one core; one however small it is."""
    return max(1, min(USUAL_SLOTS, _carried(machine, UNKNOWN)))


def check_slots(
    slots: int, machine: Machine, editions: Mapping[str, Limits], *, may_refuse: bool
) -> list[str]:
    """What the slots ask for beyond what there is, to be told; refused where one slot would be carried."""
    known = editions or UNKNOWN
    told = [machine.overload(name, limits, cases=slots + TOY_SLOTS) for name, limits in known.items()]
    overloads = [sentence for sentence in told if sentence is not None]
    carried = max(1, _carried(machine, known))
    if may_refuse and slots > carried:
        raise Problem(
            f"The machine does not carry {_count(slots)} and the toy slot: {'; '.join(overloads)}.",
            remedy=(
                f"Start {_count(carried)} (--slots {carried}), or add --overcommit: then cases share what "
                "there is, and may time out for it."
            ),
        )
    return overloads


def _carried(machine: Machine, editions: Mapping[str, Limits]) -> int:
    """Slots beside the toy slot."""
    return min(machine.carries(limits) for limits in editions.values()) - TOY_SLOTS


def _count(slots: int) -> str:
    return "one slot" if slots == 1 else f"{slots} slots"
