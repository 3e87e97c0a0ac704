"""Trains a method on a folder of normal scans and fixes its calibration on scans that it did not train on."""

import hashlib
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mood_reference.configs import apply_settings
from mood_reference.learning.choosing import choose_candidate, make_judge
from mood_reference.learning.spheres import Painted, paint_spheres
from mood_reference.methods import ABOUT, MethodName, Profile, Report
from mood_reference.models import load_method
from mood_reference.scans.calibration import fit_sample_scale, fit_tau
from mood_reference.scans.nifti import read_training_scans
from mood_reference.scans.volumes import Volume
from mood_reference.scores.scoring import make_raw_scorer
from mood_reference.weights import Arrays, Header, Weights

SIZE = 64  # voxels along each axis of a training scan, unless a method's settings want more
HOLD_OUT = 6  # every sixth scan chooses and calibrates instead of training
MOST_SPHERES = (
    12  # held-out scans that get a painted sphere: enough to tell scores apart, few enough for minutes
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be trained on what."""

    method: MethodName
    dataset: str  # brain | abdom
    data: Path  # folder of normal scans, *.nii.gz
    profile: Profile = Profile.CPU
    seed: int = 0
    settings: Sequence[str] = ()  # NAME=VALUE, beside the profile's
    folder: Path | None = None  # for checkpoints and logs: what an interrupted training goes on from
    given: Arrays = field(default_factory=dict)  # arrays of stages that are trained already
    report: Report = lambda _step, _total, _text: None


def train_method(order: Order) -> Weights:
    """Return calibrated weights; raises ValueError where there are too few scans or a setting is unknown."""
    begun = time.monotonic()
    module = load_method(order.method)
    config = apply_settings(module.make_config(profile=order.profile, dataset=order.dataset), order.settings)
    size = max(SIZE, getattr(config, "side", 0), getattr(config, "depth", 0))
    learn, held_out = split_scans(read_training_scans(order.data, size), order.data)
    spheres = paint_spheres(held_out[:MOST_SPHERES], order.seed)
    header = Header(method=order.method, dataset=order.dataset, config=asdict(config))
    if ABOUT[order.method].torch:
        training = _prepare_training(module, config, learn, held_out, spheres, order)
        arrays = _train_by_gradients(module, config, training)
        earlier = sum(training.earlier_seconds)
    else:
        arrays, earlier = module.train(learn, config=config, seed=order.seed, report=order.report), 0.0
    weights, judged = choose_candidate(Weights(header, arrays), spheres)
    trained = {
        "profile": str(order.profile),
        "seed": order.seed,
        "settings": list(order.settings),
        "data": _name_data(order.data),
        "scans": {"learnt": len(learn), "held_out": len(held_out)},
        "seconds": round(time.monotonic() - begun + earlier, 1),
        "machine": _name_machine(with_torch=ABOUT[order.method].torch),
        "judged": judged,
    }
    return calibrate_on(held_out, replace(weights, header=replace(weights.header, trained=trained)))


def _prepare_training(
    module: Any, config: Any, learn: Volume, held_out: Volume, spheres: list[Painted], order: Order
) -> Any:
    from mood_reference.learning.loop import Training

    return Training(
        volumes=learn,
        held_out=held_out,
        seed=order.seed,
        folder=order.folder,
        report=order.report,
        find_ap=make_judge(module, config, spheres),
        given=order.given,
        identity=_identify(config, learn, held_out, order),
    )


def _train_by_gradients(module: Any, config: Any, training: Any) -> Arrays:
    from mood_reference.learning.loop import train_stages
    from mood_reference.stages import export_nets

    return export_nets(train_stages(module.make_stages(config), training))


def _identify(config: Any, learn: Volume, held_out: Volume, order: Order) -> str:
    """Return what a checkpoint has to have in common with the training that goes on from it."""
    digest = hashlib.sha256(repr((order.method, order.seed, sorted(order.given), config)).encode())
    for volumes in (learn, held_out):
        digest.update(np.ascontiguousarray(volumes).data)
    return digest.hexdigest()


def split_scans(volumes: Volume, folder: Path) -> tuple[Volume, Volume]:
    """Return the scans to learn from and those to choose and calibrate on: every sixth, at least one."""
    if len(volumes) < 2:
        raise ValueError(f"{folder} holds {len(volumes)} scan; training and calibration need at least two.")
    held_out = np.arange(len(volumes)) % HOLD_OUT == HOLD_OUT - 1
    held_out[-1] |= not held_out.any()
    return volumes[~held_out], volumes[held_out]


def calibrate_on(volumes: Volume, weights: Weights) -> Weights:
    """Return the weights with both scales fixed by the raw scores of normal scans."""
    score = make_raw_scorer(weights)
    raws = [score(volume) for volume in volumes]
    samples = np.array([raw.sample for raw in raws if raw.sample is not None])
    if not len(samples):
        raise ValueError("none of the held-out scans shows a body; calibration needs one that does.")
    centre, scale = fit_sample_scale(samples)
    tau = fit_tau(np.concatenate([raw.voxels[raw.foreground] for raw in raws]))
    header = replace(weights.header, tau_pixel=tau, centre_sample=centre, scale_sample=scale)
    return replace(weights, header=header)


def _name_data(scans: Path) -> dict[str, str]:
    """Return name and digest of the test set that the scans belong to; the folder's name where it is none."""
    path = scans.parent / "test_set.json"
    if not path.is_file():
        return {"name": scans.parent.name}
    manifest = json.loads(path.read_text())
    return {"name": manifest["name"], "digest": manifest["digest"]}


def _name_machine(*, with_torch: bool) -> str:
    """Return processor, software and arithmetic, as a model card needs them."""
    words = [platform.machine(), f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    return ", ".join(words + (_name_torch() if with_torch else []))


def _name_torch() -> list[str]:
    import torch

    from mood_reference.nets.precision import name_precision
    from mood_reference.stages import find_device

    device = find_device()
    name = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{torch.get_num_threads()} thread(s)"
    )
    return [f"PyTorch {torch.__version__}", name, name_precision(device)]
