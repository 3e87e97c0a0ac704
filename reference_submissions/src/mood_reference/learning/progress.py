"""Tells how far a training is: a bar with time left on a terminal, a line for every tenth elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mood_reference.methods import Report


@contextmanager
def show_progress(title: str) -> Iterator[Report]:
    """Yield a function of step, of how many, and what was measured."""
    if sys.stderr.isatty():
        with _show_bar(title) as report:
            yield report
    else:
        yield _make_lines(title)


@contextmanager
def _show_bar(title: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[text]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=None, text="")

        def report(step: int, total: int, text: str) -> None:
            progress.update(task, completed=step, total=total, text=text)

        yield report


def _make_lines(title: str) -> Report:
    begun = time.monotonic()

    def report(step: int, total: int, text: str) -> None:
        if step * 10 // total > (step - 1) * 10 // total:
            left = (time.monotonic() - begun) * (total - step) / step
            print(
                f"{title} {100 * step // total:3d} % {text}, {left:.0f} s left", file=sys.stderr, flush=True
            )

    return report
