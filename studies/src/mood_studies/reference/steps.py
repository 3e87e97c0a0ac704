"""What making weights, images and their check have in common: commands with a log, methods, folders."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mood_reference.methods import MethodName, Profile
from mood_studies.checkout import INFRA, ROOT
from mood_studies.driving.stages import StepFailed

DATA = ROOT / "demo-data" / "reference"  # training and validation sets by profile; logs
DATASETS = ("brain", "abdom")
TAIL_LINES = 3
MOST_THREADS = 8  # more do not make such small nets faster

Run = Callable[..., str]
"""Command, log=NAME -> what it wrote to standard output; StepFailed where it fails."""


def run_logged(command: Sequence[str | Path], *, log: str, sharing: int = 1) -> str:
    """Run a command with its messages in a log file and its part of the processors; return what it printed.

    Args:
        command: Program and words.
        log: The log file's name, without its ending.
        sharing: How many such commands run side by side.

    """
    path = DATA / "log" / f"{log}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    words = [str(word) for word in command]
    threads = str(max(1, min((os.cpu_count() or 1) // sharing, MOST_THREADS)))
    variables = os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    with path.open("a") as stream:
        stream.write(f"$ {' '.join(words)}\n")
        stream.flush()
        done = subprocess.run(
            words, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=stream, text=True, check=False
        )
        stream.write(done.stdout)
    if done.returncode != 0:
        last = " | ".join(path.read_text(errors="replace").splitlines()[-TAIL_LINES:])
        raise StepFailed(f"exit code {done.returncode}, see {path.relative_to(ROOT)}: {last}")
    return done.stdout


def make_parser(about: str | None) -> ArgumentParser:
    parser = ArgumentParser(description=about)
    parser.add_argument("methods", nargs="*", type=MethodName, metavar="METHOD", help="default: all")
    parser.add_argument("--profile", type=Profile, choices=list(Profile), default=Profile.CPU)
    parser.add_argument(
        "--weights", type=Path, help="default: weights/, and weights/PROFILE/ for others than cpu"
    )
    return parser


def find_weights(profile: Profile) -> Path:
    """Return where weights of a profile lie; those of the CPU profile are the ones that get shipped."""
    return ROOT / "weights" if profile is Profile.CPU else ROOT / "weights" / profile


def find_base(run: Run) -> str:
    """Return the platform's base image, built if this Engine does not have it."""
    told = run([INFRA / "base-image" / "build.sh"], log="base-image")
    return next(word for word in told.split() if word.startswith("mood-base:"))


def work_on_each(methods: Iterable[MethodName], work: Callable[[MethodName], None]) -> int:
    """Do the work for every method, whatever happens to the others; return the exit code."""
    failed = []
    for method in methods:
        try:
            work(method)
        except StepFailed as failure:
            failed.append(method)
            print(f"{method:14} FAILED: {failure}", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0
