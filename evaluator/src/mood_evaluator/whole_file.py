"""Files that are written as a whole or not at all: a full disk leaves what was there before."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mood_evaluator.errors import EvaluatorError


def need_place(path: Path | None, inputs: Iterable[Path | None] = ()) -> None:
    """Raise EvaluatorError, before the work is done, where `path` cannot be written or is one of `inputs`."""
    if path is None:
        return
    if path.is_dir():
        raise EvaluatorError(f"{path} is a folder. Name a file.")
    if not path.parent.is_dir():
        raise EvaluatorError(f"There is no folder {path.parent} for {path.name}. Make it first.")
    if path.is_file() and any(one is not None and one.is_file() and path.samefile(one) for one in inputs):
        raise EvaluatorError(f"{path} is read, so it cannot be written. Name another file.")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a place beside `path` that takes its name at the end; links and devices are written directly."""
    here = path.is_symlink() or (path.exists() and not path.is_file()) or not os.access(path.parent, os.W_OK)
    beside = path if here else path.with_name(f".{path.name[:200]}.part")
    try:
        yield beside
        if not here:
            beside.replace(path)
    except OSError as error:
        if error.errno is None or error.filename not in (None, beside, str(beside)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        if not here:
            beside.unlink(missing_ok=True)
