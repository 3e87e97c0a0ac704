"""The findings of an import as a table: what is wrong, where, and what to do."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from mood_test_sets.findings import Finding, in_order

__all__ = ["make_table"]

STYLES = {True: "red", False: "yellow"}


def make_table(findings: Iterable[Finding]) -> Table:
    """Errors first."""
    table = Table("", "file", "what", "what to do", show_lines=False, pad_edge=False)
    table.columns[1].overflow = "fold"
    for one in in_order(findings):
        words = (str(one.severity), one.file, one.what, one.remedy)
        table.add_row(*map(Text, words), style=STYLES[one.is_error])  # a name may hold what looks like markup
    return table
