"""What a ranking hides: how teams do per kind of anomaly, per scan, slice and object (thesis 4.1.5)."""

from mood_evaluator.analysis.agreement import agreement_rows
from mood_evaluator.analysis.body_level import BodyNumbers, body_numbers
from mood_evaluator.analysis.calibration import Calibration, ReliabilityBin, calibrate, calibrations
from mood_evaluator.analysis.chance import chance_interval
from mood_evaluator.analysis.curves import curve_rows
from mood_evaluator.analysis.groups import CaseGroup, group_cases
from mood_evaluator.analysis.kinds import category_rows, group_rows, median_rows
from mood_evaluator.analysis.lesion_level import LesionNumbers, SizeClass, lesion_numbers, size_classes
from mood_evaluator.analysis.measures import Measures, measure_cases
from mood_evaluator.analysis.object_level import (
    Detections,
    TeamSensitivity,
    detection_rows,
    detections,
    froc_rows,
    object_rows,
    object_sensitivities,
)
from mood_evaluator.analysis.per_scan import dice_rows, per_scan_rows, scan_rows
from mood_evaluator.analysis.slices import slice_rows
from mood_evaluator.analysis.supplement import SetSupplement, Supplement, supplement_of

__all__ = [
    "BodyNumbers",
    "Calibration",
    "CaseGroup",
    "Detections",
    "LesionNumbers",
    "Measures",
    "ReliabilityBin",
    "SetSupplement",
    "SizeClass",
    "Supplement",
    "TeamSensitivity",
    "agreement_rows",
    "body_numbers",
    "calibrate",
    "calibrations",
    "category_rows",
    "chance_interval",
    "curve_rows",
    "detection_rows",
    "detections",
    "dice_rows",
    "froc_rows",
    "group_cases",
    "group_rows",
    "lesion_numbers",
    "measure_cases",
    "median_rows",
    "object_rows",
    "object_sensitivities",
    "per_scan_rows",
    "scan_rows",
    "size_classes",
    "slice_rows",
    "supplement_of",
]
