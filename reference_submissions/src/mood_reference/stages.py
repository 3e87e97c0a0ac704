"""What a method trained by gradients tells the trainer: its nets, one after the other, and their losses.

The trainer (`learning/loop.py`) knows nothing about any model; a model knows nothing about checkpoints,
devices or progress bars.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mood_reference.weights import Arrays

Nets = Mapping[str, nn.Module]  # the finished nets of earlier stages, by the name of their stage

Draw = Callable[[Any, np.random.Generator], tuple[Tensor, ...]]  # prepared data -> one batch
Loss = Callable[[Any, tuple[Tensor, ...], Nets], dict[str, Tensor]]
"""Net, batch, earlier nets -> losses. The first is minimised, a mean over the batch; the rest is logged."""


class Decay(StrEnum):
    CONSTANT = "constant"
    COSINE = "cosine"  # to zero along a half cosine
    PLATEAU = (
        "plateau"  # times 0.1 when the held-out loss stops falling; ends after `patience` checks (3.1.4)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast Adam goes."""

    steps: int
    learning_rate: float
    decay: Decay = Decay.COSINE
    warmup: int = 0  # steps in which the rate rises from nothing
    weight_decay: float = 0.0
    clip_norm: float | None = None  # of the gradient of all weights together
    checks: int = 20  # how often the held-out loss is measured, a checkpoint written and the best net kept
    patience: int = 3  # checks without gain after which PLATEAU ends
    select: str = "loss"  # best net by held-out "loss" or by "spheres": AP on painted spheres (thesis 4.2.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One net. Either `draw` and `loss` train it by gradients, or `fit` sets it in one go."""

    name: str
    build: Callable[[Nets], nn.Module]
    prepare: Callable[[Any], Any]  # volumes (N, X, Y, Z) -> what `draw` or `fit` wants
    schedule: Schedule | None = None
    draw: Draw | None = None
    loss: Loss | None = None
    fit: Callable[[Any, Any, Nets, int], None] | None = None
    """Net, data, earlier nets, seed."""


def export_nets(nets: Nets) -> Arrays:
    """Return every weight under `stage/name`; matrices and kernels as float16 where that holds them."""
    return {f"{stage}/{key}": _store(t) for stage, net in nets.items() for key, t in net.state_dict().items()}


def _store(tensor: Tensor) -> Any:
    array = tensor.detach().cpu().numpy()
    short = array.dtype == np.float32 and array.ndim >= 2 and np.abs(array).max(initial=0) < 1e3
    return array.astype(np.float16) if short else array


def restore_nets(stages: Sequence[Stage], arrays: Arrays, device: torch.device | None = None) -> Nets:
    """Build the nets of all stages with the weights of a file, ready to score."""
    nets: dict[str, nn.Module] = {}
    for stage in stages:
        net = stage.build(nets)
        load_net(net, arrays, stage.name)
        nets[stage.name] = freeze(net.to(device or find_device()))
    return nets


def load_net(net: nn.Module, arrays: Arrays, stage: str) -> None:
    """Give a net the weights stored under its stage; a missing or misshapen one is an error that names it."""
    prefix = f"{stage}/"
    wanted = net.state_dict()
    found = {
        key.removeprefix(prefix): torch.from_numpy(np.array(value))
        for key, value in arrays.items()
        if key.startswith(prefix)
    }
    net.load_state_dict({key: value.to(wanted[key].dtype) for key, value in found.items() if key in wanted})


def freeze(net: nn.Module) -> nn.Module:
    """Return the net ready to score: no dropout, fixed normalisation, no gradients of weights."""
    net.eval().requires_grad_(requires_grad=False)
    return put_channels_last(net)


def put_channels_last(net: nn.Module) -> nn.Module:
    """Lay out kernels with their channels last in memory, which is faster for small maps on processors.

    Nets with group normalisation stay as they are: in PyTorch 2.13 that corrupts memory for few channels.
    """
    if any(isinstance(layer, nn.GroupNorm) for layer in net.modules()):
        return net
    moved: nn.Module = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return moved


def find_device() -> torch.device:
    """Return the GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
