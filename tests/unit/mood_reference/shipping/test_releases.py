"""Weights come out of an archive as they went in, or not at all."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from mood_reference.shipping.releases import MOST_BYTES, choose_files, pack, unpack


def fill(root: Path, method: str, *, content: bytes = b"weights") -> None:
    for dataset in ("brain", "abdom"):
        path = root / method / f"{dataset}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content + dataset.encode())


def grow(root: Path, method: str, size: int) -> None:
    """Make its files as large as that, without anything in them."""
    fill(root, method)
    for path in (root / method).iterdir():
        with path.open("r+b") as file:
            file.truncate(size)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    fill(folder, "pca", content=b"p")
    fill(folder, "vae", content=b"v")
    return folder


@pytest.fixture
def archive(root: Path, tmp_path: Path) -> Path:
    path = tmp_path / "weights.tar.gz"
    pack(root, path, tmp_path / "lock.json")
    return path


def test_what_was_packed_is_unpacked_byte_for_byte(root: Path, archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    paths = unpack(archive, out, tmp_path / "lock.json")
    assert [str(path.relative_to(out)) for path in paths] == [
        "pca/abdom.npz",
        "pca/brain.npz",
        "vae/abdom.npz",
        "vae/brain.npz",
    ]
    assert all(path.read_bytes() == (root / path.relative_to(out)).read_bytes() for path in paths)
    assert unpack(archive, out, tmp_path / "lock.json") == paths  # once more changes nothing


def test_equal_weights_give_equal_archives_and_locks(root: Path, archive: Path, tmp_path: Path) -> None:
    first, lock = archive.read_bytes(), (tmp_path / "lock.json").read_text()
    (root / "pca" / "brain.npz").touch()
    pack(root, archive, tmp_path / "lock.json")
    assert (archive.read_bytes(), (tmp_path / "lock.json").read_text()) == (first, lock)


def test_what_lies_beside_the_weights_stays_out(root: Path, tmp_path: Path) -> None:
    (root / "pca" / "brain.training").mkdir()
    fill(root / "tiny", "pca")  # another profile
    (root / "mine.npz").write_bytes(b"")
    assert set(choose_files(root).files) == {
        f"{m}/{d}.npz" for m in ("pca", "vae") for d in ("brain", "abdom")
    }


def test_a_method_with_one_dataset_is_left_out_by_name(root: Path) -> None:
    (root / "pca" / "abdom.npz").unlink()
    packed = choose_files(root)
    assert packed.left_out == {"pca": "pca/abdom.npz is missing"}
    assert "pca/brain.npz" not in packed.files


def test_too_large_a_file_is_left_out_by_name(root: Path) -> None:
    grow(root, "marimont", MOST_BYTES + 1)
    assert choose_files(root).left_out == {"marimont": "marimont/brain.npz is larger than 20 MB"}


def test_the_smallest_methods_fill_the_archive_first(root: Path) -> None:
    for method in ("ae", "ce", "dae", "fpi"):
        grow(root, method, MOST_BYTES)
    packed = choose_files(root)
    assert packed.left_out == {
        "dae": "all together would exceed 120 MB",
        "fpi": "all together would exceed 120 MB",
    }
    assert {"pca/brain.npz", "ae/brain.npz", "ce/brain.npz"} <= set(packed.files)


def test_nothing_to_pack_says_how_to_make_something(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make them with mood-reference train"):
        pack(tmp_path, tmp_path / "a.tar.gz", tmp_path / "lock.json")


def test_a_changed_file_is_refused_with_a_remedy_and_nothing_is_written(
    root: Path, archive: Path, tmp_path: Path
) -> None:
    fill(root, "pca", content=b"another")
    pack(root, archive, tmp_path / "other.json")
    with pytest.raises(ValueError, match=r"pca/abdom\.npz of .* is not the file .* `mood-reference pack`"):
        unpack(archive, tmp_path / "out", tmp_path / "lock.json")
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(archive: Path, tmp_path: Path) -> None:
    lock = tmp_path / "lock.json"
    content = json.loads(lock.read_text())
    content["files"]["glow/brain.npz"] = {"sha256": "0" * 64, "bytes": 1}
    lock.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"does not hold glow/brain\.npz"):
        unpack(archive, tmp_path / "out", lock)


def test_a_file_that_is_there_and_differs_is_kept(archive: Path, tmp_path: Path) -> None:
    mine = tmp_path / "out" / "vae" / "brain.npz"
    fill(tmp_path / "out", "vae", content=b"mine")
    with pytest.raises(FileExistsError, match="move it away or name a new folder"):
        unpack(archive, tmp_path / "out", tmp_path / "lock.json")
    assert mine.read_bytes() == b"minebrain"
    assert not (tmp_path / "out" / "pca").exists()


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_damaged_archive_is_said_so(damage: bytes | None, archive: Path, tmp_path: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-40] if damage is None else damage)
    with pytest.raises(ValueError, match=r"download the archive .* again"):
        unpack(archive, tmp_path / "out", tmp_path / "lock.json")


def test_an_archive_writes_nowhere_but_where_the_lock_says(archive: Path, tmp_path: Path) -> None:
    with tarfile.open(archive) as old:
        kept = [(entry, old.extractfile(entry)) for entry in old]
        with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
            for name in ("../evil.npz", "/evil.npz", "pca/evil.npz"):
                entry = tarfile.TarInfo(name)
                entry.size = 4
                tar.addfile(entry, io.BytesIO(b"evil"))
            for entry, file in kept:
                tar.addfile(entry, file)
    unpack(tmp_path / "evil.tar.gz", tmp_path / "deep" / "out", tmp_path / "lock.json")
    assert list(tmp_path.rglob("evil.npz")) == []


def test_a_lock_that_is_not_there_or_of_another_kind_is_said_so(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="comes with the repository"):
        unpack(archive, tmp_path / "out", tmp_path / "none.json")
    (tmp_path / "lock.json").write_text('{"schema": "something/1"}')
    with pytest.raises(ValueError, match="has schema something/1"):
        unpack(archive, tmp_path / "out", tmp_path / "lock.json")
