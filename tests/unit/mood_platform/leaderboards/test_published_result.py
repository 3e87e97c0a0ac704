"""What is published of a result: four decimals, no batch by itself, no digest of all digits."""

from mood_platform.documents.set_result import SetResult
from mood_platform.leaderboards.published_result import published_result

RESULT = {
    "schema": "mood-dataset-result/1",
    "evaluator": "0.2.0",
    "scoring_version": 2,
    "score": 0.123456789,
    "valid": 3,
    "total": 4,
    "valid_share": 0.5,
    "failed_share": 0.25,
    "lossy": ["mood2020"],
    "official": {"batching": "sha256:1", "batch_aps": [0.1, 0.146913578], "mean": 0.123456789},
    "validation": None,
    "whole_set_ap": 0.20004,
    "quantized": {"mood2020": 0.1199999},
    "digest": "sha256:all digits",
}


def test_numbers_are_told_to_four_decimals_and_batches_and_digest_are_not_told() -> None:
    told = published_result(SetResult.from_json(RESULT, place="the result")).to_json()
    assert (told["score"], told["whole_set_ap"], told["quantized"]) == (0.1235, 0.2, {"mood2020": 0.12})
    assert (told["official"], told["validation"]) == ({"batching": "sha256:1", "mean": 0.1235}, None)
    assert (told["failed_share"], told["lossy"], told["scoring_version"]) == (0.25, ["mood2020"], 2)
    assert not {"digest", "batch_aps"} & set(str(told).replace("'", " ").split())
