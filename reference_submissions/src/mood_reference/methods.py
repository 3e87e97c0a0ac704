"""The list of methods, and how much training they get; `models/` has what makes each of them."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

Report = Callable[[int, int, str], None]  # step, of how many, what was measured


class MethodName(StrEnum):
    """Each is the name of a module of mood_reference.models."""

    CONSTANT = "constant"
    RANDOM = "random_guess"
    THRESHOLD = "threshold"
    PCA = "pca"
    OC_SVM = "oc_svm"
    SMALL_CEVAE = "small_cevae"
    AE = "ae"
    DAE = "dae"
    CE = "ce"
    VAE = "vae"
    CEVAE = "cevae"
    IRVAE = "irvae"
    VAE_GMM = "vae_gmm"
    CEVAE_GMM = "cevae_gmm"
    CRADL = "cradl"
    CRADL_NVP = "cradl_nvp"
    GLOW = "glow"
    VQVAE2 = "vqvae2"
    LOW_VAE = "low_vae"
    HIGH_VAE = "high_vae"
    CHVAE = "chvae"
    PCHVAE = "pchvae"
    FPI = "fpi"
    CANON = "canon"
    PERCEPTUAL_AE = "perceptual_ae"
    NUDT = "nudt"
    MARIMONT = "marimont"


@dataclass(frozen=True, slots=True)
class About:
    """What a leaderboard, a card and an image need to know of a method."""

    title: str
    section: str  # of the thesis
    torch: bool = True  # needs PyTorch at run time; otherwise NumPy and nibabel are enough
    trivial: bool = False  # is there to be beaten


ABOUT = {
    MethodName.CONSTANT: About("Constant", "4.1", torch=False, trivial=True),
    MethodName.RANDOM: About("Random guess", "4.1", torch=False, trivial=True),
    MethodName.THRESHOLD: About("Grey threshold", "4.1", torch=False, trivial=True),
    MethodName.PCA: About("PCA residual (Saase)", "4.1.3", torch=False),
    MethodName.OC_SVM: About("One-class SVM", "3.2.4", torch=False),
    MethodName.SMALL_CEVAE: About("Small ceVAE in NumPy", "3.2", torch=False),
    MethodName.AE: About("Autoencoder", "3.2.4"),
    MethodName.DAE: About("Denoising AE", "3.1.4"),
    MethodName.CE: About("Context encoder", "3.2.4"),
    MethodName.VAE: About("VAE", "3.1"),
    MethodName.CEVAE: About("ceVAE", "3.2.3"),
    MethodName.IRVAE: About("irVAE", "4.2.2"),
    MethodName.VAE_GMM: About("VAE + GMM", "3.2.4"),
    MethodName.CEVAE_GMM: About("ceVAE + GMM", "3.2.4"),
    MethodName.CRADL: About("CRADL", "3.2.3"),
    MethodName.CRADL_NVP: About("CRADL + RealNVP", "3.2.4"),
    MethodName.GLOW: About("Glow on slices", "3.2.4"),
    MethodName.VQVAE2: About("VQVAE-2", "3.3.4"),
    MethodName.LOW_VAE: About("Low VAE", "3.3.4"),
    MethodName.HIGH_VAE: About("High VAE", "3.3.4"),
    MethodName.CHVAE: About("chVAE", "3.3.4"),
    MethodName.PCHVAE: About("pchVAE", "3.3.3"),
    MethodName.FPI: About("FPI", "4.1.3"),
    MethodName.CANON: About("DAE + spheres (Canon)", "4.1.3"),
    MethodName.PERCEPTUAL_AE: About("Deep perceptual AE (Tuluptceva)", "4.1.3"),
    MethodName.NUDT: About("Inpainting U-Net (NUDT)", "4.1.3"),
    MethodName.MARIMONT: About("VQVAE + PixelSNAIL (Marimont)", "4.1.3"),
}


class Profile(StrEnum):
    """How much training a method gets."""

    TINY = "tiny"  # seconds: to see that everything fits together
    CPU = "cpu"  # minutes on two cores
    PAPER = "paper"  # the schedule of the thesis, for a GPU
