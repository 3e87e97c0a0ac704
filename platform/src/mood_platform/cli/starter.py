"""`mood init`: a folder that is a whole submission already, for participants to change."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from mood_platform.cli.console import echo, say
from mood_platform.cli.problems import Problem

KIT = "starter_kit"
"""Folder of this package: no package itself, so that it is nothing but what participants get."""
NEXT = """\
Change predict.py, then:
  cd {folder}
  docker build -t my-method .
  mood test my-method
  mood submit my-method --stage toy --watch
README.md there says more."""


def init(
    folder: Annotated[Path, typer.Argument(help="Where to; new or empty.")] = Path("my-submission"),
) -> None:
    """Start a submission: a folder that works as it is, with the places to change marked.

    It holds a Dockerfile, the four run scripts that the platform calls, one Python file with a rule for each
    Task, and a README with the next commands. Nothing that is there already is ever overwritten.
    """
    copied = copy_kit(folder)
    say.print(f"Made {folder} with {', '.join(copied)}.")
    echo(NEXT.format(folder=folder))


def copy_kit(folder: Path) -> list[str]:
    """Copy the starter kit into a new or empty folder; return the names of its files."""
    if folder.exists() and not folder.is_dir():
        raise Problem(f"{folder} is a file.", remedy="Name a new folder: mood init FOLDER.")
    if folder.is_dir() and any(folder.iterdir()):
        raise Problem(f"{folder} is not empty.", remedy="Name a new folder: mood init FOLDER.")
    folder.mkdir(parents=True, exist_ok=True)
    sources = list_kit()
    for source in sources:
        target = folder / source.name
        target.write_bytes(source.read_bytes())
        target.chmod(0o755 if target.suffix == ".sh" else 0o644)
    return [source.name for source in sources]


def list_kit() -> list[Traversable]:
    """Return the files of the kit by name."""
    found = (one for one in (files("mood_platform") / KIT).iterdir() if one.is_file())
    return sorted(found, key=lambda one: one.name)
