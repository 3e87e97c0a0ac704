"""The table of toy cases, alike in `mood test` and `mood report`, so that the two can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mood_platform.cli.console import BLANK, number, say, show_table
from mood_platform.documents.case_row import CaseRow, CaseWarning
from mood_platform.documents.local_report import LocalPart
from mood_platform.documents.toy_report import ToySet


def show_cases(cases: Sequence[CaseRow], *, title: str, notes: str) -> None:
    """A row a case; `notes` heads the column of flags and failure texts."""
    rows = [
        (
            case.case[:12],
            case.outcome,
            f"{number(case.seconds, 2)} / {case.limit_seconds:g} s",
            *_used(case),
            number(case.score, 4),
            number(case.ap),
            ", ".join(case.flags) or case.text,
        )
        for case in cases
    ]
    columns = ("case", "outcome", "time / limit>", "CPU>", "memory>", "score>", "AP>", notes)
    show_table(columns, rows, title=title)


def ap_of(part: ToySet | LocalPart) -> str:
    """With the bar that it has to pass; reports of an older platform have none."""
    bar = "" if part.constant is None else f" (one score for everything: {number(part.constant)})"
    return f"AP {number(part.ap)}{bar}"


def show_warnings(warnings: Iterable[CaseWarning]) -> None:
    """What works but looks wrong."""
    for warning in warnings:
        say.print(f"{warning.dataset}: {warning.text}", style="yellow", markup=False)


def _used(case: CaseRow) -> tuple[str, str]:
    """CPU seconds and peak memory, or a dash."""
    memory, seconds = case.memory_peak, case.cpu_seconds
    cpu = BLANK if seconds is None else f"{seconds:.2f} s"
    return cpu, BLANK if memory is None else f"{memory / 2**20:.0f} MiB"
