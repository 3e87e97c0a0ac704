"""The counters of a container, of files as the three layouts of cgroups show them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mood_platform.execution.cgroups import find_cgroup, node_io_bytes, node_pressure, parse_pressure
from mood_platform.execution.usage import Pressure, Usage

ID = "34f8d1a98a73cad7c4605cf6fc274a1741c0ccd1e7dbbbdcde82c70228824a19"
SLICE = f"system.slice/docker-{ID}.scope"
V1_MOUNTS = """\
sysfs /sys sysfs rw,nosuid 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/blkio cgroup rw,relatime,blkio 0 0
"""
V1_MEMBER = f"8:blkio:/docker/{ID}\n4:memory:/docker/{ID}\n1:cpu,cpuacct:/docker/{ID}\n"
V1_FILES = {
    f"cpu,cpuacct/docker/{ID}/cpu.stat": "nr_periods 32\nnr_throttled 30\nthrottled_time 1459598229\n",
    f"cpu,cpuacct/docker/{ID}/cpuacct.usage": "1563166375\n",
    f"memory/docker/{ID}/memory.max_usage_in_bytes": "4075520\n",
    f"blkio/docker/{ID}/blkio.throttle.io_service_bytes": (
        "254:0 Read 4096\n254:0 Write 8\n254:0 Total 4104\nTotal 4104\n"
    ),
}
PRESSURE = """\
some avg10=7.60 avg60=1.37 avg300=0.28 total=1356447
full avg10=7.60 avg60=1.37 avg300=0.28 total=1353044
"""
UNIFIED_FILES = {
    f"unified/docker/{ID}/cpu.stat": "usage_usec 1563166\nuser_usec 1548115\nsystem_usec 15051\n",
    f"unified/docker/{ID}/cpu.pressure": PRESSURE,
    f"unified/docker/{ID}/memory.pressure": PRESSURE.replace("1353044", "288"),
    f"unified/docker/{ID}/io.pressure": PRESSURE.replace("1353044", "0"),
}
V2_FILES = {
    f"{SLICE}/cpu.stat": "usage_usec 1563166\nnr_throttled 30\nthrottled_usec 1459598\n",
    f"{SLICE}/memory.peak": "4075520\n",
    f"{SLICE}/memory.current": "1000\n",
    f"{SLICE}/io.stat": "254:0 rbytes=4096 wbytes=8 rios=1 wios=1 dbytes=0 dios=0\n",
    f"{SLICE}/cpu.pressure": PRESSURE,
}
V1 = Usage(
    seconds=3, cpu_seconds=1.563166375, throttled_seconds=1.459598229, memory_peak=4075520, io_bytes=4104
)


def machine(root: Path, *, mounts: str, member: str, files: Mapping[str, str]) -> Path:
    below = {f"sys/fs/cgroup/{name}": text for name, text in files.items()}
    for name, text in (below | {"proc/mounts": mounts, "proc/77/cgroup": member}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def read(root: Path, *, pid: int = 77) -> Usage:
    return find_cgroup(ID, pid=pid, root=root).read(seconds=3)


def test_v1_has_no_pressure(tmp_path: Path) -> None:
    assert read(machine(tmp_path, mounts=V1_MOUNTS, member=V1_MEMBER, files=V1_FILES)) == V1


def test_v1_beside_the_unified_hierarchy_has_its_pressure(tmp_path: Path) -> None:
    mounts = V1_MOUNTS + "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0\n"
    member = V1_MEMBER + f"0::/docker/{ID}\n"
    found = read(machine(tmp_path, mounts=mounts, member=member, files=V1_FILES | UNIFIED_FILES))
    assert (found.cpu_seconds, found.throttled_seconds) == (pytest.approx(1.563166), 1.459598229)
    assert (found.memory_peak, found.io_bytes) == (4075520, 4104)
    assert found.cpu == Pressure(1.356447, 1.353044)
    assert (found.memory.full, found.io.full) == (pytest.approx(0.000288), 0.0)


def test_v2_has_all_in_one_folder(tmp_path: Path) -> None:
    mounts = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"
    found = read(machine(tmp_path, mounts=mounts, member=f"0::/{SLICE}\n", files=V2_FILES))
    assert found.cpu_seconds == pytest.approx(1.563166)
    assert found.throttled_seconds == pytest.approx(1.459598)
    assert (found.memory_peak, found.io_bytes) == (4075520, 4104)
    assert found.cpu == Pressure(1.356447, 1.353044)
    assert found.memory == Pressure(None, None)


def test_a_kernel_without_a_peak_gives_the_memory_of_this_moment(tmp_path: Path) -> None:
    files = {name: text for name, text in V2_FILES.items() if not name.endswith("memory.peak")}
    mounts = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"
    assert read(machine(tmp_path, mounts=mounts, member="", files=files)).memory_peak == 1000


@pytest.mark.parametrize(
    "member", [V1_MEMBER.replace(ID, "f" * 64), ""], ids=["another process", "none to see"]
)
def test_without_its_process_a_container_is_found_by_the_names_of_engines(
    tmp_path: Path, member: str
) -> None:
    root = machine(tmp_path, mounts=V1_MOUNTS, member=member, files=V1_FILES)
    assert read(root) == V1
    assert read(root, pid=0) == V1


def test_what_is_gone_or_was_never_there_is_none_and_not_zero(tmp_path: Path) -> None:
    assert find_cgroup(ID, pid=77, root=tmp_path).folders == {}
    assert read(machine(tmp_path, mounts=V1_MOUNTS, member=V1_MEMBER, files={})) == Usage(seconds=3)


def test_pressure_is_read_of_kernels_without_full_and_of_none() -> None:
    assert parse_pressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=5000000\n") == Pressure(5.0, None)
    assert parse_pressure("") == parse_pressure(None) == Pressure(None, None)


def test_the_nodes_own_waiting_and_its_disks_without_partitions_and_loops(tmp_path: Path) -> None:
    rows = ["7 0 loop0 1 0 99 0 1 0 99 0", "254 0 vda 1 0 10 0 1 0 20 0", "254 1 vda1 1 0 10 0 1 0 20 0"]
    for name, text in {"proc/pressure/cpu": PRESSURE, "proc/diskstats": "\n".join(rows)}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for disk in ("loop0", "vda"):
        (tmp_path / "sys/block" / disk).mkdir(parents=True)
    assert node_pressure(root=tmp_path).some == 1.356447
    assert node_io_bytes(root=tmp_path) == 30 * 512
    assert node_io_bytes(root=tmp_path / "proc") is None
