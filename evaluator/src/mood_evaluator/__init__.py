"""Scoring, ranking and their uncertainty; needs no platform."""

from mood_evaluator.batches import Batching, draw_batching
from mood_evaluator.canonical import canonical_digest
from mood_evaluator.test_set import Case, Dataset, Task, TestSet, load_test_set, save_test_set

__all__ = [
    "Batching",
    "Case",
    "Dataset",
    "Task",
    "TestSet",
    "canonical_digest",
    "draw_batching",
    "load_test_set",
    "save_test_set",
]
