"""The report of a challenge: every table and plot of rankings, stability and analysis (extra `report`)."""

from mood_evaluator.report.build import MeasuredSet, Part, build_part
from mood_evaluator.report.figure import Figure
from mood_evaluator.report.write import write_report

__all__ = ["Figure", "MeasuredSet", "Part", "build_part", "write_report"]
