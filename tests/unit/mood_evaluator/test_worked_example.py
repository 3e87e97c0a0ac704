"""The worked example of docs/scoring.md is right in every cell."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mood_evaluator import average_precision

PAGE = Path(__file__).parents[3] / "docs" / "scoring.md"


def read_rows() -> list[list[str]]:
    table = PAGE.read_text(encoding="utf-8").split("(R - R before) * P |")[1].split("\n\n")[0]
    lines = [line for line in table.splitlines() if line.startswith("| 0")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_worked_example_adds_up() -> None:
    rows = read_rows()
    assert len(rows) == 5
    total, true, called = sum(int(row[1]) for row in rows), 0, 0
    before = Fraction(0)
    for _, positive, negative, recall, precision, part in rows:
        true, called = true + int(positive), called + int(positive) + int(negative)
        assert (Fraction(recall), Fraction(precision)) == (Fraction(true, total), Fraction(true, called))
        assert float(part) == pytest.approx((Fraction(recall) - before) * Fraction(precision), abs=5e-5)
        before = Fraction(recall)


def test_the_code_gives_its_result() -> None:
    pairs = [
        (float(row[0]), label)
        for row in read_rows()
        for label in [True] * int(row[1]) + [False] * int(row[2])
    ]
    scores, labels = np.array([score for score, _ in pairs]), np.array([label for _, label in pairs])
    found = average_precision(scores, labels)
    assert found == pytest.approx(average_precision_score(labels, scores), abs=1e-12)
    text = PAGE.read_text(encoding="utf-8")
    assert f"AP is the sum, {found:.4f}." in text
    assert f"the score of the two is {(found + 0.5) / 2:.4f}" in text
