"""The public toy cases: a folder the user names, or fetched from the platform once and checked."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from mood_evaluator import Dataset, load_test_set
from mood_platform.cli.client import Client, View, at, checked
from mood_platform.cli.console import transfer_bar
from mood_platform.cli.credentials import cache_folder
from mood_platform.cli.problems import Exit, Problem


def find_local(data: Path) -> list[Path]:
    """Test-set folders: `data` itself, or those directly inside it that hold toy cases."""
    if (data / "test_set.json").is_file():
        return [data]
    found = sorted(path.parent for path in data.glob("*/test_set.json"))
    toys = [folder for folder in found if load_test_set(folder).purpose == "toy"] or found
    if not toys:
        raise Problem(
            f"{data} holds no test set.", remedy="Name a folder with a test_set.json, or one above it."
        )
    return toys


def fetch(client: Client, edition: View) -> list[Path]:
    """The challenge's toy sets, kept by digest: a changed set is a new folder."""
    return [_fetch_one(client, one) for one in edition["toy_test_sets"]]


def keep_datasets(folders: list[Path], datasets: list[Dataset]) -> list[Path]:
    return [folder for folder in folders if load_test_set(folder).dataset in datasets]


def _fetch_one(client: Client, one: View) -> Path:
    folder = cache_folder() / "test-sets" / str(one["digest"]).removeprefix("sha256:")
    if (folder / "test_set.json").is_file():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent) as scratch:
        _download(client, one["name"], Path(scratch) / "set.tar")
        fresh = Path(scratch) / "set"
        with tarfile.open(Path(scratch) / "set.tar") as archive:
            archive.extractall(fresh, filter="data")
        _check(fresh, one)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    return folder


def _download(client: Client, name: str, target: Path) -> None:
    with client.http.stream("GET", at("test-sets", name, "archive")) as answer, target.open("wb") as stream:
        checked(answer)
        with transfer_bar() as bar:
            task = bar.add_task(
                f"fetching {name}", total=int(answer.headers.get("Content-Length", 0)) or None
            )
            for chunk in answer.iter_bytes():
                stream.write(chunk)
                bar.advance(task, len(chunk))


def _check(folder: Path, one: View) -> None:
    manifest = load_test_set(folder)
    files = [(case.image, case.sha256_image) for case in manifest.cases]
    files += [(case.label, case.sha256_label) for case in manifest.cases if case.label and case.sha256_label]
    right = all(hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest for name, digest in files)
    if manifest.digest != one["digest"] or not right:
        text = f"What arrived of {one['name']} is not what the platform announced."
        raise Problem(text, remedy="Run it again.", code=Exit.PLATFORM)
