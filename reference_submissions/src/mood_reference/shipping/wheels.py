"""Wheels for the Python of a base image: downloaded once, then installed without a network."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parents[3] / ".wheels"  # git-ignored
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
NOTE = "wanted.txt"  # beside the wheels: what was asked for
TORCH = "2.13.0"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux2014_x86_64")
Words = Sequence[str]  # what one `pip download` fetches
NUMPY_SET: Sequence[Words] = (("numpy>=1.26,<3", "nibabel>=5.2,<6"),)
TORCH_SET: Sequence[Words] = (
    ("--no-deps", f"torch=={TORCH}+cpu"),  # never the build that brings gigabytes of CUDA
    ("sympy>=1.13.3", "typing_extensions>=4.10"),  # the rest of its requirements is not imported
)
NO_TORCH = (
    "pip finds no CPU build of PyTorch {torch} for Python {python}. Point pip at PyTorch's own index, "
    "PIP_EXTRA_INDEX_URL=<PyTorch's index of CPU builds>, or give --torch-wheels a folder of wheels, "
    "or use a base image with another Python, such as {here} of this machine."
)


def find_wheels(
    python: str, *, torch: bool, torch_wheels: Path | None = None, folder: Path = FOLDER
) -> list[Path]:
    """Return the wheels for a Python such as "3.11", downloading what is not there yet.

    A folder of wheels stands in for PyTorch and all that it needs, such as a build with CUDA.
    """
    found = _download(folder / f"python{python}", NUMPY_SET, python)
    if torch and torch_wheels is not None:
        found += _list_given(torch_wheels)
    elif torch:
        try:
            found += _download(folder / f"python{python}-torch", TORCH_SET, python)
        except RuntimeError as error:
            raise RuntimeError(
                f"{NO_TORCH.format(torch=TORCH, python=python, here=HERE)} ({error})"
            ) from error
    by_name = {wheel.name.split("-")[0].lower(): wheel for wheel in found}
    return sorted(by_name.values())


def _list_given(folder: Path) -> list[Path]:
    wheels = sorted(folder.glob("*.whl"))
    if not any(wheel.name.startswith("torch-") for wheel in wheels):
        raise FileNotFoundError(
            f"{folder} holds no wheel of torch; fill it with: pip download torch=={TORCH} --dest {folder}"
        )
    return wheels


def _download(folder: Path, groups: Sequence[Words], python: str) -> list[Path]:
    """Fill a folder once; it is filled anew when other packages are wanted."""
    note, wanted = folder / NOTE, repr(groups)
    if not note.is_file() or note.read_text() != wanted:
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        for words in groups:
            _run_pip(words, python, partial)
        (partial / NOTE).write_text(wanted)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    return sorted(folder.glob("*.whl"))


def _run_pip(words: Words, python: str, folder: Path) -> None:
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    options = ["--quiet", "--only-binary", ":all:", "--python-version", python, *platforms]
    run([sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), *words])


def run(command: Sequence[str]) -> str:
    """Return what a command prints; RuntimeError with its last lines where it fails."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or error.stdout.strip())[-2000:]
        start = " ".join(command[:4])
        raise RuntimeError(f"`{start} …` failed with exit code {error.returncode}: {last}") from error


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
