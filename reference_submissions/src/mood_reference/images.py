"""Builds the container images: numpy and nibabel on a base with Python, then code, weights and scripts."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mood_reference.weights import load_weights

PACKAGE = Path(__file__).parent
PROJECT = PACKAGE.parents[1]  # holds the Dockerfile, scripts/ and .wheels/
DATASETS = ("brain", "abdom")
RUNTIME_TAG = "mood-reference-base"
PACKAGES = ("numpy>=1.26,<3", "nibabel>=5.2,<6")
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux2014_x86_64")


def build_runtime(*, base: str, tag: str = RUNTIME_TAG) -> None:
    """Build the image that all reference submissions share: `base` with numpy and nibabel."""
    with _staged(base) as context:
        (context / "workspace").mkdir()
        _docker_build(context, base=base, tag=tag, target="runtime")


def build_image(*, method: str, weights: Path, base: str, tag: str) -> None:
    """Build the image of a method from the folder that holds its brain.npz and abdom.npz."""
    check_weights(weights, method)
    build_runtime(base=base)
    with _staged(base) as context:
        stage_workspace(context / "workspace", weights)
        _docker_build(context, base=base, tag=tag)


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
    for source in [*PACKAGE.glob("*.py"), *(PROJECT / "scripts").glob("*.sh")]:
        _place(source, workspace / ("mood_reference" if source.suffix == ".py" else ""))
    for dataset in DATASETS:
        _place(weights / f"{dataset}.npz", workspace / "weights")
    for folder in (workspace, workspace / "mood_reference", workspace / "weights"):
        folder.chmod(0o755)


def _place(source: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.name
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.suffix == ".sh" else 0o644)


def find_wheels(base: str) -> Path:
    """Return a folder with the wheels for the Python of an image, downloaded here if it is not there yet."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    version = _output(["docker", "run", "--rm", "--network", "none", base, "python3", "-c", code]).strip()
    folder = PROJECT / ".wheels" / f"python{version}"
    if not folder.is_dir():
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
        _output([*command, "--python-version", version, *platforms, "--dest", str(partial), *PACKAGES])
        partial.rename(folder)
    return folder


@contextmanager
def _staged(base: str) -> Iterator[Path]:
    """A build context that holds the wheels; links keep it free of copies where the file system allows."""
    with TemporaryDirectory(prefix="mood-reference-") as folder:
        context = Path(folder)
        shutil.copytree(find_wheels(base), context / "wheels")
        yield context


def _docker_build(context: Path, *, base: str, tag: str, target: str | None = None) -> None:
    stage = ["--target", target] if target else []
    dockerfile = str(PROJECT / "Dockerfile")
    arguments = ["--build-arg", f"BASE={base}", "--tag", tag, *stage, "--file", dockerfile, str(context)]
    _output(["docker", "build", "--quiet", *arguments])


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or error.stdout.strip())[-2000:]
        start = " ".join(command[:3])
        raise RuntimeError(f"`{start} …` failed with exit code {error.returncode}: {last}") from error
