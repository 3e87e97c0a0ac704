"""The public API is exactly `__all__`, documented here name by name."""

import pkgutil
import subprocess
import sys
import types

import mood_evaluator

PUBLIC = """
    BatchedScore Batching BatchingImpossible BestDice BoardCell BoardEntry BoardRow CaseScore CleanScores
    Curve Dataset
    DatasetResult EvaluatorError Evidence Flag Histogram InvalidEvidence InvalidGroundTruth InvalidInput
    InvalidPrediction InvalidTestSet Manifest ManifestCase OutputFault PairDifference PixelCase PixelScore
    PixelTruth Prediction Quantizer Replicates
    LARGEST_SCORE_FILE SCORING_VERSION SetScore json_schemas largest_volume_file
    StreamingAveragePrecision Suspicion Task UndefinedScore __version__ as_published average_precision
    average_precision_from_histogram average_ranks canonical_digest clean_scores compare_entries
    compare_replicates consensus draw_batching
    load_test_set mean_ranks pixel_replicates pooled_aps rank rank_entries read_label read_prediction
    replicates_of result_of sample_replicates save_test_set score_cases score_pixel_case score_pixel_dataset
    score_pixel_prediction
    score_sample_case score_sample_dataset scoring_version_of sum_evidence whole_set_ap
    whole_set_replicates
    LARGEST_STORED PositiveScores prepare_kernels
    Affine as_affine find_affine
    ExactCounts count_exactly exact_replicates official_batching score_of_counts
"""


def test_all_is_exact() -> None:
    assert sorted(mood_evaluator.__all__) == sorted(PUBLIC.split())


def test_every_public_name_exists_and_none_is_a_module() -> None:
    found = [getattr(mood_evaluator, name) for name in mood_evaluator.__all__]
    assert not any(isinstance(value, types.ModuleType) for value in found)


def test_nothing_else_is_in_reach_but_modules() -> None:
    others = {name for name in vars(mood_evaluator) if not name.startswith("_")} - set(mood_evaluator.__all__)
    assert all(isinstance(getattr(mood_evaluator, name), types.ModuleType) for name in others)


def test_the_parts_are_in_reach_and_loaded_when_asked_for() -> None:
    program = (
        "import sys, mood_evaluator as m; before = 'mood_evaluator.analysis' in sys.modules;"
        "m.tables.rank_table, m.objects.free_response, m.analysis.measure_cases, m.runs.ScoredRun;"
        "print(before, 'tables' in dir(m), hasattr(m, 'tabels'))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "False True False\n"
    assert mood_evaluator.__getattr__("tables") is mood_evaluator.tables
    assert "objects" in dir(mood_evaluator)


def test_no_module_is_hidden_by_what_has_its_name() -> None:
    for package in (mood_evaluator, mood_evaluator.tables, mood_evaluator.objects, mood_evaluator.analysis):
        for module in pkgutil.iter_modules(package.__path__):
            found = getattr(package, module.name, None)
            assert found is None or isinstance(found, types.ModuleType), f"{package.__name__}.{module.name}"
