"""Scoring, ranking and their uncertainty; needs no platform."""

from mood_evaluator.average_precision import (
    StreamingAveragePrecision,
    average_precision,
    average_precision_from_histogram,
)
from mood_evaluator.batches import Batching, draw_batching
from mood_evaluator.canonical import canonical_digest
from mood_evaluator.clean_scores import CleanScores, clean_scores
from mood_evaluator.consensus import consensus, mean_ranks
from mood_evaluator.errors import (
    BatchingImpossible,
    EvaluatorError,
    InvalidEvidence,
    InvalidGroundTruth,
    InvalidPrediction,
    InvalidTestSet,
    UndefinedScore,
)
from mood_evaluator.evidence import Evidence, Histogram, sum_evidence
from mood_evaluator.faults import Flag, OutputFault
from mood_evaluator.leaderboard import Cell, Entry, Row, rank_entries
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.ranking import average_ranks, rank
from mood_evaluator.test_set import Case, Dataset, Task, TestSet, load_test_set, save_test_set

__all__ = [
    "Batching",
    "BatchingImpossible",
    "Case",
    "Cell",
    "CleanScores",
    "Dataset",
    "Entry",
    "EvaluatorError",
    "Evidence",
    "Flag",
    "Histogram",
    "InvalidEvidence",
    "InvalidGroundTruth",
    "InvalidPrediction",
    "InvalidTestSet",
    "OutputFault",
    "Quantizer",
    "Row",
    "StreamingAveragePrecision",
    "Task",
    "TestSet",
    "UndefinedScore",
    "average_precision",
    "average_precision_from_histogram",
    "average_ranks",
    "canonical_digest",
    "clean_scores",
    "consensus",
    "draw_batching",
    "load_test_set",
    "mean_ranks",
    "rank",
    "rank_entries",
    "save_test_set",
    "sum_evidence",
]
