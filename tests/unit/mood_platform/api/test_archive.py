"""A test set as a tar: complete, readable by tarfile, of the size that was promised."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from mood_evaluator import Dataset, load_test_set
from mood_platform.api.archive import archive_size, stream_archive
from mood_platform.errors import NotFound
from mood_platform.storage.keys import label_key, scan_key
from mood_platform.storage.local import LocalStore
from mood_support.edition import write_test_set


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects")


def test_the_archive_unpacks_to_the_same_test_set(tmp_path: Path, store: LocalStore) -> None:
    folder = write_test_set(tmp_path / "toy-brain", purpose="toy", dataset=Dataset.BRAIN, cases=3)
    original = load_test_set(folder)
    for case in original.cases:
        store.put_file(scan_key(case.sha256_image), folder / case.image)
        if case.label and case.sha256_label:
            store.put_file(label_key(case.sha256_label), folder / case.label)
    data = b"".join(stream_archive(store, original))
    assert len(data) == archive_size(store, original)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(tmp_path / "copy", filter="data")
    assert load_test_set(tmp_path / "copy").digest == original.digest
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert files == {path.relative_to(tmp_path / "copy") for path in (tmp_path / "copy").rglob("*.*")}
    for file in files - {Path("test_set.json")}:
        assert (folder / file).read_bytes() == (tmp_path / "copy" / file).read_bytes()


def test_a_missing_object_is_an_error_before_anything_is_sent(tmp_path: Path, store: LocalStore) -> None:
    folder = write_test_set(tmp_path / "toy-brain", purpose="toy", dataset=Dataset.BRAIN, cases=2)
    with pytest.raises(NotFound):
        archive_size(store, load_test_set(folder))
