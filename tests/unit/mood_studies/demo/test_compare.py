"""Two demos are compared number by number; only what names an occasion is left out."""

import copy
from typing import Any

import numpy as np
import pytest

from mood_studies.demo import compare

Json = dict[str, Any]


@pytest.fixture
def board() -> Json:
    row = {"name": "Team", "rank": 1, "image": "sha256:1", "datasets": {"brain": {"score": 0.1, "low": None}}}
    document = {
        "datasets": {"brain": {"digest": "d"}},
        "node_classes": {"brain": [{"cpu": "x"}]},
        "rows": [row],
    }
    return {"id": "1", "digest": "a", "published_at": "then", "document": document}


def test_another_occasion_of_the_same_result_is_equal(board: Json) -> None:
    other = copy.deepcopy(board) | {"id": "2", "digest": "b", "published_at": "now"}
    other["document"]["rows"][0]["image"] = "sha256:2"
    other["document"]["node_classes"] = {"brain": [{"cpu": "y"}, {"cpu": "z"}]}
    assert compare.compare("pixel", board, other) == []


def test_a_score_that_differs_in_the_last_bit_differs(board: Json) -> None:
    other = copy.deepcopy(board)
    other["document"]["rows"][0]["datasets"]["brain"]["score"] = float(np.nextafter(0.1, 1))
    assert compare.compare("pixel", board, other) == ["/document/rows/0/datasets/brain/score"]


def test_another_test_set_differs(board: Json) -> None:
    other = copy.deepcopy(board)
    other["document"]["datasets"]["brain"]["digest"] = "e"
    assert compare.compare("pixel", board, other) == ["/document/datasets/brain/digest"]


def test_a_row_or_a_value_that_only_one_has_differs(board: Json) -> None:
    more = copy.deepcopy(board)
    more["document"]["rows"].append({"name": "Other"})
    found = compare.compare("pixel", board, more)
    assert found == ["/document/rows/1/name", "/document/rows/length"]
    less = copy.deepcopy(board)
    del less["document"]["rows"][0]["datasets"]["brain"]["low"]
    assert compare.compare("pixel", board, less) == ["/document/rows/0/datasets/brain/low"]
