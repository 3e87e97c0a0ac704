"""What goes into an image, without a Docker Engine."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mood_reference import cli
from mood_reference.images import DATASETS, check_weights, stage_workspace
from mood_reference.weights import Header, Weights, save_weights


def save_pair(folder: Path, method: str = "threshold") -> None:
    for dataset in DATASETS:
        save_weights(
            folder / f"{dataset}.npz", Weights(Header(method=method, dataset=dataset, config={}), {})
        )


def test_the_workspace_holds_code_weights_and_the_four_run_scripts_readable_by_all(tmp_path: Path) -> None:
    save_pair(tmp_path / "weights")
    (tmp_path / "weights" / "brain.npz").chmod(0o600)
    workspace = tmp_path / "workspace"
    stage_workspace(workspace, tmp_path / "weights")
    names = {str(path.relative_to(workspace)) for path in workspace.rglob("*")}
    assert {f"run_{task}_{dataset}.sh" for task in ("sample", "pixel") for dataset in DATASETS} <= names
    assert {"mood_reference/predict.py", "weights/brain.npz", "weights/abdom.npz"} <= names
    assert all(path.stat().st_mode & 0o004 for path in workspace.rglob("*"))
    assert all(path.stat().st_mode & 0o001 for path in workspace.glob("*.sh"))


def test_a_missing_dataset_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    save_pair(tmp_path)
    (tmp_path / "abdom.npz").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"abdom\.npz is missing; write it with: mood-reference train"
    ):
        check_weights(tmp_path, "threshold")


def test_weights_of_another_method_are_refused(tmp_path: Path) -> None:
    save_pair(tmp_path, "pca")
    with pytest.raises(ValueError, match="was trained for pca on brain"):
        check_weights(tmp_path, "threshold")


def test_the_command_line_trains_into_a_file_that_can_be_packed(
    write_scans: Callable[..., Path], tmp_path: Path
) -> None:
    data = write_scans(2).parent
    for dataset in DATASETS:
        out = str(tmp_path / f"{dataset}.npz")
        assert (
            cli.main(
                ["train", "pca", "--data", str(data), "--dataset", dataset, "--profile", "tiny", "--out", out]
            )
            == 0
        )
    check_weights(tmp_path, "pca")


def test_the_command_line_says_what_is_wrong_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["train", "pca", "--data", str(tmp_path), "--dataset", "brain", "--out", "x.npz"]) == 1
    error = capsys.readouterr().err
    assert str(tmp_path) in error
    assert error.count("\n") == 1
