"""How many slots a machine carries, in numbers that are told."""

import pytest

from mood_platform.cli.problems import Problem
from mood_platform.cli.slots import check_slots, usual_slots
from mood_platform.execution.capacity import Machine
from mood_platform.execution.limits import GIB, Limits

LAPTOP = Machine(cores=2, memory=8 * GIB)
SERVER = Machine(cores=16, memory=128 * GIB)
SMALL, USUAL = Limits(cpus=1, memory=GIB, gpus=0), Limits(cpus=4, memory=16 * GIB, gpus=1)


@pytest.mark.parametrize(("cores", "slots"), [(1, 1), (2, 1), (3, 2), (64, 2)])
def test_without_a_wish_there_are_two_slots_or_what_is_carried_beside_the_toy_slot(
    cores: int, slots: int
) -> None:
    assert usual_slots(Machine(cores=cores, memory=64 * GIB)) == slots


def test_more_slots_than_cores_and_memory_carry_are_refused_with_the_numbers_and_the_way_out() -> None:
    with pytest.raises(Problem) as refusal:
        check_slots(4, SERVER, {"edition demo": USUAL}, may_refuse=True)
    assert "does not carry 4 slots" in refusal.value.text
    assert "5 cases of edition demo at once may use 20 of 16 cores" in refusal.value.text
    assert "GiB of memory" not in refusal.value.text, "memory is enough"
    assert "--slots 3" in refusal.value.remedy
    assert "--overcommit" in refusal.value.remedy
    assert check_slots(3, SERVER, {"edition demo": USUAL}, may_refuse=True) == []


def test_memory_counts_like_cores() -> None:
    with pytest.raises(Problem, match=r"4\.0 of 3\.0 GiB of memory"):
        check_slots(3, Machine(cores=64, memory=3 * GIB), {"edition demo": SMALL}, may_refuse=True)


def test_every_edition_is_looked_at() -> None:
    with pytest.raises(Problem, match="edition large"):
        check_slots(4, SERVER, {"edition small": SMALL, "edition large": USUAL}, may_refuse=True)


def test_a_single_slot_is_started_on_any_machine_and_what_is_lacking_is_told() -> None:
    [told] = check_slots(1, LAPTOP, {"edition demo": USUAL}, may_refuse=True)
    assert told == ("2 cases of edition demo at once may use 4 of 2 cores, 32.0 of 8.0 GiB of memory"), (
        "a case never gets more cores than there are"
    )


def test_overcommitted_slots_are_told_and_not_refused() -> None:
    [told] = check_slots(2, LAPTOP, {}, may_refuse=False)
    assert told == "3 cases of one core at once may use 3 of 2 cores"


def test_slots_that_share_one_gpu_are_refused() -> None:
    with pytest.raises(Problem, match="3 of 1 GPUs"):
        check_slots(2, Machine(cores=64, memory=512 * GIB, gpus=1), {"edition demo": USUAL}, may_refuse=True)


def test_a_machine_that_gives_less_than_one_case_may_use_says_so() -> None:
    cores, memory = LAPTOP.shortfall(USUAL)
    assert "4 cores and gets 2" in cores
    assert "16.0 GiB" in memory
    assert SERVER.shortfall(USUAL) == []
