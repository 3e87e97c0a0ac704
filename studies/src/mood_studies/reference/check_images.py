"""Runs images of reference submissions as the platform does, and with rights that are smaller still.

`make -C studies test-images` calls it: `mood test` on toy cases, then every run script with no network, a
read-only root without /tmp, a user that nobody knows and no capabilities. Prints size and seconds of a case,
the container's start included.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import nibabel as nib
import numpy as np

from mood_reference.methods import MethodName, Profile
from mood_reference.shipping.images import find_size
from mood_studies.checkout import BIN
from mood_studies.driving.stages import StepFailed
from mood_studies.reference.images import tag_of
from mood_studies.reference.steps import DATA, DATASETS, Run, make_parser, run_logged, work_on_each

TASKS = ("sample", "pixel")
HOSTILE = (
    "--network", "none", "--read-only", "--user", "12345:12345", "--cap-drop", "ALL",
    "--security-opt", "no-new-privileges", "--pids-limit", "64", "--memory", "2g",
)  # fmt: skip
MOST_SECONDS = 60


@dataclass(frozen=True)
class Inspector:
    toys: Path  # test sets with few cases
    profile: Profile
    run: Run = run_logged

    def check(self, method: MethodName) -> None:
        tag = tag_of(method, self.profile)
        tested = self.try_as_platform(method, tag)
        hostile = [
            run_hostile(tag, task, self.toys / f"toy-{dataset}") for task in TASKS for dataset in DATASETS
        ]
        slowest = max(hostile)
        print(
            f"{method:14} {find_size(tag) / 1e6:6.0f} MB   mood test {tested:5.1f} s a case   "
            f"hostile {median(hostile):5.1f} s, at most {slowest:5.1f} s",
            flush=True,
        )
        if slowest > MOST_SECONDS:
            raise StepFailed(f"a case took {slowest:.0f} s; {MOST_SECONDS} s are allowed")

    def try_as_platform(self, method: MethodName, tag: str) -> float:
        """Return the median seconds of a case of `mood test`, which fails where a case does."""
        told = self.run(
            [BIN / "mood", "test", tag, "--data", self.toys, "--json", "-"], log=f"check-{method}"
        )
        parts = json.loads(told)["parts"]
        bad = [
            case
            for part in parts
            for case in part["cases"]
            if case["outcome"] != "succeeded" or case["flags"]
        ]
        if bad:
            raise StepFailed(f"mood test: {bad[0]}")
        return median(float(case["seconds"]) for part in parts for case in part["cases"])


def run_hostile(tag: str, task: str, toys: Path) -> float:
    """Score one case with next to no rights and check the output; return the seconds."""
    scan = min((toys / "images").glob("*.nii.gz"))
    dataset = toys.name.removeprefix("toy-")
    with TemporaryDirectory(prefix="mood-check-") as folder:
        source, target = Path(folder) / "data", Path(folder) / "pred"
        for place in (source, target):
            place.mkdir()
        Path(folder).chmod(0o755)
        target.chmod(0o777)
        (source / "case.nii.gz").write_bytes(scan.read_bytes())
        mounts = ("--volume", f"{source}:/mnt/data:ro", "--volume", f"{target}:/mnt/pred")
        script = ("sh", f"/workspace/run_{task}_{dataset}.sh", "/mnt/data", "/mnt/pred")
        begun = time.monotonic()
        done = subprocess.run(
            ["docker", "run", "--rm", *HOSTILE, *mounts, tag, *script],
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - begun
        if done.returncode != 0:
            raise StepFailed(f"{script[1]} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
        check_output(target, task, scan)
    return seconds


def check_output(folder: Path, task: str, scan: Path) -> None:
    """Raise unless the output is the one file that the contract wants, with scores from 0 to 1."""
    name = "case.nii.gz" if task == "pixel" else "case.nii.gz.txt"
    if [path.name for path in folder.iterdir()] != [name]:
        raise StepFailed(f"{task}: wrote {[path.name for path in folder.iterdir()]}, not {name} alone")
    if task == "pixel":
        scores = nib.Nifti1Image.from_filename(folder / name).get_fdata()
        if scores.shape != nib.Nifti1Image.from_filename(scan).shape:
            raise StepFailed(f"pixel: the map has shape {scores.shape}")
    else:
        scores = np.array(float((folder / name).read_text()))
    if not (np.isfinite(scores).all() and scores.min() >= 0 and scores.max() <= 1):
        raise StepFailed(f"{task}: scores from {scores.min()} to {scores.max()}")


def build_toys(run: Run) -> Path:
    """Return a folder with two toy cases of each Dataset."""
    folder = DATA / "toys"
    if not all((folder / f"toy-{dataset}" / "test_set.json").is_file() for dataset in DATASETS):
        words = ["--size", "64", "--share", "0.3", "--not-hidden"]
        run([BIN / "mood-test-sets", "build", "toy", folder, *words], log="toys")
    return folder


def main() -> int:
    options = make_parser(__doc__).parse_args()
    inspector = Inspector(build_toys(run_logged), options.profile)
    return work_on_each(options.methods or list(MethodName), inspector.check)


if __name__ == "__main__":
    sys.exit(main())
