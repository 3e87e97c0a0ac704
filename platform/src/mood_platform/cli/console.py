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
from rich.text import Text

from mood_platform.characters import plain, respell


class _TextConsole(Console):
    """Strings are text: no markup is read in them, and nothing in them steers the terminal."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(plain(one) if isinstance(one, str) else one for one in objects), **options)


say = _TextConsole(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)
"""For people; silent with --quiet."""
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
BLANK = "–"  # noqa: RUF001 - typography


def echo(text: str) -> None:
    """Text on standard output."""
    typer.echo(plain(text))


def emit(document: Any) -> None:
    """One JSON document on standard output; what would steer a terminal is escaped, so nothing is lost."""
    text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
    typer.echo(respell(text, _escape))


def _escape(character: str) -> str:
    """As JSON spells it; of ASCII it would leave one as it is."""
    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table on standard output; columns whose name ends in `>` are aligned right."""
    table = Table(header_style="bold")
    for column in columns:
        name = Text(plain(column.removesuffix(">")))
        table.add_column(name, justify="right" if column.endswith(">") else "left")
    for row in rows:
        table.add_row(*(Text(BLANK if cell is None else plain(str(cell))) for cell in row))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    if title is not None:
        console.print(Text(plain(title), style="bold"), soft_wrap=True)  # as wide as it is, not as the table
    console.print(table)


def transfer_bar() -> Progress:
    """Bytes done, speed and time; invisible where nobody looks."""
    columns = (_description(), BarColumn(), DownloadColumn(binary_units=True))
    return Progress(*columns, TransferSpeedColumn(), console=say, disable=not say.is_terminal or say.quiet)


def steps_bar() -> Progress:
    """Parts of a whole and the time so far; invisible where nobody looks."""
    columns = (_description(), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=say, disable=not say.is_terminal or say.quiet)


def _description() -> TextColumn:
    return TextColumn("{task.description}", markup=False)


def number(value: float | None, digits: int = 3) -> str:
    """`0.123`, or a dash where there is no value."""
    return BLANK if value is None else f"{value:.{digits}f}"


def counted(number: int, thing: str) -> str:
    """`1 team`, `2 teams`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def size(count: int) -> str:
    """`1.5 GiB`: bytes in the largest unit that leaves a whole number before the point."""
    number = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} B" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"
