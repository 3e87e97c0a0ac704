"""What a study is made of: test sets, weights and images, each made unless it is there."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from mood_studies.checkout import BIN, INFRA
from mood_studies.driving.stages import Stages
from mood_studies.study.scale import DATASETS, Scale

WEIGHTS = Path("weights")
PYTHON = (sys.executable, "-m")


@dataclass(frozen=True)
class Ingredients:
    stages: Stages
    scale: Scale
    place: Path
    weights: Path = WEIGHTS
    as_built: bool = False
    """Take images as they are, whatever has changed since."""

    @property
    def test_sets(self) -> Path:
        return self.place / "test-sets"

    def folders(self, *kinds: str) -> list[Path]:
        return [self.test_sets / f"{kind}-{dataset}" for kind in kinds for dataset in DATASETS]

    def build_test_sets(self) -> None:
        """`mood-test-sets` keeps complete sets and goes on with interrupted ones."""
        for recipe, options in self.scale.recipes.items():
            words = ("build", recipe, str(self.test_sets), *options)
            self.stages.run([BIN / "mood-test-sets", *words], log="test-sets")

    def make_base(self) -> None:
        self.stages.run([INFRA / "base-image" / "build.sh"], log="base-image")

    def train(self, method: str) -> None:
        if not is_trained(method, self.weights):
            self.stages.run([*PYTHON, "mood_studies.reference.weights", method], log=f"weights-{method}")

    def pack(self, method: str) -> str:
        """The image's id; it is the same one where neither weights nor code have changed."""
        if not (self.as_built and self.has_image(method)):
            self.stages.run([*PYTHON, "mood_studies.reference.images", method], log=f"image-{method}")
        words = ["docker", "image", "inspect", "--format", "{{.Id}}", image_of(method)]
        return self.stages.run(words, log="images").strip()

    def has_image(self, method: str) -> bool:
        return bool(self.stages.run(["docker", "image", "ls", "-q", image_of(method)], log="images").strip())


def weights_of(method: str, weights: Path = WEIGHTS) -> list[Path]:
    return [weights / method / f"{dataset}.npz" for dataset in DATASETS]


def is_trained(method: str, weights: Path = WEIGHTS) -> bool:
    return all(path.exists() for path in weights_of(method, weights))


def image_of(method: str) -> str:
    return f"mood-reference-{method}"
