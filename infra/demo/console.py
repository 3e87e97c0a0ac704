"""What the demonstration prints: headed steps, lines with the elapsed time, a table of stage times."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Console:
    """Lines from several threads, each with the seconds since the start."""

    started: float = field(default_factory=time.monotonic)
    times: list[tuple[str, float, float]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, text: str, *, who: str = "") -> None:
        with self._lock:
            elapsed = time.monotonic() - self.started
            print(f"{elapsed:6.1f} s  {who + ': ' if who else ''}{text}", flush=True)

    def head(self, text: str) -> None:
        with self._lock:
            bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
            print(f"\n{bold}== {text}{plain}", flush=True)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times a stage for the table at the end; stages of different teams overlap."""
        begun = time.monotonic()
        yield
        with self._lock:
            self.times.append((name, begun - self.started, time.monotonic() - self.started))

    def show_times(self) -> None:
        self.head("Stage times (they overlap)")
        for name, begun, ended in sorted(self.times, key=lambda row: row[1]):
            print(f"  {name:42} {begun:7.1f} s … {ended:6.1f} s  {ended - begun:7.1f} s")
        print(f"  {'all':42} {time.monotonic() - self.started:28.1f} s")
