"""What becomes of a case, beyond the table of attacks: bytes, logs, limits, and whose fault it is."""

import threading
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


def test_an_endless_case_is_killed_at_the_limit_with_all_its_children(run_case: Run) -> None:
    program = "trap '' TERM; for i in 1 2 3 4 5; do setsid sleep 600 & done; sleep 600"
    started = time.monotonic()
    ran = run_case(program, seconds=1.5)
    assert judged(ran) == Outcome("timed_out", Why.TIMED_OUT)
    assert time.monotonic() - started < 10
    assert 1.4 < ran.execution.seconds < 3


def test_files_in_tmp_count_as_memory(run_case: Run, python: Python) -> None:
    ran = run_case(python("open('/tmp/x', 'wb').write(bytes(90 * 2**20))"), memory="64MiB", tmp="256MiB")
    assert judged(ran).state_name == "out_of_memory"


def test_a_crash_keeps_its_log(run_case: Run) -> None:
    ran = run_case("echo about to fail; echo badly >&2; exit 5")
    assert judged(ran) == Outcome("crashed", Why.CRASHED)
    assert sorted(ran.log.splitlines()) == ["about to fail", "badly"]  # two pipes, either may be first


def test_a_cancelled_case_ends_soon(run_case: Run) -> None:
    started = time.monotonic()
    ran = run_case("sleep 600", seconds=60, should_stop=lambda: time.monotonic() - started > 1)
    assert judged(ran).state_name == "cancelled"
    assert time.monotonic() - started < 8


def test_the_log_keeps_its_beginning_and_its_end(run_case: Run, python: Python) -> None:
    program = (
        "import time\nprint('first words')\ntime.sleep(1)\nfor i in range(60000): print(' ' * 70, 'line', i)"
    )
    ran = run_case(python(program), log="64KiB", seconds=60)
    assert ran.execution.log_truncated
    assert ran.log.split()[:4] == ["first", "words", "line", "0"]
    assert "left out here: limits.log is 65,536 bytes ...]" in ran.log
    assert ran.log.endswith("line 59999\n")
    assert 48 * 1024 < len(ran.log) <= 64 * 1024


def test_one_endless_line_is_bounded_too(run_case: Run) -> None:
    ran = run_case("head -c 3000000 /dev/zero | tr '\\0' x", log="64KiB")
    assert ran.execution.log_truncated
    assert 0 < len(ran.log) <= 64 * 1024


def test_a_killed_program_leaves_its_last_words(run_case: Run, python: Python) -> None:
    ran = run_case(python("import time\nprint('epoch 1')\nprint('loading')\ntime.sleep(600)"), seconds=3)
    assert judged(ran) == Outcome("timed_out", Why.TIMED_OUT)
    assert ran.log == "epoch 1\nloading\n"


def test_a_program_that_floods_its_log_leaves_no_reader_behind(run_case: Run) -> None:
    run_case("yes | head -c 30000000", log="64KiB", seconds=60)
    assert not [thread for thread in threading.enumerate() if thread.name == "log-head"]
