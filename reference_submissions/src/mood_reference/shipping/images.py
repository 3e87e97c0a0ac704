"""Builds container images: two runtimes that methods share, and a thin layer for each method."""

import fcntl
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mood_reference.methods import ABOUT, MethodName
from mood_reference.shipping.contexts import (
    METHOD_FILE,
    RUNTIME_FILE,
    check_weights,
    stage_wheels,
    stage_workspace,
)
from mood_reference.shipping.wheels import FOLDER, digest_of, find_wheels, run

NUMPY_RUNTIME = "mood-reference-base"  # Python, NumPy, nibabel
TORCH_RUNTIME = "mood-reference-torch"  # the same and PyTorch for the CPU
GIVEN_RUNTIME = "mood-reference-torch-given"  # the same with the wheels of --torch-wheels
INPUTS = "org.mood.reference.inputs"  # label: digest of all that a runtime was built from
INSTALLER = "org.mood.reference=installer"  # label of the stage that is of no use after a build


def build_image(
    *, method: MethodName, weights: Path, base: str, tag: str, torch_wheels: Path | None = None
) -> None:
    """Build the image of a method from the folder that holds its brain.npz and abdom.npz."""
    check_weights(weights, method)
    runtime = build_runtime(base=base, torch=ABOUT[method].torch, torch_wheels=torch_wheels)
    with TemporaryDirectory(prefix="mood-reference-") as folder:
        stage_workspace(Path(folder) / "workspace", weights)
        _docker_build(Path(folder), METHOD_FILE, tag, f"RUNTIME={runtime}")


def build_runtime(
    *,
    base: str,
    torch: bool = False,
    torch_wheels: Path | None = None,
    tag: str | None = None,
    wheels_folder: Path = FOLDER,
) -> str:
    """Build what methods share, unless an image of the same inputs is there; return its tag."""
    tag = tag or name_runtime(torch=torch, torch_wheels=torch_wheels)
    python = find_python(base)
    with _one_at_a_time(wheels_folder), TemporaryDirectory(prefix="mood-reference-") as folder:
        wheels = find_wheels(python, torch=torch, torch_wheels=torch_wheels, folder=wheels_folder)
        digest = digest_inputs(_inspect(base, "{{.Id}}"), wheels)
        if _inspect(tag, f'{{{{index .Config.Labels "{INPUTS}"}}}}') != digest:
            stage_wheels(Path(folder) / "wheels", wheels)
            label = ("--label", f"{INPUTS}={digest}", "--target", "runtime")
            _docker_build(Path(folder), RUNTIME_FILE, tag, f"BASE={base}", *label)
            run(["docker", "image", "prune", "--force", "--filter", f"label={INSTALLER}"])
    return tag


def name_runtime(*, torch: bool, torch_wheels: Path | None) -> str:
    if not torch:
        return NUMPY_RUNTIME
    return TORCH_RUNTIME if torch_wheels is None else GIVEN_RUNTIME


def digest_inputs(base: str, wheels: Sequence[Path]) -> str:
    """Return a digest of everything a runtime is made from."""
    parts = [base, digest_of(RUNTIME_FILE), *(f"{wheel.name} {digest_of(wheel)}" for wheel in wheels)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def find_python(base: str) -> str:
    """Return the version of an image's Python, such as "3.11"; pulls the image where it is not there."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    command = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "python3", base, "-c", code]
    return run(command).strip()


def find_size(image: str) -> int:
    """Return the bytes of an image, the layers that it shares included."""
    return int(run(["docker", "image", "inspect", "--format", "{{.Size}}", image]))


def _inspect(image: str, template: str) -> str:
    """Return a fact about an image; nothing where there is no such image."""
    try:
        return run(["docker", "image", "inspect", "--format", template, image]).strip()
    except RuntimeError:
        return ""


def _docker_build(context: Path, dockerfile: Path, tag: str, argument: str, *options: str) -> None:
    words = ["--quiet", "--tag", tag, "--build-arg", argument, *options, "--file", str(dockerfile)]
    run(["docker", "build", *words, str(context)])


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Let two builds neither download nor clean up under each other's hands."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
