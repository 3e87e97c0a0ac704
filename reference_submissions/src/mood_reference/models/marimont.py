"""VQVAE + PixelSNAIL (Marimont & Tarroni 2020; team Sergio Naval Marimont, thesis 4.1.3).

A VQVAE writes a slice as a small map of codes; PixelSNAIL learns how likely a code is, given those before it.
Improbable codes make a scan abnormal. For the pixels they are drawn anew, in raster order, and decoded: what
differs from this restored, normal-looking slice is abnormal.
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mood_reference.families.augment import augment
from mood_reference.families.slicewise import PlacedFind, score_placed_slices
from mood_reference.methods import Profile
from mood_reference.nets.pixelsnail import GatedResidual, PixelSnail, draw_uniform, find_nll, restore_codes
from mood_reference.nets.quantizer import Quantizer
from mood_reference.scans.raw_scores import Scorer
from mood_reference.scans.slices import SliceConfig, SliceSet, cut_volumes, find_positions
from mood_reference.stages import Nets, Schedule, Stage, restore_nets
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(SliceConfig):
    """`Public` is the code of the entry, snavalm/lsr_mood_challenge_2020; the thesis gives no numbers.

    Both Datasets are z-scored and little augmented, ours; public: the brain alone, and much more augmented.
    """

    maps: tuple[int, ...] = (16, 32, 64)  # of the VQVAE, each level half as wide; ours; public: 16-32-64-256
    blocks: int = 1  # gated residuals a level, ours for two cores; public: 2
    codes: int = 64  # ours for two cores; public: 128
    dim: int = 32  # numbers of a code, ours
    code_decay: float = 0.99  # of the codes' moving average (van den Oord et al. 2017)
    commitment: float = 0.25  # weight of |z - code|² (van den Oord et al. 2017)
    vqvae_steps: int = 500  # ours for two cores; public: 600 epochs
    vqvae_rate: float = 1e-3  # learning rate of Adam, ours; public: 1e-4
    prior_maps: int = 64  # of PixelSNAIL, ours for two cores; public: 128
    prior_blocks: int = 2  # each ends with attention, ours for two cores; public: 4
    prior_layers: int = 2  # gated residuals a block, ours for two cores; public: 4
    heads: int = 4  # of attention, ours
    prior_steps: int = 400  # ours for two cores; public: 600 epochs
    prior_rate: float = 2e-3  # learning rate of Adam, ours; public: 1e-4
    batch: int = 16  # slices, ours
    checks: int = 5  # measurements of the held-out loss of each net, ours
    quantile: float = 0.98  # of the codes' -log p in training slices: the threshold where none is set, ours
    sample_threshold: float | None = None  # nats; public: 7
    restore_threshold: float | None = None  # nats; public: 5
    most_restored: int = 32  # codes of one slice that may be drawn anew: bounds the time, ours; public: all
    restorations: int = 2  # ours for two cores; public: 15
    sharpness: float = 0.0  # of their weights, softmax(sharpness / mean |x - x^|), ours: all equal; public: 3
    min_pool: int = (
        0  # pixels; drops what is thinner, as edges are; 0: signs cancel there, ours; public: 3, in 3-D
    )
    signed_smoothing: float = 2.0  # sigma in pixels, ours
    smoothing: float = 3.0  # sigma in pixels, ours; public: means of 3 x 7 x 7
    slice_reducer: str = "none"  # public: sum, which hardly tells scans apart here, so voxels do, ours


TINY: dict[str, Any] = {
    "side": 32,
    "depth": 12,
    "maps": (4, 8, 8),
    "codes": 8,
    "dim": 4,
    "vqvae_steps": 20,
    "prior_maps": 8,
    "prior_blocks": 1,
    "prior_layers": 1,
    "heads": 2,
    "prior_steps": 20,
    "batch": 8,
    "checks": 2,
    "most_restored": 4,
    "restorations": 2,
}
PAPER: dict[str, Any] = {
    "side": 160,
    "depth": 32,
    "maps": (16, 32, 64, 256),
    "blocks": 2,
    "codes": 128,
    "dim": 64,
    "vqvae_steps": 300_000,  # 600 epochs of 500 scans of 32 slices, 32 a batch
    "vqvae_rate": 1e-4,
    "prior_maps": 128,
    "prior_blocks": 4,
    "prior_layers": 4,
    "heads": 8,
    "prior_steps": 300_000,
    "prior_rate": 1e-4,
    "batch": 32,
    "checks": 60,
    "sample_threshold": 7.0,
    "restore_threshold": 5.0,
    "most_restored": 400,
    "restorations": 15,
    "sharpness": 3.0,
    "min_pool": 3,
    "signed_smoothing": 0.0,  # there is no sign left
    "smoothing": 2.0,
    "slice_reducer": "sum",
}


def make_config(*, profile: Profile, dataset: str) -> Config:
    changes = {Profile.TINY: TINY, Profile.CPU: {}, Profile.PAPER: PAPER}[profile]
    return Config(**{**changes, "mirror_axis": 0 if dataset == "brain" else None})


# Nets ---------------------------------------------------------------------------------------------

halve = partial(nn.Conv2d, kernel_size=5, stride=2, padding=2)
double = partial(nn.ConvTranspose2d, kernel_size=5, stride=2, padding=2, output_padding=1)
convolve = partial(nn.Conv2d, kernel_size=3, padding=1)


class Vqvae(nn.Module):
    """A slice (B, 1, H, W) as codes (B, h, w) and back; h = H / 2 to the power of levels less one."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        maps, last = config.maps, config.maps[-1]
        down: list[nn.Module] = [nn.Conv2d(1, maps[0], 7, padding=3)]
        up: list[nn.Module] = [convolve(maps[0], 1), nn.ELU()]  # back to front
        for fine, coarse in pairwise(maps):
            gates = [[GatedResidual(coarse, convolve) for _ in range(config.blocks)] for _ in range(2)]
            down += [nn.ELU(), halve(fine, coarse), *gates[0]]
            up += [double(coarse, fine), nn.ELU(), *gates[1]]
        self.encoder = nn.Sequential(*down, nn.ELU(), nn.Conv2d(last, config.dim, 1))
        self.quantizer = Quantizer(config.codes, config.dim, config.code_decay)
        self.decoder = nn.Sequential(nn.Conv2d(config.dim, last, 1), *up[::-1])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the slice decoded from its codes and the mean of |z - code|² (B,)."""
        z = self.encoder(x)  # (B, dim, h, w)
        quantized, _, commitment = self.quantizer(z)
        return self.decoder(quantized), commitment / z[0].numel()

    def encode(self, x: Tensor) -> Tensor:
        """(B, 1, H, W) -> codes (B, h, w)."""
        return cast("Tensor", self.quantizer(self.encoder(x))[1])

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (B, h, w) -> (B, 1, H, W)."""
        return cast("Tensor", self.decoder(self.quantizer.look_up(codes)))


