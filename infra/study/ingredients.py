"""What a study is made of: test sets, weights and images, each made unless it is there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from demo_parts import Stages
from scale import DATASETS, Scale

BIN = Path(".venv/bin")
WEIGHTS = Path("weights")
MAKE = ("make", "--no-print-directory")


@dataclass(frozen=True)
class Ingredients:
    stages: Stages
    scale: Scale
    place: Path
    weights: Path = WEIGHTS

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
        self.stages.run([*MAKE, "base-image"], log="base-image")

    def train(self, method: str) -> None:
        if not is_trained(method, self.weights):
            self.stages.run([*MAKE, "weights", f"METHOD={method}"], log=f"weights-{method}")

    def pack(self, method: str) -> str:
        """The image's id; built again where its weights are newer."""
        found = self._find_image(method)
        if found is None or found[1] < self._last_trained(method):
            self.stages.run([*MAKE, "images", f"METHOD={method}"], log=f"image-{method}")
            found = self._find_image(method)
        if found is None:
            raise LookupError(f"`make images METHOD={method}` left no image {image_of(method)}")
        return found[0]

    def _last_trained(self, method: str) -> float:
        return max(path.stat().st_mtime for path in weights_of(method, self.weights))

    def _find_image(self, method: str) -> tuple[str, float] | None:
        """Its id and when it was made."""
        listed = self.stages.run(["docker", "images", "--quiet", image_of(method)], log="images")
        if not listed.strip():
            return None
        found = json.loads(self.stages.run(["docker", "image", "inspect", image_of(method)], log="images"))[0]
        return found["Id"], datetime.fromisoformat(found["Created"]).timestamp()


def weights_of(method: str, weights: Path = WEIGHTS) -> list[Path]:
    return [weights / method / f"{dataset}.npz" for dataset in DATASETS]


def is_trained(method: str, weights: Path = WEIGHTS) -> bool:
    return all(path.exists() for path in weights_of(method, weights))


def image_of(method: str) -> str:
    return f"mood-reference-{method}"
