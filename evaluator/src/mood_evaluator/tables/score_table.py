"""Reads score tables: a CSV file with the columns task, alg_name, value and case, one row per value."""

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mood_evaluator.errors import InvalidTable

COLUMNS = ("task", "alg_name", "value", "case")
_MISSING = {"", "na", "nan"}
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """The values of one ranking; an algorithm without a value for a case has NaN there."""

    task: str
    algorithms: tuple[str, ...]
    cases: tuple[str, ...]
    values: Matrix  # (algorithms, cases)


def read_score_tables(path: Path) -> dict[str, ScoreTable]:
    """Return the tables by task, in the file's order; raises InvalidTable, naming line and column."""
    values: dict[str, dict[tuple[str, str], float]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if lacking:
            raise InvalidTable(f"{path}: column {lacking[0]} is missing. Needed are {', '.join(COLUMNS)}.")
        for row in reader:
            place = f"{path}, line {reader.line_num}"
            task, algorithm, case = (_text(row, name, place) for name in ("task", "alg_name", "case"))
            mine = values.setdefault(task, {})
            if (algorithm, case) in mine:
                raise InvalidTable(f"{place}: {algorithm} has case {case} twice. Keep one of the rows.")
            mine[algorithm, case] = _number(row["value"], place)
    if not values:
        raise InvalidTable(f"{path} has no rows. Write one row per algorithm and case.")
    return {task: _table(task, found) for task, found in values.items()}


def _text(row: Mapping[str, str | None], name: str, place: str) -> str:
    text = (row[name] or "").strip()
    if not text:
        raise InvalidTable(f"{place}: column {name} is empty. Only value may be left empty.")
    return text


def _number(text: str | None, place: str) -> float:
    """Return the value, NaN if it is missing."""
    text = (text or "").strip()
    if text.lower() in _MISSING:
        return math.nan
    try:
        number = float(text)
    except ValueError:
        number = math.inf
    if not math.isfinite(number) or "_" in text:
        raise InvalidTable(
            f"{place}: value is {text[:40]!r}. Write a number such as 0.5, or nothing where it is missing."
        )
    return number


def _table(task: str, found: Mapping[tuple[str, str], float]) -> ScoreTable:
    algorithms = _distinct(algorithm for algorithm, _ in found)
    cases = _distinct(case for _, case in found)
    rows = [[found.get((algorithm, case), math.nan) for case in cases] for algorithm in algorithms]
    return ScoreTable(task, algorithms, cases, np.array(rows))


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
