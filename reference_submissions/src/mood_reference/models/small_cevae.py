"""Context-encoding variational autoencoder (thesis 3.2), trained in PyTorch and scored in NumPy.

A slice is encoded to a Gaussian q(z|x), which is drawn from and decoded. A second branch masks squares out of
the slice and has to restore them through the mean encoder alone. At test time a voxel is scored by what the
decoder fails to restore (`rec`), by how the divergence from the prior reacts to it (`kl_grad`), or by the
product of both (`combi`, eq. 3.16).

The net is written once, over a module of layers L: `layers_torch` to train, `layers_numpy` in the container.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from mood_reference.methods import Profile, Report
from mood_reference.nets import layers_numpy
from mood_reference.scans.calibration import Reducer
from mood_reference.scans.raw_scores import Scorer, Scores
from mood_reference.scans.volumes import Mask, Volume, find_foreground, resize, smooth, standardise
from mood_reference.weights import Arrays

SIDE = 64  # pixels of a slice in the net (thesis 3.2.4)
CLIP = np.float32(1.5)  # deviations of a scan from its mean that the net sees (thesis 3.2.4)
BOTTOM = SIDE // 16  # pixels left after four layers of stride 2


class PixelScore(StrEnum):
    REC = "rec"
    KL_GRAD = "kl_grad"
    COMBI = "combi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    maps: tuple[int, ...] = (16, 32, 64, 128)  # feature maps; thesis: (.., 256), CoordConv and wider in 3.2.4
    latents: int = 64  # thesis: 256 and 1024
    ce_factor: float = 0.5  # weight of the masked branch against the VAE branch, the public code's default
    steps: int = 900  # of Adam, what fits half a minute on two cores; thesis: 60 epochs
    batch: int = 16  # slices; thesis: 64
    learning_rate: float = 3e-3  # falls along a half cosine, ours; thesis: 2e-4, constant
    mirror_axis: int | None = None  # left-right axis of a symmetric anatomy
    pixel_score: PixelScore = PixelScore.REC  # best of the three on spheres after a short training
    term_smoothing: float = 1.5  # sigma in voxels of 64³, before taking absolute values: edges cancel, ours
    smoothing: float = 2.0  # sigma in voxels of 64³, after it, ours
    reducer: Reducer = Reducer.TOP_PERCENT  # ours


def make_config(*, profile: Profile, dataset: str) -> Config:
    steps = 10 if profile is Profile.TINY else Config().steps
    if dataset == "brain":
        return Config(steps=steps, mirror_axis=0)
    return Config(steps=steps, ce_factor=0.8)  # the varied abdomen needs more of the masked branch, ours


# The net ------------------------------------------------------------------------------------------


def encode(x: Any, p: Any, L: Any) -> tuple[Any, Any]:
    """Slices (B, 1, 64, 64) -> mean and log deviation of q(z|x), both (B, z)."""
    for i in range(4):
        x = L.leaky(L.conv(x, p[f"down{i}"]) + p[f"down{i}_bias"])  # (B, maps[i], 32 16 8 4, ...)
    x = x.reshape(len(x), -1)
    return x @ p["mean"] + p["mean_bias"], x @ p["log_std"] + p["log_std_bias"]


def decode(z: Any, p: Any, L: Any) -> Any:
    """Latents (B, z) -> slices (B, 1, 64, 64)."""
    x = L.leaky(z @ p["latent"] + p["latent_bias"]).reshape(len(z), -1, BOTTOM, BOTTOM)
    for i in reversed(range(4)):
        x = L.conv_adjoint(x, p[f"up{i}"]) + p[f"up{i}_bias"]
        x = L.leaky(x) if i else x
    return x


def draw_parameters(config: Config, rng: np.random.Generator) -> Arrays:
    """Draw every weight and bias from U(-1, 1) / sqrt(inputs of a unit)."""
    maps, flat = (1, *config.maps), config.maps[-1] * BOTTOM**2
    shapes: list[tuple[str, tuple[int, ...], tuple[int, ...], int]] = []
    for i in range(4):
        kernel = (maps[i + 1], maps[i], 4, 4)
        shapes.append((f"down{i}", kernel, (maps[i + 1], 1, 1), maps[i] * 16))
        shapes.append((f"up{i}", kernel, (maps[i], 1, 1), maps[i + 1] * 4))  # 4 taps reach an output pixel
    shapes += [(name, (flat, config.latents), (config.latents,), flat) for name in ("mean", "log_std")]
    shapes.append(("latent", (config.latents, flat), (flat,), config.latents))
    parameters = {}
    for name, weight, bias, inputs in shapes:
        parameters[name] = rng.uniform(-1, 1, weight).astype(np.float32) / np.float32(inputs**0.5)
        parameters[f"{name}_bias"] = rng.uniform(-1, 1, bias).astype(np.float32) / np.float32(inputs**0.5)
    return parameters


# Slices -------------------------------------------------------------------------------------------


def cut_slices(volume: Volume, foreground: Mask) -> tuple[Volume, Mask]:
    """Cut the axial slices (S, 64, 64) that show a body from (64, 64, Z); say which of the Z they are."""
    used = np.logical_or.reduce(foreground, axis=(0, 1))
    z = np.where(foreground, np.clip(standardise(volume, foreground), -CLIP, CLIP), -CLIP)
    return np.ascontiguousarray(np.moveaxis(z[:, :, used], 2, 0)), used


# Training -----------------------------------------------------------------------------------------


def train(volumes: Volume, *, config: Config, seed: int, report: Report) -> Arrays:
    import torch

    from mood_reference.nets import layers_torch

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    slices = np.concatenate([cut_slices(volume, find_foreground(volume))[0] for volume in volumes])
    p = {k: torch.from_numpy(v).requires_grad_() for k, v in draw_parameters(config, rng).items()}
    adam = torch.optim.Adam(p.values(), lr=config.learning_rate)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(adam, config.steps)
    for step in range(config.steps):
        x = draw_batch(slices, config, rng)
        loss = find_loss(torch.from_numpy(x), torch.from_numpy(mask_squares(x, rng)), p, layers_torch, config)
        adam.zero_grad()
        loss.backward()
        adam.step()
        cosine.step()
        report(step + 1, config.steps, f"loss {loss.item():.0f}")
    return {name: tensor.detach().numpy() for name, tensor in p.items()}


def find_loss(x: Any, masked: Any, p: Any, L: Any, config: Config) -> Any:
    """Equation 3.13, each term summed over pixels or latents and averaged over the batch of tensors."""
    mean, log_std = encode(x, p, L)
    z = mean + log_std.exp() * log_std.detach().clone().normal_()
    divergence = 0.5 * (mean**2 + (2 * log_std).exp() - 1 - 2 * log_std).sum()
    vae = divergence + (x - decode(z, p, L)).abs().sum()
    context = (x - decode(encode(masked, p, L)[0], p, L)).abs().sum()
    return ((1 - config.ce_factor) * vae + config.ce_factor * context) / len(x)


def draw_batch(slices: Volume, config: Config, rng: np.random.Generator) -> Volume:
    """Draw slices (B, 1, 64, 64), half of them mirrored where the anatomy is symmetric."""
    x = slices[rng.integers(len(slices), size=config.batch)]
    if config.mirror_axis is not None:
        x[::2] = np.flip(x[::2], 1 + config.mirror_axis)
    return x[:, None]


def mask_squares(x: Volume, rng: np.random.Generator) -> Volume:
    """Cover each slice of a batch by one to three squares of one random intensity each (thesis 3.2.4)."""
    masked = x.copy()
    for plane in masked[:, 0]:
        for _ in range(rng.integers(1, 4)):
            size = rng.integers(2, SIDE // 2 + 1)
            row, column = rng.integers(0, SIDE - size + 1, size=2)
            plane[row : row + size, column : column + size] = rng.uniform(-CLIP, CLIP)
    return masked


# Scoring ------------------------------------------------------------------------------------------


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    return lambda volume: Scores(score(volume, config=config, arrays=arrays))


def score(volume: Volume, *, config: Config, arrays: Arrays) -> Volume:
    small = resize(volume, (SIDE,) * 3)
    foreground = find_foreground(small)
    if not foreground.any():
        return np.zeros_like(volume)
    slices, used = cut_slices(small, foreground)
    scores = np.ones_like(small)
    for find_term in TERMS[PixelScore(config.pixel_score)]:
        term = np.zeros_like(small)
        term[:, :, used] = np.moveaxis(find_term(slices[:, None], arrays)[:, 0], 0, 2)
        scores *= np.abs(smooth(term * foreground, config.term_smoothing))
    return resize(smooth(scores, config.smoothing), volume.shape)


def find_error(x: Volume, p: Arrays) -> Volume:
    """Return what the mean of q(z|x) does not restore, with its sign: (B, 1, 64, 64)."""
    mean, _ = encode(x, p, layers_numpy)
    return x - decode(mean, p, layers_numpy)


def find_kl_gradient(x: Volume, p: Arrays) -> Volume:
    """Return dKL(q(z|x) || N(0, 1))/dx, back through the encoder by hand: (B, 1, 64, 64)."""
    L, slopes = layers_numpy, []
    for i in range(4):
        x = L.conv(x, p[f"down{i}"]) + p[f"down{i}_bias"]
        slopes.append(L.leaky_slope(x))
        x = L.leaky(x)
    flat = x.reshape(len(x), -1)
    mean = flat @ p["mean"] + p["mean_bias"]
    log_std = flat @ p["log_std"] + p["log_std_bias"]
    gradient = (mean @ p["mean"].T + (np.exp(2 * log_std) - 1) @ p["log_std"].T).reshape(x.shape)
    for i in reversed(range(4)):
        gradient = L.conv_adjoint(gradient * slopes[i], p[f"down{i}"])
    return gradient


TERMS = {
    PixelScore.REC: (find_error,),
    PixelScore.KL_GRAD: (find_kl_gradient,),
    PixelScore.COMBI: (find_error, find_kl_gradient),
}
