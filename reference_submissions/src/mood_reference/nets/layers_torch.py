"""The layers of `layers_numpy` on PyTorch tensors: the same names, with gradients, for training."""

import torch
from torch.nn import functional

from mood_reference.nets.layers_numpy import PADDING, SLOPE, STRIDE


def conv(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return functional.conv2d(x, weight, stride=STRIDE, padding=PADDING)


def conv_adjoint(y: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return functional.conv_transpose2d(y, weight, stride=STRIDE, padding=PADDING)


def leaky(x: torch.Tensor) -> torch.Tensor:
    return functional.leaky_relu(x, SLOPE)
