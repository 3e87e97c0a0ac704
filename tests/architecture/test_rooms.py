"""The graph of imports, drawn from the code: no circle of modules, none of rooms."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

CONFIGURATION = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
PACKAGES = CONFIGURATION["tool"]["importlinter"]["root_packages"]


@cache
def arrows(package: str) -> dict[str, set[str]]:
    """By module, those of the same package that it imports."""
    graph = grimp.build_graph(package)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle, first and last the same; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def room_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_imports_itself_by_a_detour(package: str) -> None:
    assert circle(arrows(package)) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_room_imports_itself_by_a_detour(package: str) -> None:
    rooms: dict[str, set[str]] = defaultdict(set)
    for module, imported in arrows(package).items():
        if module != package:
            rooms[room_of(module)] |= {room_of(one) for one in imported if one != package} - {room_of(module)}
    assert circle(rooms) == []


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) != []
