"""Plots as functions: each returns a figure, its examples run, narrow ones stand below each other."""

from __future__ import annotations

import doctest
import importlib
import inspect
import io
import pkgutil
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from matplotlib.figure import Figure

from mood_evaluator import (
    CaseScore,
    Dataset,
    Evidence,
    Manifest,
    ManifestCase,
    Quantizer,
    Task,
    plots,
    score_cases,
)
from mood_evaluator.runs import ScoredRun, gather_runs
from mood_evaluator.significance import PairDifference
from mood_evaluator.tables import Method, ScoreTable, bootstrap_table

TEAMS = tuple(f"Team {number}" for number in range(1, 15))
TABLE = ScoreTable("t", TEAMS, tuple("abcdef"), np.random.default_rng(1).random((14, 6)))
STABILITY = bootstrap_table(TABLE, Method(), n=30, seed=1)
PANELS = ("Brain", "Abdomen")
PLOTS = [
    name
    for name in plots.__all__
    if name.islower() and name not in ("ranks_by_scheme", "slices_to_show", "team_styles")
]


@pytest.mark.parametrize("module", [found.name for found in pkgutil.iter_modules(plots.__path__)])
def test_the_examples_run(module: str) -> None:
    loaded = importlib.import_module(f"mood_evaluator.plots.{module}")
    assert doctest.testmod(loaded).failed == 0


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_returns_a_figure_in_a_look_or_into_another_and_says_what_it_shows(name: str) -> None:
    plot = getattr(plots, name)
    signature = inspect.signature(plot)
    assert signature.return_annotation == "Figure" or signature.return_annotation is Figure
    assert {"look", "into"} <= signature.parameters.keys()
    assert plot.__doc__.startswith("Show ")


@pytest.mark.parametrize("look", [plots.LIGHT, plots.DARK])
def test_the_paper_is_that_of_the_look(look: plots.Look) -> None:
    figure = plots.rank_shares(dict.fromkeys(PANELS, STABILITY), look=look)
    file = io.StringIO()
    figure.savefig(file, format="svg", facecolor=figure.get_facecolor())
    assert look.paper in file.getvalue()
    assert look.ink in file.getvalue()


def test_panels_stand_side_by_side_and_below_each_other_where_narrow() -> None:
    for look, rows, columns in ((plots.LIGHT, 1, 2), (plots.LIGHT.at(3.4), 2, 1)):
        figure = plots.rank_counts(dict.fromkeys(PANELS, TABLE), look=look)
        grid = figure.axes[0].get_gridspec()
        assert (grid.nrows, grid.ncols) == (rows, columns)
        assert figure.get_size_inches()[0] == look.width


def test_a_plot_becomes_a_part_of_another_figure() -> None:
    whole = Figure(layout="constrained")
    one, other = whole.subfigures(1, 2)
    assert plots.podium({"Brain": TABLE}, into=one) is whole
    assert plots.agreement({"Brain": STABILITY}, into=other) is whole
    assert len(one.axes) == len(other.axes) == 1


def test_the_ranks_are_in_the_given_order_or_by_mean_rank() -> None:
    def names(figure: Figure) -> list[str]:
        return [label.get_text() for label in figure.axes[0].get_yticklabels()]

    assert names(plots.rank_shares({"x": STABILITY}, teams=TEAMS)) == list(TEAMS)
    best = TEAMS[int(np.argmin(STABILITY.full))]
    assert names(plots.rank_shares({"x": STABILITY}))[0] == best


def test_differences_fill_significant_cells_and_leave_teams_out_that_are_not_asked_for() -> None:
    pairs = [
        PairDifference("A", "B", 0.2, (0.1, 0.3), 0.001, 0.001),
        PairDifference("A", "C", 0.3, (0.1, 0.4), 0.4, 0.6),
    ]
    figure = plots.differences({"Brain": pairs}, {"Brain": ["A", "B"]})
    assert [text.get_text() for text in figure.axes[0].texts] == [".200"]
    assert figure.axes[0].collections[0].get_array()[0, 1] == 1
    many = plots.differences({"Brain": pairs}, {"Brain": ["A", "B", "C", *TEAMS]})
    assert not many.axes[0].texts


def test_the_first_five_teams_have_a_colour_and_a_marker_and_the_others_are_grey() -> None:
    styles = plots.team_styles(TEAMS, plots.DARK)
    assert len({style["color"] for style in styles.values()}) == 6
    assert [style["marker"] is None for style in styles.values()] == [False] * 5 + [True] * 9


