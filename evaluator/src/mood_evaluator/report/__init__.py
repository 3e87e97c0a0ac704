"""The report of a challenge: who leads, what is hard, where, do toy cases tell (extra `report`)."""

from mood_evaluator.report.blocks import Figure, Page, Report, Table
from mood_evaluator.report.build import build_report
from mood_evaluator.report.contest import MeasuredSet, teams_by_rank
from mood_evaluator.report.write import write_report

__all__ = [
    "Figure",
    "MeasuredSet",
    "Page",
    "Report",
    "Table",
    "build_report",
    "teams_by_rank",
    "write_report",
]
