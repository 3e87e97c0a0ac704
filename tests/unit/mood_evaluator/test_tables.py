"""Rankings of score tables against a slow twin of plain loops, fractions and SciPy, and by hand."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, wilcoxon

from mood_evaluator.errors import InvalidTable
from mood_evaluator.tables import (
    Adjust,
    Method,
    RankedAlgorithm,
    Repeats,
    Scheme,
    ScoreTable,
    combine_rankings,
    compare_pairs,
    kendall_tau_b,
    rank_table,
    read_score_tables,
    replay_table,
)

Rows = Sequence[Sequence[float]]
How = Callable[[Sequence[float]], float | Fraction]

# The twin: one loop per definition.


def mean(values: Sequence[float]) -> Fraction:
    return sum(map(Fraction, values), Fraction(0)) / len(values)


def middle(values: Sequence[float]) -> float:
    return float(median(values))


def places(values: Sequence[float | Fraction], *, small: bool = False) -> list[int]:
    return [1 + sum(other < mine if small else other > mine for other in values) for mine in values]


def rounded(values: Sequence[float | Fraction]) -> list[Fraction]:
    return [round(Fraction(value), 12) for value in values]


def aggregate_then_rank(rows: Rows, how: How) -> list[int]:
    return places(rounded([how(row) for row in rows]))


def rank_then_aggregate(rows: Rows, how: How, copies: Sequence[int] | None = None) -> list[int]:
    """`copies[case]`: that many copies of it are ranked in one list, as challengeR's bootstrap does."""
    per_case = []
    for case in range(len(rows[0])):
        count = copies[case] if copies else 1
        column = [row[case] for row in rows for _ in range(count)]
        ranks = [0 if math.isnan(x) else 1 + sum(other > x for other in column) for x in column]
        per_case.append([rank or max(ranks) + 1 for rank in ranks][::count])
    return places(rounded([how(ranks) for ranks in zip(*per_case, strict=True)]), small=True)


def p_better(one: Sequence[float], other: Sequence[float]) -> float:
    differences = [a - b for a, b in zip(one, other, strict=True) if not math.isnan(a - b)]
    if not any(differences):
        return 1.0 if differences else math.nan
    test = wilcoxon(
        differences, alternative="greater", zero_method="wilcox", correction=True, method="asymptotic"
    )
    return float(test.pvalue)


def holm(p: Sequence[float]) -> list[float]:
    family = sorted(x for x in p if not math.isnan(x))
    largest: dict[float, float] = {}
    so_far = 0.0
    for number, x in enumerate(family):
        so_far = max(so_far, (len(family) - number) * x)
        largest[x] = min(1.0, so_far)
    return [x if math.isnan(x) else largest[x] for x in p]


def rank_by_tests(rows: Rows, *, adjust: bool = False) -> list[int]:
    pairs = [(a, b) for a in range(len(rows)) for b in range(len(rows)) if a != b]
    p = [p_better(rows[a], rows[b]) for a, b in pairs]
    p = holm(p) if adjust else p
    wins = [a for (a, _), x in zip(pairs, p, strict=True) if x <= 0.05]
    return places([wins.count(a) for a in range(len(rows))])


def expected(rows: Rows, scheme: Scheme, adjust: Adjust = Adjust.NONE) -> list[int]:
    match scheme:
        case Scheme.MEAN_THEN_RANK:
            return aggregate_then_rank(rows, mean)
        case Scheme.MEDIAN_THEN_RANK:
            return aggregate_then_rank(rows, middle)
        case Scheme.RANK_THEN_MEAN:
            return rank_then_aggregate(rows, mean)
        case Scheme.RANK_THEN_MEDIAN:
            return rank_then_aggregate(rows, middle)
        case Scheme.TEST_THEN_RANK:
            return rank_by_tests(rows, adjust=adjust is Adjust.HOLM)


# Few distinct values, so that ties are common.
VALUES = st.integers(-3, 6).map(lambda n: n / 7)
GAPPY = st.one_of(VALUES, st.just(math.nan))


