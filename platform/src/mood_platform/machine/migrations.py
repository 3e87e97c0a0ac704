"""Brings the database's schema to the newest revision with alembic: `python -m …` does it where it runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mood_platform
from mood_platform.errors import Misconfigured

CONFIGURATION = Path(mood_platform.__file__).parent / "alembic.ini"
"""The migrations lie beside it, in the sources and in the installed package alike."""


def migrate(environment: dict[str, str] | None = None) -> None:
    """Run every migration that is missing; `environment`, or this process's own, names the database."""
    command = [sys.executable, "-m", "alembic", "-c", str(CONFIGURATION), "upgrade", "head"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Misconfigured(f"The database could not be migrated: {done.stderr[-1500:]}")


if __name__ == "__main__":
    migrate()
