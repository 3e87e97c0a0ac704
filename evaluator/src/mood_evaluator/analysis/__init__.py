"""What a ranking hides: how teams do per kind of anomaly, per scan, slice and object (thesis 4.1.5)."""

from mood_evaluator.analysis.agreement import agreement_rows
from mood_evaluator.analysis.chance import chance_interval
from mood_evaluator.analysis.curves import curve_rows
from mood_evaluator.analysis.groups import CaseGroup, group_cases
from mood_evaluator.analysis.kinds import category_rows, group_rows, median_rows
from mood_evaluator.analysis.measures import Measures, measure_cases
from mood_evaluator.analysis.object_level import detection_rows, froc_rows, object_rows
from mood_evaluator.analysis.per_scan import dice_rows, per_scan_rows, scan_rows
from mood_evaluator.analysis.slices import slice_rows

__all__ = [
    "CaseGroup",
    "Measures",
    "agreement_rows",
    "category_rows",
    "chance_interval",
    "curve_rows",
    "detection_rows",
    "dice_rows",
    "froc_rows",
    "group_cases",
    "group_rows",
    "measure_cases",
    "median_rows",
    "object_rows",
    "per_scan_rows",
    "scan_rows",
    "slice_rows",
]
