"""The container contract in names: where a submission finds its input and puts its output, and as whom."""

from __future__ import annotations

import posixpath

from mood_evaluator import Dataset, Task

CASE_NAME = "case.nii.gz"
"""Name of every input inside the container: constant, so that it tells nothing."""

DATA, PRED = "/mnt/data", "/mnt/pred"
TMP = "/tmp"  # noqa: S108 - inside the container, its only writable folder
SCRIPTS_FOLDER = "/workspace"
COVERED = (DATA, PRED, TMP, "/dev", "/proc", "/sys")
"""Folders in which a case sees nothing of what its image has there."""

GROUP = 65532
"""Of every case: what an image wants read, this group or everybody must be able to read."""
HOLDER_USER = 65533
"""The submission cannot signal its holder, because they are different users."""
CASE_USERS = range(60_706, 61_184)
"""Each running case has one of its own, as the kernel limits inotify instances, pipes and signals by user.
No distribution gives these numbers to people or services, and an engine in a namespace of its own has them.
"""

FORBIDDEN_WORKDIRS = ("/proc", "/sys")


def script_of(task: Task, dataset: Dataset) -> str:
    """The script that a task runs on a dataset."""
    return f"{SCRIPTS_FOLDER}/run_{task}_{dataset}.sh"


def output_name_of(task: Task) -> str:
    """Name of the one expected file under /mnt/pred."""
    return f"{CASE_NAME}.txt" if task is Task.SAMPLE else CASE_NAME


def is_under(path: str, folders: tuple[str, ...]) -> bool:
    """Whether a container path is one of the folders, or inside one."""
    normal = posixpath.normpath("/" + path.lstrip("/"))
    return any(normal == folder or normal.startswith(f"{folder.rstrip('/')}/") for folder in folders)
