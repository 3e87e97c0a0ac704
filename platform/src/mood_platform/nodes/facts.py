"""The class of this node, kept with every case it runs: CPU, memory, GPU, driver, Engine."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import docker
from docker.errors import DockerException

from mood_platform.nodes.door import Facts


def node_facts(*, docker_url: str, gpu: str | None) -> Facts:
    """Only what may change a result or a time; unknown facts are None."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory": _memory(),
        "kernel": platform.release(),
        "engine": _engine_version(docker_url),
        **_gpu_facts(gpu),
    }


def _cpu_model() -> str:
    found = re.search(
        r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE
    )
    return found[1] if found else platform.machine()


def _memory() -> int:
    """Bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _engine_version(docker_url: str) -> str | None:
    try:
        client = docker.DockerClient(base_url=docker_url, timeout=5)
        return str(client.version()["Version"])
    except (DockerException, OSError):
        return None


def _gpu_facts(gpu: str | None) -> Facts:
    """Name and driver of the GPU this slot uses; nothing on a slot without one."""
    tool = shutil.which("nvidia-smi")
    if gpu is None or tool is None:
        return {"gpu": None, "driver": None}
    query = [tool, f"--id={gpu}", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    name, _, driver = done.stdout.strip().partition(", ")
    return {"gpu": name or None, "driver": driver or None}
