"""Object level: from voxels to objects, which of them were found, and how many were false (thesis 4.2.2)."""

from mood_evaluator.objects.components import Component, Components, find_components
from mood_evaluator.objects.free_response import Froc, froc
from mood_evaluator.objects.matching import FoundObject, ReferenceObject, ScanObjects, match_objects
from mood_evaluator.objects.rule import MatchingRule, spacings_of
from mood_evaluator.objects.scan import objects_of_case, smallest_reference
from mood_evaluator.objects.sensitivity import (
    ObjectSensitivity,
    ObjectSweep,
    SweptScan,
    object_sensitivity,
    sweep_case,
    sweep_cases,
    sweep_codes,
)
from mood_evaluator.objects.summary import ObjectSummary, detections_by, summarize_objects

__all__ = [
    "Component",
    "Components",
    "FoundObject",
    "Froc",
    "MatchingRule",
    "ObjectSensitivity",
    "ObjectSummary",
    "ObjectSweep",
    "ReferenceObject",
    "ScanObjects",
    "SweptScan",
    "detections_by",
    "find_components",
    "froc",
    "match_objects",
    "object_sensitivity",
    "objects_of_case",
    "smallest_reference",
    "spacings_of",
    "summarize_objects",
    "sweep_case",
    "sweep_cases",
    "sweep_codes",
]
