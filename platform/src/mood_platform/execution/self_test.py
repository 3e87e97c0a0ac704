"""A Node's self-test: a container with the flags of a case, in which its GPU answers and there is room."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

from docker.types import LogConfig

from mood_evaluator import Dataset, Task
from mood_platform.contract import HOLDER_USER
from mood_platform.execution.container_options import DeclaredPaths, Options, case_options
from mood_platform.execution.limits import GIB, MIB, Limits
from mood_platform.execution.runtime import CaseJob, SelfTest

SECONDS = 60
WELL = "the container is well"
PROGRAM = f"""
stat -f -c 'free %a %S' /
gpu="$1"
case "$gpu" in
"") ;;
*=*) ls /dev/nvidia[0-9]* || exit 1 ;;
*) if command -v nvidia-smi
   then nvidia-smi -L | grep -F "$gpu" || exit 1
   else ls /dev/nvidia[0-9]* || exit 1
   fi ;;
esac
echo {WELL}
"""
"""`/` is on the disk of the Engine's data root; the GPU is asked by its own tool where the toolkit has it."""
LIMITS = Limits(seconds=SECONDS, memory=256 * MIB, tmp=MIB, output=MIB, shm=MIB, pids=64, cpus=1, log=MIB)
TOLD_BYTES = 400


def self_test_options(test: SelfTest, *, host_cpus: float) -> Options:
    """The flags of a case without its holder, volumes and labels: the Engine itself removes this one."""
    name = f"test-{uuid4().hex}"
    job = CaseJob(
        claim_id=name,
        image=test.holder_image,
        task=Task.SAMPLE,
        dataset=Dataset.BRAIN,
        case=Path(),
        output=Path(),
        log=Path(),
        limits=LIMITS,
        holder_image=test.holder_image,
        instance=test.instance,
        gpu=test.gpu,
        cpuset=test.cpuset,
    )
    options = case_options(job, image=DeclaredPaths(), user=HOLDER_USER, host_cpus=host_cpus)
    for part in ("pid_mode", "mounts", "labels"):
        del options[part]
    command = ["-k", "5", str(SECONDS), "sh", "-c", PROGRAM, "self-test", test.gpu or ""]
    return options | {
        "entrypoint": ["timeout"],
        "command": command,
        "auto_remove": True,
        "log_config": LogConfig(type="none"),
        "working_dir": "/",
    }


def judge_self_test(output: bytes, test: SelfTest) -> str | None:
    """What is wrong, as a sentence; None: nothing."""
    text = output.decode(errors="replace").strip()
    if not text.endswith(WELL):
        wanted = "" if test.gpu is None else f" GPU {test.gpu} did not answer."
        return (
            f"The container of the self-test ended early.{wanted} It said: {text[-TOLD_BYTES:] or 'nothing'}"
        )
    free = re.search(r"^free (\d+) (\d+)$", text, re.MULTILINE)
    room = int(free[1]) * int(free[2]) if free else 0
    if room < test.engine_free_bytes:
        return (
            f"The disk of the Engine's data root has {room / GIB:.1f} GiB left, "
            f"less than {test.engine_free_bytes / GIB:.1f} (MOOD_EXECUTION__ENGINE_FREE_BYTES)."
        )
    return None
