"""A VAE's latent means under a Gaussian mixture (thesis 3.2.4): CRADL's second stage on its encoder.

The first stage is the VAE's; `mood-reference train vae_gmm --start-from` a VAE's weights takes it over.
"""

from dataclasses import dataclass

from mood_reference.configs import borrow_config
from mood_reference.families.autoencoding import BackboneConfig, choose_settings
from mood_reference.families.mixture import MIXTURE_CANDIDATES, make_mixture_find, make_mixture_stage
from mood_reference.families.slicewise import score_slicewise
from mood_reference.methods import Profile
from mood_reference.models import vae
from mood_reference.scans.raw_scores import Scorer
from mood_reference.stages import Stage, restore_nets
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(BackboneConfig):
    components: int = (
        8  # Gaussians, of 1, 2, 4 and 8; chosen on painted spheres after training (thesis 3.2.4)
    )
    covariance_floor: float = 1e-3  # added to the variance of standardised features, ours
    median: int = 5  # pixels, filter of the gradient's size; 0: none. Chosen: see GRADIENT_CANDIDATES
    signed_smoothing: float = (
        0.0  # sigma in pixels of the gradient before that; with a median there is no sign left
    )
    smoothing: float = 3.0  # sigma in voxels of the net, after the median; the authors' in pixels of 128²
    smooth_runs: int = 0  # noisy copies for SmoothGrad, 0: the plain gradient, ours; it finds as much
    smooth_noise: float = 0.1  # deviation of SmoothGrad's noise in z-units, ours


CANDIDATES = MIXTURE_CANDIDATES


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(**choose_settings(profile, dataset))


def make_stages(config: Config) -> list[Stage]:
    (first,) = vae.make_stages(borrow_config(vae.Config, config))
    return [first, make_mixture_stage(first, config)]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    nets = restore_nets(make_stages(config), arrays)
    find = make_mixture_find(nets["vae"], nets["gmm"], config)
    return lambda volume: score_slicewise(volume, config, find)
