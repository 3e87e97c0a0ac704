"""Columns that many tables of the report have."""

from mood_evaluator.report.blocks import Column
from mood_evaluator.report.words import number


def team_column() -> Column:
    return Column("Team", lambda row: str(row["team"]), right=False, weight=1.8)


def number_column(head: str, key: str) -> Column:
    """Show the number that a row has at `key`, if it has one."""
    return Column(head, lambda row: number(row.get(key)))
