"""Invertible layers that know how they change volume: what RealNVP and Glow are made of.

Each layer's `forward` maps x to y and log |det dy/dx|, one number for each of the batch; its `inverse` maps y
back to x. Tensors are features (B, C) or maps (B, C, H, W).
"""

import math
from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

Mapped = tuple[Tensor, Tensor]  # what x became, and the log-determinant (B,)

LEAST_SPREAD = 1e-3  # of a channel in ActNorm's first batch, so that one that never varies is not blown up


def find_flow_nll(flow: nn.Module, x: Tensor) -> Tensor:
    """Return -log p(x) (B,) in nats where the flow maps x to independent standard normal numbers."""
    z, log_det = flow(x)
    return 0.5 * (z**2 + math.log(2 * math.pi)).flatten(1).sum(1) - log_det


class Chain(nn.Module):
    """Layers one after the other; their log-determinants add up."""

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Mapped:
        total = x.new_zeros(len(x))
        for layer in self.layers:
            x, log_det = layer(x)
            total = total + log_det
        return x, total

    def inverse(self, y: Tensor) -> Tensor:
        for layer in reversed(self.layers):
            y = cast("Any", layer).inverse(y)
        return y


class ActNorm(nn.Module):
    """Shift and scale of each channel: at first such that a training batch gets mean 0 and deviation 1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(channels))
        self.log_scale = nn.Parameter(torch.zeros(channels))
        self.register_buffer("started", torch.tensor(data=False))

    def forward(self, x: Tensor) -> Mapped:
        if self.training and not self.started:
            self._start(x)
        y = (x + _along_channels(self.shift, x)) * _along_channels(self.log_scale.exp(), x)
        return y, (self.log_scale.sum() * _count_pixels(x)).expand(len(x))

    def inverse(self, y: Tensor) -> Tensor:
        return y * _along_channels((-self.log_scale).exp(), y) - _along_channels(self.shift, y)

    @torch.no_grad()
    def _start(self, x: Tensor) -> None:
        rows = x.transpose(0, 1).flatten(1)  # (C, everything else)
        self.shift.copy_(-rows.mean(1))
        self.log_scale.copy_(-rows.std(1).clamp_min(LEAST_SPREAD).log())
        cast("Tensor", self.started).fill_(value=True)


class Mixing(nn.Module):
    """An invertible 1x1 convolution, a rotation at first (Kingma & Dhariwal 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linalg.qr(torch.randn(channels, channels))[0])

    def forward(self, x: Tensor) -> Mapped:
        log_det = torch.linalg.slogdet(self.weight)[1] * _count_pixels(x)
        return _mix(self.weight, x), log_det.expand(len(x))

    def inverse(self, y: Tensor) -> Tensor:
        return _mix(torch.linalg.inv(self.weight), y)


class Shuffle(nn.Module):
    """Channels in another order, drawn once."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("order", torch.randperm(channels))

    def forward(self, x: Tensor) -> Mapped:
        return x[:, cast("Tensor", self.order)], x.new_zeros(len(x))

    def inverse(self, y: Tensor) -> Tensor:
        return y[:, cast("Tensor", self.order).argsort()]


class AffineCoupling(nn.Module):
    """The first half of the channels decides how the second is scaled and shifted (Dinh et al. 2016).

    `net` maps the first half, `count_kept(C)` channels, to twice the rest. The log-scale stays within
    ±`clamp`, so that no input, however odd, overflows.
    """

    def __init__(self, net: nn.Module, *, clamp: float) -> None:
        super().__init__()
        self.net, self.clamp = net, clamp

    def forward(self, x: Tensor) -> Mapped:
        kept, changed = x.chunk(2, dim=1)
        log_scale, shift = self._decide(kept)
        return torch.cat([kept, changed * log_scale.exp() + shift], 1), log_scale.flatten(1).sum(1)

    def inverse(self, y: Tensor) -> Tensor:
        kept, changed = y.chunk(2, dim=1)
        log_scale, shift = self._decide(kept)
        return torch.cat([kept, (changed - shift) * (-log_scale).exp()], 1)

    def _decide(self, kept: Tensor) -> Mapped:
        raw, shift = self.net(kept).to(kept.dtype).chunk(2, dim=1)
        return self.clamp * torch.tanh(raw / self.clamp), shift


class Squeeze(nn.Module):
    """Every 2x2 square of pixels becomes four channels: (B, C, H, W) -> (B, 4C, H/2, W/2)."""

    def forward(self, x: Tensor) -> Mapped:
        return functional.pixel_unshuffle(x, 2), x.new_zeros(len(x))

    def inverse(self, y: Tensor) -> Tensor:
        return functional.pixel_shuffle(y, 2)


def count_kept(channels: int) -> int:
    """Return how many channels a coupling leaves as they are."""
    return (channels + 1) // 2


def start_at_zero(layer: nn.Linear | nn.Conv2d) -> nn.Module:
    """Return the last layer of a coupling's net such that the coupling changes nothing at first."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(cast("Tensor", layer.bias))
    return layer


def _mix(weight: Tensor, x: Tensor) -> Tensor:
    with torch.autocast(
        x.device.type, enabled=False
    ):  # rounded, it would not be what the log-determinant says
        return torch.einsum("oc,bc...->bo...", weight.to(x.dtype), x)


def _along_channels(values: Tensor, like: Tensor) -> Tensor:
    """(C,) -> (1, C) or (1, C, 1, 1)."""
    return values.view(1, -1, *[1] * (like.ndim - 2))


def _count_pixels(x: Tensor) -> int:
    return math.prod(x.shape[2:])
