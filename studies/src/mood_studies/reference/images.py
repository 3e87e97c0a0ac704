"""Builds the image mood-reference-METHOD of every method with weights; `make -C studies images` calls it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from mood_reference.methods import ABOUT, MethodName, Profile
from mood_reference.shipping.images import find_size
from mood_studies.checkout import BIN
from mood_studies.driving.stages import StepFailed
from mood_studies.reference.steps import (
    DATASETS,
    Run,
    find_base,
    find_weights,
    make_parser,
    run_logged,
    work_on_each,
)

MOST_MEGABYTES = {True: 1300, False: 400}  # of an image with PyTorch, without it


@dataclass(frozen=True)
class Builder:
    base: str
    weights: Path
    profile: Profile
    run: Run = run_logged

    def build(self, method: MethodName) -> None:
        folder, tag = self.weights / method, tag_of(method, self.profile)
        if not has_weights(folder):
            raise StepFailed(f"{folder} lacks weights; make them: make -C studies weights METHOD={method}")
        words = ["--weights", folder, "--base", self.base, "--tag", tag]
        self.run([BIN / "mood-reference", "build", method, *words], log=f"image-{method}")
        megabytes, most = find_size(tag) / 1e6, MOST_MEGABYTES[ABOUT[method].torch]
        if megabytes > most:
            raise StepFailed(f"{tag} has {megabytes:.0f} MB; {most} MB are allowed")
        print(f"{method:14} {tag:32} {megabytes:6.0f} MB", flush=True)


def tag_of(method: MethodName, profile: Profile) -> str:
    """Return the name of an image; those of other profiles than the CPU's are told apart."""
    return f"mood-reference-{method}" + ("" if profile is Profile.CPU else f":{profile}")


def has_weights(folder: Path) -> bool:
    return all((folder / f"{dataset}.npz").is_file() for dataset in DATASETS)


def main() -> int:
    options = make_parser(__doc__).parse_args()
    weights = (options.weights or find_weights(options.profile)).resolve()
    methods = options.methods or [method for method in MethodName if has_weights(weights / method)]
    if not methods:
        print(f"{weights} holds no weights; make them: make -C studies weights", file=sys.stderr)
        return 1
    builder = Builder(find_base(run_logged), weights, options.profile)
    return work_on_each(methods, builder.build)


if __name__ == "__main__":
    sys.exit(main())
