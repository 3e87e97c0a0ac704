"""What a command writes: data to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)
from rich.table import Table

say = Console(stderr=True, highlight=False, soft_wrap=True)
"""For people; silent with --quiet."""
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
BLANK = "–"  # noqa: RUF001 - typography


def emit(document: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table on standard output; columns whose name ends in `>` are aligned right."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        table.add_column(column.removesuffix(">"), justify="right" if column.endswith(">") else "left")
    for row in rows:
        table.add_row(*(BLANK if cell is None else str(cell) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else 140).print(table)


def transfer_bar() -> Progress:
    """Bytes done, speed and time; invisible where nobody looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True))
    return Progress(*columns, TransferSpeedColumn(), console=say, disable=not say.is_terminal or say.quiet)


def steps_bar() -> Progress:
    """Parts of a whole and the time so far; invisible where nobody looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=say, disable=not say.is_terminal or say.quiet)


def number(value: float | None, digits: int = 3) -> str:
    """`0.123`, or a dash where there is no value."""
    return BLANK if value is None else f"{value:.{digits}f}"
