"""Every flag of the containers, without an engine."""

import json
from pathlib import Path
from typing import Any

import pytest

from mood_evaluator import Dataset, Task
from mood_platform.contract import CASE_USERS
from mood_platform.execution.container_options import (
    DeclaredPaths,
    case_options,
    holder_options,
    is_holder_name,
    modest_options,
    probe_options,
    seccomp_profile,
    users_of_cases,
)
from mood_platform.execution.limits import GIB, MIB, Limits
from mood_platform.execution.runtime import CaseJob

USER = CASE_USERS[7]


def job(**changes: Any) -> CaseJob:
    given: dict[str, Any] = {
        "claim_id": "c1", "image": "sha256:1234", "task": Task.PIXEL, "dataset": Dataset.BRAIN,
        "case": Path("case"), "output": Path("out"), "log": Path("log"), "limits": Limits(),
        "holder_image": "base", "instance": "here",
    } | changes  # fmt: skip
    return CaseJob(**given)


def case(image: DeclaredPaths = DeclaredPaths(), *, host_cpus: float = 8, **changes: Any) -> dict[str, Any]:  # noqa: B008 - frozen
    return case_options(job(**changes), image=image, user=USER, host_cpus=host_cpus)


def holder(**limits: Any) -> dict[str, Any]:
    return holder_options(job(limits=Limits(**limits)), image=DeclaredPaths(), user=USER, case_bytes=10 * MIB)


def test_the_command_is_the_contracts_and_the_entry_point_is_left_to_the_image() -> None:
    options = case(task=Task.SAMPLE, dataset=Dataset.ABDOM)
    assert options["command"] == ["sh", "/workspace/run_sample_abdom.sh", "/mnt/data", "/mnt/pred"]
    assert "entrypoint" not in options
    assert "working_dir" not in options


@pytest.mark.parametrize("options", [case(), holder()], ids=["case", "holder"])
def test_no_network_no_rights_no_writable_root(options: dict[str, Any]) -> None:
    assert options["network_mode"] == "none"
    assert options["dns"] == ["127.0.0.1"]
    assert options["read_only"] is True
    assert options["cap_drop"] == ["ALL"]
    assert options["security_opt"][0] == "no-new-privileges:true"
    assert (
        json.loads(options["security_opt"][1].removeprefix("seccomp="))["defaultAction"] == "SCMP_ACT_ERRNO"
    )
    assert options["healthcheck"] == {"test": ["NONE"]}
    assert options["labels"] == {"org.mood.claim": "c1", "org.mood.instance": "here"}
    assert "privileged" not in options
    assert "volumes" not in options


def test_the_submission_is_not_root_and_not_the_holders_user() -> None:
    assert case()["user"] == f"{USER}:65532"
    assert holder()["user"] == "65533:65533"
    assert not {0, 65532, 65533, 65534} & set(CASE_USERS)
    assert max(CASE_USERS) < 65536


def test_the_holder_bears_the_name_of_the_user_that_it_keeps_for_its_case() -> None:
    assert holder()["name"] == f"mood-user-{USER}"
    assert case()["pid_mode"] == f"container:mood-user-{USER}"
    assert is_holder_name(holder()["name"])
    assert not is_holder_name(case()["name"])
    assert not is_holder_name("mood-user-0")


def test_every_claim_tries_all_users_and_not_all_claims_begin_with_the_same() -> None:
    orders = [users_of_cases(f"claim {number}") for number in range(20)]
    assert all(sorted(order) == list(CASE_USERS) for order in orders)
    assert len({order[0] for order in orders}) > 1


def test_all_that_a_case_may_write_to_belongs_to_its_user() -> None:
    options = case(DeclaredPaths(volumes=("/cache",)))
    owner = f"uid={USER},gid=65532,mode=1777"
    assert all(place.endswith(owner) for place in options["tmpfs"].values())


def test_the_holder_has_little_memory_few_processes_and_no_swap() -> None:
    options = holder(memory=GIB)
    assert options["mem_limit"] == options["memswap_limit"] == 32 * MIB
    assert options["pids_limit"] == 8


