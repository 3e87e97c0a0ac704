"""How a score would vary with other scans: paired bootstrap replicates.

Scans are drawn with replacement, abnormal ones among the abnormal and normal ones among the normal, so that
prevalence stays. The draws depend on the seed, the stream and the cases alone: replicate b of one team saw
the same scans as replicate b of every other team. The name of the test set is the stream, so that the draws
of two Datasets are independent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt
from scipy import sparse

from mood_evaluator.arrays import checked_cases, checked_draws, need_all
from mood_evaluator.batches import Batching
from mood_evaluator.errors import BatchingImpossible, UndefinedScore
from mood_evaluator.evidence import Evidence, Histogram
from mood_evaluator.exact_counts import ExactCounts
from mood_evaluator.quantizers import Quantizer
from mood_evaluator.resampled_aps import AnyCounts, Matrix, resampled_aps


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """Scores under resampled scans, and how far each scan alone moves the score."""

    draws: Matrix  # (n,)
    influences: (
        Matrix  # (cases,) by sorted id, up to a factor; abnormal and normal ones have a mean of 0 each
    )


_SHUFFLES = 100  # of a draw, until each batch has an abnormal case


def sample_replicates(
    scores: Mapping[str, float], abnormal: Mapping[str, bool], *, n: int, seed: int, stream: str
) -> Replicates:
    """Return n APs over resampled scans; raises UndefinedScore where nothing is abnormal.

    >>> scores, abnormal = {"a": 0.1, "b": 0.8, "c": 0.6}, {"a": False, "b": True, "c": True}
    >>> sample_replicates(scores, abnormal, n=3, seed=0, stream="toy").draws
    array([1., 1., 1.])
    """
    checked_draws(n, seed, stream)
    checked, labels = checked_cases(scores, abnormal)
    ids = sorted(labels)
    values = np.array([checked[case_id] for case_id in ids], np.float64)
    truth = np.array([labels[case_id] for case_id in ids], np.bool_)
    draws = _draw(truth, n=n, random=_generator(seed, stream))
    twice = _sample_aps(1 + np.eye(len(ids)), values, truth)
    return Replicates(_sample_aps(_count(draws), values, truth), centre_influences(twice, truth))


def pixel_replicates(
    evidence: Mapping[str, Evidence], batching: Batching, *, n: int, seed: int, stream: str
) -> Replicates:
    """Return n mean batch APs (`two_sided` Evidence).

    The drawn scans are dealt into as many batches as `batching` has, so that each has an abnormal voxel.
    """
    checked_draws(n, seed, stream)
    need_all(evidence, batching.case_ids, "evidence")
    cases = [evidence[case_id] for case_id in sorted(batching.case_ids)]
    counts = _stack([case.two_sided for case in cases])
    return _pixel_replicates(_truth(cases), counts, batching, n=n, seed=seed, stream=stream)


def exact_replicates(
    counts: ExactCounts, batching: Batching, *, n: int, seed: int, stream: str
) -> Replicates:
    """Return n mean batch APs as `pixel_replicates` does, of the same draws, without its rounding.

    `counts` has the cases of `batching`, no other.
    """
    checked_draws(n, seed, stream)
    both = counts.positives, counts.negatives
    truth = np.asarray(counts.positives.any(axis=1))
    return _pixel_replicates(truth, both, batching, n=n, seed=seed, stream=stream)


def score_of_counts(counts: ExactCounts, batching: Batching) -> float:
    """Return the mean batch AP where every case is drawn once, into its own batch: the official score."""
    own, _ = _own_batches(batching)
    return float(resampled_aps(own, counts.positives, counts.negatives).mean())


def _pixel_replicates(
    truth: npt.NDArray[np.bool_],
    counts: tuple[AnyCounts, AnyCounts],
    batching: Batching,
    *,
    n: int,
    seed: int,
    stream: str,
) -> Replicates:
    """Rows of `truth` and `counts` are the cases by sorted id."""
    random = _generator(seed, stream)
    draws = _draw(truth, n=n, random=random)
    pools = _deal(draws, truth, parts=len(batching.batches), random=random)
    aps = resampled_aps(pools, *counts).reshape(n, -1).mean(axis=1)
    return Replicates(np.asarray(aps), centre_influences(_twice_in_batch(batching, counts), truth))


def whole_set_replicates(evidence: Mapping[str, Evidence], *, n: int, seed: int, stream: str) -> Matrix:
    """Return (n,) APs of all voxels of the scans that `pixel_replicates` draws."""
    checked_draws(n, seed, stream)
    cases = [evidence[case_id] for case_id in sorted(evidence)]
    draws = count_draws(_truth(cases), n=n, seed=seed, stream=stream)
    return resampled_aps(draws, *_stack([case.two_sided for case in cases]))


def count_draws(abnormal: npt.NDArray[np.bool_], *, n: int, seed: int, stream: str) -> Matrix:
    """Return (n, cases) how often each case, by sorted id, is among the scans of each draw."""
    return _count(_draw(abnormal, n=n, random=_generator(seed, stream)))


def _generator(seed: int, stream: str) -> np.random.Generator:
    return np.random.default_rng([seed, int.from_bytes(sha256(stream.encode()).digest()[:8], "big")])


def _sample_aps(times: Matrix, values: Matrix, truth: npt.NDArray[np.bool_]) -> Matrix:
    """Return (rows,) APs of scans (cases,) that count `times` (rows, cases)."""
    falling = np.argsort(-values, kind="stable")
    levels = np.flatnonzero(np.diff(values[falling], prepend=np.inf))
    gained = np.add.reduceat(times[:, falling] * truth[falling], levels, axis=1)
    found = np.cumsum(np.add.reduceat(times[:, falling], levels, axis=1), axis=1)
    true = np.cumsum(gained, axis=1)
    precision = np.divide(true, found, out=np.zeros_like(true), where=found > 0)
    return np.asarray(np.einsum("ij,ij->i", gained, precision) / true[:, -1])


def _twice_in_batch(batching: Batching, counts: tuple[AnyCounts, AnyCounts]) -> Matrix:
    """Return for each case how far the AP of its batch moves when that case counts twice."""
    own, of_case = _own_batches(batching)
    twice = sparse.csr_array(own[of_case] + sparse.eye_array(of_case.size))
    return np.asarray(resampled_aps(twice, *counts) - resampled_aps(own, *counts)[of_case])


def _own_batches(batching: Batching) -> tuple[sparse.csr_array, npt.NDArray[np.int64]]:
    """Return the batches as weights (batches, cases by sorted id), and the batch of each case."""
    place = {case_id: number for number, case_id in enumerate(sorted(batching.case_ids))}
    members = [[place[case_id] for case_id in batch] for batch in batching.batches]
    cases = np.concatenate([np.array(batch) for batch in members])
    batches = np.repeat(np.arange(len(members)), [len(batch) for batch in members])
    own = sparse.csr_array((np.ones(cases.size), (batches, cases)), shape=(len(members), len(place)))
    of_case = np.empty(len(place), np.int64)
    of_case[cases] = batches
    return own, of_case


def centre_influences(values: Matrix, truth: npt.NDArray[np.bool_]) -> Matrix:
    """Take off the mean of the abnormal scans and that of the normal ones."""
    found = values.copy()
    for kind in (truth, ~truth):
        found[kind] -= values[kind].mean() if kind.any() else 0.0
    return found


def _truth(cases: Sequence[Evidence]) -> npt.NDArray[np.bool_]:
    return np.array([case.positives > 0 for case in cases], np.bool_)


def _draw(abnormal: npt.NDArray[np.bool_], *, n: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return (n, cases) drawn cases, the normal ones first; as many of each kind as there are."""
    if not abnormal.any():
        raise UndefinedScore("No case has a positive, so no resample of them has an average precision.")
    kinds = np.flatnonzero(~abnormal), np.flatnonzero(abnormal)
    return np.hstack([kind[random.integers(0, max(kind.size, 1), (n, kind.size))] for kind in kinds])


