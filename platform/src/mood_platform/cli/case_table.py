"""The table of toy cases, alike in `mood test` and `mood report`, so that the two can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mood_platform.cli.console import BLANK, number, say, show_table


def show_cases(cases: Sequence[dict[str, Any]], *, title: str, notes: str) -> None:
    """A row a case; `notes` heads the column of flags and failure texts."""
    rows = [
        (
            case["case"][:12],
            case["outcome"],
            f"{number(case['seconds'], 2)} / {case['limit_seconds']:g} s",
            *_used(case.get("usage") or {}),
            number(case["score"], 4),
            number(case["ap"]),
            ", ".join(case["flags"]) or case["text"],
        )
        for case in cases
    ]
    columns = ("case", "outcome", "time / limit>", "CPU>", "memory>", "score>", "AP>", notes)
    show_table(columns, rows, title=title)


def ap_of(part: dict[str, Any]) -> str:
    """With the bar that it has to pass; reports of an older platform have none."""
    constant = part.get("constant")
    bar = "" if constant is None else f" (one score for everything: {number(constant)})"
    return f"AP {number(part['ap'])}{bar}"


def show_warnings(warnings: Iterable[dict[str, Any]]) -> None:
    """What works but looks wrong."""
    for warning in warnings:
        say.print(f"{warning['dataset']}: {warning['text']}", style="yellow", markup=False)


def _used(usage: dict[str, Any]) -> tuple[str, str]:
    """CPU seconds and peak memory; a dash where they could not be measured, or by an older platform."""
    memory, seconds = usage.get("memory_peak"), usage.get("cpu_seconds")
    cpu = BLANK if seconds is None else f"{seconds:.2f} s"
    return cpu, BLANK if memory is None else f"{memory / 2**20:.0f} MiB"
