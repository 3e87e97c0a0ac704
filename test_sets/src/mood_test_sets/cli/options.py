"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["CasesOption", "SecretOption"]

SecretOption = Annotated[
    Path | None, typer.Option("--secret", help="File with at least 128 random bits; see new-secret.")
]
CasesOption = Annotated[int | None, typer.Option(min=1, help="So many, evenly from the categories.")]