class Threshold(nn.Module):
    """-log p, in nats, above which a code is improbable."""

    value: Tensor  # (1,)

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("value", torch.zeros(1))


def build_prior(config: Config) -> PixelSnail:
    return PixelSnail(
        config.codes,
        config.side // 2 ** (len(config.maps) - 1),
        maps=config.prior_maps,
        blocks=config.prior_blocks,
        layers=config.prior_layers,
        heads=config.heads,
    )


# Training -----------------------------------------------------------------------------------------


def make_stages(config: Config) -> list[Stage]:
    prepare = partial(cut_volumes, config=config)
    draw = partial(draw_placed_slices, config)
    schedule = partial(Schedule, checks=config.checks, clip_norm=1.0)
    return [
        Stage(
            name="vqvae",
            build=lambda _: Vqvae(config),
            prepare=prepare,
            schedule=schedule(steps=config.vqvae_steps, learning_rate=config.vqvae_rate),
            draw=draw,
            loss=partial(find_vqvae_loss, config),
        ),
        Stage(
            name="prior",
            build=lambda _: build_prior(config),
            prepare=prepare,
            schedule=schedule(steps=config.prior_steps, learning_rate=config.prior_rate),
            draw=draw,
            loss=find_prior_loss,
        ),
        Stage(
            name="threshold",
            build=lambda _: Threshold(),
            prepare=prepare,
            fit=partial(fit_threshold, config),
        ),
    ]


