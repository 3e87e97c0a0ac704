"""What becomes of a case: every outcome, brought about by a real container."""

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from mood_evaluator import Task
from mood_platform.execution.outcome import Outcome, outcome
from mood_platform.failures import FailureReason as Why

pytestmark = pytest.mark.docker
Run = Callable[..., Any]
Python = Callable[[str], str]


def judged(ran: Any) -> Outcome:
    assert ran.execution.engine_error is None
    return outcome(ran.execution)


def test_a_prediction_is_collected_byte_by_byte(run_case: Run, python: Python) -> None:
    ran = run_case(python("import os\nopen('/mnt/pred/case.nii.gz', 'wb').write(bytes(range(256)) * 4096)"))
    assert judged(ran) == Outcome("collected")
    assert ran.output.read_bytes() == bytes(range(256)) * 4096
    assert 0 < ran.execution.seconds < 5


def test_the_sample_task_has_its_own_file_name(run_case: Run) -> None:
    ran = run_case("echo 0.5 > /mnt/pred/case.nii.gz.txt; echo no > /mnt/pred/case.nii.gz", task=Task.SAMPLE)
    assert judged(ran) == Outcome("collected")
    assert ran.output.read_text() == "0.5\n"


def test_an_error_after_the_prediction_is_flagged_only(run_case: Run) -> None:
    ran = run_case("echo x > /mnt/pred/case.nii.gz; exit 3")
    assert (judged(ran).state_name, ran.execution.exit_code) == ("collected", 3)
    assert judged(ran).flags == ("nonzero_exit",)


def test_an_endless_case_is_killed_at_the_limit_with_all_its_children(run_case: Run) -> None:
    program = "trap '' TERM; for i in 1 2 3 4 5; do setsid sleep 600 & done; sleep 600"
    started = time.monotonic()
    ran = run_case(program, seconds=1.5)
    assert judged(ran) == Outcome("timed_out", Why.TIMED_OUT)
    assert time.monotonic() - started < 10
    assert 1.4 < ran.execution.seconds < 3


def test_a_prediction_before_the_limit_does_not_count_after_it(run_case: Run) -> None:
    ran = run_case("echo x > /mnt/pred/case.nii.gz; sleep 600", seconds=1)
    assert judged(ran).state_name == "timed_out"
    assert not ran.output.exists()


def test_too_much_memory_is_its_own_outcome(run_case: Run, python: Python) -> None:
    ran = run_case(python("x = bytearray(10**9)\nfor i in range(0, len(x), 4096): x[i] = 1"), memory="48MiB")
    assert judged(ran) == Outcome("out_of_memory", Why.OUT_OF_MEMORY)


def test_files_in_tmp_count_as_memory(run_case: Run, python: Python) -> None:
    ran = run_case(python("open('/tmp/x', 'wb').write(bytes(90 * 2**20))"), memory="64MiB", tmp="256MiB")
    assert judged(ran).state_name == "out_of_memory"


def test_a_crash_keeps_its_log(run_case: Run) -> None:
    ran = run_case("echo about to fail; echo badly >&2; exit 5")
    assert judged(ran) == Outcome("crashed", Why.CRASHED)
    assert sorted(ran.log.splitlines()) == ["about to fail", "badly"]  # two pipes, either may be first


def test_a_case_without_a_prediction_is_output_missing(run_case: Run) -> None:
    assert judged(run_case("true")) == Outcome("output_missing", Why.OUTPUT_MISSING)


@pytest.mark.parametrize(
    "program",
    [
        "ln -s /etc/passwd /mnt/pred/case.nii.gz",
        "ln -s /proc/1/environ /mnt/pred/case.nii.gz",
        "mkfifo /mnt/pred/case.nii.gz",
        "mkdir /mnt/pred/case.nii.gz",
    ],
    ids=["link", "proc link", "pipe", "folder"],
)
def test_anything_but_a_file_is_irregular(run_case: Run, program: str) -> None:
    ran = run_case(program)
    assert judged(ran) == Outcome("output_missing", Why.OUTPUT_IRREGULAR)
    assert not ran.output.exists()


def test_a_sparse_file_is_too_large_however_little_it_occupies(run_case: Run) -> None:
    ran = run_case("truncate -s 3M /mnt/pred/case.nii.gz")
    assert judged(ran) == Outcome("output_missing", Why.OUTPUT_TOO_LARGE)
    assert not ran.output.exists()


def test_a_sparse_file_of_terabytes_cannot_be_made(run_case: Run) -> None:
    ran = run_case("truncate -s 4T /mnt/pred/case.nii.gz")
    assert ran.execution.exit_code == 128 + signal.SIGXFSZ
    assert ran.output.read_bytes() == b""


def test_a_prediction_that_fills_the_space_is_too_large_not_cut(run_case: Run) -> None:
    ran = run_case("head -c 5000000 /dev/zero > /mnt/pred/case.nii.gz")
    assert judged(ran).reason is Why.OUTPUT_TOO_LARGE


def test_an_unreadable_prediction_is_read_all_the_same(run_case: Run) -> None:
    ran = run_case("echo secret > /mnt/pred/case.nii.gz; chmod 000 /mnt/pred/case.nii.gz /mnt/pred")
    assert judged(ran).state_name == "collected"


def test_a_cancelled_case_ends_soon(run_case: Run) -> None:
    started = time.monotonic()
    ran = run_case("sleep 600", seconds=60, should_stop=lambda: time.monotonic() - started > 1)
    assert judged(ran).state_name == "cancelled"
    assert time.monotonic() - started < 8


def test_the_log_keeps_its_end(run_case: Run, python: Python) -> None:
    ran = run_case(python("for i in range(60000): print('line', i)"), log="64KiB")
    assert ran.execution.log_truncated
    assert ran.log.endswith("line 59999\n")
    assert 16 * 1024 < len(ran.log) <= 64 * 1024


def test_one_endless_line_is_bounded_too(run_case: Run) -> None:
    ran = run_case("head -c 3000000 /dev/zero | tr '\\0' x", log="64KiB")
    assert ran.execution.log_truncated
    assert 0 < len(ran.log) <= 64 * 1024


def test_an_entry_point_that_is_not_there_is_the_images_fault(
    run_case: Run, build_image: Callable[..., str]
) -> None:
    ran = run_case("true", image=build_image('ENTRYPOINT ["/no/such/program"]'))
    assert judged(ran) == Outcome("crashed", Why.NOT_STARTED)
    assert "/no/such/program" in ran.log


def test_an_image_that_is_not_there_is_the_platforms_fault(run_case: Run) -> None:
    ran = run_case("true", image="sha256:" + "0" * 64)
    assert outcome(ran.execution) == Outcome("platform_fault", Why.ENGINE_ERROR)


def test_a_gpu_that_is_not_there_is_the_platforms_fault(run_case: Run) -> None:
    ran = run_case("true", gpu="GPU-00000000-0000-0000-0000-000000000000")
    assert outcome(ran.execution) == Outcome("platform_fault", Why.GPU_UNAVAILABLE)


def test_a_holder_without_sleep_is_named(run_case: Run, build_image: Callable[..., str]) -> None:
    ran = run_case("true", holder_image=build_image("ENV PATH=/nowhere"))
    assert "could not run `sleep`" in ran.execution.engine_error
