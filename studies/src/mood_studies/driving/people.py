"""The demo's people: each a user of the command `mood` with a login of their own."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mood_platform.cli.client import Client
from mood_studies.checkout import BIN
from mood_studies.driving.stages import Stages

MOOD = BIN / "mood"


@dataclass(frozen=True)
class Person:
    """Runs `mood` with a private configuration folder, as if on a machine of their own."""

    stages: Stages
    name: str
    folder: Path
    url: str

    @property
    def email(self) -> str:
        return f"{self.name.lower().replace(' ', '-')}@example.org"

    def mood(self, *words: str) -> str:
        return self.stages.run(
            [MOOD, *words],
            log=f"mood-{self.email.split('@')[0]}",
            variables={
                "MOOD_URL": self.url,
                "MOOD_PASSWORD": self._password(),
                "XDG_CONFIG_HOME": str(self.folder / "config"),
                "XDG_CACHE_HOME": str(self.folder / "cache"),
            },
        )

    def ask(self, *words: str) -> Any:
        """The JSON document a command prints."""
        return json.loads(self.mood(*words, "--json"))

    def submissions(self, stage: str) -> list[dict[str, Any]]:
        return [view for view in self.items("submissions") if view["stage"] == stage]

    def items(self, path: str) -> list[dict[str, Any]]:
        """All pages of a list, over HTTP: starting a command every second would slow down what is watched."""
        return list(log_in(self.url, self.email, self._password()).items(f"/{path}"))

    def sign_in(self, *, team: str | None = None) -> None:
        """Register, or log in where that was done before; `mood` keeps what it knows in the folder."""
        if (self.folder / "config").exists():
            self.mood("login", "--email", self.email)
        else:
            self.register(team=team)

    def register(self, *, team: str | None = None) -> None:
        words = ["register", "--email", self.email, "--name", self.name]
        founds = ["--team", team, "--handle", handle_of(team)] if team else []
        self.mood(*words, *founds)

    def _password(self) -> str:
        """Made up once for this demo."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(18))
        return path.read_text()


@cache
def log_in(url: str, email: str, password: str) -> Client:
    """Once for each person and address."""
    token = Client(url, None).post("/tokens", {"email": email, "password": password})["token"]
    return Client(url, str(token))


def handle_of(team: str) -> str:
    """Its name in letters, digits and hyphens, so that commands and tables can be read."""
    return re.sub("[^a-z0-9]+", "-", team.lower()).strip("-")[:40].strip("-")
