"""Reads the beginning of a case's log while the case runs: of a long log the engine keeps the end alone."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from threading import Thread
from typing import Any

from docker.errors import DockerException
from docker.models.containers import Container
from urllib3.exceptions import HTTPError

from mood_platform.execution.case_log import ENTRY_OVERHEAD

_BROKEN = (DockerException, HTTPError, OSError, AttributeError, ValueError)
"""What a stream raises that ends, or is closed, while it is read."""
_PATIENCE = 2.0


class LogHead:
    """Half of what may be kept, then no more: it costs a program that floods its log nothing."""

    def __init__(self, case: Container, *, limit: int) -> None:
        self._case = case
        self._left = limit // 2
        self._parts: list[bytes] = []
        self._stream: Any = None
        self._thread = Thread(target=self._read, daemon=True, name="log-head")
        self._thread.start()

    def _read(self) -> None:
        with suppress(*_BROKEN):
            self._stream = self._case.logs(stream=True, follow=True)
            self._take(self._stream)
        self.close()

    def _take(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            self._parts.append(line)
            self._left -= len(line) + ENTRY_OVERHEAD
            if self._left <= 0:
                return

    def finish(self) -> bytes:
        """What was read, once the case has ended."""
        self._thread.join(_PATIENCE)
        self.close()
        return b"".join(self._parts)

    def close(self) -> None:
        with suppress(*_BROKEN):
            self._stream.close()
