"""Whether this machine's driver knows a GPU, asked without starting anything."""

from __future__ import annotations

import re
from pathlib import Path

DRIVER = Path("/proc/driver/nvidia/gpus")


def missing_gpu(gpu: str | None, *, driver: Path = DRIVER) -> str | None:
    """A sentence when the driver lists its GPUs and this UUID is not among them; None otherwise."""
    if gpu is None or not gpu.startswith("GPU-") or not driver.is_dir():
        return None
    found = [_uuid_of(path) for path in sorted(driver.glob("*/information"))]
    if gpu in found:
        return None
    return f"GPU {gpu} is not there; the driver has {', '.join(found) or 'none'} (MOOD_EXECUTION__GPU)."


def _uuid_of(information: Path) -> str:
    match = re.search(r"^GPU UUID:\s*(\S+)", information.read_text(errors="replace"), re.MULTILINE)
    return match[1] if match else "one that does not answer"
