"""The table of toy cases, alike in `mood test` and `mood report`, so that the two can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mood_platform.cli.console import number, show_table


def show_cases(cases: Sequence[dict[str, Any]], *, title: str, notes: str) -> None:
    """A row a case; `notes` heads the column of flags and failure texts."""
    rows = [
        (
            case["case"][:12],
            case["outcome"],
            f"{number(case['seconds'], 2)} / {case['limit_seconds']:g} s",
            number(case["score"], 4),
            number(case["ap"]),
            ", ".join(case["flags"]) or case["text"],
        )
        for case in cases
    ]
    show_table(("case", "outcome", "time / limit>", "score>", "AP>", notes), rows, title=title)