def test_a_look_with_an_order_gives_a_team_one_style_wherever_it_stands() -> None:
    look = plots.LIGHT.styling(TEAMS[:8])
    one, other = plots.team_styles(TEAMS[:5], look), plots.team_styles(TEAMS[7:2:-1], look)
    assert one["Team 4"] == other["Team 4"]
    assert one["Team 1"]["color"] == other["Team 6"]["color"] == plots.LIGHT.teams[0]
    assert (other["Team 6"]["linestyle"], other["Team 6"]["markerfacecolor"]) == ("--", plots.LIGHT.paper)
    styled = [other[team] for team in other if other[team]["label"]]
    assert len({(style["color"], style.get("linestyle")) for style in styled}) == len(styled) == 5
    assert plots.team_styles(["unknown"], look)["unknown"]["color"] == plots.LIGHT.quiet


def test_objects_are_found_over_an_eighth_to_eight_false_alarms_on_a_log_axis() -> None:
    rows = [
        {"team": "A", "false_per_scan": x, "sensitivity": y} for x, y in ((0.0, 0.0), (0.0, 0.4), (3.0, 0.6))
    ]
    [axes] = plots.objects_found({"Brain": [*rows, rows[-1] | {"team": "B", "false_per_scan": 12.0}]},
                                 teams=["A", "B", "C"]).axes  # fmt: skip
    assert (axes.get_xscale(), axes.get_xlim()) == ("log", (0.125, 8.0))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["⅛", "¼", "½", "1", "2", "4", "8"]
    assert axes.lines[0].get_xydata()[-1].tolist() == [8.0, 0.6]


@pytest.mark.parametrize("look", [plots.LIGHT, plots.LIGHT.at(3.5)])
def test_no_legend_passes_the_margin(look: plots.Look) -> None:
    teams = [f"Long-named consortium {number}" for number in range(7)]
    rows = [{"team": team, "place": 1.0, "cases": 9, "ap": 0.5, "chance": 0.5} for team in teams]
    figure = plots.score_over({"Brain": rows}, units={"Brain": "mm³"}, teams=teams, look=look)
    figure.draw_without_rendering()
    [legend] = figure.legends
    assert legend.get_window_extent().x1 <= figure.bbox.x1


def test_what_guessing_scores_stands_behind_scores() -> None:
    guess = (0.5, (0.4, 0.6))
    figure = plots.score_intervals(
        {"Brain": {"A": (0.7, None), "B": (0.6, (0.5, 0.7))}}, teams=["A", "B", "C"], guesses={"Brain": guess}
    )
    assert [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_linestyle() == ":"] == [0.5]
    spread = plots.score_spread(
        {"Brain": {"A": [0.1, 0.4, 0.5]}},
        teams=["A", "B"],
        marks={"Brain": {"A": 0.3}},
        guesses={"Brain": guess},
    )
    assert any(line.get_marker() == "D" for line in spread.axes[0].lines)


def test_curves_and_lines_have_one_for_each_team() -> None:
    row = {"team": "A", "fpr": 0.0, "tpr": 0.0, "precision": 1.0}
    assert (
        not plots.threshold_curves({"Brain": [], "Abdomen": [row]}, teams=["A"])
        .axes[1]
        .get_lines()[0]
        .get_xdata()
        .size
    )
    steps = [
        {"team": team, "place": float(p), "cases": 9, "ap": 0.5, "chance": 0.1}
        for team in TEAMS
        for p in range(1, 20)
    ]
    figure = plots.score_over({"Brain": steps}, units={"Brain": "mm³"}, teams=TEAMS)
    assert figure.axes[0].get_xticklabels()[0].get_text() == "1\n(9)"
    assert len(figure.axes[0].get_xticks()) <= 6


def test_a_long_name_is_cut_and_a_short_one_is_not() -> None:
    long = "Long-Named Consortium for Unsupervised Detection"
    figure = plots.score_intervals({"": {long: (0.5, None), "B": (0.4, None)}}, teams=[long, "B"])
    first, second = (label.get_text() for label in figure.axes[0].get_yticklabels())
    assert first.endswith("…")
    assert len(first) <= 24
    assert second == "B"
    assert (
        plots.score_intervals({"": {"x" * 40: (0.5, None)}}, teams=["x" * 40])
        .axes[0]
        .get_yticklabels()[0]
        .get_text()
        == "x" * 23 + "…"
    )