def tables(values: st.SearchStrategy[float], least: int = 1) -> st.SearchStrategy[ScoreTable]:
    def of_size(size: tuple[int, int]) -> st.SearchStrategy[list[list[float]]]:
        row = st.lists(values, min_size=size[1], max_size=size[1])
        return st.lists(row, min_size=size[0], max_size=size[0])

    return st.tuples(st.integers(least, 5), st.integers(least, 9)).flatmap(of_size).map(table_of)


def table_of(rows: Rows) -> ScoreTable:
    names = tuple(f"team {number}" for number in range(len(rows)))
    return ScoreTable("t", names, tuple(f"case {n}" for n in range(len(rows[0]))), np.array(rows))


def ranks(table: ScoreTable, method: Method) -> list[int]:
    """In the table's order; algorithms that were dropped are left out."""
    found = {row.algorithm: row.rank for row in rank_table(table, method)}
    return [found[name] for name in table.algorithms if name in found]


@pytest.mark.parametrize("scheme", Scheme)
@given(table=tables(VALUES))
@settings(max_examples=60, deadline=None)
def test_a_complete_table_ranks_as_the_twin_says(scheme: Scheme, table: ScoreTable) -> None:
    for adjust in Adjust:
        method = Method(scheme=scheme, adjust=adjust)
        assert ranks(table, method) == expected(table.values.tolist(), scheme, adjust)


@pytest.mark.parametrize("scheme", Scheme)
@given(table=tables(VALUES))
@settings(max_examples=30, deadline=None)
def test_smaller_is_better_turns_every_value_around(scheme: Scheme, table: ScoreTable) -> None:
    mirrored = table_of((-table.values).tolist())
    assert ranks(mirrored, Method(scheme=scheme, smaller_is_better=True)) == ranks(
        table, Method(scheme=scheme)
    )


@given(table=tables(GAPPY))
@settings(max_examples=60, deadline=None)
def test_rank_then_schemes_put_what_is_missing_behind_the_last_rank_of_its_case(table: ScoreTable) -> None:
    for scheme in (Scheme.RANK_THEN_MEAN, Scheme.RANK_THEN_MEDIAN):
        assert ranks(table, Method(scheme=scheme, missing=0.0)) == expected(table.values.tolist(), scheme)


def test_ranks_one_two_two_and_a_missing_value_make_it_three() -> None:
    table = table_of([[3.0], [2.0], [2.0], [math.nan]])
    *_, row = rank_table(table, Method(scheme=Scheme.RANK_THEN_MEAN))
    assert (row.algorithm, row.aggregate) == ("team 3", 3)


@given(table=tables(GAPPY))
@settings(max_examples=60, deadline=None)
def test_a_number_replaces_what_is_missing(table: ScoreTable) -> None:
    filled = np.where(np.isnan(table.values), -1.0, table.values).tolist()
    for scheme in (Scheme.MEAN_THEN_RANK, Scheme.MEDIAN_THEN_RANK, Scheme.TEST_THEN_RANK):
        assert ranks(table, Method(scheme=scheme, missing=-1.0)) == expected(filled, scheme)


@given(table=tables(GAPPY))
@settings(max_examples=60, deadline=None)
def test_dropping_leaves_gaps_out_and_algorithms_without_any_value(table: ScoreTable) -> None:
    rows = [row for row in table.values.tolist() if not all(map(math.isnan, row))]
    present = [[x for x in row if not math.isnan(x)] for row in rows]
    for scheme, how in ((Scheme.MEAN_THEN_RANK, mean), (Scheme.MEDIAN_THEN_RANK, middle)):
        assert ranks(table, Method(scheme=scheme, missing="drop")) == aggregate_then_rank(present, how)
    assert ranks(table, Method(scheme=Scheme.TEST_THEN_RANK, missing="drop")) == rank_by_tests(rows)


