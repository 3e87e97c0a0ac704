"""What goes into a build context, without a Docker Engine."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from mood_reference.methods import MethodName
from mood_reference.shipping.contexts import (
    DATASETS,
    check_weights,
    export_context,
    join_dockerfiles,
    stage_workspace,
)
from mood_reference.weights import Header, Weights, save_weights


def save_pair(folder: Path, method: str = "threshold") -> None:
    for dataset in DATASETS:
        save_weights(
            folder / f"{dataset}.npz", Weights(Header(method=method, dataset=dataset, config={}), {})
        )


def export(tmp_path: Path, out: Path, wheels: Sequence[Path] = ()) -> None:
    save_pair(tmp_path / "weights")
    export_context(
        method=MethodName.THRESHOLD, weights=tmp_path / "weights", out=out, python="3.11", wheels=wheels
    )


def test_the_workspace_holds_code_weights_and_the_four_run_scripts_readable_by_all(tmp_path: Path) -> None:
    save_pair(tmp_path / "weights")
    (tmp_path / "weights" / "brain.npz").chmod(0o600)
    workspace = tmp_path / "workspace"
    stage_workspace(workspace, tmp_path / "weights")
    names = {str(path.relative_to(workspace)) for path in workspace.rglob("*")}
    assert {f"run_{task}_{dataset}.sh" for task in ("sample", "pixel") for dataset in DATASETS} <= names
    assert {"mood_reference/scores/predict.py", "mood_reference/models/pca.py"} <= names
    assert {"weights/brain.npz", "weights/abdom.npz", "predict.sh"} <= names
    assert all(path.stat().st_mode & 0o004 for path in workspace.rglob("*"))
    folders_and_scripts = [path for path in workspace.rglob("*") if path.is_dir() or path.suffix == ".sh"]
    assert all(path.stat().st_mode & 0o001 for path in folders_and_scripts)


def test_what_the_run_scripts_start_is_in_the_workspace(tmp_path: Path) -> None:
    save_pair(tmp_path / "weights")
    workspace = tmp_path / "workspace"
    stage_workspace(workspace, tmp_path / "weights")
    (module,) = re.findall(r"python3 -m (\S+)", (workspace / "predict.sh").read_text())
    started = workspace / f"{module.replace('.', '/')}.py"
    assert '__name__ == "__main__"' in started.read_text()


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


def test_an_exported_context_holds_all_that_a_build_needs(tmp_path: Path) -> None:
    wheel = tmp_path / "numpy-2.0-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    out = tmp_path / "context"
    export(tmp_path, out, [wheel])
    assert sorted(path.name for path in out.iterdir()) == ["Dockerfile", "wheels", "workspace"]
    assert (out / "wheels" / wheel.name).read_bytes() == b"wheel"
    assert (out / "workspace" / "weights" / "brain.npz").is_file()


def test_an_exported_dockerfile_starts_from_a_public_image_and_ends_as_a_nobody() -> None:
    lines = join_dockerfiles("python:3.11-slim").splitlines()
    assert [line for line in lines if line.startswith("ARG ")] == ["ARG BASE=python:3.11-slim"]
    froms = [line.split(maxsplit=1)[1] for line in lines if line.startswith("FROM ")]
    assert froms == ["${BASE} AS installer", "${BASE} AS runtime", "runtime"]
    assert [line for line in lines if line.startswith("USER ")] == ["USER 65532:65532"]


def test_an_export_never_touches_a_folder_with_something_in_it(tmp_path: Path) -> None:
    out = tmp_path / "context"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="is not empty; name a new folder"):
        export(tmp_path, out)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
