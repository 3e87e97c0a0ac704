"""Reads JSON as what the annotations of a class say.

A field without a default is needed: a document without it is refused, with a sentence that names it. One with
a default is missing in older documents. Fields that no class knows are of a newer platform, and are passed
over. Readers are made once a class: a draft reads the results of 65 teams, 900 cases each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

Read = Callable[[Any], Any]


class Wrong(Exception):
    """What is wrong, and with which field."""

    def __init__(self, problem: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(f"field {'.'.join(path)}: {problem}" if path else problem)
        self.problem, self.path = problem, path

    def within(self, name: object) -> Wrong:
        return Wrong(self.problem, (str(name), *self.path))


@cache
def reader_of(kind: Any) -> Read:
    if kind in {Any, object}:
        return _itself
    if get_origin(kind) is UnionType:
        return _optional(*(one for one in get_args(kind) if one is not NoneType))
    if get_origin(kind) is tuple:
        each, *others = get_args(kind)
        return _list(reader_of(each)) if others == [...] else _values(get_args(kind))
    if get_origin(kind) is Mapping:
        return _mapping(*map(reader_of, get_args(kind)))
    if hasattr(kind, "made"):
        return _object(kind)
    return _member(kind) if issubclass(kind, Enum) else _scalar(kind)


def _itself(value: Any) -> Any:
    return value


def _optional(kind: Any) -> Read:
    read = reader_of(kind)
    return lambda value: None if value is None else read(value)


def _list(read: Read) -> Read:
    def work(values: Any) -> Any:
        return tuple(map(read, _checked(values, list | tuple, "a list")))

    return work


def _values(kinds: tuple[Any, ...]) -> Read:
    reads = [*map(reader_of, kinds)]

    def work(values: Any) -> Any:
        if len(_checked(values, list | tuple, "a list")) != len(reads):
            raise Wrong(f"{len(reads)} values are expected, not {len(values)}")
        return tuple(read(value) for read, value in zip(reads, values, strict=True))

    return work


def _mapping(read_key: Read, read: Read) -> Read:
    def work(values: Any) -> Any:
        found = {}
        for name, value in _checked(values, Mapping, "a JSON object").items():
            try:
                found[read_key(name)] = read(value)
            except Wrong as wrong:
                raise wrong.within(name) from None
        return found

    return work


def _object(kind: Any) -> Read:
    hints = get_type_hints(kind)
    plan = [
        (one.name, one.default is MISSING and one.default_factory is MISSING, reader_of(hints[one.name]))
        for one in fields(kind)
    ]

    def work(document: Any) -> Any:
        _checked(document, Mapping, "a JSON object")
        if kind.READS and document.get("schema") not in kind.READS:
            raise Wrong(f"its schema is {document.get('schema')}, not {' or '.join(sorted(kind.READS))}")
        values = {}
        for name, needed, read in plan:
            if name in document:
                try:
                    values[name] = read(document[name])
                except Wrong as wrong:
                    raise wrong.within(name) from None
            elif needed:
                raise Wrong("it is missing", (name,))
        return kind.made(values, document)

    return work


def _member(kind: type[Enum]) -> Read:
    known = {one.value: one for one in kind}

    def work(value: Any) -> Any:
        if value not in known:
            raise Wrong(f"{value!r} is none of {', '.join(map(str, known))}")
        return known[value]

    return work


def _scalar(kind: type) -> Read:
    """True and False are no numbers; a whole number is a number."""
    kinds = int | float if kind is float else kind
    expected = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}[kind]

    def work(value: Any) -> Any:
        if not isinstance(value, kinds) or (kind is not bool and isinstance(value, bool)):
            raise Wrong(f"{expected} is expected, not {value!r}")
        return value

    return work


def _checked(value: Any, kind: Any, expected: str) -> Any:
    if not isinstance(value, kind):
        raise Wrong(f"{expected} is expected, not {value!r}")
    return value