def test_a_gap_without_a_rule_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidTable, match=r"team 1 has no value for case case 0.*--missing 0"):
        rank_table(table_of([[1.0], [math.nan]]), Method())


def test_one_multiset_in_any_order_has_one_mean() -> None:
    row = [0.1, 0.7, 0.2, 0.3, 0.6, 0.9, 0.4, 0.5, 0.8, 0.232]
    table = table_of([row, row[::-1], sorted(row)])
    assert len({found.aggregate for found in rank_table(table, Method())}) == 1


@pytest.mark.parametrize("scheme", Scheme)
@given(table=tables(VALUES, least=2), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_a_case_drawn_repeatedly_counts_repeatedly(scheme: Scheme, table: ScoreTable, seed: int) -> None:
    draws = np.random.default_rng(seed).integers(0, len(table.cases), (3, len(table.cases)))
    for adjust in Adjust:
        found = replay_table(table, Method(scheme=scheme, adjust=adjust), draws).ranks.tolist()
        assert found == [expected(table.values[:, draw].tolist(), scheme, adjust) for draw in draws]


@given(table=tables(VALUES, least=2), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_as_challenger_ranks_all_copies_together_and_tests_them_once(table: ScoreTable, seed: int) -> None:
    draws = np.random.default_rng(seed).integers(0, len(table.cases), (3, len(table.cases)))
    ranked, tested = (
        replay_table(table, Method(scheme=scheme), draws, repeats=Repeats.AS_CHALLENGER).ranks.tolist()
        for scheme in (Scheme.RANK_THEN_MEAN, Scheme.TEST_THEN_RANK)
    )
    for draw, by_rank, by_test in zip(draws, ranked, tested, strict=True):
        copies = [int(np.sum(draw == case)) for case in draw]
        assert by_rank == rank_then_aggregate(table.values[:, draw].tolist(), mean, copies)
        assert by_test == rank_by_tests(table.values[:, sorted(set(draw.tolist()))].tolist())


@given(pairs=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=8))
def test_tau_b_is_that_of_scipy(pairs: list[tuple[int, int]]) -> None:
    one, other = ({str(n): float(pair[side]) for n, pair in enumerate(pairs)} for side in (0, 1))
    found = kendall_tau_b(one, other)
    if len(set(one.values())) == 1 or len(set(other.values())) == 1:
        assert math.isnan(found)
    else:
        wanted = kendalltau(list(one.values()), list(other.values())).statistic
        assert found == pytest.approx(float(wanted), abs=1e-12)


def ranking(**ranks: int) -> list[RankedAlgorithm]:
    return [RankedAlgorithm(name, 0.0, rank) for name, rank in ranks.items()]


def test_the_consensus_averages_tied_ranks_and_ranks_absentees_last() -> None:
    rows = combine_rankings({"brain": ranking(a=1, b=1, c=3), "abdom": ranking(b=1, a=2)})
    assert [(row.algorithm, row.value, row.rank) for row in rows] == [
        ("b", 1.25, 1),
        ("a", 1.75, 2),
        ("c", 3, 3),
    ]
    assert [row.value_min_ties for row in rows] == [1, 1.5, 3]


SMALL = st.one_of(st.integers(0, 4).map(float), st.just(math.nan))


@given(columns=st.lists(st.tuples(SMALL, SMALL, SMALL), min_size=1, max_size=12))
@settings(deadline=None)
def test_significance_is_that_of_scipy_adjusted_over_all_ordered_pairs(
    columns: list[tuple[float, float, float]],
) -> None:
    table = table_of(np.array(columns).T.tolist())
    rows = dict(zip(table.algorithms, table.values.tolist(), strict=True))
    pairs = compare_pairs(table)
    p = [pair.p for pair in pairs]
    wanted = [p_better(rows[pair.better], rows[pair.worse]) for pair in pairs]
    np.testing.assert_allclose(p, wanted, atol=1e-12)
    np.testing.assert_allclose([pair.p_adjusted for pair in pairs], holm(p), atol=1e-12)
    turned = compare_pairs(table_of((-table.values).tolist()), smaller_is_better=True)
    np.testing.assert_array_equal([pair.p for pair in turned], p)


def test_equal_submissions_are_not_significant_and_stay_in_the_family() -> None:
    row = [float(n) for n in range(10)]
    pairs = compare_pairs(table_of([row, row, [x - 1 for x in row]]))
    by_names = {(pair.better[-1], pair.worse[-1]): pair for pair in pairs}
    assert by_names["0", "1"].p == by_names["0", "1"].p_adjusted == 1.0
    assert by_names["0", "2"].p_adjusted == pytest.approx(6 * by_names["0", "2"].p)


@pytest.mark.parametrize(
    ("column", "content", "told"),
    [
        ("case", [None, "x"], "The frame, row 0: column case is empty"),
        ("value", ["high", 1], "The frame, row 0: value is 'high'"),
        ("value", [np.inf, 1], "The frame, row 0: value is 'inf'"),
        ("value", [[1], 1], r"The frame, row 0: value is '\[1\]'"),
        ("case", ["x", "x"], "The frame, row 1: A has case x twice"),
        ("other", [1, 2], "The frame: column case is missing"),
    ],
)
def test_a_wrong_frame_is_refused_with_row_and_remedy(column: str, content: list[object], told: str) -> None:
    frame = pd.DataFrame({"task": "t", "alg_name": "A", "value": [1.0, 2.0], column: content})
    if "case" not in frame and column != "other":
        frame["case"] = ["x", "y"]
    with pytest.raises(InvalidTable, match=told):
        read_score_tables(frame)
    with pytest.raises(InvalidTable, match="The frame has no rows"):
        read_score_tables(pd.DataFrame(columns=["task", "alg_name", "value", "case"]))


def test_a_file_that_is_no_text_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    for content in (
        b"task,alg_name,value,case\nt,\xff,1,x\n",
        b"task,alg_name,value,case\nt,A,1," + b"x" * 200_000,
    ):
        path.write_bytes(content)
        with pytest.raises(InvalidTable, match=r"t\.csv, line \d: .* Save the table as CSV in UTF-8"):
            read_score_tables(str(path))


@pytest.mark.parametrize(
    ("algorithms", "cases", "values"),
    [
        ("AB", "xy", [[1, 2]]), ("AA", "xy", [[1, 2], [3, 4]]), ("AB", "xy", [[1, 2], [3, np.inf]]),
        ("AB", "xy", [[1, 2], [3]]), ("AB", "xy", [["high", 2], [3, 4]]), ("AB", "xy", [[1, 2], [3, 1e308]]),
        ("AB", "xy", [[1, None], [{}, 1]]),
    ],
)  # fmt: skip
def test_a_table_made_by_hand_fits_together(algorithms: str, cases: str, values: list[list[float]]) -> None:
    with pytest.raises(InvalidTable, match=r"Task t: .*\."):
        ScoreTable("t", tuple(algorithms), tuple(cases), values)


def test_a_frame_with_a_column_twice_is_refused() -> None:
    frame = pd.DataFrame([["t", "A", 0.1, "x", 0.9]], columns=["task", "alg_name", "value", "case", "value"])
    with pytest.raises(InvalidTable, match="The frame: column value is there twice"):
        read_score_tables(frame)
    other = pd.DataFrame(
        [["t", "A", 0.1, "x", 1, 2]], columns=["task", "alg_name", "value", "case", "n", "n"]
    )
    assert read_score_tables(other)["t"].values.tolist() == [[0.1]]


def test_a_number_too_large_to_sum_is_refused_in_place_of_what_is_missing_too() -> None:
    table = ScoreTable("t", ("A", "B"), ("x", "y"), [[1, np.nan], [1e100, 1e100]])
    with pytest.raises(InvalidTable, match="beyond 1e"):
        rank_table(table, Method(missing=1e308))
    assert [row.algorithm for row in rank_table(table, Method(missing=0))] == ["B", "A"]
