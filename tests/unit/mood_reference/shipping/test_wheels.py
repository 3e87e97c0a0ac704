"""Wheels are downloaded once; where there is no PyTorch for a Python, the message says what to do."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from mood_reference.shipping.wheels import NOTE, NUMPY_SET, TORCH_SET, Words, find_wheels

PYTHON = "3.99"  # nobody has wheels for it, so a download would fail


def fill(folder: Path, groups: Sequence[Words], *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_bytes(b"")
    (folder / NOTE).write_text(repr(groups))
    return folder


def names_of(wheels: Sequence[Path]) -> list[str]:
    return [wheel.name for wheel in wheels]


@pytest.fixture
def shed(tmp_path: Path) -> Path:
    """A folder that holds NumPy already."""
    fill(tmp_path / f"python{PYTHON}", NUMPY_SET, "numpy-2.0-a.whl", "typing_extensions-4.1-a.whl")
    return tmp_path


@pytest.fixture
def _no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def test_what_is_there_is_not_downloaded_again(shed: Path) -> None:
    names = ["numpy-2.0-a.whl", "typing_extensions-4.1-a.whl"]
    assert names_of(find_wheels(PYTHON, torch=False, folder=shed)) == names


def test_a_package_in_both_sets_is_taken_once(shed: Path) -> None:
    fill(shed / f"python{PYTHON}-torch", TORCH_SET, "torch-2.13.0-a.whl", "typing_extensions-4.2-a.whl")
    names = ["numpy-2.0-a.whl", "torch-2.13.0-a.whl", "typing_extensions-4.2-a.whl"]
    assert names_of(find_wheels(PYTHON, torch=True, folder=shed)) == names


def test_given_wheels_take_the_place_of_the_cpu_build(shed: Path, tmp_path: Path) -> None:
    given = fill(tmp_path / "cuda", (), "torch-2.13.0+cu1-a.whl", "nvidia_cublas-1-a.whl", "numpy-2.9-a.whl")
    wheels = find_wheels(PYTHON, torch=True, torch_wheels=given, folder=shed)
    assert sorted(names_of(wheels)) == [
        "numpy-2.9-a.whl",
        "nvidia_cublas-1-a.whl",
        "torch-2.13.0+cu1-a.whl",
        "typing_extensions-4.1-a.whl",
    ]


def test_a_folder_without_torch_is_no_folder_of_torch_wheels(shed: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match="holds no wheel of torch; fill it with: pip download torch"):
        find_wheels(PYTHON, torch=True, torch_wheels=empty, folder=shed)


@pytest.mark.usefixtures("_no_index")
def test_a_python_without_a_cpu_build_of_torch_is_said_so_with_three_ways_out(shed: Path) -> None:
    with pytest.raises(RuntimeError, match=r"no CPU build of PyTorch 2\.13\.0 for Python 3\.99") as caught:
        find_wheels(PYTHON, torch=True, folder=shed)
    assert all(word in str(caught.value) for word in ("PIP_EXTRA_INDEX_URL", "--torch-wheels", "base image"))
    assert not (shed / f"python{PYTHON}-torch").exists()
