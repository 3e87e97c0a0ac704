"""Writes the OpenAPI document: `python -m mood_platform.api.document docs/openapi.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mood_platform.api.app import create_api


def write_document(path: Path) -> None:
    path.write_text(json.dumps(create_api(None).openapi(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_document(Path(sys.argv[1]))
