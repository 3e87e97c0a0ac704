"""From a CaseJob to the options of its containers and volumes: pure, so testable without an engine.

Submissions are hostile until proven otherwise. What each option is for stands beside it; the hostile
containers that prove them are in tests/security.
"""

from __future__ import annotations

import hashlib
import math
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from docker.types import DeviceRequest, DriverConfig, LogConfig, Mount, Ulimit

from mood_platform.contract import (
    CASE_USERS,
    DATA,
    FORBIDDEN_WORKDIRS,
    GROUP,
    HOLDER_USER,
    PRED,
    TMP,
    is_under,
    script_of,
)
from mood_platform.execution.limits import MIB, Limits
from mood_platform.execution.runtime import CaseJob

CLAIM_LABEL = "org.mood.claim"
INSTANCE_LABEL = "org.mood.instance"
_BACKSTOP_SECONDS = 120
_PAGE = 4096
_MODEST = Limits(memory=32 * MIB, tmp=MIB, output=MIB, shm=MIB, pids=8, cpus=0.01, log=MIB)
_OPEN_FILES = 16384  # an engine cannot give more than it has itself, and 20,000 is common

Options = dict[str, Any]
"""Keyword arguments of the Engine's client."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a claim's container and volumes are called: known without asking the engine."""

    claim_id: str

    @property
    def case(self) -> str:
        return f"mood-{self.claim_id}-case"

    @property
    def data(self) -> str:
        return f"mood-{self.claim_id}-data"

    @property
    def pred(self) -> str:
        return f"mood-{self.claim_id}-pred"


@dataclass(frozen=True, slots=True)
class DeclaredPaths:
    """The part of an image's configuration that the options must react to."""

    volumes: tuple[str, ...] = ()
    workdir: str = ""


def users_of_cases(claim_id: str) -> tuple[int, ...]:
    """All users that a case may run as, in the order in which this claim tries them."""
    first = int.from_bytes(hashlib.sha256(claim_id.encode()).digest()[:8]) % len(CASE_USERS)
    return (*CASE_USERS[first:], *CASE_USERS[:first])


def holder_name(user: int) -> str:
    """An engine gives a name once: while the holder exists, no other case runs as this user."""
    return f"mood-user-{user}"


def is_holder_name(name: str) -> bool:
    return name in _HOLDER_NAMES


_HOLDER_NAMES = frozenset(map(holder_name, CASE_USERS))


def holder_options(job: CaseJob, *, image: DeclaredPaths, user: int, case_bytes: int) -> Options:
    """The trusted container that keeps volumes and PID namespace alive, and ends them if nobody else does.

    The engine makes the two volumes with it: tmpfs, exact in bytes and files, never on the host's disk.
    """
    return _confined(job, image, user=HOLDER_USER, group=HOLDER_USER) | {
        "image": job.holder_image,
        "name": holder_name(user),
        "entrypoint": ["sleep"],
        "command": [str(math.ceil(job.limits.seconds) + _BACKSTOP_SECONDS)],
        "working_dir": "/",
        "init": True,  # as PID 1 of the namespace it reaps what the submission leaves
        "mem_limit": 32 * MIB,
        "memswap_limit": 32 * MIB,
        "pids_limit": 8,
        "log_config": LogConfig(type="none"),
        "mounts": _new_volumes(job, user=user, case_bytes=case_bytes),
        "environment": {"LD_PRELOAD": "", "LD_AUDIT": "", "NVIDIA_VISIBLE_DEVICES": "void"},
    }


def case_options(job: CaseJob, *, image: DeclaredPaths, user: int, host_cpus: float) -> Options:
    """The submission's container. The image's ENTRYPOINT and WORKDIR are kept."""
    limits = job.limits
    cpus = min(limits.cpus, host_cpus)
    options = _confined(job, image, user=user, group=GROUP) | {
        "image": job.image,
        "name": Names(job.claim_id).case,
        "command": ["sh", script_of(job.task, job.dataset), DATA, PRED],
        "pid_mode": f"container:{holder_name(user)}",
        "mounts": _mounts(job),
        "environment": _environment(job, cpus),
        "device_requests": _device_requests(job.gpu),
    }
    options |= _limited(limits, cpus)
    options["tmpfs"][TMP] = f"rw,exec,nosuid,nodev,size={limits.tmp},nr_inodes=65536,{_owned_by(user)}"
    if job.cpuset is not None:
        options["cpuset_cpus"] = job.cpuset
    if is_under(image.workdir, FORBIDDEN_WORKDIRS):
        options["working_dir"] = "/"
    return options


def probe_options(options: Mapping[str, Any], *, holder_image: str) -> Options:
    """The same container without anything that the submission's image brings: a healthy engine starts it."""
    own = {"image": holder_image, "entrypoint": ["sleep"], "command": ["0"], "working_dir": "/"}
    return {**options, **own, "tmpfs": {TMP: options["tmpfs"][TMP]}}


def modest_options(options: Mapping[str, Any]) -> Options:
    """The same container with little of all that an edition limits: the Node's own flags are left."""
    return {**options, **_limited(_MODEST, _MODEST.cpus), "tmpfs": {}}


def seccomp_profile() -> str:
    """The allow-list of system calls as JSON: no io_uring, vsock, userfaultfd, bpf, keyrings, ptrace."""
    return files("mood_platform.execution").joinpath("seccomp.json").read_text(encoding="utf-8")


