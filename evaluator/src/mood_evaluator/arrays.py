"""The public door for numbers: what callers hand over becomes arrays to be trusted, or one sentence.

Arrays, lists and pandas Series are taken alike, by position. Inside the package nothing is checked twice.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from mood_evaluator.errors import InvalidInput

Floats = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.bool_]
Key = TypeVar("Key", bound=Hashable)
_MOST = 2.0**61  # two such sums stay below int64's end
_NATIVE = (np.dtype(np.float32), np.dtype(np.float64))


def checked_scores_and_labels(scores: Any, labels: Any) -> tuple[npt.NDArray[Any], Labels]:
    """Return finite scores and as many labels, both flat (n,)."""
    numbers, truth = checked_scores(scores), checked_labels(labels)
    _need_one_shape(numbers, truth)
    _need_one_index(scores, labels)
    return numbers.ravel(), truth.ravel()


def checked_raw_scores_and_labels(scores: Any, labels: Any) -> tuple[Floats, Labels | None]:
    """Return native floats, NaN and infinities as they are, and as many labels, both flat; None: no label."""
    numbers = as_floats(scores)
    truth = None if labels is None else checked_labels(labels)
    _need_one_shape(numbers, numbers if truth is None else truth)
    _need_one_index(scores, labels)
    return numbers.ravel(), None if truth is None else truth.ravel()


def checked_scores(scores: Any) -> npt.NDArray[Any]:
    """Return finite numbers of any real type, in the shape given."""
    numbers = _checked_numbers(scores, "scores")
    if not np.isfinite(numbers).all():
        first = numbers[~np.isfinite(numbers)][0]
        raise InvalidInput(
            f"scores holds {first}. Give finite numbers, or pass them through clean_scores first."
        )
    return numbers


def checked_unit_scores(scores: Any) -> npt.NDArray[np.float32]:
    """Return scores in [0, 1] as float32 (n,), -0.0 as 0."""
    numbers = checked_scores(scores)
    if numbers.size and (numbers.min() < 0 or numbers.max() > 1):
        outside = numbers.min() if numbers.min() < 0 else numbers.max()
        raise InvalidInput(
            f"scores holds {outside}, which is outside [0, 1]. Scale the scores (a sigmoid for logits), "
            f"or use average_precision, which takes any finite number."
        )
    return np.asarray(numbers.ravel().astype(np.float32) + np.float32(0))


def as_floats(scores: Any) -> Floats:
    """Return native float32 or float64 in the shape given; NaN and infinities may be among them."""
    if isinstance(scores, np.ndarray) and type(scores) is np.ndarray and scores.dtype in _NATIVE:
        return scores  # nothing to do for the many chunks of a volume
    numbers = _checked_numbers(scores, "scores")
    narrow = numbers.dtype.kind == "f" and numbers.dtype.itemsize <= 4
    return numbers.astype(np.float32 if narrow else np.float64)


def checked_labels(labels: Any) -> Labels:
    """Return what is abnormal, in the shape given: from booleans, or from numbers that are 0 or 1."""
    numbers = _checked_numbers(labels, "labels")
    truth = np.asarray(numbers != 0)
    if numbers.dtype != np.bool_ and not np.array_equal(numbers, truth):
        other = numbers[(numbers != 0) & (numbers != 1)][0]
        raise InvalidInput(
            f"labels holds {other}. Give booleans or 0 and 1, 1 for abnormal; scores come first, then labels."
        )
    return truth


def checked_counts(counts: Any, name: str) -> npt.NDArray[np.int64]:
    """Return whole numbers of 0 or more (n,)."""
    numbers = _checked_numbers(counts, name)
    if numbers.size == 0:
        return np.zeros(0, np.int64)
    if numbers.ndim != 1 or numbers.dtype.kind not in "ui" or (numbers < 0).any():
        raise InvalidInput(f"{name} is not a row of counts. Give whole numbers of 0 or more.")
    if numbers.sum(dtype=np.float64) > _MOST:
        raise InvalidInput(f"{name} counts more than {_MOST:g}, which is more than can be summed exactly.")
    return numbers.astype(np.int64)


def checked_shape(shape: Any) -> tuple[int, int, int]:
    """Return the three sizes of a volume in voxels."""
    sizes = _checked_numbers(shape, "shape")
    if sizes.shape != (3,) or sizes.dtype.kind not in "ui" or (sizes < 1).any():
        raise InvalidInput(f"shape is {shape!r}. Give the three sizes of the volume in voxels.")
    x, y, z = sizes.tolist()
    return x, y, z


def checked_batch_size(size: Any) -> int:
    """Return a whole number of cases."""
    if not _is_whole(size):
        raise InvalidInput(f"size is {size!r}. Give the number of cases in a batch.")
    return int(size)


def checked_draws(n: Any, seed: Any, stream: Any = "") -> None:
    """Refuse a number of draws below 1, a negative seed, and a stream that is no name."""
    if not isinstance(stream, str):
        raise InvalidInput(f"stream is {stream!r}. Give a text that tells these draws from others.")
    if not (_is_whole(n) and n >= 1 and _is_whole(seed) and seed >= 0):
        raise InvalidInput(f"n is {n!r} and seed {seed!r}. Draw at least once, from a seed of 0 or more.")


def checked_table(scores: Any) -> dict[Any, float | None]:
    """Return one score for each name, from a mapping or a pandas Series; None is no result."""
    return {name: _checked_score(name, score) for name, score in _pairs(scores, "scores").items()}


def checked_tables(scores_by_dataset: Any) -> list[dict[Any, float | None]]:
    """Return the scores of each Dataset, from a sequence, a mapping or a pandas frame (a column each)."""
    columns = scores_by_dataset.items() if hasattr(scores_by_dataset, "items") else None
    if columns is None and not isinstance(scores_by_dataset, Sequence):
        raise InvalidInput("scores_by_dataset is no sequence. Give the scores of each Dataset as a mapping.")
    parts = scores_by_dataset if columns is None else [column for _, column in columns]
    tables = [checked_table(part) for part in parts]
    if not tables:
        raise InvalidInput("scores_by_dataset is empty. Give the scores of at least one Dataset.")
    if any(table.keys() != tables[0].keys() for table in tables):
        raise InvalidInput("Every Dataset must list the same teams; give None for a team without a result.")
    return tables


def checked_truth(abnormal: Any, name: str = "abnormal") -> dict[Any, bool]:
    """Return for each case whether it is abnormal, from a mapping or a pandas Series."""
    pairs = _pairs(abnormal, name)
    if not pairs:
        return {}
    truth = checked_labels(list(pairs.values()))
    return dict(zip(pairs, truth.tolist(), strict=True))


def checked_cases(scores: Any, abnormal: Any) -> tuple[dict[Any, float], dict[Any, bool]]:
    """Return the finite score and the truth of each case that `abnormal` names."""
    truth, table = checked_truth(abnormal), _pairs(scores, "scores")
    need_all(table, truth, "scores")
    values = checked_scores([table[case_id] for case_id in truth])
    return dict(zip(truth, values.tolist(), strict=True)), truth


def as_path(path: Path | str) -> Path:
    """Return a path as it is, whatever kind of path, and text as a path."""
    return path if isinstance(path, Path) else Path(path)


def need_all(found: Mapping[Key, Any], wanted: Iterable[Key], name: str) -> None:
    """Refuse a mapping that lacks a case."""
    for case_id in wanted:
        if case_id not in found:
            raise InvalidInput(f"{name} lacks the case {case_id!r}. Give one entry for each case.")


def _checked_numbers(values: Any, name: str) -> npt.NDArray[Any]:
    if isinstance(values, np.ma.MaskedArray):
        raise InvalidInput(f"{name} is a masked array. Fill what is masked, or leave it out.")
    try:
        array = np.asarray(values)
        if array.dtype == object:  # numbers in a frame of mixed columns; text, None and pandas.NA are none
            array = np.array(array.tolist())
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidInput(f"{name} is no array of numbers ({error}). Give numbers only.") from error
    if array.dtype.kind not in "buif" and array.size:
        raise InvalidInput(f"{name} holds {array.dtype.name} values. Give numbers only.")
    if array.ndim == 0:
        raise InvalidInput(f"{name} is a single value. Give an array, a list or a Series.")
    return array if array.size else array.astype(np.float64)


def _need_one_shape(scores: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
    if scores.shape != labels.shape:
        raise InvalidInput(
            f"scores has the shape {scores.shape}, labels {labels.shape}. Give one label for each score."
        )
    if scores.size == 0:
        raise InvalidInput("scores and labels are empty. Give at least one score with its label.")


def _need_one_index(scores: Any, labels: Any) -> None:
    """Refuse Series and frames that would be paired otherwise by their labels than by position."""
    for axis in ("index", "columns"):
        mine: Any = getattr(scores, axis, None)  # of a Series or a frame; a list has a method `index`
        theirs: Any = getattr(labels, axis, None)
        if hasattr(mine, "equals") and hasattr(theirs, "equals") and not mine.equals(theirs):
            raise InvalidInput(
                f"scores and labels differ in their {axis}, but are taken by position. Bring them into one "
                f"order, or give both as .to_numpy()."
            )


def _pairs(values: Any, name: str) -> dict[Any, Any]:
    if not hasattr(values, "items"):
        raise InvalidInput(f"{name} is no mapping. Give a dict of names, or a pandas Series with them.")
    pairs = list(values.items())
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidInput(f"{name} has a name twice. Keep one entry for each.")
    return found


def _checked_score(name: Any, score: Any) -> float | None:
    if score is None or type(score).__name__ == "NAType":  # pandas.NA
        return None
    if isinstance(score, bool) or not isinstance(score, Real):
        raise InvalidInput(f"The score of {name!r} is {score!r}. Give a number, or None for no result.")
    return float(score)


def is_finite(number: Any) -> bool:
    """Whether it is one real, finite number."""
    return not isinstance(number, bool) and isinstance(number, Real) and bool(np.isfinite(float(number)))


def _is_whole(number: Any) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)
