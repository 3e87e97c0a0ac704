"""Fetches and builds the wheels of the platform's image, for the Python of the base image it is built on.

    wheels.py BASE_IMAGE FOLDER

Builds may not reach a package index, so this machine fetches what requirements/runtime.txt pins. Its
Python and the base image's may differ: markers are read as the base image reads them.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement

PINNED = Path("requirements/runtime.txt")
OURS = ("./evaluator", "./platform")
PIP = [sys.executable, "-m", "pip"]
ASK = (
    "import json; from pip._vendor.packaging.markers import default_environment as e; print(json.dumps(e()))"
)


def environment_of(image: str) -> dict[str, str]:
    """What markers are compared with inside the image: its Python and its platform."""
    command = ["docker", "run", "--rm", "--network", "none", image, "python3", "-c", ASK]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def select(pinned: str, environment: dict[str, str]) -> str:
    """The pins that count there, without markers and with all their hashes."""
    blocks = re.split(r"\n(?=\S)", pinned.strip())
    kept = []
    for block in blocks:
        line, *hashes = block.split(" \\\n")
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            requirement.marker = None
            kept.append(" \\\n".join([str(requirement), *hashes]))
    return "\n".join(kept) + "\n"


def fetch(wanted: str, folder: Path, *, version: str) -> None:
    """Download again only when the pins changed; they name exact files, so nothing goes stale."""
    pins = folder / "runtime.txt"
    if pins.is_file() and pins.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    new = folder / "runtime.new"
    new.write_text(wanted)
    options = ["--no-deps", "--only-binary", ":all:", "--python-version", version, "--require-hashes"]
    subprocess.run([*PIP, "download", "-qq", *options, "-r", new, "-d", folder], check=True)
    new.rename(pins)


def build(folder: Path) -> None:
    for stale in folder.glob("mood_*.whl"):
        stale.unlink()
    subprocess.run(
        [*PIP, "wheel", "-qq", "--no-deps", "--no-build-isolation", "-w", folder, *OURS], check=True
    )


def main(image: str, folder: Path) -> None:
    environment = environment_of(image)
    wanted = select(PINNED.read_text(), environment)
    fetch(wanted, folder, version=environment["python_full_version"])
    build(folder)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
