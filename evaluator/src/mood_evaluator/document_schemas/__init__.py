"""JSON Schemas (2020-12) of every document that the evaluator writes, shipped with it."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

_PARTS = "parts.json"


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each document by what it states in `schema`; each is complete by itself.

    >>> sorted(json_schemas())[:3]
    ['mood-analysis/1', 'mood-dataset-result/1', 'mood-ranking/1']
    """
    return {schema["properties"]["schema"]["const"]: schema for schema in json.loads(_all())}


@cache
def _all() -> str:
    """Read once; kept as text, so that nobody changes what the next caller gets."""
    found = [path for path in files(__package__).iterdir() if path.name.endswith(".json")]
    read = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in found}
    parts = read.pop(_PARTS)
    return json.dumps([read[name] | {"$defs": parts} for name in sorted(read)])
