"""PixelSNAIL (Chen et al. 2018): the probability of a map of codes, each given those before it, row by row.

Convolutions see the codes above and to the left; attention sees all earlier ones. Axes are (B, C, h, w).
"""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


class CausalConv2d(nn.Module):
    """A 3x3 convolution that sees nothing after the place it computes, in raster order."""

    mask: Tensor  # (2, 3), the row above and the row itself; the row below would be all zeros

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, (2, 3))
        mask = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, outputs, h, w)."""
        padded = functional.pad(x, (1, 1, 1, 0))  # left, right, above
        return functional.conv2d(padded, self.conv.weight * self.mask, self.conv.bias)


class GatedResidual(nn.Module):
    """x + a * sigmoid(b), where two convolutions make (a, b) from x, and a condition may shift both.

    The second one is 1x1, as in the residual blocks of the first VQVAE: half the work of a second 3x3.
    """

    def __init__(self, maps: int, convolve: Callable[[int, int], nn.Module], conditions: int = 0) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.ELU(), convolve(maps, maps), nn.ELU(), nn.Conv2d(maps, 2 * maps, 1))
        self.shift = nn.Linear(conditions, 2 * maps) if conditions else None

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """(B, maps, h, w), condition (B, conditions) -> (B, maps, h, w)."""
        both = self.body(x)  # (B, 2 maps, h, w)
        if self.shift is not None and condition is not None:
            both = both + self.shift(condition)[:, :, None, None]
        return x + functional.glu(both, dim=1)


class CausalAttention(nn.Module):
    """Each place looks at itself and at all places before it."""

    def __init__(self, maps: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.ask = nn.Conv2d(maps, 3 * maps, 1)
        self.answer = nn.Conv2d(maps, maps, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, maps, h, w) -> the same shape."""
        asked = self.ask(functional.elu(x)).flatten(2).unflatten(1, (3, self.heads, -1))
        query, key, value = asked.transpose(-1, -2).unbind(1)  # each (B, heads, h w, maps / heads)
        found = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return x + self.answer(found.transpose(-1, -2).reshape(x.shape))


class PixelSnail(nn.Module):
    """Logits of every code given those before it and the position of the slice in the scan.

    Every code moves one place on before the net sees it, so what is computed for a place knows all codes
    before it and no other.
    """

    def __init__(self, codes: int, size: int, *, maps: int, blocks: int, layers: int, heads: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(codes, maps)
        self.first = CausalConv2d(maps, maps)
        self.place = nn.Parameter(torch.zeros(maps, size, size))
        self.condition = nn.Sequential(nn.Linear(1, maps), nn.ELU(), nn.Linear(maps, maps))
        self.blocks = nn.ModuleList(
            nn.ModuleList(GatedResidual(maps, CausalConv2d, maps) for _ in range(layers))
            for _ in range(blocks)
        )
        self.attentions = nn.ModuleList(CausalAttention(maps, heads) for _ in range(blocks))
        self.last = nn.Sequential(nn.ELU(), nn.Conv2d(maps, codes, 1))

    def forward(self, codes: Tensor, position: Tensor) -> Tensor:
        """Codes (B, h, w), position (B,) from -0.5 to 0.5 -> logits (B, codes, h, w)."""
        embedded = self.embed(codes.flatten(1)).transpose(1, 2)  # (B, maps, h w)
        before = functional.pad(embedded[:, :, :-1], (1, 0)).unflatten(2, codes.shape[1:])  # (B, maps, h, w)
        x = self.first(before) + self.place
        condition = self.condition(position[:, None])  # (B, maps)
        for block, attention in zip(self.blocks, self.attentions, strict=True):
            for layer in cast("nn.ModuleList", block):
                x = layer(x, condition)
            x = attention(x)
        return cast("Tensor", self.last(x))


def find_nll(logits: Tensor, codes: Tensor) -> Tensor:
    """Return -log p of each code (B, h, w), in nats."""
    return functional.cross_entropy(logits.float(), codes, reduction="none")


def draw_uniform(runs: int, places: int, like: Tensor) -> Tensor:
    """Return random numbers (runs, places), the same for every slice, so that none depends on another."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand((runs, places), generator=generator).to(like)


@torch.no_grad()
def restore_codes(
    prior: PixelSnail, codes: Tensor, position: Tensor, uniform: Tensor, *, threshold: float, most: int
) -> Tensor:
    """Draw codes (B, h, w) of -log p above the threshold anew, in raster order, given the new ones before.

    One pass of the prior finds the next such code of every slice: nothing before it will change any more. So
    there are as many passes as codes are drawn, not one for each place; slices that are done drop out.
    """
    restored = codes.flatten(1).clone()  # (B, P)
    left = torch.arange(len(codes), device=codes.device)  # slices that may still change
    last = torch.full_like(left, -1)  # place drawn last
    places = torch.arange(restored.shape[1], device=codes.device)
    for _ in range(most):
        logits = prior(restored[left].view(-1, *codes.shape[1:]), position[left]).flatten(2)  # (b, K, P)
        improbable = (find_nll(logits, restored[left]) > threshold) & (places > last[left, None])
        found = improbable.any(1)
        left, logits, place = left[found], logits[found], improbable[found].int().argmax(1)
        if not len(left):
            break
        here = logits[torch.arange(len(left), device=codes.device), :, place]  # (b, K)
        restored[left, place] = draw_codes(here, uniform[left, place])
        last[left] = place
    return restored.view_as(codes)


def draw_codes(logits: Tensor, uniform: Tensor) -> Tensor:
    """Draw the first code whose cumulated probability exceeds a uniform number: (b, K), (b,) -> (b,)."""
    cumulated = logits.double().softmax(1).cumsum(1)
    return (cumulated <= uniform[:, None]).sum(1).clamp(max=logits.shape[1] - 1)
