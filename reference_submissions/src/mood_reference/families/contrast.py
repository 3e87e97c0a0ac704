"""What CRADL and its RealNVP variant share: an encoder that learns by contrast (SimCLR; thesis 3.2.3, 3.2.4).

Projected, two random views of a slice shall point the same way, views of different slices different ways. The
projection is only there for learning; a density model then describes the encoder's features.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mood_reference.families.augment import augment
from mood_reference.methods import Profile
from mood_reference.nets.blocks import make_halving
from mood_reference.scans.slices import SliceConfig, SliceSet, cut_volumes
from mood_reference.stages import Nets, Schedule, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastConfig(SliceConfig):
    maps: tuple[int, ...] = (16, 32, 64, 128)  # feature maps, ours for two cores; thesis: starts at 64
    latents: int = 64  # features, ours: full covariances of some thousand slices; thesis: 512
    hidden: int = 128  # of the projection, ours for two cores; thesis: 512
    projected: int = 64  # ours for two cores; thesis: 256
    temperature: float = 0.5  # tau of eq. 3.17 (thesis 3.2.4)
    zoom: float = 0.3  # a view is a window of 1 ± this of the slice's side; thesis: range not given, ours
    shift: float = 0.15  # of the side, by which the window's centre moves at most; thesis: not given, ours
    noise: float = 0.1  # deviation of Gaussian noise in z-units; thesis: not given, ours
    steps: int = 800  # ours for two cores; thesis: 100 epochs
    warmup: int = 80  # steps; thesis: 10 of 100 epochs
    batch: int = 64  # slices, two views each; thesis: not given; that of the authors' code for lung CT
    learning_rate: float = 1e-3  # of Adam, ours; thesis: 1e-4
    weight_decay: float = 1e-6  # thesis 3.2.4
    checks: int = 10  # measurements of the held-out loss, ours; thesis: one an epoch
    median: int = 5  # pixels, filter of the gradient's size; 0: none. Chosen: see GRADIENT_CANDIDATES
    signed_smoothing: float = (
        0.0  # sigma in pixels of the gradient before that; with a median there is no sign left
    )
    smoothing: float = 3.0  # sigma in voxels of the net, after the median; the authors' in pixels of 128²
    smooth_runs: int = 0  # noisy copies for SmoothGrad, 0: the plain gradient, ours; it finds as much
    smooth_noise: float = 0.1  # deviation of SmoothGrad's noise in z-units, ours


TINY: dict[str, Any] = {
    "side": 32,
    "depth": 12,
    "maps": (4, 8),
    "latents": 4,
    "hidden": 8,
    "projected": 4,
    "steps": 20,
    "warmup": 2,
    "batch": 8,
    "checks": 2,
}
PAPER: dict[str, Any] = {
    "side": 128,
    "depth": 128,  # the thesis takes every slice; half of 256 differ enough
    "maps": (64, 128, 256, 512),
    "latents": 512,
    "hidden": 512,
    "projected": 256,
    "steps": 160_000,  # 100 epochs of 700 scans of 150 slices
    "warmup": 16_000,
    "learning_rate": 1e-4,
    "checks": 100,
}


def choose_contrast_settings(profile: Profile, dataset: str) -> dict[str, Any]:
    """Return what a profile changes, and what a Dataset does: brains are mirrored left to right."""
    changes = {Profile.TINY: TINY, Profile.CPU: {}, Profile.PAPER: PAPER}[profile]
    return {**changes, "mirror_axis": 0 if dataset == "brain" else None}


class ContrastNet(nn.Module):
    """Four halving convolutions, one over all that is left, and the projection (thesis 3.2.4).

    Normalised by batch, as in the authors' later code.
    """

    def __init__(self, config: ContrastConfig) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for a, b in zip((1, *config.maps[:-1]), config.maps, strict=True):
            steps += [make_halving(a, b, coordinates=False), nn.BatchNorm2d(b), nn.ReLU()]
        flat = config.maps[-1] * (config.side // 2 ** len(config.maps)) ** 2
        self.encoder = nn.Sequential(*steps, nn.Flatten(), nn.Linear(flat, config.latents))
        self.projection = nn.Sequential(
            nn.Linear(config.latents, config.hidden), nn.ReLU(), nn.Linear(config.hidden, config.projected)
        )

    def encode(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the features alone: (B, 1, side, side) -> ((B, latents),)."""
        return (self.encoder(x),)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, side, side) -> (B, projected)."""
        projected: Tensor = self.projection(self.encoder(x))
        return projected


def find_nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Return eq. 3.17, averaged over the 2 B views: projections of two views (B, P) each -> one number.

    Each view must find its partner among the 2 B - 1 others, by cosine similarity.
    """
    views = functional.normalize(torch.cat([first, second]).float(), dim=1)  # (2B, P)
    with torch.autocast(views.device.type, enabled=False):  # near 1, bfloat16 knows steps of 0.004
        similarity = views @ views.T / temperature
    similarity.fill_diagonal_(-torch.inf)
    partner = torch.arange(len(views), device=views.device).roll(len(first))
    return functional.cross_entropy(similarity, partner)


def draw_view(x: Tensor, config: ContrastConfig, rng: np.random.Generator) -> Tensor:
    """Mirror, turn, brighten, crop and scale slices (B, 1, H, W), and add noise to the body."""
    view = augment(x, config, rng)
    lowest = view.amin()
    body = take_windows(view - lowest, config, rng)
    noise = torch.from_numpy(rng.standard_normal(x.shape, np.float32)) * config.noise
    return body + lowest + noise * (body > 0)


def take_windows(x: Tensor, config: ContrastConfig, rng: np.random.Generator) -> Tensor:
    """Look at each slice through a random window of the same number of pixels; outside the slice lies 0."""
    zoom = rng.uniform(1 - config.zoom, 1 + config.zoom, len(x))
    centre = 2 * rng.uniform(-config.shift, config.shift, (len(x), 2))  # the side is 2 long
    rows = np.zeros((len(x), 2, 3), np.float32)
    rows[:, 0, 0] = rows[:, 1, 1] = zoom
    rows[:, :, 2] = centre
    grid = functional.affine_grid(torch.from_numpy(rows), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, align_corners=False)


def make_contrast_stage(config: ContrastConfig) -> Stage:
    def draw(data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
        x = torch.from_numpy(data.draw(rng, config.batch))
        return draw_view(x, config, rng), draw_view(x, config, rng)

    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        first, second = net(torch.cat(batch)).chunk(2)
        return {"loss": find_nt_xent(first, second, config.temperature)}

    schedule = Schedule(
        steps=config.steps,
        learning_rate=config.learning_rate,
        warmup=config.warmup,
        weight_decay=config.weight_decay,
        checks=config.checks,
    )
    return Stage(
        name="cradl",
        build=lambda _: ContrastNet(config),
        prepare=partial(cut_volumes, config=config),
        schedule=schedule,
        draw=draw,
        loss=loss,
    )
