"""Limits are read from challenge.yaml's forms, and say what is wrong with them."""

from dataclasses import replace

import pytest

from mood_evaluator import Task
from mood_platform.errors import Invalid
from mood_platform.execution.limits import GIB, MIB, Limits

EDITION = {
    "seconds": 600, "memory": "16GiB", "tmp": "2GiB", "output": "4GiB", "output_files": 64, "shm": "1GiB",
    "pids": 1024, "cpus": 4, "gpus": 1, "log": "1MiB", "image": "40GiB",
}  # fmt: skip


def test_the_defaults_are_those_of_an_edition() -> None:
    assert Limits.parse(EDITION) == Limits() == Limits.parse({})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("16GiB", 16 * GIB),
        ("1.5 GiB", 3 * GIB // 2),
        ("500MB", 500_000_000),
        (7 * MIB, 7 * MIB),
        ("8388608", 8 * MIB),
    ],
)
def test_sizes_may_be_written_with_a_unit_or_as_bytes(written: object, expected: int) -> None:
    assert Limits.parse({"memory": written}).memory == expected


def test_numbers_may_be_written_as_text() -> None:
    limits = Limits.parse({"seconds": "1.5", "pids": "64", "cpus": "0.5"})
    assert (limits.seconds, limits.pids, limits.cpus) == (1.5, 64, 0.5)


def test_what_was_written_to_json_is_read_back_unchanged() -> None:
    limits = Limits.parse({"seconds": 2.5, "memory": "300MiB", "gpus": 0})
    assert Limits.parse(limits.to_json()) == limits
    assert {type(value) for value in limits.to_json().values()} <= {int, float}


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"memory": "16 apples"}, "limits.memory"),
        ({"memory": "much"}, "limits.memory"),
        ({"memory": -1}, "limits.memory"),
        ({"memory": "1KiB"}, "limits.memory"),
        ({"pids": 2.5}, "limits.pids"),
        ({"pids": True}, "limits.pids"),
        ({"pids": None}, "limits.pids"),
        ({"seconds": 0}, "limits.seconds"),
        ({"seconds": "nan"}, "limits.seconds"),
        ({"seconds": "inf"}, "limits.seconds"),
        ({"gpus": -1}, "limits.gpus"),
        ({"cores": 4}, "cores"),
        ({"pids": 4_194_305}, "limits.pids"),
        ({"pids": 10**400}, "limits.pids"),
        ({"log": 1e308}, "limits.log"),
        ({"image": "9999999999999TiB"}, "limits.image"),
        ({"tmp": "9" * 400 + "TiB"}, "limits.tmp"),
        ({"output_files": 2**31}, "limits.output_files"),
        ({"seconds": 1e9}, "limits.seconds"),
    ],
)
def test_an_error_names_the_field_and_a_remedy(document: dict[str, object], named: str) -> None:
    with pytest.raises(Invalid, match=named) as caught:
        Limits.parse(document)
    assert caught.value.remedy


def test_the_largest_numbers_are_told_and_taken() -> None:
    with pytest.raises(Invalid) as caught:
        Limits.parse({"pids": 4_194_305})
    assert caught.value.remedy == "Give a number from 1 to 4194304."
    assert Limits.parse({"pids": 4_194_304}).pids == 4_194_304


def test_what_an_earlier_version_stored_above_the_largest_is_read_as_the_largest() -> None:
    stored = {"pids": 1e308, "seconds": 60.0, "log": 10**30}
    assert Limits.restore(stored) == Limits(pids=4_194_304, seconds=60.0, log=2**53)
    with pytest.raises(Invalid):
        Limits.restore({"pids": 0})


def test_a_prediction_may_be_as_large_as_its_case_can_need_and_no_larger() -> None:
    limits = Limits()
    assert limits.for_case(task=Task.SAMPLE, shape=(512, 512, 512)).output == 4096
    pixel = limits.for_case(task=Task.PIXEL, shape=(256, 256, 256)).output
    widest = (64 << 20) + 8 * 256**3  # header extensions among it
    assert widest + widest // 1000 < pixel < 1.1 * widest
    assert limits.for_case(task=Task.PIXEL, shape=(512, 512, 2048)).output == limits.output
    assert replace(limits, output=pixel) == limits.for_case(task=Task.PIXEL, shape=(256, 256, 256))
