"""What a study has done already, in one JSON file, so that a second call goes on where the first stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Memory:
    """Notes by topic and key; written at once, and put in place whole."""

    path: Path

    def read(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.path.read_text()) if self.path.exists() else {}
        return document

    def recall(self, topic: str, key: str) -> Any:
        """None where nothing was noted."""
        return self.read().get(topic, {}).get(key)

    def note(self, topic: str, key: str, value: Any) -> None:
        document = self.read()
        document.setdefault(topic, {})[key] = value
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".new")
        partial.write_text(json.dumps(document, indent=1) + "\n")
        partial.replace(self.path)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the seconds to those of earlier calls, interrupted ones included."""
        begun = time.monotonic()
        try:
            yield
        finally:
            spent = (self.recall("seconds", step) or 0.0) + time.monotonic() - begun
            self.note("seconds", step, round(spent, 1))
