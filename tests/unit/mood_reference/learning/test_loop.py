"""The trainer: falling losses, exact resume, the best net kept, schedules as asked for."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402 - needs PyTorch

from mood_reference.learning.loop import Training, find_rate, train_stages  # noqa: E402 - needs PyTorch
from mood_reference.stages import (  # noqa: E402 - needs PyTorch
    Decay,
    Schedule,
    Stage,
    export_nets,
    load_net,
    put_channels_last,
    restore_nets,
)

pytestmark = pytest.mark.torch

SCHEDULE = Schedule(steps=40, learning_rate=0.05, checks=4)
NUMBERS = np.random.default_rng(0).normal(3, 1, (64, 1, 1, 1)).astype(np.float32)


def read_log(folder: Path, stage: str) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / f"{stage}.jsonl").read_text().splitlines()]


class Killed(Exception):
    pass


def make_stage(schedule: Schedule = SCHEDULE, name: str = "line") -> Stage:
    """Learns to add what takes 3 to 0, with noise from both random generators and dropout."""

    def draw(data: Any, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        return (torch.from_numpy(data[rng.integers(len(data), size=8)].reshape(-1, 1)),)

    def loss(net: nn.Module, batch: tuple[torch.Tensor, ...], _: Any) -> dict[str, torch.Tensor]:
        (x,) = batch
        return {"loss": (net(x) + 0.1 * torch.randn_like(x)).square().mean()}

    return Stage(
        name=name,
        build=lambda _: nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.1), nn.BatchNorm1d(8), nn.Linear(8, 1)),
        prepare=lambda volumes: volumes,
        schedule=schedule,
        draw=draw,
        loss=loss,
    )


def run(
    stage: Stage, folder: Path | None = None, report: Any = None, **changes: Any
) -> dict[str, np.ndarray]:
    training = Training(
        volumes=NUMBERS, held_out=NUMBERS[:9], seed=1, folder=folder, device=torch.device("cpu")
    )
    training = replace(training, **changes, **({"report": report} if report else {}))
    return export_nets(train_stages([stage], training))


def kill_at(step: int) -> Any:
    def report(now: int, _total: int, _text: str) -> None:
        if now == step:
            raise Killed

    return report


@pytest.mark.parametrize("step", [3, 20, 25, 39])
def test_training_that_was_killed_ends_with_the_same_bits_and_log_as_one_that_was_not(
    tmp_path: Path, step: int
) -> None:
    whole = run(make_stage(), tmp_path / "whole")
    with pytest.raises(Killed):
        run(make_stage(), tmp_path / "killed", kill_at(step))
    resumed = run(make_stage(), tmp_path / "killed")
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)
    assert read_log(tmp_path / "killed", "line") == read_log(tmp_path / "whole", "line")


def test_the_loss_falls_and_is_logged_with_the_held_out_one(tmp_path: Path) -> None:
    run(make_stage(), tmp_path)
    lines = read_log(tmp_path, "line")
    losses = [line["loss"] for line in lines if "loss" in line]
    assert losses[-1] < 0.8 * losses[0]
    assert sum("held_out" in line for line in lines) == 4
    assert list((tmp_path / "tensorboard" / "line").iterdir())


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    first = run(make_stage(), tmp_path)
    again = run(make_stage(), tmp_path, kill_at(1))
    assert all(np.array_equal(first[name], again[name]) for name in first)


def test_a_checkpoint_of_another_schedule_is_refused(tmp_path: Path) -> None:
    run(make_stage(), tmp_path)
    with pytest.raises(ValueError, match="a training with other settings, seed or scans"):
        run(make_stage(replace(SCHEDULE, steps=41)), tmp_path)


def test_the_seed_decides() -> None:
    first, second, other = (run(make_stage(), seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


def test_the_net_with_the_best_held_out_loss_is_kept_even_if_training_then_goes_astray() -> None:
    wild = run(make_stage(Schedule(steps=40, learning_rate=3.0, decay=Decay.CONSTANT, checks=40)))
    assert all(np.isfinite(array).all() for array in wild.values())


def test_spheres_choose_the_net_where_the_schedule_says_so() -> None:
    aps = iter([0.1, 0.9, 0.2, 0.3])
    seen: list[dict[str, np.ndarray]] = []

    def find_ap(arrays: dict[str, np.ndarray]) -> float:
        seen.append({name: array.copy() for name, array in arrays.items()})
        return next(aps)

    kept = run(make_stage(replace(SCHEDULE, select="spheres")), find_ap=find_ap)
    assert all(np.array_equal(kept[name], seen[1][name]) for name in kept)


def test_a_diverging_training_says_what_to_do() -> None:
    broken = replace(make_stage(), loss=lambda net, batch, _: {"loss": net(batch[0]).mean() * float("nan")})
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        run(broken)


def test_given_stages_are_taken_over_and_not_trained() -> None:
    given = run(make_stage())
    taken = run(make_stage(), report=kill_at(1), given=given)
    assert all(np.array_equal(given[name], taken[name]) for name in given)


def test_a_plateau_lowers_the_rate_and_then_ends(tmp_path: Path) -> None:
    schedule = Schedule(steps=400, learning_rate=0.05, decay=Decay.PLATEAU, checks=80, patience=3)
    run(make_stage(schedule), tmp_path)
    assert read_log(tmp_path, "line")[-1]["step"] < 400


def test_the_rate_rises_during_warmup_and_falls_along_a_half_cosine() -> None:
    schedule = Schedule(steps=110, learning_rate=1, warmup=10)
    assert [find_rate(schedule, step) for step in (0, 4, 9)] == [0.1, 0.5, 1.0]
    assert find_rate(schedule, 60) == pytest.approx(0.5)
    assert find_rate(schedule, 109) < 0.001
    assert find_rate(replace(schedule, decay=Decay.CONSTANT), 109) == 1


def test_exported_nets_come_back_within_half_precision() -> None:
    stage = make_stage()
    net = stage.build({})
    restored = restore_nets([stage], export_nets({"line": net}))["line"]
    for name, value in net.state_dict().items():
        assert torch.allclose(restored.state_dict()[name], value, rtol=1e-3, atol=1e-4)
    assert not restored.training


def test_kernels_get_their_channels_last_but_not_beside_group_normalisation_which_would_crash() -> None:
    plain = nn.Sequential(nn.Conv2d(2, 8, 3))
    grouped = nn.Sequential(nn.Conv2d(2, 8, 3), nn.GroupNorm(4, 8))
    last, usual = (put_channels_last(net)[0].weight for net in (plain, grouped))  # type: ignore[index]
    assert last.is_contiguous(memory_format=torch.channels_last)
    assert not usual.is_contiguous(memory_format=torch.channels_last)


def test_a_missing_weight_is_named() -> None:
    stage = make_stage()
    arrays = export_nets({"line": stage.build({})})
    del arrays["line/0.weight"]
    with pytest.raises(RuntimeError, match=r"0\.weight"):
        load_net(stage.build({}), arrays, "line")
