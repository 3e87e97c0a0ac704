"""CRADL with a flow in place of the mixture (thesis 3.2.4): RealNVP (Dinh et al. 2016) on the same features.

The first stage is CRADL's; `mood-reference train cradl_nvp --start-from` its weights takes it over as it is.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mood_reference.families.contrast import ContrastConfig, choose_contrast_settings, make_contrast_stage
from mood_reference.families.density_scores import GRADIENT_CANDIDATES, make_density_find
from mood_reference.families.slicewise import score_slicewise
from mood_reference.methods import Profile
from mood_reference.nets.flows import (
    ActNorm,
    AffineCoupling,
    Chain,
    Shuffle,
    count_kept,
    find_flow_nll,
    start_at_zero,
)
from mood_reference.scans.raw_scores import Scorer
from mood_reference.scans.slices import SliceSet
from mood_reference.stages import Nets, Schedule, Stage, restore_nets
from mood_reference.weights import Arrays

CANDIDATES = GRADIENT_CANDIDATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(ContrastConfig):
    couplings: int = 8  # affine, a shuffle before each; thesis: not given; the authors' code for lung CT
    coupling_hidden: int = 128  # of a coupling's net, ours for two cores; the authors' code: 512
    clamp: float = 2.0  # largest log-scale of a coupling; the authors' code
    feature_noise: float = 1e-3  # added to features while training; the authors' code
    flow_steps: int = 1000  # ours for two cores; thesis: not given
    flow_batch: int = 128  # slices, ours; thesis: not given
    flow_rate: float = (
        1e-3  # of Adam, down along a half cosine; the authors' code: a tenth at epochs 20 and 40
    )
    flow_decay: float = 1e-4  # of the flow's weights; the authors' code


FLOW_SETTINGS: dict[Profile, dict[str, Any]] = {
    Profile.TINY: {"couplings": 2, "coupling_hidden": 8, "flow_steps": 20, "flow_batch": 16},
    Profile.CPU: {},
    Profile.PAPER: {"coupling_hidden": 512, "flow_steps": 25_000, "flow_batch": 256},  # 60 epochs
}


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(**choose_contrast_settings(profile, dataset), **FLOW_SETTINGS[profile])


def make_real_nvp(config: Config) -> Chain:
    """Features (B, latents) -> as many standard normal numbers; ActNorm standardises the features first."""
    kept = count_kept(config.latents)
    layers: list[nn.Module] = [ActNorm(config.latents)]
    for _ in range(config.couplings):
        net = nn.Sequential(
            nn.Linear(kept, config.coupling_hidden),
            nn.ReLU(),
            start_at_zero(nn.Linear(config.coupling_hidden, 2 * (config.latents - kept))),
        )
        layers += [Shuffle(config.latents), AffineCoupling(net, clamp=config.clamp)]
    return Chain(layers)


def make_stages(config: Config) -> list[Stage]:
    first = make_contrast_stage(config)

    def draw(data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
        """Slices without augmentation, and noise for their features."""
        noise = rng.standard_normal((config.flow_batch, config.latents), np.float32) * config.feature_noise
        return torch.from_numpy(data.draw(rng, config.flow_batch)), torch.from_numpy(noise)

    def loss(net: Any, batch: tuple[Tensor, ...], nets: Any) -> dict[str, Tensor]:
        x, noise = batch
        with torch.no_grad():
            features = nets["cradl"].encode(x)[0].float()
        return {"loss": find_flow_nll(net, features + noise).mean()}

    schedule = Schedule(
        steps=config.flow_steps,
        learning_rate=config.flow_rate,
        weight_decay=config.flow_decay,
        checks=config.checks,
    )
    second = Stage(
        name="flow",
        build=lambda _: make_real_nvp(config),
        prepare=first.prepare,
        schedule=schedule,
        draw=draw,
        loss=loss,
    )
    return [first, second]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    nets: Nets = restore_nets(make_stages(config), arrays)
    encoder: Any = nets["cradl"]
    find = make_density_find(lambda x: find_flow_nll(nets["flow"], encoder.encode(x)[0]), config)
    return lambda volume: score_slicewise(volume, config, find)
