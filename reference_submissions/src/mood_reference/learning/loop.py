"""Trains the stages of a method: checkpoints, exact resume, best net by held-out loss or spheres, a log.

Nothing here knows a model. A step is the same whether the training was interrupted before it or not: weights,
Adam, schedule, all random generators and the best net so far are in the checkpoint.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from mood_reference.learning.log import TrainingLog
from mood_reference.methods import Report
from mood_reference.nets.precision import mixed_precision
from mood_reference.scans.volumes import Volume
from mood_reference.stages import (
    Decay,
    Nets,
    Schedule,
    Stage,
    export_nets,
    find_device,
    freeze,
    load_net,
    put_channels_last,
)
from mood_reference.weights import Arrays

HELD_OUT_BATCHES = 4  # drawn alike at every check
HELD_OUT_SEED = 20_20


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What all stages of one training share."""

    volumes: Volume  # (N, X, Y, Z) normal scans to learn from
    held_out: Volume  # (M, X, Y, Z) normal scans for choosing
    seed: int
    folder: Path | None = None  # for checkpoints and logs; None keeps neither
    report: Report = lambda _step, _total, _text: None
    device: torch.device = field(default_factory=find_device)
    find_ap: Callable[[Arrays], float] | None = None  # AP on painted spheres of a method's arrays
    given: Arrays = field(default_factory=dict)  # stages that are trained already
    identity: str = ""  # of method, settings, seed and data; a checkpoint of another one is refused
    earlier_seconds: list[float] = field(default_factory=list)  # of the runs that this one goes on from


def train_stages(stages: Sequence[Stage], training: Training) -> Nets:
    """Return the finished nets by the name of their stage."""
    nets: dict[str, nn.Module] = {}
    for number, stage in enumerate(stages):
        torch.manual_seed(training.seed * 1000 + number)
        net = put_channels_last(stage.build(nets).to(training.device))
        if any(key.startswith(f"{stage.name}/") for key in training.given):
            load_net(net, training.given, stage.name)
        elif stage.fit is not None:
            stage.fit(net, stage.prepare(training.volumes), nets, training.seed + number)
        else:
            _StageTraining(stage, net, nets, training, number).run()
        nets[stage.name] = freeze(net)
    return nets