def labels(job: CaseJob) -> dict[str, str]:
    """Set on everything that is made, so that an image's own labels never count."""
    return {CLAIM_LABEL: job.claim_id, INSTANCE_LABEL: job.instance}


def _confined(job: CaseJob, image: DeclaredPaths, *, user: int, group: int) -> Options:
    """What holder and submission have in common: no network, no rights, no writable root."""
    return {
        "labels": labels(job),
        "hostname": "case",
        "network_mode": "none",
        "dns": ["127.0.0.1"],  # hides the host's resolver, which is copied in otherwise
        "read_only": True,
        "user": f"{user}:{group}",  # whatever USER the image declares
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true", f"seccomp={seccomp_profile()}"],
        "ipc_mode": "private",
        "healthcheck": {"test": ["NONE"]},  # the image's would run as an extra process
        "tmpfs": _volume_covers(image.volumes, user=user),
    }


def _volume_covers(volumes: tuple[str, ...], *, user: int) -> dict[str, str]:
    """Each VOLUME would be a writable folder on the host's disk: 1 MiB of tmpfs instead."""
    covered = {_as_the_engine_names(volume) for volume in volumes} - {TMP, DATA, PRED}
    return dict.fromkeys(sorted(covered), f"rw,nosuid,nodev,noexec,size=1m,nr_inodes=64,{_owned_by(user)}")


def _owned_by(user: int) -> str:
    """A folder of the image lends its own mode to what covers it, unless the mode is said."""
    return f"uid={user},gid={GROUP},mode=1777"


def _as_the_engine_names(volume: str) -> str:
    """A cover under another spelling than the engine's covers nothing. A path that is not absolute stays
    so, and the engine then refuses the container.
    """
    normal = posixpath.normpath(volume)
    return normal[1:] if normal.startswith("//") else normal


def _new_volumes(job: CaseJob, *, user: int, case_bytes: int) -> list[Mount]:
    names, limits = Names(job.claim_id), job.limits
    given = f"size={case_bytes + MIB},nr_inodes=8,uid=0,gid=0,mode=0755"
    # One page more than allowed, so that a prediction that filled the space is seen to be too large.
    size = f"size={limits.output + _PAGE},nr_inodes={limits.output_files + 1}"
    taken = f"{size},uid={user},gid={GROUP},mode=0700"
    return [
        _mount(DATA, names.data, labels=labels(job), driver_config=_tmpfs(given)),
        _mount(PRED, names.pred, labels=labels(job), driver_config=_tmpfs(taken)),
    ]


def _mounts(job: CaseJob) -> list[Mount]:
    names = Names(job.claim_id)
    return [_mount(DATA, names.data, read_only=True), _mount(PRED, names.pred)]


def _mount(target: str, volume: str, **options: Any) -> Mount:
    """`no_copy`: an image's own files at these places must not be copied into our volumes."""
    return Mount(target=target, source=volume, type="volume", no_copy=True, **options)


def _tmpfs(options: str) -> DriverConfig:
    return DriverConfig("local", {"type": "tmpfs", "device": "tmpfs", "o": f"{options},nosuid,nodev,noexec"})


def _limited(limits: Limits, cpus: float) -> Options:
    return {
        "mem_limit": limits.memory,
        "memswap_limit": limits.memory,  # equal: no swap
        "shm_size": limits.shm,
        "pids_limit": limits.pids,
        "nano_cpus": int(cpus * 10**9),
        "ulimits": _ulimits(limits),
        "log_config": _log_config(limits),
    }


def _ulimits(limits: Limits) -> list[Ulimit]:
    largest_file = max(limits.output, limits.tmp, limits.shm) + _PAGE  # stops sparse terabytes
    ceilings = {"nofile": _OPEN_FILES, "core": 0, "fsize": largest_file}
    return [Ulimit(name=name, soft=value, hard=value) for name, value in ceilings.items()]


def _log_config(limits: Limits) -> LogConfig:
    """Two files of the allowed size: at least that much of the end is there whenever one is rotated away."""
    return LogConfig(type="local", config={"max-size": str(limits.log), "max-file": "2", "compress": "false"})


def _environment(job: CaseJob, cpus: float) -> dict[str, str]:
    threads = math.ceil(cpus if job.cpuset is None else min(cpus, _count_cpus(job.cpuset)))
    return {
        "HOME": TMP,
        "USER": "algorithm",  # the uid has no passwd entry, and torch asks who it is
        "PYTHONUNBUFFERED": "1",  # else the last words of a killed program are lost in its buffer
        "OMP_NUM_THREADS": str(threads),  # os.cpu_count() counts the host's cores
        "LD_PRELOAD": "",
        "LD_AUDIT": "",
        "NVIDIA_VISIBLE_DEVICES": job.gpu if job.gpu is not None and not _is_cdi(job.gpu) else "void",
    }


def _device_requests(gpu: str | None) -> list[DeviceRequest]:
    if gpu is None:
        return []
    if _is_cdi(gpu):
        return [DeviceRequest(driver="cdi", device_ids=[gpu])]
    return [DeviceRequest(device_ids=[gpu], capabilities=[["gpu"]])]


def _is_cdi(gpu: str) -> bool:
    return "=" in gpu


def _count_cpus(cpuset: str) -> int:
    spans = [part.split("-") for part in cpuset.split(",")]
    return sum(int(span[-1]) - int(span[0]) + 1 for span in spans)
