"""Which arithmetic training uses: bfloat16 for products where the machine has units for it, else float32.

Weights, sums and losses stay in float32, so nothing needs to be scaled.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch


def has_bfloat16_units(device: torch.device) -> bool:
    """Return whether products in bfloat16 are faster there: on GPUs since 2020, on processors with AMX."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def mixed_precision(device: torch.device) -> AbstractContextManager[Any]:
    """Return the surroundings that a training step is computed in."""
    if not has_bfloat16_units(device):
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def name_precision(device: torch.device) -> str:
    return "mixed precision (bfloat16)" if has_bfloat16_units(device) else "float32"


def widen(x: torch.Tensor) -> torch.Tensor:
    """Return bfloat16 as float32, and what is as wide or wider as it is."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
