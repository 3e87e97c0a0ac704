"""CRADL (Lüth et al. 2023; thesis 3.2.3): features learnt by contrast under a Gaussian mixture.

First an encoder learns to tell slices apart, however they are turned, scaled or brightened. Then a mixture of
Gaussians describes the features f(x) of normal slices. A slice scores s(x) = -log p(f(x)), a pixel |ds/dx|.
"""

from dataclasses import dataclass

from mood_reference.families.contrast import ContrastConfig, choose_contrast_settings, make_contrast_stage
from mood_reference.families.mixture import MIXTURE_CANDIDATES, make_mixture_find, make_mixture_stage
from mood_reference.families.slicewise import score_slicewise
from mood_reference.methods import Profile
from mood_reference.scans.raw_scores import Scorer
from mood_reference.stages import Stage, restore_nets
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(ContrastConfig):
    components: int = (
        8  # Gaussians, of 1, 2, 4 and 8; chosen on painted spheres after training (thesis 3.2.4)
    )
    covariance_floor: float = 1e-3  # added to the variance of standardised features, ours


CANDIDATES = MIXTURE_CANDIDATES


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(**choose_contrast_settings(profile, dataset))


def make_stages(config: Config) -> list[Stage]:
    first = make_contrast_stage(config)
    return [first, make_mixture_stage(first, config)]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    nets = restore_nets(make_stages(config), arrays)
    find = make_mixture_find(nets["cradl"], nets["gmm"], config)
    return lambda volume: score_slicewise(volume, config, find)