def draw_placed_slices(config: Config, data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Draw augmented slices (B, 1, H, W) and where in their scan they lie (B,)."""
    volume, depth = data.draw_places(rng, config.batch).T
    x = torch.from_numpy(data.x[volume, depth][:, None])
    return augment(x, config, rng), torch.from_numpy(find_positions(config.depth)[depth])


def find_vqvae_loss(config: Config, net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
    """|x - g(code)| + beta |z - code|², both averaged over pixels or numbers of the latent map."""
    x, _position = batch
    restored, commitment = net(x)
    rec = (x - restored).abs().mean()
    return {"loss": rec + config.commitment * commitment.mean(), "rec": rec, "commitment": commitment.mean()}


def find_prior_loss(net: Any, batch: tuple[Tensor, ...], nets: Nets) -> dict[str, Tensor]:
    """-log p of the codes, in nats, averaged over codes."""
    x, position = batch
    with torch.no_grad():
        codes = cast("Vqvae", nets["vqvae"]).encode(x)
    return {"loss": find_nll(net(codes, position), codes).mean()}


@torch.no_grad()
def fit_threshold(config: Config, net: Threshold, data: SliceSet, nets: Nets, seed: int) -> None:
    """Set the threshold that 1 - quantile of the codes of (at most 512) training slices exceed."""
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(data.places)[:512]
    values = []
    for places in np.array_split(chosen, -(-len(chosen) // 32)):
        volume, depth = places.T
        x = torch.from_numpy(data.x[volume, depth][:, None]).to(next(nets["prior"].parameters()))
        position = torch.from_numpy(find_positions(config.depth)[depth]).to(x)
        codes = cast("Vqvae", nets["vqvae"]).encode(x)
        values.append(find_nll(nets["prior"](codes, position), codes).flatten())
    net.value.fill_(float(np.quantile(torch.cat(values).cpu().numpy(), config.quantile)))


# Scores -------------------------------------------------------------------------------------------


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    find = make_find(restore_nets(make_stages(config), arrays), config)
    return lambda volume: score_placed_slices(volume, config, find)


def make_find(nets: Nets, config: Config) -> PlacedFind:
    vqvae, prior = cast("Vqvae", nets["vqvae"]), cast("PixelSnail", nets["prior"])
    fitted = float(cast("Threshold", nets["threshold"]).value)
    improbable = fitted if config.sample_threshold is None else config.sample_threshold
    replaced = fitted if config.restore_threshold is None else config.restore_threshold

    @torch.no_grad()
    def find(x: Tensor, position: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        codes = vqvae.encode(x)
        nll = find_nll(prior(codes, position), codes).flatten(1)  # (B, h w)
        slices = (nll * (nll > improbable)).sum(1)
        runs = config.restorations
        uniform = draw_uniform(runs, codes[0].numel(), x).repeat(len(x), 1)  # (B runs, h w)
        copies = codes.repeat_interleave(runs, 0), position.repeat_interleave(runs, 0)
        restored = restore_codes(prior, *copies, uniform, threshold=replaced, most=config.most_restored)
        images = vqvae.decode(restored).unflatten(0, (len(x), runs))[:, :, 0]  # (B, runs, H, W)
        return (find_difference(x, images, config),), slices

    return find


def find_difference(x: Tensor, images: Tensor, config: Config) -> Tensor:
    """Return x - x^ (B, H, W), a weighted mean over restorations (B, runs, H, W); pooled, without sign."""
    difference = x - images
    distance = difference.abs().mean(dim=(2, 3)).clamp(min=1e-6)  # (B, runs)
    weights = (config.sharpness / distance).softmax(1)[:, :, None, None]
    if config.min_pool == 0:
        return (weights * difference).sum(1)
    size = (weights * difference.abs()).sum(1, keepdim=True)
    return -functional.max_pool2d(-size, config.min_pool, stride=1, padding=config.min_pool // 2)[:, 0]
