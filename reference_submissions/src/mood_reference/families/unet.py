"""A compact residual U-Net and its schedule: what FPI, Canon and NUDT share. Axes are (B, C, H, W).

Ronneberger et al. 2015, with the blocks of He et al. 2016 that normalise before they convolve. What the way
up gets from the way down is added, not concatenated: a quarter less work for nearly the same net.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, cast

from torch import Tensor, nn
from torch.nn import functional

from mood_reference.methods import Profile
from mood_reference.scans.slices import SliceConfig, cut_volumes
from mood_reference.stages import Decay, Draw, Loss, Schedule, Stage

GROUPS = 8  # of maps, normalised together; no slice sees its neighbours in the batch

Normalise = Callable[[int], nn.Module]


def normalise_groups(maps: int) -> nn.Module:
    return nn.GroupNorm(min(GROUPS, maps), maps)


@dataclass(frozen=True, slots=True, kw_only=True)
class UNetConfig(SliceConfig):
    maps: tuple[int, ...] = (16, 32, 64, 128)  # feature maps from full resolution down; none published, ours
    steps: int = 1000  # ours for two cores
    batch: int = 16  # slices, ours for two cores
    learning_rate: float = 2e-3  # of Adam, ours
    decay: Decay = Decay.COSINE  # ours
    checks: int = 10  # measurements of the held-out loss, ours


TINY: dict[str, Any] = {
    "side": 32,
    "depth": 12,
    "maps": (4, 8),
    "steps": 12,
    "batch": 4,
    "checks": 2,
}
PAPER: dict[str, Any] = {
    "side": 128,  # ours; the teams name no size
    "depth": 128,
    "maps": (32, 64, 128, 256, 256),
    "steps": 100_000,
    "batch": 32,
    "learning_rate": 1e-3,
    "checks": 50,
}


def choose_settings(profile: Profile, dataset: str) -> dict[str, Any]:
    """Return what a profile changes, and what a Dataset does: brains are mirrored left to right."""
    changes = {Profile.TINY: TINY, Profile.CPU: {}, Profile.PAPER: PAPER}[profile]
    return {**changes, "mirror_axis": 0 if dataset == "brain" else None}


class ResidualBlock(nn.Module):
    """Norm, activation and convolution, twice, added to the input, which a 1x1 convolution may fit."""

    def __init__(
        self, inputs: int, outputs: int, *, stride: int = 1, norm: Normalise = normalise_groups
    ) -> None:
        super().__init__()
        self.body = nn.Sequential(
            norm(inputs),
            nn.SiLU(),
            nn.Conv2d(inputs, outputs, 3, stride, padding=1),
            norm(outputs),
            nn.SiLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H/stride, W/stride)."""
        return cast("Tensor", self.body(x) + self.shortcut(x))


class UNet(nn.Module):
    """Down by strides of 2, up by nearest neighbours; the output is linear."""

    def __init__(self, maps: Sequence[int], *, outputs: int = 1) -> None:
        super().__init__()
        up = list(pairwise(maps))[::-1]
        self.stem = nn.Conv2d(1, maps[0], 3, padding=1)
        self.down = nn.ModuleList(ResidualBlock(a, b, stride=2) for a, b in pairwise(maps))
        self.narrow = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in up)
        self.up = nn.ModuleList(ResidualBlock(a, a) for a, _ in up)
        self.head = nn.Sequential(normalise_groups(maps[0]), nn.SiLU(), nn.Conv2d(maps[0], outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, outputs, H, W)."""
        levels = [self.stem(x)]
        for block in self.down:
            levels.append(block(levels[-1]))  # (B, maps[i], H/2^i, W/2^i)
        y = levels.pop()
        for narrow, block in zip(self.narrow, self.up, strict=True):
            skip = levels.pop()
            y = block(skip + functional.interpolate(narrow(y), size=skip.shape[2:]))
        return cast("Tensor", self.head(y))


def make_unet_stage(
    name: str, config: UNetConfig, *, draw: Draw, loss: Loss, build: Callable[[], nn.Module] | None = None
) -> Stage:
    """Return a stage that trains a U-Net of one output, or what `build` makes, on slices."""
    schedule = Schedule(
        steps=config.steps, learning_rate=config.learning_rate, decay=config.decay, checks=config.checks
    )
    return Stage(
        name=name,
        build=lambda _: UNet(config.maps) if build is None else build(),
        prepare=partial(cut_volumes, config=config),
        schedule=schedule,
        draw=draw,
        loss=loss,
    )
