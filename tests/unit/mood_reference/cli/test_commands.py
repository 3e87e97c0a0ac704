"""The command as a whole: what it writes, and errors of one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mood_reference.cli import main
from mood_reference.methods import MethodName
from mood_reference.shipping.contexts import DATASETS, check_weights
from mood_reference.weights import Header, Weights, save_weights


def save_pair(folder: Path) -> None:
    for dataset in DATASETS:
        header = Header(method="pca", dataset=dataset, config={})
        save_weights(folder / f"{dataset}.npz", Weights(header, {}))


def test_training_writes_a_file_that_can_be_packed(write_scans: Callable[..., Path], tmp_path: Path) -> None:
    data = write_scans(2).parent
    for dataset in DATASETS:
        out = str(tmp_path / f"{dataset}.npz")
        words = ["train", "pca", "--data", str(data), "--dataset", dataset, "--profile", "tiny", "--out", out]
        assert main(words) == 0
    check_weights(tmp_path, "pca")


def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "pca", "--data", str(tmp_path), "--dataset", "brain", "--out", "x.npz"]) == 1
    error = capsys.readouterr().err
    assert str(tmp_path) in error
    assert error.count("\n") == 1


def test_the_list_names_every_method(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    told = capsys.readouterr().out.split()
    assert all(method in told for method in MethodName)


def test_a_card_lands_beside_the_weights(tmp_path: Path) -> None:
    save_pair(tmp_path)
    assert main(["card", str(tmp_path)]) == 0
    assert "## abdom" in (tmp_path / "card.md").read_text()


def test_weights_go_through_an_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_pair(tmp_path / "weights" / "pca")
    archive, lock = str(tmp_path / "weights.tar.gz"), ["--lock", str(tmp_path / "lock.json")]
    assert main(["pack", str(tmp_path / "weights"), "--out", archive, *lock]) == 0
    assert "with 2 files" in capsys.readouterr().out
    assert (tmp_path / "cards" / "pca.md").read_text().startswith("# PCA residual")
    assert "(pca.md)" in (tmp_path / "cards" / "README.md").read_text()
    assert main(["unpack", archive, "--out", str(tmp_path / "out"), *lock]) == 0
    check_weights(tmp_path / "out" / "pca", "pca")


@pytest.mark.parametrize(
    "name", ["build", "runtime", "export", "card", "pack", "unpack", "evaluate", "predict"]
)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert name in capsys.readouterr().out


def test_the_version_is_told_and_wrong_use_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("mood-reference ")
    assert main(["train", "unheard"]) == main(["unheard"]) == main([]) == 2


def test_a_fault_of_ours_is_a_sentence_and_70(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fail(_: Path) -> str:
        raise KeyError("title")

    monkeypatch.setattr("mood_reference.cli.shipping.write_card", fail)
    assert main(["card", str(tmp_path)]) == 70
    assert "something unforeseen happened (KeyError: 'title')" in capsys.readouterr().err
    assert main(["card", str(tmp_path), "--debug"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_says_that_the_same_command_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def stop(_: Path) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("mood_reference.cli.shipping.write_card", stop)
    assert main(["card", str(tmp_path)]) == 130
    assert "goes on where it was" in capsys.readouterr().err
