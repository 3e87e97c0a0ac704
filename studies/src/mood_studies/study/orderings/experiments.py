"""The thesis' comparisons of methods as experiments: who is compared, on what, and what the thesis found.

Each runs with several training seeds, outside the platform, on sets grown like the platform's (`offline.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

PLAIN = ("signed_smoothing=0.0", "smoothing=0.0")
"""Without our own smoothing in three dimensions."""
NORMAL = "reconstruction=l2"
"""p(x|z) is normal, as in section 3.1; from 3.2 on the errors are absolute ones."""
SMOOTH = "smooth_runs=4"
"""Gradients through SmoothGrad, as in section 3.1.4, which does not say of how many copies."""


@dataclass(frozen=True)
class Variant:
    """One line of a table: a method, how it is trained and how it scores."""

    name: str
    method: str
    training: tuple[str, ...] = ()
    scoring: tuple[str, ...] = ()
    choices: tuple[tuple[str, ...], ...] = ()
    """Further settings of scoring, one of which is chosen on the tuning set by pixel AP."""
    start: str | None = None
    """Method whose trained nets this one builds on, of the same seed."""


def shares_nets(one: Variant, other: Variant) -> bool:
    """Whether trainings of both with the same seed have a net in common, and are compared in pairs."""
    return one.training == other.training and bool(_nets(one) & _nets(other))


def _nets(variant: Variant) -> set[str]:
    return {variant.method, *filter(None, [variant.start])}


@dataclass(frozen=True)
class Claim:
    """The thesis has `better` above `worse`."""

    better: str
    worse: str


@dataclass(frozen=True)
class Experiment:
    key: str
    title: str
    source: str
    """Table or figure of the thesis."""
    measure: str
    """pixel_auroc | pixel_ap | slice_auroc | slice_ap | mse (lower is better)."""
    test: str
    """Name of the test set, for example shifted-brain."""
    variants: tuple[Variant, ...]
    claims: tuple[Claim, ...]
    train: str = "train-brain"
    tuning: str | None = None
    small: bool = False
    """Is part of `make -C studies study-small`."""
    also: tuple[str, ...] = field(default=())
    """Further measures for the table, without claims."""
    only_abnormal: bool = False
    """Whether normal scans are left out, as in Table 4.4."""

    def find(self, name: str) -> Variant:
        """Return the variant of a name."""
        return next(variant for variant in self.variants if variant.name == name)


def _chain(*names: str) -> tuple[Claim, ...]:
    """Each name above the one after it."""
    return tuple(Claim(a, b) for a, b in pairwise(names))


def _vae(name: str, score: str, *training: str) -> Variant:
    return Variant(name, "vae", (NORMAL, *training), (f"pixel_score={score}", SMOOTH, *PLAIN))


SEVEN_SCORES = Experiment(
    key="scores",
    title="Ways to trace a VAE's loss to pixels",
    source="Table 3.2",
    measure="pixel_auroc",
    also=("pixel_ap",),
    test="shifted-brain",
    variants=(
        Variant("DAE", "dae", (), PLAIN),
        _vae("Reconstruction error", "rec"),
        _vae("Smoothed error", "rec_smooth"),
        _vae("Sampling variance", "sampling_var"),
        _vae("Rec-gradient", "rec_grad"),
        _vae("KL-gradient", "kl_grad"),
        _vae("ELBO-gradient", "elbo_grad"),
        _vae("Combi", "combi"),
    ),
    claims=(
        *_chain("Rec-gradient", "Sampling variance", "Smoothed error", "Reconstruction error"),
        Claim("KL-gradient", "Rec-gradient"),
        Claim("ELBO-gradient", "Rec-gradient"),
    ),
    small=True,
)

SLICES = Experiment(
    key="slices",
    title="Abnormal slices",
    source="Fig. 3.11",
    measure="slice_auroc",
    also=("slice_ap",),
    test="shifted-brain",
    variants=(
        Variant("OC-SVM", "oc_svm"),
        Variant("AE", "ae"),
        Variant("DAE", "dae"),
        Variant("CE", "ce"),
        Variant("VAE", "vae"),
        Variant("ceVAE", "cevae"),
    ),
    claims=_chain("ceVAE", "VAE", "CE", "DAE", "AE", "OC-SVM"),
    small=True,
)


def _factor(w: float) -> tuple[Variant, ...]:
    """The three scores of a ceVAE with one weight of the CE branch."""
    names = {"rec": "error", "kl_grad": "KL-gradient", "combi": "combi"}
    return tuple(
        Variant(f"w={w:g}, {name}", "cevae", (f"ce_factor={w}",), (f"pixel_score={score}", *PLAIN))
        for score, name in names.items()
    )


FACTOR = Experiment(
    key="factor",
    title="The weight w of the context-encoding branch: 0 is a VAE, 1 a context encoder",
    source="Fig. 3.12",
    measure="pixel_auroc",
    also=("pixel_ap",),
    test="shifted-brain",
    variants=(*_factor(0.0), *_factor(0.5), *_factor(1.0)),
    claims=(
        Claim("w=0.5, combi", "w=0, combi"),
        Claim("w=0.5, combi", "w=1, error"),
        Claim("w=0.5, combi", "w=0, KL-gradient"),
        Claim("w=0.5, error", "w=1, error"),
        Claim("w=0, KL-gradient", "w=0, combi"),
        Claim("w=0, KL-gradient", "w=0, error"),
        Claim("w=0, KL-gradient", "w=1, error"),
        Claim("w=1, error", "w=1, combi"),
        Claim("w=1, error", "w=1, KL-gradient"),
    ),
    small=True,
)

DESIGN = Experiment(
    key="design",
    title="Design choices of a VAE: latents, deviation c of p(x|z), size of the slice",
    source="Fig. 3.5",
    measure="pixel_auroc",
    test="shifted-brain",
    variants=tuple(
        _vae(f"{name}, {title}", score, *training)
        for name, training in (
            ("16 latents", ("latents=16",)),
            ("128 latents", ()),
            ("256 latents", ("latents=256",)),
            ("c=0.3", ("c=0.3",)),
            ("c=3", ("c=3.0",)),
            ("32²", ("side=32", "depth=32")),
        )
        for score, title in (("rec", "error"), ("kl_grad", "KL-gradient"), ("combi", "combi"))
    ),
    claims=(Claim("128 latents, combi", "128 latents, error"),),  # "most" of the others are not named
)

TERMS = Experiment(
    key="terms",
    title="Which term of a VAE's loss tells abnormal slices apart",
    source="Fig. 3.4",
    measure="slice_auroc",
    test="shifted-brain",
    variants=tuple(
        Variant(f"{name}, {term}", "vae", (NORMAL, *training), (f"slice_score={setting}",))
        for name, training in (("16 latents", ("latents=16",)), ("128 latents", ()), ("c=3", ("c=3.0",)))
        for setting, term in (("rec", "rec"), ("kl", "KL"), ("loss", "ELBO"))
    ),
    claims=(  # of the default alone: few latents help the error instead (3.1.4, 3.1.5)
        Claim("128 latents, KL", "128 latents, rec"),
        Claim("128 latents, ELBO", "128 latents, rec"),
    ),
)


def _density(test: str, key: str, source: str, claims: tuple[Claim, ...]) -> Experiment:
    mixtures = tuple((f"components={k}",) for k in (1, 2, 4, 8))
    elbo = tuple((f"pixel_score={score}",) for score in ("rec", "kl_grad", "combi"))
    return Experiment(
        key=key,
        title=f"Representations and what is fitted to them, on {test}",
        source=source,
        measure="pixel_ap",
        also=("pixel_auroc",),
        test=test,
        tuning="synth-tuning-brain",
        variants=(
            Variant("VAE", "vae", choices=elbo),
            Variant("ceVAE", "cevae", choices=elbo),
            Variant("VAE + GMM", "vae_gmm", choices=mixtures, start="vae"),
            Variant("ceVAE + GMM", "cevae_gmm", choices=mixtures, start="cevae"),
            Variant("CRADL", "cradl", choices=mixtures),
            Variant("CRADL + RealNVP", "cradl_nvp", start="cradl"),
            Variant("Glow", "glow"),
        ),
        claims=claims,
    )


SYNTH = _density(
    "synth-test-brain",
    "density-synth",
    "Table 3.5, section 6.0.3 (HCP-Synth)",
    (
        Claim("CRADL", "VAE"),
        Claim("VAE", "ceVAE"),
        Claim("CRADL", "ceVAE + GMM"),
        Claim("CRADL", "VAE + GMM"),
        Claim("CRADL", "CRADL + RealNVP"),
        Claim("CRADL + RealNVP", "Glow"),
    ),
)
SHIFTED = _density(
    "shifted-brain",
    "density-shifted",
    "Fig. 3.14, section 6.0.3 (BraTS)",
    (Claim("ceVAE", "CRADL"), Claim("CRADL", "VAE + GMM"), Claim("Glow", "CRADL + RealNVP")),
)

HIERARCHY_VARIANTS = (
    Variant("Low VAE", "low_vae"),
    Variant("chVAE", "chvae"),
    Variant("VQVAE-2", "vqvae2"),
    Variant("pchVAE", "pchvae"),
    Variant("High VAE", "high_vae"),
)
HIERARCHY = Experiment(
    key="hierarchy",
    title="Hierarchical models: abnormal slices",
    source="Table 3.6",
    measure="slice_auroc",
    also=("slice_ap",),
    test="synth-test-brain",
    variants=HIERARCHY_VARIANTS,
    claims=_chain("pchVAE", "High VAE", "Low VAE", "VQVAE-2", "chVAE"),
)
RESTORING = Experiment(
    key="restoring",
    title="Hierarchical models: mean squared error of normal slices, lower is better",
    source="Table 3.6",
    measure="mse",
    test="synth-test-brain",
    variants=HIERARCHY_VARIANTS,
    claims=_chain("Low VAE", "chVAE", "VQVAE-2", "pchVAE", "High VAE"),
)

POPULATION = Experiment(
    key="population",
    title="Rare findings in a population, trained on scans with mild conditions",
    source="Table 4.4",
    measure="pixel_ap",
    also=("pixel_auroc",),
    train="population-train-brain",
    test="population-test-brain",
    variants=(
        Variant("irVAE", "irvae"),
        Variant("ceVAE", "cevae", (), ("pixel_score=kl_grad",)),
        Variant("FPI", "fpi"),
    ),
    claims=(Claim("ceVAE", "irVAE"), Claim("ceVAE", "FPI")),
    only_abnormal=True,
)

EXPERIMENTS = (
    SEVEN_SCORES,
    SLICES,
    FACTOR,
    TERMS,
    DESIGN,
    SYNTH,
    SHIFTED,
    HIERARCHY,
    RESTORING,
    POPULATION,
)