def test_memory_has_no_swap_and_all_limits_reach_the_engine() -> None:
    options = case(limits=Limits(memory=GIB, tmp=2 * MIB, shm=3 * MIB, pids=99, cpus=2))
    assert options["mem_limit"] == options["memswap_limit"] == GIB
    assert options["shm_size"] == 3 * MIB
    assert options["pids_limit"] == 99
    assert options["nano_cpus"] == 2 * 10**9
    assert f"size={2 * MIB}," in options["tmpfs"]["/tmp"]
    assert options["tmpfs"]["/tmp"].startswith("rw,exec,nosuid,nodev,")


def test_without_what_an_edition_limits_the_nodes_own_flags_are_left() -> None:
    huge = case(limits=Limits(memory=2**53, pids=2**22, log=2**53), cpuset="0-1", gpu="GPU-1")
    modest = modest_options(huge)
    assert (modest["pids_limit"], modest["mem_limit"], modest["memswap_limit"]) == (8, 32 * MIB, 32 * MIB)
    assert modest["log_config"].config["max-size"] == str(MIB)
    for own in ("cpuset_cpus", "device_requests", "security_opt", "pid_mode", "mounts", "user", "name"):
        assert modest[own] == huge[own]


def test_a_small_machine_gives_what_it_has() -> None:
    options = case(host_cpus=2)
    assert options["nano_cpus"] == 2 * 10**9
    assert options["environment"]["OMP_NUM_THREADS"] == "2"


def test_threads_follow_the_cores_of_the_cpuset() -> None:
    options = case(cpuset="0-1,5")
    assert options["cpuset_cpus"] == "0-1,5"
    assert options["environment"]["OMP_NUM_THREADS"] == "3"


def test_no_file_may_outgrow_the_largest_space_and_no_core_is_dumped() -> None:
    ceilings = {
        limit.name: limit.hard for limit in case(limits=Limits(output=5 * MIB, tmp=MIB, shm=MIB))["ulimits"]
    }
    assert ceilings["fsize"] == 5 * MIB + 4096
    assert ceilings["core"] == 0


def test_the_log_is_bounded_by_the_engine() -> None:
    log = case(limits=Limits(log=4096))["log_config"]
    assert log["Type"] == "local"
    assert log["Config"] == {"max-size": "4096", "max-file": "2", "compress": "false"}


def test_input_is_read_only_and_the_images_own_files_are_not_copied_into_our_volumes() -> None:
    data, pred = case()["mounts"]
    assert (data["Target"], data["ReadOnly"]) == ("/mnt/data", True)
    assert (pred["Target"], pred["ReadOnly"]) == ("/mnt/pred", False)
    assert all(mount["VolumeOptions"]["NoCopy"] for mount in (data, pred))
    assert {mount["Type"] for mount in (data, pred)} == {"volume"}


def test_volumes_are_tmpfs_bounded_in_bytes_and_files_and_made_with_the_holder() -> None:
    data, pred = (mount["VolumeOptions"] for mount in holder(output=MIB, output_files=7)["mounts"])
    given, taken = data["DriverConfig"]["Options"], pred["DriverConfig"]["Options"]
    assert f"size={11 * MIB}," in given["o"]
    assert f"size={MIB + 4096},nr_inodes=8,uid={USER},gid=65532,mode=0700," in taken["o"]
    assert {options["type"] for options in (given, taken)} == {"tmpfs"}
    assert all(options["o"].endswith("nosuid,nodev,noexec") for options in (given, taken))
    assert all(volume["NoCopy"] for volume in (data, pred))
    assert data["Labels"] == pred["Labels"] == {"org.mood.claim": "c1", "org.mood.instance": "here"}


@pytest.mark.parametrize(
    ("volume", "cover"),
    [("//cache", "/cache"), ("/a/../cache", "/cache"), ("/cache/", "/cache"), ("cache", "cache"), ("", ".")],
)
def test_a_volume_is_covered_under_the_name_that_the_engine_uses(volume: str, cover: str) -> None:
    """The engine refuses a cover that is not absolute; under an absolute name it would not find it."""
    assert set(case(DeclaredPaths(volumes=(volume,)))["tmpfs"]) == {"/tmp", cover}


