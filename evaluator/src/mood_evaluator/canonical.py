"""The digest of a stored JSON document: SHA-256 of its sorted-key compact UTF-8 form."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical_digest(document: Mapping[str, Any]) -> str:
    """Return the hex SHA-256 of `document` without its top-level `digest` field."""
    content = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
