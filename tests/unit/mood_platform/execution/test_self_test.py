"""The self-test of a Node: its options, what its output means, and what the driver says of a GPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mood_platform.execution.gpu import missing_gpu
from mood_platform.execution.runtime import SelfTest
from mood_platform.execution.self_test import WELL, judge_self_test, self_test_options

TEST = SelfTest(holder_image="base", instance="test", gpu="GPU-1", engine_free_bytes=1000)


def test_it_has_the_flags_of_a_case_and_nothing_that_a_reaper_would_look_for() -> None:
    options = self_test_options(TEST, host_cpus=2)
    assert (options["network_mode"], options["read_only"], options["cap_drop"]) == ("none", True, ["ALL"])
    assert options["device_requests"][0]["DeviceIDs"] == ["GPU-1"]
    assert options["auto_remove"]
    assert not {"labels", "mounts", "pid_mode"} & set(options)


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (f"free 10 100\nGPU 0: H200 (UUID: GPU-1)\n{WELL}\n", None),
        (f"free 9 100\n{WELL}\n", "MOOD_EXECUTION__ENGINE_FREE_BYTES"),
        (f"{WELL}\n", "0.0 GiB"),
        ("free 10 100\nUnable to determine the device handle: GPU is lost\n", "GPU-1 did not answer"),
        ("", "said: nothing"),
    ],
)
def test_its_last_words_say_whether_the_node_is_well(output: str, problem: str | None) -> None:
    found = judge_self_test(output.encode(), TEST)
    assert (found is None) == (problem is None)
    assert (problem or "") in (found or "")


def test_a_slot_without_a_gpu_is_not_told_about_one() -> None:
    found = judge_self_test(b"sh: bad", replace(TEST, gpu=None))
    assert found is not None
    assert "GPU" not in found


def driver(folder: Path, *uuids: str) -> Path:
    for number, uuid in enumerate(uuids):
        (folder / f"0000:0{number}").mkdir()
        (folder / f"0000:0{number}" / "information").write_text(f"Model: \t H200\nGPU UUID: \t {uuid}\n")
    return folder


def test_a_gpu_that_the_driver_does_not_list_is_missed(tmp_path: Path) -> None:
    here = driver(tmp_path, "GPU-1", "GPU-2")
    assert missing_gpu("GPU-2", driver=here) is None
    assert "GPU-3 is not there; the driver has GPU-1, GPU-2" in (missing_gpu("GPU-3", driver=here) or "")


def test_where_no_driver_is_seen_only_the_self_test_can_tell(tmp_path: Path) -> None:
    assert missing_gpu("GPU-1", driver=tmp_path / "nothing") is None
    assert missing_gpu(None, driver=driver(tmp_path, "GPU-1")) is None
    assert missing_gpu("nvidia.com/gpu=0", driver=tmp_path) is None