def test_a_probe_brings_nothing_of_the_image() -> None:
    options = case(DeclaredPaths(volumes=("/", "x"), workdir="/proc"))
    probe = probe_options(options, holder_image="base")
    assert (probe["image"], probe["entrypoint"], probe["working_dir"]) == ("base", ["sleep"], "/")
    assert set(probe["tmpfs"]) == {"/tmp"}
    changed = {"image", "entrypoint", "command", "working_dir", "tmpfs"}
    assert {name for name in probe if name not in options or probe[name] != options[name]} <= changed


def test_every_volume_of_the_image_is_covered_but_ours() -> None:
    covers = case(DeclaredPaths(volumes=("/cache", "/var/lib/x/", "/mnt/data", "/tmp")))["tmpfs"]
    assert set(covers) == {"/cache", "/var/lib/x", "/tmp"}
    assert "size=1m" in covers["/cache"]
    assert "exec" in covers["/tmp"].split(",")


@pytest.mark.parametrize("workdir", ["/proc/self/fd/8", "/sys", "//proc/1", "/x/../proc", "proc/self"])
def test_a_workdir_in_proc_or_sys_is_replaced(workdir: str) -> None:
    assert case(DeclaredPaths(workdir=workdir))["working_dir"] == "/"


@pytest.mark.parametrize("workdir", ["/workspace", "/process", "/", ""])
def test_an_ordinary_workdir_is_kept(workdir: str) -> None:
    assert "working_dir" not in case(DeclaredPaths(workdir=workdir))


def test_without_a_gpu_none_can_be_asked_for_by_the_image() -> None:
    assert case()["environment"]["NVIDIA_VISIBLE_DEVICES"] == "void"
    assert case()["device_requests"] == []


def test_a_gpu_is_given_by_its_uuid() -> None:
    options = case(gpu="GPU-12")
    assert options["environment"]["NVIDIA_VISIBLE_DEVICES"] == "GPU-12"
    assert options["device_requests"][0]["DeviceIDs"] == ["GPU-12"]
    assert options["device_requests"][0]["Count"] == 0
    assert options["device_requests"][0]["Capabilities"] == [["gpu"]]


def test_a_gpu_may_be_named_as_a_cdi_device() -> None:
    options = case(gpu="nvidia.com/gpu=0")
    assert options["environment"]["NVIDIA_VISIBLE_DEVICES"] == "void"
    assert options["device_requests"][0]["Driver"] == "cdi"


def test_the_environment_overrides_what_an_image_could_preload() -> None:
    environment = case()["environment"]
    assert environment["LD_PRELOAD"] == environment["LD_AUDIT"] == ""
    assert (environment["HOME"], environment["USER"]) == ("/tmp", "algorithm")


def test_what_python_prints_is_not_kept_back_in_a_buffer() -> None:
    assert case()["environment"]["PYTHONUNBUFFERED"] == "1"


def test_the_holder_outlives_the_limit_and_ends_the_namespace_by_itself() -> None:
    options = holder(seconds=7.5)
    assert (options["entrypoint"], options["command"]) == (["sleep"], ["128"])
    assert options["init"] is True
    assert "init" not in case()


@pytest.mark.parametrize(
    "call",
    [
        "io_uring_setup",
        "userfaultfd",
        "bpf",
        "keyctl",
        "add_key",
        "unshare",
        "setns",
        "mount",
        "ptrace",
        "perf_event_open",
        "mincore",
        "cachestat",
    ],
)
def test_dangerous_system_calls_are_not_on_the_list(call: str) -> None:
    allowed = {name for rule in json.loads(seccomp_profile())["syscalls"] for name in rule["names"]}
    assert call not in allowed
    assert {"read", "futex", "clone", "execve"} <= allowed


def test_sockets_are_limited_to_ordinary_families() -> None:
    rules = [rule for rule in json.loads(seccomp_profile())["syscalls"] if "socket" in rule["names"]]
    assert sorted(rule["args"][0]["value"] for rule in rules) == [1, 2, 10, 16]
