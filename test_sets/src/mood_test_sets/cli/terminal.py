"""Standard output, standard error, and how far a long command is."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["console", "errors", "progress_bar"]

console = Console()
errors = Console(stderr=True, highlight=False)


def progress_bar() -> Progress:
    """On standard error, and only on a terminal."""
    columns = (TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=errors, disable=not errors.is_terminal)
