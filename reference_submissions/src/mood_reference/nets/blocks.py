"""Layers and nets that several models share. Axes are (B, C, H, W)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

KERNEL, STRIDE, PADDING = 4, 2, 1  # of every convolution that halves or doubles (thesis 3.1.4)
SLOPE = 0.01  # of LeakyReLU below zero, PyTorch's default; the thesis gives none


class CoordConv2d(nn.Module):
    """A convolution that also sees where it is (Liu et al. 2018; thesis 3.2.4).

    Two channels with the coordinates from -1 to 1 join the input. They are the same for all slices, so their
    part is convolved once for the whole batch and added: equal to concatenating them, with less work.
    """

    def __init__(self, inputs: int, outputs: int, *, transposed: bool = False) -> None:
        super().__init__()
        layer = nn.ConvTranspose2d if transposed else nn.Conv2d
        whole = layer(inputs + 2, outputs, KERNEL, STRIDE, PADDING)
        self.transposed, self.inputs = transposed, inputs
        self.weight, self.bias = whole.weight, cast("nn.Parameter", whole.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H/2, W/2), or twice H and W when transposed."""
        convolve = functional.conv_transpose2d if self.transposed else functional.conv2d
        split = 0 if self.transposed else 1
        own, place = self.weight.split([self.inputs, 2], dim=split)
        where = convolve(make_coordinates(x), place, self.bias, STRIDE, PADDING)  # (1, outputs, h, w)
        return convolve(x, own, None, STRIDE, PADDING) + where


def make_coordinates(like: Tensor) -> Tensor:
    """Return row and column from -1 to 1 for the grid of a tensor: (1, 2, H, W)."""
    rows = torch.linspace(-1, 1, like.shape[2], dtype=like.dtype, device=like.device)
    columns = torch.linspace(-1, 1, like.shape[3], dtype=like.dtype, device=like.device)
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij"))[None]


def make_halving(inputs: int, outputs: int, *, coordinates: bool) -> nn.Module:
    if coordinates:
        return CoordConv2d(inputs, outputs)
    return nn.Conv2d(inputs, outputs, KERNEL, STRIDE, PADDING)


def make_doubling(inputs: int, outputs: int, *, coordinates: bool) -> nn.Module:
    if coordinates:
        return CoordConv2d(inputs, outputs, transposed=True)
    return nn.ConvTranspose2d(inputs, outputs, KERNEL, STRIDE, PADDING)


class Encoder(nn.Module):
    """DCGAN-like (thesis 3.1.4): four halvings and a last layer over all that is left.

    The last 4x4 convolution to 1x1 is written as a linear layer: the same sums, faster.
    """

    def __init__(self, maps: Sequence[int], latents: int, *, side: int, coordinates: bool) -> None:
        super().__init__()
        channels = (1, *maps)
        steps = [
            nn.Sequential(make_halving(a, b, coordinates=coordinates), nn.LeakyReLU(SLOPE))
            for a, b in pairwise(channels)
        ]
        self.body = nn.Sequential(*steps, nn.Flatten())  # (B, maps[-1] * (side/16)²)
        flat = maps[-1] * (side // 2 ** len(maps)) ** 2
        self.heads = nn.ModuleList([nn.Linear(flat, latents)])  # the VAE's have two: the same names in files

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, side, side) -> (B, latents)."""
        return cast("Tensor", self.heads[0](self.body(x)))


class Decoder(nn.Module):
    """The mirror image of Encoder; its last layer is linear."""

    def __init__(self, maps: Sequence[int], latents: int, *, side: int, coordinates: bool) -> None:
        super().__init__()
        bottom = side // 2 ** len(maps)
        channels = (1, *maps)[::-1]
        steps: list[nn.Module] = [
            nn.Linear(latents, maps[-1] * bottom**2),
            nn.LeakyReLU(SLOPE),
            nn.Unflatten(1, (maps[-1], bottom, bottom)),
        ]
        for a, b in pairwise(channels):
            steps += [make_doubling(a, b, coordinates=coordinates), nn.LeakyReLU(SLOPE)]
        self.body = nn.Sequential(*steps[:-1])

    def forward(self, z: Tensor) -> Tensor:
        """(B, latents) -> (B, 1, side, side)."""
        return cast("Tensor", self.body(z))
