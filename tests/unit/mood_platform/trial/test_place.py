"""Places of trials: removed at the end, kept where the engine is away, never taken from a living process."""

from pathlib import Path

import pytest

from mood_platform.errors import Transient
from mood_platform.execution.fake_runtime import FakeRuntime
from mood_platform.trial.place import trial_place


class Away(FakeRuntime):
    """An engine that does not answer."""

    def claims(self, *, instance: str) -> set[str]:
        raise Transient(f"No answer about {instance}.")


def folders(root: Path) -> list[Path]:
    return [path for path in root.glob("*/*") if path.is_dir()]


def test_a_place_and_what_is_labelled_with_it_is_gone_at_the_end(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    with trial_place(runtime, tmp_path) as place:
        runtime.live = {"mine": place.instance, "another": "mood-test-else"}
        (place.folder / "prediction").write_bytes(b"x")
    assert (folders(tmp_path), runtime.live) == ([], {"another": "mood-test-else"})


def test_a_living_place_is_left_alone(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    with trial_place(runtime, tmp_path) as first:
        runtime.live = {"claim": first.instance}
        with trial_place(runtime, tmp_path):
            assert runtime.live == {"claim": first.instance}
        assert first.folder.is_dir()


def test_what_an_engine_that_was_away_kept_is_swept_by_the_next(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    with trial_place(Away(), tmp_path) as first:
        runtime.live = {"claim": first.instance}
    assert folders(tmp_path) == [first.folder]
    with trial_place(runtime, tmp_path) as second:
        assert (folders(tmp_path), runtime.live) == ([second.folder], {})


def test_a_failure_inside_is_told_and_the_place_is_gone(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), trial_place(FakeRuntime(), tmp_path):
        _ = 1 / 0
    assert folders(tmp_path) == []
