"""Trains the reference methods one after the other, measures each on spheres and writes its card.

`make -C studies weights` calls it. Interrupted, it goes on where it was; finished weights files are skipped,
so delete one to train it again. Test sets lie in demo-data/reference/PROFILE/, logs in
demo-data/reference/log/.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mood_reference.methods import MethodName, Profile
from mood_reference.shipping.cards import validation_file, write_card
from mood_reference.weights import Header, load_weights
from mood_studies.checkout import BIN
from mood_studies.driving.stages import StepFailed
from mood_studies.reference.steps import (
    DATA,
    DATASETS,
    Run,
    find_weights,
    make_parser,
    run_logged,
    work_on_each,
)

RECIPES: dict[Profile, dict[str, tuple[str, ...]]] = {
    Profile.TINY: {
        "train": ("--size", "32", "--train", "8"),
        "validation": ("--size", "32", "--share", "0.03"),
    },
    Profile.CPU: {
        "train": ("--size", "64", "--share", "0.1"),
        "validation": ("--size", "64", "--share", "0.2"),
    },
    Profile.PAPER: {"train": ("--size", "128"), "validation": ("--size", "128")},
}
START_FROM = {
    MethodName.IRVAE: MethodName.VAE,
    MethodName.VAE_GMM: MethodName.VAE,
    MethodName.CEVAE_GMM: MethodName.CEVAE,
    MethodName.CRADL_NVP: MethodName.CRADL,
}
"""Method to the one whose nets it builds on, which MethodName lists earlier, as it does what is cheap."""


@dataclass(frozen=True)
class Workshop:
    """Where the weights of a profile are made."""

    profile: Profile
    data: Path
    weights: Path
    run: Run = run_logged

    def build_test_sets(self) -> None:
        for recipe, options in RECIPES[self.profile].items():
            if all((self.data / f"{recipe}-{dataset}" / "test_set.json").is_file() for dataset in DATASETS):
                continue
            print(f"building {recipe} sets in {self.data}", flush=True)
            command = [BIN / "mood-test-sets", "build", recipe, self.data, *options, "--not-hidden"]
            self.run(command, log=f"test-sets-{self.profile}")

    def make(self, method: MethodName) -> None:
        """Train, measure and describe a method, Datasets side by side; what is there already is kept."""
        with ThreadPoolExecutor(len(DATASETS)) as pool:
            for line in pool.map(partial(self.make_file, method), DATASETS):
                print(line, flush=True)
        (self.weights / method / "card.md").write_text(write_card(self.weights / method))

    def make_file(self, method: MethodName, dataset: str) -> str:
        path = self.weights / method / f"{dataset}.npz"
        if not self.is_finished(path):
            self.train(method, dataset, path)
        if not is_newer(validation_file(path), path):
            self.evaluate(method, dataset, path)
        return describe(method, dataset, path)

    def is_finished(self, path: Path) -> bool:
        if not path.is_file():
            return False
        found = load_weights(path).header.trained.get("profile")
        if found != self.profile:
            raise StepFailed(
                f"{path} was trained with profile {found}; move it away or name another --weights"
            )
        return True

    def train(self, method: MethodName, dataset: str, path: Path) -> None:
        words = ["--data", self.data / f"train-{dataset}", "--dataset", dataset, "--out", path]
        start = self.weights / START_FROM[method] / path.name if method in START_FROM else None
        if start is not None and start.is_file():
            words += ["--start-from", start]
        command = [BIN / "mood-reference", "train", method, "--profile", self.profile, *words]
        self.run(command, log=f"{self.profile}-{method}-{dataset}", sharing=len(DATASETS))

    def evaluate(self, method: MethodName, dataset: str, path: Path) -> None:
        words = ["--data", self.data / f"validation-{dataset}", "--json", validation_file(path)]
        command = [BIN / "mood-reference", "evaluate", path, *words]
        self.run(command, log=f"{self.profile}-{method}-{dataset}", sharing=len(DATASETS))


def is_newer(path: Path, than: Path) -> bool:
    return path.is_file() and path.stat().st_mtime >= than.stat().st_mtime


def describe(method: MethodName, dataset: str, path: Path) -> str:
    """Return one line: how long the training took, how large its file is, how well it finds spheres."""
    header: Header = load_weights(path).header
    found = json.loads(validation_file(path).read_text())
    seconds, megabytes = header.trained.get("seconds", 0.0), path.stat().st_size / 1e6
    scores = "   ".join(
        f"{name} {format_scores(found[kind])}" for name, kind in (("voxels", "pixel"), ("scans", "sample"))
    )
    return f"{method:14} {dataset:6} {seconds:7.1f} s {megabytes:6.2f} MB   {scores}"


def format_scores(measured: dict[str, float]) -> str:
    if "ap" not in measured:
        return "not measurable"
    return f"AP {measured['ap']:.3f} (chance {measured['prevalence']:.3f}) AUROC {measured['auroc']:.3f}"


def main() -> int:
    options = make_parser(__doc__).parse_args()
    weights = options.weights or find_weights(options.profile)
    workshop = Workshop(options.profile, DATA / options.profile, weights.resolve())
    try:
        workshop.build_test_sets()
    except StepFailed as failure:
        print(f"test sets: {failure}", file=sys.stderr)
        return 1
    return work_on_each(options.methods or list(MethodName), workshop.make)


if __name__ == "__main__":
    sys.exit(main())