def _count(draws: npt.NDArray[np.int64]) -> Matrix:
    """Return (n, cases) how often each case was drawn."""
    n, size = draws.shape
    flat = (draws + size * np.arange(n)[:, None]).ravel()
    return np.bincount(flat, minlength=n * size).reshape(n, size).astype(np.float64)


def _deal(
    draws: npt.NDArray[np.int64],
    abnormal: npt.NDArray[np.bool_],
    *,
    parts: int,
    random: np.random.Generator,
) -> sparse.csr_array:
    """Return (n * parts, cases) what is in each batch of each draw: a shuffle, cut as usual."""
    n, size = draws.shape
    if abnormal.sum() < parts:
        raise BatchingImpossible(f"{int(abnormal.sum())} abnormal cases are too few for {parts} batches.")
    edges = np.array([size * part // parts for part in range(parts + 1)])
    dealt, pending = np.empty_like(draws), np.arange(n)
    for _ in range(_SHUFFLES):
        dealt[pending] = random.permuted(draws[pending], axis=1)
        filled = np.logical_or.reduceat(abnormal[dealt[pending]], edges[:-1], axis=1).all(axis=1)
        pending = pending[~filled]
    for row in pending:
        dealt[row] = _place(draws[row], abnormal, edges, random)
    starts = np.append((size * np.arange(n)[:, None] + edges[:-1]).ravel(), n * size)
    return sparse.csr_array((np.ones(n * size), dealt.ravel(), starts), shape=(n * parts, size))


def _place(
    draw: npt.NDArray[np.int64],
    abnormal: npt.NDArray[np.bool_],
    edges: npt.NDArray[np.int64],
    random: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Return a shuffle with an abnormal case first in each batch, where chance alone hardly finds one."""
    seats = np.zeros(draw.size, np.bool_)
    seats[edges[:-1]] = True
    first = random.permutation(np.flatnonzero(abnormal[draw]))[: edges.size - 1]
    dealt = np.empty_like(draw)
    dealt[seats] = draw[first]
    dealt[~seats] = random.permutation(np.delete(draw, first))
    return dealt


def _stack(histograms: Sequence[Histogram]) -> tuple[Matrix, Matrix]:
    """Return (cases, thresholds) positives and the negatives from each threshold to the next."""
    used = np.zeros(Quantizer.TWO_SIDED.size, np.bool_)
    for part in histograms:
        used[part.codes[part.positives > 0]] = True
    gap_of = np.cumsum(used)  # by code: how many thresholds lie at or below it
    positives, negatives = np.zeros((2, len(histograms), int(gap_of[-1])))
    for row, part in enumerate(histograms):
        own = part.positives > 0
        positives[row, gap_of[part.codes[own]] - 1] = part.positives[own]
        counts = np.bincount(gap_of[part.codes], weights=part.negatives, minlength=positives.shape[1] + 1)
        negatives[row] = counts[1:]  # those below all positives never count
    return positives, negatives
