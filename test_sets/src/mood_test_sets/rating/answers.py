"""Answers of several raters: checked, compared, and made the difficulty of a new version of the test set."""

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mood_evaluator.test_set import load_test_set, save_test_set
from mood_test_sets.errors import InvalidAnswers
from mood_test_sets.folders import new_folder
from mood_test_sets.rating.sheets import SCHEMA as KEY_SCHEMA

__all__ = ["Rated", "agreement", "apply_ratings", "read_answers"]

SCHEMA = "mood-ratings/1"
LEVELS = range(1, 9)


@dataclass(frozen=True, slots=True)
class Rated:
    cases: int
    raters: int
    agreement: float | None  # Kendall's W, 0 to 1; None for a single rater
    digest: str


def read_answers(answers: Path, key: Path, *, digest: str) -> tuple[str, dict[str, int]]:
    """The rater and the rating of each case id. Raises InvalidAnswers."""
    known = _read_key(key, digest)
    found: dict[str, int] = {}
    with answers.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            number, rating = (_whole(row.get(name), answers, name) for name in ("number", "rating"))
            place = f"{answers}: scan {number}"
            if not 1 <= number <= len(known["cases"]):
                raise InvalidAnswers(f"{place} is not on the sheet of {known['rater']}. Use its own key.")
            if rating not in LEVELS:
                raise InvalidAnswers(f"{place}: rating is {rating}. Give a whole number from 1 to 8.")
            if known["cases"][number - 1] in found:
                raise InvalidAnswers(f"{place} is rated twice. Leave one of them.")
            found[known["cases"][number - 1]] = rating
    if missing := len(known["cases"]) - len(found):
        raise InvalidAnswers(f"{answers}: {missing} scans are not rated. Rate every one.")
    return str(known["rater"]), found


def _read_key(key: Path, digest: str) -> dict[str, Any]:
    try:
        known: dict[str, Any] = json.loads(key.read_text(encoding="utf-8"))
        schema, test_set = known["schema"], known["test_set"]
    except (OSError, ValueError, KeyError) as reason:
        raise InvalidAnswers(f"The key {key} cannot be read ({reason}). Use key.json of the sheet.") from None
    if schema != KEY_SCHEMA or test_set != digest:
        raise InvalidAnswers(f"The key {key} is of another test set. Use the one the sheet was made of.")
    return known


def _whole(text: str | None, file: Path, field: str) -> int:
    try:
        return int(text or "")
    except ValueError:
        what = f"{file}: {field} is {text!r}."
        raise InvalidAnswers(f"{what} Fill in whole numbers below number,rating.") from None


def agreement(ratings: NDArray[np.float64]) -> float | None:
    """Kendall's coefficient of concordance W of (raters, cases), corrected for ties."""
    raters, cases = ratings.shape
    if raters < 2 or cases < 2:
        return None
    ranks = np.apply_along_axis(stats.rankdata, 1, ratings)
    spread = float(np.sum((ranks.sum(axis=0) - raters * (cases + 1) / 2) ** 2))
    ties = sum(
        float(np.sum(counts**3 - counts)) for counts in (np.unique(r, return_counts=True)[1] for r in ratings)
    )
    full = raters**2 * (cases**3 - cases) - raters * ties
    return 12 * spread / full if full > 0 else None


def apply_ratings(folder: Path, out: Path, sheets: Sequence[tuple[Path, Path]]) -> Rated:
    """Write a new version of the test set, with the median rating as difficulty; `sheets` are (answers, key).

    Scans, labels, ids and batches stay to the byte. `ratings.json` beside it keeps every answer and rank.
    """
    test_set = load_test_set(folder)
    by_rater = dict(read_answers(answers, key, digest=test_set.digest) for answers, key in sheets)
    common = sorted(set.intersection(*(set(found) for found in by_rater.values())))
    if not common:
        raise InvalidAnswers("The sheets share no scan. Make them with the same --cases.")
    table = np.array([[found[one] for one in common] for found in by_rater.values()], dtype=np.float64)
    levels = dict(zip(common, np.floor(np.median(table, axis=0)).astype(int).tolist(), strict=True))
    cases = tuple(
        replace(case, difficulty=levels[case.id], difficulty_source="raters") if case.id in levels else case
        for case in test_set.cases
    )
    rated = replace(test_set, cases=cases)
    with new_folder(out) as (partial, finish):
        for case in cases:
            for part in filter(None, (case.image, case.label)):
                shutil.copy2(folder / part, partial / part)
        save_test_set(rated, partial)
        finish()
    result = Rated(len(common), len(by_rater), agreement(table), rated.digest)
    _store(out.with_name(f"{out.name}.ratings.json"), by_rater, common, levels, result)
    return result


def _store(
    file: Path,
    by_rater: Mapping[str, Mapping[str, int]],
    common: Sequence[str],
    levels: Mapping[str, int],
    result: Rated,
) -> None:
    ranks = {
        rater: dict(zip(common, stats.rankdata([found[one] for one in common]).tolist(), strict=True))
        for rater, found in by_rater.items()
    }
    document = {
        "schema": SCHEMA,
        "test_set": result.digest,
        "agreement": result.agreement,
        "difficulty": levels,
        "ratings": by_rater,
        "ranks": ranks,
    }
    file.write_text(json.dumps(document, indent=1, sort_keys=True), encoding="utf-8")
    file.chmod(0o600)
