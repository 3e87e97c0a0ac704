"""Whether the manifest of a scored run holds what its readers count on: whoever wrote it, its digest fits."""

from collections.abc import Iterator, Mapping
from typing import Any

_TEXTS = ("team", "test_set", "test_set_digest", "precision")


def check_document(document: Mapping[str, Any]) -> None:
    """Raise ValueError or LookupError, naming the field, for a text, a truth or a score that is none."""
    for name in _TEXTS:
        _need(isinstance(document[name], str), name, "a text")
    purpose = document.get("ground", {}).get("purpose")
    _need(purpose is None or isinstance(purpose, str), "ground.purpose", "a text or null")
    for name, score in _scores(document["result"]):
        _need(_is_score(score), f"result.{name}", "a number from 0 to 1")
    for index, case in enumerate(document["cases"]):
        place = f"cases[{index}]"
        _need(isinstance(case["id"], str), f"{place}.id", "a text")
        for name in ("abnormal", "valid"):
            _need(isinstance(case[name], bool), f"{place}.{name}", "true or false")
        for name in ("score", "case_ap"):
            _need(case[name] is None or _is_score(case[name]), f"{place}.{name}", "a number from 0 to 1")


def _scores(result: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in ("score", "whole_set_ap"):
        if result[name] is not None:
            yield name, result[name]
    yield from ((f"quantized.{name}", ap) for name, ap in result["quantized"].items())
    for name in ("official", "validation"):
        if result[name] is not None:
            yield f"{name}.mean", result[name]["mean"]
            yield from ((f"{name}.batch_aps", ap) for ap in result[name]["batch_aps"])


def _is_score(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _need(holds: bool, place: str, what: str) -> None:  # noqa: FBT001 - private
    if not holds:
        raise ValueError(f"{place} is not {what}")
