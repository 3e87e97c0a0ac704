"""What `docker build` is given: wheels for the runtime; code, weights and run scripts for a method."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from mood_reference.methods import MethodName
from mood_reference.weights import load_weights

PACKAGE = Path(__file__).parents[1]
PROJECT = PACKAGE.parents[1]  # holds the Dockerfiles and scripts/
RUNTIME_FILE = PROJECT / "Dockerfile.runtime"
METHOD_FILE = PROJECT / "Dockerfile"
DATASETS = ("brain", "abdom")


def check_weights(folder: Path, method: str) -> None:
    """Raise unless the folder holds the method's weights for both Datasets."""
    for dataset in DATASETS:
        file = folder / f"{dataset}.npz"
        train = f"mood-reference train {method} --dataset {dataset} --data FOLDER --out {file}"
        if not file.is_file():
            raise FileNotFoundError(f"{file} is missing; write it with: {train}")
        header = load_weights(file).header
        if (header.method, header.dataset) != (method, dataset):
            raise ValueError(
                f"{file} was trained for {header.method} on {header.dataset}; replace it with: {train}"
            )


def stage_workspace(workspace: Path, weights: Path) -> None:
    """Lay out /workspace as the container will have it, readable by any user."""
    for source in PACKAGE.rglob("*.py"):
        _place(source, workspace / source.relative_to(PACKAGE.parent))
    for source in (PROJECT / "scripts").glob("*.sh"):
        _place(source, workspace / source.name)
    for dataset in DATASETS:
        _place(weights / f"{dataset}.npz", workspace / "weights" / f"{dataset}.npz")
    for folder in (workspace, *(path for path in workspace.rglob("*") if path.is_dir())):
        folder.chmod(0o755)


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.suffix == ".sh" else 0o644)


def stage_wheels(folder: Path, wheels: Sequence[Path]) -> None:
    """Bring wheels into a context; links keep it free of copies where the file system allows."""
    folder.mkdir(parents=True)
    for wheel in wheels:
        try:
            os.link(wheel.resolve(), folder / wheel.name)
        except OSError:
            shutil.copyfile(wheel, folder / wheel.name)


def export_context(
    *, method: MethodName, weights: Path, out: Path, python: str, wheels: Sequence[Path]
) -> None:
    """Write a folder from which `docker build` makes a method's image anywhere; the wheels lie in it."""
    check_weights(weights, method)
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty; name a new folder.")
    out.mkdir(parents=True, exist_ok=True)
    (out / "Dockerfile").write_text(join_dockerfiles(f"python:{python}-slim"))
    stage_wheels(out / "wheels", wheels)
    stage_workspace(out / "workspace", weights)


def join_dockerfiles(base: str) -> str:
    """Return one Dockerfile: the runtime on a base image that can be changed, and the method on top of it."""
    runtime = RUNTIME_FILE.read_text().replace("ARG BASE\n", f"ARG BASE={base}\n")
    method = METHOD_FILE.read_text().replace("ARG RUNTIME\nFROM ${RUNTIME}\n", "FROM runtime\n")
    return f"{runtime}\n{method}"
