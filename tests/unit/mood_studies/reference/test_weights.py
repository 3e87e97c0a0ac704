"""Making the weights of all methods: what is there is kept, what fails is named, the rest goes on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mood_reference.methods import MethodName, Profile
from mood_reference.weights import Header, Weights, load_weights, save_weights
from mood_studies.driving.stages import StepFailed
from mood_studies.reference.steps import find_weights, work_on_each
from mood_studies.reference.weights import START_FROM, Workshop

MEASURED = {"ap": 0.2, "auroc": 0.9, "prevalence": 0.01}


@dataclass
class FakeRun:
    """Notes commands; training and evaluating write what the real ones would."""

    failing: str = ""
    told: list[str] = field(default_factory=list)

    def __call__(self, command: Sequence[Any], *, log: str, sharing: int = 1) -> str:
        del sharing
        words = [str(word) for word in command[1:]]
        self.told.append(" ".join(words[:2]))
        if self.failing and self.failing in words:
            raise StepFailed(f"no luck, see {log}")
        if words[0] == "train":
            out, dataset = Path(words[words.index("--out") + 1]), words[words.index("--dataset") + 1]
            trained = {
                "profile": words[words.index("--profile") + 1],
                "seconds": 1.0,
                "start": "--start-from" in words,
            }
            save_weights(
                out, Weights(Header(method=words[1], dataset=dataset, config={}, trained=trained), {})
            )
        elif words[0] == "evaluate":
            measured = {"pixel": MEASURED, "sample": {"prevalence": 1.0}, "slices": MEASURED}
            Path(words[words.index("--json") + 1]).write_text(json.dumps(measured))
        return ""

    def count(self, start: str) -> int:
        return sum(words.startswith(start) for words in self.told)


@dataclass
class Shop:
    make: Callable[[list[MethodName]], int]
    run: FakeRun
    folder: Path


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    run = FakeRun()
    workshop = Workshop(Profile.TINY, tmp_path / "data", tmp_path / "weights", run)
    return Shop(lambda methods: work_on_each(methods, workshop.make), run, tmp_path / "weights")


def test_each_method_is_trained_measured_and_described(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shop.make([MethodName.PCA]) == 0
    assert sorted(words.split()[0] for words in shop.run.told) == ["evaluate"] * 2 + ["train"] * 2
    assert "voxels AP 0.200 (chance 0.010) AUROC 0.900   scans not measurable" in capsys.readouterr().out
    assert (shop.folder / "pca" / "card.md").read_text().startswith("# PCA residual")


def test_finished_files_are_skipped(shop: Shop) -> None:
    shop.make([MethodName.PCA])
    (shop.folder / "pca" / "abdom.npz").unlink()
    (shop.folder / "pca" / "abdom.validation.json").unlink()
    shop.run.told.clear()
    assert shop.make([MethodName.PCA]) == 0
    assert shop.run.told == ["train pca", f"evaluate {shop.folder / 'pca' / 'abdom.npz'}"]


def test_a_method_that_fails_is_named_and_the_others_go_on(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.run.failing = "threshold"
    assert shop.make([MethodName.THRESHOLD, MethodName.PCA]) == 1
    told = capsys.readouterr()
    assert "threshold      FAILED: no luck, see tiny-threshold-brain" in told.out
    assert told.err == "failed: threshold\n"
    assert (shop.folder / "pca" / "card.md").is_file()


def test_weights_of_another_profile_are_never_overwritten(shop: Shop) -> None:
    for dataset in ("brain", "abdom"):
        header = Header(method="pca", dataset=dataset, config={}, trained={"profile": "paper"})
        save_weights(shop.folder / "pca" / f"{dataset}.npz", Weights(header, {}))
    assert shop.make([MethodName.PCA]) == 1
    assert shop.run.count("train") == 0


def test_a_method_builds_on_the_nets_of_another_where_they_are(shop: Shop) -> None:
    assert shop.make([MethodName.VAE_GMM]) == 0
    path = shop.folder / "vae_gmm" / "brain.npz"
    assert load_weights(path).header.trained["start"] is False
    path.unlink()
    assert shop.make([MethodName.VAE, MethodName.VAE_GMM]) == 0
    assert load_weights(path).header.trained["start"] is True


def test_what_others_build_on_comes_first() -> None:
    order = list(MethodName)
    for method, start in START_FROM.items():
        assert order.index(start) < order.index(method)


def test_test_sets_are_built_once(tmp_path: Path) -> None:
    run = FakeRun()
    workshop = Workshop(Profile.TINY, tmp_path, tmp_path / "weights", run)
    workshop.build_test_sets()
    assert run.told == ["build train", "build validation"]
    for name in ("train-brain", "train-abdom"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "test_set.json").touch()
    workshop.build_test_sets()
    assert run.told[2:] == ["build validation"]


@pytest.mark.parametrize("profile", Profile)
def test_only_the_weights_of_the_cpu_profile_lie_where_they_are_shipped_from(profile: Profile) -> None:
    folder = find_weights(profile)
    assert (folder.name == "weights") is (profile is Profile.CPU)
