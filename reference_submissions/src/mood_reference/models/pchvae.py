"""Primary components conditional hierarchical VAE (Zimmerer et al. 2019; thesis 3.3.3).

The high level restores what it can by itself, as the first principal component would; the low level adds what
is missing, and a second pass makes sure that the high level finds nothing of its own in what was added.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from mood_reference.families.elbo_scores import make_elbo_find
from mood_reference.families.hierarchy import (
    VAE_CANDIDATES,
    HierarchicalVaeConfig,
    Levels,
    Pick,
    TwoLevelVae,
    choose_settings,
    make_hierarchy_stage,
    make_rise,
    take_mean,
)
from mood_reference.families.slicewise import Find, score_slicewise
from mood_reference.families.variational import draw_latents, find_divergence, find_reconstruction_loss
from mood_reference.methods import Profile
from mood_reference.scans.raw_scores import Scorer
from mood_reference.stages import Nets, Stage, restore_nets
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(HierarchicalVaeConfig):
    """Weights of the five terms of eq. 3.24; the thesis gives l2 = l3 and no numbers, 1 is ours."""

    l1: float = 1.0  # of |x - x1|: what the high level misses
    l2: float = 1.0  # of |x - (x1 + r)|: what both together miss
    l3: float = 1.0  # of |g1(f1(r))|: what the high level sees in the residual
    l4: float = 1.0  # of KL1
    l5: float = 1.0  # of KL2
    high_only: bool = False  # score |x - x1| instead of what pixel_score says, see CANDIDATES; ours


CANDIDATES = (*VAE_CANDIDATES, {"high_only": True})
"""What may score the pixels: the residual r restores anomalies too, x1 does so less."""


def make_config(*, profile: Profile, dataset: str) -> Config:
    widths = {"tiny": {"maps": (4, 8, 16, 16)}, "paper": {"maps": (32, 64, 128, 256)}}
    return Config(**choose_settings(profile, dataset, **widths))


class Parts(NamedTuple):
    """The three images of Fig. 3.17, each (B, 1, H, W); the restored slice is high + low."""

    high: Tensor  # x1 = g1(z1)
    low: Tensor  # r = g2(z1, z2)
    zero: Tensor  # g1(f1(r)), "pchVAE zero"


class PchVae(TwoLevelVae):
    """A TwoLevelVae whose high level has an image of its own."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        a, b, *_ = config.maps
        self.high_rise = make_rise((b, a, 1), coordinates=config.coordinates)  # dark blue

    def decode_high(self, climbed: Tensor) -> Tensor:
        """Return g1(z1), given z1 at 1/4 of the side: (B, 1, H, W)."""
        return cast("Tensor", self.high_rise(climbed))

    def decode_levels(self, climbed: Tensor, z2: Tensor) -> Tensor:
        return self.decode_high(climbed) + self.decode_low(climbed, z2)

    def split(self, x: Tensor, pick: Pick) -> tuple[Parts, Levels]:
        """Return the parts of (B, 1, H, W) and their levels; `pick` chooses each z, in both passes."""
        levels = self.infer(x, pick)
        low = self.decode_low(levels.climbed, levels.z2)
        zero = self.decode_high(self.climb(pick(*self.find_high(low))))
        return Parts(self.decode_high(levels.climbed), low, zero), levels

    def parts(self, x: Tensor) -> Parts:
        """Return the parts at the means of all latents."""
        return self.split(x, take_mean)[0]


def make_stages(config: Config) -> list[Stage]:
    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        """Eq. 3.24 with one draw of each z; summed over pixels and latents, averaged over the batch."""
        (x,) = batch
        parts, levels = net.split(x, draw_latents)
        pairs = {
            "high": (x, parts.high),
            "both": (x, parts.high + parts.low),
            "zero": (torch.zeros_like(x), parts.zero),
        }
        terms = {
            name: find_reconstruction_loss(*pair, config.reconstruction, config.c).mean()
            for name, pair in pairs.items()
        }
        terms |= {"kl1": find_divergence(*levels.q1).mean(), "kl2": find_divergence(*levels.q2).mean()}
        weights = (config.l1, config.l2, config.l3, config.l4, config.l5)
        total = sum(weight * term for weight, term in zip(weights, terms.values(), strict=True))
        return {"loss": cast("Tensor", total), **terms}

    return [make_hierarchy_stage("pchvae", config, PchVae, loss)]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    find = make_find(restore_nets(make_stages(config), arrays)["pchvae"], config)
    return lambda volume: score_slicewise(volume, config, find)


def make_find(net: Any, config: Config) -> Find:
    """Return the scoring; a slice scores its negative ELBO, restored as x1 + r: terms 2, 4, 5 of eq. 3.24."""
    find_elbo = make_elbo_find(net, config)

    def find(x: Tensor) -> tuple[tuple[Tensor, ...], Tensor | None]:
        factors, slices = find_elbo(x)
        if config.high_only:
            with torch.no_grad():
                factors = ((x - net.parts(x).high)[:, 0],)
        return factors, slices

    return find
