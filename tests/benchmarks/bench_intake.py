"""What checking an uploaded image takes, side by side with `docker load` of the same archive.

The image is the platform's base image with one file more, which differs every round: an engine unpacks all of
it each time, as it would a team's. The check is the whole job: hash of the upload, two passes in the confined
child, the clean copy in the store, and its rows in a real PostgreSQL.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import statistics
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mood_platform.db.engine import make_engine, make_sessions
from mood_platform.machine.migrations import migrate
from mood_platform.models import ImageState
from mood_platform.storage.local import LocalStore
from mood_support.engines import running_postgres
from mood_support.image_archives import ImageDraft, Member, scripts, sha256, tar_of
from mood_support.intake import Intake

ROOT = Path(__file__).resolve().parents[2]
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": lambda content: gzip.compress(content, 6),
}


def base_layers() -> list[bytes]:
    """The layers of the base image, lowest first, as plain tars."""
    subprocess.run([ROOT / "infra" / "base-image" / "build.sh"], check=True, capture_output=True)
    saved = subprocess.run(["docker", "save", "mood-base:bookworm"], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        layers = [member for member in archive if member.name.endswith("layer.tar")]
        return [content.read() for member in layers if (content := archive.extractfile(member))]


def grown(layer: bytes, content: bytes) -> bytes:
    """The same layer with one file more, so that no engine has it already."""
    sink = io.BytesIO(layer)
    with tarfile.open(fileobj=sink, mode="a") as archive:
        member = tarfile.TarInfo("bench")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return sink.getvalue()


def new_archive(layers: list[bytes]) -> ImageDraft:
    unique = [grown(layer, os.urandom(64)) for layer in layers]
    return ImageDraft(layers=[*unique, tar_of(*scripts(), Member("bench", os.urandom(64)))])


def seconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def load_and_forget(path: Path, image: str) -> float:
    """Only the load is timed."""
    taken = seconds(lambda: subprocess.run(["docker", "load", "-i", path], check=True, capture_output=True))
    subprocess.run(["docker", "image", "rm", image], check=True, capture_output=True)
    return taken


def check(intake: Intake, content: bytes) -> float:
    image = intake.hand_in(content, sha256=sha256(content))
    taken = seconds(lambda: intake.check(image))
    assert intake.image(image).state is ImageState.ACCEPTED
    return taken


def measure(intake: Intake, folder: Path, *, rounds: int) -> Table:
    table = Table("archive", "MB", "docker load", "intake", "intake / load", title=f"Medians of {rounds}, s")
    layers = base_layers()
    for name, pack in PACKINGS.items():
        loads, checks, size = [], [], 0
        for _ in range(rounds):
            draft = new_archive(layers)
            content = pack(draft.archive())
            (folder / "image.tar").write_bytes(content)
            checks.append(check(intake, content))
            loads.append(load_and_forget(folder / "image.tar", f"sha256:{sha256(draft.config_bytes())}"))
            size = len(content)
        load, checked = statistics.median(loads), statistics.median(checks)
        cells = (f"{size / 1e6:.0f}", f"{load:.2f}", f"{checked:.2f}", f"{checked / load:.2f}")
        table.add_row(name, *cells)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: %(default)s)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mood-bench-", dir="/tmp") as name:
        home = Path(name)
        home.chmod(0o755)
        with running_postgres(home / "pg", options=()) as url:
            migrate({**os.environ, "MOOD_DATABASE__URL": url})
            sessions = make_sessions(make_engine(url))
            intake = Intake(sessions, LocalStore(home / "files"))
            Console(width=110).print(measure(intake, home, rounds=given.rounds))


if __name__ == "__main__":
    main()
