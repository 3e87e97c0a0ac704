"""Brings the database's schema to the newest revision with alembic."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mood_platform
from mood_platform.errors import Misconfigured


def find_configuration() -> Path:
    """alembic.ini beside the sources, or inside the installed package."""
    package = Path(mood_platform.__file__).parent
    for folder in (package.parents[1], package):
        if (folder / "alembic.ini").is_file():
            return folder / "alembic.ini"
    raise Misconfigured(
        "The database migrations are not part of this installation of mood-platform.",
        remedy="Run from a checkout (`make setup`); there they are in platform/migrations.",
    )


def migrate(environment: dict[str, str]) -> None:
    """Run every migration that is missing; `environment` names the database."""
    command = [sys.executable, "-m", "alembic", "-c", str(find_configuration()), "upgrade", "head"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Misconfigured(f"The database could not be migrated: {done.stderr[-1500:]}")
