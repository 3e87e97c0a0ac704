"""Which time-outs are the Node's doing: the table of a case of 100 s, 2 cores and 1 GiB on 8 cores."""

from dataclasses import replace

import pytest

from mood_platform.execution.limits import GIB, Limits
from mood_platform.execution.starvation import Lack, lack_of
from mood_platform.execution.usage import Pressure, Usage

LIMITS = Limits(seconds=100, cpus=2, memory=GIB)
QUIET = Usage(
    seconds=100,
    cpu_seconds=10,
    throttled_seconds=0,
    memory_peak=GIB // 2,
    io_bytes=0,
    cpu=Pressure(1, 1),
    memory=Pressure(0, 0),
    io=Pressure(0, 0),
    node_cores=8,
    node_cases=4,
    node_cpu_some=90,
    node_io_bytes=10**9,
)
UNSEEN = replace(QUIET, cpu=Pressure())
STALLED = Pressure(30, 21)


def like(usage: Usage = QUIET, **changes: object) -> Usage:
    return replace(usage, **changes)  # type: ignore[arg-type]


TABLE = {
    "a sleeper beside hogs: it never waits": (like(cpu_seconds=0.02, cpu=Pressure(0.3, 0.3)), None),
    "runnable and not run for more than a fifth": (like(cpu=Pressure(30, 20.1)), Lack.CPU),
    "for a fifth": (like(cpu=Pressure(20, 20)), None),
    "held back by its own quota": (like(cpu_seconds=150, throttled_seconds=60, cpu=Pressure(70, 60)), None),
    "by its quota and by others, who did more": (
        like(cpu_seconds=100, throttled_seconds=20, cpu=Pressure(70, 60)),
        Lack.CPU,
    ),
    "a thousand busy threads: all of the quota used": (
        like(cpu_seconds=199, throttled_seconds=300, cpu=Pressure(100, 60)),
        None,
    ),
    "at its quota, throttling not counted by this kernel": (
        like(cpu_seconds=195, throttled_seconds=None, cpu=Pressure(100, 50)),
        None,
    ),
    "an endless loop of one thread": (like(cpu_seconds=99, cpu=Pressure(1, 1)), None),
    "a loop that waits for its GPU": (like(cpu_seconds=100, cpu=Pressure(2, 2)), None),
    "some of its threads waited, it got little, and the Node was short": (
        like(cpu_seconds=50, cpu=Pressure(60, 10)),
        Lack.CPU,
    ),
    "the same on a Node that was not short": (
        like(cpu_seconds=50, cpu=Pressure(60, 10), node_cpu_some=49),
        None,
    ),
    "the same with half of its fair part": (like(cpu_seconds=100, cpu=Pressure(60, 10)), None),
    "own file unseen, little CPU, a short Node": (like(UNSEEN, cpu_seconds=99), Lack.CPU),
    "own file unseen, half of what is fair": (like(UNSEEN, cpu_seconds=100), None),
    "own file unseen, many cases: half of 8 cores among 16": (
        like(UNSEEN, cpu_seconds=26, node_cases=16),
        None,
    ),
    "own file unseen, the Node's neither": (like(UNSEEN, node_cpu_some=None), None),
    "own file unseen, number of cases unknown": (like(UNSEEN, cpu_seconds=99, node_cases=None), Lack.CPU),
    "memory taken away far below its own limit": (like(memory=STALLED), Lack.MEMORY),
    "memory at its own limit": (like(memory=STALLED, memory_peak=GIB - 1), None),
    "memory pressure without a known peak": (like(memory=STALLED, memory_peak=None), None),
    "disks busy with others' bytes": (like(io=STALLED, io_bytes=10**8), Lack.IO),
    "disks busy with its own bytes": (like(io=STALLED, io_bytes=6 * 10**8), None),
    "disks, whose bytes nobody counted": (like(io=STALLED, node_io_bytes=None), None),
    "nothing could be measured": (Usage(seconds=100), None),
    "no reading at all": (None, None),
}


@pytest.mark.parametrize(("usage", "lack"), TABLE.values(), ids=TABLE.keys())
def test_a_time_out_is_starved_when_the_node_did_not_run_what_could_run(
    usage: Usage | None, lack: Lack | None
) -> None:
    assert lack_of(usage, LIMITS) is lack


def test_a_quota_above_the_nodes_cores_is_these_cores() -> None:
    usage = like(cpu_seconds=99, cpu=Pressure(100, 60), node_cores=1)
    assert lack_of(usage, LIMITS) is None
    assert lack_of(replace(usage, node_cores=2), LIMITS) is Lack.CPU