BAR = {"name": "fracture", "cases": 12, "ap": 0.8, "chance": 0.5, "chance_low": 0.4, "chance_high": 0.6}


def test_bars_without_intervals_have_none_and_only_the_last_row_names_its_axis() -> None:
    figure = plots.kind_bars(
        {name: [BAR | {"low": None, "high": None}, BAR | {"low": 0.7, "high": 0.9}] for name in "abc"}
    )
    assert [axes.get_xlabel() for axes in figure.axes[:3]] == [
        "",
        "AP of the median team",
        "AP of the median team",
    ]
    assert not figure.axes[3].axison
    bare = plots.kind_bars({"a": [BAR | {"low": None, "high": None}]})
    assert "95 % interval" not in [text.get_text() for text in bare.legends[0].get_texts()]


def test_what_has_nothing_to_show_has_no_legend_and_no_mark() -> None:
    assert not plots.score_intervals({"Brain": {}}, teams=["A"]).legends
    tied = bootstrap_table(ScoreTable("t", ("A", "B"), ("c", "d"), np.ones((2, 2))), Method(), n=5, seed=1)
    assert not plots.agreement({"Brain": tied}).axes[0].lines[1:]
    assert len(plots.toy_and_test({"Brain": {"A": (0.9, 0.7)}}, teams=["A", "B"]).axes[0].lines) == 2


def write(path: Path, voxels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.Nifti1Image(voxels.astype(np.float32), np.eye(4)).to_filename(path)


def test_heat_maps_show_scan_annotation_and_teams_and_say_where_there_is_no_prediction(
    tmp_path: Path,
) -> None:
    label = np.zeros((6, 6, 4))
    label[2:4, 2:4, 1] = 1
    case = ManifestCase(
        "c1", "images/c1.nii.gz", "labels/c1.nii.gz", (6, 6, 4), abnormal=True, tasks=(Task.PIXEL,),
        scope="local", origin="artificial", sha256_image="0",
    )  # fmt: skip
    for name, voxels in (("images", label + 1), ("labels", label), ("A", 0.5 * label)):
        write(tmp_path / name / "c1.nii.gz", voxels)
    (tmp_path / "B").mkdir()
    figure = plots.heat_maps({case: 1}, tmp_path, {"A": tmp_path / "A", "B": tmp_path / "B"})
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == ["scan", "annotation", "A", "B"]
    assert shown[2].images[0].get_array().max() == 0.5
    assert [text.get_text() for text in shown[3].texts] == ["none"]


def test_slices_are_those_with_most_of_the_anomaly_from_small_ones_to_large_ones(tmp_path: Path) -> None:
    cases, runs = [], {}
    for number, size in enumerate((3, 1, 2, 0)):
        label = np.zeros((6, 6, 4))
        label[:size, :size, number] = 1
        name = f"c{number}"
        write(tmp_path / "labels" / f"{name}.nii.gz", label)
        cases.append(
            ManifestCase(
                name, f"images/{name}.nii.gz", f"labels/{name}.nii.gz" if size else None, (6, 6, 4),
                abnormal=size > 0, tasks=(Task.PIXEL,), scope="local" if size else None,
                origin="artificial" if size else "none", sha256_image="0",
            )
        )  # fmt: skip
        runs[name] = CaseScore(valid=True, evidence=Evidence.of(label * 0.5, label > 0))
    test_set = Manifest("t", Dataset.BRAIN, "test", "r", "1", 1, tuple(cases), not_hidden=True)
    abnormal = {case.id: case.abnormal for case in cases}
    result = score_cases(
        task=Task.PIXEL, abnormal=abnormal, batchings=(), case_scores=runs, precision=Quantizer.TWO_SIDED
    )
    run = ScoredRun("A", Task.PIXEL, "t", test_set.digest, "two-sided", result, abnormal, runs)
    found = plots.slices_to_show(gather_runs([run]), test_set, tmp_path, most=2)
    assert [(case.id, z) for case, z in found.items()] == [("c1", 1), ("c0", 0)]
    normal = replace(run, cases={"c3": runs["c3"]}, abnormal={"c3": False})
    assert plots.slices_to_show(gather_runs([normal]), test_set, tmp_path) == {}
