"""A ceVAE's latent means under a Gaussian mixture (thesis 3.2.4): CRADL's second stage on its encoder.

The first stage is the ceVAE's; `mood-reference train cevae_gmm --start-from` a ceVAE's weights takes it over.
"""

from dataclasses import dataclass

from mood_reference.configs import borrow_config
from mood_reference.families.autoencoding import choose_settings
from mood_reference.families.mixture import MIXTURE_CANDIDATES, make_mixture_find, make_mixture_stage
from mood_reference.families.slicewise import score_slicewise
from mood_reference.methods import Profile
from mood_reference.models import cevae, vae_gmm
from mood_reference.scans.raw_scores import Scorer
from mood_reference.stages import Stage, restore_nets
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(vae_gmm.Config):
    ce_factor: float = 0.5  # share of the CE branch: 0 is a VAE, 1 is a CE (thesis 3.2.4); the public code's


CANDIDATES = MIXTURE_CANDIDATES


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(**choose_settings(profile, dataset))


def make_stages(config: Config) -> list[Stage]:
    (first,) = cevae.make_stages(borrow_config(cevae.Config, config))
    return [first, make_mixture_stage(first, config)]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    nets = restore_nets(make_stages(config), arrays)
    find = make_mixture_find(nets["cevae"], nets["gmm"], config)
    return lambda volume: score_slicewise(volume, config, find)
