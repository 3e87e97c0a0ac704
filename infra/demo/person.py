"""A person of the demonstration: someone with an own account who types `mood …` commands."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from console import Console

BIN = Path(sys.executable).parent


class StepFailed(Exception):
    """A command of the demonstration ended with an error; carries what it said."""


@dataclass(frozen=True)
class Person:
    """`folder` holds this person's token and uploads; everything goes over HTTP as for any user."""

    name: str
    email: str
    folder: Path
    url: str
    console: Console

    def mood(self, *words: str, echo: bool = True, tool: str = "mood") -> str:
        """Run `mood WORDS`, show what it says with this person's name, return what it prints."""
        return run([tool, *words], console=self.console, who=self.name, echo=echo, extra=self._environment())

    def register(self, *, team: str | None) -> None:
        found = ["--team", team] if team else []
        self.mood("register", "--email", self.email, "--name", self.name, "--url", self.url, *found)

    def _environment(self) -> dict[str, str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        password = self.folder / "password"
        if not password.exists():
            password.write_text(secrets.token_urlsafe(18))
        home = {"XDG_CONFIG_HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder / "cache")}
        return {**home, "MOOD_URL": self.url, "MOOD_PASSWORD": password.read_text()}


def run(
    words: list[str], *, console: Console, who: str, echo: bool = True, extra: dict[str, str] | None = None
) -> str:
    """Run a command of this project; its messages are shown as they come, its output is returned."""
    program = [str(BIN / words[0]) if (BIN / words[0]).exists() else words[0], *words[1:]]
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "140", "OMP_NUM_THREADS": "1", **(extra or {})}
    with subprocess.Popen(
        program, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        said = _listen(process, console, who, echo=echo)
        output = process.stdout.read() if process.stdout else ""
    if process.returncode != 0:
        raise StepFailed(
            f"`{' '.join(words)}` ended with {process.returncode}:\n{said[-1500:]}{output[-1500:]}"
        )
    return output


def _listen(process: subprocess.Popen[str], console: Console, who: str, *, echo: bool) -> str:
    lines = []
    for line in process.stderr or ():
        lines.append(line)
        if echo and line.strip():
            console.say(line.rstrip(), who=who)
    return "".join(lines)
