"""Runs the demo's steps: prints what happens with the time so far, keeps how long each took, fails loudly."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TAIL_LINES = 30


class StepFailed(Exception):
    """A command failed, or a file is not what it should be; says which and why."""


@dataclass
class Stages:
    """Thread-safe: steps that do not need each other run at the same time."""

    logs: Path
    begun: float = field(default_factory=time.monotonic)
    took: list[tuple[str, float, float]] = field(default_factory=list)
    """(step, start, end) in seconds since the beginning."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, text: str) -> None:
        with self._lock:
            print(f"[{self.elapsed():6.1f} s] {text}", flush=True)

    def elapsed(self) -> float:
        return time.monotonic() - self.begun

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        start = self.elapsed()
        self.say(f"── {name} …")
        yield
        self.took.append((name, start, self.elapsed()))
        self.say(f"   {name}: done in {self.elapsed() - start:.1f} s")

    def run(
        self, command: Sequence[str | Path], *, log: str, variables: Mapping[str, str] | None = None
    ) -> str:
        """Run a command to its end, its messages in a log file; returns what it wrote to standard output."""
        self.logs.mkdir(parents=True, exist_ok=True)
        path = self.logs / f"{log}.log"
        words = [str(word) for word in command]
        with path.open("a") as stream:
            stream.write(f"$ {' '.join(words)}\n")
            stream.flush()
            done = subprocess.run(
                words,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
                check=False,
                env=os.environ | dict(variables or {}),
            )
            stream.write(done.stdout)
        if done.returncode != 0:
            self._show_failure(words, done.returncode, path)
            raise StepFailed(" ".join(words))
        return done.stdout

    def _show_failure(self, words: list[str], code: int, path: Path) -> None:
        tail = path.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        self.say(f"FAILED with exit code {code}: {' '.join(words)}")
        print("\n".join(f"    {line}" for line in tail), file=sys.stderr, flush=True)


def at_once(*works: Callable[[], object]) -> None:
    """Run all at the same time; the first error is raised once all have ended."""
    results: list[Future[object]] = [Future() for _ in works]

    def work_one(work: Callable[[], object], result: Future[object]) -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            result.set_exception(error)

    threads = [
        threading.Thread(target=work_one, args=pair, daemon=True) for pair in zip(works, results, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        result.result()
