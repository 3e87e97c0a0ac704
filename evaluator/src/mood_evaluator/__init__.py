"""Scoring, ranking and their uncertainty; needs no platform."""

import importlib
import types
import typing

from mood_evaluator.ap import average_precision, average_precision_from_histogram
from mood_evaluator.batches import Batching, draw_batching
from mood_evaluator.bootstrap import (
    Replicates,
    exact_replicates,
    pixel_replicates,
    sample_replicates,
    score_of_counts,
    whole_set_replicates,
)
from mood_evaluator.canonical import canonical_digest
from mood_evaluator.case_score import (
    CaseScore,
    PixelTruth,
    score_pixel_case,
    score_pixel_prediction,
    score_sample_case,
)
from mood_evaluator.cleaning import CleanScores, clean_scores
from mood_evaluator.consensus_ranks import consensus, mean_ranks
from mood_evaluator.curves import BestDice, Curve
from mood_evaluator.dataset_result import BatchedScore, DatasetResult, SetScore, result_of, score_cases
from mood_evaluator.document_schemas import json_schemas
from mood_evaluator.errors import (
    BatchingImpossible,
    EvaluatorError,
    InvalidEvidence,
    InvalidGroundTruth,
    InvalidInput,
    InvalidPrediction,
    InvalidTestSet,
    UndefinedScore,
)
from mood_evaluator.evidence import Evidence, Histogram, sum_evidence
from mood_evaluator.exact_counts import ExactCounts, count_exactly
from mood_evaluator.faults import Flag, OutputFault
from mood_evaluator.kernels import prepare_kernels
from mood_evaluator.leaderboard import BoardCell, BoardEntry, BoardRow, compare_entries, rank_entries
from mood_evaluator.nifti_stream import largest_volume_file
from mood_evaluator.placement import Affine, as_affine, find_affine
from mood_evaluator.positive_scores import LARGEST_STORED, PositiveScores
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.ranking import as_published, average_ranks, rank
from mood_evaluator.replicates import official_batching, replicates_of
from mood_evaluator.scoring import (
    PixelCase,
    PixelScore,
    pooled_aps,
    score_pixel_dataset,
    score_sample_dataset,
    whole_set_ap,
)
from mood_evaluator.significance import PairDifference, compare_replicates
from mood_evaluator.streaming import StreamingAveragePrecision
from mood_evaluator.suspicion import Suspicion
from mood_evaluator.test_set import Dataset, Manifest, ManifestCase, Task, load_test_set, save_test_set
from mood_evaluator.version import SCORING_VERSION, __version__, scoring_version_of
from mood_evaluator.volumes import LARGEST_SCORE_FILE, Prediction, read_label, read_prediction

if typing.TYPE_CHECKING:
    from mood_evaluator import analysis, objects, runs, tables  # noqa: F401 - in reach, see __getattr__

_PARTS = ("analysis", "objects", "runs", "tables")


def __getattr__(name: str) -> types.ModuleType:
    """Import a part when it is first asked for: `mood_evaluator.tables`; scoring alone needs none of them."""
    if name in _PARTS:
        return importlib.import_module(f"mood_evaluator.{name}")  # noqa: TID251 - its own submodules, when they are asked for
    raise AttributeError(f"module 'mood_evaluator' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PARTS})


__all__ = [
    "LARGEST_SCORE_FILE",
    "LARGEST_STORED",
    "SCORING_VERSION",
    "Affine",
    "BatchedScore",
    "Batching",
    "BatchingImpossible",
    "BestDice",
    "BoardCell",
    "BoardEntry",
    "BoardRow",
    "CaseScore",
    "CleanScores",
    "Curve",
    "Dataset",
    "DatasetResult",
    "EvaluatorError",
    "Evidence",
    "ExactCounts",
    "Flag",
    "Histogram",
    "InvalidEvidence",
    "InvalidGroundTruth",
    "InvalidInput",
    "InvalidPrediction",
    "InvalidTestSet",
    "Manifest",
    "ManifestCase",
    "OutputFault",
    "PairDifference",
    "PixelCase",
    "PixelScore",
    "PixelTruth",
    "PositiveScores",
    "Prediction",
    "Quantizer",
    "Replicates",
    "SetScore",
    "StreamingAveragePrecision",
    "Suspicion",
    "Task",
    "UndefinedScore",
    "__version__",
    "as_affine",
    "as_published",
    "average_precision",
    "average_precision_from_histogram",
    "average_ranks",
    "canonical_digest",
    "clean_scores",
    "compare_entries",
    "compare_replicates",
    "consensus",
    "count_exactly",
    "draw_batching",
    "exact_replicates",
    "find_affine",
    "json_schemas",
    "largest_volume_file",
    "load_test_set",
    "mean_ranks",
    "official_batching",
    "pixel_replicates",
    "pooled_aps",
    "prepare_kernels",
    "rank",
    "rank_entries",
    "read_label",
    "read_prediction",
    "replicates_of",
    "result_of",
    "sample_replicates",
    "save_test_set",
    "score_cases",
    "score_of_counts",
    "score_pixel_case",
    "score_pixel_dataset",
    "score_pixel_prediction",
    "score_sample_case",
    "score_sample_dataset",
    "scoring_version_of",
    "sum_evidence",
    "whole_set_ap",
    "whole_set_replicates",
]
