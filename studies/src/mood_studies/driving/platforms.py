"""What the demo runs on: the platform of `mood up` in a folder, or the one of docker-compose.yml."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mood_studies.checkout import INFRA
from mood_studies.driving.people import MOOD
from mood_studies.driving.stages import Stages

SLOTS = 2


class Platform(Protocol):
    """`home` holds all it writes on this machine."""

    home: Path

    def up(self, port: int) -> None:
        """Start it empty and wait until it answers."""

    def admin(self, *words: str | Path) -> None:
        """Run a `mood admin` command that works on the server."""

    def files(self) -> Path:
        """The object store as a folder, to look into."""

    def down(self) -> None:
        """Stop it, if it runs; data stays."""

    def forget(self) -> None:
        """Stop it and remove its data."""


@dataclass(frozen=True)
class HomePlatform:
    stages: Stages
    home: Path
    slots: int = SLOTS

    def up(self, port: int) -> None:
        size = [
            "--slots",
            str(self.slots),
            "--overcommit",
        ]  # two cores are enough to show it, with time to spare
        self.stages.run([MOOD, "up", "--home", self.home, "--port", str(port), *size, "--detach"], log="up")

    def admin(self, *words: str | Path) -> None:
        self.stages.run([MOOD, "admin", *words, "--home", self.home], log="admin")

    def files(self) -> Path:
        return self.home / "files"

    def down(self) -> None:
        if (self.home / "settings.env").exists():
            self.stages.run([MOOD, "down", "--home", self.home], log="down")

    def forget(self) -> None:
        self.down()
        shutil.rmtree(self.home, ignore_errors=True)


@dataclass(frozen=True)
class ComposePlatform:
    stages: Stages
    home: Path

    def up(self, port: int) -> None:
        variables = {"MOOD_PROJECT": "mood-demo", "MOOD_PORT": str(port)}
        self.stages.run([INFRA / "compose" / "env.sh", self.home], log="up", variables=variables)
        self._compose("down", "--volumes")  # of a demo whose folder is gone
        self.stages.run([INFRA / "compose" / "build.sh", *self._options()], log="up")
        self._compose("up", "--detach", "--scale", f"slot={SLOTS}")

    def admin(self, *words: str | Path) -> None:
        self._compose("run", "--rm", "-T", "admin", *(self._exchange(word) for word in words))

    def files(self) -> Path:
        """A copy of what is in the volumes; scorers read labels, slots could not make it."""
        copy = self.home / "files"
        tar = ["--entrypoint", "tar", "admin", "-c", "-C", "/var/lib/mood", "runs", "labels"]
        command = [*self._words(), "run", "--rm", "-T", *tar]
        done = subprocess.run(command, capture_output=True, check=True)
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(copy, filter="data")
        return copy

    def down(self) -> None:
        if (self.home / ".env").exists():
            self.stages.run([INFRA / "compose" / "down.sh", *self._options()], log="down")

    def forget(self) -> None:
        if (self.home / ".env").exists():
            self.down()
            self._compose("down", "--volumes")
        shutil.rmtree(self.home, ignore_errors=True)

    def _exchange(self, word: str | Path) -> str:
        """Files and folders are handed over in the folder that `admin` works in."""
        if not isinstance(word, Path):
            return word
        target = self.home / "exchange" / word.name
        if word.is_dir():
            shutil.copytree(word, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(word, target)
        return word.name

    def _compose(self, *words: str) -> None:
        self.stages.run([*self._words(), *words], log="compose")

    def _words(self) -> list[str]:
        return [*shlex.split(os.environ.get("COMPOSE", "docker-compose")), *self._options()]

    def _options(self) -> list[str]:
        return ["--env-file", str(self.home / ".env")]


PLATFORMS = {"home": HomePlatform, "compose": ComposePlatform}
