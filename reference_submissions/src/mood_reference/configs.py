"""Settings of a method: from a weights file, and from `--set NAME=VALUE` on the command line."""

import json
import types
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from enum import StrEnum
from typing import Any, get_args, get_type_hints


def rebuild_config(kind: Any, stored: Mapping[str, Any]) -> Any:
    """Return the dataclass `kind` from fields as JSON keeps them."""
    hints = get_type_hints(kind)
    unknown = sorted(stored.keys() - hints.keys())
    if unknown:
        raise ValueError(f"unknown settings {unknown}; {kind.__module__} has {sorted(hints)}")
    return kind(**{name: _coerce(value, hints[name], name) for name, value in stored.items()})


def borrow_config(kind: Any, config: Any) -> Any:
    """Return a `kind` with all settings that the config has too; the rest are its defaults."""
    return kind(**{f.name: getattr(config, f.name) for f in fields(kind) if hasattr(config, f.name)})


def apply_settings(config: Any, settings: Iterable[str]) -> Any:
    """Return the config with `name=value` texts applied; an unknown name is an error that lists all names."""
    hints = get_type_hints(type(config))
    changes = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in hints:
            known = ", ".join(f"{field.name}={getattr(config, field.name)}" for field in fields(config))
            raise ValueError(f"--set {setting}: there is no setting {name!r}; there are: {known}")
        changes[name] = _coerce(_parse(text), hints[name], name)
    return replace(config, **changes)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None if text == "None" else text


def _coerce(value: Any, hint: Any, name: str) -> Any:
    if isinstance(hint, types.UnionType):
        return None if value is None else _coerce(value, get_args(hint)[0], name)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    if isinstance(value, list):
        return tuple(value)
    if hint is float and isinstance(value, int):
        return float(value)
    if hint in (int, float, str, bool) and type(value) is not hint:
        raise ValueError(f"setting {name} must be of type {hint.__name__}, not {value!r}")
    return value