class _StageTraining:
    """One net on its way."""

    def __init__(self, stage: Stage, net: nn.Module, earlier: Nets, training: Training, number: int) -> None:
        self.stage, self.net, self.earlier, self.training = stage, net, earlier, training
        self.schedule = cast("Schedule", stage.schedule)
        self.device = training.device
        self.data, self.held_out = stage.prepare(training.volumes), stage.prepare(training.held_out)
        weights = [weight for weight in net.parameters() if weight.requires_grad]
        self.adam = torch.optim.Adam(
            weights, lr=self.schedule.learning_rate, weight_decay=self.schedule.weight_decay
        )
        self.rng = np.random.default_rng([training.seed, number])
        self.step, self.factor, self.stale, self.ended = 0, 1.0, 0, False
        self.best, self.best_state = float("inf"), _copy(net.state_dict())
        self.log = TrainingLog(training.folder, stage.name)
        self.begun = time.monotonic()

    def run(self) -> None:
        self._resume()
        every = max(1, self.schedule.steps // max(1, self.schedule.checks))
        while self.step < self.schedule.steps and not self.ended:
            losses = self._take_step()
            self.log.add(self.step, losses)
            self._tell(losses)
            if self.step % every == 0 or self.step == self.schedule.steps:
                self._check()
                self._save()
        self.net.load_state_dict(self.best_state)
        self.log.close()

    def _take_step(self) -> dict[str, float]:
        self.net.train()
        for group in self.adam.param_groups:
            group["lr"] = self.schedule.learning_rate * self.factor * find_rate(self.schedule, self.step)
        batch = self._draw(self.data, self.rng)
        with mixed_precision(self.device):
            losses = self._find_losses(batch)
        loss = next(iter(losses.values()))
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        if self.schedule.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.net.parameters(), self.schedule.clip_norm)
        self.adam.step()
        self.step += 1
        return {name: float(value.detach()) for name, value in losses.items()}

    def _draw(self, data: Any, rng: np.random.Generator) -> tuple[Tensor, ...]:
        if self.stage.draw is None:
            raise TypeError(f"stage {self.stage.name} has a schedule, so it needs draw")
        return tuple(tensor.to(self.device) for tensor in self.stage.draw(data, rng))

    def _find_losses(self, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        if self.stage.loss is None:
            raise TypeError(f"stage {self.stage.name} has a schedule, so it needs loss")
        return self.stage.loss(self.net, batch, self.earlier)

    def _check(self) -> None:
        """Measure the net on held-out scans, keep it if it is the best so far, slow down if not."""
        value = self._find_held_out_loss()
        measured = {"held_out": value}
        if self.schedule.select == "spheres" and self.training.find_ap is not None:
            arrays = export_nets({**self.earlier, self.stage.name: self.net.eval()})
            measured["spheres_ap"] = self.training.find_ap(arrays)
            value = -measured["spheres_ap"]
        self.log.add_check(self.step, measured)
        if not np.isfinite(value):
            raise FloatingPointError(
                f"{self.stage.name}: held-out loss {value} at step {self.step}; lower the learning rate"
            )
        if value < self.best:
            self.best, self.best_state, self.stale = value, _copy(self.net.state_dict()), 0
        elif self.schedule.decay is Decay.PLATEAU:
            self.stale += 1
            self.factor *= 0.1 if self.stale == 1 else 1.0
            self.ended = self.stale >= self.schedule.patience

    @torch.no_grad()
    def _find_held_out_loss(self) -> float:
        self.net.eval()
        rng = np.random.default_rng(HELD_OUT_SEED)
        with torch.random.fork_rng():
            torch.manual_seed(HELD_OUT_SEED)
            losses = [self._find_losses(self._draw(self.held_out, rng)) for _ in range(HELD_OUT_BATCHES)]
        return float(np.mean([float(next(iter(loss.values()))) for loss in losses]))

    def _tell(self, losses: dict[str, float]) -> None:
        best = f", best held out {self.best:.4g}" if np.isfinite(self.best) else ""
        text = f"{self.stage.name}: loss {next(iter(losses.values())):.4g}{best}"
        self.training.report(self.step, self.schedule.steps, text)

    # Checkpoints ----------------------------------------------------------------------------------

    @property
    def _path(self) -> Path | None:
        return self.training.folder / f"{self.stage.name}.pt" if self.training.folder else None

    @property
    def _identity(self) -> str:
        return f"{self.training.identity} {self.schedule!r}"

    def _save(self) -> None:
        if self._path is None:
            return
        state = {
            "net": self.net.state_dict(),
            "adam": self.adam.state_dict(),
            "best_state": self.best_state,
            "rng": self.rng.bit_generator.state,
            "torch_rng": torch.get_rng_state(),
            "numbers": [self.step, self.factor, self.stale, self.ended, self.best],
            "devices": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
            "seconds": time.monotonic() - self.begun,
            "identity": self._identity,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self._path)

    def _resume(self) -> None:
        if self._path is None or not self._path.exists():
            self.log.drop_after(0)
            return
        state = torch.load(self._path, map_location=self.device, weights_only=True)
        if state.get("identity") != self._identity:
            raise ValueError(
                f"{self._path} was written by a training with other settings, seed or scans; "
                "begin anew with --restart, or use the same ones"
            )
        self.net.load_state_dict(state["net"])
        self.adam.load_state_dict(state["adam"])
        self.best_state = state["best_state"]
        self.rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"].cpu())
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(state["devices"].cpu(), self.device)
        self.begun -= state["seconds"]
        self.training.earlier_seconds.append(state["seconds"])
        self.step, self.factor, self.stale, self.ended, self.best = state["numbers"]
        self.log.drop_after(self.step)


def find_rate(schedule: Schedule, step: int) -> float:
    """Return the share of the learning rate at a step: a linear rise, then the decay."""
    if step < schedule.warmup:
        return (step + 1) / schedule.warmup
    if schedule.decay is not Decay.COSINE:
        return 1.0
    way = (step - schedule.warmup) / max(1, schedule.steps - schedule.warmup)
    return float(0.5 * (1 + np.cos(np.pi * way)))


def _copy(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: tensor.detach().clone() for key, tensor in state.items()}
